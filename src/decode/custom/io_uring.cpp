// What io_uring_register fills in.
#include <algorithm>
#include <array>

#include "decode/custom/custom.h"

namespace ttrace::custom {

Value uring_probe(CallContext& context, const CustomInput& input) {
  constexpr std::size_t kHead = 16;
  constexpr std::size_t kOperation = 8;
  const Address at(input.value);
  const auto head = context.read(at, kHead);
  if (at.null() || head.size() != kHead) return Value::unreadable(at);
  Value probe = context.load(tables::kTypes[known::type::uring_probe_head], head);
  const auto& type = tables::kTypes[known::type::uring_probe_operation];
  // The kernel says how many it knows.
  const std::uint64_t count = std::min(input.length, number_at(head, 1, 1));
  const Value operations =
      array_value(context, at + kHead, count, kOperation,
                  [&](std::span<const std::byte> bytes) { return context.load(type, bytes); });
  auto fields = context.arena().allocate<Value>(probe.children.size() + 1);
  std::ranges::copy(probe.children, fields.begin());
  fields.back() = operations.named("ops");
  probe.children = fields;
  return probe;
}

Value uring_workers(CallContext& context, const CustomInput& input) {
  static constexpr std::array<std::string_view, 2> kNames{"[IO_WQ_BOUND]", "[IO_WQ_UNBOUND]"};
  std::size_t index = 0;
  const Value now = array_value(
      context, Address(input.value), input.length, 4, [&](std::span<const std::byte> bytes) {
        Value count = Value::natural(number_at(bytes, 0, 4));
        count.name = index < kNames.size() ? kNames.at(index)
                                           : format(context.arena(), "[{} /* IO_WQ_??? */]", index);
        count.show_name = true;
        ++index;
        return count;
      });
  const bool changed = context.at_exit() && input.before != nullptr && !now.children.empty();
  if (!changed) return now;
  return Value::list(Value::Kind::Change, context.list(std::array{input.before->named({}), now}));
}

}  // namespace ttrace::custom
