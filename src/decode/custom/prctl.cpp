// Numbers of prctl that hold several: vector lengths, modes. The names are of other architectures,
// but every architecture's prctl has the commands.
#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

constexpr std::uint64_t kInherit = 1 << 17;  // PR_SVE_VL_INHERIT
constexpr std::uint64_t kOnExec = 1 << 18;   // PR_SVE_SET_VL_ONEXEC
constexpr std::uint64_t kLength = 0xffff;    // PR_SVE_VL_LEN_MASK

// "PR_SVE_VL_INHERIT|0x20"; only the length when there is nothing above it.
Value vector_length(CallContext& context, std::uint64_t value, std::string_view on_exec,
                    std::string_view inherit) {
  ValueList<4> parts;
  if ((value & kOnExec) != 0) parts.add(Value::symbol(on_exec, kOnExec));
  if ((value & kInherit) != 0) parts.add(Value::symbol(inherit, kInherit));
  const std::uint64_t unknown = value & ~(kOnExec | kInherit | kLength);
  if (unknown != 0) parts.add(Value::hex(unknown));
  const Value length = Value::hex(value & kLength);
  if (parts.empty()) return length;
  parts.add(length);
  return parts.make(Value::Kind::Flags, context.arena());
}

// Shown behind a result only where it says more than the number.
Value note(const Value& value) {
  return value.kind == Value::Kind::Flags ? value : Value::none();
}

// One of the two states of a RISC-V vector mode.
Value vector_state(CallContext& context, std::uint64_t state, std::string_view shift) {
  static constexpr std::array<std::string_view, 3> kStates{
      "PR_RISCV_V_VSTATE_CTRL_DEFAULT", "PR_RISCV_V_VSTATE_CTRL_OFF", "PR_RISCV_V_VSTATE_CTRL_ON"};
  Arena& arena = context.arena();
  if (state < kStates.size()) {
    return Value::symbol(format(arena, "{}{}", kStates.at(state), shift), state);
  }
  return Value::symbol(format(arena, "{:#x}{}", state, shift), state);
}

}  // namespace

Value sve_vector_length(CallContext& context, const CustomInput& input) {
  return vector_length(context, input.value, "PR_SVE_SET_VL_ONEXEC", "PR_SVE_VL_INHERIT");
}

Value sme_vector_length(CallContext& context, const CustomInput& input) {
  return vector_length(context, input.value, "PR_SME_SET_VL_ONEXEC", "PR_SME_VL_INHERIT");
}

Value sve_vector_length_note(CallContext& context, const CustomInput& input) {
  return note(sve_vector_length(context, input));
}

Value sme_vector_length_note(CallContext& context, const CustomInput& input) {
  return note(sme_vector_length(context, input));
}

Value tagged_address(CallContext& context, const CustomInput& input) {
  static constexpr std::array<std::string_view, 4> kModes{"PR_MTE_TCF_NONE", "PR_MTE_TCF_SYNC",
                                                          "PR_MTE_TCF_ASYNC", "PR_MTE_TCF_MASK"};
  constexpr unsigned kTagShift = 3;  // PR_MTE_TAG_SHIFT
  const std::uint64_t value = input.value;
  ValueList<4> parts;
  const bool enabled = (value & 1) != 0;
  parts.add(Value::symbol(enabled ? "PR_TAGGED_ADDR_ENABLE" : "!PR_TAGGED_ADDR_ENABLE", value & 1));
  parts.add(Value::symbol(kModes.at(value >> 1 & 3), value & 6));
  const std::uint64_t tags = value >> kTagShift & 0xffff;
  if (tags != 0) {
    parts.add(Value::symbol(format(context.arena(), "{:#x}<<PR_MTE_TAG_SHIFT", tags), tags));
  }
  const std::uint64_t unknown = value & ~std::uint64_t{0x7ffff};
  if (unknown != 0) parts.add(Value::hex(unknown));
  return parts.make(Value::Kind::Flags, context.arena());
}

Value riscv_vector(CallContext& context, const CustomInput& input) {
  constexpr std::uint64_t kInheritBit = 1 << 4;  // PR_RISCV_V_VSTATE_CTRL_INHERIT
  const std::uint64_t value = input.value;
  ValueList<4> parts;
  parts.add(vector_state(context, value & 3, ""));
  parts.add(vector_state(context, value >> 2 & 3, "<<2"));
  const bool inherits = (value & kInheritBit) != 0;
  parts.add(
      Value::symbol(inherits ? "PR_RISCV_V_VSTATE_CTRL_INHERIT" : "!PR_RISCV_V_VSTATE_CTRL_INHERIT",
                    value & kInheritBit));
  const std::uint64_t unknown = value & ~std::uint64_t{0x1f};
  if (unknown != 0) parts.add(Value::hex(unknown));
  return parts.make(Value::Kind::Flags, context.arena());
}

Value task_name(CallContext& context, const CustomInput& input) {
  constexpr std::size_t kMax = 15;  // TASK_COMM_LEN without the NUL
  return context.string(Address(input.value), std::min(kMax, context.options().string_limit));
}

// What the kernel filled in may be longer than what it takes.
Value whole_task_name(CallContext& context, const CustomInput& input) {
  constexpr std::size_t kMax = 16;  // TASK_COMM_LEN
  return context.string(Address(input.value), std::min(kMax, context.options().string_limit));
}

}  // namespace ttrace::custom
