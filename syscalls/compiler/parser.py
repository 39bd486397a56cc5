"""Tokens -> Description. One error a statement: after it, parsing goes on at the next statement."""

from .lexer import DescriptionError, number, tokenize
from .model import (ABIS, Argument, Call, CallClass, Condition, Constant, ConstantSet, Custom,
                    Description, Field, Note, Operand, Struct, TypeUse, Use)

KEYWORDS = ("enum", "flags", "struct", "custom", "class", "include")


HOW = ("changing", "filled", "hidden", "nonzero")


class Parser:
    def __init__(self, file, text, description: Description):
        self.tokens = tokenize(file, text)
        self.at = 0
        self.out = description

    # --- tokens -------------------------------------------------------------------------------
    @property
    def token(self):
        return self.tokens[self.at]

    def peek(self, offset=1):
        return self.tokens[min(self.at + offset, len(self.tokens) - 1)]

    def take(self):
        token = self.token
        if token.kind != "end":
            self.at += 1
        return token

    def accept(self, text):
        if self.token.text == text and self.token.kind in ("mark", "name"):
            return self.take()
        return None

    def expect(self, text, after=""):
        if self.token.text != text:
            raise DescriptionError(self.token.where, "expected '%s'%s, found %s" %
                                   (text, after, self.token))
        return self.take()

    def kind(self, kind, what):
        if self.token.kind != kind:
            raise DescriptionError(self.token.where, "expected %s, found %s" % (what, self.token))
        return self.take()

    def name(self, what):
        return self.kind("name", what)

    def number(self, what="a number"):
        """A number of 64 bits, signed or not."""
        token = self.kind("number", what)
        try:
            value = number(token.text)
        except ValueError:
            raise DescriptionError(token.where, "'%s' is no octal number" % token.text) from None
        if not -2 ** 63 <= value < 2 ** 64:
            raise DescriptionError(token.where, "'%s' has more than 64 bits" % token.text)
        return value

    def small(self, what, most):
        where = self.token.where
        value = self.number(what)
        if not 0 <= value <= most:
            raise DescriptionError(where, "%s is from 0 to %d" % (what, most))
        return value

    def mask(self, what="a mask after 'of'"):
        where = self.token.where
        value = self.number(what)
        if value <= 0:
            raise DescriptionError(where, "a mask has at least one bit")
        return value

    # --- statements ---------------------------------------------------------------------------
    def parse(self):
        while self.token.kind != "end":
            start = self.at
            try:
                self.statement()
            except DescriptionError as error:
                self.out.errors.append(error)
                self.recover(start)

    def recover(self, start):
        """Skips to the next token that begins a line in column of a statement: a keyword, or a name
        followed by what follows a call's name, at nesting depth 0."""
        depth = sum({"{": 1, "(": 1, "}": -1, ")": -1}.get(t.text, 0)
                    for t in self.tokens[start:self.at])
        begun = self.at
        while self.token.kind != "end":
            first_on_line = self.token.where.line != self.tokens[self.at - 1].where.line
            if self.at > begun and depth <= 0 and first_on_line and (
                    self.token.kind == "name" or self.token.text == "["):
                return
            if first_on_line and self.at > start and self.token.text in KEYWORDS:
                return
            depth += {"{": 1, "(": 1, "}": -1, ")": -1}.get(self.token.text, 0)
            self.take()

    def statement(self):
        if self.token.text in ("enum", "flags"):
            self.constant_set()
        elif self.token.text == "struct":
            self.struct()
        elif self.token.text == "custom":
            self.custom()
        elif self.token.text == "class":
            self.call_class()
        elif self.token.text == "include":
            self.include()
        elif self.token.kind == "name" or self.token.text == "[":
            self.call()
        else:
            raise DescriptionError(self.token.where, "expected a call, enum, flags, struct, "
                                   "custom, class or include, found %s" % (self.token,))

    def define(self, table, item, other_tables=()):
        for known in (table, *other_tables):
            if item.name in known:
                other = known[item.name]
                other = other[0] if isinstance(other, list) else other
                raise DescriptionError(item.where, "'%s' is already defined at %s" %
                                       (item.name, other.where))
        table[item.name] = item

    def include(self):
        self.expect("include")
        self.out.headers.append(self.header())

    def header(self):
        return self.kind("header", "a header's name: <linux/stat.h>").text.strip("<>")

    def custom(self):
        self.expect("custom")
        name = self.name("the custom type's name")
        self.expect(":", " and a scalar type, 'memory' or 'text'")
        storage = self.name("a scalar type, 'memory' or 'text'")
        self.define(self.out.customs, Custom(name.text, name.where, storage.text),
                    (self.out.sets, self.out.structs))

    def call_class(self):
        self.expect("class")
        result = CallClass([], self.token.where)
        while not result.names or self.accept(","):
            result.names.append(self.class_or_call("the class's name: %file").name)
        if self.accept("of"):
            while not result.types or self.accept("|"):
                type_name = self.name("a type")
                result.types.append(TypeUse(type_name.text, type_name.where))
        result.calls = self.call_list()
        if self.accept("without"):
            result.without = self.call_list()
        self.out.classes.append(result)

    def call_list(self):
        self.expect("{", " and names of calls")
        result = []
        while not self.accept("}"):
            result.append(self.class_or_call("a call's name, a class or '}'"))
        return result

    def class_or_call(self, what):
        token = self.token
        if token.kind != "class":
            self.name(what)
        else:
            self.take()
        return Operand(token.where, token.text)

    # --- constants ----------------------------------------------------------------------------
    def constant_set(self):
        kind = self.take().text
        name = self.name("a name after '%s'" % kind)
        storage = "u32"
        if self.accept(":"):
            storage = self.name("a scalar type").text
        family = self.take().text.strip('"') if self.token.kind == "string" else ""
        rest = "hex"
        if self.token.text in ("octal", "joined", "decimal"):
            rest = self.take().text
        result = ConstantSet(kind, name.text, name.where, storage, family, rest)
        self.expect("{")
        while not self.accept("}"):
            result.entries.extend(self.entry(kind))
        self.define(self.out.sets, result, (self.out.structs, self.out.customs))

    def entry(self, kind):
        if self.token.text == "use" and self.peek().kind == "name":
            where = self.take().where
            name = self.name("the name of a set").text
            mask = self.mask() if self.accept("of") else None
            return [Use(name, where, mask)]
        if kind == "flags" and self.token.text == "blank" and self.peek().text not in ("=", "|", "of"):
            where = self.take().where
            nothing = {abi: 0 for abi in ABIS}
            return [Constant("", where, nothing, nothing)]
        if self.token.kind == "string":
            names = [self.take()]
        else:
            names = [self.name("a constant or '}'")]
        while self.accept("|"):
            names.append(self.name("a constant after '|'"))
        masks = None
        if self.accept("of"):
            if kind == "enum":
                raise DescriptionError(names[0].where, "an enum has no exclusive groups: its values "
                                       "exclude each other; write flags")
            mask = self.mask()
            masks = {abi: mask for abi in ABIS}
        elif len(names) > 1:
            raise DescriptionError(names[0].where, "expected 'of MASK' after a group of constants")
        self.expect("=", " after '%s'" % names[-1].text)
        result = []
        for name in names:
            result.append(Constant(name.text.strip('"'), name.where, self.values(names), masks))
        if self.token.kind == "number":
            raise DescriptionError(names[0].where, "more values than names in the group of '%s'" %
                                   names[0].text)
        return result

    def values(self, names):
        if self.token.text == "none":
            self.take()
            common = None
        elif self.token.kind == "number":
            common = self.number()
        elif len(names) > 1:
            raise DescriptionError(names[0].where, "fewer values than names in the group of '%s'" %
                                   names[0].text)
        else:
            raise DescriptionError(self.token.where, "expected a value or 'none' for '%s', found %s"
                                   % (names[0].text, self.token))
        values = {abi: common for abi in ABIS}
        while self.token.kind == "name" and self.peek().text == ":":
            abi = self.abi()
            self.expect(":")
            values[abi] = None if self.accept("none") else self.number("a value for " + abi)
        return values

    def abi(self):
        token = self.name("an architecture")
        if token.text not in ABIS:
            raise DescriptionError(token.where, "unknown architecture '%s'; known are %s" %
                                   (token.text, ", ".join(ABIS)))
        return token.text

    def abi_list(self):
        """[x86_64 i386], already at the bracket; all when there is none."""
        if not self.accept("["):
            return ABIS
        abis = [self.abi()]
        while not self.accept("]"):
            abis.append(self.abi())
        return tuple(abis)

    # --- structures ---------------------------------------------------------------------------
    def struct(self):
        self.expect("struct")
        name = self.name("the structure's name")
        parameters = self.parameters()
        result = Struct(name.text, name.where, self.abi_list(), parameters)
        result.fields = self.members("struct")
        while self.token.text in ("order", "brief", "packed", "is"):
            clause = self.take()
            if clause.text == "packed":
                result.packed_on = self.abi_list()
            elif clause.text == "is":
                self.kernel_struct(result)
            else:
                self.expect("(", " and names of fields")
                names = getattr(result, clause.text)
                while not self.accept(")"):
                    names.append(self.name("a field's name").text)
        for other in self.out.structs.get(name.text, ()):
            both = [abi for abi in result.abis if abi in other.abis]
            if both:
                raise DescriptionError(name.where, "structure '%s' is already defined for %s at %s" %
                                       (name.text, both[0], other.where))
        if name.text in self.out.sets or name.text in self.out.customs:
            self.define({}, result, (self.out.sets, self.out.customs))
        self.out.structs.setdefault(name.text, []).append(result)

    def parameters(self):
        result = []
        if self.accept("("):
            while not result or self.accept(","):
                name = self.name("a parameter's name")
                if name.text in result:
                    raise DescriptionError(name.where, "the parameter '%s' is there twice" %
                                           name.text)
                result.append(name.text)
            self.expect(")", " or ',' after a parameter")
        return result

    def kernel_struct(self, struct):
        """`is "struct x" in <header> as (field "kernel's name" other none)`, after `is`."""
        struct.kernel_type = self.kind("string", "the kernel's name of it").text.strip('"')
        self.expect("in", " and the header that declares it")
        struct.kernel_header = self.header()
        if self.accept("as"):
            self.expect("(", " and names of fields")
            while not self.accept(")"):
                name = self.name("a field's name").text
                struct.kernel_names[name] = None if self.accept("none") else self.kind(
                    "string", "the kernel's name of '%s', or 'none'" % name).text.strip('"')

    def members(self, kind):
        """The fields of a structure, a union or a group, with the braces."""
        self.expect("{", " and fields")
        result = []
        while not self.accept("}"):
            result.append(self.field(kind))
        return result

    def field(self, kind):
        """A field of something of this kind."""
        first = self.token
        if first.text == "{":
            if kind != "union":
                raise DescriptionError(first.where, "only a union has groups of fields in braces")
            result = Field("", first.where, kind="group", members=self.members("group"))
        elif first.text == "union" and self.peek().text == "{":
            self.take()
            result = Field("", first.where, kind="union", members=self.members("union"))
        else:
            inline = first.text == "inline" and self.peek().kind == "name"
            if inline:
                self.take()
            name = self.name("a field or '}'")
            self.expect(":", " and a type after the field '%s'" % name.text)
            how = self.take().text if self.token.text in HOW and self.peek().kind == "name" else "plain"
            result = Field(name.text, name.where, self.type(), inline=inline, how=how)
        result.condition = self.condition()
        if self.token.text == "else" and self.peek().text != ":":
            where = self.take().where
            if kind != "union" or result.condition:
                raise DescriptionError(where, "'else' is for a member of a union that has no "
                                       "condition")
            result.otherwise = True
        return result

    # --- calls --------------------------------------------------------------------------------
    def call(self):
        abis = self.abi_list()
        names = [self.call_name()]
        while self.accept(","):
            names.append(self.call_name())
        syscall_number = self.small("a syscall's number", 1023) if self.accept("@") else None
        self.expect("(", " after the call's name")
        arguments = []
        while not self.accept(")"):
            if arguments:
                self.expect(",", " or ')' after an argument")
            arguments.append(self.argument())
        in_memory = self.accept("in") is not None
        if in_memory:
            self.expect("memory", " after 'in', which says where the arguments are")
        self.expect("->", " and the result's type")
        result = self.name("the result's type")
        if result.text == "custom":
            raise DescriptionError(result.where, "'-> custom' is not supported: give the result a "
                                   "custom type, or arguments ('custom NAME: ...')")
        notes = []
        if self.accept("("):
            while not self.accept(")"):
                if notes:
                    self.expect(",", " or ')' after a note")
                notes.append(self.note())
        for name, variant, where in names:
            self.out.calls.append(Call(name, variant, where, abis, syscall_number, arguments,
                                       result.text, result.where, notes, in_memory))

    def call_name(self):
        name = self.name("a call's name")
        variant = self.name("a variant's name after '$'").text if self.accept("$") else ""
        return name.text, variant, name.where

    def note(self):
        first = self.name("a note")
        if self.token.kind == "name":
            return Note(first.text, first.where, self.take().text)
        return Note("", first.where, first.text)

    def argument(self):
        name = self.name("an argument's name or ')'")
        register = self.small("a register's number", 5) if self.accept("@") else None
        show = self.accept("=") is not None
        self.expect(":", " and a type after the argument '%s'" % name.text)
        result = Argument(name.text, name.where, self.type(), self.condition(),
                          register=register, show_name=show)
        if not result.condition and self.accept("else"):
            result.otherwise = True
        return result

    # --- types --------------------------------------------------------------------------------
    def type(self):
        wide = self.token.text in ("in64", "out64")
        direction = self.take().text.removesuffix("64") \
            if wide or self.token.text in ("in", "out", "inout") else ""
        name = self.name("a type")
        result = TypeUse(name.text, name.where, direction, wide=wide)
        if name.text == "const":
            if self.accept("("):
                result.shown = self.name("the type that shows the constant").text
                self.expect(")", " after the type")
            result.constants = [self.name("a constant after 'const'").text]
            while self.accept("|"):
                result.constants.append(self.name("a constant after '|'").text)
            if self.accept("of"):
                result.mask = self.mask()
            return result
        if self.accept("("):
            while not result.given or self.accept(","):
                result.given.append(self.operand())
            self.expect(")", " or ',' after what a type is given")
        if self.accept("["):
            result.length = self.operand()
            result.sized = self.accept("bytes") is not None
            self.expect("]", " after the length")
        return result

    def operand(self):
        where = self.token.where
        if self.token.kind == "number":
            return Operand(where, value=self.number())
        pointed = self.accept("*") is not None
        return Operand(where, self.name("a number, an argument or 'ret'").text, pointed)

    def condition(self):
        if not self.accept("if"):
            return None
        result = Condition(self.token.where, self.operand(), "any")
        if self.accept("&"):
            self.alternatives(result)
        elif self.token.text in ("==", "!=", "of"):
            if self.accept("of"):
                result.mask = self.take().text if self.token.kind == "name" else \
                    self.mask("a mask or its name after 'of'")
            if not self.accept("=="):
                self.expect("!=", " or '==' in a condition")
                result.test = "not"
            else:
                result.test = "is"
            self.alternatives(result)
        elif self.accept(">"):
            result.test = "above"
            result.numbers.append(self.number("a number after '>'"))
        return result

    def alternatives(self, condition):
        while True:
            if self.token.kind == "number":
                condition.numbers.append(self.number())
            else:
                condition.names.append(self.name("a constant").text)
            if not self.accept("|"):
                return


def parse(file, text, description):
    """Adds what `text` says to `description`; errors go to description.errors."""
    try:
        Parser(file, text, description).parse()
    except DescriptionError as error:  # from the lexer
        description.errors.append(error)
