#include "decode/call_context.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "decode/custom/custom.h"

namespace ttrace {

using tables::Index;
using tables::kNone;
using tables::Type;

namespace {

// The kernel accepts no longer path (PATH_MAX), its NUL included.
constexpr std::size_t kPathMax = 4096;

bool in_memory(Type::Kind kind) {
  return kind >= Type::Kind::String;
}

// What is shown even where structures are not.
bool is_text(const Type& type) {
  using Kind = Type::Kind;
  return type.kind == Kind::String || type.kind == Kind::Path || type.kind == Kind::Bytes ||
         type.kind == Kind::CustomText;
}

}  // namespace

// --- where numbers come from ------------------------------------------------------------------

std::uint64_t CallContext::error() const {
  return outcome_ != nullptr && outcome_->is_error ? static_cast<std::uint64_t>(-outcome_->rval)
                                                   : 0;
}

std::uint64_t CallContext::argument(std::size_t index) const {
  const auto& row = tables::kArguments[pending_.description->arguments.first + index];
  const auto reg = row.reg[abi_index()];
  const auto& args = pending_.request.args;
  const std::uint64_t low = truncate_to(args[reg], word());
  const bool two_registers = row.direction == tables::Direction::Value &&
                             tables::kTypes[row.type].size[abi_index()] > word();
  if (!two_registers || reg + 1U >= args.size()) return low;
  return low | args[reg + 1U] << 32;
}

const Value* CallContext::decoded(std::size_t index) const {
  for (std::size_t i = 0; i < pending_.count; ++i) {
    if (pending_.rows[i] == index) return &pending_.args[i];
  }
  return nullptr;
}

std::uint64_t CallContext::pointed(const tables::Operand& operand) const {
  const std::size_t size = operand.size[abi_index()];
  std::array<std::byte, 8> bytes{};
  if (memory_.read(Address(argument(operand.index)), std::span(bytes).first(size)) != size)
    return 0;
  std::uint64_t now = load_number(bytes);
  // What the kernel says after the call may be more than the caller had room for (accept's
  // addrlen): only the smaller of both was filled in.
  const Value* before = at_exit() ? decoded(operand.index) : nullptr;
  if (before != nullptr && before->children.size() == 1) {
    now = std::min(now, before->children.front().number);
  }
  return now;
}

std::uint64_t CallContext::evaluate(Index index) const {
  using Source = tables::Operand::Source;
  const auto& operand = tables::kOperands[index];
  switch (operand.source) {
    case Source::Literal:
      return operand.literal;
    case Source::Argument:
      return truncate_to(argument(operand.index), operand.size[abi_index()]);
    case Source::Pointed:
      return pointed(operand);
    case Source::Field: {
      const std::size_t offset = operand.offset[abi_index()];
      const std::size_t size = operand.size[abi_index()];
      const Frame* frame = frame_;
      for (Index out = 0; out < operand.index && frame != nullptr; ++out)
        frame = frame->outer;
      if (frame == nullptr || offset + size > frame->bytes.size()) return 0;
      return load_number(frame->bytes.subspan(offset, size));
    }
    case Source::Return:
      return outcome_ != nullptr && !outcome_->is_error
                 ? truncate_to(static_cast<std::uint64_t>(outcome_->rval), word())
                 : 0;
    case Source::Error:
      return error();
    case Source::Verbose:
      return verbose() ? 1 : 0;
  }
  return 0;
}

bool CallContext::holds(Index index) const {
  while (index != kNone) {
    const auto& condition = tables::kConditions[index];
    if (!passes(condition)) return false;
    index = condition.also;
  }
  return true;
}

bool CallContext::passes(const tables::Condition& condition) const {
  using Test = tables::Condition::Test;
  const std::uint64_t value = evaluate(condition.operand) & condition.mask[abi_index()];
  const auto values =
      tables::kConditionValues.subspan(condition.values.first, condition.values.count);
  auto equal = [&](const auto& row) { return row[abi_index()] == value; };
  auto common_bit = [&](const auto& row) { return (row[abi_index()] & value) != 0; };
  auto any_bit = [&] {
    return values.empty() ? value != 0 : std::ranges::any_of(values, common_bit);
  };
  switch (condition.test) {
    case Test::AnyBit:
      return any_bit();
    case Test::NoBit:
      return !any_bit();
    case Test::Is:
      return std::ranges::any_of(values, equal);
    case Test::IsNot:
      return std::ranges::none_of(values, equal);
    case Test::Above:
      return value > values.front()[abi_index()];
    case Test::UpTo:
      return value <= values.front()[abi_index()];
  }
  return false;
}

const tables::Slice* CallContext::layout(const Type& type) const {
  const Index index = tables::kStructs[type.ref].layout[abi_index()];
  return index == kNone ? nullptr : &tables::kLayouts[index];
}

// --- constants --------------------------------------------------------------------------------

Value lookup_symbol(Index set_index, std::uint64_t value, Abi abi) {
  const auto& set = tables::kSets[set_index];
  const auto slice = set.constants[static_cast<std::size_t>(abi)];
  const auto rows = tables::kConstants.subspan(slice.first, slice.count);
  auto it = std::ranges::lower_bound(rows, value, {}, &tables::Constant::value);
  if (it != rows.end() && it->value == value) return Value::symbol(it->name, value);
  if (set.rest == tables::ConstantSet::Rest::Decimal) {
    Value number = set.is_signed ? Value::integer(sign_extend(value, 4)) : Value::natural(value);
    number.comment = set.family;
    return number;
  }
  if (!set.family.empty()) return Value::unknown_symbol(value, set.family);
  return set.is_signed ? Value::integer(sign_extend(value, 4)) : Value::natural(value);
}

Value CallContext::flags(Index set_index, std::uint64_t value) {
  const auto& set = tables::kSets[set_index];
  const auto slice = set.constants[abi_index()];
  auto children = arena().allocate<Value>(slice.count + std::size_t{2});
  std::size_t count = 0;
  std::uint64_t rest = value;
  Value last;  // a group at the end, which follows the bits without a name: CLONE_VM|0x1|SIGCHLD
  const auto rows = tables::kConstants.subspan(slice.first, slice.count);
  for (const auto& row : rows) {
    if (row.group != kNone) {
      const std::uint64_t bits = value & row.mask;
      const Value member = symbol(row.group, bits);
      const bool known = member.kind == Value::Kind::Symbol && !member.text.empty();
      const bool at_end = &row == &rows.back();
      // Of a mode whose type has no name nothing has.
      if (!known && bits != 0 && set.rest == tables::ConstantSet::Rest::Octal) {
        return Value::octal(value);
      }
      // What is no member of a nameless family is left to the other bits without a name.
      if (!known && (bits == 0 || (member.kind != Value::Kind::Symbol && !at_end))) continue;
      (at_end ? last : children[count++]) = member;
      rest &= ~row.mask;
    } else if (row.name.empty()) {
      if (rest == 0) children[count++] = Value::verbatim({});
    } else if ((rest & row.mask) == row.value && (row.value != 0 || (value & row.mask) == 0)) {
      children[count++] = Value::symbol(row.name, row.value);
      rest &= ~row.mask;
    }
  }
  if (set.rest == tables::ConstantSet::Rest::Octal) {
    if (count == 0) return Value::octal(rest);
    children[count++] = Value::octal(rest);
  } else if (rest != 0) {
    if (count == 0 && last.kind == Value::Kind::None) {
      return set.family.empty() ? Value::hex(rest) : Value::unknown_symbol(rest, set.family);
    }
    children[count++] = Value::hex(rest);
  }
  if (last.kind != Value::Kind::None) children[count++] = last;
  Value result = Value::list(Value::Kind::Flags, arena().shrink(children, count));
  result.number = value;
  return result;
}

// --- descriptors ------------------------------------------------------------------------------

Value CallContext::descriptor(std::int32_t fd) {
  Value value = Value::integer(fd);
  if (options_.fd_names == nullptr || fd < 0) return value;
  const FdName name = options_.fd_names->name(pending_.tid, fd, arena());
  value.note = name.text;
  value.deleted = name.deleted;
  if (name.signals) value.note = custom::signalfd_name(arena(), *name.signals);
  return value;
}

Value CallContext::directory_descriptor(std::int32_t fd) {
  constexpr std::int32_t kWorkingDirectory = -100;  // linux/fcntl.h
  if (fd != kWorkingDirectory) return descriptor(fd);
  Value value = Value::symbol("AT_FDCWD", static_cast<std::uint64_t>(fd));
  if (options_.fd_names != nullptr) {
    value.note = options_.fd_names->working_directory(pending_.tid, arena());
  }
  return value;
}

// --- values -----------------------------------------------------------------------------------

Value CallContext::scalar(const Type& type, std::uint64_t raw_value) {
  using Kind = Type::Kind;
  const std::size_t size = type.size[abi_index()];
  const std::uint64_t raw = truncate_to(raw_value, size);
  switch (type.kind) {
    case Kind::None:
      return Value::none();
    case Kind::Fd:
      return descriptor(static_cast<std::int32_t>(raw));
    case Kind::Signed:
      return Value::integer(sign_extend(raw, size));
    case Kind::Unsigned:
      return Value::natural(raw);
    case Kind::Hex:
      return Value::hex(raw);
    case Kind::Octal:
      return Value::octal(raw);
    case Kind::Id:
      return sign_extend(raw, size) == -1 ? Value::integer(-1) : Value::natural(raw);
    case Kind::Address:
      return Value::address(Address(raw));
    case Kind::Enum:
      return symbol(type.ref, raw);
    case Kind::Flags:
      return flags(type.ref, raw);
    case Kind::Custom:
      return tables::kCustoms[type.ref](*this, CustomInput{.value = raw});
    case Kind::OutPointer: {
      const auto& target = tables::kTypes[type.ref];
      const bool nothing = target.kind == Kind::Array && evaluate(target.length) == 0;
      if (!nothing && (!at_exit() || error() != 0)) return Value::address(Address(raw));
      [[fallthrough]];
    }
    case Kind::Pointer: {
      // One of 64 bits in a program of 32 can point to nothing.
      if (raw != truncate_to(raw, word())) return Value::address(Address(raw));
      const auto* const extent = extent_;  // of the structure that the pointer is in
      const Value value = pointee(tables::kTypes[type.ref], Address(raw));
      extent_ = extent;
      return value;
    }
    case Kind::String:
    case Kind::Path:
    case Kind::Bytes:
    case Kind::CharArray:
    case Kind::Struct:
    case Kind::Array:
    case Kind::CustomMemory:
    case Kind::CustomText:
      break;
  }
  return Value::hex(raw);
}

Value CallContext::pointee(const Type& type, Address at, const Value* before) {
  using Kind = Type::Kind;
  const bool nothing = type.kind == Kind::Array && !at.null() && evaluate(type.length) == 0;
  if (!dereferences() && !is_text(type) && !nothing) return Value::address(at);
  if (type.kind >= Kind::CustomMemory) {
    CustomInput input{.value = at.value(), .before = before};
    if (type.length != kNone) input.length = evaluate(type.length);
    return tables::kCustoms[type.ref](*this, input);
  }
  if (at.null()) return Value::address(at);
  if (type.kind == Kind::String) return string(at, options_.string_limit);
  if (type.kind == Kind::Path) return string(at, kPathMax - 1);
  if (type.kind == Kind::Bytes) return bytes(at, evaluate(type.length));
  if (type.kind == Kind::Array) {
    // As strace: of a fixed number, all or none.
    const auto source = tables::kOperands[type.length].source;
    const bool whole = source == tables::Operand::Source::Literal;
    return array(tables::kTypes[type.ref], at, evaluate(type.length), whole);
  }
  before_ = before;
  if (type.kind == Kind::Struct && type.length != kNone) return sized_structure(type, at);
  const std::size_t size = type.size[abi_index()];
  const auto storage = read(at, size);
  if (storage.empty() || storage.size() != size) return Value::unreadable(at);
  Value value = load(type, storage);
  if (in_memory(type.kind)) return value;
  return Value::list(Value::Kind::Array, list({&value, 1}));
}

std::size_t CallContext::shown_elements(std::uint64_t count, std::size_t size) {
  constexpr std::size_t kMost = std::size_t{1} << 16;  // with -v; budget.h allows about as many
  const std::size_t limit = verbose() ? kMost : options_.string_limit;
  const std::size_t room = arena().left() / (size + sizeof(Value));
  return static_cast<std::size_t>(std::min<std::uint64_t>({count, limit, room}));
}

std::span<const std::byte> CallContext::read(Address at, std::size_t size) {
  auto storage = arena().allocate<std::byte>(std::min(size, arena().left()));
  if (storage.empty()) return storage;
  return arena().shrink(storage, memory_.read(at, storage));
}

Value CallContext::load(const Type& type, std::span<const std::byte> from) {
  if (type.kind == Type::Kind::Struct) return structure(type, from);
  if (type.kind == Type::Kind::Array) {
    const auto& element = tables::kTypes[type.ref];
    const std::size_t size = std::max<std::size_t>(element.size[abi_index()], 1);
    const std::size_t shown = shown_elements(from.size() / size) * size;
    return elements(element, from.first(shown), shown < from.size(), Address());
  }
  if (type.kind == Type::Kind::CharArray) {
    std::string_view all(reinterpret_cast<const char*>(from.data()), from.size());
    const auto end = all.find('\0');
    const bool ends = end != std::string_view::npos;
    // As strace: of a text without a NUL the last byte stands for it.
    if (!all.empty()) all = all.substr(0, ends ? end : all.size() - 1);
    return Value::string(text(all), !ends);  // never cut short by -s
  }
  return scalar(type, load_number(from));
}

bool CallContext::is_shown(tables::Field::How how, std::span<const std::byte> bytes) const {
  using How = tables::Field::How;
  switch (how) {
    case How::Plain:
    case How::Changing:
      return true;
    case How::Filled:
      return at_exit() && error() == 0;
    case How::Hidden:
      return false;
    case How::Nonzero:
      return std::ranges::any_of(bytes, [](std::byte b) { return b != std::byte{0}; });
  }
  return false;
}

Value CallContext::structure(const Type& type, std::span<const std::byte> from) {
  const auto* layout = this->layout(type);
  if (layout == nullptr) return Value::none();
  const bool abbreviate = tables::kStructs[type.ref].abbreviated && !verbose();
  const Frame frame{from, frame_};
  frame_ = &frame;
  const Value* const before = std::exchange(before_, nullptr);
  auto values = arena().allocate<Value>(layout->count);
  std::size_t count = 0;
  for (const auto& field : tables::kFields.subspan(layout->first, layout->count)) {
    if (abbreviate && !field.brief) continue;
    if (!holds(field.condition)) continue;
    const auto& field_type = tables::kTypes[field.type];
    const auto bytes = from.subspan(field.offset, field_type.size[abi_index()]);
    // The fields of a structure within count for themselves.
    if (field_type.kind != Type::Kind::Struct)
      extent_ = std::max(extent_, bytes.data() + bytes.size());
    if (!is_shown(field.how, bytes)) continue;
    const Value* const old = custom::field_of(before, field.name);
    before_ = old;
    Value value = load(field_type, bytes);
    if (field.how == tables::Field::How::Changing && old != nullptr && old->number != value.number)
      value = Value::list(Value::Kind::Change, list(std::array{old->named({}), value}));
    values[count++] = value.named(field.name);
  }
  frame_ = frame.outer;
  before_ = nullptr;
  Value result = Value::list(Value::Kind::Struct, values.first(count), abbreviate);
  if (verbose()) custom::add_dates(arena(), type, values.first(count), result);
  return result;
}

Value CallContext::sized_structure(const Type& type, Address at) {
  // The kernel takes no more than a page.
  constexpr std::uint64_t kMost = 4096;
  const std::uint64_t size = evaluate(type.length);
  if (size == 0 || size > kMost) return Value::unreadable(at);
  const auto given = static_cast<std::size_t>(size);
  auto storage = arena().allocate<std::byte>(std::max(given, std::size_t{type.size[abi_index()]}));
  std::ranges::fill(storage, std::byte{0});
  if (memory_.read(at, storage.first(given)) != given) return Value::unreadable(at);
  const auto* const outer = extent_;
  extent_ = storage.data();
  Value value = structure(type, storage);
  const auto known = static_cast<std::size_t>(extent_ - storage.data());
  extent_ = outer;
  if (known >= given) return value;
  const auto extra = storage.subspan(known, given - known);
  if (std::ranges::all_of(extra, [](std::byte b) { return b == std::byte{0}; })) return value;
  if (!verbose()) {
    value.truncated = true;
    return value;
  }
  auto fields = arena().allocate<Value>(value.children.size() + 1);
  std::ranges::copy(value.children, fields.begin());
  fields.back() = custom::extra_data(arena(), extra, known);
  value.children = fields;
  return value;
}

Value CallContext::array(const Type& element, Address at, std::uint64_t count, bool whole) {
  if (at.null()) return Value::address(at);
  const std::size_t size = element.size[abi_index()];
  const std::size_t shown = shown_elements(count, size);
  const auto storage = read(at, shown * size);
  if (storage.size() < (whole ? shown : std::size_t{shown > 0}) * size)
    return Value::unreadable(at);
  const std::size_t got = storage.size() - storage.size() % std::max<std::size_t>(size, 1);
  return elements(element, storage.first(got), count > shown,
                  got < shown * size ? at + got : Address());
}

Value CallContext::elements(const Type& element, std::span<const std::byte> from, bool more,
                            Address unreadable) {
  const std::size_t size = std::max<std::size_t>(element.size[abi_index()], 1);
  const std::size_t count = from.size() / size;
  auto values = arena().allocate<Value>(count + 1);
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0 && spent()) return Value::list(Value::Kind::Array, values.first(i), true);
    values[i] = load(element, from.subspan(i * size, size));
  }
  if (unreadable.null()) return Value::list(Value::Kind::Array, values.first(count), more);
  // As strace: the elements that could be read, then where the others would have been.
  values[count] = custom::missing(arena(), unreadable);
  return Value::list(Value::Kind::Array, values);
}

Value CallContext::string(Address at, std::size_t limit) {
  if (at.null() || spent()) return Value::address(at);
  std::array<char, kPathMax> fixed;
  const bool large = limit + 1 > fixed.size();
  const auto buffer =
      large ? arena().allocate<char>(limit + 1) : std::span<char>(fixed).first(limit + 1);
  const auto got = memory_.read_string(at, buffer);
  const bool readable = got.terminated || got.length == buffer.size();
  const std::string_view shown(buffer.data(), readable ? std::min(got.length, limit) : 0);
  if (large) arena().shrink(buffer, shown.size());
  if (!readable) return Value::unreadable(at);
  return Value::string(large ? shown : text(shown), !got.terminated);
}

Value CallContext::bytes(Address at, std::uint64_t length) {
  if (at.null()) return Value::address(at);
  const auto shown =
      static_cast<std::size_t>(std::min<std::uint64_t>(length, options_.string_limit));
  const auto storage = read(at, shown);
  if (storage.size() != shown) return Value::unreadable(at);
  return Value::string({reinterpret_cast<const char*>(storage.data()), storage.size()},
                       shown < length);
}

}  // namespace ttrace
