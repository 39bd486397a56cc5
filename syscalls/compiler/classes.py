"""Classes of calls, %file and the like: which calls belong to which."""

from .lexer import DescriptionError


class ClassTable:
    def __init__(self, lowering):
        self.lowering = lowering
        self.names = []    # (name, bit)
        self.members = {}  # call -> bits
        self.by_name = {}  # name -> CallClass
        self.busy = []

    def add_all(self, classes):
        for one in classes:
            self.lowering.attempt(self.define, one)
        if len(classes) > 32:
            self.lowering.error(classes[32].where, "more than 32 classes")
        for bit, one in enumerate(classes):
            self.names += [(name, 1 << bit) for name in one.names]
            self.lowering.attempt(self.add, one, 1 << bit)

    def define(self, one):
        for name in one.names:
            if name in self.by_name:
                raise DescriptionError(one.where, "class '%s' is already defined at %s" %
                                       (name, self.by_name[name].where))
            self.by_name[name] = one
        for entries in (one.calls, one.without):
            for i, entry in enumerate(entries):
                if any(entry.name == other.name for other in entries[:i]):
                    raise DescriptionError(entry.where, "'%s' is twice in '%s'" %
                                           (entry.name, one.names[0]))

    def add(self, one, bit):
        for call in self.calls_of(one):
            self.members[call] = self.members.get(call, 0) | bit
        # Those that are left out stay in the table, so that a test can tell whether they exist.
        for entry in one.without:
            if not entry.name.startswith("%"):
                self.members.setdefault(entry.name, 0)

    def calls_of(self, one):
        if one in self.busy:
            raise DescriptionError(one.where, "class '%s' contains itself" % one.names[0])
        self.busy.append(one)
        try:
            derived = self.with_types(one)
            self.expect(one.calls, derived, False, "'%s' is in '%s' already, by its types", one)
            members = derived | self.listed(one.calls)
            self.expect(one.without, members, True, "'%s' is not in '%s' anyway", one)
            return members - self.listed(one.without)
        finally:
            self.busy.pop()

    @staticmethod
    def expect(entries, members, there, message, one):
        for entry in entries:
            if not entry.name.startswith("%") and (entry.name in members) != there:
                raise DescriptionError(entry.where, message % (entry.name, one.names[0]))

    def listed(self, entries):
        result = set()
        for entry in entries:
            if not entry.name.startswith("%"):
                result.add(entry.name)
            elif entry.name in self.by_name:
                result |= self.calls_of(self.by_name[entry.name])
            else:
                raise DescriptionError(entry.where, "unknown class '%s'%s" % (
                    entry.name, self.lowering.hint(entry.name, self.by_name)))
        return result

    def with_types(self, one):
        """The calls that take, give or point to a value of the class's types. Variants do not count:
        a class is asked for by the call's name."""
        for use in one.types:
            if not self.lowering.is_known(use.name):
                raise self.lowering.unknown(use)
        types = {use.name for use in one.types}
        return {call.name for call in self.lowering.d.calls if not call.variant and
                (call.result in types or any(self.holds(a.type, types) for a in call.arguments))}

    def holds(self, use, types, around=()):
        """Whether a value of this type is or contains one of `types`."""
        if use.name in types:
            return True
        if use.name in around:  # a mistake that is told elsewhere
            return False
        return any(self.holds(field.type, types, (*around, use.name))
                   for struct in self.lowering.d.structs.get(use.name, ())
                   for field in struct.leaves())
