#include "arch/branches.h"

#include <doctest/doctest.h>

#include <fmt/format.h>

#include <initializer_list>
#include <string>

using namespace ttrace;

namespace {

constexpr Address kAt{0x401000};

std::vector<std::byte> bytes(std::initializer_list<unsigned> list) {
  std::vector<std::byte> out;
  for (unsigned b : list)
    out.push_back(std::byte(b));
  return out;
}

std::vector<std::byte> words(std::initializer_list<std::uint32_t> list) {
  std::vector<std::byte> out;
  for (std::uint32_t word : list)
    for (unsigned i = 0; i < 4; ++i)
      out.push_back(std::byte(word >> (8 * i)));
  return out;
}

// "+0 call 401010" and so on, one a line.
std::string found(Abi machine, const std::vector<std::byte>& text) {
  constexpr const char* kNames[] = {"call", "jump", "conditional", "return"};
  std::string lines;
  for (const Branch& branch : find_branches(machine, text, kAt)) {
    lines += fmt::format("+{} {}", branch.at - kAt, kNames[static_cast<int>(branch.kind)]);
    if (branch.target) lines += fmt::format(" {:x}", branch.target->value());
    if (branch.slot) lines += fmt::format(" [{:x}]", branch.slot->value());
    lines += '\n';
  }
  return lines;
}

}  // namespace

TEST_CASE("x86-64: direct and indirect branches, and where they go") {
  CHECK(found(Abi::X86_64, bytes({
                               0xe8, 0x0b, 0x00, 0x00, 0x00,           // call +0xb
                               0xeb, 0xfe,                             // jmp self
                               0x0f, 0x84, 0xf3, 0xff, 0xff, 0xff,     // je -13
                               0xff, 0xd0,                             // call *%rax
                               0xff, 0x25, 0x01, 0x00, 0x00, 0x00,     // jmp *1(%rip)
                               0xff, 0x14, 0xc5, 0,    0,    0,    0,  // call *0(,%rax,8)
                               0x41, 0xff, 0x54, 0x24, 0x08,           // call *8(%r12)
                               0xc3,                                   // ret
                           })) ==
        "+0 call 401010\n"
        "+5 jump 401005\n"
        "+7 conditional 401000\n"
        "+13 call\n"
        "+15 jump [401016]\n"
        "+21 call\n"
        "+28 call\n"
        "+33 return\n");
}

TEST_CASE("x86-64: what precedes a branch does not hide it") {
  CHECK(found(Abi::X86_64, bytes({0xf3, 0x0f, 0x1e, 0xfa,             // endbr64
                                  0xf2, 0xff, 0x25, 2,    0, 0, 0,    // bnd jmp *2(%rip)
                                  0x3e, 0xff, 0xe0,                   // notrack jmp *%rax
                                  0x06,                               // no instruction
                                  0xf2, 0xe8, 0,    0,    0, 0})) ==  // bnd call
        "+4 jump [40100d]\n"
        "+11 jump\n"
        "+15 call 401015\n");
}

TEST_CASE("x86-64: an instruction that is cut off at the end is none") {
  CHECK(found(Abi::X86_64, bytes({0xe8, 0, 0, 0})).empty());
  CHECK(found(Abi::X86_64, {}).empty());
}

TEST_CASE("i386: a word at a fixed address, and one that only the registers tell") {
  CHECK(found(Abi::I386, bytes({0xff, 0x25, 0x00, 0xc0, 0x04, 0x08,          // jmp *0x804c000
                                0xff, 0xa3, 0x0c, 0x00, 0x00, 0x00,          // jmp *12(%ebx)
                                0xe8, 0xef, 0xff, 0xff, 0xff,                // call -17
                                0x65, 0xff, 0x15, 0x10, 0,    0,    0})) ==  // call *%gs:0x10
        "+0 jump [804c000]\n"
        "+6 jump\n"
        "+12 call 401000\n"
        "+17 call\n");
}

TEST_CASE("arm64: every kind of branch") {
  CHECK(found(Abi::Aarch64, words({
                                0x94000004,  // bl +16
                                0x17ffffff,  // b -4
                                0x54000060,  // b.eq +12
                                0xb4ffffe0,  // cbz x0, -4
                                0x37000040,  // tbnz w0, #0, +8
                                0xd63f0020,  // blr x1
                                0xd73f0822,  // blraa x1, x2
                                0xd61f0220,  // br x17
                                0xd65f03c0,  // ret
                                0xd65f0bff,  // retaa
                                0xd503201f,  // nop
                                0xf9400211,  // ldr x17, [x16]
                            })) ==
        "+0 call 401010\n"
        "+4 jump 401000\n"
        "+8 conditional 401014\n"
        "+12 conditional 401008\n"
        "+16 conditional 401018\n"
        "+20 call\n"
        "+24 call\n"
        "+28 jump\n"
        "+32 return\n"
        "+36 return\n");
}

TEST_CASE("arm64: the word that a jump takes its target from") {
  // An entry of a procedure linkage table, one with a landing pad and an authenticated target, and
  // a call without a table.
  CHECK(found(Abi::Aarch64, words({
                                0xf00000f0,  // adrp x16, +0x1f000
                                0xf947fe11,  // ldr x17, [x16, #4088]
                                0x913fe210,  // add x16, x16, #0xff8
                                0xd61f0220,  // br x17
                                0xd503245f,  // bti c
                                0x90000110,  // adrp x16, +0x20000
                                0xf9400211,  // ldr x17, [x16]
                                0x91000210,  // add x16, x16, #0
                                0xd503219f,  // autia1716
                                0xd61f0220,  // br x17
                                0xf0ffffe0,  // adrp x0, -0x1000
                                0x91002000,  // add x0, x0, #8
                                0xf9400001,  // ldr x1, [x0]
                                0xd63f0020,  // blr x1
                            })) ==
        "+12 jump [420ff8]\n"
        "+36 jump [421000]\n"
        "+52 call [400008]\n");
  // What else writes a register on the way, and what has no address to begin with.
  CHECK(found(Abi::Aarch64, words({
                                0x90000110,  // adrp x16, +0x20000
                                0xf9400211,  // ldr x17, [x16]
                                0x8b010231,  // add x17, x17, x1
                                0xd61f0220,  // br x17
                                0x90000110,  // adrp x16, +0x20000
                                0x94000004,  // bl +16
                                0xf9400211,  // ldr x17, [x16]
                                0xd61f0220,  // br x17
                                0x90000110,  // adrp x16, +0x20000
                                0xa8c11be5,  // ldp x5, x6, [sp], #16
                                0xa9404410,  // ldp x16, x17, [x0]
                                0xd61f0220,  // br x17
                                0x90000110,  // adrp x16, +0x20000
                                0xf8408611,  // ldr x17, [x16], #8
                                0xf9400211,  // ldr x17, [x16]
                                0xd61f0220,  // br x17
                            })) ==
        "+12 jump\n"
        "+20 call 401024\n"
        "+28 jump\n"
        "+44 jump\n"
        "+60 jump\n");
}
