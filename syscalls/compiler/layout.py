"""Structures: offsets and sizes on each architecture."""

from .lexer import DescriptionError
from .model import ABIS, WORD


def align_of(abi, size):
    """Natural alignment, but i386 aligns 8 bytes to 4."""
    return min(size, 4) if abi == "i386" else size


def is_padding(name):
    """Padding has a name with one underscore in front and is never shown: _pad."""
    return name.startswith("_") and not name.startswith("__")


class StructScope:
    """Where a condition or length within a structure finds its names."""

    def __init__(self, builder, name):
        self.builder = builder
        self.name = name
        self.structs = builder.lowering.d.structs[name]

    def find(self, name):
        for struct in self.structs:
            for field in struct.fields:
                if field.name == name:
                    return 0, field.type
        return None

    def names(self):
        return [f.name for s in self.structs for f in s.fields]

    def place(self, name, where):
        """Offsets and sizes of a field on each ABI; size 0 where the ABI does not have it."""
        offsets, sizes = [], []
        for abi in ABIS:
            offset, size = self.builder.place(self.name, abi, name)
            if size > 8:
                raise DescriptionError(where, "'%s' is not a number" % name)
            offsets.append(offset)
            sizes.append(size)
        return tuple(offsets), tuple(sizes)


class LayoutBuilder:
    def __init__(self, lowering):
        self.lowering = lowering
        self.order = []        # names, by index
        self.rows = []         # (per-ABI layout index, abbreviated)
        self.layouts = []      # (first field, count)
        self.fields = []       # (name, type, condition, offset, brief)
        self.known = {}        # (name, abi) -> (size, align, {field: (offset, size)})
        self.busy = []
        self.slices = {}

    def of_abi(self, name, abi):
        for struct in self.lowering.d.structs[name]:
            if abi in struct.abis:
                return struct
        return None

    def require(self, name, abis, where):
        for abi in abis:
            if self.of_abi(name, abi) is None:
                raise DescriptionError(where, "structure '%s' is not described for %s" % (name, abi))

    def sizes(self, name):
        return tuple(self.measure(name, abi)[0] if self.of_abi(name, abi) else 0 for abi in ABIS)

    def measure(self, name, abi):
        """(size, alignment, {field: (offset, size)}) of a structure on one ABI."""
        if (name, abi) in self.known:
            return self.known[name, abi]
        struct = self.of_abi(name, abi)
        if (name, abi) in self.busy:
            raise DescriptionError(struct.where, "structure '%s' contains itself" % name)
        self.busy.append((name, abi))
        try:
            self.known[name, abi] = self.measure_fields(struct, abi)
        finally:
            self.busy.pop()
        return self.known[name, abi]

    def measure_fields(self, struct, abi):
        offset, align, places = 0, 1, {}
        for field in struct.fields:
            if field.name in places:
                raise DescriptionError(field.where, "structure '%s' has two fields '%s'" %
                                       (struct.name, field.name))
            size, field_align = self.measure_type(field.type, abi)
            if abi in struct.packed_on:
                field_align = 1
            offset = -(-offset // field_align) * field_align
            places[field.name] = (offset, size)
            offset += size
            align = max(align, field_align)
        return (-(-offset // align) * align, align, places)

    def place(self, name, abi, field):
        if self.of_abi(name, abi) is None:
            return (0, 0)
        return self.measure(name, abi)[2].get(field, (0, 0))

    def measure_type(self, use, abi):
        if use.direction:
            return WORD[abi], WORD[abi]
        count = 1
        if use.length is not None:
            if use.length.value is None:
                raise DescriptionError(use.where, "an array in a structure needs a constant length")
            count = use.length.value
        if use.name == "char":
            return count, 1
        if use.name in self.lowering.d.structs:
            if self.of_abi(use.name, abi) is None:
                raise DescriptionError(use.where, "structure '%s' is not described for %s" %
                                       (use.name, abi))
            size, align, _ = self.measure(use.name, abi)
            return size * count, align
        custom = self.lowering.d.customs.get(use.name)
        if use.name in ("str", "path", "bytes") or (custom and custom.storage == "memory"):
            raise DescriptionError(use.where, "a field can only point to '%s': write 'in %s'" %
                                   (use.name, use.name))
        row = self.lowering.element(use, None)
        size = self.lowering.sizes(row)[ABIS.index(abi)]
        return size * count, align_of(abi, size)

    def index(self, name, where):
        if name in self.order:
            return self.order.index(name)
        structs = self.lowering.d.structs[name]
        for struct in structs:
            self.check_clauses(struct)
            for abi in struct.abis:
                self.measure(name, abi)
        # The index is taken before the fields, so that a structure may point to itself.
        self.order.append(name)
        index = len(self.order) - 1
        self.rows.append(None)
        layouts = tuple(self.layout(name, abi) for abi in ABIS)
        self.rows[index] = (layouts, any(s.brief for s in structs))
        return index

    def check_clauses(self, struct):
        names = [f.name for f in struct.fields]
        for clause in (struct.order, struct.brief):
            for name in clause:
                if name not in names:
                    raise DescriptionError(struct.where, "structure '%s' has no field '%s'" %
                                           (struct.name, name))
        visible = [n for n in names if not is_padding(n)]
        if struct.order and sorted(struct.order) != sorted(visible):
            missing = sorted(set(visible) - set(struct.order))
            raise DescriptionError(struct.where, "the order of '%s' leaves out '%s'" %
                                   (struct.name, missing[0]) if missing else
                                   "the order of '%s' names a field twice" % struct.name)

    def layout(self, name, abi):
        struct = self.of_abi(name, abi)
        if struct is None:
            return 0xffff
        places = self.measure(name, abi)[2]
        scope = StructScope(self, name)
        by_name = {f.name: f for f in struct.fields}
        order = struct.order or [
            f.name for f in struct.fields if not is_padding(f.name)]
        rows = []
        for field in (by_name[n] for n in order):
            row = self.lowering.type(field.type, scope)
            if field.type.direction:
                words = tuple(WORD[a] for a in ABIS)
                row = self.lowering.row("Pointer", words, row)
            condition = 0xffff
            if field.condition:
                condition, _ = self.lowering.condition(field.condition, scope)
            brief = not struct.brief or field.name in struct.brief
            rows.append((field.name, row, condition, places[field.name][0], brief))
        key = tuple(rows)
        if key not in self.slices:
            self.slices[key] = len(self.layouts)
            self.layouts.append((len(self.fields), len(rows)))
            self.fields.extend(rows)
        return self.slices[key]
