// Reads made-up Go programs: whatever a file says, nothing crashes, no work is without bounds, and
// what is said of functions is within them.
//
// An input is an ELF file.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/quote.h"
#include "fuzz/input.h"
#include "fuzz/target.h"
#include "symbols/module.h"
#include "symbols/pattern.h"
#include "unit/symbols/go_sample.h"

namespace ttrace::fuzz {
namespace {

constexpr std::size_t kMostFunctions = 64;  // of one file: more are seldom different

[[noreturn]] void fail(const char* what, const std::string& name) {
  std::fprintf(stderr, "%s: %s\n", name.c_str(), what);
  std::abort();
}

void check_text(const std::string& text) {
  if (std::ranges::any_of(text, is_control)) fail("a control character", text);
}

void check_function(Module& module, const Function& function) {
  check_text(function.name);
  if (auto end = module.go_code_end(function); end && *end <= function.address)
    fail("ends before it begins", function.name);
  if (auto defined = module.definition(function)) check_text(defined->file);
  auto arguments = module.go_arguments(function);
  if (arguments && arguments->words.size() > 256) fail("many arguments", function.name);
  constexpr std::uint64_t kMostBytes = 64;
  for (std::uint64_t i = 0; i < std::min(function.size + 2, kMostBytes); ++i) {
    const Address at = function.address + i;
    static_cast<void>(module.go_frame_size(at));
    if (auto line = module.line(at)) check_text(line->file);
    const Function* found = module.function_at(at);
    if (i < function.size && function.go && found == nullptr) fail("not there", function.name);
  }
}

// Changes some bytes, most of them of the tables.
void mutate(std::vector<char>& bytes, Random& random) {
  const auto count = 1 + random.next() % 6;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::size_t first =
        random.next() % 8 == 0 ? 0 : test::GoSample::kData - test::GoSample::kBase;
    const std::size_t at = first + random.next() % (bytes.size() - first);
    switch (random.next() % 4) {
      case 0:
        bytes[at] = static_cast<char>(random.next());
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] + 1);
        break;
      case 2:
        bytes[at] = static_cast<char>(bytes[at] ^ 1 << random.next() % 8);
        break;
      default:
        bytes[at] = static_cast<char>(random.next() % 2 == 0 ? 0xff : 0);
        break;
    }
  }
  if (random.next() % 32 == 0) bytes.resize(random.next() % bytes.size());
}

}  // namespace

std::size_t sweep(unsigned rounds) {
  Random random(1);
  std::size_t count = 0;
  for (const test::GoSample& sample : test::go_samples()) {
    const auto made = sample.bytes();
    for (unsigned i = 0; i < rounds; ++i, ++count) {
      auto bytes = made;
      if (i != 0) mutate(bytes, random);
      std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
      LLVMFuzzerTestOneInput(input.data(), input.size());
    }
  }
  return count;
}

}  // namespace ttrace::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ttrace;
  UniqueFd fd(memfd_create("go", MFD_CLOEXEC));
  if (!fd.valid() || write(fd.get(), data, size) != static_cast<ssize_t>(size)) return 0;
  auto opened = Module::open("/proc/self/fd/" + std::to_string(fd.get()), "made-up");
  if (!opened) return 0;
  Module& module = **opened;
  if (module.go() == nullptr) return 0;
  static const FunctionPattern pattern = *FunctionPattern::parse("a.*");
  for (const InlinedFunction& each : module.inlined(pattern))
    fuzz::check_text(each.name);
  auto matching = module.matching(pattern);
  auto functions = module.functions();
  if (!matching || !functions) return 0;
  if (matching->size() > functions->size()) fuzz::fail("more match than there are", "matching");
  for (const Function& function :
       functions->first(std::min(functions->size(), fuzz::kMostFunctions)))
    fuzz::check_function(module, function);
  return 0;
}
