// What runs on any host; step_x86_processor.cpp has the comparison with a processor.
#include "arch/step_x86.h"

#include <doctest/doctest.h>

#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "arch/step.h"
#include "unit/fake_memory.h"

using namespace ttrace;

namespace {

constexpr Address kAt{0x401000};
constexpr Address kSlot{0x500000};
constexpr Address kStack{0x7ffe0000};
constexpr std::uint64_t kSp = kStack.value() + 0x80;
constexpr unsigned kRax = 0, kRdx = 1, kRcx = 2, kRbx = 3, kRdi = 5, kRbp = 6, kR11 = 11;

std::vector<std::byte> bytes(std::initializer_list<unsigned> list) {
  std::vector<std::byte> out;
  for (unsigned b : list)
    out.push_back(std::byte(b));
  return out;
}

DisplacedInstruction decoded(Abi machine, std::initializer_list<unsigned> list) {
  auto result = DisplacedInstruction::decode(machine, kAt, bytes(list));
  if (!result) FAIL(result.error().message());
  return *result;
}

Registers registers(Abi machine) {
  Registers regs(machine);
  unsigned count = machine == Abi::X86_64 ? 16 : 8;
  for (unsigned i = 0; i < count; ++i)
    regs.set(i, 0x1000 + i);
  regs.set_flags(0x246);
  regs.set_sp(Address(kSp));
  regs.set_pc(kAt);
  return regs;
}

void fill(test::FakeMemory& memory) {
  std::vector<std::byte> stack(0x100);
  for (std::size_t i = 0; i < stack.size(); ++i)
    stack[i] = std::byte(i);
  memory.map(kStack, stack);
}

template <class T>
T load(test::FakeMemory& memory, std::uint64_t address) {
  T value{};
  REQUIRE(memory.read_object(Address(address), value));
  return value;
}

bool same(const Registers& a, const Registers& b) {
  return std::memcmp(a.raw().data(), b.raw().data(), a.raw().size()) == 0;
}

}  // namespace

TEST_CASE("x86-64: what functions begin with") {
  test::FakeMemory memory;
  fill(memory);
  Registers regs = registers(Abi::X86_64);
  CHECK(decoded(Abi::X86_64, {0xf3, 0x0f, 0x1e, 0xfa}).emulate(regs, memory));  // endbr64
  CHECK(regs.pc() == kAt + 4);
  regs.set_pc(kAt);
  CHECK(decoded(Abi::X86_64, {0x55}).emulate(regs, memory));  // push %rbp
  CHECK(regs.sp().value() == kSp - 8);
  CHECK(load<std::uint64_t>(memory, kSp - 8) == 0x1000 + kRbp);
  CHECK(decoded(Abi::X86_64, {0x48, 0x89, 0xe5}).emulate(regs, memory));  // mov %rsp, %rbp
  CHECK(regs.get(kRbp) == kSp - 8);
  CHECK(decoded(Abi::X86_64, {0x48, 0x83, 0xec, 0x10}).emulate(regs, memory));  // sub $16, %rsp
  CHECK(regs.sp().value() == kSp - 24);
  CHECK(regs.flags() == 0x202);  // the low byte has an odd number of bits
  CHECK(decoded(Abi::X86_64, {0x31, 0xc0}).emulate(regs, memory));  // xor %eax, %eax
  CHECK(regs.get(kRax) == 0);
  CHECK(regs.flags() == 0x246);
  CHECK(decoded(Abi::X86_64, {0xc9}).emulate(regs, memory));  // leave
  CHECK(regs.sp().value() == kSp);
  CHECK(regs.get(kRbp) == 0x1000 + kRbp);
  regs.set_pc(kAt);
  CHECK(decoded(Abi::X86_64, {0xc2, 0x10, 0x00}).emulate(regs, memory));  // ret $16
  CHECK(regs.pc().value() == 0x8786858483828180);
  CHECK(regs.sp().value() == kSp + 24);
}

TEST_CASE("x86-64: branches") {
  test::FakeMemory memory;
  fill(memory);
  Registers regs = registers(Abi::X86_64);
  CHECK(decoded(Abi::X86_64, {0xe8, 0xfb, 0x0f, 0x00, 0x00}).emulate(regs, memory));  // call
  CHECK(regs.pc() == kAt + 0x1000);
  CHECK(load<std::uint64_t>(memory, kSp - 8) == kAt.value() + 5);

  regs = registers(Abi::X86_64);
  CHECK(decoded(Abi::X86_64, {0x74, 0xfe}).emulate(regs, memory));  // je itself, taken
  CHECK(regs.pc() == kAt);
  CHECK(decoded(Abi::X86_64, {0x75, 0xfe}).emulate(regs, memory));  // jne itself, not taken
  CHECK(regs.pc() == kAt + 2);

  // call *%rax, and a jump through memory relative to the instruction
  regs = registers(Abi::X86_64);
  CHECK(decoded(Abi::X86_64, {0xff, 0xd0}).emulate(regs, memory));
  CHECK(regs.pc().value() == 0x1000);
  memory.map_object(kAt + 0x108, std::uint64_t{0x123456789});
  regs = registers(Abi::X86_64);
  CHECK(decoded(Abi::X86_64, {0xff, 0x25, 0x02, 0x01, 0x00, 0x00}).emulate(regs, memory));
  CHECK(regs.pc().value() == 0x123456789);

  // jmp *%fs:0x10
  regs = registers(Abi::X86_64);
  regs.set(kDwarfX86FsBase, kStack.value());
  CHECK(decoded(Abi::X86_64, {0x64, 0xff, 0x24, 0x25, 0x10, 0, 0, 0}).emulate(regs, memory));
  CHECK(regs.pc().value() == 0x1716151413121110);
}

TEST_CASE("i386: words of four bytes, and addresses that wrap") {
  test::FakeMemory memory;
  fill(memory);
  Registers regs = registers(Abi::I386);
  CHECK(decoded(Abi::I386, {0xe8, 0x00, 0x00, 0x00, 0x00}).emulate(regs, memory));  // call next
  CHECK(regs.sp().value() == kSp - 4);
  CHECK(load<std::uint32_t>(memory, kSp - 4) == kAt.value() + 5);
  CHECK(decoded(Abi::I386, {0x5b}).emulate(regs, memory));  // pop %ebx
  CHECK(regs.get(kRbx) == kAt.value() + 5);
  CHECK(regs.sp().value() == kSp);
  regs.set_pc(kAt);
  CHECK(decoded(Abi::I386, {0xe9, 0x00, 0x00, 0x00, 0x80}).emulate(regs, memory));
  CHECK(regs.pc().value() == 0x80401005);
  // jmp *%gs:0x10: the segment's base is not known here
  CHECK_FALSE(decoded(Abi::I386, {0x65, 0xff, 0x25, 0x10, 0, 0, 0}).emulated());
}

TEST_CASE("x86: only a thread's own frame is written by the tracer") {
  CHECK(decoded(Abi::X86_64, {0x48, 0x89, 0x44, 0x24, 0x08}).emulated());  // to 8(%rsp)
  CHECK(decoded(Abi::X86_64, {0x48, 0x83, 0x45, 0xf8, 0x01}).emulated());  // addq $1, -8(%rbp)
  CHECK(decoded(Abi::X86_64, {0x48, 0x8b, 0x07}).emulated());              // from (%rdi)
  CHECK(decoded(Abi::X86_64, {0x8b, 0x05, 0, 0, 0, 0}).emulated());        // from (%rip)
  CHECK(decoded(Abi::X86_64, {0x48, 0x39, 0x07}).emulated());              // cmp %rax, (%rdi)
  CHECK(decoded(Abi::X86_64, {0xff, 0x37}).emulated());                    // push (%rdi)
  CHECK_FALSE(decoded(Abi::X86_64, {0x48, 0x89, 0x45, 0x08}).emulated());  // to 8(%rbp)
  CHECK_FALSE(decoded(Abi::X86_64, {0x48, 0x89, 0x07}).emulated());        // to (%rdi)
  CHECK_FALSE(decoded(Abi::X86_64, {0x48, 0x89, 0x04, 0xc4}).emulated());  // to (%rsp,%rax,8)
  CHECK_FALSE(decoded(Abi::X86_64, {0x67, 0x89, 0x04, 0x24}).emulated());  // to (%esp)
  CHECK_FALSE(decoded(Abi::X86_64, {0x64, 0x89, 0x04, 0x24}).emulated());  // to %fs:(%rsp)
  CHECK_FALSE(decoded(Abi::X86_64, {0x48, 0xff, 0x0f}).emulated());        // decq (%rdi)
  CHECK_FALSE(decoded(Abi::X86_64, {0x48, 0x01, 0x07}).emulated());        // add %rax, (%rdi)
  CHECK_FALSE(decoded(Abi::X86_64, {0xf0, 0xff, 0x04, 0x24}).emulated());  // lock incl (%rsp)
  CHECK_FALSE(decoded(Abi::X86_64, {0x48, 0x87, 0x04, 0x24}).emulated());  // xchg %rax, (%rsp)
}

TEST_CASE("x86: what lies across words is loaded by the processor, but in the own frame") {
  test::FakeMemory memory;
  fill(memory);
  auto emulates = [&](std::initializer_list<unsigned> list, std::uint64_t rdi) {
    Registers regs = registers(Abi::X86_64);
    regs.set(kRdi, rdi);
    const Registers before = regs;
    const auto instruction = decoded(Abi::X86_64, list);
    REQUIRE(instruction.emulated());
    if (instruction.emulate(regs, memory)) return true;
    CHECK(same(before, regs));
    CHECK(instruction.copy_for(kSlot).has_value());
    return false;
  };
  CHECK(emulates({0x48, 0x8b, 0x07}, kSp));            // mov (%rdi), %rax
  CHECK_FALSE(emulates({0x48, 0x8b, 0x07}, kSp + 4));  // half of it in the next word
  CHECK(emulates({0x8b, 0x07}, kSp + 4));              // mov (%rdi), %eax
  CHECK(emulates({0x8b, 0x07}, kSp + 2));              // … not aligned, but in one word
  CHECK_FALSE(emulates({0x8b, 0x07}, kSp + 5));
  CHECK(emulates({0x0f, 0xb6, 0x07}, kSp + 7));        // movzbl (%rdi), %eax
  CHECK_FALSE(emulates({0x0f, 0xb7, 0x07}, kSp + 7));  // movzwl (%rdi), %eax
  CHECK(emulates({0x48, 0x8b, 0x44, 0x24, 0x04}, 0));  // mov 4(%rsp), %rax
  Registers regs = registers(Abi::X86_64);             // movzwl 7(%rsp), %eax
  CHECK(decoded(Abi::X86_64, {0x0f, 0xb7, 0x44, 0x24, 0x07}).emulate(regs, memory));
  CHECK(regs.get(kRax) == 0x8887);
  CHECK_FALSE(emulates({0xff, 0x37}, kSp + 1));  // push (%rdi)
  CHECK_FALSE(emulates({0xff, 0x17}, kSp + 1));  // call *(%rdi)
}

TEST_CASE("x86: a failed access changes nothing, and leaves the copy") {
  test::FakeMemory memory;
  for (const auto& code :
       {bytes({0x55}), bytes({0x58}), bytes({0xc3}), bytes({0xc9}), bytes({0xe8, 0, 1, 0, 0}),
        bytes({0x83, 0x04, 0x24, 0x01}), bytes({0x9c}), bytes({0xff, 0x24, 0x24})}) {
    Registers regs = registers(Abi::X86_64);
    auto instruction = DisplacedInstruction::decode(Abi::X86_64, kAt, code);
    REQUIRE(instruction.has_value());
    CHECK_FALSE(instruction->emulate(regs, memory));
    CHECK(same(regs, registers(Abi::X86_64)));
    CHECK(instruction->copy_for(kSlot).has_value());
  }
}

TEST_CASE("x86-64: a copy refers to what the original refers to") {
  // movss 0x100(%rip), %xmm0; add $0x12345678, 0x100(%rip), where an immediate follows
  auto moved = decoded(Abi::X86_64, {0xf3, 0x0f, 0x10, 0x05, 0, 1, 0, 0}).copy_for(kSlot);
  REQUIRE(moved.has_value());
  CHECK(*moved == bytes({0xf3, 0x0f, 0x10, 0x05, 0x00, 0x11, 0xf0, 0xff}));
  moved = decoded(Abi::X86_64, {0x81, 0x05, 0, 1, 0, 0, 0x78, 0x56, 0x34, 0x12}).copy_for(kSlot);
  REQUIRE(moved.has_value());
  CHECK(*moved == bytes({0x81, 0x05, 0x00, 0x11, 0xf0, 0xff, 0x78, 0x56, 0x34, 0x12}));
  // Out of reach, in both directions, and just within.
  auto instruction = decoded(Abi::X86_64, {0xf3, 0x0f, 0x10, 0x05, 0, 0, 0, 0});
  CHECK_FALSE(instruction.copy_for(kAt + 0x80000001).has_value());
  CHECK(instruction.copy_for(kAt + 0x80000000).has_value());
  CHECK_FALSE(instruction.copy_for(kAt - 0x80000000).has_value());
  CHECK(instruction.copy_for(kAt - 0x7fffffff).has_value());
  // Short branches have no room; nothing is lost, for they never need memory.
  CHECK_FALSE(decoded(Abi::X86_64, {0x74, 0x00}).copy_for(kSlot).has_value());
  CHECK_FALSE(decoded(Abi::X86_64, {0xe2, 0x00}).copy_for(kSlot).has_value());
}

TEST_CASE("x86: finishing a copy") {
  test::FakeMemory memory;
  fill(memory);
  auto movups = decoded(Abi::X86_64, {0x0f, 0x10, 0x07});
  Registers regs = registers(Abi::X86_64);
  regs.set_pc(kSlot);
  CHECK_FALSE(movups.finish_copy(regs, memory, kSlot));
  regs.set_pc(kSlot + 3);
  CHECK(movups.finish_copy(regs, memory, kSlot));
  CHECK(regs.pc() == kAt + 3);

  for (Abi machine : {Abi::X86_64, Abi::I386}) {
    CAPTURE(std::string(abi_name(machine)));
    auto call = decoded(machine, {0xe8, 0, 1, 0, 0});
    regs = registers(machine);
    fill(memory);
    regs.set_pc(kAt + 0x105);
    CHECK(call.finish_copy(regs, memory, kSlot));
    CHECK(regs.pc() == kAt + 0x105);
    CHECK(load<std::uint32_t>(memory, kSp) == kAt.value() + 5);
    CHECK(load<std::uint32_t>(memory, kSp + 4) == (machine == Abi::I386 ? 0x87868584 : 0));
    CHECK(load<std::uint32_t>(memory, kSp + 8) == 0x8b8a8988);
  }

  auto syscall = decoded(Abi::X86_64, {0x0f, 0x05});
  regs = registers(Abi::X86_64);
  regs.set_pc(kSlot + 2);
  regs.set(kRcx, (kSlot + 2).value());
  regs.set(kR11, 0x346);
  CHECK(syscall.finish_copy(regs, memory, kSlot));
  CHECK(regs.get(kRcx) == (kAt + 2).value());
  CHECK(regs.get(kR11) == 0x246);
  CHECK(regs.get(kRdx) == 0x1000 + kRdx);
}

TEST_CASE("x86: refused") {
  auto refused = [](Abi machine, std::initializer_list<unsigned> list) {
    return !DisplacedInstruction::decode(machine, kAt, bytes(list)).has_value();
  };
  CHECK(refused(Abi::X86_64, {}));
  CHECK(refused(Abi::X86_64, {0x48}));                                // cut short
  CHECK(refused(Abi::X86_64, {0x06}));                                // push %es: i386 only
  CHECK(refused(Abi::X86_64, {0xcc}));                                // int3
  CHECK(refused(Abi::X86_64, {0xf1}));                                // int1
  CHECK(refused(Abi::X86_64, {0xc7, 0xf8, 0, 0, 0, 0}));              // xbegin
  CHECK(refused(Abi::X86_64, {0x8e, 0xd0}));                          // mov %eax, %ss
  CHECK(refused(Abi::X86_64, {0xff, 0x1c, 0x24}));                    // lcall *(%rsp)
  CHECK(refused(Abi::I386, {0x9a, 0, 0, 0, 0, 0x23, 0}));             // lcall
  CHECK(refused(Abi::I386, {0x17}));                                  // pop %ss
  CHECK(refused(Abi::I386, {0x66, 0xe8, 0, 0}));                      // callw
  CHECK_FALSE(refused(Abi::X86_64, {0x66, 0x48, 0xe8, 0, 0, 0, 0}));  // a call with idle prefixes
  CHECK_FALSE(refused(Abi::X86_64, {0xf4}));                          // hlt: faults as it would
}
