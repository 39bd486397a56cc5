#include "functions/prototype_parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "decode/type_reader.h"
#include "functions/prototype_tokens.h"
#include "functions/prototype_types.h"

namespace ttrace::prototypes {

namespace {

using Kind = Type::Kind;
using Names = std::shared_ptr<const std::vector<std::string>>;

/// What a type's length and an argument's condition can refer to.
struct Scope {
  const std::vector<Argument>* arguments = nullptr;  // null: of a structure's field, nothing
  const Type* result = nullptr;                      // of `ret`; null: it is not known
  bool later = false;  // they are looked up when all is known: a length may name what comes later
};

struct TypeUse {
  Type type;
  Direction direction = Direction::Value;
  std::string_view name;
  unsigned line = 0;
};

class Parser {
 public:
  Parser(Tokens tokens, NamedTypes& types) : tokens_(std::move(tokens)), types_(types) {}

  Result<std::vector<Prototype>> parse() {
    while (!tokens_.at_end())
      statement();
    if (tokens_.failed()) return tokens_.error();
    return std::move(prototypes_);
  }

 private:
  void statement();
  void refuse();
  void library();
  void constant_set(bool flags);
  void constants(ConstantSet& set);
  std::vector<PerAbi<std::optional<std::uint64_t>>> constant_values(std::size_t count);
  void structure();
  void function();
  std::vector<Argument> arguments(const Scope& scope, bool& variadic);
  Argument argument(const std::vector<Argument>& before, const Scope& scope);
  void signature(Prototype& prototype, const Scope& scope);
  void result(Prototype& prototype, const Scope& scope);
  void add(const Prototype& prototype, std::string_view name, unsigned line);
  void define(std::string_view name, unsigned line);

  TypeUse type(const Scope& scope);
  Direction direction();
  void length(TypeUse& use, const Scope& scope);
  void storage(TypeUse& use);
  void check_followed(const TypeUse& use, std::string_view what);
  std::optional<Operand> operand(const Scope& scope, const Type** type = nullptr);
  std::optional<Condition> condition(const Scope& scope);
  void alternatives(Condition& condition, const Scope& scope, const Type* type);
  Type result_type();

  Tokens tokens_;
  NamedTypes& types_;
  std::vector<Prototype> prototypes_;
  Names libraries_;
};

// What the language has for syscalls alone.
struct Refused {
  std::string_view word;
  std::string_view why;
};
constexpr std::array<Refused, 3> kRefused{{
    {"class", "classes select syscalls; functions are chosen by --funcs"},
    {"custom", "custom types are ttrace's own; functions can use those of syscalls/"},
    {"include", "headers are not compared with prototypes"},
}};

void Parser::statement() {
  const Token& token = tokens_.now();
  const bool call = tokens_.next().is("(") || tokens_.next().is(",");
  if (token.is("[") || (token.kind == Token::Kind::Name && call)) {
    function();
  } else if (token.is("library")) {
    library();
  } else if (token.is("enum") || token.is("flags")) {
    constant_set(tokens_.take().text == "flags");
  } else if (token.is("struct")) {
    structure();
  } else {
    refuse();
  }
}

void Parser::refuse() {
  const Token& token = tokens_.now();
  const auto* refused = std::ranges::find(kRefused, token.text, &Refused::word);
  if (refused != kRefused.end()) {
    tokens_.fail_here(fmt::format("'{}' is not supported here: {}", refused->word, refused->why));
  } else if (token.kind == Token::Kind::Name && tokens_.next().is("@")) {
    tokens_.fail_here("a function has no number");
  } else if (token.kind == Token::Kind::Name && tokens_.next().is("$")) {
    tokens_.fail_here("variants ('$') are for syscalls; give arguments conditions");
  } else {
    tokens_.fail_here(fmt::format("expected a function, library, enum, flags or struct, found {}",
                                  token.shown()));
  }
}

void Parser::library() {
  tokens_.take();
  auto names = std::make_shared<std::vector<std::string>>();
  while (tokens_.now().kind == Token::Kind::String)
    names->emplace_back(tokens_.take().text);
  if (names->empty()) {
    tokens_.fail_here(fmt::format("expected a library's name in quotes, as \"libc.so*\", found {}",
                                  tokens_.now().shown()));
  }
  libraries_ = std::move(names);
}

void Parser::define(std::string_view name, unsigned line) {
  if (type_named(name, types_)) {
    tokens_.fail(line, fmt::format("the type '{}' is already defined", name));
  }
}

// --- constants ----------------------------------------------------------------------------------

void Parser::constant_set(bool flags) {
  auto set = std::make_shared<ConstantSet>();
  set->flags = flags;
  const unsigned line = tokens_.now().line;
  set->name = tokens_.name(flags ? "a name after 'flags'" : "a name after 'enum'");
  define(set->name, line);
  if (tokens_.accept(":")) {
    const std::string_view storage = tokens_.name("a scalar type");
    set->is_signed = storage == "s32" || storage == "int";
    if (!set->is_signed && storage != "u32" && storage != "uint") {
      tokens_.fail_here(
          fmt::format("a set is stored as s32 or u32 here, not as '{}'; where it is "
                      "used it can be NAME(u16)",
                      storage));
    }
  }
  if (tokens_.now().kind == Token::Kind::String) set->family = tokens_.take().text;
  if (tokens_.accept("decimal")) set->decimal = true;
  tokens_.expect("{", " and constants");
  while (!tokens_.at_end() && !tokens_.accept("}"))
    constants(*set);
  if (!tokens_.failed()) types_.sets.emplace(set->name, std::move(set));
}

// `A = 1`, `A|B of 0x3 = 0 1`.
void Parser::constants(ConstantSet& set) {
  const unsigned line = tokens_.now().line;
  std::vector<std::string> names{std::string(tokens_.name("a constant or '}'"))};
  if (tokens_.now().kind == Token::Kind::Name) {
    tokens_.fail_here(
        fmt::format("expected '=' after '{}', found {}", names.front(), tokens_.now().shown()));
  }
  while (tokens_.accept("|"))
    names.emplace_back(tokens_.name("a constant after '|'"));
  std::uint64_t mask = 0;
  if (tokens_.accept("of")) {
    mask = tokens_.number("a mask after 'of'");
    if (!set.flags) tokens_.fail(line, "an enum has no masks: its values exclude each other");
    if (mask == 0) tokens_.fail(line, "a mask has at least one bit");
  } else if (names.size() > 1) {
    tokens_.fail_here("expected 'of MASK' after a group of constants");
  }
  tokens_.expect("=", fmt::format(" after '{}'", names.back()));
  const auto values = constant_values(names.size());
  for (std::size_t i = 0; i < names.size() && !tokens_.failed(); ++i) {
    if (std::ranges::find(set.constants, names[i], &Constant::name) != set.constants.end()) {
      tokens_.fail(line, fmt::format("'{}' is there twice", names[i]));
    }
    set.constants.push_back({names[i], values[i], mask});
  }
}

// `0x10000 aarch64:0x4000 i386:none`, for each of `count` names.
std::vector<PerAbi<std::optional<std::uint64_t>>> Parser::constant_values(std::size_t count) {
  std::vector<PerAbi<std::optional<std::uint64_t>>> all;
  auto value = [&]() -> std::optional<std::uint64_t> {
    if (tokens_.accept("none")) return std::nullopt;
    return tokens_.number("a value or 'none'") & 0xffffffff;
  };
  for (std::size_t i = 0; i < count && !tokens_.failed(); ++i) {
    PerAbi<std::optional<std::uint64_t>> values{};
    values.fill(value());
    while (tokens_.now().kind == Token::Kind::Name && tokens_.next().is(":")) {
      const Abi abi = tokens_.abi();
      tokens_.expect(":");
      values.at(index_of(abi)) = value();
    }
    all.push_back(values);
  }
  return all;
}

// --- structures ---------------------------------------------------------------------------------

void Parser::structure() {
  tokens_.take();
  auto structure = std::make_shared<Structure>();
  const unsigned line = tokens_.now().line;
  structure->name = tokens_.name("the structure's name");
  define(structure->name, line);
  tokens_.expect("{", " and fields; a structure has no parameters here");
  while (!tokens_.at_end() && !tokens_.accept("}")) {
    const unsigned at = tokens_.now().line;
    const std::string_view name = tokens_.name("a field or '}'");
    if (name == "union" && tokens_.now().is("{")) tokens_.fail(at, "unions are not supported here");
    tokens_.expect(":", fmt::format(" and a type after the field '{}'", name));
    TypeUse use = type({});
    if (use.direction == Direction::InOut) tokens_.fail(at, "a field is 'in' or 'out'");
    if (use.direction == Direction::Value && use.type.size[0] == 0) {
      tokens_.fail(at, fmt::format("the size of '{}' is not known: a field can point to it ('in')",
                                   use.name));
    }
    if (tokens_.now().is("if")) tokens_.fail_here("fields have no conditions here");
    structure->fields.push_back({std::string(name), std::move(use.type), use.direction, {}});
  }
  for (std::string_view clause : {"order", "brief", "packed", "is"}) {
    if (tokens_.now().is(clause) && !tokens_.next().is(",") && clause != "is") {
      tokens_.fail_here(fmt::format("'{}' is not supported here", clause));
    }
  }
  if (structure->fields.empty()) tokens_.fail(line, "a structure has fields");
  if (!lay_out(*structure)) tokens_.fail(line, "a structure is larger than 65535 bytes");
  if (!tokens_.failed()) types_.structures.emplace(structure->name, std::move(structure));
}

// --- types --------------------------------------------------------------------------------------

Direction Parser::direction() {
  if (tokens_.accept("in")) return Direction::In;
  if (tokens_.accept("out")) return Direction::Out;
  if (tokens_.accept("inout")) return Direction::InOut;
  return Direction::Value;
}

TypeUse Parser::type(const Scope& scope) {
  TypeUse use;
  use.direction = direction();
  use.line = tokens_.now().line;
  use.name = tokens_.name("a type");
  if (tokens_.failed()) return use;
  if (use.name == "bytes") {
    use.type.kind = Kind::Bytes;
    use.type.align.fill(1);
    if (!tokens_.now().is("[")) tokens_.fail(use.line, "bytes need a length: bytes[count]");
  } else if (auto named = type_named(use.name, types_)) {
    use.type = std::move(*named);
  } else {
    tokens_.fail(use.line,
                 fmt::format("unknown type '{}'{}", use.name, hint(use.name, known_types(types_))));
  }
  if (tokens_.now().is("(")) storage(use);
  // On a line of its own it begins the next function: [i386] f() -> int.
  if (tokens_.now().is("[") && tokens_.now().line == use.line) length(use, scope);
  return use;
}

// `open_flags(u16)`: a set that is held in something of another size.
void Parser::storage(TypeUse& use) {
  tokens_.expect("(");
  const std::string_view name = tokens_.name("a scalar type");
  tokens_.expect(")", " after the type");
  auto held = type_named(name, types_);
  const bool set = use.type.kind == Kind::Set ||
                   (use.type.kind == Kind::Described && is_constant_set(use.type.described));
  if (!set) {
    tokens_.fail(use.line, "only an enum or flags can be stored as another type");
  } else if (!held || held->kind != Kind::Described || held->in_memory()) {
    tokens_.fail(use.line, fmt::format("'{}' is no scalar type", name));
  } else {
    use.type.size = held->size;
    use.type.align = held->align;
  }
}

void Parser::length(TypeUse& use, const Scope& scope) {
  tokens_.expect("[");
  Length length;
  do {
    if (auto number = operand(scope)) length.push_back(*number);
  } while (length.size() < 2 && tokens_.accept("*"));
  if (tokens_.now().is("bytes")) {
    tokens_.fail_here("structures that grow ('[n bytes]') are not supported here");
  }
  tokens_.expect("]", " after the length");
  if (tokens_.failed()) return;
  const bool constant = length.size() == 1 && length.front().source == Operand::Source::Literal;
  const std::uint64_t count = constant ? length.front().number : 0;
  Type& type = use.type;
  const bool text = type.kind == Kind::Text || type.kind == Kind::WideText;
  if (type.kind == Kind::Bytes || text || (type.kind == Kind::Described && type.size[0] == 0)) {
    type.length = std::move(length);
    if (type.kind != Kind::Bytes || !constant) return;
  } else if (type.kind == Kind::Char && type.size[0] == 1 && constant) {
    type.kind = Kind::CharArray;
  } else if (type.size[0] == 0) {
    tokens_.fail(use.line, fmt::format("'{}' has no length", use.name));
    return;
  } else {
    auto element = std::make_shared<Type>(type);
    type.kind = Kind::Array;
    type.element = std::move(element);
    type.length = std::move(length);
  }
  const std::uint64_t one = std::max(*std::ranges::max_element(type.size), 1U);
  if (count > kLargest || count * one > kLargest || (constant && count == 0)) {
    tokens_.fail(use.line, "an array has 1 to 65535 bytes");
    return;
  }
  if (type.kind == Kind::Bytes) type.size.fill(1);
  for (std::uint32_t& size : type.size)
    size *= static_cast<std::uint32_t>(count);
}

// What can be done with it, by whether it is in memory and whether a pointer to it is followed.
void Parser::check_followed(const TypeUse& use, std::string_view what) {
  const bool followed = use.direction != Direction::Value;
  const bool by_value = use.type.kind == Kind::Struct;
  if (!followed && use.type.in_memory() && !by_value) {
    tokens_.fail(use.line,
                 fmt::format("{} cannot be a '{}' itself: write 'in' or 'out' for a pointer "
                             "to one",
                             what, use.name));
  }
  if (followed && use.type.kind == Kind::Void) {
    tokens_.fail(use.line, "a pointer to void is an addr");
  }
}

std::optional<Operand> Parser::operand(const Scope& scope, const Type** type) {
  const unsigned line = tokens_.now().line;
  if (tokens_.now().kind == Token::Kind::Number) {
    return Operand{Operand::Source::Literal, tokens_.number("a number")};
  }
  const bool pointed = tokens_.accept("*");
  const std::string_view name = tokens_.name("a number, an argument or 'ret'");
  if (name == "ret" && !pointed) {
    if (!scope.result && !scope.later)
      tokens_.fail(line, "'ret' is known when the call has returned: of an 'out'");
    if (type != nullptr) *type = scope.result;
    return Operand{Operand::Source::Return, 0};
  }
  if (scope.later) return Operand{Operand::Source::Argument, 0};
  if (scope.arguments == nullptr) {
    tokens_.fail(line, "a field's length is a number here");
    return std::nullopt;
  }
  const auto found = std::ranges::find(*scope.arguments, name, &Argument::name);
  if (found == scope.arguments->end()) {
    tokens_.fail(line, fmt::format("there is no argument '{}'", name));
    return std::nullopt;
  }
  if (pointed != (found->direction != Direction::Value)) {
    tokens_.fail(line, pointed ? fmt::format("'{}' is not a pointer", name)
                               : fmt::format("'{0}' is a pointer: write '*{0}'", name));
  }
  if (!is_number(found->type)) tokens_.fail(line, fmt::format("'{}' is not a number", name));
  if (type != nullptr) *type = &found->type;
  return Operand{pointed ? Operand::Source::Pointed : Operand::Source::Argument,
                 static_cast<std::uint64_t>(found - scope.arguments->begin())};
}

std::optional<Condition> Parser::condition(const Scope& scope) {
  if (!tokens_.accept("if")) return std::nullopt;
  const Type* type = nullptr;
  Condition condition;
  condition.operand = operand(scope, &type).value_or(Operand{});
  if (tokens_.accept("&")) {
    condition.test = Condition::Test::AnyBit;
    alternatives(condition, scope, type);
  } else if (tokens_.accept("==")) {
    condition.test = Condition::Test::Is;
    alternatives(condition, scope, type);
  } else if (tokens_.accept("!=")) {
    condition.test = Condition::Test::IsNot;
    alternatives(condition, scope, type);
  } else if (tokens_.accept(">")) {
    condition.test = Condition::Test::Above;
    condition.values.emplace_back().fill(tokens_.number("a number after '>'"));
  } else if (tokens_.now().is("of")) {
    tokens_.fail_here("masks in conditions are not supported here");
  }
  return condition;
}

void Parser::alternatives(Condition& condition, const Scope& scope, const Type* type) {
  do {
    const unsigned line = tokens_.now().line;
    if (tokens_.now().kind == Token::Kind::Number) {
      condition.values.emplace_back().fill(tokens_.number("a number"));
      continue;
    }
    const std::string_view name = tokens_.name("a constant");
    // As for syscalls, what a call returned may be named as an error.
    static const std::optional<Type> errors = type_named("errors", {});
    auto values = type != nullptr ? constant_value(*type, name) : std::nullopt;
    if (!values && type != nullptr && type == scope.result) values = constant_value(*errors, name);
    if (values) {
      condition.values.push_back(*values);
    } else if (!scope.later) {
      tokens_.fail(line, fmt::format("unknown constant '{}' in a condition", name));
    }
  } while (!tokens_.failed() && tokens_.accept("|"));
}

// --- functions ----------------------------------------------------------------------------------

void Parser::function() {
  Prototype prototype;
  prototype.abis = tokens_.abis();
  std::vector<std::pair<std::string_view, unsigned>> names;
  do {
    const unsigned line = tokens_.now().line;
    names.emplace_back(tokens_.name("a function's name"), line);
  } while (tokens_.accept(","));
  if (libraries_ == nullptr) {
    tokens_.fail(names.front().second,
                 "say which libraries have the function, before it: library \"libc.so*\"");
  }
  tokens_.expect("(", " after the function's name");
  // Twice: what a length or a condition names may come later, the result last of all.
  const std::size_t begin = tokens_.position();
  signature(prototype, {.later = true});
  if (!tokens_.failed()) {
    tokens_.go_back(begin);
    const Prototype known = prototype;
    prototype.variadic = false;
    signature(prototype, {.arguments = &known.arguments, .result = &known.result});
  }
  prototype.libraries = libraries_;
  for (const auto& [name, line] : names)
    add(prototype, name, line);
}

void Parser::add(const Prototype& prototype, std::string_view name, unsigned line) {
  if (tokens_.failed()) return;
  for (const Prototype& other : prototypes_) {
    if (other.name == name && (other.abis & prototype.abis) != 0 &&
        other.libraries == prototype.libraries) {
      tokens_.fail(line, fmt::format("'{}' is already described in this file", name));
      return;
    }
  }
  prototypes_.push_back(prototype);
  prototypes_.back().name = name;
}

void Parser::signature(Prototype& prototype, const Scope& scope) {
  prototype.arguments = arguments(scope, prototype.variadic);
  tokens_.expect("->", " and the result's type ('-> void' for none)");
  result(prototype, scope);
}

std::vector<Argument> Parser::arguments(const Scope& scope, bool& variadic) {
  constexpr std::size_t kMost = 64;
  std::vector<Argument> all;
  while (!tokens_.failed() && !tokens_.accept(")")) {
    if (variadic) tokens_.fail_here("'...' comes last");
    if (!all.empty()) tokens_.expect(",", " or ')' after an argument");
    if (tokens_.accept("...")) {
      variadic = true;
      continue;
    }
    const unsigned line = tokens_.now().line;
    all.push_back(argument(all, scope));
    if (all.size() > kMost) tokens_.fail(line, "a function has at most 64 arguments here");
  }
  return all;
}

Argument Parser::argument(const std::vector<Argument>& before, const Scope& scope) {
  Argument argument;
  const unsigned line = tokens_.now().line;
  argument.name = tokens_.name("an argument's name or ')'");
  if (std::ranges::find(before, argument.name, &Argument::name) != before.end()) {
    tokens_.fail(line, fmt::format("the argument '{}' is there twice", argument.name));
  }
  if (tokens_.now().is("@")) tokens_.fail_here("arguments are where the calling convention says");
  tokens_.expect(":", fmt::format(" and a type after the argument '{}'", argument.name));
  TypeUse use = type(scope);
  check_followed(use, "an argument");
  if (use.type.kind == Kind::Void) tokens_.fail(line, "an argument is not void");
  argument.direction = use.direction;
  argument.type = std::move(use.type);
  const bool out = argument.direction == Direction::Out || argument.direction == Direction::InOut;
  if (!out && std::ranges::find(argument.type.length, Operand::Source::Return, &Operand::source) !=
                  argument.type.length.end()) {
    tokens_.fail(line, "'ret' is known when the call has returned: of an 'out'");
  }
  argument.condition = condition({scope.arguments, out ? scope.result : nullptr, scope.later});
  if (tokens_.now().is("else")) tokens_.fail_here("'else' is not supported here");
  // Of one that the call fills in the condition says when it does.
  argument.variable = argument.condition && !out;
  return argument;
}

// How a call says that it failed, by its result's type.
struct Meaning {
  std::string_view type;
  Prototype::Success success;
  bool sets_errno;
};
constexpr std::array<Meaning, 12> kMeanings{{
    {"addr", Prototype::Success::NotNull, false},
    {"errors", Prototype::Success::Zero, false},
    {"fd", Prototype::Success::NotNegative, true},
    {"file", Prototype::Success::NotNull, true},
    {"function", Prototype::Success::NotNull, false},
    {"hex", Prototype::Success::NotNegative, false},
    {"int", Prototype::Success::NotNegative, false},
    {"long", Prototype::Success::NotNegative, false},
    {"off", Prototype::Success::NotNegative, true},
    {"pid", Prototype::Success::NotNegative, true},
    {"ssize", Prototype::Success::NotNegative, true},
    {"status", Prototype::Success::NotNegative, true},
}};

void Parser::result(Prototype& prototype, const Scope& scope) {
  TypeUse use = type(scope);
  check_followed(use, "the result");
  if (use.direction == Direction::In || use.direction == Direction::InOut) {
    tokens_.fail(use.line, "what a result points to is 'out': it is read at the return");
  }
  if (use.direction == Direction::Out) {
    prototype.success = Prototype::Success::NotNull;
  } else if (const auto* meaning = std::ranges::find(kMeanings, use.name, &Meaning::type);
             meaning != kMeanings.end()) {
    prototype.success = meaning->success;
    prototype.sets_errno = meaning->sets_errno;
  }
  prototype.result = std::move(use.type);
  prototype.result_direction = use.direction;
  if (tokens_.now().is("or") && tokens_.next().is("errno")) {
    tokens_.take();
    tokens_.take();
    prototype.sets_errno = true;
    if (prototype.success == Prototype::Success::Always) {
      tokens_.fail(use.line, fmt::format("a '{}' does not say whether the call failed", use.name));
    }
  }
  if (tokens_.now().is("(")) tokens_.fail_here("notes on a result are not supported here");
}

}  // namespace

Result<std::vector<Prototype>> parse_prototypes(std::string_view file, std::string_view text,
                                                NamedTypes& types) {
  auto tokens = tokenize(file, text);
  if (!tokens) return tokens.error();
  return Parser(Tokens(file, std::move(*tokens)), types).parse();
}

}  // namespace ttrace::prototypes
