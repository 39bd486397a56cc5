#include "arch/step.h"

#include <doctest/doctest.h>

#include <vector>

using namespace ttrace;

TEST_CASE("one decoder for each machine") {
  const std::vector<std::byte> x86{std::byte{0x90}, std::byte{0xc3}};
  for (Abi machine : {Abi::X86_64, Abi::I386}) {
    auto nop = DisplacedInstruction::decode(machine, Address(0x1234), x86);
    REQUIRE(nop.has_value());
    CHECK(nop->length() == 1);
    CHECK(nop->at() == Address(0x1234));
  }
  const std::vector<std::byte> arm{std::byte{0x1f}, std::byte{0x20}, std::byte{0x03},
                                   std::byte{0xd5}};
  auto nop = DisplacedInstruction::decode(Abi::Aarch64, Address(0x1000), arm);
  REQUIRE(nop.has_value());
  CHECK(nop->length() == 4);
  auto refused = DisplacedInstruction::decode(Abi::Arm, Address(0x1000), arm);
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().message() == "breakpoints in 32-bit ARM code are not supported");
}

TEST_CASE("what ends a step is told from what the program did") {
  const std::vector<std::byte> x86{std::byte{0x90}};
  const std::vector<std::byte> arm{std::byte{0x1f}, std::byte{0x20}, std::byte{0x03},
                                   std::byte{0xd5}};
  auto ends_step = [](Abi machine, std::span<const std::byte> nop, int signal, int code) {
    siginfo_t info{};
    info.si_signo = signal;
    info.si_code = code;
    return DisplacedInstruction::decode(machine, Address(0x1000), nop)->ends_step(info);
  };
  for (Abi machine : {Abi::X86_64, Abi::I386}) {
    CHECK(ends_step(machine, x86, SIGTRAP, TRAP_TRACE));
    CHECK(ends_step(machine, x86, SIGTRAP, TRAP_BRKPT));  // DR6 did not say that it was a step
    CHECK(ends_step(machine, x86, SIGTRAP, TRAP_HWBKPT));
    CHECK_FALSE(ends_step(machine, x86, SIGTRAP, SI_KERNEL));  // int3
    CHECK_FALSE(ends_step(machine, x86, SIGTRAP, SI_USER));
    CHECK_FALSE(ends_step(machine, x86, SIGSEGV, SEGV_ACCERR));  // the number of TRAP_TRACE
  }
  CHECK(ends_step(Abi::Aarch64, arm, SIGTRAP, TRAP_TRACE));
  CHECK_FALSE(ends_step(Abi::Aarch64, arm, SIGTRAP, TRAP_BRKPT));  // BRK
}

TEST_CASE("bytes behind the longest instruction are not looked at") {
  // Fifteen bytes are the most that an instruction may have: more prefixes are no instruction.
  std::vector<std::byte> prefixes(40, std::byte{0x66});
  prefixes.back() = std::byte{0x90};
  CHECK_FALSE(DisplacedInstruction::decode(Abi::X86_64, Address(0x1000), prefixes).has_value());
}
