// Feeds made-up text to the parser of prototypes, and made-up registers and memory to what it makes
// of it.
//
// What must hold for any file: nothing crashes or takes long, a mistake is one line of plain text
// that says where it is. What must hold for any program that calls a described function: nothing
// crashes, the work and the line of one call are bounded, and it is one line of plain text.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "functions/prototype_book.h"
#include "functions/prototype_values.h"
#include "fuzz/made_memory.h"
#include "fuzz/target.h"
#include "output/text_sink.h"

namespace ttrace::fuzz {
namespace {

using prototypes::Prototype;

// A value has at most so many elements, structures three levels, a function 128 arguments.
constexpr std::size_t kLongestLine = std::size_t{1} << 20;
constexpr std::size_t kMostReads = 50'000;

[[noreturn]] void fail(std::string_view what, std::string_view where) {
  std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(what.size()), what.data(),
               static_cast<int>(where.size()), where.data());
  std::abort();
}

void check_line(std::string_view line) {
  const bool plain = std::ranges::all_of(
      line, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
  if (!plain) fail("not one line of plain text", line);
  if (line.size() > kLongestLine) fail("a line is too long", line.substr(0, 200));
}

std::string lines(std::span<const Value> values) {
  std::string text;
  for (const Value& value : values) {
    render(value, text);
    text += ' ';
  }
  return text;
}

void call(const Prototype& prototype, Input& input) {
  const auto abi = static_cast<Abi>(input.byte() % kAbiCount);
  MadeMemory memory(word_size(abi), input);
  Registers registers(abi);
  registers.set_sp(Address(memory.pointer(input.number(8))));
  for (unsigned reg : argument_registers(abi)) {
    registers.set(reg,
                  input.one_in(3) ? edge_number(input.number(8)) : memory.pointer(input.number(8)));
  }
  Arena arena;
  const ValueSource source{registers, [&] { return std::optional(FloatRegisters(abi)); }, memory,
                           arena, ValueLimits{}};
  static prototypes::PrototypeReader reader{DecodeOptions{}};
  const prototypes::PrototypeReader::Thread thread{{}, [&] { return std::optional(input.byte()); }};
  prototypes::Numbers numbers;
  auto arguments = reader.arguments(prototype, source, thread, numbers);
  if (!arguments) return;
  check_line(lines(arguments->values));
  memory.change(input);
  const std::uint64_t result =
      input.one_in(2) ? edge_number(input.number(8)) : memory.pointer(input.number(8));
  registers.set(result_register(abi), result);
  const auto returned = reader.returned(prototype, source, thread, numbers);
  check_line(lines({&returned.result, 1}));
  check_line(lines(returned.outputs));
  if (memory.reads > kMostReads) fail("too many reads", prototype.name);
}

void parse(std::string_view text, Input& input) {
  prototypes::NamedTypes types;
  auto parsed = prototypes::parse_prototypes("f", text, types);
  if (!parsed) {
    const std::string message = parsed.error().message();
    check_line(message);
    if (!message.starts_with("f:") || message.find(": error: ") == std::string::npos) {
      fail("a mistake that is nowhere", message);
    }
    return;
  }
  for (const Prototype& prototype : *parsed)
    call(prototype, input);
}

// The built-in files, for those who change them a little.
const std::vector<prototypes::BuiltInFile>& files() {
  static const auto all = prototypes::built_in_files();
  return all;
}

// One of the files with a piece taken out, doubled, or with a character changed.
std::string mutated(Input& input) {
  std::string text(files()[input.byte() % files().size()].text);
  for (unsigned i = 0; i <= input.byte() % 4U; ++i) {
    const std::size_t at = input.number(4) % text.size();
    const std::size_t length = std::min<std::size_t>(input.byte(), text.size() - at);
    switch (input.byte() % 3) {
      case 0:
        text.erase(at, length);
        break;
      case 1:
        text.insert(at, text.substr(input.number(4) % text.size(), length));
        break;
      default:
        text[at] = static_cast<char>(input.byte());
    }
    if (text.empty()) text = " ";
  }
  return text;
}

}  // namespace

std::size_t sweep(unsigned rounds) {
  std::size_t runs = 0;
  Random random(1);
  std::array<std::uint8_t, 64> bytes{};
  auto next_input = [&] {
    for (auto& byte : bytes)
      byte = static_cast<std::uint8_t>(random.next());
    ++runs;
    return Input(bytes);
  };
  prototypes::PrototypeBook book;
  for (const auto& [name, prototype] : book.all()) {
    for (unsigned i = 0; i < rounds; ++i) {
      Input input = next_input();
      call(prototype, input);
    }
  }
  for (unsigned i = 0; i < rounds; ++i) {
    Input input = next_input();
    parse(mutated(input), input);
  }
  return runs;
}

}  // namespace ttrace::fuzz

using namespace ttrace;
using namespace ttrace::fuzz;

// The text, then behind a NUL the choices.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* end = std::find(data, data + size, 0);
  const std::string text(reinterpret_cast<const char*>(data), static_cast<std::size_t>(end - data));
  const auto used = std::min(size, text.size() + 1);
  Input input({data + used, size - used});
  parse(text, input);
  return 0;
}
