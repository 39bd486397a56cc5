// Reads the values of calls of functions that a made-up ELF file with DWARF describes, from made-up
// registers and memory, and prints them.
//
// An input is 64 bytes of choices and then a file. What must hold for whatever is in them: nothing
// crashes, and the work, the memory and the text of one call are bounded.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "functions/values.h"
#include "fuzz/made_memory.h"
#include "fuzz/target.h"
#include "output/text_sink.h"
#include "symbols/pattern.h"

namespace ttrace::fuzz {
namespace {

constexpr std::size_t kChoices = 64;
constexpr std::size_t kMostFunctions = 24;  // of one file: more are seldom different
// With -s 32. One event makes at most 1,064 values; each list of members or elements ends there.
constexpr std::size_t kLongestText = std::size_t{1} << 20;
constexpr std::size_t kMostReads = 2'000;
constexpr std::size_t kMostArena = std::size_t{16} << 20;

[[noreturn]] void fail(const char* what, const Function& function, std::size_t how_much) {
  std::fprintf(stderr, "%s: %s: %zu\n", function.linkage.c_str(), what, how_much);
  std::abort();
}

Registers make_registers(Input& input, const MadeMemory& memory, Abi machine) {
  Registers registers(machine);
  constexpr unsigned kGeneral = 32;
  for (unsigned i = 0; i < kGeneral; ++i) {
    auto choice = input.byte();
    registers.set(i, choice % 4 == 0 ? edge_number(input.byte()) : memory.pointer(input.number(3)));
  }
  registers.set_sp(Address(memory.pointer(input.number(3))));
  return registers;
}

// One call's arguments and result, as a line would have them.
void read_call(const std::shared_ptr<Module>& module, const Function& function, Input& input) {
  TracedFunction traced(module, function, {});
  MadeMemory memory(word_size(module->machine()), input);
  Registers registers = make_registers(input, memory, module->machine());
  FloatRegisters floats(module->machine());
  for (std::byte& byte : floats.raw())
    byte = static_cast<std::byte>(input.byte());
  Arena arena;
  ValueSource source{registers, [&] { return std::optional(floats); }, memory, arena, {}, {}};
  source.function_at = [&](Address at) {
    return at.value() % 2 == 0 ? std::optional<CodeName>() : CodeName{"function", at.value() % 16};
  };
  std::string text;
  Arguments arguments = read_arguments(traced, source);
  for (const Value& value : arguments.values)
    render(value, text);
  render(read_result(traced, source, memory.pointer(input.number(3))), text);
  if (text.size() > kLongestText) fail("long text", function, text.size());
  if (memory.reads > kMostReads) fail("many reads", function, memory.reads);
  if (arena.used() > kMostArena) fail("much memory", function, arena.used());
  bool control = std::ranges::any_of(text, [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
  });
  if (control) fail("a control character", function, text.size());
}

std::vector<std::vector<std::uint8_t>> corpus() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(FUZZ_VALUES_CORPUS))
    paths.push_back(entry.path());
  std::ranges::sort(paths);
  std::vector<std::vector<std::uint8_t>> files;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    files.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return files;
}

// Changes some bytes, most of them of what follows the ELF header.
void mutate(std::vector<std::uint8_t>& bytes, Random& random) {
  constexpr std::size_t kHeader = kChoices + 64;
  if (bytes.size() <= kHeader) return;
  for (std::size_t i = 0; i < kChoices; ++i)
    bytes[i] = static_cast<std::uint8_t>(random.next());
  auto count = random.next() % 16;
  for (std::uint64_t i = 0; i < count; ++i) {
    std::size_t at = kHeader + random.next() % (bytes.size() - kHeader);
    switch (random.next() % 4) {
      case 0:
        bytes[at] = static_cast<std::uint8_t>(random.next());
        break;
      case 1:
        bytes[at] = static_cast<std::uint8_t>(bytes[at] + 1);
        break;
      case 2:
        bytes[at] ^= static_cast<std::uint8_t>(1U << (random.next() % 8));
        break;
      default:
        bytes[at] = random.next() % 2 == 0 ? 0xff : 0;
        break;
    }
  }
}

}  // namespace

std::size_t sweep(unsigned rounds) {
  Random random(1);
  std::size_t count = 0;
  for (const auto& file : corpus()) {
    for (unsigned i = 0; i < rounds; ++i, ++count) {
      auto bytes = file;
      mutate(bytes, random);
      LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
  }
  return count;
}

}  // namespace ttrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ttrace;
  if (size <= fuzz::kChoices) return 0;
  auto bytes = std::span(data, size);
  fuzz::Input input(bytes.first(fuzz::kChoices));
  auto file = bytes.subspan(fuzz::kChoices);
  UniqueFd fd(memfd_create("values", MFD_CLOEXEC));
  if (!fd.valid() || write(fd.get(), file.data(), file.size()) != static_cast<ssize_t>(file.size()))
    return 0;
  auto opened = Module::open("/proc/self/fd/" + std::to_string(fd.get()), "made-up");
  if (!opened) return 0;
  const std::shared_ptr<Module> module = std::move(*opened);
  auto functions = module->functions();
  if (!functions) return 0;
  for (const Function& function :
       functions->first(std::min(functions->size(), fuzz::kMostFunctions)))
    fuzz::read_call(module, function, input);
  return 0;
}
