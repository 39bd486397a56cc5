#include <doctest/doctest.h>

#include <sstream>
#include <string>

#include "cli/getopt.h"
#include "cli/options.h"

using namespace ttrace;

TEST_CASE("the help names every spelling of every row, with its text") {
  const std::string help = help_text();
  for (const OptionRow& row : option_table()) {
    CAPTURE(row.name);
    OptionNames names = option_names(row);
    if (names.letter != '\0') CHECK(help.find(std::string("\n  -") + names.letter) != help.npos);
    for (std::string_view name : names.longs) {
      CHECK(help.find("--" + std::string(name)) != help.npos);
    }
    CHECK(help.find("\n" + std::string(row.group) + ":\n") != help.npos);
    std::istringstream lines{std::string(row.help)};
    for (std::string line; std::getline(lines, line);)
      CHECK(help.find(line) != help.npos);
  }
}

TEST_CASE("the help begins with the usage, has each heading once and fits 80 columns") {
  const std::string help = help_text();
  CHECK(help.starts_with("Usage: ttrace [-"));
  CHECK(help.find("[-p PID]... PROG [ARGS]\n") != help.npos);
  CHECK(help.find("-s N, --string-limit=N ") != help.npos);
  CHECK(help.find("-r, --relative-timestamps[=PRECISION]\n") != help.npos);
  for (std::string heading : {"\nStartup:\n", "\nOutput format:\n", "\nExamples:\n"}) {
    CAPTURE(heading);
    CHECK(help.find(heading) != help.npos);
    CHECK(help.find(heading) == help.rfind(heading));
  }
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(line.size() <= 80);
    CHECK_FALSE(line.ends_with(' '));
  }
  CHECK(help.ends_with('\n'));
}

TEST_CASE("the version is named first") {
  CHECK(version_text().starts_with("ttrace -- version " TTRACE_VERSION "\n"));
  CHECK(version_text().ends_with('\n'));
}
