#include "symbols/module.h"

#include <cstring>
#include <random>

#include "unit/symbols/sample_module.h"

namespace ttrace {
namespace {

using test::contents;
using test::function;
using test::MemoryFile;
using test::open_module;

std::optional<Address> linkage_name(Module& module, std::string_view name) {
  return module.find_linkage_names({&name, 1}).front();
}

TEST_CASE("what a file says about itself") {
  auto program = open_module(kSampleCO0);
  CHECK(program->path() == kSampleCO0);
  CHECK(std::string(kSampleCO0).ends_with('/' + program->soname()));
  CHECK(program->machine() == host_abi());
  CHECK(program->position_independent());
  CHECK_FALSE(program->entry().null());
  bool executable = false;
  for (const Segment& segment : program->segments()) {
    CHECK(segment.file_size <= segment.memory_size);
    executable = executable || (segment.executable && program->entry() >= segment.address &&
                                program->entry() - segment.address < segment.memory_size);
  }
  CHECK(executable);
  CHECK(open_module(kSampleLibrary)->soname() == "libsample.so.7");
}

TEST_CASE("variables are found by their names") {
  auto library = open_module(kSampleLibrary);
  CHECK(library->find_object("counter").has_value());
  CHECK_FALSE(library->find_object("sample_exported").has_value());
  CHECK_FALSE(linkage_name(*library, "counter").has_value());
}

TEST_CASE("functions have qualified names") {
  auto module = open_module(kSampleCppO0);
  for (const char* name :
       {"main", "ns::Base::get", "ns::Derived::operator()", "ns::Derived::operator<",
        "ns::Derived::operator int", "ns::(anonymous namespace)::hidden", "ns::twice<double>",
        "ns::pack<int, long, char>", "with_tag"})
    CHECK_FALSE(function(*module, name).address.null());
  const Function& get = function(*module, "ns::Base::get");
  CHECK(get.linkage == "_ZNK2ns4Base3getEv");
  const Function* there = module->function_at(get.address + 1);
  REQUIRE(there != nullptr);
  CHECK(there->linkage == get.linkage);
  CHECK(linkage_name(*module, "_ZNK2ns4Base3getEv") == get.address);
  CHECK_FALSE(linkage_name(*module, "_ZNK2ns4Base3getEx").has_value());
  CHECK_FALSE(linkage_name(*module, "printf").has_value());
}

TEST_CASE("function_at names the function, whether or not functions() was called") {
  Address address = function(*open_module(kSampleCppO0), "ns::Base::get").address;
  auto module = open_module(kSampleCppO0);
  const Function* found = module->function_at(address);
  REQUIRE(found != nullptr);
  CHECK(found->name == "ns::Base::get");
}

TEST_CASE("a pattern finds every name of an address, once") {
  auto module = open_module(kSampleLibrary);
  auto matching = [&](std::string_view text) {
    auto pattern = FunctionPattern::parse(text);
    REQUIRE(pattern.has_value());
    auto found = module->matching(*pattern);
    REQUIRE(found.has_value());
    std::vector<std::string> names;
    for (const Function* each : *found)
      names.push_back(each->name);
    return names;
  };
  CHECK(matching("^sample_read$") == std::vector<std::string>{"sample_read"});
  CHECK(matching("^__sample_read$") == std::vector<std::string>{"__sample_read"});
  CHECK(matching("sample_read") == std::vector<std::string>{"sample_read"});
  CHECK(matching("no such function").empty());
  CHECK(matching("sample_(read|exported|hidden)").size() == 3);
}

TEST_CASE("a stripped file finds its debug file") {
  auto stripped = open_module(kSampleStripped);
  auto whole = open_module(kSampleLibrary);
  CHECK(function(*stripped, "sample_hidden").address == function(*whole, "sample_hidden").address);
  CHECK(stripped->has_debug_info());
  CHECK(linkage_name(*stripped, "sample_hidden") == linkage_name(*whole, "sample_hidden"));
  const Signature& signature = test::signature(*stripped, "sample_hidden");
  REQUIRE(signature.parameters.size() == 1);
  CHECK(signature.parameters[0].name == "n");
}

TEST_CASE("a stripped file without its debug file has what it exports, and no types") {
  MemoryFile copy(contents(kSampleStripped));
  // Without a build-id nothing leads to a debug file: the copy has no directory of its own.
  auto module = Module::open(copy.path(), "copy");
  REQUIRE(module.has_value());
  CHECK((*module)->soname() == "libsample.so.7");
  const Function& exported = function(**module, "sample_exported");
  CHECK(linkage_name(**module, "sample_exported") == exported.address);
  CHECK_FALSE((*module)->has_debug_info());
  CHECK((*module)->signature(exported) == nullptr);
  CHECK_FALSE((*module)->line(exported.address).has_value());
  CHECK_FALSE((*module)->definition(exported).has_value());
}

/// Asks a module everything there is to ask.
void ask_everything(const std::vector<char>& bytes) {
  MemoryFile file(bytes);
  auto module = Module::open(file.path(), "app");
  if (!module) {
    CHECK_FALSE(module.error().message().empty());
    CHECK(module.error().message().find('\n') == std::string::npos);
    return;
  }
  (void)linkage_name(**module, "main");
  (void)linkage_name(**module, "sample_exported");
  (void)(*module)->has_debug_info();
  auto functions = (*module)->functions();
  if (!functions) return;
  for (const Function& each : *functions) {
    CHECK_FALSE(each.name.empty());
    CHECK((*module)->function_at(each.address) != nullptr);
    (void)(*module)->signature(each);
    (void)(*module)->definition(each);
    (void)(*module)->line(each.address + each.size / 2);
  }
}

TEST_CASE("a file cut anywhere does no harm") {
  const auto whole = contents(kSampleLibrary);
  std::mt19937 random(1);
  for (int i = 0; i < 60; ++i) {
    auto length = std::uniform_int_distribution<std::size_t>(0, whole.size())(random);
    ask_everything({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)});
  }
  for (std::size_t length = 0; length < 80; ++length)
    ask_everything({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)});
}

TEST_CASE("a file with wrong bytes anywhere does no harm") {
  std::mt19937 random(2);
  for (const char* path : {kSampleCppO2, kSampleCppO0Dwarf4, kSampleCO2, kSampleLibrary}) {
    const auto whole = contents(path);
    for (int i = 0; i < 60; ++i) {
      auto spoilt = whole;
      int count = 1 << (i % 8);
      for (int n = 0; n < count; ++n) {
        auto at = std::uniform_int_distribution<std::size_t>(0, spoilt.size() - 1)(random);
        static constexpr char kValues[] = {'\0', '\x01', '\x7f', '\x80', '\xff'};
        spoilt[at] = n % 2 == 0 ? static_cast<char>(random()) : kValues[random() % 5];
      }
      ask_everything(spoilt);
    }
  }
}

}  // namespace
}  // namespace ttrace
