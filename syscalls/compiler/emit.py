"""Rows -> a C++ source file."""

import os

from .layout import is_padding
from .model import ABIS

BANNER = "// Made by syscalls/generate.py of syscalls/*.syscalls. Edit those.\n"


def text(value):
    """A string_view; of a plain literal the compiler would have to count the characters."""
    return '"%s"sv' % value.replace("\\", "\\\\").replace('"', '\\"')


def numbers(values):
    return "{%s}" % ", ".join(number(v) for v in values)


def number(value):
    value &= 2 ** 64 - 1
    return str(value) if value < 10 else "0x%x" % value


def boolean(value):
    return "true" if value else "false"


def table(kind, name, rows):
    """A constexpr array and the span that makes it known outside."""
    array = "k%sRows" % name
    body = "".join("    %s,\n" % row for row in rows)
    # An empty array cannot be: a row that no slice reaches stands in.
    return ("constexpr std::array<%s, %d> %s{{\n%s}};\n" %
            (kind, max(len(rows), 1), array, body or "    {},\n"),
            "const std::span<const %s> k%s{%s%s};\n" %
            (kind, name, array, "" if rows else ".data(), std::size_t{0}"))


def cxx(lowering) -> str:
    low = lowering
    tables = [
        table("SyscallDescription", "Calls", [
            "{%s, 0x%x, %d, {%d, %d}, %d, {%d, %d}, %s}" % (
                text(c["name"]), sum(1 << ABIS.index(a) for a in c["abis"]),
                -1 if c["number"] is None else c["number"], *c["arguments"], c["result"], *c["notes"],
                boolean(c["in_memory"]))
            for c in low.calls]),
        table("Argument", "Arguments", [
            "{%s, %d, Direction::%s, %s, %d, %d, %d, %s}" % (
                text(a[0]), a[1], a[2], boolean(a[3]), a[4], a[5], a[6], "{%s}" % numbers(a[7]))
            for a in low.arguments]),
        table("Note", "Notes", ["{%s, %d}" % (text(n[0]), n[1]) for n in low.notes]),
        table("Type", "Types", [
            "{Type::Kind::%s, %d, %d, {%s}}" % (t[0], t[1], t[2], numbers(t[3]))
            for t in low.types.rows]),
        table("Struct", "Structs", [
            "{{%s}, %s, %s}" % (numbers(s[0]), boolean(s[1]), boolean(s[2])) for s in low.layouts.rows]),
        table("Slice", "Layouts", ["{%d, %d}" % row for row in low.layouts.layouts]),
        table("Field", "Fields", [
            "{%s, %d, %d, %d, %s, Field::How::%s}" % (text(f[0]), f[1], f[2], f[3], boolean(f[4]),
                                                       f[5].capitalize())
            for f in low.layouts.fields]),
        table("ConstantSet", "Sets", [
            "{%s, %s, ConstantSet::Rest::%s, {{%s}}}" % (
                text(s[0]), boolean(s[1]), "Hex" if s[2] == "joined" else s[2].capitalize(),
                ", ".join("{%d, %d}" % x for x in s[3]))
            for s in low.sets.rows]),
        table("Constant", "Constants", [
            "{%s, %s, %s, %d}" % (text(c[0]), number(c[1]), number(c[2]), c[3])
            for c in low.sets.constants]),
        table("Operand", "Operands", [
            "{Operand::Source::%s, %d, %s, {%s}, {%s}}" % (
                o[0], o[1], number(o[2]), numbers(o[3]), numbers(o[4]))
            for o in low.operands.rows]),
        table("Condition", "Conditions", [
            "{%d, Condition::Test::%s, {%s}, {%d, %d}, %d}" % (
                c[0], c[1], numbers(c[2]), c[3], c[4], c[5])
            for c in low.conditions.rows]),
        table("PerAbi<std::uint64_t>", "ConditionValues", [
            "{%s}" % numbers(v) for v in low.condition_values]),
        table("CallClass", "Classes", ["{%s, 0x%x}" % (text(name), mask)
                                       for name, mask in sorted(low.classes.names)]),
        table("CallClass", "ClassedCalls", ["{%s, 0x%x}" % (text(name), mask)
                                            for name, mask in sorted(low.classes.members.items())]),
        table("CustomDecoder", "Customs", ["custom::%s" % name for name in low.custom_names]),
        table("NamedType", "NamedTypes", ["{%s, %d}" % (text(name), index)
                                          for name, index in sorted(low.named_types.items())]),
    ]
    result = [BANNER, '#include "decode/tables.h"\n\n#include "decode/call_context.h"\n\n',
              "using namespace std::string_view_literals;\n\nnamespace ttrace {\n\nnamespace custom {\n"]
    result += ["Value %s(CallContext&, const CustomInput&);\n" % name for name in low.custom_names]
    result += ["}  // namespace custom\n\nnamespace tables {\n\nnamespace {\n"]
    result += [array for array, _ in tables]
    result += ["}  // namespace\n\n"]
    result += [span for _, span in tables]
    result += ["\n}  // namespace tables\n}  // namespace ttrace\n"]
    return "".join(result)


def header(lowering) -> str:
    """A C++ header that names the sets and structures for the code that decodes by hand."""
    low = lowering
    result = [BANNER, "#pragma once\n\n#include \"decode/tables.h\"\n\n",
              "namespace ttrace::known {\n\n// Indices into tables::kSets.\nnamespace set {\n"]
    result += ["inline constexpr tables::Index %s = %d;\n" % (name, low.sets.order.index(name))
               for name in sorted(low.sets.order)]
    result += ["}  // namespace set\n\n// Indices into tables::kTypes.\nnamespace type {\n"]
    result += ["inline constexpr tables::Index %s = %d;\n" % (name, low.struct_types[name])
               for name in sorted(low.struct_types)]
    result += ["}  // namespace type\n\n}  // namespace ttrace::known\n"]
    return "".join(result)


def place(where):
    return "%s:%d" % (os.path.basename(where.file), where.line)


def kernel_checks(lowering, abi) -> str:
    """A C file that compiles when constants and layouts agree with the kernel's own headers. What the
    headers do not have is not checked; the file counts what is."""
    constants = constant_checks(lowering, abi)
    structs = struct_checks(lowering, abi)
    lines = [BANNER, "// Compiled for its assertions only; C, because the kernel's headers are C.\n",
             "// The kernel's 1 << 31 is no constant expression, strictly.\n"
             '#pragma GCC diagnostic ignored "-Wpedantic"\n',
             "#include <stddef.h>\n"]
    for header in lowering.d.headers:
        lines.append("#if __has_include(<%s>)\n#include <%s>\n#endif\n" % (header, header))
    for what, checks in (("Constants", constants), ("Structures", structs)):
        lines.append("enum { kBefore%s = __COUNTER__ };\n" % what)
        lines += checks
        lines.append("const unsigned kChecked%s = __COUNTER__ - kBefore%s - 1;\n" % (what, what))
        lines.append("const unsigned kDescribed%s = %d;\n" % (what, len(checks)))
    return "".join(lines)


def constant_checks(low, abi):
    result = []
    for constant_set in low.d.sets.values():
        size = low.scalar_sizes(constant_set.storage, constant_set.where)[ABIS.index(abi)]
        mask = "0x%xull" % (256 ** size - 1)
        for entry in constant_set.entries:
            value = entry.values[abi] if hasattr(entry, "values") else None
            if value is None or not entry.name.isidentifier():
                continue
            result.append('#ifdef %s\n_Static_assert(__COUNTER__ > 0 && ((unsigned long long)(%s) & %s) '
                          '== (0x%xull & %s),\n  "%s: %s is not what the kernel\'s headers say");\n'
                          '#endif\n' % (entry.name, entry.name, mask, value & (2 ** 64 - 1), mask,
                                        place(entry.where), entry.name))
    return result


def struct_checks(low, abi):
    result = []
    for name in low.d.structs:
        struct = low.layouts.of_abi(name, abi)
        if struct is None or not struct.kernel_type:
            continue
        size, _, places = low.layouts.measure(name, abi)
        lines = ["#if __has_include(<%s>)\n#include <%s>\n" % ((struct.kernel_header,) * 2),
                 '_Static_assert(__COUNTER__ > 0 && sizeof(%s) == %d, "%s: the size of %s");\n' % (
                     struct.kernel_type, size, place(struct.where), struct.kernel_type)]
        for field, (offset, _) in places.items():
            there = struct.kernel_names.get(field, None if is_padding(field) else field)
            if there is not None:
                lines.append('_Static_assert(offsetof(%s, %s) == %d, "%s: the offset of %s.%s");\n' %
                             (struct.kernel_type, there, offset, place(struct.where), name, field))
        result.append("".join(lines) + "#endif\n")
    return result
