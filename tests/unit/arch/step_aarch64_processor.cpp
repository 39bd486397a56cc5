// Emulation of arm64 instructions, checked against this processor: this program executes each
// instruction itself, between code that loads and stores all registers, and everything is compared.
#include <doctest/doctest.h>

#include "arch/step_aarch64.h"

#if defined(__aarch64__)

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

using namespace ttrace;

namespace {

constexpr std::size_t kCodeSize = 0x10000;
constexpr std::size_t kDataSize = 0x18000;
constexpr std::uint64_t kNzcv = 0xf0000000;

// What the code around an instruction loads and stores.
struct Context {
  std::array<std::uint64_t, 31> x;
  std::uint64_t sp;
  std::uint64_t nzcv;
  std::uint64_t taken;    // not 0: it branched to the landing pad
  std::uint64_t host_sp;  // this program's own
};
static_assert(sizeof(Context) == 35 * 8);
constexpr unsigned kSpSlot = 31, kNzcvSlot = 32, kTakenSlot = 33, kHostSpSlot = 34;
constexpr unsigned kSp = 31;

std::byte* map(std::size_t size, int protection) {
  void* got = mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  REQUIRE(got != MAP_FAILED);
  return static_cast<std::byte*>(got);
}

std::uint64_t address(const void* pointer) {
  return reinterpret_cast<std::uint64_t>(pointer);
}

// Code and data of this program, and nothing else.
class OwnMemory : public MutableMemory {
 public:
  std::byte* code = map(kCodeSize, PROT_READ | PROT_WRITE | PROT_EXEC);
  std::byte* data = map(kDataSize, PROT_READ | PROT_WRITE);

  ~OwnMemory() override {
    munmap(code, kCodeSize);
    munmap(data, kDataSize);
  }
  std::size_t read(Address from, std::span<std::byte> out) override {
    if (!inside(from.value(), out.size())) return 0;
    std::memcpy(out.data(), reinterpret_cast<void*>(from.value()), out.size());
    return out.size();
  }
  Result<> write(Address to, std::span<const std::byte> bytes) override {
    if (!inside(to.value(), bytes.size())) return Error{EIO, "write"};
    std::memcpy(reinterpret_cast<void*>(to.value()), bytes.data(), bytes.size());
    return {};
  }

 private:
  [[nodiscard]] bool inside(std::uint64_t from, std::size_t size) const {
    return (from >= address(code) && from + size <= address(code) + kCodeSize) ||
           (from >= address(data) && from + size <= address(data) + kDataSize);
  }
};

// How to make random instances of one kind of instruction: bits outside `mask` are random.
struct Kind {
  const char* name;
  std::uint32_t mask, value;
  enum Form { Data, Memory, Indexed, Branch26, Relative19, Branch19, Branch14, Register } form;
};

constexpr Kind kKinds[] = {
    {"nop", 0xffffffff, 0xd503201f, Kind::Data},
    {"bti", 0xffffff3f, 0xd503241f, Kind::Data},
    {"b, bl", 0x7c000000, 0x14000000, Kind::Branch26},
    {"b.cond", 0xff000010, 0x54000000, Kind::Branch19},
    {"cbz, cbnz", 0x7e000000, 0x34000000, Kind::Branch19},
    {"tbz, tbnz", 0x7e000000, 0x36000000, Kind::Branch14},
    {"br", 0xfffffc1f, 0xd61f0000, Kind::Register},
    {"blr", 0xfffffc1f, 0xd63f0000, Kind::Register},
    {"ret", 0xfffffc1f, 0xd65f0000, Kind::Register},
    {"adr, adrp", 0x1f000000, 0x10000000, Kind::Data},
    {"ldr literal", 0xbf000000, 0x18000000, Kind::Relative19},
    {"ldrsw, prfm literal", 0xbf000000, 0x98000000, Kind::Relative19},
    {"movn, movz, movk", 0x1f800000, 0x12800000, Kind::Data},
    {"add, sub immediate", 0x1f800000, 0x11000000, Kind::Data},
    {"add, sub shifted", 0x1f200000, 0x0b000000, Kind::Data},
    {"add, sub extended", 0x1fe00000, 0x0b200000, Kind::Data},
    {"logic immediate", 0x1f800000, 0x12000000, Kind::Data},
    {"logic shifted", 0x1f000000, 0x0a000000, Kind::Data},
    {"ubfm, sbfm", 0x1f800000, 0x13000000, Kind::Data},
    {"stp sp", 0xfe4003e0, 0xa80003e0, Kind::Memory},
    {"ldp", 0x3e400000, 0x28400000, Kind::Memory},
    {"str sp", 0x3fc003e0, 0x390003e0, Kind::Memory},
    {"str sp, unscaled", 0x3fe003e0, 0x380003e0, Kind::Memory},
    {"ldr", 0x3f000000, 0x39000000, Kind::Memory},
    {"ldr unscaled", 0x3f200000, 0x38000000, Kind::Memory},
    {"ldr indexed", 0x3f200c00, 0x38200800, Kind::Indexed},
};

struct Seen {
  int emulated = 0;
  int declined = 0;
  std::array<int, Aarch64Step::kOperations> operations{};
  std::array<std::array<int, 2>, 16> conditions{};
};

class Comparison {
 public:
  explicit Comparison(std::uint64_t seed) : seed_(seed), random_(seed) {}

  void run(const Kind& kind, int times) {
    const int before = seen_.emulated;
    for (int i = 0; i < times; ++i)
      once(kind);
    INFO(std::string(kind.name));
    CHECK(seen_.emulated - before >= times / 20);
  }
  [[nodiscard]] const Seen& seen() const { return seen_; }

 private:
  std::uint64_t below(std::uint64_t limit) { return random_() % limit; }

  void once(const Kind& kind) {
    const std::uint32_t word = instruction(kind);
    INFO("seed ", seed_, ": ", std::string(kind.name), ": ", word);
    auto step = Aarch64Step::decode(Address(at_), std::as_bytes(std::span(&word, 1)));
    if (!step || !step->emulated()) return;
    randomise(kind, word);
    const std::vector<std::byte> data(memory_.data, memory_.data + kDataSize);
    Registers regs(Abi::Aarch64);
    for (unsigned i = 0; i < before_.x.size(); ++i)
      regs.set(i, before_.x.at(i));
    regs.set_sp(Address(before_.sp));
    regs.set_flags(before_.nzcv);
    regs.set_pc(Address(at_));

    Context expected = before_;
    const std::uint64_t landed = execute(word, expected) ? target_ : at_ + 4;
    const std::vector<std::byte> expected_data(memory_.data, memory_.data + kDataSize);

    std::memcpy(memory_.data, data.data(), kDataSize);
    if (!step->emulate(Address(at_), regs, memory_)) {
      CHECK((kind.form == Kind::Memory || kind.form == Kind::Indexed));
      CHECK(std::memcmp(memory_.data, data.data(), kDataSize) == 0);
      ++seen_.declined;
      return;
    }
    for (unsigned i = 0; i < expected.x.size(); ++i) {
      CAPTURE(i);
      CHECK(regs.get(i) == expected.x.at(i));
    }
    CHECK(regs.sp().value() == expected.sp);
    CHECK(regs.flags() == expected.nzcv);
    CHECK(regs.pc().value() == landed);
    CHECK(std::memcmp(memory_.data, expected_data.data(), kDataSize) == 0);
    ++seen_.emulated;
    ++seen_.operations.at(static_cast<std::size_t>(step->operation()));
    if (step->operation() == Aarch64Step::Operation::BranchIf) {
      ++seen_.conditions.at(word & 0xf).at(landed == target_ ? 1 : 0);
    }
  }

  std::uint32_t instruction(const Kind& kind) {
    auto word = static_cast<std::uint32_t>(random_());
    // The commonest registers of all, and those that mean something else.
    if (below(8) == 0) word |= 0x1f << 5;
    if (below(8) == 0) word |= 0x1f;
    if (below(8) == 0) word = (word & ~0xfc00U) | (word >> 6 & 0xfc00);  // a field of one bit
    // An index that is the base, too, would lead anywhere.
    if (kind.form == Kind::Indexed && (word >> 16 & 31) == (word >> 5 & 31)) word ^= 1 << 16;
    word = (word & ~kind.mask) | kind.value;
    if (kind.form == Kind::Register && (word >> 5 & 31) == 31) word ^= 1 << 5;  // not to 0
    // In instructions: far enough for the code around this one, near enough for the mapping.
    auto distance = static_cast<std::int32_t>(below(0x800)) + 0x100;
    if (below(2) == 0) distance = -distance;
    target_ = at_ + static_cast<std::uint64_t>(std::int64_t{distance} * 4);
    auto field = static_cast<std::uint32_t>(distance);
    if (kind.form == Kind::Branch26) return (word & ~0x3ffffffU) | (field & 0x3ffffff);
    if (kind.form == Kind::Branch19 || kind.form == Kind::Relative19) {
      return (word & ~0xffffe0U) | (field & 0x7ffff) << 5;
    }
    if (kind.form == Kind::Branch14) return (word & ~0x7ffe0U) | (field & 0x3fff) << 5;
    return word;
  }

  std::uint64_t value() {
    switch (below(5)) {
      case 0:
        return below(8);
      case 1:
        return 0 - below(8);
      case 2:
        return 1ULL << below(64);
      case 3:
        return (1ULL << below(64)) - 1;
      default:
        return random_();
    }
  }
  // In the middle of the data, mostly aligned.
  std::uint64_t data_address() {
    const std::uint64_t offset = kDataSize / 4 + below(kDataSize / 8);
    return address(memory_.data) + (below(4) == 0 ? offset : offset & ~15ULL);
  }

  void randomise(const Kind& kind, std::uint32_t word) {
    for (std::uint64_t& x : before_.x)
      x = value();
    before_.sp = address(memory_.data) + kDataSize / 4 + below(0x100) * 16;
    before_.nzcv = random_() & kNzcv;
    before_.taken = 0;
    const unsigned rn = word >> 5 & 31, rm = word >> 16 & 31;
    if (kind.form == Kind::Indexed && rm != 31) before_.x.at(rm) = below(0x100);
    bool memory = kind.form == Kind::Memory || kind.form == Kind::Indexed;
    if (memory && rn != 31) before_.x.at(rn) = data_address();
    if (kind.form == Kind::Register && rn != 31) before_.x.at(rn) = target_;
    for (std::size_t i = 0; i < kDataSize; i += 8) {
      const std::uint64_t number = random_();
      std::memcpy(memory_.data + i, &number, 8);
    }
  }
  // Loads the registers, executes the instruction, stores them. One register that it does not name
  // holds the context. Returns whether it branched.
  bool execute(std::uint32_t word, Context& context) {
    unsigned holder = static_cast<unsigned>(below(30));
    auto named = [&](unsigned reg) {
      return reg == (word & 31) || reg == (word >> 5 & 31) || reg == (word >> 10 & 31) ||
             reg == (word >> 16 & 31);
    };
    while (named(holder))
      holder = (holder + 1) % 30;
    const unsigned other = holder == 9 ? 10 : 9;
    auto load = [](unsigned reg, unsigned base, unsigned slot) {
      return 0xf9400000 | slot << 10 | base << 5 | reg;
    };
    auto store = [](unsigned reg, unsigned base, unsigned slot) {
      return 0xf9000000 | slot << 10 | base << 5 | reg;
    };
    std::vector<std::uint32_t> code{0xd101c3ff};  // sub sp, sp, #112
    for (unsigned reg = 19; reg < 31; ++reg)
      code.push_back(store(reg, kSp, reg - 19));
    code.push_back(0xaa0003e0 | holder);  // mov holder, x0
    code.push_back(0x910003e0 | other);   // mov other, sp
    code.push_back(store(other, holder, kHostSpSlot));
    code.push_back(load(other, holder, kNzcvSlot));
    code.push_back(0xd51b4200 | other);  // msr nzcv, other
    code.push_back(load(other, holder, kSpSlot));
    code.push_back(0x9100001f | other << 5);  // mov sp, other
    for (unsigned reg = 0; reg < 31; ++reg) {
      if (reg != holder) code.push_back(load(reg, holder, reg));
    }
    const std::uint64_t begin = at_ - code.size() * 4;
    code.push_back(word);
    code.push_back(store(31, holder, kTakenSlot));  // xzr
    const std::uint64_t behind = begin + code.size() * 4;
    for (unsigned reg = 0; reg < 31; ++reg) {
      if (reg != holder) code.push_back(store(reg, holder, reg));
    }
    code.push_back(0xd53b4200 | other);  // mrs other, nzcv
    code.push_back(store(other, holder, kNzcvSlot));
    code.push_back(0x910003e0 | other);
    code.push_back(store(other, holder, kSpSlot));
    code.push_back(load(other, holder, kHostSpSlot));
    code.push_back(0x9100001f | other << 5);
    for (unsigned reg = 19; reg < 31; ++reg)
      code.push_back(load(reg, kSp, reg - 19));
    code.push_back(0x9101c3ff);  // add sp, sp, #112
    code.push_back(0xd65f03c0);  // ret
    std::memcpy(reinterpret_cast<void*>(begin), code.data(), code.size() * 4);
    // The landing pad, for branches; for others it is something to read.
    const auto back = static_cast<std::uint32_t>((behind - (target_ + 4)) / 4) & 0x3ffffff;
    const std::array<std::uint32_t, 2> pad{store(holder, holder, kTakenSlot), 0x14000000 | back};
    std::memcpy(reinterpret_cast<void*>(target_), pad.data(), sizeof pad);
    auto* first = reinterpret_cast<char*>(memory_.code);
    __builtin___clear_cache(first, first + kCodeSize);
    context.x.at(holder) = before_.x.at(holder);
    reinterpret_cast<void (*)(Context*)>(begin)(&context);
    return context.taken != 0;
  }

  std::uint64_t seed_;
  std::mt19937_64 random_;
  OwnMemory memory_;
  std::uint64_t at_ = address(memory_.code) + kCodeSize / 2 + 0x124;  // within a page
  std::uint64_t target_ = 0;
  Context before_{};
  Seen seen_;
};

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

}  // namespace

// TTRACE_STEP_SEED: another seed than the fixed one; TTRACE_STEP_TIMES: instances of each kind.
TEST_CASE("arm64: emulated instructions do what the processor does") {
  Comparison comparison(setting("TTRACE_STEP_SEED", 1));
  for (const Kind& kind : kKinds)
    comparison.run(kind, static_cast<int>(setting("TTRACE_STEP_TIMES", 300)));
  const Seen& seen = comparison.seen();
  constexpr int kFew = 10;
  for (std::size_t i = 1; i < seen.operations.size(); ++i) {
    CAPTURE(i);
    CHECK(seen.operations.at(i) >= kFew);
  }
  constexpr std::size_t kAlways = 14;
  for (std::size_t i = 0; i < seen.conditions.size(); ++i) {
    CAPTURE(i);
    CHECK(seen.conditions.at(i).at(1) > 0);
    CHECK((i >= kAlways || seen.conditions.at(i).at(0) > 0));
  }
  CHECK(seen.declined >= kFew);
  MESSAGE("aarch64: ", seen.emulated, " instructions emulated, ", seen.declined,
          " left to the processor");
}

#endif
