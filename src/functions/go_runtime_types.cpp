#include "functions/go_runtime_types.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/number.h"

namespace ttrace {

namespace {

using Kind = Type::Kind;

constexpr std::uint64_t kWord = 8;
constexpr std::size_t kHeader = 48;      // bytes of runtime._type
constexpr std::size_t kLongest = 72;     // ... with what follows for the kinds that are read
constexpr int kDeepest = 2;              // pointers followed from the type that was asked for
constexpr std::size_t kMostTypes = 400;  // read for one question
constexpr std::size_t kMostKept = 20'000;
constexpr std::uint64_t kMostFields = 1000;
constexpr std::size_t kLongestName = 512;  // bytes; of a longer one the beginning
constexpr std::uint64_t kLargest = std::uint64_t{1} << 40U;
constexpr std::size_t kField = 24;  // bytes of runtime.structfield

std::uint64_t word_at(std::span<const std::byte> bytes, std::size_t offset) {
  return load_number(bytes.subspan(offset, kWord));
}

/// The size that values of a kind have on machines of 64 bits; 0: it differs.
std::uint64_t size_of(GoKind kind) {
  switch (kind) {
    case GoKind::Bool:
    case GoKind::Int8:
    case GoKind::Uint8:
      return 1;
    case GoKind::Int16:
    case GoKind::Uint16:
      return 2;
    case GoKind::Int32:
    case GoKind::Uint32:
    case GoKind::Float32:
      return 4;
    case GoKind::Int:
    case GoKind::Int64:
    case GoKind::Uint:
    case GoKind::Uint64:
    case GoKind::Uintptr:
    case GoKind::Float64:
    case GoKind::Complex64:
    case GoKind::Chan:
    case GoKind::Func:
    case GoKind::Map:
    case GoKind::Pointer:
    case GoKind::UnsafePointer:
      return 8;
    case GoKind::Complex128:
    case GoKind::Interface:
    case GoKind::String:
      return 16;
    case GoKind::Slice:
      return 24;
    case GoKind::None:
    case GoKind::Array:
    case GoKind::Struct:
      return 0;
  }
  return 0;
}

/// How many bytes describe a type of a kind, before what is said of types with a name or methods.
std::size_t described_in(GoKind kind) {
  switch (kind) {
    case GoKind::Pointer:
    case GoKind::Slice:
    case GoKind::Func:
      return kHeader + 8;
    case GoKind::Chan:
      return kHeader + 16;
    case GoKind::Array:
      return kHeader + 24;
    case GoKind::Struct:
    case GoKind::Interface:
      return kHeader + 32;
    case GoKind::None:
    case GoKind::Map:  // it differs
      return 0;
    case GoKind::Bool:
    case GoKind::Int:
    case GoKind::Int8:
    case GoKind::Int16:
    case GoKind::Int32:
    case GoKind::Int64:
    case GoKind::Uint:
    case GoKind::Uint8:
    case GoKind::Uint16:
    case GoKind::Uint32:
    case GoKind::Uint64:
    case GoKind::Uintptr:
    case GoKind::Float32:
    case GoKind::Float64:
    case GoKind::Complex64:
    case GoKind::Complex128:
    case GoKind::String:
    case GoKind::UnsafePointer:
      return kHeader;
  }
  return 0;
}

/// "*exec.Error" of package "os/exec": "*os/exec.Error".
std::string with_path(const std::string& name, const std::string& path) {
  const std::size_t begin = name.find_first_not_of('*');
  const std::size_t end = name.find('.', begin == std::string::npos ? 0 : begin);
  if (begin == std::string::npos || end == std::string::npos) return name;
  return name.substr(0, begin) + path + name.substr(end);
}

Kind kind_of(GoKind kind) {
  switch (kind) {
    case GoKind::Bool:
      return Kind::Bool;
    case GoKind::Int:
    case GoKind::Int8:
    case GoKind::Int16:
    case GoKind::Int32:
    case GoKind::Int64:
      return Kind::Signed;
    case GoKind::Uint:
    case GoKind::Uint8:
    case GoKind::Uint16:
    case GoKind::Uint32:
    case GoKind::Uint64:
    case GoKind::Uintptr:
      return Kind::Unsigned;
    case GoKind::Float32:
    case GoKind::Float64:
      return Kind::Float;
    case GoKind::Array:
      return Kind::Array;
    case GoKind::Func:
      return Kind::Function;
    case GoKind::Chan:
    case GoKind::Map:
    case GoKind::Pointer:
    case GoKind::UnsafePointer:
      return Kind::Pointer;
    case GoKind::Interface:
    case GoKind::Slice:
    case GoKind::String:
    case GoKind::Struct:
      return Kind::Struct;
    case GoKind::None:
    case GoKind::Complex64:
    case GoKind::Complex128:
      return Kind::Unknown;
  }
  return Kind::Unknown;
}

}  // namespace

struct GoRuntimeTypes::Reading {
  const GoTypeRegion& region;
  Memory& memory;
  std::size_t& reads_left;
  std::size_t left = kMostTypes;
  std::vector<Work> work;
  bool lasting = false;  // what is being read is kept, and so must be what it refers to

  [[nodiscard]] bool is_inside(Address at) const {
    return !region.begin.null() && at >= region.begin && at < region.end;
  }

  std::size_t read(Address at, std::span<std::byte> out) {
    if (reads_left == 0 || out.empty()) return 0;
    --reads_left;
    return memory.read(at, out);
  }

  // A flag byte, the length, the text. The length is a varint from Go 1.17 on, two bytes before.
  std::string name(Address at) {
    std::array<std::byte, kLongestName + 4> bytes{};
    std::size_t got = at.null() ? 0 : read(at, bytes);
    if (got < 2) return {};
    auto value = [&](std::size_t i) { return std::to_integer<std::size_t>(bytes.at(i)); };
    std::size_t length = 0;
    std::size_t begin = 1;
    if (region.minor != 0 && region.minor < 17) {
      length = value(1) << 8U | value(2);
      begin = 3;
    } else {
      for (unsigned shift = 0; shift <= 14; shift += 7) {
        length |= (value(begin) & 0x7f) << shift;
        if ((value(begin++) & 0x80) == 0) break;
      }
    }
    if (begin >= got) return {};
    std::string text(reinterpret_cast<const char*>(bytes.data()) + begin,
                     std::min(length, got - begin));
    std::ranges::replace_if(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return text;
  }
};

/// The node of a type; queued to be read when it is new, or was read for somebody farther away.
GoRuntimeTypes::Node* GoRuntimeTypes::resolve(Address at, int depth, Reading& reading) {
  if (at.null() || (reading.lasting && !reading.is_inside(at))) return nullptr;
  Node& node = reading.is_inside(at) ? kept_[at - reading.region.begin] : temporary_[at.value()];
  if (depth < node.depth && reading.left > 0) {
    --reading.left;
    node.depth = depth;
    reading.work.push_back({&node, at, depth});
  }
  return &node;
}

// Values refer to the names of members: once read, these stay, and only what they lead to may be
// read again.
bool GoRuntimeTypes::read_struct(Node& node, std::span<const std::byte> tail, int depth,
                                 Reading& reading, GoRuntimeTypes& types) {
  Address fields(word_at(tail, 8));
  std::uint64_t count = word_at(tail, 16);
  if (count > kMostFields) return false;
  std::vector<std::byte> bytes(count * kField);
  if (reading.read(fields, bytes) != bytes.size()) return false;
  for (std::size_t i = 0; i < count; ++i) {
    auto field = std::span<const std::byte>(bytes).subspan(i * kField, kField);
    Node* type = types.resolve(Address(word_at(field, 8)), depth, reading);
    if (node.good) continue;
    Member member;
    member.name = reading.name(Address(word_at(field, 0)));
    member.type = type != nullptr ? &type->type : nullptr;
    member.offset = word_at(field, 16);
    // Before Go 1.19 its lowest bit told whether the field is embedded.
    if (reading.region.minor != 0 && reading.region.minor < 19) member.offset >>= 1U;
    if (member.offset <= node.type.size) node.type.members.push_back(std::move(member));
  }
  return true;
}

// What all types have. False: it is none.
bool GoRuntimeTypes::read_header(Node& node, Address at, std::span<const std::byte> bytes,
                                 Reading& reading) {
  constexpr unsigned kExtraStar = 2;    // of the flags: the name begins with a '*' too many
  constexpr unsigned kKindMask = 0x1f;  // of the kind
  constexpr unsigned kDirect = 0x20;    // of the kind up to Go 1.25, of the flags from 1.26 on
  auto flags = std::to_integer<unsigned>(bytes[20]);
  auto kind = std::to_integer<unsigned>(bytes[23]);
  Type& type = node.type;
  type.go = go_kind_from(kind & kKindMask);
  type.kind = kind_of(type.go);
  type.size = word_at(bytes, 0);
  node.direct = ((kind | flags) & kDirect) != 0 && type.size == kWord;
  std::uint64_t expected = size_of(type.go);
  if (type.go == GoKind::None || type.size > kLargest || (expected != 0 && type.size != expected)) {
    type = {};
    return false;
  }
  if (!reading.is_inside(at)) return true;
  type.name = reading.name(reading.region.begin + load_number(bytes.subspan(40, 4)));
  if ((flags & kExtraStar) != 0 && type.name.starts_with('*')) type.name.erase(0, 1);
  type.tag = type.name;
  // The path of the package begins what is said of types with a name (runtime.uncommontype of Go
  // 1.19 src/runtime/type.go).
  constexpr unsigned kUncommon = 1;  // of the flags
  std::array<std::byte, 4> path{};
  const std::size_t length = described_in(type.go);
  if ((flags & kUncommon) == 0 || length == 0 || reading.read(at + length, path) != path.size())
    return true;
  const std::string package = reading.name(reading.region.begin + load_number(path));
  if (!package.empty()) type.tag = with_path(type.name, package);
  return true;
}

void GoRuntimeTypes::read_node(const Work& work, Reading& reading, GoRuntimeTypes& types) {
  Node& node = *work.node;
  Type& type = node.type;
  std::array<std::byte, kLongest> buffer{};
  auto bytes = std::span<const std::byte>(buffer);
  if (reading.read(work.at, buffer) < kHeader) return;
  if (!node.good && !read_header(node, work.at, bytes, reading)) return;
  auto tail = bytes.subspan(kHeader);
  auto element = [&](int depth) -> const Type* {
    Node* found =
        depth > kDeepest ? nullptr : types.resolve(Address(word_at(tail, 0)), depth, reading);
    return found != nullptr ? &found->type : nullptr;
  };
  if (type.go == GoKind::Pointer || type.go == GoKind::Slice) {
    type.target = element(work.depth + 1);
  } else if (type.go == GoKind::Array) {
    type.target = element(work.depth);
    type.count = word_at(tail, 16);
  } else if (type.go == GoKind::Interface) {
    type.count = word_at(tail, 16);
  } else if (type.go == GoKind::Struct) {
    bool whole = read_struct(node, tail, work.depth, reading, types);
    // Without its members it would look like one that has none.
    if (!whole && !node.good) type = {};
    if (!whole) return;
  }
  node.good = true;
}

std::optional<GoRuntimeTypes::Found> GoRuntimeTypes::find(Address at, const GoTypeRegion& region,
                                                          Memory& memory) {
  Reading reading{.region = region, .memory = memory, .reads_left = reads_left_, .work = {}};
  Node* asked = resolve(at, 0, reading);
  if (asked == nullptr) return std::nullopt;
  while (!reading.work.empty()) {
    Work work = reading.work.back();
    reading.work.pop_back();
    reading.lasting = reading.is_inside(work.at);
    read_node(work, reading, *this);
  }
  // What was not read any more is not to be taken for what could not be read: see tidy().
  if (!asked->good || reads_left_ == 0) return std::nullopt;
  return Found{&asked->type, asked->direct};
}

void GoRuntimeTypes::tidy() {
  temporary_.clear();
  if (kept_.size() > kMostKept || reads_left_ == 0) kept_.clear();
  reads_left_ = kMostReads;
}

}  // namespace ttrace
