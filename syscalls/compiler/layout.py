"""Structures: offsets and sizes on each architecture."""

from typing import NamedTuple, Optional

from .lexer import DescriptionError
from .model import ABIS, IN_MEMORY, WORD

NONE = 0xffff


def align_of(abi, size):
    """Natural alignment, but i386 aligns 8 bytes to 4."""
    return min(size, 4) if abi == "i386" else size


def round_up(offset, align):
    return -(-offset // align) * align


def is_padding(name):
    """Padding has a name with one underscore in front and is never shown: _pad."""
    return name.startswith("_") and not name.startswith("__")


class Bound(NamedTuple):
    """What a parameter of a structure stands for in one use of it."""
    row: tuple  # of the operands; that of a field counts from the structure with the parameter
    set_name: Optional[str]


class StructScope:
    """Where a condition or length within a structure finds its names."""

    def __init__(self, builder, name, bound, base=(0,) * 4):
        self.builder = builder
        self.name = name
        self.bound = dict(zip(builder.parameters(name), bound))
        self.base = base  # on each ABI, where a structure shown inline begins in the outer one

    def field(self, name):
        for struct in self.builder.lowering.d.structs[self.name]:
            for field in struct.leaves():
                if field.name == name:
                    return field
        return None

    def names(self):
        return [f.name for s in self.builder.lowering.d.structs[self.name] for f in s.leaves()]

    def set_of(self, name):
        """The enum or flags that the values of this name are from, if any."""
        if name in self.bound:
            return self.bound[name].set_name
        field = self.field(name)
        return field.type.name if field and field.type.name in self.builder.lowering.d.sets else None

    def is_result(self, operand):
        return False

    def row(self, operand, in_condition):
        """The row of the operands that reads what the name stands for."""
        name, where = operand.name, operand.where
        if operand.pointed:
            raise DescriptionError(where, "only an argument can be followed with '*'")
        if name in self.bound:
            return self.bound[name].row
        field = self.field(name)
        if field is None:
            raise DescriptionError(where, "there is no field '%s'%s" % (
                name, self.builder.lowering.hint(name, [*self.names(), *self.bound])))
        # A pointer is a number, too: it is there or NULL.
        if not field.type.direction and not self.builder.lowering.is_number(field.type):
            raise DescriptionError(where, "'%s' is not a number" % name)
        places = [self.builder.place(self.name, abi, name) for abi in ABIS]
        offsets = tuple(base + offset for base, (offset, _) in zip(self.base, places))
        return ("Field", 0, 0, offsets, tuple(size for _, size in places))


class LayoutBuilder:
    def __init__(self, lowering):
        self.lowering = lowering
        self.order = []        # (name, what its parameters stand for), by index
        self.rows = []         # (per-ABI layout index, abbreviated)
        self.layouts = []      # (first field, count)
        self.fields = []       # (name, type, condition, offset, brief, how)
        self.known = {}        # (name, abi) -> (size, align, {field: (offset, size)})
        self.measuring = []
        self.describing = []
        self.checked = set()
        self.inlined = set()
        self.slices = {}

    def of_abi(self, name, abi):
        for struct in self.lowering.d.structs[name]:
            if abi in struct.abis:
                return struct
        return None

    def parameters(self, name):
        return self.lowering.d.structs[name][0].parameters

    def require(self, name, abis, where):
        for abi in abis:
            if self.of_abi(name, abi) is None:
                raise DescriptionError(where, "structure '%s' is not described for %s" % (name, abi))

    def sizes(self, name):
        return tuple(self.measure(name, abi)[0] if self.of_abi(name, abi) else 0 for abi in ABIS)

    # --- offsets ------------------------------------------------------------------------------
    def measure(self, name, abi):
        """(size, alignment, {field: (offset, size)}) of a structure on one ABI."""
        if (name, abi) in self.known:
            return self.known[name, abi]
        struct = self.of_abi(name, abi)
        if (name, abi) in self.measuring:
            raise DescriptionError(struct.where, "structure '%s' contains itself" % name)
        self.measuring.append((name, abi))
        try:
            places = {}
            size, align = self.measure_fields(struct, struct.fields, abi, 0, places)
            self.known[name, abi] = (size, align, places)
        finally:
            self.measuring.pop()
        return self.known[name, abi]

    def measure_fields(self, struct, fields, abi, start, places):
        """(size, alignment) of fields one after the other, the first at `start`."""
        offset, align = start, 1
        for field in fields:
            size, field_align = self.measure_field(struct, field, abi)
            offset = round_up(offset, field_align)
            self.put(struct, field, abi, offset, size, places)
            offset += size
            align = max(align, field_align)
        size = round_up(offset - start, align)
        if size > 0xffff:
            raise DescriptionError(struct.where, "structure '%s' is larger than 65535 bytes" %
                                   struct.name)
        return size, align

    def measure_field(self, struct, field, abi):
        if field.kind == "field":
            size, align = self.measure_type(field.type, abi)
        elif field.kind == "group":
            size, align = self.measure_fields(struct, field.members, abi, 0, {})
        else:
            sizes = [self.measure_field(struct, member, abi) for member in field.members]
            align = max((align for _, align in sizes), default=1)
            size = round_up(max((size for size, _ in sizes), default=0), align)
        return size, 1 if abi in struct.packed_on else align

    def put(self, struct, field, abi, offset, size, places):
        """Notes where a field is; those of a union are all at the same place."""
        if field.kind == "group":
            self.measure_fields(struct, field.members, abi, offset, places)
        elif field.kind == "union":
            for member in field.members:
                size, _ = self.measure_field(struct, member, abi)
                self.put(struct, member, abi, offset, size, places)
        elif field.name in places:
            raise DescriptionError(field.where, "structure '%s' has two fields '%s'" %
                                   (struct.name, field.name))
        else:
            places[field.name] = (offset, size)

    def place(self, name, abi, field):
        if self.of_abi(name, abi) is None:
            return (0, 0)
        return self.measure(name, abi)[2].get(field, (0, 0))

    def measure_type(self, use, abi):
        if use.wide:
            return 8, align_of(abi, 8)
        if use.direction:
            return WORD[abi], WORD[abi]
        count = 1
        if use.length is not None:
            if use.length.value is None:
                raise DescriptionError(use.where, "an array in a structure needs a constant length")
            count = self.lowering.count(use.length)
        if use.name == "char":
            return count, 1
        if use.name in self.lowering.d.structs:
            self.require(use.name, [abi], use.where)
            size, align, _ = self.measure(use.name, abi)
            return size * count, align
        custom = self.lowering.d.customs.get(use.name)
        if use.name in ("str", "path", "bytes") or (custom and custom.storage in IN_MEMORY):
            raise DescriptionError(use.where, "a field can only point to '%s': write 'in %s'" %
                                   (use.name, use.name))
        row = self.lowering.element(use, None)
        size = self.lowering.sizes(row)[ABIS.index(abi)]
        return size * count, align_of(abi, size)

    # --- rows ---------------------------------------------------------------------------------
    def index(self, name, bound, where):
        if (name, bound) in self.order:
            return self.order.index((name, bound))
        structs = self.lowering.d.structs[name]
        for struct in structs:
            self.check(struct)
            for abi in struct.abis:
                self.measure(name, abi)
        if name in self.describing:
            raise DescriptionError(where, "structure '%s' points to itself: a program could make a "
                                   "circle of them; write addr" % name)
        self.describing.append(name)
        try:
            scope = StructScope(self, name, bound)
            layouts = tuple(self.layout(name, abi, scope) for abi in ABIS)
        finally:
            self.describing.pop()
        self.order.append((name, bound))
        self.rows.append((layouts, any(self.is_abbreviated(s) for s in structs),
                          any(self.is_changing(s) for s in structs)))
        return len(self.order) - 1

    def is_abbreviated(self, struct):
        inner = [self.lowering.d.structs[f.type.name] for f in struct.leaves() if f.inline]
        return bool(struct.brief) or any(self.is_abbreviated(s) for of in inner for s in of)

    def is_changing(self, struct):
        inner = [self.lowering.d.structs[f.type.name] for f in struct.leaves()
                 if f.type.name in self.lowering.d.structs and not f.type.direction]
        return any(f.how in ("changing", "filled") for f in struct.leaves()) or any(
            self.is_changing(s) for of in inner for s in of)

    def check(self, struct):
        """What can be told of a structure alone."""
        if id(struct) in self.checked:
            return
        fields = struct.leaves()
        names = [f.name for f in fields]
        for name in (*struct.order, *struct.brief, *struct.kernel_names):
            if name not in names:
                raise DescriptionError(struct.where, "structure '%s' has no field '%s'" %
                                       (struct.name, name))
        visible = [n for n in names if not is_padding(n)]
        if struct.order and sorted(struct.order) != sorted(visible):
            missing = sorted(set(visible) - set(struct.order))
            raise DescriptionError(struct.where, "the order of '%s' leaves out '%s'" %
                                   (struct.name, missing[0]) if missing else
                                   "the order of '%s' names a field twice" % struct.name)
        if struct.parameters != self.parameters(struct.name):
            raise DescriptionError(struct.where, "structure '%s' has other parameters than at %s" % (
                struct.name, self.lowering.d.structs[struct.name][0].where))
        for field in fields:
            if field.name in struct.parameters:
                raise DescriptionError(field.where, "'%s' is a parameter and a field" % field.name)
            if field.inline and (field.type.direction or field.type.length or
                                 field.type.name not in self.lowering.d.structs):
                raise DescriptionError(field.where, "only a structure can be inline")
        self.check_unions(struct.fields)
        self.checked.add(id(struct))

    def check_unions(self, fields):
        for field in fields:
            self.check_unions(field.members)
            if field.kind != "union":
                continue
            chosen = any(m.condition for m in field.members)
            for member in field.members:
                if member.otherwise and not chosen:
                    raise DescriptionError(member.where, "'else' in a union without conditions")
                hidden = member.kind == "field" and is_padding(member.name)
                if chosen and not (member.condition or member.otherwise or hidden):
                    raise DescriptionError(member.where, "a member of a union with conditions needs "
                                           "one, or 'else'")

    def layout(self, name, abi, scope):
        struct = self.of_abi(name, abi)
        if struct is None:
            return NONE
        key = tuple(self.field_rows(struct, abi, scope, NONE))
        if key not in self.slices:
            self.slices[key] = len(self.layouts)
            self.layouts.append((len(self.fields), len(key)))
            self.fields.extend(key)
        return self.slices[key]

    def field_rows(self, struct, abi, scope, outer):
        """The rows of a structure's visible fields; `outer` is a condition on all of them."""
        known = {field.name: (field, condition)
                 for field, condition in self.conditions(struct.fields, scope, outer)}
        rows = []
        for name in struct.order or [n for n in known if not is_padding(n)]:
            field, condition = known[name]
            brief = not struct.brief or name in struct.brief
            if field.inline:
                inner = self.inline_scope(field, scope)
                rows += [(*row[:4], row[4] and brief, row[5]) for row in self.field_rows(
                    self.of_abi(field.type.name, abi), abi, inner, condition)]
                continue
            row = self.lowering.type(field.type, scope)
            if field.type.direction:
                kind = "OutPointer" if field.type.direction == "out" else "Pointer"
                sizes = tuple(8 if field.type.wide else WORD[a] for a in ABIS)
                row = self.lowering.row(kind, sizes, row)
            offset = scope.base[ABIS.index(abi)] + self.place(struct.name, abi, name)[0]
            rows.append((name, row, condition, offset, brief, field.how))
        return rows

    def inline_scope(self, field, scope):
        """For the names in a structure whose fields are shown as fields of this one."""
        name = field.type.name
        for struct in self.lowering.d.structs[name]:
            self.check(struct)
        self.inlined.add(name)
        bound = self.lowering.bound(field.type, scope, inline=True)
        offsets = [self.place(scope.name, abi, field.name)[0] for abi in ABIS]
        return StructScope(self, name, bound, tuple(map(sum, zip(scope.base, offsets))))

    def conditions(self, fields, scope, outer):
        """(field, row of its condition) of each that has a name; a condition of a union or a group
        is one of its members, too."""
        for field in fields:
            condition = outer
            if field.condition:
                condition, _ = self.lowering.condition(field.condition, scope, outer)
            elif field.otherwise:
                condition = self.lowering.none_of(
                    [f.condition for f in fields if f.condition], scope, outer)
            if field.kind == "field":
                yield field, condition
            else:
                yield from self.conditions(field.members, scope, condition)
