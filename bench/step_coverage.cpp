// How many of the instructions that traps displace are emulated by the tracer (one stop a hit) and
// how many are executed as copies (two stops). Looks at the functions that ttrace would trace, and
// counts what the decoder says of their first instructions, of the instructions behind their calls,
// and, in Go, of the first instructions behind the check of the stack. An emulation can still fail
// at a hit, when the memory is not there: then the copy is executed.
//
//   bench-step-coverage [--funcs REGEX] [--why COUNT] FILE...
//
// --why: the commonest instructions that are not emulated, too.
#include <Zydis/Zydis.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arch/step.h"
#include "symbols/elf_file.h"
#include "symbols/module.h"
#include "symbols/pattern.h"

namespace {

using namespace ttrace;

/// What the decoder says of one kind of sites.
struct Count {
  std::size_t emulated = 0;
  std::size_t copied = 0;
  std::size_t refused = 0;
  std::map<std::string, std::size_t> why;  // not emulated: how often

  [[nodiscard]] std::size_t all() const { return emulated + copied + refused; }
};

struct Coverage {
  Count entries;
  Count stack_checked;  // behind Go's check of the stack
  Count returns;
};

/// One instruction of a function, as far as walking needs it.
struct Instruction {
  Address at;
  std::size_t length = 0;
  bool call = false;
  std::string shape;  // for --why: what it does to what kind of operands
};

/// Takes x86 instructions apart: AT&T's order would hide the mnemonic, so the shape is in words.
class X86Walker {
 public:
  explicit X86Walker(Abi machine) {
    bool wide = machine == Abi::X86_64;
    ZydisDecoderInit(&decoder_, wide ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
                     wide ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32);
  }

  std::optional<Instruction> next(Address at, std::span<const std::byte> bytes) {
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder_, bytes.data(), bytes.size(), &instruction_,
                                             operands_.data()))) {
      return std::nullopt;
    }
    return Instruction{at, instruction_.length, instruction_.mnemonic == ZYDIS_MNEMONIC_CALL,
                       shape()};
  }

 private:
  [[nodiscard]] std::string shape() const {
    std::string text = ZydisMnemonicGetString(instruction_.mnemonic);
    if ((instruction_.attributes & ZYDIS_ATTRIB_HAS_LOCK) != 0) text = "lock " + text;
    for (const auto& operand : std::span(operands_).first(instruction_.operand_count_visible))
      text += ' ' + operand_shape(operand);
    return text;
  }

  static std::string operand_shape(const ZydisDecodedOperand& operand) {
    const std::string size = std::to_string(operand.size / 8);
    if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY) return memory_shape(operand);
    if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) return "i";
    auto kind = ZydisRegisterGetClass(operand.reg.value);
    bool general = kind >= ZYDIS_REGCLASS_GPR8 && kind <= ZYDIS_REGCLASS_GPR64;
    return (general ? "r" : "v") + size;
  }

  static std::string memory_shape(const ZydisDecodedOperand& operand) {
    std::string base;
    if (operand.mem.base != ZYDIS_REGISTER_NONE) base = ZydisRegisterGetString(operand.mem.base);
    bool named = base.empty() || base == "rsp" || base == "rbp" || base == "esp" || base == "ebp" ||
                 base == "rip";
    if (!named) base = "r";
    if (operand.mem.index != ZYDIS_REGISTER_NONE) base += "+i";
    if (operand.mem.segment == ZYDIS_REGISTER_FS) base = "fs:" + base;
    if (operand.mem.segment == ZYDIS_REGISTER_GS) base = "gs:" + base;
    return "m" + std::to_string(operand.size / 8) + "[" + base + "]";
  }

  ZydisDecoder decoder_{};
  ZydisDecodedInstruction instruction_{};
  std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands_{};
};

/// arm64: the shape is the encoding without its registers and immediates, as far as that is simple.
std::optional<Instruction> next_arm64(Address at, std::span<const std::byte> bytes) {
  std::uint32_t word = 0;
  if (bytes.size() < sizeof word) return std::nullopt;
  std::memcpy(&word, bytes.data(), sizeof word);
  bool call = (word & 0xfc000000) == 0x94000000 ||  // bl
              (word & 0xfefff000) == 0xd63f0000;    // blr, blraa and its kin
  std::array<char, 32> shape{};
  std::snprintf(shape.data(), shape.size(), "%08x & ffc00000", word & 0xffc00000);
  return Instruction{at, sizeof word, call, shape.data()};
}

/// One file with its functions.
class Walk {
 public:
  Walk(const ElfFile& file, Coverage& coverage)
      : file_(file), coverage_(coverage), x86_(file.machine()) {}

  void function(const Function& function) {
    auto first = instruction(function.address);
    if (!first) return;
    count(coverage_.entries, *first);
    if (auto behind = behind_stack_check(function)) count(coverage_.stack_checked, *behind);
    const Address end = function.address + function.size;
    for (auto one = first; one && one->at < end;) {
      auto next = instruction(one->at + one->length);
      // Nothing returns from a call that is a function's last instruction.
      if (one->call && next && next->at < end) count(coverage_.returns, *next);
      one = next;
    }
  }

 private:
  [[nodiscard]] std::span<const std::byte> bytes(Address at) const {
    for (const Segment& segment : file_.segments()) {
      if (!segment.executable || at < segment.address) continue;
      const std::uint64_t offset = at - segment.address;
      if (offset >= segment.file_size) continue;
      return file_.bytes()
          .subspan(segment.offset.value + offset)
          .first(std::min<std::uint64_t>(segment.file_size - offset,
                                         DisplacedInstruction::kMaxLength));
    }
    return {};
  }

  std::optional<Instruction> instruction(Address at) {
    auto code = bytes(at);
    if (code.empty()) return std::nullopt;
    return file_.machine() == Abi::Aarch64 ? next_arm64(at, code) : x86_.next(at, code);
  }

  void count(Count& count, const Instruction& one) {
    auto step = DisplacedInstruction::decode(file_.machine(), one.at, bytes(one.at));
    ++(!step ? count.refused : step->emulated() ? count.emulated : count.copied);
    if (!step || !step->emulated()) ++count.why[one.shape];
  }

  // The first instruction behind `cmp 0x10(%r14), …; jbe`, which Go's functions on x86-64 begin
  // with when they need more stack than is certainly there; the comparison is one of the first few.
  std::optional<Instruction> behind_stack_check(const Function& function) {
    if (file_.machine() != Abi::X86_64) return std::nullopt;
    constexpr int kFew = 4;
    bool compared = false;
    auto one = instruction(function.address);
    for (int i = 0; i < kFew && one; ++i) {
      auto code = bytes(one->at);
      if (compared) {
        bool below = code[0] == std::byte{0x76} ||
                     (code[0] == std::byte{0x0f} && code[1] == std::byte{0x86});
        return below ? instruction(one->at + one->length) : std::nullopt;
      }
      // cmp 0x10(%r14), with a register of the lower or the upper eight
      compared = one->length == 4 && (code[0] | std::byte{4}) == std::byte{0x4d} &&
                 code[1] == std::byte{0x3b} && (code[2] & std::byte{0xc7}) == std::byte{0x46} &&
                 code[3] == std::byte{0x10};
      one = instruction(one->at + one->length);
    }
    return std::nullopt;
  }

  const ElfFile& file_;
  Coverage& coverage_;
  X86Walker x86_;
};

void print(const std::string& name, const char* what, const Count& count, std::size_t reasons) {
  if (count.all() == 0) return;
  const double percent = 100.0 / static_cast<double>(count.all());
  std::printf("%-24s %-18s %7zu  %6.2f%% emulated  %6.2f%% copied  %zu refused\n", name.c_str(),
              what, count.all(), static_cast<double>(count.emulated) * percent,
              static_cast<double>(count.copied) * percent, count.refused);
  std::vector<std::pair<std::string, std::size_t>> why(count.why.begin(), count.why.end());
  std::stable_sort(why.begin(), why.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  why.resize(std::min(why.size(), reasons));
  for (const auto& [shape, times] : why)
    std::printf("    %6.2f%% %s\n", static_cast<double>(times) * percent, shape.c_str());
}

Result<> cover(const std::string& path, const FunctionPattern& funcs, std::size_t reasons) {
  auto module = Module::open(path, path);
  if (!module) return module.error();
  auto file = ElfFile::open(path, path, false);
  if (!file) return file.error();
  auto functions = (*module)->functions();
  if (!functions) return functions.error();
  Coverage coverage;
  Walk walk(**file, coverage);
  for (const Function& function : *functions) {
    if (funcs.matches_name(display_name(function.linkage))) walk.function(function);
  }
  std::string name =
      path.substr(path.rfind('/') + 1) + ' ' + std::string(abi_name((*module)->machine()));
  print(name, "entries", coverage.entries, reasons);
  print(name, "Go, stack checked", coverage.stack_checked, reasons);
  print(name, "return sites", coverage.returns, reasons);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  std::string_view funcs = ".";
  std::size_t reasons = 0;
  int status = argc > 1 ? 0 : 2;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const std::string_view value = i + 1 < argc ? argv[i + 1] : "";
    if (argument == "--funcs") {
      funcs = value;
      ++i;
    } else if (argument == "--why") {
      std::from_chars(value.data(), value.data() + value.size(), reasons);
      ++i;
    } else {
      auto pattern = FunctionPattern::parse(funcs);
      auto done = pattern ? cover(argv[i], *pattern, reasons) : Result<>(pattern.error());
      if (done) continue;
      std::fprintf(stderr, "bench-step-coverage: %s\n", done.error().message().c_str());
      status = 1;
    }
  }
  return status;
}
