#include "arch/registers.h"

#include <cstring>

namespace ttrace {

namespace {

// Byte offsets into the kernel's register blocks: struct user_regs_struct of sys/user.h (x86-64,
// i386), struct user_pt_regs of asm/ptrace.h (arm64) and struct pt_regs of arm's asm/ptrace.h.
// Written out here so that every machine's layout exists on every host.
constexpr std::uint16_t kNone = 0xffff;

constexpr std::array<std::uint16_t, 60> x86_64_offsets() {
  std::array<std::uint16_t, 60> by_dwarf{};
  by_dwarf.fill(kNone);
  // rax rdx rcx rbx rsi rdi rbp rsp r8 … r15, return address (rip)
  constexpr std::array<std::uint16_t, 17> slots{10, 12, 11, 5, 13, 14, 4, 19, 9,
                                                8,  7,  6,  3, 2,  1,  0, 16};
  for (std::size_t i = 0; i < slots.size(); ++i) {
    by_dwarf[i] = static_cast<std::uint16_t>(slots[i] * 8);
  }
  by_dwarf[kDwarfX86FsBase] = 21 * 8;
  by_dwarf[kDwarfX86GsBase] = 22 * 8;
  return by_dwarf;
}

template <std::size_t N>
constexpr std::array<std::uint16_t, N> consecutive(std::uint16_t width) {
  std::array<std::uint16_t, N> offsets{};
  for (std::size_t i = 0; i < N; ++i)
    offsets[i] = static_cast<std::uint16_t>(i * width);
  return offsets;
}

constexpr auto kX86_64 = x86_64_offsets();
// eax ecx edx ebx esp ebp esi edi eip
constexpr std::array<std::uint16_t, 9> kI386{6 * 4, 1 * 4, 2 * 4, 0,     15 * 4,
                                             5 * 4, 3 * 4, 4 * 4, 12 * 4};
constexpr auto kAarch64 = consecutive<33>(8);  // x0 … x30, sp, pc
constexpr auto kArm = consecutive<16>(4);

struct Layout {
  std::span<const std::uint16_t> by_dwarf;
  std::uint16_t size;
  std::uint16_t width;  // of one register
  std::uint16_t pc, sp, flags;
  std::uint16_t orig_syscall;
  std::uint16_t float_size;
  std::uint16_t vector, vector_count;
  std::uint16_t x87, x87_stride;
};

// i386's NT_PRFPREG is the 108-byte fsave block, which has no vector registers; arm's vector
// registers are in another set (NT_ARM_VFP).
constexpr std::array<Layout, kAbiCount> kLayouts{{
    {.by_dwarf = kX86_64,
     .size = 216,
     .width = 8,
     .pc = 128,
     .sp = 152,
     .flags = 144,
     .orig_syscall = 120,
     .float_size = 512,
     .vector = 160,
     .vector_count = 16,
     .x87 = 32,
     .x87_stride = 16},
    {.by_dwarf = kI386,
     .size = 68,
     .width = 4,
     .pc = 48,
     .sp = 60,
     .flags = 56,
     .orig_syscall = 44,
     .float_size = 108,
     .vector = kNone,
     .vector_count = 0,
     .x87 = 28,
     .x87_stride = 10},
    {.by_dwarf = kAarch64,
     .size = 272,
     .width = 8,
     .pc = 256,
     .sp = 248,
     .flags = 264,
     .orig_syscall = kNone,
     .float_size = 528,
     .vector = 0,
     .vector_count = 32,
     .x87 = kNone,
     .x87_stride = 0},
    {.by_dwarf = kArm,
     .size = 72,
     .width = 4,
     .pc = 60,
     .sp = 52,
     .flags = 64,
     .orig_syscall = kNone,
     .float_size = 0,
     .vector = kNone,
     .vector_count = 0,
     .x87 = kNone,
     .x87_stride = 0},
}};

const Layout& layout(Abi machine) {
  return kLayouts.at(static_cast<std::size_t>(machine));
}

// All supported machines are little-endian, as are all hosts: the low bytes come first.
std::uint64_t load(std::span<const std::byte> raw, std::size_t offset, std::size_t width) {
  std::uint64_t value = 0;
  std::memcpy(&value, raw.subspan(offset, width).data(), width);
  return value;
}

void store(std::span<std::byte> raw, std::size_t offset, std::size_t width, std::uint64_t value) {
  std::memcpy(raw.subspan(offset, width).data(), &value, width);
}

constexpr std::array kInt3{std::byte{0xcc}};
constexpr std::array kBrk{std::byte{0x00}, std::byte{0x00}, std::byte{0x20}, std::byte{0xd4}};
// The undefined instruction that the kernel takes for a breakpoint in AArch32 code.
constexpr std::array kArmBreak{std::byte{0xf0}, std::byte{0x01}, std::byte{0xf0}, std::byte{0xe7}};

struct Trap {
  std::span<const std::byte> bytes;
  std::uint64_t pc_offset;
};
constexpr std::array<Trap, kAbiCount> kTraps{{{kInt3, 1}, {kInt3, 1}, {kBrk, 0}, {kArmBreak, 0}}};

}  // namespace

Registers::Registers(Abi machine) : machine_(machine) {}

std::span<std::byte> Registers::raw() {
  return std::span(raw_).first(layout(machine_).size);
}
std::span<const std::byte> Registers::raw() const {
  return std::span(raw_).first(layout(machine_).size);
}

Address Registers::pc() const {
  const Layout& l = layout(machine_);
  return Address(load(raw_, l.pc, l.width));
}

void Registers::set_pc(Address pc) {
  const Layout& l = layout(machine_);
  store(raw_, l.pc, l.width, pc.value());
}

Address Registers::sp() const {
  const Layout& l = layout(machine_);
  return Address(load(raw_, l.sp, l.width));
}

void Registers::set_sp(Address sp) {
  const Layout& l = layout(machine_);
  store(raw_, l.sp, l.width, sp.value());
}

std::uint64_t Registers::get(unsigned dwarf) const {
  const Layout& l = layout(machine_);
  if (dwarf >= l.by_dwarf.size() || l.by_dwarf[dwarf] == kNone) return 0;
  return load(raw_, l.by_dwarf[dwarf], l.width);
}

void Registers::set(unsigned dwarf, std::uint64_t value) {
  const Layout& l = layout(machine_);
  if (dwarf >= l.by_dwarf.size() || l.by_dwarf[dwarf] == kNone) return;
  store(raw_, l.by_dwarf[dwarf], l.width, value);
}

std::uint64_t Registers::flags() const {
  const Layout& l = layout(machine_);
  return load(raw_, l.flags, l.width);
}

void Registers::set_flags(std::uint64_t flags) {
  const Layout& l = layout(machine_);
  store(raw_, l.flags, l.width, flags);
}

bool Registers::single_steps() const {
  constexpr std::uint64_t kTrapFlag = 0x100;  // "Intel SDM", volume 1, 3.4.3
  bool x86 = machine_ == Abi::X86_64 || machine_ == Abi::I386;
  return x86 && (flags() & kTrapFlag) != 0;
}

void Registers::set_orig_syscall(std::int64_t nr) {
  const Layout& l = layout(machine_);
  if (l.orig_syscall == kNone) return;
  store(raw_, l.orig_syscall, l.width, static_cast<std::uint64_t>(nr));
}

std::span<std::byte> FloatRegisters::raw() {
  return std::span(raw_).first(layout(machine_).float_size);
}

std::array<std::byte, 16> FloatRegisters::vector(unsigned index) const {
  std::array<std::byte, 16> value{};
  const Layout& l = layout(machine_);
  if (index >= l.vector_count) return value;
  std::memcpy(value.data(), &raw_.at(l.vector + std::size_t{index} * 16), value.size());
  return value;
}

std::array<std::byte, 16> FloatRegisters::x87(unsigned index) const {
  constexpr std::size_t kSignificant = 10;
  std::array<std::byte, 16> value{};
  const Layout& l = layout(machine_);
  if (l.x87 == kNone || index >= 8) return value;
  std::memcpy(value.data(), &raw_.at(l.x87 + std::size_t{index} * l.x87_stride), kSignificant);
  return value;
}

std::span<const std::byte> trap_instruction(Abi machine) {
  return kTraps.at(static_cast<std::size_t>(machine)).bytes;
}

std::uint64_t trap_pc_offset(Abi machine) {
  return kTraps.at(static_cast<std::size_t>(machine)).pc_offset;
}

}  // namespace ttrace
