// perf_event_open's attributes.
#include <algorithm>
#include <array>

#include "decode/custom/custom.h"

namespace ttrace::custom {

namespace {

// linux/perf_event.h, struct perf_event_attr.
constexpr std::size_t kFirstVersion = 64;
constexpr std::size_t kSize = 144;  // of the newest that is known
constexpr std::uint64_t kBranchStack = 1 << 11;
constexpr std::uint64_t kUserStack = 1 << 13;
constexpr unsigned kFrequency = 10;  // numbers of bits
constexpr unsigned kWatermark = 14;
constexpr unsigned kUseClock = 25;
constexpr std::size_t kBits = 40;  // where they are
constexpr std::array<std::string_view, 15> kBitsBefore{
    "disabled",       "inherit",      "pinned",         "exclusive", "exclude_user",
    "exclude_kernel", "exclude_hv",   "exclude_idle",   "mmap",      "comm",
    "freq",           "inherit_stat", "enable_on_exec", "task",      "watermark"};
// Bits 15 and 16 are precise_ip.
constexpr std::array<std::string_view, 4> kSkids{"arbitrary skid", "constant skid",
                                                 "requested to have 0 skid", "must have 0 skid"};
constexpr unsigned kFirstAfter = 17;
constexpr std::array<std::string_view, 21> kBitsAfter{"mmap_data",
                                                      "sample_id_all",
                                                      "exclude_host",
                                                      "exclude_guest",
                                                      "exclude_callchain_kernel",
                                                      "exclude_callchain_user",
                                                      "mmap2",
                                                      "comm_exec",
                                                      "use_clockid",
                                                      "context_switch",
                                                      "write_backward",
                                                      "namespaces",
                                                      "ksymbol",
                                                      "bpf_event",
                                                      "aux_output",
                                                      "cgroup",
                                                      "text_poke",
                                                      "build_id",
                                                      "inherit_thread",
                                                      "remove_on_exec",
                                                      "sigtrap"};
constexpr unsigned kReserved = 38;

enum class EventType : std::uint64_t { Hardware, Software, Tracepoint, Cache, Raw, Breakpoint };

class Attributes {
 public:
  Attributes(CallContext& context, std::span<const std::byte> bytes, std::size_t size)
      : context_(context), bytes_(bytes), size_(size) {}

  Value value() {
    begin();
    bits();
    if (context_.verbose()) {
      wakeup();
      if (size_ > 72) samples();
      if (size_ > 104) aux();
    }
    Value result = fields_.structure(context_.arena());
    result.truncated = !context_.verbose() || size_ > kSize;
    return result;
  }

 private:
  [[nodiscard]] std::uint64_t number(std::size_t at, std::size_t size) const {
    return number_at(bytes_, at, size);
  }
  [[nodiscard]] bool bit(unsigned nth) const { return (number(kBits, 8) >> nth & 1) != 0; }
  [[nodiscard]] bool is(EventType type) const {
    return number(0, 4) == static_cast<std::uint64_t>(type);
  }
  void natural(std::string_view name, std::size_t at, std::size_t size) {
    if (size_ > at) fields_.add(name, Value::natural(number(at, size)));
  }
  void hex(std::string_view name, std::size_t at, std::size_t size) {
    if (size_ > at) fields_.add(name, Value::hex(number(at, size)));
  }
  // A bit is shown when it is set; with -v always.
  void flag(std::string_view name, std::uint64_t value) {
    if (value != 0 || context_.verbose()) fields_.add(name, Value::natural(value));
  }

  // The upper half of a hardware event is the type of a processor's own counters.
  [[nodiscard]] Value with_upper_half(std::uint64_t config, std::span<const Value> event) const {
    ValueList<5> parts;
    if (config >> 32 != 0) {
      parts.add(Value::verbatim(format(context_.arena(), "{:#x}<<32", config >> 32)));
    }
    for (const Value& part : event)
      parts.add(part);
    return parts.make(Value::Kind::Flags, context_.arena());
  }

  [[nodiscard]] Value cache_event(std::uint64_t config) const {
    Arena& arena = context_.arena();
    auto shifted = [&](tables::Index set, std::uint64_t value, unsigned bits) {
      const Value symbol = context_.symbol(set, value);
      return Value::verbatim(symbol.text.empty()
                                 ? format(arena, "{:#x} /* {} */<<{}", value, symbol.comment, bits)
                                 : format(arena, "{}<<{}", symbol.text, bits));
    };
    const std::uint64_t unknown = config >> 24 & 0xff;
    const std::array parts{Value::verbatim(format(arena, "{:#x}<<24", unknown)),
                           shifted(known::set::perf_cache_result, config >> 16 & 0xff, 16),
                           shifted(known::set::perf_cache_operation, config >> 8 & 0xff, 8),
                           context_.symbol(known::set::perf_cache, config & 0xff)};
    return with_upper_half(config, std::span(parts).subspan(unknown == 0 ? 1 : 0));
  }

  [[nodiscard]] Value event() const {
    const std::uint64_t config = number(8, 8);
    switch (static_cast<EventType>(number(0, 4))) {
      case EventType::Hardware:
        return with_upper_half(config, std::array{context_.symbol(known::set::perf_hardware_event,
                                                                  truncate_to(config, 4))});
      case EventType::Software:
        return context_.symbol(known::set::perf_software_event, config);
      case EventType::Tracepoint:
        return Value::natural(config);
      case EventType::Cache:
        return cache_event(config);
      case EventType::Raw:
      case EventType::Breakpoint:
        break;
    }
    return Value::hex(config);
  }

  void begin() {
    fields_.add("type", context_.symbol(known::set::perf_type, number(0, 4)));
    fields_.add("size", context_.symbol(known::set::perf_attr_size, number(4, 4)));
    fields_.add("config", event());
    natural(bit(kFrequency) ? "sample_freq" : "sample_period", 16, 8);
    fields_.add("sample_type", context_.flags(known::set::perf_sample_type, number(24, 8)));
    fields_.add("read_format", context_.flags(known::set::perf_read_format, number(32, 8)));
  }

  void bits() {
    for (unsigned i = 0; i < kBitsBefore.size(); ++i)
      flag(kBitsBefore.at(i), bit(i) ? 1 : 0);
    const std::uint64_t precise = number(kBits, 8) >> kBitsBefore.size() & 3;
    Value skid = Value::natural(precise);
    skid.comment = kSkids.at(precise);
    fields_.add("precise_ip", skid);
    for (unsigned i = 0; i < kBitsAfter.size(); ++i)
      flag(kBitsAfter.at(i), bit(kFirstAfter + i) ? 1 : 0);
    const std::uint64_t reserved = number(kBits, 8) >> kReserved;
    if (reserved == 0) return;
    Value value = Value::hex(reserved);
    value.comment = "Bits 63..38";
    fields_.add("__reserved_1", value);
  }

  void wakeup() {
    natural(bit(kWatermark) ? "wakeup_watermark" : "wakeup_events", 48, 4);
    if (is(EventType::Breakpoint)) {
      Value type = context_.symbol(known::set::breakpoint_type, number(52, 4));
      constexpr std::uint64_t kMost = 7;
      if (type.text.empty() && type.number <= kMost) type.comment = "HW_BREAKPOINT_INVALID";
      fields_.add("bp_type", type);
      hex("bp_addr", 56, 8);
      natural("bp_len", 64, 8);
    } else {
      hex("config1", 56, 8);
      hex("config2", 64, 8);
    }
  }

  void samples() {
    if ((number(24, 8) & kBranchStack) != 0) {
      fields_.add("branch_sample_type",
                  context_.flags(known::set::perf_branch_sample_type, number(72, 8)));
    }
    hex("sample_regs_user", 80, 8);
    if ((number(24, 8) & kUserStack) != 0) hex("sample_stack_user", 88, 4);
    if (bit(kUseClock) && size_ > 92) {
      fields_.add("clockid", context_.symbol(known::set::clock, number(92, 4)));
    }
    hex("sample_regs_intr", 96, 8);
  }

  void aux() {
    natural("aux_watermark", 104, 4);
    if (size_ > 108) {
      Value most = Value::natural(number(108, 2));
      if (const std::uint64_t reserved = number(110, 2); reserved != 0) {
        most.comment = format(context_.arena(), "bytes 110..111: {:#x}", reserved);
      }
      fields_.add("sample_max_stack", most);
    }
    natural("aux_sample_size", 112, 4);
    if (size_ > 116) {
      const std::uint64_t action = number(116, 4);
      fields_.add("aux_start_paused", Value::natural(action & 1));
      fields_.add("aux_pause", Value::natural(action >> 1 & 1));
      fields_.add("aux_resume", Value::natural(action >> 2 & 1));
      if (action >> 3 != 0) {
        Value reserved = Value::hex(action >> 3);
        reserved.comment = "Bits 931..959";
        fields_.add("__reserved_3", reserved);
      }
    }
    hex("sig_data", 120, 8);
    hex("config3", 128, 8);
    hex("config4", 136, 8);
  }

  CallContext& context_;
  std::span<const std::byte> bytes_;
  std::size_t size_;
  ValueList<72> fields_;
};

}  // namespace

Value perf_attributes(CallContext& context, const CustomInput& input) {
  const Address at(input.value);
  std::uint32_t size = 0;
  if (at.null() || !context.memory().read_object(at + 4, size)) return Value::unreadable(at);
  if (size == 0) size = kFirstVersion;
  if (size < kFirstVersion) return Value::unreadable(at);
  auto bytes = context.arena().allocate<std::byte>(kSize);
  std::ranges::fill(bytes, std::byte{0});
  const std::size_t there = std::min<std::size_t>(size, kSize);
  if (context.memory().read(at, bytes.first(there)) != there) return Value::unreadable(at);
  return Attributes(context, bytes, size).value();
}

}  // namespace ttrace::custom
