// Groups, capabilities, descriptor tables, the kernel's log, segments of a new kernel.
#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

Value group_array(CallContext& context, const CustomInput& input, std::size_t size) {
  constexpr std::uint64_t kMax = 65536;  // NGROUPS_MAX
  const Address at(input.value);
  if (input.length > kMax) return Value::address(at);
  return array_value(context, at, input.length, size, [&](auto bytes) {
    const std::uint64_t group = load_number(bytes);
    return sign_extend(group, size) == -1 ? Value::integer(-1) : Value::natural(group);
  });
}

// "3 /* SYSLOG_ACTION_READ_ALL */".
Value commented(CallContext& context, Value number, tables::Index set) {
  const Value name = context.symbol(set, number.number);
  number.comment = name.text.empty() ? name.comment : name.text;
  return number;
}

constexpr std::size_t kDescriptorSize = 16;  // of the kernel's struct user_desc

Value entry_value(std::uint64_t entry) {
  constexpr std::uint64_t kNone = 0xffffffff;
  return entry == kNone ? Value::integer(-1) : Value::natural(entry);
}

Value descriptor_value(CallContext& context, std::span<const std::byte> bytes) {
  Arena& arena = context.arena();
  const std::uint64_t bits = number_at(bytes, 12, 4);
  auto bit = [&](unsigned at) { return Value::natural(bits >> at & 1); };
  constexpr std::size_t kWidth = 8;
  ValueList<10> fields;
  fields.add("entry_number", entry_value(number_at(bytes, 0, 4)));
  fields.add("base_addr", padded_hex(arena, number_at(bytes, 4, 4), kWidth));
  fields.add("limit", padded_hex(arena, number_at(bytes, 8, 4), kWidth));
  fields.add("seg_32bit", bit(0));
  fields.add("contents", Value::natural(bits >> 1 & 3));
  fields.add("read_exec_only", bit(3));
  fields.add("limit_in_pages", bit(4));
  fields.add("seg_not_present", bit(5));
  fields.add("useable", bit(6));
  if (context.abi() == Abi::X86_64) fields.add("lm", bit(7));
  return fields.structure(arena);
}

// Bytes that are no text, all of them in hexadecimal.
Value hex_bytes(CallContext& context, std::span<const std::byte> bytes) {
  const std::size_t shown = std::min(bytes.size(), context.options().string_limit);
  fmt::memory_buffer text;
  for (const std::byte byte : bytes.first(shown)) {
    fmt::format_to(std::back_inserter(text), "\\x{:02x}", static_cast<unsigned>(byte));
  }
  return Value::verbatim(format(context.arena(), "\"{}\"{}",
                                std::string_view(text.data(), text.size()),
                                shown < bytes.size() ? "..." : ""));
}

// The kernel's struct lsm_ctx: numbers, then bytes.
constexpr std::size_t kLsmHeader = 32;

// The one at the beginning of `bytes`, which hold at least the numbers.
Value lsm_context_value(CallContext& context, std::span<const std::byte> bytes) {
  const std::uint64_t length = number_at(bytes, 24, 8);
  // The kernel looks no farther than `len` bytes.
  const auto end = std::clamp<std::uint64_t>(number_at(bytes, 16, 8), kLsmHeader, bytes.size());
  const auto rest = bytes.first(static_cast<std::size_t>(end)).subspan(kLsmHeader);
  ValueList<5> fields;
  const Value id = context.symbol(known::set::lsm_id, number_at(bytes, 0, 8));
  fields.add("id", id.text.empty() ? Value::hex(id.number) : id);
  fields.add("flags", Value::hex(number_at(bytes, 8, 8)));
  fields.add("len", Value::natural(number_at(bytes, 16, 8)));
  fields.add("ctx_len", Value::natural(length));
  if (length != 0 && !rest.empty()) {
    const auto used = static_cast<std::size_t>(std::min<std::uint64_t>(length, rest.size()));
    fields.add("ctx", hex_bytes(context, rest.first(used)));
  }
  return fields.structure(context.arena());
}

Value capability_set(CallContext& context, std::uint64_t low, std::uint64_t high) {
  const Value first = context.flags(known::set::capabilities_low, low);
  if (high == 0) return first;
  const Value second = context.flags(known::set::capabilities_high, high);
  if (low == 0) return second;
  return Value::list(Value::Kind::Flags, context.list(std::array{first, second}));
}

}  // namespace

Value lsm_context(CallContext& context, const CustomInput& input) {
  constexpr std::uint64_t kMax = 65536;
  const Address at(input.value);
  const auto bytes = context.read(at, static_cast<std::size_t>(std::min(input.length, kMax)));
  if (at.null() || bytes.size() < kLsmHeader) return Value::unreadable(at);
  return lsm_context_value(context, bytes);
}

Value lsm_contexts(CallContext& context, const CustomInput& input) {
  constexpr std::uint64_t kMax = 65536;
  constexpr std::size_t kCount = 32;  // more modules than there are
  const Address at(input.value);
  const bool single = (context.argument(3) & 1) != 0;  // LSM_FLAG_SINGLE: the id is asked for
  if (!context.at_exit()) {
    std::uint64_t id = 0;
    if (!single || at.null() || !context.memory().read_object(at, id)) {
      return Value::unreadable(at);
    }
    ValueList<1> asked;
    asked.add("id", context.symbol(known::set::lsm_id, id));
    return asked.structure(context.arena());
  }
  auto bytes = context.read(at, static_cast<std::size_t>(std::min(input.length, kMax)));
  if (at.null() || bytes.size() < kLsmHeader) return Value::unreadable(at);
  ValueList<kCount> contexts;
  while (bytes.size() >= kLsmHeader) {
    contexts.add(lsm_context_value(context, bytes));
    const std::uint64_t length = number_at(bytes, 16, 8);
    if (length < kLsmHeader || length > bytes.size()) break;
    bytes = bytes.subspan(static_cast<std::size_t>(length));
  }
  const Value all = contexts.make(Value::Kind::Array, context.arena());
  if (input.before == nullptr || input.before->kind != Value::Kind::Struct) return all;
  return Value::list(Value::Kind::Change, context.list(std::array{input.before->named({}), all}));
}

Value lsm_ids(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  std::uint32_t size = 0;  // of the array; without it nothing was filled in
  if (!context.memory().read_object(Address(context.argument(1)), size)) return Value::address(at);
  return array_value(context, at, input.length, 8, [&](auto bytes) {
    return context.symbol(known::set::lsm_id, load_number(bytes));
  });
}

Value group_list(CallContext& context, const CustomInput& input) {
  return group_array(context, input, 4);
}

Value group_list16(CallContext& context, const CustomInput& input) {
  return group_array(context, input, 2);
}

Value capability_sets(CallContext& context, const CustomInput& input) {
  // One 32-bit number of each set, or two from version 2 on.
  static constexpr std::array<std::string_view, 3> kSets{"effective", "permitted", "inheritable"};
  constexpr std::uint64_t kVersion2 = 0x20071026;
  constexpr std::uint64_t kVersion3 = 0x20080522;
  const Address at(input.value);
  const Address header(context.argument(0));
  std::uint32_t version = 0;
  if (at.null() || header.null() || !context.memory().read_object(header, version)) {
    return Value::address(at);
  }
  const bool two = version == kVersion2 || version == kVersion3;
  const std::size_t size = kSets.size() * 4;
  const auto bytes = context.read(at, two ? 2 * size : size);
  if (bytes.size() != (two ? 2 * size : size)) return Value::unreadable(at);
  ValueList<kSets.size()> fields;
  for (std::size_t i = 0; i < kSets.size(); ++i) {
    const std::uint64_t low = number_at(bytes, i * 4, 4);
    fields.add(kSets.at(i), capability_set(context, low, number_at(bytes, size + i * 4, 4)));
  }
  return fields.structure(context.arena());
}

Value user_desc(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  const auto bytes = context.read(at, kDescriptorSize);
  if (at.null() || bytes.size() != kDescriptorSize) return Value::unreadable(at);
  return descriptor_value(context, bytes);
}

Value wanted_desc(CallContext& context, const CustomInput& input) {
  if (context.at_exit()) return user_desc(context, input);
  const Address at(input.value);
  std::uint32_t entry = 0;
  if (at.null() || !context.memory().read_object(at, entry)) return Value::unreadable(at);
  ValueList<1> fields;
  fields.add("entry_number", entry_value(entry));
  Value value = fields.structure(context.arena());
  value.truncated = true;
  return value;
}

Value ldt_entry(CallContext& context, const CustomInput& input) {
  // Other sizes are a whole table.
  if (input.length != kDescriptorSize) return Value::address(Address(input.value));
  return user_desc(context, input);
}

Value thread_area_entry(CallContext& context, const CustomInput&) {
  const auto bytes = context.read(Address(context.argument(0)), kDescriptorSize);
  if (bytes.size() != kDescriptorSize) return Value::none();
  return Value::verbatim(format(context.arena(), "entry_number={}", number_at(bytes, 0, 4)));
}

Value kexec_segments(CallContext& context, const CustomInput& input) {
  constexpr std::uint64_t kMax = 16;  // KEXEC_SEGMENT_MAX
  const auto& type = tables::kTypes[known::type::kexec_segment];
  const Address at(input.value);
  if (input.length > kMax) return Value::address(at);
  return array_value(context, at, input.length, type.size[context.abi_index()],
                     [&](auto bytes) { return context.load(type, bytes); });
}

Value kexec_flags(CallContext& context, const CustomInput& input) {
  constexpr std::uint64_t kArchitecture = 0xffff0000;
  const Value architecture =
      context.symbol(known::set::kexec_architecture, input.value & kArchitecture);
  const std::uint64_t rest = input.value & ~kArchitecture;
  if (rest == 0) return architecture;
  const Value bits = context.flags(known::set::kexec_bits, rest);
  return Value::list(Value::Kind::Flags, context.list(std::array{architecture, bits}));
}

Value host_name(CallContext& context, const CustomInput& input) {
  constexpr std::uint64_t kMax = 64;  // __NEW_UTS_LEN
  const Address at(input.value);
  return input.length > kMax ? Value::address(at) : context.bytes(at, input.length);
}

Value syslog_command(CallContext& context, const CustomInput& input) {
  const Value number = Value::integer(sign_extend(input.value, 4));
  return commented(context, number, known::set::syslog_action);
}

Value console_level(CallContext& context, const CustomInput& input) {
  const Value number = Value::integer(sign_extend(input.value, 4));
  return commented(context, number, known::set::log_level);
}

Value pid_type_comment(CallContext& context, const CustomInput& input) {
  return commented(context, Value::hex(input.value), known::set::pid_type);
}

}  // namespace ttrace::custom
