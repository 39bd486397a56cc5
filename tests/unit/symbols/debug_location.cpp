#include "symbols/debug_location.h"

#include "arch/calling.h"
#include "unit/symbols/sample_module.h"

namespace ttrace {
namespace {

using test::function;
using test::open_module;
using test::parameter;
using test::signature;
using Kind = EntryLocation::Kind;

TEST_CASE("without optimisation a frame slot is not yet true at entry") {
  for (const char* path : {kSampleCO0, kSampleCO0Dwarf4}) {
    CAPTURE(path);
    auto module = open_module(path);
    for (const Parameter& each : signature(*module, "plain").parameters)
      CHECK(each.location.kind == Kind::None);
  }
}

TEST_CASE("with optimisation the registers are named") {
  auto registers = argument_registers(host_abi());
  for (const char* path : {kSampleCO2, kSampleCO2Dwarf4}) {
    CAPTURE(path);
    auto module = open_module(path);
    const Signature& plain = signature(*module, "plain");
    CHECK(parameter(plain, "number").location.kind == Kind::Register);
    CHECK(parameter(plain, "number").location.reg == registers[0]);
    CHECK(parameter(plain, "text").location.reg == registers[1]);
    CHECK(parameter(plain, "nodes").location.reg == registers[2]);
    const Parameter& real = parameter(plain, "real");
    CHECK(real.location.kind == Kind::Register);
    CHECK(real.location.reg == (host_abi() == Abi::X86_64 ? 17 : 64));
  }
}

TEST_CASE("what the caller put on the stack is where it put it") {
  // The first word above the stack pointer is x86-64's return address.
  const bool x86 = host_abi() == Abi::X86_64;
  const std::int64_t first = x86 ? 8 : 0;
  for (const char* path : {kSampleCO0, kSampleCO2, kSampleCO2Dwarf4}) {
    CAPTURE(path);
    auto module = open_module(path);
    const Signature& many = signature(*module, "many");
    REQUIRE(many.parameters.size() == 10);
    // Debug information may leave it to the calling convention, but must not say another place.
    std::int64_t offset = first;
    for (std::size_t i = x86 ? 6 : 8; i < 10; ++i, offset += 8) {
      const EntryLocation& location = many.parameters[i].location;
      CAPTURE(i);
      CHECK((location.kind == Kind::None || location.kind == Kind::Stack));
      if (location.kind == Kind::Stack) CHECK(location.offset == offset);
    }
  }
}

TEST_CASE("a parameter for which only one value is left is that value") {
  for (const char* path : {kSampleCO2, kSampleCO2Dwarf4}) {
    CAPTURE(path);
    auto module = open_module(path);
    auto pattern = FunctionPattern::parse("^specialised$");
    auto found = module->matching(*pattern);
    REQUIRE(found.has_value());
    REQUIRE(found->size() == 1);
    const Signature* specialised = module->signature(*found->front());
    REQUIRE(specialised != nullptr);
    REQUIRE(specialised->parameters.size() == 2);
    const Parameter& mode = specialised->parameters[0];
    CHECK(mode.name == "mode");
    // Whether the compiler makes a clone is its affair, but the register is never to be trusted
    // where it has.
    if (found->front()->clone) CHECK(mode.location.kind == Kind::Constant);
    if (mode.location.kind == Kind::Constant) CHECK(mode.location.offset == 7);
    CHECK(specialised->parameters[1].location.kind == Kind::Register);
    CHECK(specialised->parameters[1].location.reg ==
          argument_registers(host_abi())[mode.location.kind == Kind::Constant ? 0 : 1]);
  }
}

TEST_CASE("objects that are passed by reference are left to the calling convention") {
  for (const char* path : {kSampleCppO0, kSampleCppO2}) {
    CAPTURE(path);
    auto module = open_module(path);
    const Signature& take = signature(*module, "ns::take");
    for (const char* name : {"c", "d", "h", "x"}) {
      const Kind kind = parameter(take, name).location.kind;
      CAPTURE(name);
      // Or it is stated, and already true, that a register has the address.
      CHECK((kind == Kind::None || kind == Kind::Address));
    }
  }
}

}  // namespace
}  // namespace ttrace
