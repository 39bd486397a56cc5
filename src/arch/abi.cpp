#include "arch/abi.h"

#include <array>

namespace ttrace {

namespace {

struct Row {
  Abi abi;
  std::string_view name;
  unsigned word_size;
  std::uint32_t audit;        // linux/audit.h
  std::uint16_t elf_machine;  // elf.h
};

constexpr std::array<Row, kAbiCount> kRows{{
    {Abi::X86_64, "x86_64", 8, 0xc000003e, 62},
    {Abi::I386, "i386", 4, 0x40000003, 3},
    {Abi::Aarch64, "aarch64", 8, 0xc00000b7, 183},
    {Abi::Arm, "arm", 4, 0x40000028, 40},
}};

const Row& row(Abi abi) {
  return kRows.at(static_cast<std::size_t>(abi));
}

}  // namespace

std::string_view abi_name(Abi abi) {
  return row(abi).name;
}
unsigned word_size(Abi abi) {
  return row(abi).word_size;
}
std::uint32_t audit_arch(Abi abi) {
  return row(abi).audit;
}

std::optional<Abi> abi_from_audit(std::uint32_t audit) {
  for (const Row& r : kRows) {
    if (r.audit == audit) return r.abi;
  }
  return std::nullopt;
}

std::optional<Abi> abi_from_elf_machine(std::uint16_t e_machine) {
  for (const Row& r : kRows) {
    if (r.elf_machine == e_machine) return r.abi;
  }
  return std::nullopt;
}

Abi host_abi() {
#if defined(__x86_64__)
  return Abi::X86_64;
#elif defined(__aarch64__)
  return Abi::Aarch64;
#else
#error "ttrace runs on x86-64 and arm64"
#endif
}

}  // namespace ttrace
