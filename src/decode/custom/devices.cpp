// The structures of ioctl for files, loop devices and the random pool that arrays follow, or of
// which the kernel fills in a part.
#include <algorithm>
#include <array>

#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

constexpr std::size_t kLoopInfo = 232;
constexpr std::size_t kLoopKey = 32;

// struct loop_info64: what is said about encryption only when there is any, or with -v.
Value loop_value(CallContext& context, std::span<const std::byte> bytes) {
  const auto& type = tables::kTypes[known::type::loop_info64];
  const Value all = context.load(type, bytes.first(type.size[context.abi_index()]));
  const std::uint64_t encryption = number_at(bytes, 44, 4);
  const std::size_t key = std::min<std::size_t>(number_at(bytes, 48, 4), kLoopKey);
  ValueList<16> fields;
  for (const Value& field : all.children) {
    const bool shown = context.verbose() || encryption != 0 ||
                       (field.name != "lo_encrypt_type" && field.name != "lo_encrypt_key_size" &&
                        field.name != "lo_crypt_name");
    if (shown) fields.add(field.name, field);
  }
  if (context.verbose() || encryption != 0) {
    const auto* text = reinterpret_cast<const char*>(bytes.data()) + 184;
    fields.add("lo_encrypt_key", Value::string(context.text({text, key}), false));
  }
  if (context.verbose()) {
    const std::array init{Value::hex(number_at(bytes, 216, 8)),
                          Value::hex(number_at(bytes, 224, 8))};
    fields.add("lo_init", Value::list(Value::Kind::Array, context.list(init)));
  }
  Value value = fields.structure(context.arena());
  value.truncated = !context.verbose();
  return value;
}

// before => after, with the fields of `after` alone.
Value change(CallContext& context, const Value& before, const Value& after) {
  return Value::list(Value::Kind::Change, context.list(std::array{before.named({}), after}));
}

}  // namespace

Value loop_status64(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  const auto bytes = context.read(at, kLoopInfo);
  if (at.null() || bytes.size() != kLoopInfo) return Value::unreadable(at);
  return loop_value(context, bytes);
}

Value loop_config(CallContext& context, const CustomInput& input) {
  constexpr std::size_t kInfoAt = 8;
  constexpr std::size_t kReserved = 8;  // numbers of 8 bytes
  constexpr std::size_t kSize = kInfoAt + kLoopInfo + kReserved * 8;
  const Address at(input.value);
  const auto bytes = context.read(at, kSize);
  if (at.null() || bytes.size() != kSize) return Value::unreadable(at);
  ValueList<4> fields;
  fields.add("fd", Value::integer(sign_extend(number_at(bytes, 0, 4), 4)));
  fields.add("block_size", Value::natural(number_at(bytes, 4, 4)));
  fields.add("info", loop_value(context, bytes.subspan(kInfoAt, kLoopInfo)));
  const auto reserved = bytes.subspan(kInfoAt + kLoopInfo);
  if (std::ranges::any_of(reserved, [](std::byte b) { return b != std::byte{0}; })) {
    std::array<Value, kReserved> values{};
    for (std::size_t i = 0; i < kReserved; ++i)
      values.at(i) = Value::hex(number_at(reserved, i * 8, 8));
    fields.add("__reserved", Value::list(Value::Kind::Array, context.list(values)));
  }
  return fields.structure(context.arena());
}

Value extent_map(CallContext& context, const CustomInput& input) {
  constexpr std::size_t kExtent = 56;
  const Address at(input.value);
  const auto& type = tables::kTypes[known::type::extent_map_head];
  constexpr std::size_t kHead = 32;
  const auto bytes = context.read(at, kHead);
  if (at.null() || bytes.size() != kHead) return Value::unreadable(at);
  if (!context.at_exit() || input.before == nullptr) {
    return context.load(type, bytes.first(type.size[context.abi_index()]));
  }
  const std::uint64_t mapped = number_at(bytes, 20, 4);
  ValueList<3> fields;
  fields.add("fm_flags", context.flags(known::set::extent_map_flags, number_at(bytes, 16, 4)));
  fields.add("fm_mapped_extents", Value::natural(mapped));
  if (context.verbose()) {
    const auto& extent = tables::kTypes[known::type::extent];
    fields.add("fm_extents", array_value(context, at + kHead, mapped, kExtent,
                                         [&](std::span<const std::byte> each) {
                                           return context.load(extent, each);
                                         }));
  }
  Value after = fields.structure(context.arena());
  after.truncated = !context.verbose();
  return change(context, *input.before, after);
}

Value same_ranges(CallContext& context, const CustomInput& input) {
  constexpr std::size_t kHead = 24;
  constexpr std::size_t kRange = 32;
  constexpr std::uint64_t kShown = 2;  // without -v
  const Address at(input.value);
  const auto bytes = context.read(at, kHead);
  if (at.null() || bytes.size() != kHead) return Value::unreadable(at);
  const std::uint64_t count = number_at(bytes, 16, 2);
  auto ranges = [&](auto decode) {
    const std::uint64_t shown = context.verbose() ? count : std::min(count, kShown);
    Value array = array_value(context, at + kHead, shown, kRange, decode);
    if (array.kind == Value::Kind::Array && shown < count) array.truncated = true;
    return array.named("info");
  };
  if (context.at_exit() && input.before != nullptr) {
    if (count == 0) return *input.before;
    const Value results = ranges([&](std::span<const std::byte> range) {
      ValueList<2> fields;
      fields.add("bytes_deduped", Value::natural(number_at(range, 16, 8)));
      fields.add("status", Value::integer(sign_extend(number_at(range, 24, 4), 4)));
      return fields.structure(context.arena());
    });
    const Value after = Value::list(Value::Kind::Struct, context.list({&results, 1}));
    return change(context, *input.before, after);
  }
  ValueList<4> fields;
  fields.add("src_offset", Value::natural(number_at(bytes, 0, 8)));
  fields.add("src_length", Value::natural(number_at(bytes, 8, 8)));
  fields.add("dest_count", Value::natural(count));
  const auto& type = tables::kTypes[known::type::same_range];
  fields.add("info", ranges([&](std::span<const std::byte> range) {
               return context.load(type, range.first(type.size[context.abi_index()]));
             }));
  return fields.structure(context.arena());
}

Value entropy_pool(CallContext& context, const CustomInput& input) {
  constexpr std::size_t kHead = 8;
  const Address at(input.value);
  const auto bytes = context.read(at, kHead);
  if (at.null() || bytes.size() != kHead) return Value::unreadable(at);
  const std::uint64_t size = number_at(bytes, 4, 4);
  ValueList<3> fields;
  fields.add("entropy_count", Value::integer(sign_extend(number_at(bytes, 0, 4), 4)));
  fields.add("buf_size", Value::integer(sign_extend(size, 4)));
  fields.add("buf", context.bytes(at + kHead, size > 0x7fffffff ? 0 : size));
  return fields.structure(context.arena());
}

}  // namespace ttrace::custom
