#include <fmt/format.h>

#include <algorithm>

#include "cli/getopt.h"
#include "cli/options.h"

namespace ttrace {

namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kHelpColumn = 27;

// "-s N, --string-limit=N"; "-q, --quiet[=SET]".
std::string spellings(const OptionRow& row) {
  OptionNames names = option_names(row);
  Takes takes = option_takes(row);
  std::string text;
  if (names.letter != '\0') {
    text = std::string{'-', names.letter};
    if (takes == Takes::Required) text += fmt::format(" {}", row.argument);
  }
  for (std::string_view name : names.longs) {
    if (!text.empty()) text += ", ";
    text += fmt::format("--{}", name);
    if (takes == Takes::Required) text += fmt::format("={}", row.argument);
    if (takes == Takes::Optional) text += fmt::format("[={}", row.argument.substr(1));
  }
  return text;
}

// One option: its spellings, then its help from kHelpColumn on.
std::string describe(const OptionRow& row) {
  std::string text = "  " + spellings(row);
  bool beside = text.size() + 2 <= kHelpColumn;
  std::string_view rest = row.help;
  while (!rest.empty()) {
    std::size_t length = std::min(rest.find('\n'), rest.size());
    if (beside) {
      text.append(kHelpColumn - text.size(), ' ');
      beside = false;
    } else {
      text += '\n';
      text.append(kHelpColumn, ' ');
    }
    text += rest.substr(0, length);
    rest.remove_prefix(std::min(length + 1, rest.size()));
  }
  return text + '\n';
}

// "Usage: ttrace [-AfhqrtTV] [-a N] …", broken before kWidth.
std::string usage() {
  std::string letters;
  std::vector<std::string> words;
  for (const OptionRow& row : option_table()) {
    OptionNames names = option_names(row);
    // -p and PROG come last: one of them there must be.
    if (names.letter == 'p') continue;
    if (names.letter != '\0' && option_takes(row) != Takes::Required) {
      letters += names.letter;
    } else if (names.letter != '\0') {
      words.push_back(fmt::format("[-{} {}]", names.letter, row.argument));
    } else if (names.longs[0] == "funcs") {  // of those without a letter, the one to know
      words.push_back(fmt::format("[--{}={}]", names.longs[0], row.argument));
    }
  }
  std::sort(letters.begin(), letters.end());
  words.insert(words.begin(), "[-" + letters + "]");
  words.emplace_back("[-p PID]... PROG [ARGS]");
  std::string text = "Usage: ttrace";
  std::size_t column = text.size();
  const std::string indent(column, ' ');
  for (const std::string& word : words) {
    if (column + 1 + word.size() > kWidth) {
      text += '\n' + indent;
      column = indent.size();
    }
    text += ' ' + word;
    column += 1 + word.size();
  }
  return text + '\n';
}

constexpr std::string_view kIntroduction = R"(
Prints the system calls and signals of a program as they happen and, with
--funcs, the calls of its own functions around them. The program is PROG, run
with ARGS, or the running process PID.
)";

constexpr std::string_view kExamples = R"(
Examples:
  ttrace ls                               every system call of ls
  ttrace -f -e openat ls                  files opened, by child processes too
  ttrace -f ./server 2>&1 | grep connect  one whole line for each call
  ttrace -o trace.txt -tt ./server        into a file, with times
  ttrace -p 1234 --funcs 'net\..*'        functions of a running process
  ttrace --list-funcs --funcs parse ./a   which functions that would be

The manual page ttrace(1) says the rest.
)";

}  // namespace

std::string help_text() {
  std::string text = usage();
  text += kIntroduction;
  std::string_view group;
  for (const OptionRow& row : option_table()) {
    if (row.group != group) text += fmt::format("\n{}:\n", row.group);
    group = row.group;
    text += describe(row);
  }
  text += kExamples;
  return text;
}

std::string version_text() {
  return "ttrace -- version " TTRACE_VERSION
         "\n"
         "Copyright (c) 2026 the ttrace authors.\n"
         "This is free software under the MIT license. There is no warranty, to the\n"
         "extent permitted by law.\n"
         "\n"
         "Optional features: none; function tracing is always built in.\n";
}

}  // namespace ttrace
