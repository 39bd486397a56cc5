// What ptrace's requests carry.
#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

struct UserField {
  std::uint64_t offset;
  std::string_view name;
};

// struct user of x86-64 (sys/user.h): registers by name, then the other members.
constexpr std::array<UserField, 36> kUser{{
    {0, "8*R15"},
    {8, "8*R14"},
    {16, "8*R13"},
    {24, "8*R12"},
    {32, "8*RBP"},
    {40, "8*RBX"},
    {48, "8*R11"},
    {56, "8*R10"},
    {64, "8*R9"},
    {72, "8*R8"},
    {80, "8*RAX"},
    {88, "8*RCX"},
    {96, "8*RDX"},
    {104, "8*RSI"},
    {112, "8*RDI"},
    {120, "8*ORIG_RAX"},
    {128, "8*RIP"},
    {136, "8*CS"},
    {144, "8*EFL"},
    {152, "8*RSP"},
    {160, "8*SS"},
    {216, "offsetof(struct user, u_fpvalid)"},
    {224, "offsetof(struct user, i387)"},
    {736, "offsetof(struct user, u_tsize)"},
    {744, "offsetof(struct user, u_dsize)"},
    {752, "offsetof(struct user, u_ssize)"},
    {760, "offsetof(struct user, start_code)"},
    {768, "offsetof(struct user, start_stack)"},
    {776, "offsetof(struct user, signal)"},
    {784, "offsetof(struct user, reserved)"},
    {792, "offsetof(struct user, u_ar0)"},
    {800, "offsetof(struct user, u_fpstate)"},
    {808, "offsetof(struct user, magic)"},
    {816, "offsetof(struct user, u_comm)"},
    {848, "offsetof(struct user, u_debugreg)"},
    {912, "sizeof(struct user)"},
}};

// The fields of a structure that `bytes`, its beginning, hold; of an array in it what is there.
Value first_fields(CallContext& context, const tables::Type& type,
                   std::span<const std::byte> bytes) {
  const auto& layout = tables::kLayouts[tables::kStructs[type.ref].layout[context.abi_index()]];
  ValueList<32> fields;
  for (const auto& field : tables::kFields.subspan(layout.first, layout.count)) {
    const auto& field_type = tables::kTypes[field.type];
    const std::size_t size = field_type.size[context.abi_index()];
    if (field.offset >= bytes.size()) break;
    const auto rest = bytes.subspan(field.offset);
    if (rest.size() < size && field_type.kind != tables::Type::Kind::Array) break;
    fields.add(field.name, context.load(field_type, rest.first(std::min(size, rest.size()))));
  }
  return fields.structure(context.arena());
}

// The registers of an NT_ set, where the words of `length` bytes at `at` are one.
Value register_base(CallContext& context, Address at, std::uint64_t set, std::uint64_t length) {
  constexpr std::uint64_t kPrStatus = 1;
  constexpr std::uint64_t kFpRegSet = 2;
  const bool x86 = context.abi() == Abi::X86_64 || context.abi() == Abi::I386;
  if (!x86 || (set != kPrStatus && set != kFpRegSet)) return Value::address(at);
  const auto& type =
      tables::kTypes[set == kPrStatus ? known::type::user_regs : known::type::user_fpregs];
  const std::size_t full = type.size[context.abi_index()];
  if (length == 0 || length % context.word() != 0) return Value::address(at);
  const auto used = static_cast<std::size_t>(std::min<std::uint64_t>(length, full));
  const auto bytes = context.read(at, used);
  if (at.null() || bytes.size() != used) return Value::unreadable(at);
  Value registers = first_fields(context, type, bytes);
  registers.truncated = length > full;
  return registers;
}

// "nr=1, args=[…]" of a call, as far as `size` bytes go.
Value entered(CallContext& context, std::span<const std::byte> info, std::size_t size,
              bool seccomp) {
  constexpr std::size_t kNumber = 24;
  constexpr std::size_t kArguments = 32;
  constexpr std::size_t kEnd = 80;
  ValueList<4> fields;
  fields.add("nr", Value::natural(number_at(info, kNumber, 8)));
  ValueList<6> arguments;
  for (std::size_t at = kArguments; at + 8 <= std::min(size, kEnd); at += 8) {
    arguments.add(Value::hex(number_at(info, at, 8)));
  }
  if (!arguments.empty()) {
    fields.add("args", arguments.make(Value::Kind::Array, context.arena()));
  }
  if (seccomp && size >= kEnd + 4) {
    fields.add("ret_data", Value::natural(number_at(info, kEnd, 4)));
  }
  return fields.structure(context.arena());
}

Value exited(CallContext& context, std::span<const std::byte> info, std::size_t size) {
  constexpr std::size_t kResult = 24;
  constexpr std::size_t kIsError = 32;
  const std::uint64_t raw = number_at(info, kResult, 8);
  const std::uint64_t is_error = number_at(info, kIsError, 1);
  const auto result = static_cast<std::int64_t>(raw);
  Value value = Value::integer(result);
  if (size > kIsError && is_error != 0 && result < 0 && result > -4096) {
    const std::string_view name = errno_name(static_cast<int>(-result));
    if (!name.empty()) value = Value::symbol(format(context.arena(), "-{}", name), raw);
  }
  ValueList<2> fields;
  fields.add("rval", value);
  if (size > kIsError) fields.add("is_error", Value::natural(is_error));
  return fields.structure(context.arena());
}

}  // namespace

Value user_offset(CallContext& context, const CustomInput& input) {
  const std::uint64_t offset = input.value;
  const bool x86 = context.abi() == Abi::X86_64 || context.abi() == Abi::I386;
  auto next = std::ranges::upper_bound(kUser, offset, {}, &UserField::offset);
  if (!x86 || next == kUser.begin() || offset > kUser.back().offset) {
    return Value::address(Address(offset));
  }
  const UserField& field = *--next;
  if (offset == field.offset) return Value::symbol(field.name, offset);
  return Value::symbol(format(context.arena(), "{}+{}", field.name, offset - field.offset), offset);
}

Value register_vector(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  const std::size_t word = context.word();
  const auto bytes = context.read(at, 2 * word);
  if (at.null() || bytes.size() != 2 * word) return Value::unreadable(at);
  const Address base(number_at(bytes, 0, word));
  const std::uint64_t length = number_at(bytes, word, word);
  const Value* before = field_of(input.before, "iov_len");
  const bool get = context.argument(0) == 0x4204;  // PTRACE_GETREGSET
  ValueList<2> fields;
  // What GETREGSET will fill in is not there yet.
  fields.add("iov_base", get && before == nullptr
                             ? Value::address(base)
                             : register_base(context, base, context.argument(2), length));
  Value shown = Value::natural(length);
  if (before != nullptr && before->number != length) {
    shown = Value::list(Value::Kind::Change, context.list(std::array{before->named({}), shown}));
  }
  fields.add("iov_len", shown);
  return fields.structure(context.arena());
}

Value signal_infos(CallContext& context, const CustomInput& input) {
  constexpr std::size_t kSize = 128;
  return array_value(context, Address(input.value), input.length, kSize, [&](auto raw) {
    return siginfo_value(raw, context.word(), context.abi(), context.arena());
  });
}

Value sized_signal_mask(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  std::uint64_t mask = 0;
  if (at.null() || input.length != sizeof mask || !context.memory().read_object(at, mask)) {
    return Value::unreadable(at);
  }
  return signal_mask_value(context.arena(), mask);
}

Value seccomp_metadata(CallContext& context, const CustomInput& input) {
  constexpr std::size_t kOffset = 8;
  constexpr std::size_t kSize = 16;
  const Address at(input.value);
  const auto bytes = context.read(at, kSize);
  if (at.null() || input.length < kOffset || bytes.size() < kOffset) return Value::unreadable(at);
  ValueList<2> fields;
  fields.add("filter_off", Value::natural(number_at(bytes, 0, kOffset)));
  // The flags are the kernel's answer.
  const auto filled = input.before != nullptr ? static_cast<std::size_t>(context.returned()) : 0;
  if (filled >= kSize && bytes.size() == kSize) {
    fields.add("flags", context.flags(known::set::seccomp_filter_flags,
                                      number_at(bytes, kOffset, kSize - kOffset)));
  }
  return fields.structure(context.arena());
}

Value syscall_info(CallContext& context, const CustomInput& input) {
  constexpr std::size_t kSize = 88;
  constexpr std::size_t kPayload = 32;  // up to the first number of the call or its result
  const Address at(input.value);
  std::uint64_t size = input.length;
  if (context.at_exit()) {
    size = std::min(size, static_cast<std::uint64_t>(context.returned()));
  }
  const auto used = static_cast<std::size_t>(std::min<std::uint64_t>(size, kSize));
  const auto info = context.read(at, used);
  if (at.null() || used == 0 || info.size() != used) return Value::unreadable(at);
  const std::uint64_t op = number_at(info, 0, 1);
  ValueList<8> fields;
  fields.add("op", context.symbol(known::set::syscall_info_op, op));
  const std::uint64_t reserved = number_at(info, 1, 1);
  const std::uint64_t flags = number_at(info, 2, 2);
  if (reserved != 0) fields.add("reserved", Value::hex(reserved));
  if (flags != 0) fields.add("flags", Value::hex(flags));
  if (used >= 8) {
    fields.add("arch", context.symbol(known::set::audit_arch, number_at(info, 4, 4)));
  }
  if (used >= 16) fields.add("instruction_pointer", Value::hex(number_at(info, 8, 8)));
  if (used >= 24) fields.add("stack_pointer", Value::hex(number_at(info, 16, 8)));
  if (used >= kPayload && op == 1) fields.add("entry", entered(context, info, used, false));
  if (used >= kPayload && op == 2) fields.add("exit", exited(context, info, used));
  if (used >= kPayload && op == 3) fields.add("seccomp", entered(context, info, used, true));
  return fields.structure(context.arena());
}

}  // namespace ttrace::custom
