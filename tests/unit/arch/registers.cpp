#include "arch/registers.h"

#include <doctest/doctest.h>
#include <sys/user.h>

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

using namespace ttrace;

namespace {

// Fills each slot with a number of its own: slot i holds 0x100 + i.
Registers numbered(Abi machine) {
  Registers regs(machine);
  unsigned width = word_size(machine);
  for (std::size_t i = 0; i < regs.raw().size() / width; ++i) {
    std::uint64_t value = 0x100 + i;
    std::memcpy(regs.raw().subspan(i * width).data(), &value, width);
  }
  return regs;
}

}  // namespace

TEST_CASE("register blocks have the kernel's sizes") {
  CHECK(Registers(Abi::X86_64).raw().size() == 216);
  CHECK(Registers(Abi::I386).raw().size() == 68);
  CHECK(Registers(Abi::Aarch64).raw().size() == 272);
  CHECK(Registers(Abi::Arm).raw().size() == 72);
  CHECK(FloatRegisters(Abi::X86_64).raw().size() == 512);
  CHECK(FloatRegisters(Abi::I386).raw().size() == 108);
  CHECK(FloatRegisters(Abi::Aarch64).raw().size() == 528);
  CHECK(FloatRegisters(Abi::Arm).raw().empty());
}

TEST_CASE("registers are found by DWARF number") {
  struct Row {
    Abi machine;
    std::vector<std::uint64_t> slots;  // by DWARF number
    std::uint64_t pc, sp, flags;
  };
  const Row rows[] = {
      {Abi::X86_64, {10, 12, 11, 5, 13, 14, 4, 19, 9, 8, 7, 6, 3, 2, 1, 0, 16}, 16, 19, 18},
      {Abi::I386, {6, 1, 2, 0, 15, 5, 3, 4, 12}, 12, 15, 14},
      {Abi::Aarch64,
       {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
        16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31},
       32,
       31,
       33},
      {Abi::Arm, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, 15, 13, 16},
  };
  for (const Row& row : rows) {
    CAPTURE(std::string(abi_name(row.machine)));
    Registers regs = numbered(row.machine);
    for (unsigned i = 0; i < row.slots.size(); ++i) {
      CAPTURE(i);
      CHECK(regs.get(i) == 0x100 + row.slots[i]);
      Registers changed = regs;
      changed.set(i, 0x12345678);
      CHECK(changed.get(i) == 0x12345678);
      std::uint64_t raw = 0;
      unsigned width = word_size(row.machine);
      std::memcpy(&raw, changed.raw().subspan(row.slots[i] * width).data(), width);
      CHECK(raw == 0x12345678);
    }
    CHECK(regs.pc().value() == 0x100 + row.pc);
    CHECK(regs.sp().value() == 0x100 + row.sp);
    CHECK(regs.flags() == 0x100 + row.flags);
    CHECK(regs.get(1000) == 0);
    regs.set_pc(Address(1));
    regs.set_sp(Address(2));
    regs.set_flags(3);
    CHECK(regs.pc() == Address(1));
    CHECK(regs.sp() == Address(2));
    CHECK(regs.flags() == 3);
  }
}

TEST_CASE("a register that does not exist is zero and cannot be written") {
  Registers regs = numbered(Abi::X86_64);
  Registers before = regs;
  for (unsigned number : {17U, 49U, 57U, 60U, 0xffffU}) {
    CHECK(regs.get(number) == 0);
    regs.set(number, 42);
  }
  CHECK(std::memcmp(regs.raw().data(), before.raw().data(), before.raw().size()) == 0);
  CHECK(regs.get(kDwarfX86FsBase) == 0x100 + 21);
  CHECK(regs.get(kDwarfX86GsBase) == 0x100 + 22);
}

TEST_CASE("values of 32-bit machines are cut, not spilt into the next register") {
  Registers regs(Abi::I386);
  regs.set(0, 0x1234567890);
  CHECK(regs.get(0) == 0x34567890);
  regs.set_orig_syscall(-1);
  std::uint32_t slots[3];
  std::memcpy(slots, regs.raw().subspan(40).data(), sizeof slots);
  CHECK(slots[0] == 0);
  CHECK(slots[1] == 0xffffffff);
  CHECK(slots[2] == 0);
}

TEST_CASE("only x86 has a syscall number to reset") {
  Registers x86(Abi::X86_64);
  x86.set_orig_syscall(-1);
  std::int64_t slot = 0;
  std::memcpy(&slot, x86.raw().subspan(120).data(), sizeof slot);
  CHECK(slot == -1);
  Registers arm64(Abi::Aarch64);
  arm64.set_orig_syscall(-1);
  for (std::byte b : arm64.raw())
    CHECK(b == std::byte{0});
}

TEST_CASE("vector and x87 registers") {
  FloatRegisters x86(Abi::X86_64);
  for (std::size_t i = 0; i < x86.raw().size(); ++i)
    x86.raw()[i] = std::byte(i / 16);
  CHECK(x86.vector(0)[0] == std::byte{10});
  CHECK(x86.vector(15)[15] == std::byte{25});
  CHECK(x86.vector(16)[0] == std::byte{0});
  CHECK(x86.x87(0)[9] == std::byte{2});
  CHECK(x86.x87(0)[10] == std::byte{0});
  CHECK(x86.x87(7)[0] == std::byte{9});
  CHECK(x86.x87(8)[0] == std::byte{0});

  FloatRegisters arm64(Abi::Aarch64);
  for (std::size_t i = 0; i < arm64.raw().size(); ++i)
    arm64.raw()[i] = std::byte(i / 16 + 1);
  CHECK(arm64.vector(0)[0] == std::byte{1});
  CHECK(arm64.vector(31)[15] == std::byte{32});
  CHECK(arm64.vector(32)[0] == std::byte{0});
  CHECK(arm64.x87(0)[0] == std::byte{0});

  FloatRegisters i386(Abi::I386);
  for (std::size_t i = 0; i < i386.raw().size(); ++i)
    i386.raw()[i] = std::byte(i);
  CHECK(i386.x87(1)[0] == std::byte{38});
  CHECK(i386.x87(1)[9] == std::byte{47});
  CHECK(i386.vector(0)[0] == std::byte{0});
}

TEST_CASE("trap instructions") {
  auto bytes = [](Abi machine) {
    auto trap = trap_instruction(machine);
    return std::vector<std::byte>(trap.begin(), trap.end());
  };
  CHECK(bytes(Abi::X86_64) == std::vector{std::byte{0xcc}});
  CHECK(bytes(Abi::I386) == std::vector{std::byte{0xcc}});
  CHECK(bytes(Abi::Aarch64) ==
        std::vector{std::byte{0}, std::byte{0}, std::byte{0x20}, std::byte{0xd4}});
  CHECK(trap_pc_offset(Abi::X86_64) == 1);
  CHECK(trap_pc_offset(Abi::I386) == 1);
  CHECK(trap_pc_offset(Abi::Aarch64) == 0);
}

#if defined(__x86_64__)
TEST_CASE("the layout is that of this host's user_regs_struct") {
  user_regs_struct kernel{};
  kernel.rax = 1;
  kernel.rdx = 2;
  kernel.rsi = 3;
  kernel.rbp = 4;
  kernel.r15 = 5;
  kernel.rip = 6;
  kernel.rsp = 7;
  kernel.eflags = 8;
  kernel.fs_base = 9;
  kernel.gs_base = 10;
  Registers regs(Abi::X86_64);
  REQUIRE(regs.raw().size() == sizeof kernel);
  std::memcpy(regs.raw().data(), &kernel, sizeof kernel);
  CHECK(regs.get(0) == 1);
  CHECK(regs.get(1) == 2);
  CHECK(regs.get(4) == 3);
  CHECK(regs.get(6) == 4);
  CHECK(regs.get(15) == 5);
  CHECK(regs.pc().value() == 6);
  CHECK(regs.sp().value() == 7);
  CHECK(regs.flags() == 8);
  CHECK(regs.get(kDwarfX86FsBase) == 9);
  CHECK(regs.get(kDwarfX86GsBase) == 10);
  CHECK(sizeof(user_fpregs_struct) == FloatRegisters(Abi::X86_64).raw().size());
  CHECK(offsetof(user_fpregs_struct, xmm_space) == 160);
  CHECK(offsetof(user_fpregs_struct, st_space) == 32);
}
#endif
