"""What a description says, before its names are looked up."""

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Tuple, Union

from .lexer import Location

ABIS = ("x86_64", "i386", "aarch64", "arm")
# What a `custom` that is not held in a register is: its kind of type.
IN_MEMORY = {"memory": "CustomMemory", "text": "CustomText"}
WORD = {"x86_64": 8, "i386": 4, "aarch64": 8, "arm": 4}


@dataclass
class Constant:
    """A constant; values[abi] is None where the architecture does not have it."""
    name: str
    where: Location
    values: Dict[str, Optional[int]]
    masks: Optional[Dict[str, int]] = None  # of an exclusive group; None: the value itself


@dataclass
class Use:
    """`use NAME` (the entries of another set) or `use NAME of MASK` (an enum within some bits)."""
    name: str
    where: Location
    mask: Optional[int] = None


@dataclass
class ConstantSet:
    kind: str  # enum or flags
    name: str
    where: Location
    storage: str
    family: str
    rest: str  # how bits without a name are printed: hex octal; of an enum: joined, decimal
    entries: list = field(default_factory=list)


@dataclass
class Operand:
    """A number known at run time: a constant, an argument, what it points to, a field, the result."""
    where: Location
    name: str = ""
    pointed: bool = False
    value: Optional[int] = None


@dataclass
class Condition:
    where: Location
    operand: Operand
    test: str  # any (a bit is set), is, not, above
    names: List[str] = field(default_factory=list)
    numbers: List[int] = field(default_factory=list)
    mask: Union[int, str, None] = None


@dataclass
class TypeUse:
    """A type where it is used: `in timespec[count]`."""
    name: str
    where: Location
    direction: str = ""
    given: List[Operand] = field(default_factory=list)  # in parentheses: parameters or a storage
    length: Optional[Operand] = None
    wide: bool = False   # a pointer of 64 bits everywhere: `in64`
    sized: bool = False  # `T[n bytes]`: one structure, of which the program has n bytes
    shown: str = ""  # of `const(T) A`: T
    constants: List[str] = field(default_factory=list)  # of `const A|B`
    mask: Optional[int] = None


@dataclass
class Field:
    """A field; or, with `members`, a union, or fields that stand together within one."""
    name: str
    where: Location
    type: Optional[TypeUse] = None
    condition: Optional[Condition] = None
    otherwise: bool = False  # `else`: shown where no other member of its union is
    inline: bool = False     # its own fields are shown in its place
    how: str = "plain"       # or changing, hidden, nonzero, filled: when and how it is shown
    kind: str = "field"      # field, union, group
    members: list = field(default_factory=list)


@dataclass
class Struct:
    name: str
    where: Location
    abis: Tuple[str, ...]
    parameters: List[str] = field(default_factory=list)
    fields: List[Field] = field(default_factory=list)
    order: List[str] = field(default_factory=list)
    brief: List[str] = field(default_factory=list)
    packed_on: Tuple[str, ...] = ()
    kernel_type: str = ""
    kernel_header: str = ""
    kernel_names: Dict[str, Optional[str]] = field(default_factory=dict)  # None: it has no such field

    def leaves(self):
        """The fields that have a name, those of unions and groups included."""
        return list(leaves(self.fields))


def leaves(fields):
    for one in fields:
        if one.kind == "field":
            yield one
        else:
            yield from leaves(one.members)


@dataclass
class Custom:
    name: str
    where: Location
    storage: str  # a scalar, "memory" or "text"


@dataclass
class Argument:
    name: str
    where: Location
    type: TypeUse
    condition: Optional[Condition] = None
    otherwise: bool = False  # `else`: there when no other argument in its register is
    register: Optional[int] = None
    show_name: bool = False


@dataclass
class Note:
    label: str
    where: Location
    type: str


@dataclass
class Call:
    name: str
    variant: str
    where: Location
    abis: Tuple[str, ...]
    number: Optional[int]
    arguments: List[Argument]
    result: str
    result_where: Location
    notes: List[Note]
    in_memory: bool = False  # the arguments: the first register points to them


@dataclass
class CallClass:
    """Calls that -e trace= selects by one name: `%file`, with its other names."""
    names: List[str]
    where: Location
    types: List[TypeUse] = field(default_factory=list)  # a call with one of them belongs to it
    calls: List[Operand] = field(default_factory=list)  # names of calls or of other classes
    without: List[Operand] = field(default_factory=list)


@dataclass
class Description:
    """Everything that the files say."""
    sets: Dict[str, ConstantSet] = field(default_factory=dict)
    structs: Dict[str, List[Struct]] = field(default_factory=dict)
    customs: Dict[str, Custom] = field(default_factory=dict)
    calls: List[Call] = field(default_factory=list)
    classes: List[CallClass] = field(default_factory=list)
    headers: List[str] = field(default_factory=list)  # for the checks against the kernel's headers
    errors: list = field(default_factory=list)
