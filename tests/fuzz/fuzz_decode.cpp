// Feeds made-up registers and memory to every description of every ABI, and prints what comes out.
//
// What must hold for whatever a program passes: nothing crashes, the work and the memory for one
// call are bounded, its line is bounded and one line of plain text, and it depends on nothing but
// the registers and the memory.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "decode/decoder.h"
#include "decode/names.h"
#include "decode/tables.h"
#include "fuzz/made_memory.h"
#include "fuzz/target.h"
#include "output/text_sink.h"

namespace ttrace::fuzz {
namespace {

// --- what is bounded -----------------------------------------------------------------------------

struct Bounds {
  std::size_t line;        // characters
  std::size_t reads;       // of memory
  std::size_t bytes_read;  // of memory
  std::size_t arena;       // bytes
};
// With -s 32, more with more. src/decode/budget.h has what the decoder allows itself; a line has a
// few characters for each byte of it at most.
constexpr Bounds kPlain{std::size_t{1} << 20, 20'000, std::size_t{8} << 20, std::size_t{4} << 20};
constexpr Bounds kVerbose{std::size_t{8} << 20, 140'000, std::size_t{40} << 20,
                          std::size_t{20} << 20};
constexpr std::size_t kDefaultLimit = 32;

// --- what there is to decode ---------------------------------------------------------------------

struct Target {
  const SyscallDescription* row = nullptr;  // null: a call that nobody described
  Abi abi = Abi::X86_64;
  std::uint64_t number = 0;
  std::uint32_t key = 0;  // finds it again when descriptions were added, which indices do not
};

std::uint32_t key_of(const SyscallDescription& row, Abi abi, unsigned variant) {
  std::uint32_t h = 0x811c9dc5;
  auto mix = [&](unsigned value) { h = (h ^ value) * 0x01000193; };
  for (const char c : row.name)
    mix(static_cast<unsigned char>(c));
  mix(static_cast<unsigned>(abi));
  mix(variant);
  return h;
}

std::map<std::string_view, std::uint64_t> numbers_of(Abi abi) {
  std::map<std::string_view, std::uint64_t> numbers;
  auto add = [&](std::uint64_t n) {
    if (names::is_named(abi, n)) numbers.emplace(names::lookup(abi, n).name, n);
  };
  for (std::uint64_t n = 0; n < names::kNumbers; ++n)
    add(n);
  for (std::uint64_t n = names::kArmFirst; abi == Abi::Arm && n <= names::kArmLast; ++n)
    add(n);
  return numbers;
}

// By key.
std::vector<Target> find_targets() {
  std::vector<Target> targets;
  for (int i = 0; i < kAbiCount; ++i) {
    const auto abi = static_cast<Abi>(i);
    const auto numbers = numbers_of(abi);
    unsigned variant = 0;
    std::string_view name;
    for (const SyscallDescription& row : tables::kCalls) {
      variant = row.name == name ? variant + 1 : 0;
      name = row.name;
      const auto number = numbers.find(name);
      if (!row.has(abi) || number == numbers.end()) continue;
      targets.push_back({&row, abi, number->second, key_of(row, abi, variant)});
    }
  }
  std::ranges::sort(targets, {}, &Target::key);
  return targets;
}

const std::vector<Target>& targets() {
  static const auto all = find_targets();
  return all;
}

// --- registers -----------------------------------------------------------------------------------

std::uint64_t some_number(Input& input, const MadeMemory& memory) {
  switch (input.byte() % 8) {
    case 0:
      return input.byte();
    case 1:
    case 2:
      return edge_number(input.byte());
    case 3:
      return std::uint64_t{0} - input.byte();
    case 4:
      return input.number(8);
    case 5:
      return std::uint64_t{1} << (input.byte() & 63);
    default:
      return memory.pointer(input.number(3));
  }
}

// Constants of the set, one or some of them.
std::uint64_t some_constants(Input& input, const tables::Type& type, Abi abi) {
  const auto slice = tables::kSets[type.ref].constants[static_cast<std::size_t>(abi)];
  const auto rows = tables::kConstants.subspan(slice.first, slice.count);
  if (rows.empty()) return input.byte();
  std::uint64_t value = 0;
  do {
    value |= rows[input.byte() % rows.size()].value;
  } while (type.kind == tables::Type::Kind::Flags && !input.one_in(3));
  return value;
}

std::uint64_t some_argument(Input& input, const MadeMemory& memory, const tables::Argument& row,
                            Abi abi) {
  using Kind = tables::Type::Kind;
  const auto& type = tables::kTypes[row.type];
  if (input.one_in(8)) return some_number(input, memory);
  if (row.direction != tables::Direction::Value) return memory.pointer(input.number(3));
  if (type.kind == Kind::Enum || type.kind == Kind::Flags) return some_constants(input, type, abi);
  return some_number(input, memory);
}

// Makes the constants of a variant those that it is told by. False: it is no variant.
bool steer(Input& input, const Target& target, SyscallRequest& request) {
  bool steered = false;
  const auto abi = static_cast<std::size_t>(target.abi);
  const auto& slice = target.row->arguments;
  for (const auto& row : tables::kArguments.subspan(slice.first, slice.count)) {
    if (row.match == tables::kNone) continue;
    const auto& condition = tables::kConditions[row.match];
    const auto values =
        tables::kConditionValues.subspan(condition.values.first, condition.values.count);
    if (condition.test != tables::Condition::Test::Is || values.empty()) continue;
    std::uint64_t& reg = request.args.at(row.reg[abi]);
    const std::uint64_t mask = condition.mask[abi];
    reg = (reg & ~mask) | values[input.byte() % values.size()][abi];
    steered = true;
  }
  return steered;
}

// `steer_it` in: whether a variant's constants are to be right; out: whether they are.
SyscallRequest make_request(Input& input, const Target& target, const MadeMemory& memory,
                            bool& steer_it) {
  SyscallRequest request{.abi = target.abi, .number = target.number};
  for (auto& value : request.args)
    value = some_number(input, memory);
  if (target.row != nullptr) {
    const auto& slice = target.row->arguments;
    for (const auto& row : tables::kArguments.subspan(slice.first, slice.count)) {
      request.args.at(row.reg[static_cast<std::size_t>(target.abi)]) =
          some_argument(input, memory, row, target.abi);
    }
    steer_it = steer_it && steer(input, target, request);
  }
  request.stack_pointer = memory.pointer(input.number(3));
  return request;
}

SyscallOutcome make_outcome(Input& input, const MadeMemory& memory) {
  static constexpr std::array<std::int64_t, 8> kErrors{1, 2, 4, 11, 14, 22, 514, 516};
  switch (input.byte() % 8) {
    case 0:
      return {-input.one_of(kErrors), true};
    case 1:
      return {-1 - static_cast<std::int64_t>(input.number(2) % 4095), true};
    case 2:
      return {0, false};
    case 3:
      return {input.byte(), false};
    default:
      return {static_cast<std::int64_t>(some_number(input, memory)), false};
  }
}

DecodeOptions make_options(Input& input) {
  static constexpr std::array<std::size_t, 4> kLimits{0, 1, 33, 5000};
  DecodeOptions options;
  const std::uint8_t choice = input.byte();
  static const SyscallFilter kNothing = *SyscallFilter::parse("none");
  if (choice % 8 == 0) options.abbreviated = kNothing;
  if (choice >= 224) options.string_limit = kLimits[choice / 8 % kLimits.size()];
  return options;
}

// --- one call ------------------------------------------------------------------------------------

class KeepingWriter final : public Writer {
 public:
  explicit KeepingWriter(std::string& text) : text_(text) {}
  Result<> write(Tid, std::string_view text) override {
    text_ += text;
    return {};
  }
  Result<> flush() override { return {}; }
  [[nodiscard]] bool immediate() const override { return false; }
  Result<> close() override { return {}; }

 private:
  std::string& text_;
};

/// An event as a line of text.
class Printer {
 public:
  Printer() : sink_(make_text_sink({}, std::make_unique<KeepingWriter>(text))) {}
  template <class What>
  void print(What what) {
    Event event;
    event.time = 1;
    event.tid = Tid{1};
    event.what = what;
    static_cast<void>(sink_->on(event));
  }

  std::string text;

 private:
  std::unique_ptr<Sink> sink_;
};

struct Call {
  std::string line;
  const SyscallDescription* description = nullptr;
  bool steered = false;  // `description` should be the target's
  std::size_t reads = 0, bytes_read = 0, arena = 0;
};

// What a value is made of beside what was put there shows in the text: the arena's old bytes.
void fill(Arena& arena, std::byte with) {
  const auto bytes = arena.allocate<std::byte>(8192);
  std::memset(bytes.data(), static_cast<int>(with), bytes.size());
}

Call decode(Input input, const Target& target, bool steered, std::byte arena_bytes) {
  const DecodeOptions options = make_options(input);
  MadeMemory memory(word_size(target.abi), input);
  const auto request = make_request(input, target, memory, steered);
  const auto outcome = make_outcome(input, memory);
  PendingSyscall pending;
  fill(pending.arena, arena_bytes);
  Printer printer;
  const Decoder decoder(options);
  printer.print(decoder.enter(request, pending, memory));
  if (input.one_in(4)) memory.change(input);
  printer.print(decoder.exit(outcome, pending, memory));
  return {std::move(printer.text), pending.description, steered, memory.reads,
          memory.bytes_read,       pending.arena.used()};
}

[[noreturn]] void fail(const Target& target, const char* what, std::string_view detail) {
  const auto name = Decoder::name(target.abi, target.number);
  const auto abi = abi_name(target.abi);
  std::fprintf(stderr, "fuzz_decode: %.*s on %.*s: %s\n%.*s\n", static_cast<int>(name.size()),
               name.data(), static_cast<int>(abi.size()), abi.data(), what,
               static_cast<int>(std::min<std::size_t>(detail.size(), 4000)), detail.data());
  std::abort();
}

void check_bound(const Target& target, const Call& call, const char* what, std::size_t value,
                 std::size_t bound) {
  if (value <= bound) return;
  const std::string text =
      std::string(what) + " is " + std::to_string(value) + ", more than " + std::to_string(bound);
  fail(target, text.c_str(), call.line);
}

void check(const Target& target, const Call& call, const DecodeOptions& options) {
  const bool whole = !options.abbreviated.wants(target.abi, target.number);
  const Bounds& bounds = whole ? kVerbose : kPlain;
  const std::size_t scale = 1 + options.string_limit / kDefaultLimit / 8;
  check_bound(target, call, "the line's length", call.line.size(), bounds.line * scale);
  check_bound(target, call, "the number of reads", call.reads, bounds.reads * scale);
  check_bound(target, call, "what is read", call.bytes_read, bounds.bytes_read * scale);
  check_bound(target, call, "the arena", call.arena, bounds.arena * scale);
  auto plain = [](char c) { return c >= ' ' && c <= '~'; };
  const std::string_view line(call.line.data(), call.line.size() - 1);
  if (!call.line.ends_with('\n') || !std::ranges::all_of(line, plain)) {
    fail(target, "not one line of text", call.line);
  }
}

/// False when the target is a variant that should have been chosen and was not.
bool run_call(Input input, const Target& target, bool steered) {
  const bool twice = input.one_in(4);
  const Call call = decode(input, target, steered, std::byte{0xa5});
  Input again = input;
  check(target, call, make_options(again));
  const bool reached = !call.steered || call.description == target.row;
  if (!twice) return reached;
  const Call other = decode(input, target, steered, std::byte{0x5a});
  if (other.line != call.line) {
    fail(target, "two runs differ", call.line + other.line);
  }
  return reached;
}

// --- siginfo -------------------------------------------------------------------------------------

void run_siginfo(Input& input) {
  std::array<std::byte, 128> raw{};
  for (auto& byte : raw)
    byte = std::byte{input.byte()};
  if (!input.one_in(4)) raw[0] = raw[0] & std::byte{0x3f};
  std::fill_n(raw.begin() + 1, input.one_in(4) ? 0 : 3, std::byte{0});
  if (!input.one_in(4)) {
    // si_code: a small number, negative ones among them.
    const auto code = static_cast<std::int8_t>(input.byte()) % 16;
    std::memcpy(&raw[8], &code, sizeof(code));
  }
  Arena arena;
  const auto shown =
      std::span<const std::byte>(raw).first(input.one_in(4) ? input.byte() % 129 : 128);
  Printer printer;
  printer.print(SignalDelivered{"SIGUSR1", decode_siginfo(shown, arena)});
  constexpr std::size_t kLine = 1000, kArena = 8192;
  if (printer.text.size() > kLine || arena.used() > kArena ||
      printer.text.find('\n') + 1 != printer.text.size()) {
    std::fprintf(stderr, "fuzz_decode: siginfo: %s\n", printer.text.c_str());
    std::abort();
  }
}

}  // namespace

// What arguments choose the variant: "request=0x1268".
std::string chosen_by(const Target& target) {
  std::string text;
  const auto slice = target.row->arguments;
  for (const auto& argument : tables::kArguments.subspan(slice.first, slice.count)) {
    if (argument.match == tables::kNone) continue;
    const auto values = tables::kConditions[argument.match].values;
    text += std::string(argument.name) + "=";
    for (const auto& value : tables::kConditionValues.subspan(values.first, values.count)) {
      text += std::to_string(value[static_cast<std::size_t>(target.abi)]) + " ";
    }
  }
  return text;
}

std::size_t sweep(unsigned rounds) {
  std::size_t runs = 0;
  Random random(1);
  std::array<std::uint8_t, 48> bytes{};
  auto next_input = [&] {
    for (auto& byte : bytes)
      byte = static_cast<std::uint8_t>(random.next());
    ++runs;
    return Input(bytes);
  };
  for (const Target& target : targets()) {
    // One that is more special may come before it now and then, but not always.
    bool reached = false;
    for (unsigned i = 0; i < rounds; ++i)
      reached = run_call(next_input(), target, true) || reached;
    if (!reached) fail(target, "a variant that is never chosen", chosen_by(target));
  }
  for (unsigned i = 0; i < 10 * rounds; ++i) {
    Input input = next_input();
    run_siginfo(input);
    for (int abi = 0; abi < kAbiCount; ++abi) {
      const std::uint64_t number = random.next() >> (random.next() & 63);
      run_call(next_input(), {nullptr, static_cast<Abi>(abi), number}, false);
    }
  }
  return runs;
}

}  // namespace ttrace::fuzz

using namespace ttrace;
using namespace ttrace::fuzz;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input({data, size});
  const std::uint8_t mode = input.byte();
  if (mode % 32 == 0) {
    run_siginfo(input);
    return 0;
  }
  const auto key = static_cast<std::uint32_t>(input.number(4));
  if (mode % 32 == 1) {
    run_call(input, {nullptr, static_cast<Abi>(key % kAbiCount), input.number(4)}, false);
    return 0;
  }
  const auto& all = targets();
  auto target = std::ranges::lower_bound(all, key, {}, &Target::key);
  if (target == all.end()) target = all.begin();
  run_call(input, *target, mode % 32 != 2);
  return 0;
}
