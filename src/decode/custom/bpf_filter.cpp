// Classic BPF: the filters of sockets and of seccomp.
#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

// Some bits of an instruction's code, named by an enum.
struct CodePart {
  tables::Index set;
  std::uint64_t mask;
  bool if_any = false;  // left out when all are 0
};

std::span<const CodePart> parts_of(std::uint64_t code) {
  using namespace known::set;
  static constexpr std::array<CodePart, 2> kLoad{{{bpf_size, 0x18}, {bpf_mode, 0xe0}}};
  static constexpr std::array<CodePart, 1> kStore{{{bpf_rest, 0xfff8, true}}};
  static constexpr std::array<CodePart, 2> kAlu{{{bpf_source, 0x8}, {bpf_alu, 0xf0}}};
  static constexpr std::array<CodePart, 2> kJump{{{bpf_source, 0x8}, {bpf_jump, 0xf0}}};
  static constexpr std::array<CodePart, 2> kReturn{{{bpf_return, 0x18}, {bpf_rest, 0xffe0, true}}};
  static constexpr std::array<CodePart, 2> kMisc{{{bpf_misc, 0xf8}, {bpf_rest, 0xff00, true}}};
  static constexpr std::array<std::span<const CodePart>, 8> kClasses{kLoad, kLoad, kStore,  kStore,
                                                                     kAlu,  kJump, kReturn, kMisc};
  return kClasses.at(code & 7);
}

Value code_value(CallContext& context, std::uint64_t code) {
  ValueList<3> parts;
  parts.add(context.symbol(known::set::bpf_class, code & 7));
  for (const CodePart& part : parts_of(code)) {
    const std::uint64_t bits = code & part.mask;
    if (bits != 0 || !part.if_any) parts.add(context.symbol(part.set, bits));
  }
  return parts.make(Value::Kind::Flags, context.arena());
}

// What a seccomp filter returns: what to do, and a number with it.
Value action_value(CallContext& context, std::uint64_t value) {
  constexpr std::uint64_t kData = 0xffff;
  const Value action = context.symbol(known::set::seccomp_action, value & ~kData);
  if ((value & kData) == 0) return action;
  const std::array both{action, Value::hex(value & kData)};
  return Value::list(Value::Kind::Flags, context.list(both));
}

Value instruction(CallContext& context, std::span<const std::byte> bytes, bool seccomp) {
  constexpr std::uint64_t kReturnClass = 6;
  const std::uint64_t code = number_at(bytes, 0, 2);
  const std::uint64_t if_true = number_at(bytes, 2, 1);
  const std::uint64_t if_false = number_at(bytes, 3, 1);
  const std::uint64_t k = number_at(bytes, 4, 4);
  const Value what = code_value(context, code);
  if (if_true != 0 || if_false != 0) {
    const std::array parts{what, Value::hex(k), Value::hex(if_true), Value::hex(if_false)};
    return Value::call("BPF_JUMP", context.list(parts));
  }
  const bool action = seccomp && (code & 7) == kReturnClass;
  const std::array parts{what, action ? action_value(context, k) : Value::hex(k)};
  return Value::call("BPF_STMT", context.list(parts));
}

Value filter(CallContext& context, const CustomInput& input, bool seccomp) {
  constexpr std::size_t kSize = 8;  // of struct sock_filter
  const Address at(input.value);
  if (!context.verbose()) return Value::address(at);
  return array_value(context, at, input.length, kSize,
                     [&](auto bytes) { return instruction(context, bytes, seccomp); });
}

}  // namespace

Value socket_filter(CallContext& context, const CustomInput& input) {
  return filter(context, input, false);
}

Value seccomp_filter(CallContext& context, const CustomInput& input) {
  return filter(context, input, true);
}

}  // namespace ttrace::custom
