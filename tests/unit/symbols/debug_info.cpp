#include "symbols/debug_info.h"

#include "unit/symbols/sample_module.h"

namespace ttrace {
namespace {

using test::function;
using test::kC;
using test::kCpp;
using test::open_module;
using test::parameter;
using test::signature;
using Kind = Type::Kind;

TEST_CASE("parameters and results of C functions") {
  for (const char* path : kC) {
    CAPTURE(path);
    auto module = open_module(path);
    const Signature& plain = signature(*module, "plain");
    REQUIRE(plain.parameters.size() == 4);
    CHECK(plain.parameters[0].name == "number");
    CHECK(plain.parameters[1].name == "text");
    CHECK(plain.parameters[2].name == "real");
    CHECK(plain.parameters[3].name == "nodes");
    for (const Parameter& each : plain.parameters) {
      REQUIRE(each.type != nullptr);
      CHECK_FALSE(each.artificial);
    }
    CHECK(plain.parameters[2].type->kind == Kind::Float);
    REQUIRE(plain.result != nullptr);
    CHECK(plain.result->kind == Kind::Signed);
    CHECK_FALSE(plain.variadic);
    CHECK(module->signature(function(*module, "plain")) == &plain);
  }
}

TEST_CASE("variadic functions, void results, and functions without a prototype") {
  for (const char* path : kC) {
    CAPTURE(path);
    auto module = open_module(path);
    const Signature& variadic = signature(*module, "variadic");
    CHECK(variadic.variadic);
    CHECK(variadic.result == nullptr);
    REQUIRE(variadic.parameters.size() == 1);
    const Signature& unprototyped = signature(*module, "unprototyped");
    CHECK_FALSE(unprototyped.variadic);
    CHECK(unprototyped.parameters.empty());
  }
}

TEST_CASE("functions without debug information have no signature") {
  auto module = open_module(kSampleCO0);
  CHECK(module->has_debug_info());
  CHECK(module->signature(function(*module, "_start")) == nullptr);
  Function made_up;
  made_up.address = Address(1);
  CHECK(module->signature(made_up) == nullptr);
}

TEST_CASE("debug information without types says nothing about parameters") {
  for (const char* path : {kSampleCLinesOnly, kSampleCppLinesOnly}) {
    CAPTURE(path);
    auto module = open_module(path);
    CHECK(module->has_debug_info());
    const Function& main = function(*module, "main");
    CHECK(module->signature(main) == nullptr);
    CHECK(module->line(main.address).has_value());
  }
}

TEST_CASE("methods have `this`") {
  for (const char* path : kCpp) {
    CAPTURE(path);
    auto module = open_module(path);
    const Signature& call = signature(*module, "ns::Derived::operator()");
    REQUIRE(call.parameters.size() == 2);
    CHECK(call.parameters[0].name == "this");
    CHECK(call.parameters[0].artificial);
    CHECK(call.parameters[0].type->kind == Kind::Pointer);
    CHECK(call.parameters[0].type->target->name == "Derived");
    CHECK(call.parameters[1].name == "x");
    CHECK_FALSE(call.parameters[1].artificial);
  }
}

TEST_CASE("the variants of a constructor have the hidden parameters that they are called with") {
  for (const char* path : kCpp) {
    CAPTURE(path);
    auto module = open_module(path);
    auto functions = module->functions();
    REQUIRE(functions.has_value());
    int seen = 0;
    for (const Function& each : *functions) {
      if (each.name != "ns::Virtual::Virtual") continue;
      ++seen;
      const Signature* found = module->signature(each);
      REQUIRE(found != nullptr);
      bool base = each.linkage.find("C2") != std::string::npos;
      REQUIRE(found->parameters.size() == (base ? 2 : 1));
      CHECK(found->parameters[0].name == "this");
      if (base) CHECK(found->parameters[1].artificial);
    }
    CHECK(seen == 2);
  }
}

TEST_CASE("methods of local classes are found inside the function that has them") {
  for (const char* path : kCpp) {
    CAPTURE(path);
    auto module = open_module(path);
    const Signature& method = signature(*module, "ns::with_local::Local::method");
    REQUIRE(method.parameters.size() == 2);
    CHECK(method.parameters[1].name == "m");
  }
}

TEST_CASE("templates, packs and static functions") {
  for (const char* path : kCpp) {
    CAPTURE(path);
    auto module = open_module(path);
    CHECK(signature(*module, "ns::twice<double>").parameters.at(0).type->kind == Kind::Float);
    const Signature& pack = signature(*module, "ns::pack<int, long, char>");
    REQUIRE(pack.parameters.size() == 3);
    CHECK(pack.parameters[0].type->size == 4);
    CHECK(pack.parameters[1].type->size == 8);
    CHECK(pack.parameters[2].type->kind == Kind::Char);
    CHECK(signature(*module, "ns::(anonymous namespace)::hidden").parameters.size() == 1);
  }
}

TEST_CASE("addresses have lines") {
  for (const char* path : kC) {
    CAPTURE(path);
    auto module = open_module(path);
    auto line = module->line(function(*module, "plain").address);
    REQUIRE(line.has_value());
    CHECK(line->file.ends_with("samples/sample.c"));
    CHECK((line->line == 40 || line->line == 42));  // where the first statement begins at once
    CHECK_FALSE(module->line(Address(1)).has_value());
  }
}

}  // namespace
}  // namespace ttrace
