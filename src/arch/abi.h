// The instruction sets and syscall ABIs that a tracee may use.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace ttrace {

/// A machine's instruction set together with its Linux syscall ABI. An x86-64 process may make
/// i386 calls (int $0x80), so a thread's register layout and the ABI of one syscall can differ.
enum class Abi : std::uint8_t { X86_64, I386, Aarch64, Arm };

inline constexpr int kAbiCount = 4;

/// "x86_64", "i386", "aarch64", "arm".
std::string_view abi_name(Abi abi);
/// Bytes in a pointer or long: 8 or 4.
unsigned word_size(Abi abi);
/// The AUDIT_ARCH_* number of linux/audit.h, as PTRACE_GET_SYSCALL_INFO and libseccomp use it.
std::uint32_t audit_arch(Abi abi);
/// The reverse; nullopt for a number that ttrace does not know (x32 has x86-64's).
std::optional<Abi> abi_from_audit(std::uint32_t audit);
/// The ABI of an ELF file's e_machine; nullopt for a machine that ttrace does not know.
std::optional<Abi> abi_from_elf_machine(std::uint16_t e_machine);
/// The ABI that ttrace itself was compiled for.
Abi host_abi();

}  // namespace ttrace
