#include "functions/format_arguments.h"

#include <algorithm>
#include <array>

#include "functions/prototype_types.h"

namespace ttrace::prototypes {

namespace {

// More arguments than this no format has.
constexpr std::size_t kMost = 64;

// What stands between % and the letter.
struct Conversion {
  std::optional<std::size_t> position;  // 2$, counted from 0
  bool width_given = false;             // *
  std::optional<std::size_t> width_position;
  std::optional<std::uint64_t> width;
  bool precision_given = false;  // .*
  std::optional<std::size_t> precision_position;
  std::optional<std::uint64_t> precision;
  bool suppressed = false;  // scanf's *
  bool allocates = false;   // scanf's m
  std::string_view size;    // hh h l ll q j z t L, as in the format
  char letter = 0;
};

/// The type that a letter and a size make.
struct Row {
  std::string_view letters;
  std::string_view size;
  std::string_view type;
};
constexpr std::array<Row, 31> kRows{{
    {"di", "", "int"},     {"di", "hh", "s8"},   {"di", "h", "s16"},   {"di", "l", "long"},
    {"di", "ll", "s64"},   {"di", "q", "s64"},   {"di", "L", "s64"},   {"di", "j", "s64"},
    {"di", "z", "ssize"},  {"di", "t", "long"},  {"uo", "", "uint"},   {"uo", "hh", "u8"},
    {"uo", "h", "u16"},    {"uo", "l", "ulong"}, {"uo", "ll", "u64"},  {"uo", "q", "u64"},
    {"uo", "L", "u64"},    {"uo", "j", "u64"},   {"uo", "z", "size"},  {"uo", "t", "ulong"},
    {"xX", "", "hex32"},   {"xX", "hh", "hex8"}, {"xX", "h", "hex16"}, {"xX", "l", "hex"},
    {"xX", "ll", "hex64"}, {"xX", "q", "hex64"}, {"xX", "L", "hex64"}, {"xX", "j", "hex64"},
    {"xX", "z", "hex"},    {"xX", "t", "hex"},   {"p", "", "addr"},
}};
constexpr std::string_view kFloats = "fFeEgGaA";

std::optional<Type> named(std::string_view name) {
  static const NamedTypes none;
  return type_named(name, none);
}

std::optional<Type> number_type(const Conversion& c) {
  for (const Row& row : kRows) {
    if (row.size == c.size && row.letters.find(c.letter) != std::string_view::npos) {
      return named(row.type);
    }
  }
  return std::nullopt;
}

class Scanner {
 public:
  explicit Scanner(std::string_view format) : rest_(format) {}

  /// Moves behind the next %; false: there is none.
  bool next() {
    const std::size_t at = rest_.find('%');
    if (at == std::string_view::npos) return false;
    rest_.remove_prefix(at + 1);
    return true;
  }
  bool accept(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::string_view any_of(std::string_view characters) {
    const std::size_t length = std::min(rest_.find_first_not_of(characters), rest_.size());
    const std::string_view taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }
  std::optional<std::uint64_t> number() {
    const std::string_view digits = any_of("0123456789");
    if (digits.empty()) return std::nullopt;
    std::uint64_t value = 0;
    for (char digit : digits)
      value =
          std::min<std::uint64_t>(value * 10 + static_cast<unsigned char>(digit - '0'), 1U << 30);
    return value;
  }
  /// `2$`; nothing is taken when it is not there.
  std::optional<std::size_t> position() {
    const std::string_view before = rest_;
    auto value = number();
    if (value && *value > 0 && accept('$')) return static_cast<std::size_t>(*value - 1);
    rest_ = before;
    return std::nullopt;
  }
  std::string_view size() {
    for (std::string_view size : {"hh", "h", "ll", "l", "q", "j", "z", "t", "L"}) {
      if (rest_.starts_with(size)) {
        rest_.remove_prefix(size.size());
        return size;
      }
    }
    return {};
  }
  char letter() {
    if (rest_.empty()) return 0;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }
  /// Behind `[`: to the `]` that ends the set. False: it does not end.
  bool skip_set() {
    accept('^');
    accept(']');
    const std::size_t end = rest_.find(']');
    if (end == std::string_view::npos) return false;
    rest_.remove_prefix(end + 1);
    return true;
  }

 private:
  std::string_view rest_;
};

Conversion printf_conversion(Scanner& scanner) {
  Conversion c;
  c.position = scanner.position();
  scanner.any_of("-+ #0'I");
  if (scanner.accept('*')) {
    c.width_given = true;
    c.width_position = scanner.position();
  } else {
    c.width = scanner.number();
  }
  if (scanner.accept('.')) {
    if (scanner.accept('*')) {
      c.precision_given = true;
      c.precision_position = scanner.position();
    } else {
      c.precision = scanner.number().value_or(0);
    }
  }
  c.size = scanner.size();
  c.letter = scanner.letter();
  return c;
}

/// Puts arguments at their places, in order or by position.
class Places {
 public:
  /// The index; nullopt: there are too many, or the same one is two different things.
  std::optional<std::size_t> put(std::optional<std::size_t> position, FormatArgument argument) {
    const std::size_t at = position.value_or(next_);
    if (!position) ++next_;
    if (at >= kMost) return std::nullopt;
    if (all_.size() <= at) all_.resize(at + 1);
    all_[at] = std::move(argument);
    return at;
  }
  std::optional<std::vector<FormatArgument>> take() {
    std::vector<FormatArgument> arguments;
    for (auto& argument : all_) {
      if (!argument) return std::nullopt;
      arguments.push_back(std::move(*argument));
    }
    return arguments;
  }

 private:
  std::size_t next_ = 0;
  std::vector<std::optional<FormatArgument>> all_;
};

FormatArgument value_of(Type type) {
  FormatArgument argument;
  argument.type = std::move(type);
  return argument;
}

// What a letter of printf takes; nullopt: it is not known.
std::optional<FormatArgument> printf_argument(const Conversion& c) {
  FormatArgument argument;
  std::optional<Type> type;
  const bool wide = c.size == "l";
  if (c.letter == 's' || c.letter == 'S') {
    type = named(wide || c.letter == 'S' ? "wstr" : "str");
    argument.pointed = true;
    argument.most = c.precision;
  } else if (c.letter == 'c' || c.letter == 'C') {
    type = named(wide || c.letter == 'C' ? "wchar" : "char");
  } else if (kFloats.find(c.letter) != std::string_view::npos && c.letter != 0) {
    type = named(c.size == "L" ? "long_double" : "double");
  } else if (c.letter == 'n') {
    Conversion counted = c;
    counted.letter = 'd';
    type = number_type(counted);
    argument.pointed = argument.filled = true;
  } else {
    type = number_type(c);
  }
  if (!type) return std::nullopt;
  argument.type = std::move(*type);
  return argument;
}

}  // namespace

std::optional<std::vector<FormatArgument>> printf_arguments(std::string_view format) {
  Scanner scanner(format);
  Places places;
  while (scanner.next()) {
    if (scanner.accept('%')) continue;
    const Conversion c = printf_conversion(scanner);
    if (c.width_given && !places.put(c.width_position, value_of(*named("int")))) return {};
    std::optional<std::size_t> precision;
    if (c.precision_given) {
      precision = places.put(c.precision_position, value_of(*named("int")));
      if (!precision) return std::nullopt;
    }
    if (c.letter == 'm') continue;  // errno's message: of no argument
    auto argument = printf_argument(c);
    if (!argument) return std::nullopt;
    argument->most_from = precision;
    if (!places.put(c.position, std::move(*argument))) return std::nullopt;
  }
  return places.take();
}

namespace {

Conversion scanf_conversion(Scanner& scanner) {
  Conversion c;
  c.position = scanner.position();
  c.suppressed = scanner.accept('*');
  scanner.any_of("'I");
  c.width = scanner.number();
  c.allocates = scanner.accept('m');
  c.size = scanner.size();
  c.letter = scanner.letter();
  return c;
}

std::optional<Type> scanf_type(const Conversion& c) {
  const bool wide = c.size == "l";
  if (c.letter == 's' || c.letter == '[') {
    if (c.allocates) return named("addr");
    return named(wide ? "wstr" : "str");
  }
  if (c.letter == 'c' && !wide && !c.allocates) {
    Type bytes;
    bytes.kind = Type::Kind::Bytes;
    bytes.length = {{Operand::Source::Literal, c.width.value_or(1)}};
    return bytes;
  }
  if (c.letter != 0 && kFloats.find(c.letter) != std::string_view::npos) {
    return named(c.size == "L" ? "long_double" : wide ? "double" : "float");
  }
  return number_type(c);
}

}  // namespace

std::optional<std::vector<FormatArgument>> scanf_arguments(std::string_view format) {
  Scanner scanner(format);
  std::vector<FormatArgument> arguments;
  while (scanner.next()) {
    if (scanner.accept('%')) continue;
    const Conversion c = scanf_conversion(scanner);
    if (c.letter == '[' && !scanner.skip_set()) return std::nullopt;
    if (c.position || arguments.size() >= kMost) return std::nullopt;
    if (c.suppressed) continue;
    FormatArgument argument;
    auto type = c.letter == 'n' ? named("addr") : scanf_type(c);
    if (!type) return std::nullopt;
    argument.type = std::move(*type);
    // %n is not counted by the result, so nobody knows whether it was reached.
    argument.pointed = argument.filled = c.letter != 'n';
    arguments.push_back(std::move(argument));
  }
  return arguments;
}

}  // namespace ttrace::prototypes
