#include "cli/option_table.h"

#include <doctest/doctest.h>

#include <set>
#include <string>
#include <string_view>

#include "cli/getopt.h"

using namespace ttrace;

namespace {

// A value that the row accepts.
std::string good_value(const OptionRow& row) {
  if (row.argument == "[FORMAT]" || row.argument == "[PRECISION]") return "us";
  if (row.name.starts_with("-y")) return "socket";
  if (row.argument == "[SET]") return "exit";
  if (row.argument == "SET") return "failed";
  if (row.name == "--stack-at") return "both";
  if (row.name == "--go-runtime") return "show";
  if (row.argument == "WHEN") return "always";
  if (row.argument == "[FORM]") return "source";
  if (row.argument == "SORTBY" || row.argument == "COLUMNS") return "calls";
  return "1";
}

bool accepts(std::vector<std::string> args) {
  std::vector<const char*> argv = {"ttrace"};
  for (const std::string& arg : args)
    argv.push_back(arg.c_str());
  // Two options say what the summary is like, and need another that asks for one.
  for (std::string_view needy : {"-w", "--summary-wall-clock", "-U", "--summary-columns"}) {
    if (args.front().starts_with(needy)) argv.push_back("-c");
  }
  argv.push_back("true");
  auto options = parse_options(int(argv.size()), argv.data());
  if (!options) MESSAGE(options.error().message());
  if (!options) return false;
  // Help ends the parsing; otherwise nothing of the options is left over for the command.
  return options->action == Options::Action::Help || options->action == Options::Action::Version ||
         options->command == std::vector<std::string>{"true"};
}

}  // namespace

TEST_CASE("every row is accepted in each of its spellings") {
  for (const OptionRow& row : option_table()) {
    OptionNames names = option_names(row);
    Takes takes = option_takes(row);
    CAPTURE(row.name);
    if (names.letter != '\0') {
      std::string letter = {'-', names.letter};
      if (takes == Takes::Required) {
        CHECK(accepts({letter, good_value(row)}));
        CHECK(accepts({letter + good_value(row)}));
      } else {
        CHECK(accepts({letter}));
      }
    }
    for (std::string_view name : names.longs) {
      std::string word = "--" + std::string(name);
      if (takes != Takes::Required) CHECK(accepts({word}));
      if (takes != Takes::Nothing) CHECK(accepts({word + "=" + good_value(row)}));
      if (takes == Takes::Required) CHECK(accepts({word, good_value(row)}));
    }
  }
}

TEST_CASE("no spelling belongs to two rows, and every row is complete") {
  std::set<std::string> seen;
  for (const OptionRow& row : option_table()) {
    CAPTURE(row.name);
    CHECK_FALSE(row.group.empty());
    CHECK_FALSE(row.help.empty());
    CHECK(bool(row.apply));
    OptionNames names = option_names(row);
    if (names.letter != '\0') CHECK(seen.insert(std::string(1, names.letter)).second);
    for (std::string_view name : names.longs)
      CHECK(seen.insert(std::string(name)).second);
  }
  CHECK(seen.size() > 20);
}
