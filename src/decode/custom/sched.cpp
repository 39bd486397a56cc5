// Policies, priorities, sets of processors.
#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

constexpr std::uint64_t kResetOnFork = 0x40000000;

// The first size that the kernel knew, and the one with the utilization's bounds.
constexpr std::uint64_t kFirstSize = 48;
constexpr std::uint64_t kBoundsSize = 56;
constexpr std::size_t kBounds = 2;  // fields

// What sched_setattr is to keep of the thread's attributes need not be given, and is not shown.
struct Kept {
  std::uint64_t flag;
  std::string_view field;
};
constexpr std::array<Kept, 6> kKept{{
    {0x18, "sched_policy"},
    {0x10, "sched_nice"},
    {0x10, "sched_priority"},
    {0x10, "sched_runtime"},
    {0x10, "sched_deadline"},
    {0x10, "sched_period"},
}};

Value size_only(CallContext& context, std::uint64_t size) {
  ValueList<1> fields;
  fields.add("size", Value::natural(size));
  return fields.structure(context.arena());
}

// What sched_setattr was given: as many fields as it says to have.
Value given_attributes(CallContext& context, Address at) {
  std::uint32_t size = 0;
  if (at.null() || !context.memory().read_object(at, size)) return Value::unreadable(at);
  const std::uint64_t version = size == 0 ? kFirstSize : size;
  if (version < kFirstSize) return size_only(context, size);
  const auto& type = tables::kTypes[known::type::sched_attr];
  const auto whole = context.arena().allocate<std::byte>(kBoundsSize);
  std::ranges::fill(whole, std::byte{0});
  const auto used = static_cast<std::size_t>(std::min(version, kBoundsSize));
  if (context.memory().read(at, whole.first(used)) != used) return Value::unreadable(at);
  const Value all = context.load(type, whole);
  const std::uint64_t flags = number_at(whole, 8, 8);
  const std::size_t count = all.children.size() - (version < kBoundsSize ? kBounds : 0);
  ValueList<10> fields;
  for (const Value& field : all.children.first(count)) {
    auto kept = std::ranges::find(kKept, field.name, &Kept::field);
    if (kept == kKept.end() || (flags & kept->flag) == 0) fields.add(field.name, field);
  }
  Value value = fields.structure(context.arena());
  value.truncated = version > kBoundsSize;
  return value;
}

// What sched_getattr filled in: as many fields as the kernel says.
Value got_attributes(CallContext& context, Address at, std::uint64_t room) {
  const auto& type = tables::kTypes[known::type::sched_attr];
  const auto whole = context.arena().allocate<std::byte>(kBoundsSize);
  std::ranges::fill(whole, std::byte{0});
  const auto used = static_cast<std::size_t>(std::min(room, kBoundsSize));
  if (at.null() || context.memory().read(at, whole.first(used)) != used) {
    return Value::unreadable(at);
  }
  const std::uint64_t size = number_at(whole, 0, 4);
  if (size < kFirstSize) return size_only(context, size);
  Value value = context.load(type, whole);
  if (size < kBoundsSize) value.children = value.children.first(value.children.size() - kBounds);
  return value;
}

}  // namespace

Value scheduling_policy(CallContext& context, const CustomInput& input) {
  const Value policy = context.symbol(known::set::scheduler, input.value & ~kResetOnFork);
  if ((input.value & kResetOnFork) == 0) return policy;
  if (policy.text.empty()) return context.symbol(known::set::scheduler, input.value);
  const Value reset = Value::symbol("SCHED_RESET_ON_FORK", kResetOnFork);
  return Value::list(Value::Kind::Flags, context.list(std::array{reset, policy}));
}

Value scheduling_policy_note(CallContext& context, const CustomInput& input) {
  const Value policy = scheduling_policy(context, input);
  const bool unknown = policy.kind == Value::Kind::Symbol && policy.text.empty();
  return unknown ? Value::none() : policy;
}

Value scheduling_attributes(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  if (input.length != 0) return got_attributes(context, at, input.length);
  if (!context.at_exit()) return given_attributes(context, at);
  if (input.before == nullptr) return Value::address(at);  // sched_getattr without any room
  // E2BIG: the kernel says which size it knows.
  std::uint32_t size = 0;
  if (input.before->kind != Value::Kind::Struct || !context.memory().read_object(at, size)) {
    return *input.before;
  }
  const std::array both{*input.before, size_only(context, size)};
  return Value::list(Value::Kind::Change, context.list(both));
}

Value io_priority(CallContext& context, const CustomInput& input) {
  constexpr unsigned kClassShift = 13;
  const Value level = Value::natural(input.value & ((1U << kClassShift) - 1));
  const Value type = context.symbol(known::set::io_priority_class, input.value >> kClassShift);
  return Value::call("IOPRIO_PRIO_VALUE", context.list(std::array{type, level}));
}

Value cpu_set(CallContext& context, const CustomInput& input) {
  constexpr std::uint64_t kMax = 128;  // bytes, of glibc's cpu_set_t: more is not shown
  const Address at(input.value);
  const auto size = static_cast<std::size_t>(std::min(input.length, kMax));
  const auto bytes = context.read(at, size);
  if (at.null() || bytes.size() != size) return Value::unreadable(at);
  Value set = bits_value(context.arena(), bytes, size * 8);
  if (input.length <= kMax) return set;
  auto children = context.arena().allocate<Value>(set.children.size() + 1);
  std::ranges::copy(set.children, children.begin());
  children.back() = Value::verbatim("...");
  set.children = children;
  return set;
}

}  // namespace ttrace::custom
