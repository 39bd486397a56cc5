#include "arch/machine.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace ttrace {

namespace {

constexpr std::array<std::string_view, 16> kX86_64Names{"rax", "rdx", "rcx", "rbx", "rsi", "rdi",
                                                        "rbp", "rsp", "r8",  "r9",  "r10", "r11",
                                                        "r12", "r13", "r14", "r15"};
constexpr std::array<std::string_view, 8> kI386Names{"eax", "ecx", "edx", "ebx",
                                                     "esp", "ebp", "esi", "edi"};
constexpr std::array<std::string_view, 32> kAarch64Names{
    "x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",  "x8",  "x9",  "x10",
    "x11", "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21",
    "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp"};
constexpr std::array<std::string_view, 16> kArmNames{"r0",  "r1", "r2", "r3", "r4",  "r5",
                                                     "r6",  "r7", "r8", "r9", "r10", "r11",
                                                     "r12", "sp", "lr", "pc"};

struct Machine {
  std::span<const std::string_view> general;  // by DWARF number
  std::optional<unsigned> link_register;
  // DWARF numbers of the vector registers: "System V AMD64 psABI" figure 3.36 (xmm0 is 17),
  // "DWARF for the Arm 64-bit Architecture" (v0 is 64). i386's xmm0 is 21.
  unsigned first_vector = 0;
  unsigned vectors = 0;
};

const std::array<Machine, kAbiCount> kMachines{{
    {kX86_64Names, std::nullopt, 17, 16},
    {kI386Names, std::nullopt, 21, 8},
    {kAarch64Names, 30, 64, 32},
    {kArmNames, 14, 256, 32},
}};

constexpr std::array kSyscall{std::byte{0x0f}, std::byte{0x05}};
constexpr std::array kInt80{std::byte{0xcd}, std::byte{0x80}};
constexpr std::array kSvc{std::byte{0x01}, std::byte{0x00}, std::byte{0x00}, std::byte{0xd4}};
constexpr std::array kArmSvc{std::byte{0x00}, std::byte{0x00}, std::byte{0x00}, std::byte{0xef}};

const std::array<SyscallConvention, kAbiCount> kSyscalls{{
    {0, 0, {5, 4, 1, 10, 8, 9}, kSyscall, 9},
    {0, 0, {3, 1, 2, 6, 7, 5}, kInt80, 192},
    {8, 0, {0, 1, 2, 3, 4, 5}, kSvc, 222},
    {7, 0, {0, 1, 2, 3, 4, 5}, kArmSvc, 192},
}};

const Machine& facts(Abi machine) {
  return kMachines.at(static_cast<std::size_t>(machine));
}

}  // namespace

std::optional<CallFrame> frame_at_entry(const Registers& regs, Memory& memory) {
  const Machine& machine = facts(regs.machine());
  if (machine.link_register) {
    return CallFrame{Address(regs.get(*machine.link_register)), regs.sp()};
  }
  std::size_t size = word_size(regs.machine());
  auto address = memory.read_number(regs.sp(), size);
  if (!address) return std::nullopt;
  return CallFrame{Address(*address), regs.sp() + size};
}

bool is_overwritten(Abi machine, const CallFrame& frame, Memory& memory) {
  if (facts(machine).link_register) return false;
  std::size_t size = word_size(machine);
  return memory.read_number(frame.cfa - size, size) != frame.return_address.value();
}

std::optional<std::uint64_t> argument(const Registers& regs, std::size_t index, Memory& memory) {
  auto registers = argument_registers(regs.machine());
  if (index < registers.size()) return regs.get(registers[index]);
  if (regs.machine() != Abi::I386) return std::nullopt;
  // "System V ABI, Intel386 supplement": behind the return address, a word each.
  std::size_t size = word_size(Abi::I386);
  return memory.read_number(regs.sp() + size * (index + 1), size);
}

std::optional<Piece> dwarf_piece(Abi machine, unsigned number, std::uint32_t size) {
  const Machine& m = facts(machine);
  if (number < m.general.size()) return Piece{Piece::Where::Register, number, 0, size};
  if (number >= m.first_vector && number - m.first_vector < m.vectors) {
    return Piece{Piece::Where::Vector, number - m.first_vector, 0, size};
  }
  return std::nullopt;
}

std::size_t frame_push_length(Abi machine, std::span<const std::byte> bytes) {
  // "Intel SDM", volume 2: push %rbp; mov %rsp,%rbp in its two encodings.
  using Bytes = std::array<std::uint8_t, 4>;
  constexpr std::array<Bytes, 2> k64{{{0x55, 0x48, 0x89, 0xe5}, {0x55, 0x48, 0x8b, 0xec}}};
  auto is = [&](const Bytes& code) {
    return bytes.size() >= code.size() &&
           std::ranges::equal(bytes.first(code.size()), std::as_bytes(std::span(code)));
  };
  return machine == Abi::X86_64 && std::ranges::any_of(k64, is) ? 1 : 0;
}

std::string_view register_name(Abi machine, unsigned number) {
  const Machine& m = facts(machine);
  return number < m.general.size() ? m.general[number] : std::string_view();
}

const SyscallConvention& syscall_convention(Abi machine) {
  return kSyscalls.at(static_cast<std::size_t>(machine));
}

bool is_trap(Abi machine, std::span<const std::byte> bytes) {
  auto trap = trap_instruction(machine);
  return bytes.size() >= trap.size() && std::ranges::equal(bytes.first(trap.size()), trap);
}

}  // namespace ttrace
