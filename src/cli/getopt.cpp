#include "cli/getopt.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace ttrace {

namespace {

class Splitter {
 public:
  Splitter(std::span<const std::string_view> args, std::span<const OptionRow> table) : args_(args) {
    for (const OptionRow& row : table) {
      names_.push_back(option_names(row));
      takes_.push_back(option_takes(row));
    }
  }

  SplitLine run() {
    while (next_ < args_.size() && !line_.error) {
      std::string_view arg = args_[next_];
      if (arg == "--") {
        ++next_;
        break;
      }
      if (arg.size() < 2 || arg[0] != '-') break;
      ++next_;
      if (arg[1] == '-') {
        take_long(arg);
      } else {
        take_letters(arg.substr(1));
      }
    }
    if (!line_.error) line_.operands.assign(args_.begin() + std::ptrdiff_t(next_), args_.end());
    return std::move(line_);
  }

 private:
  void take_letters(std::string_view letters) {
    while (!letters.empty()) {
      char letter = letters[0];
      letters.remove_prefix(1);
      auto found = std::find_if(names_.begin(), names_.end(),
                                [&](const OptionNames& names) { return names.letter == letter; });
      if (letter == '\0' || found == names_.end()) {
        line_.error = std::string("invalid option -- '") + letter + "'";
        return;
      }
      std::size_t row = std::size_t(found - names_.begin());
      std::string spelled = {'-', letter};
      // An optional value belongs to the long form: -qf is -q and -f.
      if (takes_[row] != Takes::Required) {
        line_.options.push_back({row, spelled, std::nullopt});
        continue;
      }
      if (letters.empty() && next_ == args_.size()) {
        line_.error = std::string("option requires an argument -- '") + letter + "'";
        return;
      }
      line_.options.push_back(
          {row, spelled, std::string(letters.empty() ? args_[next_++] : letters)});
      return;
    }
  }

  struct Match {
    std::size_t row;
    std::string_view name;
  };

  // An exact name, or every name that begins with what was typed.
  std::vector<Match> matches(std::string_view typed) const {
    std::vector<Match> found;
    for (std::size_t row = 0; row < names_.size(); ++row) {
      for (std::string_view name : names_[row].longs) {
        if (name == typed) return {{row, name}};
        if (name.starts_with(typed)) found.push_back({row, name});
      }
    }
    return found;
  }

  void take_long(std::string_view arg) {
    std::size_t equals = arg.find('=');
    std::vector<Match> found = matches(arg.substr(2, equals - std::min<std::size_t>(equals, 2)));
    if (found.empty()) {
      line_.error = "unrecognized option '" + std::string(arg) + "'";
      return;
    }
    // Two names of one option are no ambiguity.
    bool ambiguous = std::any_of(found.begin(), found.end(),
                                 [&](const Match& match) { return match.row != found[0].row; });
    if (ambiguous) {
      std::string text = "option '" + std::string(arg) + "' is ambiguous; possibilities:";
      for (const Match& match : found)
        text += " '--" + std::string(match.name) + "'";
      line_.error = text;
      return;
    }
    auto [row, name] = found[0];
    std::string spelled = "--" + std::string(name);
    if (equals != std::string_view::npos) {
      if (takes_[row] == Takes::Nothing) {
        line_.error = "option '" + spelled + "' doesn't allow an argument";
        return;
      }
      line_.options.push_back({row, spelled, std::string(arg.substr(equals + 1))});
    } else if (takes_[row] != Takes::Required) {
      line_.options.push_back({row, spelled, std::nullopt});
    } else if (next_ == args_.size()) {
      line_.error = "option '" + spelled + "' requires an argument";
    } else {
      line_.options.push_back({row, spelled, std::string(args_[next_++])});
    }
  }

  std::span<const std::string_view> args_;
  std::vector<OptionNames> names_;
  std::vector<Takes> takes_;
  std::size_t next_ = 0;
  SplitLine line_;
};

}  // namespace

OptionNames option_names(const OptionRow& row) {
  OptionNames names;
  std::string_view rest = row.name;
  while (!rest.empty()) {
    std::size_t comma = rest.find(',');
    std::string_view name = rest.substr(0, comma);
    if (name.starts_with("--")) {
      names.longs.push_back(name.substr(2));
    } else {
      names.letter = name[1];
    }
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
  }
  return names;
}

Takes option_takes(const OptionRow& row) {
  if (row.argument.empty()) return Takes::Nothing;
  return row.argument.starts_with('[') ? Takes::Optional : Takes::Required;
}

SplitLine split_command_line(std::span<const std::string_view> args,
                             std::span<const OptionRow> table) {
  return Splitter(args, table).run();
}

}  // namespace ttrace
