// What poll, select and their kin found.
#include <algorithm>
#include <bit>

#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

constexpr std::size_t kPollfdSize = 8;

Value set_value(CallContext& context, Address at, std::uint64_t descriptors) {
  constexpr std::uint64_t kMax = 1 << 20;  // NR_OPEN; a negative count, an int, is above it, too
  if (at.null() || descriptors == 0 || descriptors > kMax) return Value::address(at);
  // The kernel reads and writes whole words.
  const std::uint64_t bits = context.word() * 8;
  const auto size = static_cast<std::size_t>((descriptors + bits - 1) / bits * context.word());
  const auto set = context.read(at, size);
  if (set.size() != size) return Value::unreadable(at);
  return bits_value(context.arena(), set, static_cast<std::size_t>(descriptors));
}

// The set in argument `index`, after the call; nothing when it is empty.
Value result_set(CallContext& context, const CustomInput& input, std::size_t index) {
  const Address at(context.argument(index));
  if (at.null() || input.value == 0) return Value::none();
  const Value value = set_value(context, at, context.argument(0));
  return value.children.empty() ? Value::none() : value;
}

// The time that was left of the timeout in argument `index`: a call that did not time out wrote it.
Value time_left(CallContext& context, const CustomInput& input, std::size_t index,
                tables::Index type) {
  const Address at(context.argument(index));
  if (at.null() || input.value == 0) return Value::none();
  return context.pointee(tables::kTypes[type], at);
}

}  // namespace

Value bits_value(Arena& arena, std::span<const std::byte> bytes, std::size_t end) {
  // The bits of the byte at `index` that stand before `end`.
  auto bits_of = [&](std::size_t index) {
    const auto bits = static_cast<unsigned>(bytes[index]);
    return index == end / 8 ? bits & ((1U << end % 8) - 1) : bits;
  };
  const std::size_t size = (end + 7) / 8;
  std::size_t count = 0;
  for (std::size_t index = 0; index < size; ++index)
    count += static_cast<std::size_t>(std::popcount(bits_of(index)));
  auto values = arena.allocate<Value>(std::min(count, arena.left() / sizeof(Value)));
  std::size_t next = 0;
  for (std::size_t index = 0; next < values.size(); ++index) {
    for (unsigned bits = bits_of(index); bits != 0 && next < values.size(); bits &= bits - 1) {
      values[next++] = Value::natural(index * 8 + static_cast<std::size_t>(std::countr_zero(bits)));
    }
  }
  return Value::list(Value::Kind::Set, values, next < count);
}

Value descriptor_set(CallContext& context, const CustomInput& input) {
  Value set = set_value(context, Address(input.value), input.length);
  if (context.options().fd_names == nullptr) return set;
  const std::size_t room = context.arena().left() / sizeof(Value);
  auto named = context.arena().copy(set.children.first(std::min(set.children.size(), room)));
  for (Value& fd : named)
    fd = context.descriptor(static_cast<std::int32_t>(fd.number));
  set.truncated = set.truncated || named.size() < set.children.size();
  set.children = named;
  return set;
}

Value select_timeout(CallContext&, const CustomInput& input) {
  return input.value == 0 ? Value::verbatim("Timeout") : Value::none();
}

Value select_in(CallContext& context, const CustomInput& input) {
  return result_set(context, input, 1);
}
Value select_out(CallContext& context, const CustomInput& input) {
  return result_set(context, input, 2);
}
Value select_except(CallContext& context, const CustomInput& input) {
  return result_set(context, input, 3);
}

Value select_left(CallContext& context, const CustomInput& input) {
  return time_left(context, input, 4, known::type::timeval);
}
Value pselect_left(CallContext& context, const CustomInput& input) {
  return time_left(context, input, 4, known::type::timespec);
}
Value ppoll_left(CallContext& context, const CustomInput& input) {
  return context.dereferences() ? time_left(context, input, 2, known::type::timespec)
                                : Value::none();
}

Value pselect_left64(CallContext& context, const CustomInput& input) {
  return time_left(context, input, 4, known::type::timespec64);
}
Value ppoll_left64(CallContext& context, const CustomInput& input) {
  return context.dereferences() ? time_left(context, input, 2, known::type::timespec64)
                                : Value::none();
}

Value poll_result(CallContext& context, const CustomInput& input) {
  if (input.value == 0 || !context.dereferences()) return Value::none();
  constexpr std::uint64_t kMax = 1 << 16;
  const auto count = static_cast<std::size_t>(std::min(context.argument(1) & 0xffffffff, kMax));
  const auto bytes = context.read(Address(context.argument(0)), count * kPollfdSize);
  if (bytes.empty()) return Value::none();
  auto values =
      context.arena().allocate<Value>(context.spent() ? 0 : context.shown_elements(count));
  std::size_t shown = 0;
  bool more = false;
  for (std::size_t at = 0; at + kPollfdSize <= bytes.size(); at += kPollfdSize) {
    const std::uint64_t events = number_at(bytes, at + 6, 2);
    if (events == 0) continue;
    if (shown == values.size() || context.spent()) {
      more = true;
      break;
    }
    ValueList<2> fields;
    fields.add("fd", Value::integer(sign_extend(number_at(bytes, at, 4), 4)));
    fields.add("revents", context.flags(known::set::poll_events, events));
    values[shown++] = fields.structure(context.arena());
  }
  return Value::list(Value::Kind::Array, values.first(shown), more);
}

}  // namespace ttrace::custom
