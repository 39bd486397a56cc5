// System V IPC: flags with permissions among them, messages, i386's ipc(2).
#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

constexpr std::uint64_t kPermissions = 0777;
// shmget(2) has the logarithm of the size of huge pages in these bits.
constexpr unsigned kHugeShift = 26;
constexpr std::uint64_t kHugeMask = 0x3f;

Value in_brackets(CallContext& context, std::uint64_t address) {
  return Value::list(Value::Kind::Array,
                     context.list(std::array{Value::address(Address(address))}));
}

}  // namespace

// Flags, then the permissions: IPC_CREAT|0600.
Value ipc_flags(CallContext& context, const CustomInput& input) {
  const std::uint64_t bits = input.value & ~kPermissions;
  const Value permissions = Value::octal(input.value & kPermissions);
  if (bits == 0) return permissions;
  const Value named = context.flags(known::set::ipc_create_flags, bits);
  ValueList<8> parts;
  for (const Value& part : named.children)
    parts.add(part);
  parts.add(permissions);
  if (named.kind == Value::Kind::Flags) return parts.make(Value::Kind::Flags, context.arena());
  // Where no flag has a name, strace leaves out the bar before the permissions.
  const std::uint64_t rest = input.value & kPermissions;
  const auto digits = rest < 0100 ? format(context.arena(), "{:03o}", rest)
                                  : format(context.arena(), "0{:o}", rest);
  return Value::verbatim(format(context.arena(), "{:#x}{}", bits, digits));
}

Value shm_flags(CallContext& context, const CustomInput& input) {
  const std::uint64_t huge = input.value >> kHugeShift & kHugeMask;
  const std::uint64_t bits = input.value & ~kPermissions & ~(kHugeMask << kHugeShift);
  ValueList<8> parts;
  const Value named = context.flags(known::set::shm_create_flags, bits);
  for (const Value& part : named.children)
    parts.add(part);
  if (bits != 0 && named.kind != Value::Kind::Flags) parts.add(named);
  if (huge != 0) {
    parts.add(Value::verbatim(format(context.arena(), "{}<<SHM_HUGE_SHIFT", huge)));
  }
  parts.add(Value::octal(input.value & kPermissions));
  return parts.make(Value::Kind::Flags, context.arena());
}

Value ipc_message(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  const std::size_t word = context.word();
  // The kernel's struct msgbuf, which has one character of the text and padding.
  const auto bytes = context.read(at, 2 * word);
  if (at.null() || bytes.size() != 2 * word) return Value::unreadable(at);
  ValueList<2> fields;
  fields.add("mtype", Value::integer(sign_extend(number_at(bytes, 0, word), word)));
  fields.add("mtext", context.bytes(at + word, input.length));
  return fields.structure(context.arena());
}

// --- i386's ipc(2) ----------------------------------------------------------------------------

// The version of a call's arguments is in the upper half.
Value ipc_call(CallContext& context, const CustomInput& input) {
  const std::uint64_t version = input.value >> 16;
  if (version == 0) return Value::natural(input.value);
  return Value::verbatim(format(context.arena(), "{}<<16|{}", version, input.value & 0xffff));
}

// The address is not what the call returns, but where its third argument points.
Value attached_address(CallContext& context, const CustomInput&) {
  constexpr std::size_t kPlace = 3;  // where decode/multiplexed.cpp puts it
  const Address at(context.request().args[kPlace]);
  std::uint32_t address = 0;
  if (!context.memory().read_object(at, address)) return Value::verbatim("?");
  return Value::hex(address);
}

Value semaphore_argument(CallContext& context, const CustomInput& input) {
  return in_brackets(context, input.value);
}

Value semaphore_state(CallContext& context, const CustomInput& input) {
  if (!context.at_exit()) return in_brackets(context, input.value);
  return context.pointee(tables::kTypes[known::type::semid64], Address(input.value));
}

}  // namespace ttrace::custom
