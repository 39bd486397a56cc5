#include <algorithm>

#include "unit/symbols/go_sample.h"
#include "unit/symbols/sample_module.h"

namespace ttrace {
namespace {

using test::GoSample;
using test::MemoryFile;

/// A module and the file it was read from.
struct Opened {
  explicit Opened(const GoSample& sample) : file(sample.bytes()) {
    module = test::open_module(file.path());
  }
  MemoryFile file;
  std::unique_ptr<Module> module;
};

const Function& only(Module& module, const std::string& name) {
  auto pattern = FunctionPattern::parse("^" + name + "$");
  REQUIRE(pattern.has_value());
  auto found = module.matching(*pattern);
  REQUIRE(found.has_value());
  REQUIRE(found->size() == 1);
  return *found->front();
}

std::vector<std::string> names(Module& module, std::string_view text) {
  auto pattern = FunctionPattern::parse(text);
  REQUIRE(pattern.has_value());
  auto found = module.matching(*pattern);
  REQUIRE(found.has_value());
  std::vector<std::string> result;
  for (const Function* each : *found)
    result.push_back(each->name);
  return result;
}

using Names = std::vector<std::string>;

TEST_CASE("a Go program's version and its runtime's structures") {
  for (const GoSample& sample : test::go_samples()) {
    Opened opened(sample);
    const GoProgram* go = opened.module->go();
    REQUIRE(go != nullptr);
    CHECK(go->version == sample.version);
    CHECK(go->types == Address(GoSample::kBase + 0x100));
    CHECK(go->types_end == Address(GoSample::kBase + 0x200));
    // Go 1.17, 1.19, 1.24 and 1.27 src/runtime/runtime2.go
    const bool newest = sample.lengths;
    const bool old = sample.format != GoFormat::Go120;
    CHECK(go->g_goid == (newest || old ? 152 : 160));
    CHECK(go->m_gsignal == (newest ? 72 : 80));
    CHECK(go->m_curg == (newest ? 184 : 192));
  }
}

TEST_CASE("a program without a version is one of the oldest that write its format") {
  for (GoSample sample : test::go_samples()) {
    sample.version = "unknown";
    Opened opened(sample);
    REQUIRE(opened.module->go() != nullptr);
    unsigned minor = opened.module->go()->minor;
    CHECK(minor == (sample.format == GoFormat::Go116   ? 16
                    : sample.format == GoFormat::Go118 ? 18
                                                       : 20));
    CHECK(opened.module->go()->types_end == Address(GoSample::kBase + 0x200));
  }
}

TEST_CASE("Go functions are named as the source and tracebacks name them") {
  for (const GoSample& sample : test::go_samples()) {
    Opened opened(sample);
    Module& module = *opened.module;
    CHECK(names(module, "") == Names{"main.(*P).Move", "main.Map[...]", "main.Map[...]", "main.add",
                                     "main.P.String", "x_cgo_init"});
    CHECK(names(module, R"(^main\.\(\*P\)\.)") == Names{"main.(*P).Move"});
    CHECK(names(module, "shape").empty());
    CHECK(names(module, "^main.Less").empty());
    auto all = module.functions();
    REQUIRE(all.has_value());
    CHECK(all->size() == 7);  // with the wrapper
    CHECK((*all)[1].linkage == "main.Map[go.shape.int]");
  }
}

TEST_CASE("a function that has a wrapper for another ABI is not found twice") {
  for (const GoSample& sample : test::go_samples()) {
    Opened opened(sample);
    const Function& add = only(*opened.module, "main.add");
    CHECK(add.address == Address(GoSample::kText + 64 + 2 * 32));
    CHECK(add.assembly);
    std::string_view name = "main.add";
    auto found = opened.module->find_linkage_names({&name, 1});
    REQUIRE(found.size() == 1);
    CHECK(found[0] == add.address);
  }
}

TEST_CASE("what is Go's, what its assembler's, and what C's") {
  for (const GoSample& sample : test::go_samples()) {
    Opened opened(sample);
    Module& module = *opened.module;
    const Function& move = only(module, "main...P..Move");
    CHECK(move.go);
    // Go 1.17 passes arguments in registers on amd64 only.
    CHECK(move.assembly == (sample.format == GoFormat::Go116 && sample.machine == EM_AARCH64));
    CHECK_FALSE(only(module, "x_cgo_init").go);
    CHECK(module.function_at(Address(GoSample::kText + 63)) == &move);
    CHECK(module.function_at(Address(GoSample::kText - 1)) == nullptr);
  }
}

TEST_CASE("what cgo writes to call C has its arguments on the stack") {
  GoSample sample;
  sample.functions = {{.name = "main._Cfunc_add", .frames = {{0, 32}}, .lines = {{1, 32}}},
                      {.name = "main._Cfunc_CString", .frames = {{0, 32}}, .lines = {{1, 32}}}};
  auto on_stack = [&](std::vector<std::uint8_t> code, const std::string& name) {
    sample.code = std::move(code);
    Opened opened(sample);
    return only(*opened.module, name).assembly;
  };
  const std::string add = "main._Cfunc_add";
  // mov %fs:-8,%r14
  CHECK(on_stack({0x64, 0x4c, 0x8b, 0x34, 0x25, 0xf8, 0xff, 0xff, 0xff}, add));
  // mov $-8,%r14; mov %fs:(%r14),%r14
  CHECK(on_stack({0x49, 0xc7, 0xc6, 0xf8, 0xff, 0xff, 0xff, 0x64, 0x4d, 0x8b, 0x36}, add));
  // cmp 0x10(%r14),%rsp; jbe
  CHECK_FALSE(on_stack({0x49, 0x3b, 0x66, 0x10, 0x76, 0x10}, add));
  sample.machine = EM_AARCH64;
  CHECK(on_stack({}, add));
  CHECK_FALSE(on_stack({}, "main._Cfunc_CString"));
}

TEST_CASE("code ends before the padding, and frames are known within it") {
  for (const GoSample& sample : test::go_samples()) {
    Opened opened(sample);
    Module& module = *opened.module;
    const Function& move = only(module, "main...P..Move");
    CHECK(move.size == 44);
    CHECK(module.go_code_end(move) == move.address + 44);
    CHECK(module.go_frame_size(move.address) == 0);
    CHECK(module.go_frame_size(move.address + 8) == 24);
    CHECK(module.go_frame_size(move.address + 39) == 24);
    CHECK(module.go_frame_size(move.address + 40) == 0);
    CHECK_FALSE(module.go_frame_size(move.address + 44).has_value());
    const Function& c = only(module, "x_cgo_init");
    CHECK_FALSE(module.go_code_end(c).has_value());
    CHECK_FALSE(module.go_frame_size(c.address).has_value());
  }
}

TEST_CASE("lines of Go functions, and where they are defined") {
  for (const GoSample& sample : test::go_samples()) {
    Opened opened(sample);
    Module& module = *opened.module;
    const Function& move = only(module, "main...P..Move");
    auto line = module.line(move.address + 12);
    REQUIRE(line.has_value());
    CHECK(line->file == "/src/main.go");
    CHECK(line->line == 11);
    CHECK(module.line(move.address + 32)->line == 200);
    auto defined = module.definition(move);
    REQUIRE(defined.has_value());
    CHECK(defined->line == 10);
    // Its first instructions are of another function.
    auto map = module.definition(*module.function_at(Address(GoSample::kText + 64)));
    REQUIRE(map.has_value());
    CHECK(map->file == "/src/main.go");
    CHECK(map->line == (sample.format == GoFormat::Go120 ? 19 : 20));
  }
}

TEST_CASE("Go functions that are inlined everywhere") {
  for (const GoSample& sample : test::go_samples()) {
    Opened opened(sample);
    auto pattern = FunctionPattern::parse("^main");
    auto inlined = opened.module->inlined(*pattern);
    REQUIRE(inlined.size() == 2);
    CHECK(inlined[0].name == "main.Less[...]");
    CHECK(inlined[1].name == "main.tiny");
    const bool lines = sample.format == GoFormat::Go120;
    REQUIRE(inlined[1].defined.has_value() == lines);
    if (!lines) continue;
    CHECK(inlined[1].defined->file == "/src/other.go");
    CHECK(inlined[1].defined->line == 76);
    CHECK(inlined[0].defined->file == "/src/main.go");
  }
}

TEST_CASE("the words of arguments") {
  for (const GoSample& sample : test::go_samples()) {
    Opened opened(sample);
    Module& module = *opened.module;
    auto found = module.go_arguments(only(module, "main...P..Move"));
    REQUIRE(found.has_value());
    CHECK(found->complete);
    REQUIRE(found->words.size() == 4);
    CHECK(found->words[1].parameter == 1);
    CHECK(found->words[2].parameter == 1);
    CHECK(found->words[2].offset == 16);
    CHECK(found->words[2].size == 4);
    CHECK(found->words[3].parameter == 2);
    auto none = module.go_arguments(only(module, "main.P.String"));
    REQUIRE(none.has_value());
    CHECK(none->words.empty());
    CHECK_FALSE(module.go_arguments(only(module, "main.add")).has_value());
    CHECK_FALSE(module.go_arguments(only(module, "x_cgo_init")).has_value());
  }
}

TEST_CASE("arguments that make no sense are not known") {
  GoSample sample;
  sample.functions = {test::go_functions()[0]};
  auto known = [&](std::vector<std::uint8_t> bytes) {
    sample.functions[0].arguments = std::move(bytes);
    Opened opened(sample);
    return opened.module->go_arguments(only(*opened.module, "main...P..Move")).has_value();
  };
  CHECK(known({0, 8, 0xff}));
  CHECK_FALSE(known({0, 9, 0xff}));
  CHECK_FALSE(known({0, 0, 0xff}));
  CHECK_FALSE(known({0xfd, 0xff}));
  CHECK_FALSE(known({0xfe, 0, 8, 0xff}));
  CHECK_FALSE(known(std::vector<std::uint8_t>(400, 0xfe)));
}

TEST_CASE("arguments that are not all described are incomplete") {
  GoSample sample;
  sample.functions = {test::go_functions()[0]};
  for (std::uint8_t code : {std::uint8_t{0xfb}, std::uint8_t{0xfc}}) {
    sample.functions[0].arguments = {0, 8, code, 0xff};
    Opened opened(sample);
    auto found = opened.module->go_arguments(only(*opened.module, "main...P..Move"));
    REQUIRE(found.has_value());
    CHECK_FALSE(found->complete);
    CHECK(found->words.size() == 1);
  }
}

TEST_CASE("where g is, is what the code says that switches goroutines") {
  GoSample sample;
  sample.functions = {{.name = "gogo", .frames = {{0, 32}}, .lines = {{1, 32}}}};
  auto place = [&](std::vector<std::uint8_t> code) {
    sample.code = std::move(code);
    Opened opened(sample);
    REQUIRE(opened.module->go() != nullptr);
    return *opened.module->go();
  };
  // mov %rdx,%fs:-88
  CHECK(place({0x64, 0x48, 0x89, 0x14, 0x25, 0xa8, 0xff, 0xff, 0xff}).tls_offset == -88);
  // mov $-16,%rcx; mov %rdx,%fs:(%rcx)
  CHECK(place({0x48, 0xc7, 0xc1, 0xf0, 0xff, 0xff, 0xff, 0x64, 0x48, 0x89, 0x11}).tls_offset ==
        -16);
  // mov $-24,%r14; mov %fs:(%r14),%r14
  CHECK(place({0x49, 0xc7, 0xc6, 0xe8, 0xff, 0xff, 0xff, 0x64, 0x4d, 0x8b, 0x36}).tls_offset ==
        -24);
  // mov 0x100(%rip),%rcx; mov %rdx,%fs:(%rcx)
  auto slot = place({0x48, 0x8b, 0x0d, 0x00, 0x01, 0x00, 0x00, 0x64, 0x48, 0x89, 0x11}).tls_slot;
  CHECK(slot == Address(GoSample::kText + 7 + 0x100));
  // mov %rdx,(%rcx): no thread-local variable
  auto other = place({0x48, 0x89, 0x11});
  CHECK(other.tls_offset == -8);
  CHECK_FALSE(other.tls_slot.has_value());
}

TEST_CASE("what is no pclntab is no Go program") {
  GoSample sample;
  sample.functions = test::go_functions();
  auto bytes = sample.bytes();
  auto magic = std::search(bytes.begin(), bytes.end(), "\xf1\xff\xff\xff", "\xf1\xff\xff\xff" + 4);
  auto opens = [&](std::ptrdiff_t at, char value) {
    auto spoilt = bytes;
    *(spoilt.begin() + (magic - bytes.begin()) + at) = value;
    MemoryFile file(spoilt);
    return test::open_module(file.path())->go() != nullptr;
  };
  REQUIRE(magic != bytes.end());
  CHECK(opens(0, '\xf1'));
  CHECK_FALSE(opens(0, '\xfb'));  // Go 1.15
  CHECK_FALSE(opens(4, 1));
  CHECK_FALSE(opens(7, 4));   // 32 bits
  CHECK_FALSE(opens(12, 1));  // as many functions as the file has no room for
  CHECK_FALSE(opens(39, 1));  // names behind the end
}

}  // namespace
}  // namespace ttrace
