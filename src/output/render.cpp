#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/quote.h"
#include "output/text_sink.h"

namespace ttrace {
namespace {

// No decoder nests anywhere near this deep; a cycle made by a faulty one must not eat the stack.
constexpr unsigned kMaxDepth = 64;

class Renderer {
 public:
  explicit Renderer(std::string& out) : out_(out) {}

  void node(const Value& value, bool with_name);

 private:
  void body(const Value& value);
  void numeric(std::uint64_t number, Value::Base base);
  void hex(std::uint64_t number);
  void octal(std::uint64_t number);
  void floating(double number);
  void flags(const Value& value);
  void text_or_hex(std::string_view text, std::uint64_t number);
  void change(std::span<const Value> steps);
  void entry(std::span<const Value> pair);
  void sequence(const Value& value, std::string_view open, std::string_view separator, char close,
                bool with_names);
  template <class Number>
  void decimal(Number number) {
    const fmt::format_int digits(number);
    out_.append(digits.data(), digits.size());
  }

  std::string& out_;
  unsigned depth_ = 0;
};

void Renderer::node(const Value& value, bool with_name) {
  if (depth_ == kMaxDepth) {
    out_ += "...";
    return;
  }
  ++depth_;
  if (with_name && !value.name.empty()) {
    append_printable(value.name, out_);
    out_ += '=';
  }
  body(value);
  if (!value.note.empty()) {
    out_ += '<';
    append_printable(value.note, out_);
    out_ += value.deleted ? ">(deleted)" : ">";
  }
  if (!value.comment.empty()) {
    out_ += " /* ";
    append_printable(value.comment, out_);
    out_ += " */";
  }
  --depth_;
}

void Renderer::hex(std::uint64_t number) {
  // As printf's %#x does, 0 has no prefix.
  if (number == 0) {
    out_ += '0';
    return;
  }
  char digits[16];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number, 16).ptr;
  out_ += "0x";
  out_.append(digits, end);
}

void Renderer::octal(std::uint64_t number) {
  // A file mode has at least three digits (000, 007, 022), and begins with 0 (0644).
  char digits[24];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), number, 8).ptr;
  const auto length = static_cast<std::size_t>(end - digits);
  out_.append(length < 3 ? 3 - length : 1, '0');
  out_.append(digits, length);
}

void Renderer::numeric(std::uint64_t number, Value::Base base) {
  switch (base) {
    case Value::Base::Signed:
      decimal(static_cast<std::int64_t>(number));
      break;
    case Value::Base::Unsigned:
      decimal(number);
      break;
    case Value::Base::Hex:
      hex(number);
      break;
    case Value::Base::Octal:
      octal(number);
      break;
  }
}

void Renderer::floating(double number) {
  if (std::isnan(number)) {
    out_ += "nan";  // its sign and payload say nothing
  } else {
    fmt::format_to(std::back_inserter(out_), "{}", number);
  }
}

void Renderer::flags(const Value& value) {
  if (value.children.empty()) {
    hex(value.number);
    return;
  }
  bool first = true;
  for (const Value& child : value.children) {
    if (!first) out_ += '|';
    first = false;
    node(child, false);
  }
}

void Renderer::sequence(const Value& value, std::string_view open, std::string_view separator,
                        char close, bool with_names) {
  out_ += open;
  bool first = true;
  for (const Value& child : value.children) {
    if (!first) out_ += separator;
    first = false;
    node(child, with_names || child.show_name);
  }
  if (value.truncated) {
    if (!first) out_ += separator;
    out_ += "...";
  }
  out_ += close;
}

void Renderer::text_or_hex(std::string_view text, std::uint64_t number) {
  if (text.empty()) {
    hex(number);
  } else {
    append_printable(text, out_);
  }
}

void Renderer::change(std::span<const Value> steps) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (i > 0) out_ += " => ";
    node(steps[i], steps[i].show_name);
  }
}

void Renderer::entry(std::span<const Value> pair) {
  if (pair.size() != 2) return;
  out_ += '[';
  node(pair[0], false);
  out_ += "]=";
  node(pair[1], false);
}

void Renderer::body(const Value& value) {
  switch (value.kind) {
    case Value::Kind::None:
      break;
    case Value::Kind::Number:
      numeric(value.number, value.base);
      break;
    case Value::Kind::Bool:
      out_ += value.number == 0 ? "false" : "true";
      break;
    case Value::Kind::Char:
      decimal(static_cast<std::int64_t>(value.number));
      append_character(static_cast<std::int64_t>(value.number), out_);
      break;
    case Value::Kind::Float:
      floating(value.as_double());
      break;
    case Value::Kind::Address:
    case Value::Kind::Unreadable:
      text_or_hex(value.number == 0 ? "NULL" : "", value.number);
      break;
    case Value::Kind::Symbol:
      text_or_hex(value.text, value.number);
      break;
    case Value::Kind::Flags:
      flags(value);
      break;
    case Value::Kind::Set:
      sequence(value, value.inverted ? "~[" : "[", " ", ']', false);
      break;
    case Value::Kind::String:
      append_quoted(value.text, out_);
      if (value.truncated) out_ += "...";
      break;
    case Value::Kind::Struct:
      append_printable(value.text, out_);
      sequence(value, "{", ", ", '}', true);
      break;
    case Value::Kind::Array:
      sequence(value, "[", ", ", ']', false);
      break;
    case Value::Kind::Entry:
      entry(value.children);
      break;
    case Value::Kind::Pointer:
      out_ += '&';
      if (!value.children.empty()) node(value.children.front(), false);
      break;
    case Value::Kind::Change:
      change(value.children);
      break;
    case Value::Kind::Call:
      append_printable(value.text, out_);
      sequence(value, "(", ", ", ')', false);
      break;
    case Value::Kind::Text:
      append_printable(value.text, out_);
      break;
    case Value::Kind::Raw:
      hex(value.number);
      break;
    case Value::Kind::OptimizedOut:
      out_ += "<optimized out>";
      break;
  }
}

}  // namespace

void render(const Value& value, std::string& out) {
  Renderer(out).node(value, value.show_name);
}

}  // namespace ttrace
