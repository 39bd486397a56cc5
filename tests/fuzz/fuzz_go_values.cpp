// Reads the values of a Go program: descriptions of types as its runtime has them, some of their
// bytes changed, in made-up memory; and parameters of made-up types in made-up registers.
//
// An input is the choices that are made. What must hold for whatever they are: nothing crashes, and
// the work, the memory and the text of one value are bounded.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "functions/go_convention.h"
#include "functions/go_values.h"
#include "fuzz/made_memory.h"
#include "fuzz/target.h"
#include "output/text_sink.h"

namespace ttrace::fuzz {
namespace {

constexpr std::uint64_t kTypes = 0x70000000;
constexpr std::size_t kSlot = 512;  // a description, its name, and its fields
constexpr std::size_t kSlots = 32;
constexpr std::size_t kName = 128;    // in a slot
constexpr std::size_t kFields = 256;  // likewise
constexpr std::size_t kLongestText = std::size_t{1} << 20;
constexpr std::size_t kMostReads = 12'000;  // of the values, and of their types
constexpr std::size_t kMostArena = std::size_t{16} << 20;

constexpr std::array<std::string_view, 14> kNames{
    "*errors.errorString", "*io/fs.PathError", "*net.OpError", "*net.TCPAddr", "*net/url.Error",
    "*errors.joinError",   "syscall.Errno",    "time.Time",    "net.IP",       "*net.DNSError",
    "time.Duration",       "*net.AddrError",   "error",        "main.T\x1b\n"};
// Those that an error's recipe asks for are neighbours.
constexpr std::array<std::string_view, 14> kFieldNames{"s",      "Path", "Op",     "Err", "Net",
                                                       "Source", "Addr", "errs",   "IP",  "Port",
                                                       "Zone",   "Name", "Server", "URL"};

[[noreturn]] void fail(const char* what, std::size_t how_much) {
  std::fprintf(stderr, "%s: %zu\n", what, how_much);
  std::abort();
}

// Made-up memory with descriptions of types in it.
class Program final : public Memory {
 public:
  explicit Program(Input& input) : made_(8, input), rodata_(kSlot * kSlots) {
    for (std::size_t i = 0; i < kSlots; ++i)
      describe(i, input);
    for (unsigned count = input.byte() % 16U; count > 0; --count)
      rodata_[input.number(2) % rodata_.size()] = static_cast<std::byte>(input.byte());
  }
  [[nodiscard]] std::size_t read(Address from, std::span<std::byte> out) override {
    ++reads;
    if (from.value() < kTypes || from.value() - kTypes >= rodata_.size())
      return made_.read(from, out);
    std::size_t offset = from.value() - kTypes;
    std::size_t size = std::min(out.size(), rodata_.size() - offset);
    std::memcpy(out.data(), rodata_.data() + offset, size);
    return size;
  }
  [[nodiscard]] std::uint64_t pointer(Input& input) const {
    if (input.one_in(2)) return made_.pointer(input.number(3));
    return input.one_in(4) ? edge_number(input.byte()) : slot(input);
  }
  static std::uint64_t slot(Input& input) { return kTypes + input.byte() % kSlots * kSlot; }

  std::size_t reads = 0;

 private:
  void put(std::size_t at, std::uint64_t value, std::size_t size) {
    std::memcpy(&rodata_.at(at), &value, size);
  }
  void put_name(std::size_t at, std::string_view name) {
    put(at + 1, name.size(), 1);
    std::memcpy(&rodata_.at(at + 2), name.data(), name.size());
  }
  // The first three are what errors are made of.
  static GoKind kind_of(std::size_t index, Input& input) {
    static constexpr std::array<GoKind, 3> kFirst{GoKind::String, GoKind::Interface, GoKind::Slice};
    static constexpr std::array<GoKind, 2> kUsual{GoKind::Pointer, GoKind::Struct};
    if (index < kFirst.size()) return kFirst.at(index);
    if (!input.one_in(3)) return input.one_of(kUsual);
    return static_cast<GoKind>(input.byte() % 27U);
  }
  void describe(std::size_t index, Input& input) {
    static constexpr std::array<std::uint8_t, 27> kSizes{
        8, 1, 8, 1, 2, 4, 8, 8, 1, 2, 4, 8, 8, 4, 8, 8, 16, 8, 8, 8, 16, 8, 8, 24, 16, 128, 8};
    const std::size_t at = index * kSlot;
    const GoKind kind = kind_of(index, input);
    put(at, kSizes.at(static_cast<std::size_t>(kind)), 8);
    put(at + 20, input.one_in(8) ? input.byte() : 0U, 1);
    const bool direct = kind == GoKind::Pointer || input.one_in(8);
    put(at + 23, static_cast<std::uint64_t>(kind) | (direct ? 0x20U : 0U), 1);
    put(at + 40, at + kName, 4);
    put(at + 48, kind == GoKind::Slice ? kTypes + kSlot : slot(input), 8);
    put(at + 56, kTypes + at + kFields, 8);
    put(at + 64, kind == GoKind::Interface ? 1U : input.byte() % 9U, 8);
    put_name(at + kName, input.one_of(kNames));
    const std::size_t first = input.byte() % kFieldNames.size();
    for (std::size_t i = 0; i < 8; ++i) {
      const std::size_t name = at + kName + 32 + i * 12;
      put_name(name, kFieldNames.at((first + i) % kFieldNames.size()));
      put(at + kFields + i * 24, kTypes + name, 8);
      put(at + kFields + i * 24 + 8,
          input.one_in(4) ? slot(input) : kTypes + input.byte() % 3U * kSlot, 8);
      put(at + kFields + i * 24 + 16, input.one_in(8) ? input.byte() : i * 16, 8);
    }
  }

  MadeMemory made_;
  std::vector<std::byte> rodata_;
};

void check(const Program& program, const std::string& text, const Arena& arena) {
  if (text.size() > kLongestText) fail("long text", text.size());
  if (program.reads > kMostReads) fail("many reads", program.reads);
  if (arena.used() > kMostArena) fail("much memory", arena.used());
  bool control = std::ranges::any_of(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
  if (control) fail("a control character", text.size());
}

// Types as debug information may describe them; each may be made of those before it.
std::deque<Type> make_types(Input& input) {
  static constexpr std::array<std::uint8_t, 9> kSizes{0, 1, 2, 4, 8, 8, 16, 24, 48};
  std::deque<Type> types;
  for (unsigned i = 0; i < 8; ++i) {
    Type type;
    type.kind = static_cast<Type::Kind>(input.byte() % 15U);
    type.go = static_cast<GoKind>(input.byte() % 27U);
    type.size = input.one_in(32) ? edge_number(input.byte()) : input.one_of(kSizes);
    type.count = input.byte() % 4U;
    type.name = input.one_of(kNames);
    auto any = [&] { return types.empty() ? nullptr : &types.at(input.byte() % types.size()); };
    type.target = any();
    if (type.kind == Type::Kind::Array && (type.target == nullptr || type.target->size == 0)) {
      type.count = 0;
    }
    for (unsigned count = input.byte() % 4U; count > 0; --count) {
      Member member;
      member.name = input.one_of(kFieldNames);
      member.type = any();
      member.offset = input.byte() % 7U * 8U;
      type.members.push_back(member);
    }
    types.push_back(type);
  }
  return types;
}

std::vector<Parameter> make_parameters(const std::deque<Type>& types, Input& input) {
  std::vector<Parameter> made(input.byte() % 8U);
  for (Parameter& parameter : made) {
    parameter.type = &types.at(input.byte() % types.size());
    if (input.one_in(4))
      parameter.location = {EntryLocation::Kind::Register, input.byte() % 40U, 0};
    if (input.one_in(8)) parameter.location = {EntryLocation::Kind::Stack, 0, input.byte()};
  }
  return made;
}

}  // namespace

std::size_t sweep(unsigned rounds) {
  Random random(1);
  const std::size_t count = std::size_t{rounds} * 100;
  for (std::size_t i = 0; i < count; ++i) {
    std::array<std::uint8_t, 128> bytes{};
    for (std::uint8_t& byte : bytes)
      byte = static_cast<std::uint8_t>(random.next());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  return count;
}

}  // namespace ttrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ttrace;
  fuzz::Input input(std::span(data, size));
  const Abi machine = input.one_in(2) ? Abi::X86_64 : Abi::Aarch64;
  fuzz::Program program(input);
  Registers registers(machine);
  for (unsigned i = 0; i < 32; ++i)
    registers.set(i, program.pointer(input));
  FloatRegisters floats(machine);
  Arena arena;
  GoRuntimeTypes runtime;
  static constexpr std::array<unsigned, 5> kMinors{0, 16, 18, 19, 27};
  const GoTypeSource go{runtime,
                        {Address(fuzz::kTypes), Address(fuzz::kTypes + fuzz::kSlot * fuzz::kSlots),
                         input.one_of(kMinors)}};
  ValueSource source{registers, [&] { return std::optional(floats); }, program, arena, {}, {}};
  source.go = &go;
  const auto types = fuzz::make_types(input);
  const auto parameters = fuzz::make_parameters(types, input);
  const auto results = fuzz::make_parameters(types, input);
  const auto places = place_go(machine, !input.one_in(4), parameters, results);
  // As for a call: all values are read before the first is printed.
  std::vector<Value> values;
  ObjectReader reader(source);
  for (std::size_t i = 0; i < parameters.size(); ++i)
    values.push_back(read_place(*parameters[i].type, places.arguments.at(i), reader));
  for (std::size_t i = 0; i < results.size(); ++i)
    values.push_back(read_place(*results[i].type, places.results.at(i), reader));
  // An interface, which leads to the descriptions.
  Type any;
  any.kind = Type::Kind::Struct;
  any.go = GoKind::Interface;
  any.size = 16;
  for (unsigned i = 0; i < 4; ++i) {
    const std::array<std::uint64_t, 2> words{fuzz::Program::slot(input), program.pointer(input)};
    values.push_back(reader.read(any, std::as_bytes(std::span(words)), {}));
  }
  std::string text;
  for (const Value& value : values)
    render(value, text);
  fuzz::check(program, text, arena);
  runtime.tidy();
  return 0;
}
