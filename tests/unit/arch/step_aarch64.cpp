#include "arch/step_aarch64.h"

#include <doctest/doctest.h>

#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "arch/step.h"
#include "unit/fake_memory.h"

using namespace ttrace;

namespace {

constexpr Address kAt{0x400100};
constexpr Address kSlot{0x7f0000001000};
constexpr Address kStack{0x7ffff000};
constexpr std::size_t kStackSize = 0x100;
constexpr std::uint64_t kSp = kStack.value() + 0x80;
constexpr std::uint64_t kNzcv = 0xf0000000;

std::span<const std::byte> bytes_of(const std::uint32_t& word) {
  return std::as_bytes(std::span(&word, 1));
}

DisplacedInstruction decoded(std::uint32_t word) {
  auto result = DisplacedInstruction::decode(Abi::Aarch64, kAt, bytes_of(word));
  if (!result) FAIL(result.error().message());
  return *result;
}

// x0 is 0x1000, x1 is 0x1001, …; the stack's words are 0x2000, 0x2001, …
Registers registers() {
  Registers regs(Abi::Aarch64);
  for (unsigned i = 0; i < 31; ++i)
    regs.set(i, 0x1000 + i);
  regs.set_sp(Address(kSp));
  regs.set_pc(kAt);
  return regs;
}

void fill(test::FakeMemory& memory) {
  std::vector<std::byte> stack(kStackSize);
  for (std::uint64_t i = 0; i < kStackSize / 8; ++i) {
    std::uint64_t word = 0x2000 + i;
    std::memcpy(&stack[i * 8], &word, 8);
  }
  memory.map(kStack, stack);
}

std::uint64_t stack_word(test::FakeMemory& memory, std::uint64_t address) {
  std::uint64_t word = 0;
  REQUIRE(memory.read_object(Address(address), word));
  return word;
}

bool same(const Registers& a, const Registers& b) {
  return std::memcmp(a.raw().data(), b.raw().data(), a.raw().size()) == 0;
}

// What an instruction changes, besides moving the PC on by four.
struct Row {
  const char* name;
  std::uint32_t word;
  std::function<void(Registers&)> before;
  std::function<void(Registers&)> change;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> stores = {};
};

void nothing(Registers&) {}
std::function<void(Registers&)> flags(std::uint64_t value) {
  return [value](Registers& r) { r.set_flags(value); };
}
std::function<void(Registers&)> set(unsigned reg, std::uint64_t value) {
  return [=](Registers& r) { r.set(reg, value); };
}
std::function<void(Registers&)> jump(std::int64_t distance) {
  return [distance](Registers& r) { r.set_pc(kAt + static_cast<std::uint64_t>(distance)); };
}
std::function<void(Registers&)> all(std::vector<std::function<void(Registers&)>> list) {
  return [list](Registers& r) {
    for (const auto& f : list)
      f(r);
  };
}

void check(const Row& row) {
  CAPTURE(std::string(row.name));
  test::FakeMemory memory;
  fill(memory);
  memory.map_object(kAt + 16, std::uint64_t{0xfedcba9887654321});
  DisplacedInstruction instruction = decoded(row.word);
  CHECK(instruction.length() == 4);
  REQUIRE(instruction.emulated());
  Registers regs = registers();
  row.before(regs);
  Registers expected = regs;
  expected.set_pc(kAt + 4);
  row.change(expected);
  CHECK(instruction.emulate(regs, memory));
  CHECK(same(expected, regs));
  for (unsigned i = 0; i < 33; ++i) {
    CAPTURE(i);
    CHECK(regs.get(i) == expected.get(i));
  }
  CHECK(regs.flags() == expected.flags());
  test::FakeMemory untouched;
  fill(untouched);
  for (auto [address, value] : row.stores) {
    REQUIRE(untouched.write(Address(address), std::as_bytes(std::span(&value, 1))));
  }
  for (std::uint64_t at = kStack.value(); at < kStack.value() + kStackSize; at += 8) {
    CAPTURE(at);
    CHECK(stack_word(memory, at) == stack_word(untouched, at));
  }
}

constexpr std::uint64_t kN = 1U << 31, kZ = 1U << 30, kC = 1U << 29, kV = 1U << 28;

}  // namespace

TEST_CASE("arm64: hints and branches") {
  const Row rows[] = {
      {"nop", 0xd503201f, nothing, nothing},
      {"yield", 0xd503203f, nothing, nothing},
      {"dgh", 0xd50320df, nothing, nothing},
      {"bti", 0xd503241f, nothing, nothing},
      {"bti c", 0xd503245f, flags(kZ | 0x800), flags(kZ)},  // the branch type is used up
      {"bti jc", 0xd50324df, flags(0xc00), flags(0)},
      {"b .+0x100", 0x14000040, nothing, jump(0x100)},
      {"bl .-8", 0x97fffffe, nothing, all({jump(-8), set(30, kAt.value() + 4)})},
      {"b.eq taken", 0x54000040, flags(kZ), jump(8)},
      {"b.eq not", 0x54000040, flags(kN | kC | kV), nothing},
      {"b.hi taken", 0x54ffff88, flags(kC), jump(-16)},
      {"b.hi not", 0x54ffff88, flags(kC | kZ), nothing},
      {"cbz w3 taken: the upper half is not looked at", 0x34000103, set(3, 0x100000000), jump(32)},
      {"cbz w3 not", 0x34000103, nothing, nothing},
      {"cbnz x4 taken", 0xb5ffff04, set(4, 0x100000000), jump(-32)},
      {"cbnz x4 not", 0xb5ffff04, set(4, 0), nothing},
      {"tbz w5, #3 taken", 0x36180065, set(5, ~8ULL), jump(12)},
      {"tbz w5, #3 not", 0x36180065, set(5, 8), nothing},
      {"tbnz x6, #40 taken", 0xb747ffa6, set(6, 1ULL << 40), jump(-12)},
      {"tbnz x6, #40 not", 0xb747ffa6, set(6, ~(1ULL << 40)), nothing},
      {"br x17", 0xd61f0220, nothing, [](Registers& r) { r.set_pc(Address(0x1011)); }},
      {"blr x30", 0xd63f03c0, nothing,
       [](Registers& r) {
         r.set_pc(Address(0x101e));
         r.set(30, kAt.value() + 4);
       }},
      {"ret", 0xd65f03c0, nothing, [](Registers& r) { r.set_pc(Address(0x101e)); }},
  };
  for (const Row& row : rows)
    check(row);
}

TEST_CASE("arm64: every condition") {
  const char* const text[] = {"z",  "!z", "c",  "!c", "n",  "!n", "v",  "!v",
                              "hi", "ls", "ge", "lt", "gt", "le", "al", "nv"};
  for (std::uint32_t condition = 0; condition < 16; ++condition) {
    CAPTURE(std::string(text[condition]));
    for (std::uint64_t bits = 0; bits < 16; ++bits) {
      CAPTURE(bits);
      bool n = (bits & 8) != 0, z = (bits & 4) != 0, c = (bits & 2) != 0, v = (bits & 1) != 0;
      const bool taken[] = {z,    !z,      c,       !c,     n,      !n,           v,
                            !v,   c && !z, !c || z, n == v, n != v, n == v && !z, n != v || z,
                            true, true};
      check({"b.cond", 0x54000040 | condition, flags(bits << 28),
             taken[condition] ? jump(8) : nothing});
    }
  }
}

TEST_CASE("arm64: addresses, constants, arithmetic") {
  const std::uint64_t page = kAt.value() & ~0xfffULL;
  const Row rows[] = {
      {"adr x1, .+5", 0x30000021, nothing, set(1, kAt.value() + 5)},
      {"adrp x2, 3 pages on", 0xf0000002, nothing, set(2, page + 0x3000)},
      {"adrp x2, a page back", 0xf0ffffe2, nothing, set(2, page - 0x1000)},
      {"ldr w7, .+16", 0x18000087, nothing, set(7, 0x87654321)},
      {"ldr x8, .+16", 0x58000088, nothing, set(8, 0xfedcba9887654321)},
      {"ldrsw x9, .+16", 0x98000089, nothing, set(9, 0xffffffff87654321)},
      {"ldrsw xzr, .+16", 0x9800009f, nothing, nothing},
      {"prfm pldl1keep, .+8", 0xd8000040, nothing, nothing},
      {"mov x1, #0x12340000", 0xd2a24681, nothing, set(1, 0x12340000)},
      {"mov w2, #-6", 0x128000a2, nothing, set(2, 0xfffffffa)},
      {"movk x3, #0xbeef, lsl #32", 0xf2d7dde3, set(3, ~0ULL), set(3, 0xffffbeefffffffff)},
      {"add sp, sp, #0x20", 0x910083ff, nothing, set(31, kSp + 0x20)},
      {"add x29, sp, #0x10", 0x910043fd, nothing, set(29, kSp + 0x10)},
      {"mov x0, sp", 0x910003e0, nothing, set(0, kSp)},
      {"sub sp, sp, #1, lsl #12", 0xd14007ff, nothing, set(31, kSp - 0x1000)},
      {"mov x19, x0", 0xaa0003f3, nothing, set(19, 0x1000)},
      {"mov w20, w1", 0x2a0103f4, set(1, 0x1200000034), all({set(20, 0x34)})},
      {"mov x3, xzr", 0xaa1f03e3, nothing, set(3, 0)},
      {"cmp w0, #1: below", 0x7100041f, set(0, 0xff00000000), flags(kN)},
      {"cmp w0, #1: equal", 0x7100041f, set(0, 1), flags(kZ | kC)},
      {"cmp w0, #1: above", 0x7100041f, set(0, 2), flags(kC)},
      {"cmp w0, #1: overflow", 0x7100041f, set(0, 0x80000000), flags(kC | kV)},
      {"cmn x0, #1: zero", 0xb100041f, set(0, ~0ULL), flags(kZ | kC)},
      {"cmn x0, #1: overflow", 0xb100041f, set(0, 0x7fffffffffffffff), flags(kN | kV)},
      {"subs x1, x2, #7: flags that were set", 0xf1001c41, flags(kNzcv | 0x1000),
       all({set(1, 0x1002 - 7), flags(kC | 0x1000)})},
  };
  for (const Row& row : rows)
    check(row);
}

TEST_CASE("arm64: frames") {
  const Row rows[] = {
      {"stp x29, x30, [sp, #-32]!",
       0xa9be7bfd,
       nothing,
       set(31, kSp - 32),
       {{kSp - 32, 0x101d}, {kSp - 24, 0x101e}}},
      {"ldp x29, x30, [sp], #32", 0xa8c27bfd, nothing,
       all({set(29, 0x2010), set(30, 0x2011), set(31, kSp + 32)})},
      {"stp x19, x20, [sp, #16]",
       0xa90153f3,
       nothing,
       nothing,
       {{kSp + 16, 0x1013}, {kSp + 24, 0x1014}}},
      {"ldp x19, x20, [sp, #16]", 0xa94153f3, nothing, all({set(19, 0x2012), set(20, 0x2013)})},
      {"str x0, [sp, #8]", 0xf90007e0, nothing, nothing, {{kSp + 8, 0x1000}}},
      {"str w0, [sp, #12]", 0xb9000fe0, nothing, nothing, {{kSp + 8, 0x100000002011}}},
      {"ldr w1, [sp, #4]", 0xb94007e1, nothing, set(1, 0)},
      {"ldr x30, [sp], #16", 0xf84107fe, nothing, all({set(30, 0x2010), set(31, kSp + 16)})},
      {"str x30, [sp, #-16]!", 0xf81f0ffe, nothing, set(31, kSp - 16), {{kSp - 16, 0x101e}}},
  };
  for (const Row& row : rows)
    check(row);
}

TEST_CASE("arm64: registers, fields and masks") {
  const std::uint64_t high = 0xfedcba9876543210;
  const Row rows[] = {
      {"add x0, x1, x2, lsl #3", 0x8b020c20, nothing, set(0, 0x1001 + (0x1002 << 3))},
      {"sub w0, w1, w2, asr #4", 0x4b821020, set(2, 0xfffffff0), set(0, 0x1002)},
      {"cmp x1, x2", 0xeb02003f, nothing, flags(kN)},
      {"add sp, sp, w1, sxtw #2", 0x8b21cbff, set(1, 0xfffffffe), set(31, kSp - 8)},
      {"tst w0, #0xff", 0x72001c1f, set(0, 0x100), flags(kZ)},
      {"and sp, x1, #0xfffffffffffffff0", 0x927cec3f, nothing, set(31, 0x1000)},
      {"orr x0, xzr, #0x5555555555555555", 0xb200f3e0, nothing, set(0, 0x5555555555555555)},
      {"eor w0, w1, #0x80000001", 0x52010420, nothing, set(0, 0x1001 ^ 0x80000001)},
      {"bics x0, x1, x1", 0xea210020, nothing, all({set(0, 0), flags(kZ)})},
      {"mvn w0, w1", 0x2a2103e0, nothing, set(0, 0xffffeffe)},
      {"sxtw x0, w1", 0x93407c20, set(1, 0x80000000), set(0, 0xffffffff80000000)},
      {"uxtb w0, w1", 0x53001c20, set(1, high), set(0, 0x10)},
      {"lsr x0, x1, #60", 0xd37cfc20, set(1, high), set(0, 0xf)},
      {"asr x0, x1, #60", 0x937cfc20, set(1, high), set(0, ~0ULL)},
      {"lsl w0, w1, #4", 0x531c6c20, set(1, high), set(0, 0x65432100)},
      {"sbfiz x0, x1, #8, #4", 0x93780c20, set(1, 0xf8), set(0, 0xfffffffffffff800)},
  };
  for (const Row& row : rows)
    check(row);
}

TEST_CASE("arm64: loads from anywhere, each of them from one word") {
  const std::uint64_t words = 0x8182838485868788;
  const std::uint64_t at = kStack.value() + 0x10;
  test::FakeMemory memory;
  fill(memory);
  REQUIRE(memory.write(kStack + 0x10, std::as_bytes(std::span(&words, 1))));
  auto load = [&](std::uint32_t word, std::uint64_t base) -> std::optional<std::uint64_t> {
    CAPTURE(word);
    Registers regs = registers();
    regs.set(1, base);
    const Registers before = regs;
    REQUIRE(decoded(word).emulated());
    if (decoded(word).emulate(regs, memory)) return regs.get(0);
    CHECK(same(before, regs));
    return std::nullopt;
  };
  CHECK(load(0xf9400020, at) == words);                                      // ldr x0, [x1]
  CHECK(load(0xf9400020, at + 4) == std::nullopt);                           // across words
  CHECK(load(0xb9400020, at + 4) == 0x81828384);                             // ldr w0, [x1]
  CHECK(load(0xb9800020, at + 4) == 0xffffffff81828384);                     // ldrsw x0, [x1]
  CHECK(load(0x39400020, at + 7) == 0x81);                                   // ldrb w0, [x1]
  CHECK(load(0x39c00020, at + 7) == 0xffffff81);                             // ldrsb w0, [x1]
  CHECK(load(0x39800020, at + 7) == 0xffffffffffffff81);                     // ldrsb x0, [x1]
  CHECK(load(0x79400020, at + 7) == std::nullopt);                           // ldrh w0, [x1]
  CHECK(load(0xf85f8020, at + 8) == words);                                  // ldur x0, [x1, #-8]
  CHECK(load(0xa9400820, at) == words);                                      // ldp x0, x2, [x1]
  CHECK(load(0xa9400820, kStack.value() + kStackSize - 8) == std::nullopt);  // half of it is there
}

TEST_CASE("arm64: a failed access changes nothing") {
  test::FakeMemory memory;
  for (std::uint32_t word : {0xa9be7bfdU, 0xa8c27bfdU, 0xf90007e0U, 0xf84107feU, 0x58000088U}) {
    CAPTURE(word);
    Registers regs = registers();
    regs.set_flags(0xc00);
    Registers before = regs;
    CHECK_FALSE(decoded(word).emulate(regs, memory));
    CHECK(same(before, regs));
  }
}

TEST_CASE("arm64: copies") {
  test::FakeMemory memory;
  // paciasp, autiasp, retaa, braa x1, x2, svc, stp d8, d9, xpaclri, mul x0, x1, x2, dmb ish,
  // mrs, ldar x0, [x1], prfm [x1], ldp x1, x1, [x2], ldr x1, [x1], #8, and w0, w1 with no such
  // mask, ldtr x0, [x1]; str x0, [x1], stp x0, x1, [x2]: memory that may be shared is not written
  for (std::uint32_t word :
       {0xd503233fU, 0xd50323bfU, 0xd65f0bffU, 0xd71f0822U, 0xd4000001U, 0x6dbf27e8U, 0xd50320ffU,
        0x9b027c20U, 0xd5033bbfU, 0xd53bd040U, 0xc8dffc20U, 0xf9800020U, 0xa9400441U, 0xf8408421U,
        0x1200fc20U, 0xf8400820U, 0xf9000020U, 0xa9000440U}) {
    CAPTURE(word);
    DisplacedInstruction instruction = decoded(word);
    CHECK_FALSE(instruction.emulated());
    Registers regs = registers();
    CHECK_FALSE(instruction.emulate(regs, memory));
    CHECK(same(regs, registers()));
    auto copy = instruction.copy_for(kSlot);
    REQUIRE(copy.has_value());
    CHECK(std::memcmp(copy->data(), &word, 4) == 0);
    CHECK(copy->size() == 4);

    regs.set_pc(kSlot);
    CHECK_FALSE(instruction.finish_copy(regs, memory, kSlot));
    regs.set_pc(kSlot + 4);
    CHECK(instruction.finish_copy(regs, memory, kSlot));
    CHECK(regs.pc() == kAt + 4);
    regs.set_pc(Address(0x1234));
    CHECK(instruction.finish_copy(regs, memory, kSlot));
    CHECK(regs.pc() == Address(0x1234));
    CHECK(regs.get(30) == 0x101e);
  }
}

TEST_CASE("arm64: an authenticated call's return address is mended") {
  test::FakeMemory memory;
  for (std::uint32_t word : {0xd73f0822U, 0xd63f087fU}) {  // blraa x1, x2; blraaz x3
    CAPTURE(word);
    DisplacedInstruction instruction = decoded(word);
    CHECK_FALSE(instruction.emulated());
    Registers regs = registers();
    regs.set_pc(Address(0x1234));
    regs.set(30, (kSlot + 4).value());
    CHECK(instruction.finish_copy(regs, memory, kSlot));
    CHECK(regs.pc() == Address(0x1234));
    CHECK(regs.get(30) == (kAt + 4).value());
  }
}

TEST_CASE("arm64: what depends on the PC is never copied") {
  for (std::uint32_t word :
       {0x14000040U, 0x97fffffeU, 0x54000040U, 0x34000103U, 0xb5ffff04U, 0x36180065U, 0xb747ffa6U,
        0x30000021U, 0x90000002U, 0x18000087U, 0x58000088U, 0x98ffffe9U, 0xd8000040U}) {
    CAPTURE(word);
    CHECK_FALSE(decoded(word).copy_for(kSlot).has_value());
  }
  // casp, cas, ldar and stlr look like exclusive ones.
  for (std::uint32_t word : {0x48227c24U, 0xc8a27c24U, 0xc8dffc20U, 0xc89ffc20U}) {
    CAPTURE(word);
    CHECK(decoded(word).copy_for(kSlot).has_value());
  }
  // What is emulated and needs memory can be copied too.
  CHECK(decoded(0xa9be7bfd).copy_for(kSlot).has_value());
}

TEST_CASE("arm64: a copied load of a literal loads the same one") {
  // ldr q0, .+16; ldr d1, .+16; ldr s2, .-4
  struct Case {
    std::uint32_t word;
    std::int64_t offset;
  };
  for (const Case& c : {Case{0x9c000080, 16}, Case{0x5c000081, 16}, Case{0x1cffffe2, -4}}) {
    CAPTURE(c.word);
    DisplacedInstruction instruction = decoded(c.word);
    CHECK_FALSE(instruction.emulated());
    for (std::int64_t away : {0x100, -0x4000, 0xff000, -0xff000}) {
      CAPTURE(away);
      const Address slot = kAt + static_cast<std::uint64_t>(away);
      auto copy = instruction.copy_for(slot);
      REQUIRE(copy.has_value());
      std::uint32_t word = 0;
      std::memcpy(&word, copy->data(), sizeof(word));
      CHECK((word & 0xff00001f) == (c.word & 0xff00001f));
      const auto moved = static_cast<std::int32_t>(word << 8) >> 13;
      CHECK(std::int64_t{moved} * 4 == c.offset - away);
    }
    CHECK_FALSE(instruction.copy_for(kAt + 0x100100).has_value());
    CHECK_FALSE(instruction.copy_for(Address(0x7f0000000000)).has_value());
  }
}

TEST_CASE("arm64: refused") {
  // brk, compare-and-branch, retaasppc, autiasppc, paciasppc; ldxr, ldaxrb, stlxr, ldxp, stxp
  for (std::uint32_t word :
       {0xd4200000U, 0x74000040U, 0xf5000040U, 0x5500001fU, 0xf380001fU, 0xdac1a3feU, 0xc85f7c20U,
        0x085ffc20U, 0x8802fc20U, 0xc87f0c20U, 0xc8220c20U}) {
    CAPTURE(word);
    CHECK_FALSE(DisplacedInstruction::decode(Abi::Aarch64, kAt, bytes_of(word)).has_value());
  }
  std::uint32_t nop = 0xd503201f;
  CHECK_FALSE(DisplacedInstruction::decode(Abi::Aarch64, kAt, bytes_of(nop).first(3)).has_value());
  CHECK_FALSE(DisplacedInstruction::decode(Abi::Aarch64, kAt + 2, bytes_of(nop)).has_value());
}
