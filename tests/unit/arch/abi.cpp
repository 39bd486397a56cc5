#include "arch/abi.h"

#include <doctest/doctest.h>
#include <elf.h>
#include <linux/audit.h>

using namespace ttrace;

TEST_CASE("abis have the kernel's audit numbers and ELF machines") {
  struct Row {
    Abi abi;
    const char* name;
    unsigned word;
    std::uint32_t audit;
    std::uint16_t machine;
  };
  for (const Row& row : {Row{Abi::X86_64, "x86_64", 8, AUDIT_ARCH_X86_64, EM_X86_64},
                         Row{Abi::I386, "i386", 4, AUDIT_ARCH_I386, EM_386},
                         Row{Abi::Aarch64, "aarch64", 8, AUDIT_ARCH_AARCH64, EM_AARCH64},
                         Row{Abi::Arm, "arm", 4, AUDIT_ARCH_ARM, EM_ARM}}) {
    CAPTURE(row.name);
    CHECK(abi_name(row.abi) == row.name);
    CHECK(word_size(row.abi) == row.word);
    CHECK(audit_arch(row.abi) == row.audit);
    CHECK(abi_from_audit(row.audit) == row.abi);
    CHECK(abi_from_elf_machine(row.machine) == row.abi);
  }
  CHECK_FALSE(abi_from_audit(AUDIT_ARCH_S390X).has_value());
  CHECK_FALSE(abi_from_elf_machine(EM_S390).has_value());
}
