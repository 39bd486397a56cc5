#include "functions/prototype_values.h"

#include <doctest/doctest.h>

#include <cstring>

#include "functions/prototype_book.h"
#include "output/text_sink.h"
#include "unit/fake_memory.h"

using namespace ttrace;
using namespace ttrace::prototypes;
using namespace std::string_view_literals;
using test::FakeMemory;

namespace {

constexpr Address kStack(0x7000);
constexpr Address kText(0x1000);
constexpr Address kMore(0x2000);

std::string list(std::span<const Value> values) {
  std::string text;
  for (Value value : values) {
    if (!text.empty()) text += ", ";
    value.show_name = !value.name.empty();
    render(value, text);
  }
  return text;
}

// One call of a function of the C library, by x86-64's or i386's convention.
struct Call {
  explicit Call(std::string_view name, Abi abi = Abi::X86_64)
      : prototype(book.find(name, "libc.so.6", abi)), registers(abi) {
    if (prototype == nullptr) prototype = book.find(name, "libm.so.6", abi);
    REQUIRE(prototype != nullptr);
    registers.set_sp(kStack);
    memory.map(kStack, std::vector<std::byte>(256));
  }

  void integers(std::initializer_list<std::uint64_t> values) {
    std::size_t i = 0;
    for (std::uint64_t n : values) {
      if (registers.machine() == Abi::X86_64) {
        registers.set(argument_registers(Abi::X86_64)[i++], n);
      } else {
        auto word = static_cast<std::uint32_t>(n);
        REQUIRE(memory.write(kStack + 4 + 4 * i++, std::as_bytes(std::span(&word, 1))));
      }
    }
  }
  std::string entered() {
    auto arguments = reader.arguments(*prototype, source(), thread, numbers);
    REQUIRE(arguments);
    std::string text = list(arguments->values);
    if (arguments->truncated) text += text.empty() ? "..." : ", ...";
    return text;
  }
  std::string returned(std::uint64_t result) {
    registers.set(result_register(registers.machine()), result);
    Returned out = reader.returned(*prototype, source(), thread, numbers);
    std::string text = list({&out.result, 1});
    if (!out.outputs.empty()) text += " (" + list(out.outputs) + ")";
    return text;
  }
  ValueSource source() {
    return {registers,
            [this] { return std::optional(floats); },
            memory,
            arena,
            ValueLimits{32, 8, 3},
            [](Address at) -> std::optional<CodeName> {
              if (at != kMore) return std::nullopt;
              return CodeName{"compare", 0};
            }};
  }

  PrototypeBook book;
  const Prototype* prototype;
  Registers registers;
  FloatRegisters floats{Abi::X86_64};
  FakeMemory memory;
  Arena arena;
  PrototypeReader reader{DecodeOptions{}};
  PrototypeReader::Thread thread{{}, [] { return std::optional(2); }};
  Numbers numbers;
};

}  // namespace

TEST_CASE("text, sizes and flags at the entry, what was filled in at the return") {
  Call call("read");
  call.integers({3, 0x1000, 100});
  CHECK(call.entered() == "fd=3, buf=0x1000, count=100");
  call.memory.map(kText, "abc\nrest"sv);
  CHECK(call.returned(4) == "4 (buf=\"abc\\n\")");
  CHECK(call.returned(0xffffffffffffffff) == "-1 ENOENT (No such file or directory)");
}

TEST_CASE("an argument that is there only sometimes") {
  Call call("open");
  call.memory.map(kText, "/etc/passwd\0"sv);
  call.integers({0x1000, 0, 0644});
  CHECK(call.entered() == "path=\"/etc/passwd\", flags=O_RDONLY");
  call.integers({0x1000, 0x41, 0644});
  CHECK(call.entered() == "path=\"/etc/passwd\", flags=O_WRONLY|O_CREAT, mode=0644");
}

TEST_CASE("the arguments behind a format") {
  Call call("printf");
  call.memory.map(kText, "x=%d %s %.2f\n\0"sv);
  call.memory.map(kMore, "abc\0"sv);
  call.integers({0x1000, 0xfffffffd, 0x2000});
  CHECK(call.entered() == "format=\"x=%d %s %.2f\\n\", -3, \"abc\", 0");
  call.memory.map(kText, "%y\0"sv);
  CHECK(call.entered() == "format=\"%y\", ...");
}

TEST_CASE("no more of a text than its precision says") {
  Call call("printf");
  call.memory.map(kText, "%.*s\0"sv);
  call.memory.map(kMore, "abc"sv);  // no NUL: what is behind cannot be read
  call.integers({0x1000, 2, 0x2000});
  CHECK(call.entered() == "format=\"%.*s\", 2, \"ab\"");
}

TEST_CASE("i386: arguments on the stack") {
  Call call("strncmp", Abi::I386);
  call.memory.map(kText, "abc\0"sv);
  call.memory.map(kMore, "abd\0"sv);
  call.integers({0x1000, 0x2000, 2});
  CHECK(call.entered() == "s1=\"ab\", s2=\"ab\", n=2");
  CHECK(call.returned(0xffffffff) == "-1");
}

TEST_CASE("what scanf has filled in, as many as it says") {
  Call call("sscanf");
  call.memory.map(kText, "5 x\0"sv);
  call.memory.map(kMore, "%d %d\0"sv);
  call.memory.map_object(Address(0x3000), std::int32_t{5});
  call.memory.map_object(Address(0x4000), std::int32_t{77});
  call.integers({0x1000, 0x2000, 0x3000, 0x4000});
  CHECK(call.entered() == "s=\"5 x\", format=\"%d %d\", 0x3000, 0x4000");
  CHECK(call.returned(1) == "1 ([5])");
  CHECK(call.returned(0xffffffff) == "-1");
}

TEST_CASE("functions by their names, structures, sets") {
  Call sort("qsort");
  sort.integers({0x1000, 3, 4, 0x2000});
  CHECK(sort.entered() == "base=0x1000, nmemb=3, size=4, compar=compare");
  Call local("localtime");
  local.memory.map_object(kText, std::int64_t{0});
  struct {
    int fields[9] = {1, 2, 3, 4, 0, 70, 5, 3, 0};
    int pad = 0;
    long offset = 0;
    std::uint64_t zone = 0x2000;
  } tm;
  local.memory.map_object(Address(0x3000), tm);
  local.memory.map(kMore, "UTC\0"sv);
  local.integers({0x1000});
  CHECK(local.entered() == "t=[0]");
  CHECK(local.returned(0x3000) ==
        "{tm_sec=1, tm_min=2, tm_hour=3, tm_mday=4, tm_mon=0, tm_year=70, tm_wday=5, tm_yday=3, "
        "tm_isdst=0, tm_gmtoff=0, tm_zone=\"UTC\"}");
  Call lock("pthread_mutex_trylock");
  lock.integers({0x1000});
  CHECK(lock.entered() == "mutex=0x1000");
  CHECK(lock.returned(16) == "EBUSY");
  CHECK(lock.returned(0) == "0");
  Call log("openlog");
  log.memory.map(kText, "me\0"sv);
  log.integers({0x1000, 0x1 | 0x20 | 0x100, 8});
  CHECK(log.entered() == "ident=\"me\", option=LOG_PID|LOG_PERROR|0x100, facility=LOG_USER");
}

TEST_CASE("what cannot be read is an address") {
  Call call("strlen");
  call.integers({0x9000});
  CHECK(call.entered() == "s=0x9000");
  call.integers({0});
  CHECK(call.entered() == "s=NULL");
  CHECK(call.returned(7) == "7");
}

TEST_CASE("wide text") {
  Call call("wcslen");
  call.memory.map_object(kText, std::array<std::int32_t, 4>{'a', 0xe4, '"', 0});
  call.integers({0x1000});
  CHECK(call.entered() == "s=L\"a\xc3\xa4\\\"\"");
}
