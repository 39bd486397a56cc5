#include "symbols/module.h"
#include "unit/symbols/sample_module.h"

namespace ttrace {
namespace {

/// A function that a pattern matches, and where the source has it.
struct Listed {
  std::string name;
  Address address;
  std::optional<SourceLine> line;
};

std::vector<Listed> list(const char* path, std::string_view text) {
  auto module = test::open_module(path);
  auto pattern = FunctionPattern::parse(text);
  REQUIRE(pattern.has_value());
  auto functions = module->matching(*pattern);
  REQUIRE(functions.has_value());
  std::vector<Listed> listed;
  for (const Function* function : *functions)
    listed.push_back({function->name, function->address, module->definition(*function)});
  return listed;
}

TEST_CASE("a listed function says where the source has it") {
  for (const char* path : {kSampleCO0, kSampleCO2, kSampleCO0Dwarf4, kSampleCO2Dwarf4}) {
    auto listed = list(path, "^plain$");
    REQUIRE(listed.size() == 1);
    CHECK(listed[0].name == "plain");
    CHECK_FALSE(listed[0].address.null());
    REQUIRE(listed[0].line.has_value());
    CHECK(listed[0].line->file.ends_with("samples/sample.c"));
    CHECK(listed[0].line->line == 40);
  }
}

TEST_CASE("methods are where they are defined, not where they are declared") {
  auto listed = list(kSampleCppO2, "^ns::Base::get$");
  REQUIRE(listed.size() == 1);
  REQUIRE(listed[0].line.has_value());
  CHECK(listed[0].line->line == 12);
}

TEST_CASE("functions are listed by address") {
  auto listed = list(kSampleLibrary, "sample_(hidden|exported)");
  REQUIRE(listed.size() == 2);
  CHECK(listed[0].address < listed[1].address);
}

TEST_CASE("no match is an empty list") {
  CHECK(list(kSampleCO0, "nonsense").empty());
}

}  // namespace
}  // namespace ttrace
