#include "cli/getopt.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace ttrace;

namespace {

// A table of its own: what is tested is the splitting, not ttrace's options.
constexpr OptionRow kRows[] = {
    {"-f,--follow-forks", "", "", "", nullptr},
    {"-t,--absolute-timestamps,--timestamps", "[FORMAT]", "", "", nullptr},
    {"-s,--string-limit", "N", "", "", nullptr},
    {"--strings-in-hex", "[SET]", "", "", nullptr},
    {"-q,--quiet,--silent,--silence", "[SET]", "", "", nullptr},
    {"--output-separately", "", "", "", nullptr},
    {"-o,--output", "FILE", "", "", nullptr},
    {"-e", "EXPR", "", "", nullptr},
};

// "-s=5 --quiet | ls -l" or "-f ! message": options, then operands or the error.
std::string split(std::vector<std::string_view> args) {
  SplitLine line = split_command_line(args, kRows);
  std::string text;
  for (const FoundOption& option : line.options) {
    text += option.spelled;
    if (option.value) text += "=" + *option.value;
    text += ' ';
  }
  text += line.error ? "! " + *line.error : "|";
  for (const std::string& operand : line.operands)
    text += ' ' + operand;
  return text;
}

}  // namespace

TEST_CASE("letters may be bundled, and the last may carry its value") {
  CHECK(split({"-ft"}) == "-f -t |");
  CHECK(split({"-fs5", "ls"}) == "-f -s=5 | ls");
  CHECK(split({"-fs", "5", "ls"}) == "-f -s=5 | ls");
  CHECK(split({"-sf"}) == "-s=f |");
  CHECK(split({"-s", "-f"}) == "-s=-f |");
  CHECK(split({"-s", "--", "ls"}) == "-s=-- | ls");
  CHECK(split({"-s", "", "ls"}) == "-s= | ls");
  CHECK(split({"-qqq", "-q"}) == "-q -q -q -q |");
}

TEST_CASE("an optional value belongs to the long form, behind an equals sign") {
  CHECK(split({"-t", "us"}) == "-t | us");
  CHECK(split({"--timestamps", "us"}) == "--timestamps | us");
  CHECK(split({"--timestamps=us"}) == "--timestamps=us |");
  CHECK(split({"--timestamps="}) == "--timestamps= |");
  CHECK(split({"--timestamps=a=b"}) == "--timestamps=a=b |");
}

TEST_CASE("long options may be abbreviated as long as one option is meant") {
  CHECK(split({"--fol", "--time", "--str-"}) ==
        "--follow-forks --timestamps ! unrecognized option '--str-'");
  CHECK(split({"--string-l=3"}) == "--string-limit=3 |");
  CHECK(split({"--sil"}) == "--silent |");
  CHECK(split({"--output=x"}) == "--output=x |");
  CHECK(split({"--output-s"}) == "--output-separately |");
  CHECK(split({"--str=x"}) ==
        "! option '--str=x' is ambiguous; possibilities: '--string-limit' '--strings-in-hex'");
  CHECK(split({"--out"}) ==
        "! option '--out' is ambiguous; possibilities: '--output-separately' '--output'");
}

TEST_CASE("options end at the program's name") {
  CHECK(split({"ls", "--bogus", "-l"}) == "| ls --bogus -l");
  CHECK(split({"-f", "ls", "-f"}) == "-f | ls -f");
  CHECK(split({"-f", "--", "-f", "--"}) == "-f | -f --");
  CHECK(split({"--", "--", "x"}) == "| -- x");
  CHECK(split({"-", "-f"}) == "| - -f");
  CHECK(split({"", "-f"}) == "|  -f");
  CHECK(split({}) == "|");
}

TEST_CASE("what is no option gets getopt's message") {
  CHECK(split({"-Q"}) == "! invalid option -- 'Q'");
  CHECK(split({"-f5"}) == "-f ! invalid option -- '5'");
  CHECK(split({"-f="}) == "-f ! invalid option -- '='");
  CHECK(split({"-f--"}) == "-f ! invalid option -- '-'");
  CHECK(split({"--bogus=3", "-f"}) == "! unrecognized option '--bogus=3'");
  CHECK(split({"---"}) == "! unrecognized option '---'");
  CHECK(split({"-fs"}) == "-f ! option requires an argument -- 's'");
  CHECK(split({"--string-l"}) == "! option '--string-limit' requires an argument");
  CHECK(split({"--follow=3"}) == "! option '--follow-forks' doesn't allow an argument");
  CHECK(split({"-f", "--no", "ls"}) == "-f ! unrecognized option '--no'");
}

TEST_CASE("a row's names and kind come from its text") {
  OptionNames names = option_names(kRows[1]);
  CHECK(names.letter == 't');
  CHECK(names.longs == std::vector<std::string_view>{"absolute-timestamps", "timestamps"});
  CHECK(option_names(kRows[5]).letter == '\0');
  CHECK(option_names(kRows[7]).longs.empty());
  CHECK(option_takes(kRows[0]) == Takes::Nothing);
  CHECK(option_takes(kRows[1]) == Takes::Optional);
  CHECK(option_takes(kRows[2]) == Takes::Required);
}
