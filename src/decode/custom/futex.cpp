// The operation that FUTEX_WAKE_OP carries out, packed into one number.
#include "decode/custom/custom.h"

namespace ttrace::custom {

Value futex_wake_op(CallContext& context, const CustomInput& input) {
  const std::uint64_t v = input.value;
  auto hex = [&](std::uint64_t n) {
    return n == 0 ? std::string_view("0") : format(context.arena(), "{:#x}", n);
  };
  // "FUTEX_OP_SET<<28", or "0x7<<28 /* FUTEX_OP_??? */".
  auto shifted = [&](const Value& member, unsigned shift) {
    if (!member.text.empty()) return format(context.arena(), "{}<<{}", member.text, shift);
    return format(context.arena(), "{:#x}<<{} /* {} */", member.number, shift, member.comment);
  };
  return Value::symbol(
      format(context.arena(), "{}{}|{}<<12|{}|{}",
             (v >> 31 & 1) != 0 ? "FUTEX_OP_OPARG_SHIFT<<28|" : "",
             shifted(context.symbol(known::set::futex_operation, v >> 28 & 7), 28),
             hex(v >> 12 & 0xfff),
             shifted(context.symbol(known::set::futex_comparison, v >> 24 & 15), 24),
             hex(v & 0xfff)),
      v);
}

}  // namespace ttrace::custom
