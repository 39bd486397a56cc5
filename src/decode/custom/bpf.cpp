// Programs for the kernel's BPF machines, old (socket filters, seccomp) and new (bpf(2)), and what
// else of bpf's attributes no table can hold.
#include <algorithm>
#include <array>
#include <iterator>

#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

constexpr std::size_t kInstructionSize = 8;
constexpr std::string_view kUnknown = "BPF_???";

// The three low bits of an instruction's code.
enum class Class : std::uint8_t { Ld, Ldx, St, Stx, Alu, Jmp, Ret, Misc };

// BPF_RET|BPF_K: the parts of an instruction's code, joined by '|'.
class Code {
 public:
  Code(CallContext& context, std::uint64_t code) : context_(context), code_(code) {}
  /// The part in the bits of `mask`; a member of the set, or unknown.
  Code& part(tables::Index set, std::uint64_t mask) {
    parts_.add(context_.symbol(set, code_ & mask));
    return *this;
  }
  /// What is in these bits and has no name; nothing when it is 0.
  Code& rest(std::uint64_t mask) {
    if ((code_ & mask) != 0) parts_.add(Value::unknown_symbol(code_ & mask, kUnknown));
    return *this;
  }
  [[nodiscard]] Value value() const {
    Value flags = parts_.make(Value::Kind::Flags, context_.arena());
    flags.number = code_;
    return flags;
  }

 private:
  CallContext& context_;
  std::uint64_t code_;
  ValueList<4> parts_;
};

Value new_code(CallContext& context, std::uint64_t number) {
  namespace set = known::set;
  Code code(context, number);
  code.part(set::bpf_class, 0x7);
  switch (static_cast<Class>(number & 7)) {
    case Class::Ld:
    case Class::Ldx:
    case Class::St:
    case Class::Stx:
      return code.part(set::bpf_size, 0x18).part(set::bpf_mode, 0xe0).value();
    case Class::Alu:
    case Class::Misc:  // BPF_ALU64 in new programs
      return code.part(set::bpf_source, 0x8).part(set::bpf_alu, 0xf0).value();
    case Class::Jmp:
      return code.part(set::bpf_source, 0x8).part(set::bpf_jump, 0xf0).value();
    case Class::Ret:  // BPF_JMP32
      break;
  }
  return code.rest(0xf8).value();
}

Value old_code(CallContext& context, std::uint64_t number) {
  namespace set = known::set;
  Code code(context, number);
  code.part(set::bpf_old_class, 0x7);
  switch (static_cast<Class>(number & 7)) {
    case Class::Ld:
    case Class::Ldx:
      return code.part(set::bpf_size, 0x18).part(set::bpf_old_mode, 0xe0).value();
    case Class::St:
    case Class::Stx:
      break;
    case Class::Alu:
      return code.part(set::bpf_source, 0x8).part(set::bpf_alu, 0xf0).value();
    case Class::Jmp:
      return code.part(set::bpf_source, 0x8).part(set::bpf_jump, 0xf0).value();
    case Class::Ret:
      return code.part(set::bpf_return, 0x18).rest(0xffe0).value();
    case Class::Misc:
      return code.part(set::bpf_misc, 0xf8).rest(0xff00).value();
  }
  return code.rest(0xfff8).value();
}

// Instructions of 8 bytes, decoded by `decode`. They are many, and shown with -v only.
template <class Decode>
Value program(CallContext& context, const CustomInput& input, Decode decode) {
  const Address at(input.value);
  if (at.null() || !context.verbose()) return Value::unreadable(at);
  return array_value(context, at, input.length, kInstructionSize, decode);
}

// struct sock_filter {code: u16, jt: u8, jf: u8, k: u32}. `operand` decodes k of a statement.
template <class Operand>
Value filter(CallContext& context, const CustomInput& input, Operand operand) {
  return program(context, input, [&](std::span<const std::byte> bytes) {
    const std::uint64_t code = number_at(bytes, 0, 2);
    const std::uint64_t yes = number_at(bytes, 2, 1);
    const std::uint64_t no = number_at(bytes, 3, 1);
    const std::uint64_t k = number_at(bytes, 4, 4);
    if (yes == 0 && no == 0) {
      return Value::call("BPF_STMT",
                         context.list(std::array{old_code(context, code), operand(code, k)}));
    }
    return Value::call("BPF_JUMP", context.list(std::array{old_code(context, code), Value::hex(k),
                                                           Value::hex(yes), Value::hex(no)}));
  });
}

// linux/filter.h: negative offsets mean ancillary data, or are relative to a header.
Value socket_operand(CallContext& context, std::uint64_t code, std::uint64_t k) {
  constexpr std::uint64_t kLoadAbsolute = 0x20;  // BPF_LD|BPF_ABS
  constexpr std::uint64_t kAncillary = 0xfffff000;
  constexpr std::uint64_t kNetwork = 0xfff00000;
  constexpr std::uint64_t kLink = 0xffe00000;
  if ((code & 0xe7) != kLoadAbsolute || k < kLink) return Value::hex(k);
  Arena& arena = context.arena();
  if (k < kNetwork) return Value::symbol(format(arena, "SKF_LL_OFF+{}", k - kLink), k);
  if (k < kAncillary) return Value::symbol(format(arena, "SKF_NET_OFF+{}", k - kNetwork), k);
  Value value = context.symbol(known::set::socket_ancillary, k - kAncillary);
  value.text = value.text.empty() ? format(arena, "SKF_AD_OFF+{:#x}", k - kAncillary)
                                  : format(arena, "SKF_AD_OFF+{}", value.text);
  return value;
}

// What a seccomp filter returns: an action, and 16 bits of data.
Value seccomp_operand(CallContext& context, std::uint64_t code, std::uint64_t k) {
  if (static_cast<Class>(code & 7) != Class::Ret) return Value::hex(k);
  ValueList<2> parts;
  parts.add(context.symbol(known::set::seccomp_action, k & 0xffff0000));
  if ((k & 0xffff) != 0) parts.add(Value::hex(k & 0xffff));
  return parts.make(Value::Kind::Flags, context.arena());
}

std::string_view hex_text(Arena& arena, std::span<const std::byte> bytes) {
  fmt::basic_memory_buffer<char, 512> text;
  text.push_back('"');
  for (const std::byte byte : bytes)
    fmt::format_to(std::back_inserter(text), "\\x{:02x}", static_cast<unsigned>(byte));
  text.push_back('"');
  return arena.copy(std::string_view(text.data(), text.size()));
}

}  // namespace

Value extra_data(Arena& arena, std::span<const std::byte> bytes, std::size_t offset) {
  Value value = Value::verbatim(hex_text(arena, bytes)).named("extra_data");
  value.comment = format(arena, "bytes {}..{}", offset, offset + bytes.size() - 1);
  return value;
}

Value bpf_instructions(CallContext& context, const CustomInput& input) {
  return program(context, input, [&](std::span<const std::byte> bytes) {
    const std::uint64_t registers = number_at(bytes, 1, 1);
    ValueList<5> fields;
    fields.add("code", new_code(context, number_at(bytes, 0, 1)));
    fields.add("dst_reg", context.symbol(known::set::bpf_register, registers & 0xf));
    fields.add("src_reg", context.symbol(known::set::bpf_register, registers >> 4));
    fields.add("off", Value::integer(sign_extend(number_at(bytes, 2, 2), 2)));
    fields.add("imm", Value::hex(number_at(bytes, 4, 4)));
    return fields.structure(context.arena());
  });
}

Value socket_filter(CallContext& context, const CustomInput& input) {
  return filter(context, input, [&](std::uint64_t code, std::uint64_t k) {
    return socket_operand(context, code, k);
  });
}

Value seccomp_filter(CallContext& context, const CustomInput& input) {
  return filter(context, input, [&](std::uint64_t code, std::uint64_t k) {
    return seccomp_operand(context, code, k);
  });
}

Value bpf_kernel_version(CallContext& context, const CustomInput& input) {
  const std::array parts{Value::natural(input.value >> 16), Value::natural(input.value >> 8 & 0xff),
                         Value::natural(input.value & 0xff)};
  return Value::call("KERNEL_VERSION", context.list(parts));
}

Value text_buffer(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  if (at.null()) return Value::address(at);
  if (input.length == 0) return Value::string({}, false);
  const auto most = static_cast<std::size_t>(
      std::min<std::uint64_t>(input.length, context.options().string_limit));
  return context.string(at, most);
}

Value hex_value(CallContext& context, Address at, std::uint64_t length) {
  const auto size =
      static_cast<std::size_t>(std::min<std::uint64_t>(length, context.options().string_limit));
  if (at.null()) return Value::address(at);
  const auto bytes = context.read(at, size);
  if (bytes.size() != size) return Value::unreadable(at);
  const auto text = hex_text(context.arena(), bytes);
  return Value::verbatim(size < length ? format(context.arena(), "{}...", text) : text);
}

Value hex_bytes(CallContext& context, const CustomInput& input) {
  return hex_value(context, Address(input.value), input.length);
}

}  // namespace ttrace::custom
