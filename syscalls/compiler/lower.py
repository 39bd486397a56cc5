"""Description -> rows of the C++ tables. Every name is looked up here; what is wrong is reported."""

import difflib

from .lexer import DescriptionError
from .classes import ClassTable
from .layout import Bound, LayoutBuilder, StructScope
from .model import ABIS, IN_MEMORY, WORD, Call, TypeUse
from .sets import SetTable

NONE = 0xffff

# name: kind, bytes (0: a machine word)
SCALARS = {
    "s8": ("Signed", 1), "u8": ("Unsigned", 1), "s16": ("Signed", 2), "u16": ("Unsigned", 2),
    "s32": ("Signed", 4), "u32": ("Unsigned", 4), "s64": ("Signed", 8), "u64": ("Unsigned", 8),
    "int": ("Signed", 4), "uint": ("Unsigned", 4), "long": ("Signed", 0), "ulong": ("Unsigned", 0),
    "size": ("Unsigned", 0), "ssize": ("Signed", 0), "status": ("Signed", 0),
    "hex": ("Hex", 0), "hex8": ("Hex", 1), "hex16": ("Hex", 2), "hex32": ("Hex", 4), "hex64": ("Hex", 8),
    "octal": ("Octal", 4), "fd": ("Fd", 4), "pid": ("Signed", 4), "uid": ("Id", 4),
    "gid": ("Id", 4), "uid16": ("Id", 2), "addr": ("Address", 0), "addr64": ("Address", 8),
}
# Types of what is in memory: name -> kind.
STRINGS = {"str": "String", "path": "Path", "bytes": "Bytes"}


class Interned:
    """Rows without duplicates."""

    def __init__(self):
        self.rows = []
        self.index = {}

    def add(self, row):
        if row not in self.index:
            self.index[row] = len(self.rows)
            self.rows.append(row)
        return self.index[row]


def hint(name, known):
    close = difflib.get_close_matches(name, known, 1)
    return "; did you mean '%s'?" % close[0] if close else ""


class CallScope:
    """Where a length or condition of a call finds its names."""

    def __init__(self, lowering, call):
        self.lowering = lowering
        self.call = call

    def find(self, name):
        for i, argument in enumerate(self.call.arguments):
            if argument.name == name:
                return i, argument.type
        return None

    def is_result(self, operand):
        return operand.name == "ret"

    def set_of(self, name):
        """The enum or flags that the values of this name are from, if any."""
        if name == "ret":
            return "errors"
        found = self.find(name)
        if found is None:
            return None
        use = found[1]
        return self.lowering.owner(use) if use.name == "const" else \
            use.name if use.name in self.lowering.d.sets else None

    def row(self, operand, in_condition):
        """The row of the operands that reads what the name stands for."""
        zeros = (0, 0, 0, 0)
        name, where = operand.name, operand.where
        if self.is_result(operand):
            if operand.pointed:
                raise DescriptionError(where, "'ret' is not a pointer")
            return ("Error" if in_condition else "Return", 0, 0, zeros, zeros)
        found = self.find(name)
        if found is None and name == "verbose" and in_condition:
            return ("Verbose", 0, 0, zeros, (1,) * 4)
        if found is None:
            raise DescriptionError(where, "there is no argument '%s'%s" % (
                name, hint(name, [a.name for a in self.call.arguments])))
        index, use = found
        if operand.pointed != bool(use.direction):
            raise DescriptionError(where, "'%s' is a pointer: write '*%s'" % (name, name)
                                   if use.direction else "'%s' is not a pointer" % name)
        if not self.lowering.is_number(use):
            raise DescriptionError(where, "'%s' is not a number" % name)
        sizes = self.lowering.sizes(self.lowering.type(use, self))
        return ("Pointed" if operand.pointed else "Argument", index, 0, zeros, sizes)


class Lowering:
    def __init__(self, description):
        self.d = description
        self.errors = description.errors
        self.types = Interned()
        self.operands = Interned()
        self.conditions = Interned()
        self.condition_values = []
        self.custom_names = []
        self.arguments = []
        self.notes = []
        self.calls = []
        self.sets = SetTable(self)
        self.layouts = LayoutBuilder(self)
        self.classes = ClassTable(self)
        self.struct_types = {}  # name -> index of its type
        self.named_types = {}  # the same, of everything that has a name and needs no more than it

    hint = staticmethod(hint)

    def run(self):
        for constant_set in self.d.sets.values():
            self.attempt(self.sets.index, constant_set.name, constant_set.where)
        for structs in self.d.structs.values():
            if not structs[0].parameters:
                self.attempt(self.struct, structs[0])
        for custom in self.d.customs.values():
            if custom.storage not in IN_MEMORY and custom.storage not in SCALARS:
                self.error(custom.where, "unknown scalar type '%s'%s" %
                           (custom.storage, hint(custom.storage, SCALARS)))
        seen = {}
        for call in self.d.calls:
            self.attempt(self.check_unique, call, seen)
            self.attempt(self.call, call)
        self.check_variants()
        self.check_used()
        self.classes.add_all(self.d.classes)
        self.calls.sort(key=lambda row: (row["name"], not row["variant"]))
        if not self.errors:
            self.name_types()

    def name_types(self):
        """What the descriptions of functions (prototypes/) use by name."""
        named = self.named_types
        named.update(self.struct_types)
        for name in [*SCALARS, *self.d.sets]:
            named[name] = self.element(TypeUse(name, None), None)
        for name in ("str", "path"):
            named[name] = self.row(STRINGS[name])
        for name in self.custom_names:
            named[name] = self.custom(self.d.customs[name], TypeUse(name, None), None)

    def struct(self, struct):
        self.struct_types[struct.name] = self.element(TypeUse(struct.name, struct.where), None)

    def check_used(self):
        """What a structure with parameters looks like is known where it is used."""
        used = {name for name, _ in self.layouts.order} | self.layouts.inlined
        if not self.errors:
            for structs in self.d.structs.values():
                if structs[0].name not in used:
                    self.error(structs[0].where, "structure '%s' has parameters and is not used" %
                               structs[0].name)

    def attempt(self, function, *arguments):
        try:
            function(*arguments)
        except DescriptionError as error:
            self.errors.append(error)

    def error(self, where, message):
        self.errors.append(DescriptionError(where, message))

    # --- types --------------------------------------------------------------------------------
    def scalar_sizes(self, name, where):
        if name not in SCALARS:
            raise DescriptionError(where, "'%s' is not a scalar type%s" % (name, hint(name, SCALARS)))
        size = SCALARS[name][1]
        return tuple(size or WORD[abi] for abi in ABIS)

    def row(self, kind, sizes=(0, 0, 0, 0), ref=NONE, length=NONE):
        return self.types.add((kind, ref, length, tuple(sizes)))

    def kind(self, index):
        return self.types.rows[index][0]

    def sizes(self, index):
        return self.types.rows[index][3]

    def is_memory(self, index):
        return self.kind(index) in ("String", "Path", "Bytes", "CharArray", "Struct", "Array",
                                    "CustomMemory", "CustomText")

    def is_known(self, name):
        return (name in SCALARS or name in STRINGS or name in ("const", "char") or
                any(name in table for table in (self.d.sets, self.d.structs, self.d.customs)))

    def is_number(self, use):
        """Whether a value of this type can be a length or be compared. An unknown type is reported."""
        if not self.is_known(use.name):
            raise self.unknown(use)
        custom = self.d.customs.get(use.name)
        return use.length is None and (use.name in SCALARS or use.name in self.d.sets or
                                       use.name == "const" or
                                       (custom is not None and custom.storage != "memory"))

    def unknown(self, use):
        return DescriptionError(use.where, "unknown type '%s'%s" % (
            use.name, hint(use.name, [*SCALARS, *STRINGS, *self.d.sets, *self.d.structs,
                                      *self.d.customs])))

    @staticmethod
    def count(length):
        """A constant length."""
        if not 0 <= length.value <= 0xffff:
            raise DescriptionError(length.where, "a length is from 0 to 65535")
        return length.value

    def type(self, use, scope):
        """The row of a type, without its direction: for `in T` that of T."""
        if use.name == "const":
            return self.const(use)
        if use.name == "char":
            if use.length is None or use.length.value is None:
                raise DescriptionError(use.where, "char needs a constant length: char[16]")
            return self.row("CharArray", (self.count(use.length),) * 4)
        if use.name in STRINGS:
            if (use.name == "bytes") != (use.length is not None):
                raise DescriptionError(use.where, "bytes need a length: bytes[count]"
                                       if use.name == "bytes" else
                                       "'%s' ends at its NUL and has no length" % use.name)
            length = self.operand(use.length, scope) if use.length else NONE
            return self.row(STRINGS[use.name], length=length)
        element = self.element(use, scope)
        if use.length is None or self.kind(element) in ("CustomMemory", "CustomText"):
            return element
        if use.sized:
            return self.sized(use, element, scope)
        count = self.count(use.length) if use.length.value is not None else 0
        sizes = tuple(s * count for s in self.sizes(element))
        if max(sizes) > 0xffff:
            raise DescriptionError(use.where, "an array is larger than 65535 bytes")
        return self.row("Array", sizes, element, self.operand(use.length, scope))

    def sized(self, use, element, scope):
        """A structure that has grown: the program says how much of it there is."""
        if self.kind(element) != "Struct" or not use.direction:
            raise DescriptionError(use.where, "'[... bytes]' is for a structure that is pointed to")
        kind, ref, _, sizes = self.types.rows[element]
        return self.row(kind, sizes, ref, self.operand(use.length, scope))

    def element(self, use, scope):
        name, where = use.name, use.where
        if name in self.d.structs:
            index = self.layouts.index(name, self.bound(use, scope), where)
            return self.row("Struct", self.layouts.sizes(name), index)
        if use.given and name not in self.d.sets:
            raise DescriptionError(where, "only an enum or flags can be stored as another type")
        if name in SCALARS:
            return self.row(SCALARS[name][0], self.scalar_sizes(name, where))
        if name in self.d.sets:
            known = self.d.sets[name]
            sizes = self.scalar_sizes(self.storage(use) or known.storage, where)
            return self.row(known.kind.capitalize(), sizes, self.sets.index(name, where))
        if name in self.d.customs:
            return self.custom(self.d.customs[name], use, scope)
        raise self.unknown(use)

    @staticmethod
    def storage(use):
        if len(use.given) > 1 or any(o.value is not None or o.pointed for o in use.given):
            raise DescriptionError(use.where, "'%s' is stored as one scalar type" % use.name)
        return use.given[0].name if use.given else None

    def bound(self, use, scope, inline=False):
        """What the parameters of a structure stand for where it is used. One that is not inline
        finds the fields of the structure around it one level out."""
        parameters = self.layouts.parameters(use.name)
        if len(use.given) != len(parameters):
            raise DescriptionError(use.where, "structure '%s' has %s, %d given" % (
                use.name, "the parameters (%s)" % ", ".join(parameters) if parameters else
                "no parameters", len(use.given)))
        result = []
        for operand in use.given:
            row = self.operands.rows[self.operand(operand, scope)]
            if row[0] == "Field" and not inline:
                row = (row[0], row[1] + 1, *row[2:])
            result.append(Bound(row, scope.set_of(operand.name)))
        return tuple(result)

    def custom(self, custom, use, scope):
        if custom.name not in self.custom_names:
            self.custom_names.append(custom.name)
        ref = self.custom_names.index(custom.name)
        if custom.storage not in IN_MEMORY:
            return self.row("Custom", self.scalar_sizes(custom.storage, use.where), ref)
        length = self.operand(use.length, scope) if use.length else NONE
        return self.row(IN_MEMORY[custom.storage], ref=ref, length=length)

    def owner(self, use):
        """The name of the set that all constants of `const` are from."""
        owners = [s for s in self.d.sets.values()
                  if all(self.sets.has(s.name, name) for name in use.constants)]
        if not owners:
            for name in use.constants:
                self.sets.values_of(name, use.where)
            raise DescriptionError(use.where, "the constants of 'const' must be of one set")
        if len(owners) > 1:
            raise DescriptionError(use.where, "'%s' is in several sets: %s" % (
                use.constants[0], ", ".join(s.name for s in owners)))
        return owners[0].name

    def const(self, use):
        if use.shown:
            row = self.element(TypeUse(use.shown, use.where), None)
            if self.is_memory(row):
                raise DescriptionError(use.where, "'%s' is in memory" % use.shown)
            return row
        owner = self.d.sets[self.owner(use)]
        return self.row(owner.kind.capitalize(), self.scalar_sizes(owner.storage, use.where),
                        self.sets.index(owner.name, use.where))

    # --- operands and conditions --------------------------------------------------------------
    def operand(self, operand, scope, in_condition=False):
        zeros = (0, 0, 0, 0)
        if operand.value is not None:
            return self.operands.add(("Literal", 0, operand.value, zeros, zeros))
        return self.operands.add(scope.row(operand, in_condition))

    def condition(self, condition, scope, also=NONE, negated=False):
        """The row of a condition that holds when `also` does, too; and whether it is one on the
        result."""
        on_result = scope.is_result(condition.operand)
        operand = self.operand(condition.operand, scope, True)
        sizes = self.operands.rows[operand][4]
        mask = (2 ** 64 - 1,) * 4
        if condition.mask is not None:
            mask = (condition.mask,) * 4 if isinstance(condition.mask, int) else \
                self.per_abi(condition.mask, condition.where, None)
            if None in mask:
                raise DescriptionError(condition.where, "not every architecture has the mask '%s'" %
                                       condition.mask)
        if on_result and (condition.test == "any" or condition.numbers):
            raise DescriptionError(condition.where,
                                   "in a condition 'ret' is compared with errors: ret == EINTR")
        set_name = scope.set_of(condition.operand.name)
        values = [self.per_abi(name, condition.where, set_name) for name in condition.names]
        values += [(n,) * 4 for n in condition.numbers]
        # A value that an architecture does not have equals nothing: all bits beyond any field.
        values = [tuple(v & (256 ** (s or 8) - 1) if v is not None else 2 ** 64 - 1
                        for v, s in zip(row, sizes)) for row in values]
        if condition.test == "any":
            values = [tuple(0 if v == 2 ** 64 - 1 else v for v in row) for row in values]
        test = condition.test
        if negated:
            test = {"any": "none", "is": "not", "not": "is", "above": "upto"}[test]
        return self.add_condition(operand, test, mask, values, also), on_result

    def none_of(self, conditions, scope, also=NONE):
        """The row of the condition that none of these holds."""
        for condition in conditions:
            also, on_result = self.condition(condition, scope, also, negated=True)
            if on_result:
                raise DescriptionError(condition.where, "'else' cannot depend on 'ret'")
        return also

    def add_condition(self, operand, test, mask, values, also=NONE):
        first = len(self.condition_values)
        known = tuple(values)
        for start in range(len(self.condition_values) - len(values) + 1):
            if values and tuple(self.condition_values[start:start + len(values)]) == known:
                first = start
                break
        else:
            self.condition_values.extend(values)
        first = first if values else 0
        name = {"any": "AnyBit", "none": "NoBit", "is": "Is", "not": "IsNot", "above": "Above",
                "upto": "UpTo"}[test]
        return self.conditions.add((operand, name, mask, first, len(values), also))

    def per_abi(self, name, where, set_name):
        values = self.sets.values_of(name, where, set_name)
        return tuple(values[abi] for abi in ABIS)

    # --- calls --------------------------------------------------------------------------------
    def check_unique(self, call: Call, seen):
        for abi in call.abis:
            other = seen.setdefault((call.name, call.variant, abi), call)
            if other is not call:
                full = call.name + ("$" + call.variant if call.variant else "")
                raise DescriptionError(call.where, "'%s' is already described for %s at %s" %
                                       (full, abi, other.where))
            if call.number is not None:
                other = seen.setdefault((call.number, abi), call)
                if other.name != call.name:
                    raise DescriptionError(call.where, "the number %d is that of '%s' at %s" %
                                           (call.number, other.name, other.where))

    def check_variants(self):
        bases = {(c.name, abi) for c in self.d.calls if not c.variant for abi in c.abis}
        for call in self.d.calls:
            if not call.variant:
                continue
            if not any(a.type.name == "const" for a in call.arguments):
                self.error(call.where, "variant '%s$%s' needs an argument 'const ...' to be told "
                           "by" % (call.name, call.variant))
            for abi in call.abis:
                if (call.name, abi) not in bases:
                    self.error(call.where, "'%s$%s' is a variant of a call that is not described "
                               "for %s" % (call.name, call.variant, abi))
                    break

    def call(self, call: Call):
        names = set()
        rows = []
        next_register = {abi: 0 for abi in call.abis}
        for at, argument in enumerate(call.arguments):
            if argument.name == "ret":
                raise DescriptionError(argument.where, "no argument can be named 'ret': that is "
                                       "what the call returns")
            if argument.name in names:
                raise DescriptionError(argument.where, "'%s' has two arguments named '%s'" %
                                       (call.name, argument.name))
            names.add(argument.name)
            rows.append(self.argument(call, at, argument, next_register))
        self.check_registers(call, rows)
        if len(rows) > 8:
            raise DescriptionError(call.where, "'%s' has more than 8 arguments" % call.name)
        result = self.result(call)
        notes = [(n.label, self.note(n)) for n in call.notes]
        self.calls.append({
            "name": call.name, "variant": call.variant, "abis": self.abis_of(call), "number": call.number,
            "arguments": self.run_of(self.arguments, rows), "result": result,
            "notes": self.run_of(self.notes, notes), "in_memory": call.in_memory})

    @staticmethod
    def run_of(table, rows):
        """Where `rows` stand in `table`, appended unless its end has them already."""
        if rows and table[-len(rows):] == rows:
            return (len(table) - len(rows), len(rows))
        table.extend(rows)
        return (len(table) - len(rows), len(rows))

    def argument(self, call, at, argument, next_register):
        scope = CallScope(self, call)
        use = argument.type
        row = self.type(use, scope)
        if use.wide:
            raise DescriptionError(use.where, "a pointer in a register is as wide as that: '%s'" %
                                   use.direction)
        if self.is_memory(row) and not use.direction:
            raise DescriptionError(use.where, "'%s' is in memory: write 'in %s', 'out %s' or "
                                   "'inout %s'" % ((use.name,) * 4))
        if use.direction == "in" and self.length_source(row) == "Return":
            raise DescriptionError(use.where, "'ret' is not known yet when an 'in' argument is read")
        if self.kind(row) == "Struct":
            self.layouts.require(use.name, call.abis, use.where)
        present = filled = match = NONE
        if argument.condition:
            condition, on_result = self.condition(argument.condition, scope)
            if not on_result:
                present = condition
            elif use.direction in ("out", "inout"):
                filled = condition
            else:
                raise DescriptionError(argument.condition.where, "only an 'out' argument can depend "
                                       "on 'ret'")
        if argument.otherwise:
            present = self.otherwise(call, argument, scope)
        if use.name == "const":
            match = self.match(use, at, row)
        return (argument.name, row, {"": "Value", "in": "In", "out": "Out",
                                     "inout": "InOut"}[use.direction],
                argument.show_name, present, filled, match,
                self.registers(call, argument, row, next_register))

    def otherwise(self, call, argument, scope):
        """The condition of an argument that is there when no other in its register is."""
        others = [a.condition for a in call.arguments
                  if a.register is not None and a.register == argument.register and a.condition]
        if not others:
            raise DescriptionError(argument.where, "'else' is for one of several arguments in the "
                                   "same register: no other '@%s' has a condition" %
                                   ("N" if argument.register is None else argument.register))
        return self.none_of(others, scope)

    def length_source(self, row):
        length = self.types.rows[row][2]
        return self.operands.rows[length][0] if length != NONE else None

    def abis_of(self, call):
        """Those of the call that have a constant to choose it by: there are requests of one only."""
        abis = call.abis
        for argument in call.arguments:
            if argument.type.name != "const":
                continue
            known = [self.sets.values_of(name, argument.where) for name in argument.type.constants]
            abis = [abi for abi in abis if any(values[abi] is not None for values in known)]
        return abis

    def match(self, use, at, row):
        operand = self.operands.add(("Argument", at, 0, (0,) * 4, self.sizes(row)))
        mask = 2 ** 64 - 1 if use.mask is None else use.mask
        values = []
        for name in use.constants:
            of = self.per_abi(name, use.where, None)
            values.append(tuple(2 ** 64 - 1 if v is None else v & mask for v in of))
        return self.add_condition(operand, "is", (mask,) * 4, values)

    def registers(self, call, argument, row, next_register):
        """The register, on each ABI, that holds the argument or its lower half."""
        result = []
        for i, abi in enumerate(ABIS):
            if abi not in call.abis:
                result.append(0)
                continue
            wide = not argument.type.direction and self.sizes(row)[i] > WORD[abi]
            at = next_register[abi] if argument.register is None else argument.register
            # The ARM EABI passes 64 bits in an even register and the next.
            if wide and abi == "arm" and argument.register is None:
                at += at % 2
            next_register[abi] = at + (2 if wide else 1)
            if next_register[abi] > 6:
                raise DescriptionError(argument.where, "'%s' is beyond the sixth register on %s" %
                                       (argument.name, abi))
            result.append(at)
        return tuple(result)

    @staticmethod
    def check_registers(call, rows):
        """Only arguments with conditions can share a register."""
        for i, abi in enumerate(ABIS):
            taken = {}
            for argument, row in zip(call.arguments, rows):
                if abi not in call.abis or argument.condition or argument.otherwise:
                    continue
                other = taken.setdefault(row[7][i], argument.name)
                if other != argument.name:
                    raise DescriptionError(argument.where, "'%s' is in the register of '%s'" %
                                           (argument.name, other))

    def result(self, call):
        if call.result == "none":
            return self.row("None")
        return self.value_type(call.result, call.result_where, "the result")

    def note(self, note):
        return self.value_type(note.type, note.where, "a note")

    def value_type(self, name, where, what):
        row = self.element(TypeUse(name, where), None)
        if self.is_memory(row):
            raise DescriptionError(where, "%s cannot be a '%s': it is not held in a register" %
                                   (what, name))
        return row
