#include "functions/format_arguments.h"

#include <doctest/doctest.h>

#include "decode/type_reader.h"

using namespace ttrace;
using namespace ttrace::prototypes;

namespace {

std::string shown(const std::optional<std::vector<FormatArgument>>& arguments) {
  if (!arguments) return "?";
  std::string text;
  for (const FormatArgument& a : *arguments) {
    if (!text.empty()) text += ' ';
    if (a.filled) text += '*';
    if (a.type.kind == Type::Kind::Float) text += "float" + std::to_string(a.type.size[0]);
    if (a.type.kind == Type::Kind::LongDouble) text += "long_double";
    if (a.type.kind == Type::Kind::Text) text += "str";
    if (a.type.kind == Type::Kind::WideText) text += "wstr";
    if (a.type.kind == Type::Kind::Char) text += "char" + std::to_string(a.type.size[0]);
    if (a.type.kind == Type::Kind::Bytes) {
      text += "bytes" + std::to_string(a.type.length[0].number);
    }
    for (const auto& row : all_types()) {
      if (a.type.kind == Type::Kind::Described && row.type == a.type.described) {
        text += row.name;
        break;
      }
    }
    if (a.most) text += "." + std::to_string(*a.most);
    if (a.most_from) text += ".@" + std::to_string(*a.most_from);
  }
  return text;
}

std::string printf_shown(std::string_view format) {
  return shown(printf_arguments(format));
}
std::string scanf_shown(std::string_view format) {
  return shown(scanf_arguments(format));
}

}  // namespace

TEST_CASE("what printf takes") {
  CHECK(printf_shown("nothing, 100%%, %m") == "");
  CHECK(printf_shown("%d %i %u") == printf_shown("%d%d%u"));
  CHECK(printf_shown("%s %.3s %ls %S") == "str str.3 wstr wstr");
  CHECK(printf_shown("%5.2f %Lg %a") == "float8 long_double float8");
  CHECK(printf_shown("%c%lc") == "char1 char4");
  CHECK(printf_shown("%*d").find(' ') != std::string::npos);
  CHECK(printf_shown("%.*s").ends_with(" str.@0"));
  CHECK(printf_shown("%n")[0] == '*');
}

TEST_CASE("positions, and what is not known") {
  CHECK(printf_shown("%2$s %1$f") == "float8 str");
  CHECK(printf_shown("%2$s") == "?");  // nobody knows how large the first is
  CHECK(printf_shown("%y") == "?");
  CHECK(printf_shown("%") == "?");
  CHECK(printf_shown("%99999999999$d") == "?");
}

TEST_CASE("what scanf fills in") {
  CHECK(scanf_shown("%s %*d %3c") == "*str *bytes3");
  CHECK(scanf_shown("%f %lf %Lf") == "*float4 *float8 *long_double");
  CHECK(scanf_shown("%[^]a-z]") == "*str");
  CHECK(scanf_shown("%[abc") == "?");
  CHECK(scanf_shown("%1$d") == "?");
}
