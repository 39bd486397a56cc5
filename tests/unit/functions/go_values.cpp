#include "functions/go_values.h"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <deque>
#include <limits>
#include <string>
#include <vector>

#include "functions/go_errors.h"
#include "output/text_sink.h"
#include "unit/fake_memory.h"

using namespace ttrace;
using test::FakeMemory;

namespace {

using Kind = Type::Kind;

constexpr std::uint64_t kTypes = 0x500000;  // where the program has its types
constexpr std::size_t kRoom = 0x4000;

// A program's types as its runtime describes them, and the memory that they are in.
class Program {
 public:
  explicit Program(unsigned minor = 19) : region_{Address(kTypes), Address(kTypes + kRoom), minor} {
    rodata_.resize(kRoom);
  }

  // A type of `size` bytes; `tail`: the words behind the common part; `package`: the path of the
  // one that defines it.
  Address type(GoKind kind, std::uint64_t size, const std::string& name,
               std::vector<std::uint64_t> tail = {}, bool direct = false,
               const std::string& package = "") {
    if (!package.empty()) tail.push_back(add_name(package));
    // The compiler shares the names of T and *T: T's has a star too many, and a flag.
    bool star = !name.starts_with('*');
    std::uint64_t text = add_name((star ? "*" : "") + name);
    std::uint64_t at = take(48 + tail.size() * 8);
    put(at, size, 8);
    bool in_flags = region_.minor >= 26;
    const unsigned flags = (star ? 2U : 0U) | (package.empty() ? 0U : 1U);
    put(at + 20, flags | (direct && in_flags ? 0x20U : 0U), 1);
    put(at + 23, static_cast<std::uint64_t>(kind) | (direct && !in_flags ? 0x20 : 0), 1);
    put(at + 40, text, 4);
    for (std::size_t i = 0; i < tail.size(); ++i)
      put(at + 48 + i * 8, tail[i], 8);
    return Address(kTypes + at);
  }
  struct Field {
    std::string name;
    Address type;
    std::uint64_t offset;
  };
  Address structure(std::uint64_t size, const std::string& name, const std::vector<Field>& fields) {
    std::vector<std::uint64_t> texts;
    texts.reserve(fields.size());
    for (const Field& field : fields)
      texts.push_back(add_name(field.name));
    std::uint64_t list = take(fields.size() * 24);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      put(list + i * 24, kTypes + texts[i], 8);
      put(list + i * 24 + 8, fields[i].type.value(), 8);
      bool shifted = region_.minor < 19;
      put(list + i * 24 + 16, shifted ? fields[i].offset << 1U | 1 : fields[i].offset, 8);
    }
    return type(GoKind::Struct, size, name, {0, kTypes + list, fields.size(), fields.size()});
  }
  Address pointer(Address to, const std::string& name, const std::string& package = "") {
    return type(GoKind::Pointer, 8, name, {to.value()}, true, package);
  }

  // Words in memory.
  Address words(const std::vector<std::uint64_t>& values) {
    Address at(next_);
    next_ += 0x1000;
    memory.map(at, std::string_view(reinterpret_cast<const char*>(values.data()),
                                    values.size() * sizeof(std::uint64_t)));
    return at;
  }
  Address text(std::string_view bytes) {
    Address at(next_);
    next_ += 0x1000;
    memory.map(at, bytes);
    return at;
  }

  std::string show(const Type& type, const std::vector<std::uint64_t>& words) {
    memory.map(Address(kTypes), rodata_);
    GoTypeSource go{types_, region_};
    ValueSource source{registers_, [] { return std::optional<FloatRegisters>(); }, memory, arena_,
                       limits};
    source.function_at = [](Address at) -> std::optional<CodeName> {
      if (at.value() != 0x400000) return std::nullopt;
      return CodeName{"main.f", 0};
    };
    source.go = &go;
    ObjectReader reader(source);
    auto bytes = std::as_bytes(std::span(words));
    std::string shown;
    render(reader.read(type, bytes.first(std::min<std::size_t>(type.size, bytes.size())), {}),
           shown);
    return shown;
  }
  // An `any` that holds a value of a type: in memory, or directly.
  std::string show_any(Address type, std::uint64_t data) {
    Type any;
    any.kind = Kind::Struct;
    any.go = GoKind::Interface;
    any.size = 16;
    return show(any, {type.value(), data});
  }

  ValueLimits limits;
  FakeMemory memory;

 private:
  std::uint64_t take(std::size_t size) {
    std::uint64_t at = used_;
    used_ += (size + 7) / 8 * 8;
    REQUIRE(used_ <= kRoom);
    return at;
  }
  void put(std::uint64_t at, std::uint64_t value, std::size_t size) {
    std::memcpy(&rodata_.at(at), &value, size);
  }
  std::uint64_t add_name(const std::string& name) {
    std::uint64_t at = take(name.size() + 4);
    if (region_.minor < 17) {
      put(at + 1, name.size() >> 8U, 1);
      put(at + 2, name.size() & 0xff, 1);
      std::memcpy(&rodata_.at(at + 3), name.data(), name.size());
    } else if (name.size() < 0x80) {
      put(at + 1, name.size(), 1);
      std::memcpy(&rodata_.at(at + 2), name.data(), name.size());
    } else {
      put(at + 1, (name.size() & 0x7f) | 0x80, 1);
      put(at + 2, name.size() >> 7U, 1);
      std::memcpy(&rodata_.at(at + 3), name.data(), name.size());
    }
    return at;
  }

  GoTypeRegion region_;
  std::vector<std::byte> rodata_;
  std::uint64_t used_ = 8;
  std::uint64_t next_ = 0x10000000;
  GoRuntimeTypes types_;
  Registers registers_{Abi::X86_64};
  Arena arena_;
};

Type made(Kind kind, GoKind go, std::uint64_t size, std::string name = {}) {
  Type type;
  type.kind = kind;
  type.go = go;
  type.size = size;
  type.name = std::move(name);
  return type;
}

std::uint64_t bits(double number) {
  std::uint64_t word = 0;
  std::memcpy(&word, &number, sizeof(word));
  return word;
}

}  // namespace

TEST_CASE("Go's numbers") {
  Program p;
  CHECK(p.show(made(Kind::Signed, GoKind::Int8, 1, "int8"), {0xfe}) == "-2");
  CHECK(p.show(made(Kind::Unsigned, GoKind::Uint8, 1, "uint8"), {200}) == "200");
  CHECK(p.show(made(Kind::Unsigned, GoKind::Uintptr, 8, "uintptr"), {0x1234}) == "0x1234");
  CHECK(p.show(made(Kind::Bool, GoKind::Bool, 1, "bool"), {1}) == "true");
  CHECK(p.show(made(Kind::Float, GoKind::Float64, 8), {bits(0.1)}) == "0.1");
  CHECK(p.show(made(Kind::Float, GoKind::Float32, 4), {0x3dcccccd}) == "0.1");
  CHECK(p.show(made(Kind::Float, GoKind::Float64, 8),
               {bits(-std::numeric_limits<double>::infinity())}) == "-Inf");
  CHECK(p.show(made(Kind::Unknown, GoKind::Complex128, 16), {bits(1), bits(-2.5)}) == "(1-2.5i)");
  CHECK(p.show(made(Kind::Signed, GoKind::Int64, 8, "time.Duration"), {1'500'000'000}) == "1.5s");
  CHECK(p.show(made(Kind::Unsigned, GoKind::Uintptr, 8, "syscall.Errno"), {2}) ==
        "syscall.Errno(ENOENT, \"no such file or directory\")");
  CHECK(p.show(made(Kind::Unsigned, GoKind::Uintptr, 8, "syscall.Errno"), {4000}) ==
        "syscall.Errno(4000, \"errno 4000\")");
}

TEST_CASE("strings and slices, to the limit; what makes no sense by its words") {
  Program p;
  p.limits.string = 4;
  p.limits.elements = 2;
  Type string = made(Kind::Struct, GoKind::String, 16, "string");
  std::uint64_t text = p.text("hello").value();
  CHECK(p.show(string, {text, 3}) == "\"hel\"");
  CHECK(p.show(string, {text, 5}) == "\"hell\"...");
  CHECK(p.show(string, {0, 0}) == "\"\"");
  CHECK(p.show(string, {0x9000, 3}) == "0x9000");
  CHECK(p.show(string, {text, ~std::uint64_t{0}}) ==
        "{str=" + std::string("0x10000000") + ", len=0xffffffffffffffff}");
  Type number = made(Kind::Signed, GoKind::Int, 8, "int");
  Type slice = made(Kind::Struct, GoKind::Slice, 24, "[]int");
  slice.target = &number;
  std::uint64_t numbers = p.words({1, 2, 3}).value();
  CHECK(p.show(slice, {numbers, 2, 3}) == "[1, 2]");
  CHECK(p.show(slice, {numbers, 3, 3}) == "[1, 2, ...] /* 3 elements */");
  CHECK(p.show(slice, {numbers, 0, 3}) == "[]");
  CHECK(p.show(slice, {0, 0, 0}) == "nil");
  CHECK(p.show(slice, {0x9000, 1, 1}) == "0x9000");
  CHECK(p.show(slice, {numbers, 3, 2}) == "{array=0x10001000, len=0x3, cap=0x2}");
  Type byte = made(Kind::Unsigned, GoKind::Uint8, 1, "uint8");
  slice.target = &byte;
  CHECK(p.show(slice, {text, 5, 5}) == "\"hell\"...");
  slice.name = "net.IP";
  CHECK(p.show(slice, {p.words({0x0100007f}).value(), 4, 16}) == "127.0.0.1");
}

TEST_CASE("maps and channels by their sizes, functions by their names") {
  Program p;
  Type map = made(Kind::Pointer, GoKind::Map, 8, "map[go.shape.string_0]go.shape.int_1");
  CHECK(p.show(map, {p.words({3, 0}).value()}) == "map[string]int(len=3)");
  CHECK(p.show(map, {0}) == "nil");
  CHECK(p.show(map, {0x9000}) == "0x9000");
  CHECK(p.show(map, {p.words({~std::uint64_t{0}}).value()}) == "0x10001000");
  Type channel = made(Kind::Pointer, GoKind::Chan, 8, "chan int");
  CHECK(p.show(channel, {p.words({1, 3}).value()}) == "chan int(len=1, cap=3)");
  CHECK(p.show(channel, {p.words({4, 3}).value()}) == "0x10003000");
  Type function = made(Kind::Function, GoKind::Func, 8, "func()");
  CHECK(p.show(function, {p.words({0x400000}).value()}) == "main.f");
  CHECK(p.show(function, {0}) == "nil");
  CHECK(p.show(function, {0x9000}) == "0x9000");
}

TEST_CASE("interfaces: the type and the value, of every version of the runtime's types") {
  for (unsigned minor : {16U, 18U, 19U, 24U, 27U}) {
    CAPTURE(minor);
    Program p(minor);
    Address number = p.type(GoKind::Int, 8, "int");
    Address string = p.type(GoKind::String, 16, "string");
    Address point = p.structure(24, "main.Point", {{"X", number, 0}, {"name", string, 8}});
    Address pointer = p.pointer(point, "*main.Point");
    std::uint64_t name = p.text("n").value();
    std::uint64_t object = p.words({5, name, 1}).value();
    CHECK(p.show_any(number, p.words({7}).value()) == "int(7)");
    CHECK(p.show_any(string, p.words({name, 1}).value()) == "string(\"n\")");
    CHECK(p.show_any(point, object) == "main.Point{X=5, name=\"n\"}");
    CHECK(p.show_any(pointer, object) == "*main.Point(&{X=5, name=\"n\"})");
    CHECK(p.show_any(pointer, 0) == "*main.Point(nil)");
    CHECK(p.show_any(Address(), 0) == "nil");
    CHECK(p.show_any(number, 0x9000) == "int(0x9000)");
  }
}

TEST_CASE("types that were made while the program ran have no names") {
  Program p;
  auto made_type = [&](GoKind kind, std::uint64_t size) {
    return p.words({size, 0, static_cast<std::uint64_t>(kind) << 56U, 0, 0, 0, 0, 0, 0});
  };
  CHECK(p.show_any(made_type(GoKind::Int, 8), p.words({7}).value()) == "?(7)");
  std::uint64_t word = p.words({p.words({2}).value()}).value();
  CHECK(p.show_any(made_type(GoKind::Map, 8), word) == "map(len=2)");
}

TEST_CASE("a type's name longer than a byte counts") {
  Program p;
  std::string name = "main." + std::string(200, 'x');
  CHECK(p.show_any(p.type(GoKind::Bool, 1, name), p.words({1}).value()) == name + "(true)");
}

TEST_CASE("a type that is asked for again, from nearer, keeps the names that values refer to") {
  Program p;
  Address number = p.type(GoKind::Int, 8, "int");
  Address inner = p.structure(8, "main.Inner", {{"a rather long name of a member", number, 0}});
  Address pointer = p.pointer(inner, "*main.Inner");
  Type any = made(Kind::Struct, GoKind::Interface, 16);
  Type list = made(Kind::Array, GoKind::Array, 32);
  list.target = &any;
  list.count = 2;
  std::uint64_t object = p.words({5}).value();
  CHECK(p.show(list, {pointer.value(), object, inner.value(), object}) ==
        "[*main.Inner(&{a rather long name of a member=5}), "
        "main.Inner{a rather long name of a member=5}]");
}

TEST_CASE("an interface with methods has its type behind a table") {
  Program p;
  Address number = p.type(GoKind::Int, 8, "main.Number");
  Type tab = made(Kind::Pointer, GoKind::Pointer, 8);
  Type shape = made(Kind::Struct, GoKind::Interface, 16, "main.Shape");
  shape.members = {{"tab", &tab, 0}, {"data", &tab, 8}};
  std::uint64_t table = p.words({0, number.value()}).value();
  CHECK(p.show(shape, {table, p.words({7}).value()}) == "main.Number(7)");
  CHECK(p.show(shape, {0x9000, 1}) == "{tab=0x9000, data=0x1}");
}

TEST_CASE("descriptions of types that are none") {
  Program p;
  CHECK(p.show_any(p.type(GoKind::None, 8, "x"), 1) == "{_type=0x500010, data=0x1}");
  CHECK(p.show_any(p.type(GoKind::Int, 4, "x"), 1).starts_with("{_type="));  // an int has 8 bytes
  CHECK(p.show_any(p.type(GoKind::Struct, ~std::uint64_t{0}, "x"), 1).starts_with("{_type="));
  // A structure that contains itself, and one that has more members than can be.
  Program q;
  Address self = q.structure(8, "main.Self", {{"self", Address(kTypes + 0x48), 0}});
  CHECK(q.show_any(self, q.words({1}).value()).size() < 200);
  Address hidden = q.type(GoKind::Struct, 8, "main.Hidden", {0, 0x9000, 1, 1});
  CHECK(q.show_any(hidden, 1).starts_with("{_type="));
  Address many = q.type(GoKind::Struct, 8, "main.Many", {0, kTypes, ~std::uint64_t{0}, 0});
  CHECK(q.show_any(many, q.words({1}).value()).size() < 20'000);
}

namespace {

// *errors.errorString and a pointer to one.
struct Errors {
  explicit Errors(Program& p) : program(p) {
    string = p.type(GoKind::String, 16, "string");
    plain =
        p.pointer(p.structure(16, "errors.errorString", {{"s", string, 0}}), "*errors.errorString");
    error = p.type(GoKind::Interface, 16, "error", {0, kTypes, 1, 1});
    number = p.type(GoKind::Uintptr, 8, "syscall.Errno");
    Address fields = p.structure(48, "fs.PathError",
                                 {{"Op", string, 0}, {"Path", string, 16}, {"Err", error, 32}});
    path = p.pointer(fields, "*fs.PathError", "io/fs");
    other_path = p.pointer(fields, "*fs.PathError", "example.org/fs");
  }
  std::uint64_t text(std::string_view bytes) const { return program.text(bytes).value(); }
  std::uint64_t table(Address type) const { return program.words({0, type.value()}).value(); }

  Program& program;
  Address string, plain, error, number, path, other_path;
};

}  // namespace

TEST_CASE("errors are put together; those of unknown types are not") {
  Program p;
  Errors e(p);
  std::uint64_t plain = p.words({e.text("bad"), 3}).value();
  CHECK(p.show_any(e.plain, plain) == "*errors.errorString(\"bad\")");
  CHECK(p.show_any(e.plain, 0) == "*errors.errorString(nil)");
  CHECK(p.show_any(e.number, p.words({2}).value()) ==
        "syscall.Errno(ENOENT, \"no such file or directory\")");
  auto path = [&](Address type, std::uint64_t data) {
    return p.words({e.text("open"), 4, e.text("/x"), 2, e.table(type), data}).value();
  };
  CHECK(p.show_any(e.path, path(e.number, p.words({13}).value())) ==
        "*fs.PathError(\"open /x: permission denied\")");
  CHECK(p.show_any(e.path, path(e.plain, plain)) == "*fs.PathError(\"open /x: bad\")");
  CHECK(p.show_any(e.other_path, path(e.plain, plain)) ==
        "*fs.PathError(&{Op=\"open\", Path=\"/x\", Err=*errors.errorString(\"bad\")})");
  Address own = p.type(GoKind::Int, 8, "main.Own");
  CHECK(p.show_any(e.path, path(own, p.words({3}).value())) ==
        "*fs.PathError(&{Op=\"open\", Path=\"/x\", Err=main.Own(3)})");
  // One that is an error of itself ends somewhere, too.
  std::uint64_t loop = 0x10000000;
  std::vector<std::uint64_t> words{e.text("a"), 1, e.text("b"), 1, e.table(e.path), 0};
  loop = p.words(words).value();
  words[5] = loop;
  p.memory.map_object(Address(loop),
                      std::array{words[0], words[1], words[2], words[3], words[4], words[5]});
  CHECK(p.show_any(e.path, loop).size() < 2'000);
}

TEST_CASE("Go's spelling of the kernel's errors") {
  CHECK(go_errno_text(1) == "operation not permitted");
  CHECK(go_errno_text(73) == "RFS specific error");
  CHECK(go_errno_text(80) == "accessing a corrupted shared library");
  CHECK(go_errno_text(0) == "errno 0");
  CHECK(go_errno_text(~std::uint64_t{0}) == "errno -1");
}

TEST_CASE("internet addresses as Go writes them") {
  auto ip = [](const std::vector<unsigned>& groups) {
    std::vector<std::byte> bytes;
    for (unsigned group : groups) {
      bytes.push_back(static_cast<std::byte>(group >> 8U));
      bytes.push_back(static_cast<std::byte>(group));
    }
    return go_ip_text(bytes).value_or("none");
  };
  CHECK(ip({0x7f00, 1}) == "127.0.0.1");
  CHECK(ip({0, 0, 0, 0, 0, 0xffff, 0x0a00, 1}) == "10.0.0.1");
  CHECK(ip({0, 0, 0, 0, 0, 0, 0, 0}) == "::");
  CHECK(ip({0, 0, 0, 0, 0, 0, 0, 1}) == "::1");
  CHECK(ip({0x2001, 0xdb8, 0, 1, 0, 0, 0, 2}) == "2001:db8:0:1::2");
  CHECK(ip({1, 0, 3, 4, 5, 6, 7, 8}) == "1:0:3:4:5:6:7:8");
  CHECK(ip({1, 2, 3, 4, 5, 6, 0, 0}) == "1:2:3:4:5:6::");
  CHECK(ip({1, 2, 3}) == "none");
}

TEST_CASE("names without what only the compiler calls its type arguments") {
  Arena arena;
  Type type;
  type.name =
      "main.List[go.shape.int_0,map[go.shape.string]go.shape.struct { main.a go.shape.int }]";
  CHECK(go_type_name(type, arena) == "main.List[int,map[string]struct { main.a int }]");
  type.name = "map[*net/http.Server]func(crypto/tls.Conn, chan<- example.org/a_1.T) go.shape.uint8";
  CHECK(go_type_name(type, arena) == "map[*http.Server]func(tls.Conn, chan<- a_1.T) uint8");
  type.name = "[]go.shape.*example.org/a.T_0";
  CHECK(go_type_name(type, arena) == "[]*a.T");
}
