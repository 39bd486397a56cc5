// Signals, masks, handlers and siginfo.
#include <algorithm>
#include <bit>
#include <optional>
#include <string>

#include "decode/custom/custom.h"

namespace ttrace {

namespace custom {

namespace {

constexpr std::uint64_t kSigevSignal = 0, kSigevThread = 2, kSigevThreadId = 4;

}  // namespace

Value signal_value(std::uint64_t number, Abi abi) {
  return lookup_symbol(known::set::signal, number, abi);
}

Value signal_mask_value(Arena& arena, std::uint64_t mask, unsigned bits) {
  // strace lists what is missing when at least two thirds of all signals are there.
  const bool inverted = std::popcount(mask) >= static_cast<int>(bits * 2 / 3);
  const std::uint64_t listed = inverted ? truncate_to(~mask, bits / 8) : mask;
  auto values = arena.allocate<Value>(static_cast<std::size_t>(std::popcount(listed)));
  std::size_t count = 0;
  for (unsigned bit = 0; bit < bits; ++bit) {
    if ((listed >> bit & 1) == 0) continue;
    Value value = signal_value(bit + 1, Abi::X86_64);
    if (value.text.starts_with("SIG")) value.text.remove_prefix(3);
    values[count++] = value;
  }
  Value result = Value::list(Value::Kind::Set, values);
  result.inverted = inverted;
  return result;
}

std::string_view signalfd_name(Arena& arena, std::uint64_t mask) {
  const Value set = signal_mask_value(arena, mask);
  std::string text = set.inverted ? "signalfd:~[" : "signalfd:[";
  for (const Value& signal : set.children) {
    if (!text.ends_with('[')) text += ' ';
    text += signal.text;
  }
  return arena.copy(text + ']');
}

Value signal_mask(CallContext& context, const CustomInput& input) {
  return signal_mask_value(context.arena(), input.value);
}

namespace {

// A set of `length` bytes, of which there must be `least`.
Value signal_set_value(CallContext& context, const CustomInput& input, std::size_t least) {
  const Address at(input.value);
  std::array<std::byte, 8> mask{};
  if (at.null()) return Value::address(at);
  if (input.length < least || input.length > mask.size()) return Value::unreadable(at);
  const auto part = std::span(mask).first(static_cast<std::size_t>(input.length));
  if (context.memory().read(at, part) != part.size()) return Value::unreadable(at);
  return signal_mask_value(context.arena(), load_number(mask), part.size() <= 4 ? 32 : 64);
}

}  // namespace

Value signal_set(CallContext& context, const CustomInput& input) {
  return signal_set_value(context, input, context.word());
}

// Like the kernel, rt_sigpending(2) takes fewer bytes, too.
Value pending_set(CallContext& context, const CustomInput& input) {
  return signal_set_value(context, input, 1);
}

Value signal_mask32(CallContext& context, const CustomInput& input) {
  return signal_mask_value(context.arena(), input.value, 32);
}

Value signal_set32(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  std::uint32_t mask = 0;
  if (at.null() || !context.memory().read_object(at, mask)) return Value::unreadable(at);
  return signal_mask_value(context.arena(), mask, 32);
}

Value old_mask_note(CallContext& context, const CustomInput& input) {
  const Value set = signal_mask_value(context.arena(), input.value, 32);
  std::string text = set.inverted ? "old mask ~[" : "old mask [";
  for (const Value& signal : set.children) {
    if (!text.ends_with('[')) text += ' ';
    text += signal.text;
  }
  return Value::verbatim(context.text(text + ']'));
}

Value signal_note(CallContext& context, const CustomInput& input) {
  const Value value = signal_value(input.value, context.abi());
  return value.kind == Value::Kind::Symbol ? value : Value::none();
}

Value handler(CallContext&, const CustomInput& input) {
  if (input.value == 0) return Value::symbol("SIG_DFL", 0);
  if (input.value == 1) return Value::symbol("SIG_IGN", 1);
  if (input.value == ~std::uint64_t{0}) return Value::symbol("SIG_ERR", input.value);
  return Value::hex(input.value);
}

Value handler_note(CallContext& context, const CustomInput& input) {
  const Value named = handler(context, input);
  return named.kind == Value::Kind::Symbol ? named : Value::none();
}

Value signal_event(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  const std::size_t word = context.word();
  const std::size_t size = 3 * word + 8;
  const auto bytes = context.read(at, size);
  if (at.null() || bytes.size() != size) return Value::unreadable(at);
  const std::uint64_t how = number_at(bytes, word + 4, 4);
  const std::uint64_t signal = number_at(bytes, word, 4);
  auto pointer = [&](std::size_t offset) {
    return Value::address(Address(number_at(bytes, offset, word)));
  };
  auto number = [&](std::size_t offset) {
    return Value::integer(sign_extend(number_at(bytes, offset, 4), 4));
  };
  ValueList<2> value;
  value.add("sival_int", number(0));
  value.add("sival_ptr", pointer(0));
  const bool sends = how == kSigevSignal || how == kSigevThread || how == kSigevThreadId;
  ValueList<6> fields;
  if (number_at(bytes, 0, word) != 0) fields.add("sigev_value", value.structure(context.arena()));
  fields.add("sigev_signo", sends ? signal_value(signal, context.abi()) : Value::natural(signal));
  fields.add("sigev_notify", context.symbol(known::set::event_notification, how));
  if (how == kSigevThreadId) fields.add("sigev_notify_thread_id", number(word + 8));
  if (how == kSigevThread) {
    fields.add("sigev_notify_function", pointer(word + 8));
    fields.add("sigev_notify_attributes", pointer(2 * word + 8));
  }
  return fields.structure(context.arena());
}

namespace {

// The mask that a return from a handler sets, both halves by their offsets from the stack pointer.
Value returning_mask(CallContext& context, std::uint64_t low_at, std::uint64_t high_at) {
  const std::uint64_t stack = context.request().stack_pointer;
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  if (stack == 0 || !context.memory().read_object(Address(stack + low_at), low) ||
      !context.memory().read_object(Address(stack + high_at), high)) {
    return Value::none();
  }
  ValueList<1> fields;
  fields.add("mask",
             signal_mask_value(context.arena(), low | static_cast<std::uint64_t>(high) << 32));
  return fields.structure(context.arena());
}

}  // namespace

Value signal_frame(CallContext& context, const CustomInput&) {
  // Where rt_sigreturn's stack pointer has the mask: behind siginfo_t and the first members of
  // struct ucontext, in the order in which arch/*/kernel/signal.c pushes them.
  static constexpr tables::PerAbi<std::uint64_t> kMaskOffset{296, 248, 168, 232};
  const std::uint64_t offset = kMaskOffset.at(context.abi_index());
  return returning_mask(context, offset, offset + 4);
}

Value old_signal_frame(CallContext& context, const CustomInput&) {
  // struct sigcontext has the mask's first half. i386 has the other one behind the state of the
  // floating point unit, which is not used; arm has a struct ucontext.
  if (context.abi() == Abi::I386) return returning_mask(context, 80, 712);
  return returning_mask(context, 104, 108);
}

Value resumed_call(CallContext& context, const CustomInput&) {
  const std::string_view call =
      context.interrupted().empty() ? std::string_view("system call") : context.interrupted();
  return Value::verbatim(format(context.arena(), "<... resuming interrupted {} ...>", call));
}

namespace {

constexpr int kSigill = 4, kSigtrap = 5, kSigbus = 7, kSigfpe = 8, kSigsegv = 11, kSigchld = 17,
              kSigio = 29, kSigsys = 31;
constexpr std::int64_t kSiUser = 0, kSiTimer = -2, kSiTkill = -6;
constexpr std::int64_t kPollLast = 6, kCldExited = 1, kSegvBnderr = 3, kSegvPkuerr = 4,
                       kBusMceerrAr = 4, kBusMceerrAo = 5;

struct CodeSet {
  int signal;
  tables::Index codes;
};
constexpr std::array<CodeSet, 8> kCodes{{
    {kSigill, known::set::ill_code},
    {kSigtrap, known::set::trap_code},
    {kSigbus, known::set::bus_code},
    {kSigfpe, known::set::fpe_code},
    {kSigsegv, known::set::segv_code},
    {kSigchld, known::set::child_code},
    {kSigio, known::set::poll_code},
    {kSigsys, known::set::sys_code},
}};

// siginfo_t after its first three numbers.
class SiginfoUnion {
 public:
  SiginfoUnion(std::span<const std::byte> raw, unsigned word, Abi abi, Arena& arena)
      : raw_(raw), base_(word == 8 ? 16 : 12), word_(word), abi_(abi), arena_(arena) {}

  void sender(ValueList<12>& out) const {
    out.add("si_pid", number(0));
    const std::int64_t uid = sign_extend(at(4, 4), 4);
    out.add("si_uid", uid == -1 ? Value::integer(-1) : Value::natural(at(4, 4)));
  }
  void payload(ValueList<12>& out, std::size_t offset) const {
    out.add("si_int", number(offset));
    out.add("si_ptr", pointer(offset));
  }
  [[nodiscard]] bool has_payload(std::size_t offset) const { return at(offset, word_) != 0; }
  void child(ValueList<12>& out, std::int64_t code) const {
    sender(out);
    out.add("si_status", code == kCldExited ? number(8) : signal_value(at(8, 4), abi_));
    const std::size_t times = word_ == 8 ? 16 : 12;
    out.add("si_utime", ticks_value(arena_, at(times, word_)));
    out.add("si_stime", ticks_value(arena_, at(times + word_, word_)));
  }
  void timer(ValueList<12>& out) const {
    out.add("si_timerid", Value::hex(at(0, 4)));
    out.add("si_overrun", number(4));
    payload(out, 8);
  }
  void fault(ValueList<12>& out, int signal, std::int64_t code) const {
    out.add("si_addr", pointer(0));
    if (signal == kSigsegv && code == kSegvBnderr) {
      out.add("si_lower", pointer(2 * word_));
      out.add("si_upper", pointer(3 * word_));
    } else if (signal == kSigsegv && code == kSegvPkuerr) {
      out.add("si_pkey", Value::natural(at(2 * word_, 4)));
    } else if (signal == kSigbus && (code == kBusMceerrAr || code == kBusMceerrAo)) {
      out.add("si_addr_lsb", Value::hex(at(word_, 2)));
    }
  }
  /// What is not known is shown where there is something.
  void rest(ValueList<12>& out) const {
    if (at(0, 8) != 0) sender(out);
    if (has_payload(8)) payload(out, 8);
  }
  void band(ValueList<12>& out) const {
    out.add("si_band", Value::integer(sign_extend(at(0, word_), word_)));
    out.add("si_fd", number(word_));
  }
  void seccomp(ValueList<12>& out) const {
    out.add("si_call_addr", pointer(0));
    const auto arch = static_cast<std::uint32_t>(at(word_ + 4, 4));
    const auto abi = abi_from_audit(arch);
    const std::uint64_t call = at(word_, 4);
    out.add("si_syscall",
            abi ? Value::symbol(Decoder::name(*abi, call), call) : Value::natural(call));
    out.add("si_arch", lookup_symbol(known::set::audit_arch, arch, abi_));
  }

 private:
  [[nodiscard]] std::uint64_t at(std::size_t offset, std::size_t size) const {
    return number_at(raw_, base_ + offset, size);
  }
  [[nodiscard]] Value number(std::size_t offset) const {
    return Value::integer(sign_extend(at(offset, 4), 4));
  }
  [[nodiscard]] Value pointer(std::size_t offset) const {
    return Value::address(Address(at(offset, word_)));
  }

  std::span<const std::byte> raw_;
  std::size_t base_;
  unsigned word_;
  Abi abi_;
  Arena& arena_;
};

Value code_value(int signal, std::int64_t code, Abi abi) {
  const auto bits = static_cast<std::uint32_t>(code);
  const Value common = lookup_symbol(known::set::signal_code, bits, abi);
  if (!common.text.empty()) return common;
  for (const CodeSet& set : kCodes) {
    if (set.signal != signal || code <= 0) continue;
    const Value named = lookup_symbol(set.codes, bits, abi);
    if (!named.text.empty()) return named;
  }
  return Value::hex(bits);
}

}  // namespace

Value siginfo_value(std::span<const std::byte> raw, unsigned word, Abi abi, Arena& arena) {
  const auto signal = static_cast<int>(number_at(raw, 0, 4));
  const std::int64_t error = sign_extend(number_at(raw, 4, 4), 4);
  const std::int64_t code = sign_extend(number_at(raw, 8, 4), 4);
  const SiginfoUnion part(raw, word, abi, arena);
  ValueList<12> fields;
  if (signal == 0) return fields.structure(arena);
  fields.add("si_signo", signal_value(static_cast<std::uint32_t>(signal), abi));
  fields.add("si_code", code_value(signal, code, abi));
  if (error != 0) {
    const Value named = lookup_symbol(known::set::errors, static_cast<std::uint32_t>(error), abi);
    fields.add("si_errno", named.kind == Value::Kind::Symbol
                               ? named
                               : Value::natural(static_cast<std::uint32_t>(error)));
  }
  const bool fault = signal == kSigill || signal == kSigtrap || signal == kSigbus ||
                     signal == kSigfpe || signal == kSigsegv;
  if (code == kSiTimer) {
    part.timer(fields);
  } else if (code == kSiUser || code == kSiTkill) {
    part.sender(fields);
  } else if (code < 0) {
    part.sender(fields);
    if (part.has_payload(8)) part.payload(fields, 8);
  } else if (signal == kSigchld) {
    part.child(fields, code);
  } else if (fault) {
    part.fault(fields, signal, code);
  } else if (signal == kSigsys) {
    part.seccomp(fields);
  } else if (signal == kSigio) {
    if (code <= kPollLast) part.band(fields);
  } else {
    part.rest(fields);
  }
  return fields.structure(arena);
}

Value signal_info(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  if (at.null()) return Value::address(at);
  constexpr std::size_t kSize = 128;
  const auto raw = context.read(at, kSize);
  if (raw.size() != kSize) return Value::unreadable(at);
  return siginfo_value(raw, context.word(), context.abi(), context.arena());
}

}  // namespace custom

Value decode_siginfo(std::span<const std::byte> raw, Arena& arena) {
  return custom::siginfo_value(raw, word_size(host_abi()), host_abi(), arena);
}

std::string_view signal_name(int signal) {
  const Value value = custom::signal_value(static_cast<std::uint32_t>(signal), host_abi());
  if (!value.text.empty()) return value.text;
  // There is none beyond those: a wait status has 7 bits for it.
  static constexpr auto kNumbers = [] {
    std::array<std::array<char, 3>, 128> digits{};
    for (unsigned i = 0; i < digits.size(); ++i) {
      digits[i] = {static_cast<char>('0' + i / 100), static_cast<char>('0' + i / 10 % 10),
                   static_cast<char>('0' + i % 10)};
    }
    return digits;
  }();
  const auto& digits = kNumbers[static_cast<unsigned>(signal) % kNumbers.size()];
  const std::string_view text(digits.data(), digits.size());
  return text.substr(std::min(text.find_first_not_of('0'), text.size() - 1));
}

std::optional<int> signal_number(std::string_view text) {
  int number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9' || number > 64) {
      number = -1;
      break;
    }
    number = number * 10 + (c - '0');
  }
  if (!text.empty() && number >= 0 && number <= 64) return number;
  std::string upper;
  for (const char c : text)
    upper += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const auto slice = tables::kSets[known::set::signal].constants[0];
  for (const auto& row : tables::kConstants.subspan(slice.first, slice.count)) {
    if (row.name == upper || row.name.substr(3) == upper) return static_cast<int>(row.value);
  }
  return std::nullopt;
}

}  // namespace ttrace
