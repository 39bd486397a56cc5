// Starting, waiting, limits, rseq.
#include <algorithm>
#include <optional>

#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

// A list of pointers is read in pieces of this many.
constexpr std::size_t kPointers = 64;
// A longer environment is not counted to its end.
constexpr std::size_t kPointersMax = 1 << 16;

// Calls use(pointer) for each pointer up to the NULL, while it returns true. False when memory
// ended before the NULL.
template <class Use>
bool each_pointer(CallContext& context, Address at, Use use) {
  const std::size_t word = context.word();
  std::array<std::byte, kPointers * 8> buffer;
  for (std::size_t done = 0; done < kPointersMax;) {
    const auto piece = std::span(buffer).first(kPointers * word);
    const std::size_t got = context.memory().read(at + done * word, piece) / word;
    for (std::size_t i = 0; i < got; ++i) {
      const std::uint64_t pointer = number_at(piece, i * word, word);
      if (pointer == 0 || !use(Address(pointer))) return true;
    }
    if (got < kPointers) return false;
    done += got;
  }
  return false;
}

Value string_list(CallContext& context, Address at) {
  if (at.null()) return Value::address(at);
  const std::size_t limit = context.shown_elements(~std::uint64_t{0});
  auto all = context.arena().allocate<Address>(limit);
  std::size_t found = 0;
  bool more = false;
  const bool complete = each_pointer(context, at, [&](Address pointer) {
    more = found == limit;
    if (!more) all[found++] = pointer;
    return !more;
  });
  if (!complete && found == 0) return Value::unreadable(at);
  const auto pointers = context.arena().shrink(all, found);
  auto values = context.arena().allocate<Value>(found + 1);
  std::size_t count = 0;
  for (; count < found && !context.spent(); ++count)
    values[count] = context.string(pointers[count], context.options().string_limit);
  more = more || count < found;
  if (!complete && !more) {
    values[count++] = missing(context.arena(), at + found * context.word());
  }
  return Value::list(Value::Kind::Array, values.first(count), more);
}

// What a wait status says, without the bits above.
std::string_view wait_text(Arena& arena, std::uint32_t status) {
  auto name = [&](unsigned signal) { return signal_name(static_cast<int>(signal)); };
  const unsigned low = status & 0x7f;
  const unsigned high = status >> 8 & 0xff;
  if (low == 0) return format(arena, "{{WIFEXITED(s) && WEXITSTATUS(s) == {}}}", high);
  if (low == 0x7f) {
    // A syscall stop is marked by the highest bit.
    const bool marked = (high & 0x80) != 0 && (high & 0x7f) != 0;
    return format(arena, "{{WIFSTOPPED(s) && WSTOPSIG(s) == {}{}}}",
                  name(marked ? high & 0x7f : high), marked ? " | 0x80" : "");
  }
  return format(arena, "{{WIFSIGNALED(s) && WTERMSIG(s) == {}{}}}", name(low),
                (status & 0x80) != 0 ? " && WCOREDUMP(s)" : "");
}

Value wait_value(CallContext& context, std::uint32_t status) {
  Arena& arena = context.arena();
  if (status == 0xffff) return Value::verbatim("{WIFCONTINUED(s)}");
  const unsigned low = status & 0x7f;
  // Neither stopped nor anything else.
  if ((status & 0xff) == 0xff) return Value::hex(status);
  std::string_view text = wait_text(arena, status);
  const unsigned rest = low != 0 && low != 0x7f ? status & 0xff00 : 0;
  if (rest != 0) text = format(arena, "{}|{:#x}", text, rest);
  const unsigned event = status >> 16;
  if (event == 0) return Value::verbatim(text);
  const Value symbol = context.symbol(known::set::ptrace_event, event);
  if (!symbol.text.empty()) return Value::verbatim(format(arena, "{}|{}<<16", text, symbol.text));
  return Value::verbatim(format(arena, "{}|{:#x} /* {} */<<16", text, event, symbol.comment));
}

Value limit(CallContext& context, std::uint64_t value, std::uint64_t infinity,
            std::string_view name) {
  if (value == infinity) return Value::symbol(name, value);
  constexpr std::uint64_t kKilo = 1024;
  if (value > kKilo && value % kKilo == 0) {
    return Value::symbol(format(context.arena(), "{}*1024", value / kKilo), value);
  }
  return Value::natural(value);
}

// A structure that has grown since its `first` bytes: what the program's does not have is 0, as in
// strace. Empty: it cannot be read or is shorter than any.
std::span<const std::byte> extensible(CallContext& context, const CustomInput& input,
                                      const tables::Type& type, std::size_t first) {
  const Address at(input.value);
  const std::size_t full = type.size[context.abi_index()];
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(input.length, full));
  auto bytes = context.arena().allocate<std::byte>(full);
  std::ranges::fill(bytes, std::byte{0});
  if (at.null() || size < first || context.memory().read(at, bytes.first(size)) != size) return {};
  return bytes;
}

// The buffers of process_vm_readv and process_vm_writev: with what they hold, of which the call
// filled in `filled` bytes; only their addresses while nothing is there yet.
Value buffers(CallContext& context, const CustomInput& input, std::optional<std::uint64_t> filled,
              bool reading) {
  const std::size_t word = context.word();
  return array_value(context, Address(input.value), input.length, 2 * word, [&](auto bytes) {
    const Address base(number_at(bytes, 0, word));
    const std::uint64_t length = number_at(bytes, word, word);
    const std::uint64_t used = filled ? std::min(length, *filled) : length;
    if (filled) *filled -= used;
    ValueList<2> fields;
    fields.add("iov_base", reading && !filled ? Value::address(base) : context.bytes(base, used));
    fields.add("iov_len", Value::natural(length));
    return fields.structure(context.arena());
  });
}

// The arguments of clone3 with the ids that are asked for, without what the call does not use.
Value clone3_call(CallContext& context, const Value& all) {
  constexpr std::uint64_t kIntoCgroup = 0x200000000;
  constexpr std::uint64_t kMaxIds = 32;  // MAX_PID_NS_LEVEL
  auto number = [&](std::string_view name) { return field_of(&all, name)->number; };
  const std::uint64_t ids = number("set_tid");
  const std::uint64_t id_count = number("set_tid_size");
  ValueList<12> fields;
  for (const Value& field : all.children) {
    const bool of_ids = field.name.starts_with("set_tid");
    const bool of_cgroup = field.name == "cgroup";
    if (of_ids && ids == 0 && id_count == 0) continue;
    if (of_cgroup && field.number == 0 && (number("flags") & kIntoCgroup) == 0) continue;
    Value shown = field;
    if (field.name == "set_tid" && id_count != 0 && id_count <= kMaxIds) {
      shown = array_value(context, Address(ids), id_count, 4, [](auto bytes) {
        return Value::integer(sign_extend(load_number(bytes), 4));
      });
    }
    fields.add(field.name, shown);
  }
  return fields.structure(context.arena());
}

}  // namespace

Value wait_status(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  std::uint32_t status = 0;
  // With WNOHANG, nothing may have happened: then nothing was written.
  const bool written = context.at_exit() && context.returned() != 0;
  if (at.null() || !written || !context.memory().read_object(at, status)) {
    return Value::unreadable(at);
  }
  const Value text = wait_value(context, status);
  return Value::list(Value::Kind::Array, context.list({&text, 1}));
}

Value waited_usage(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  // Of nobody when nobody was there to be waited for.
  if (!context.at_exit() || context.returned() == 0) return Value::address(at);
  return context.pointee(tables::kTypes[known::type::rusage], at);
}

Value argument_list(CallContext& context, const CustomInput& input) {
  return string_list(context, Address(input.value));
}

Value environment(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  if (context.verbose() || at.null()) return string_list(context, at);
  std::size_t count = 0;
  const bool complete = each_pointer(context, at, [&](Address) { return ++count, true; });
  Value value = Value::address(at);
  if (!complete && count == 0) return Value::unreadable(at);
  value.comment = format(context.arena(), "{} var{}{}", count, count == 1 ? "" : "s",
                         complete ? "" : ", unterminated");
  return value;
}

Value clone3_arguments(CallContext& context, const CustomInput& input) {
  constexpr std::size_t kFirstVersion = 64;
  const auto& type = tables::kTypes[known::type::clone_args];
  const auto bytes = extensible(context, input, type, kFirstVersion);
  if (bytes.empty()) return Value::unreadable(Address(input.value));
  const Value call = clone3_call(context, context.load(type, bytes));
  if (!context.at_exit() || context.error() != 0) return call;
  ValueList<2> filled;
  auto add = [&](std::string_view name) {
    const Value* where = field_of(&call, name);
    if (where == nullptr) return;
    const auto& number = tables::Type{.kind = tables::Type::Kind::Signed, .size = {4, 4, 4, 4}};
    filled.add(name, context.pointee(number, Address(where->number)));
  };
  add("pidfd");
  add("parent_tid");
  if (filled.empty()) return call;
  const std::array both{call, filled.structure(context.arena())};
  return Value::list(Value::Kind::Change, context.list(both));
}

Value rlimit_value(CallContext& context, const CustomInput& input) {
  return limit(context, input.value, truncate_to(~std::uint64_t{0}, context.word()),
               context.word() == 8 ? "RLIM64_INFINITY" : "RLIM_INFINITY");
}

Value rlimit_value64(CallContext& context, const CustomInput& input) {
  return limit(context, input.value, ~std::uint64_t{0}, "RLIM64_INFINITY");
}

Value rseq_area(CallContext& context, const CustomInput& input) {
  constexpr std::size_t kFirstVersion = 32;
  constexpr std::uint64_t kAlignment = 32;  // the kernel takes no other
  const auto& type = tables::kTypes[known::type::rseq];
  if (input.value % kAlignment != 0) return Value::unreadable(Address(input.value));
  const auto bytes = extensible(context, input, type, kFirstVersion);
  return bytes.empty() ? Value::unreadable(Address(input.value)) : context.load(type, bytes);
}

Value rseq_section(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  const auto& type = tables::kTypes[known::type::rseq_cs];
  Value section = context.pointee(type, at);
  if (section.kind == Value::Kind::Struct) {
    section.comment = format(context.arena(), "{:#x}", at.value());
  }
  return section;
}

Value personality(CallContext& context, const CustomInput& input) {
  constexpr std::uint64_t kQuery = 0xffffffff;
  if (input.value == kQuery) return Value::hex(input.value);
  return context.flags(known::set::personality_flags, input.value);
}

Value transferred(CallContext& context, const CustomInput& input) {
  const auto read = context.at_exit() ? static_cast<std::uint64_t>(context.returned()) : 0;
  return buffers(context, input, context.at_exit() ? std::optional(read) : std::nullopt, true);
}

Value sent(CallContext& context, const CustomInput& input) {
  return buffers(context, input, std::nullopt, false);
}

}  // namespace ttrace::custom
