// Starting, waiting, limits, rseq.
#include <algorithm>

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
  const std::size_t limit =
      context.options().verbose ? std::size_t{4096} : context.options().array_limit;
  auto values = context.arena().allocate<Value>(limit + 1);
  std::size_t count = 0;
  bool more = false;
  const bool complete = each_pointer(context, at, [&](Address pointer) {
    if (count == limit) {
      more = true;
      return false;
    }
    values[count++] = context.string(pointer, context.options().string_limit);
    return true;
  });
  if (!complete && count == 0) return Value::unreadable(at);
  if (!complete) {
    const Address end = at + count * context.word();
    values[count++] = missing(context.arena(), end);
  }
  return Value::list(Value::Kind::Array, values.first(count), more);
}

Value wait_text(CallContext& context, std::uint32_t status) {
  Arena& arena = context.arena();
  auto name = [&](unsigned signal) { return signal_name(static_cast<int>(signal)); };
  const unsigned low = status & 0x7f;
  if (low == 0 && status <= 0xffff) {
    return Value::verbatim(
        format(arena, "{{WIFEXITED(s) && WEXITSTATUS(s) == {}}}", status >> 8 & 0xff));
  }
  if (status == 0xffff) return Value::verbatim("{WIFCONTINUED(s)}");
  if (low == 0x7f) {
    const unsigned signal = status >> 8 & 0xff;
    const unsigned event = status >> 16;
    const auto stop = format(arena, "{{WIFSTOPPED(s) && WSTOPSIG(s) == {}{}}}", name(signal & 0x7f),
                             (signal & 0x80) != 0 ? " | 0x80" : "");
    if (event == 0) return Value::verbatim(stop);
    return Value::verbatim(format(arena, "{} | {:#x} << 16", stop, event));
  }
  return Value::verbatim(format(arena, "{{WIFSIGNALED(s) && WTERMSIG(s) == {}{}}}", name(low),
                                (status & 0x80) != 0 ? " && WCOREDUMP(s)" : ""));
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

}  // namespace

Value wait_status(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  std::uint32_t status = 0;
  // With WNOHANG, nothing may have happened: then nothing was written.
  const bool written = context.at_exit() && context.returned() != 0;
  if (at.null() || !written || !context.memory().read_object(at, status)) {
    return Value::unreadable(at);
  }
  const Value text = wait_text(context, status);
  return Value::list(Value::Kind::Array, context.list({&text, 1}));
}

Value argument_list(CallContext& context, const CustomInput& input) {
  return string_list(context, Address(input.value));
}

Value environment(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  if (context.options().verbose || at.null()) return string_list(context, at);
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
  const Value call = context.load(type, bytes);
  if (!context.at_exit() || context.error() != 0) return call;
  ValueList<2> filled;
  auto add = [&](std::string_view name) {
    const Value* where = field_of(&call, name);
    std::int32_t id = 0;
    if (where == nullptr || !context.memory().read_object(Address(where->number), id)) return;
    const Value value = Value::integer(id);
    filled.add(name, Value::list(Value::Kind::Array, context.list({&value, 1})));
  };
  add("pidfd");
  add("parent_tid");
  if (filled.empty()) return call;
  const std::array both{call, filled.structure(context.arena())};
  return Value::list(Value::Kind::Change, context.list(both));
}

Value cpu_set(CallContext& context, const CustomInput& input) {
  constexpr std::uint64_t kMax = 8192;  // bytes: more than any kernel's NR_CPUS
  const Address at(input.value);
  const auto size = static_cast<std::size_t>(std::min(input.length, kMax));
  const auto bytes = context.read(at, size);
  if (at.null() || bytes.size() != size) return Value::unreadable(at);
  return bits_value(context.arena(), bytes, size * 8);
}

Value rlimit_value(CallContext& context, const CustomInput& input) {
  return limit(context, input.value, truncate_to(~std::uint64_t{0}, context.word()),
               "RLIM_INFINITY");
}

Value rlimit_value64(CallContext& context, const CustomInput& input) {
  return limit(context, input.value, ~std::uint64_t{0}, "RLIM64_INFINITY");
}

Value rseq_area(CallContext& context, const CustomInput& input) {
  constexpr std::size_t kFirstVersion = 32;
  const auto& type = tables::kTypes[known::type::rseq];
  const auto bytes = extensible(context, input, type, kFirstVersion);
  return bytes.empty() ? Value::unreadable(Address(input.value)) : context.load(type, bytes);
}

}  // namespace ttrace::custom
