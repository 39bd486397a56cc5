"""Enums and flags: their entries, with those that they use of others, for each architecture."""

from .lexer import DescriptionError
from .model import ABIS, Constant, Use


def unique(rows, joined):
    """Rows of an enum by value; of several names for a value the first, or all: "A or B"."""
    names = {}
    for name, value, _, _ in rows:
        names.setdefault(value, []).append(name)
    return [(" or ".join(sorted(names[value])) if joined else names[value][0], value, value, 0xffff)
            for value in sorted(names)]


class SetTable:
    def __init__(self, lowering):
        self.lowering = lowering
        self.order = []       # names, by index
        self.rows = []        # (family, signed, rest, [(first, count)] of each ABI)
        self.constants = []   # (name, value, mask, group)
        self.slices = {}
        self.flat = {}        # name -> entries, `use NAME` expanded

    def index(self, name, where):
        if name in self.order:
            return self.order.index(name)
        known = self.lowering.d.sets[name]
        self.check(known)
        groups = {use.name: self.index(use.name, use.where)
                  for use in self.entries(name, where) if isinstance(use, Use)}
        self.order.append(name)
        slices = tuple(self.slice(known, abi, groups) for abi in ABIS)
        self.rows.append((known.family, known.storage[0] == "s", known.rest, slices))
        return len(self.order) - 1

    def entries(self, name, where, path=()):
        """Constants and `use E of M`; the entries of `use NAME` in its place."""
        if name in self.flat:
            return self.flat[name]
        if name in path:
            raise DescriptionError(where, "'%s' uses itself" % name)
        if name not in self.lowering.d.sets:
            raise DescriptionError(where, "unknown enum or flags '%s'" % name)
        known = self.lowering.d.sets[name]
        result = []
        for entry in known.entries:
            if isinstance(entry, Constant):
                result.append(entry)
            elif entry.mask is None:
                result.extend(self.entries(entry.name, entry.where, (*path, name)))
            elif known.kind == "enum":
                raise DescriptionError(entry.where, "only flags can give bits to an enum")
            else:
                used = self.lowering.d.sets.get(entry.name)
                if used is None or used.kind != "enum":
                    raise DescriptionError(entry.where, "unknown enum '%s'" % entry.name)
                result.append(entry)
        self.flat[name] = result
        return result

    def check(self, known):
        sizes = self.lowering.scalar_sizes(known.storage, known.where)
        names = set()
        for entry in self.entries(known.name, known.where):
            if isinstance(entry, Use):
                continue
            if entry.name in names:
                raise DescriptionError(entry.where, "'%s' is twice in '%s'" %
                                       (entry.name, known.name))
            names.add(entry.name)
            for abi, size in zip(ABIS, sizes):
                value = entry.values[abi]
                if value is None:
                    continue
                if not -(256 ** size) // 2 <= value < 256 ** size:
                    if size < max(sizes):
                        continue  # a flag of the 64-bit architectures' wider word
                    raise DescriptionError(entry.where, "'%s' does not fit into %s" %
                                           (entry.name, known.storage))
                if entry.masks and value & ~entry.masks[abi]:
                    raise DescriptionError(entry.where, "'%s' has bits outside its group's mask" %
                                           entry.name)
                if known.kind == "flags" and not entry.masks and value == 0:
                    raise DescriptionError(entry.where, "'%s' is no flag: its value is 0" %
                                           entry.name)

    def slice(self, known, abi, groups):
        size = self.lowering.scalar_sizes(known.storage, known.where)[ABIS.index(abi)]
        rows = []
        for entry in self.entries(known.name, known.where):
            if isinstance(entry, Use):
                rows.append(("", 0, entry.mask, groups[entry.name]))
                continue
            value = entry.values[abi]
            if value is None or value >= 256 ** size:
                continue
            value &= 256 ** size - 1
            mask = entry.masks[abi] if entry.masks else value
            rows.append((entry.name, value, mask, 0xffff))
        if known.kind == "enum":
            rows = unique(rows, known.rest == "joined")
        key = tuple(rows)
        if key not in self.slices:
            self.slices[key] = (len(self.constants), len(rows))
            self.constants.extend(rows)
        return self.slices[key]

    def has(self, set_name, constant):
        known = self.lowering.d.sets.get(set_name)
        return known is not None and any(isinstance(e, Constant) and e.name == constant
                                         for e in self.entries(set_name, known.where))

    def values_of(self, constant, where, set_name=None):
        """{abi: value} of a constant: of `set_name` if that has it, else of the sets that do."""
        names = [set_name] if self.has(set_name, constant) else self.lowering.d.sets
        found = {}
        for name in names:
            for entry in self.entries(name, where):
                if isinstance(entry, Constant) and entry.name == constant:
                    found[tuple(entry.values.items())] = (entry, name)
        if not found:
            from .lower import hint
            known = [e.name for s in self.lowering.d.sets.values() for e in s.entries
                     if isinstance(e, Constant)]
            raise DescriptionError(where, "unknown constant '%s'%s" %
                                   (constant, hint(constant, known)))
        if len(found) > 1:
            raise DescriptionError(where, "'%s' has different values in %s" % (
                constant, " and ".join("'%s'" % name for _, name in found.values())))
        return next(iter(found.values()))[0].values
