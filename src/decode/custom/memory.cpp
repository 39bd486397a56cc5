// Mappings, NUMA nodes.
#include <unistd.h>

#include "decode/custom/custom.h"

namespace ttrace::custom {

Value map_flags(CallContext& context, const CustomInput& input) {
  constexpr unsigned kShift = 26;  // MAP_HUGE_SHIFT
  constexpr std::uint64_t kSizes = 0x3f;
  const std::uint64_t size = input.value >> kShift & kSizes;
  Value flags = context.flags(known::set::map_bits, input.value & ~(kSizes << kShift));
  if (size == 0) return flags;
  const Value shifted = Value::symbol(format(context.arena(), "{}<<MAP_HUGE_SHIFT", size), size);
  // The type of the mapping is always there.
  auto children = context.arena().allocate<Value>(flags.children.size() + 1);
  std::ranges::copy(flags.children, children.begin());
  children.back() = shifted;
  flags.children = children;
  return flags;
}

Value resident_pages(CallContext& context, const CustomInput& input) {
  static const auto page_size = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  const std::uint64_t pages = input.length / page_size + (input.length % page_size != 0 ? 1 : 0);
  return array_value(context, Address(input.value), pages, 1, [](auto bytes) {
    return Value::natural(load_number(bytes) & 1);  // the other bits mean nothing
  });
}

Value node_mask(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  const std::size_t word = context.word();
  const std::uint64_t bits = word * 8;
  // The kernel takes one bit less than it is told.
  const std::uint64_t words = (input.length + bits - 2) / bits;
  if (words < input.length / bits || (words == 0 && input.length != 0)) {
    return Value::address(at);
  }
  return array_value(context, at, words, word, [&](auto bytes) {
    return padded_hex(context.arena(), load_number(bytes), 2 * word);
  });
}

Value number_or_error(CallContext& context, const CustomInput& input) {
  const std::int64_t status = sign_extend(input.value, 4);
  if (status >= 0) return Value::integer(status);
  const std::string_view name = errno_name(static_cast<int>(-status));
  if (name.empty()) return Value::integer(status);
  return Value::symbol(format(context.arena(), "-{}", name), input.value);
}

}  // namespace ttrace::custom
