#include "decode/type_reader.h"

#include <algorithm>
#include <array>

#include "decode/budget.h"
#include "decode/call_context.h"

namespace ttrace {

using tables::Index;
using tables::kNone;
using tables::Type;

namespace {

// Custom types that look at nothing but what they are given. The others need the syscall around
// them: its other arguments, its variant, its number.
constexpr std::array<std::string_view, 27> kIndependent{
    "argument_list", "at_fd",          "cpu_set",        "device",         "device16",
    "device32",      "environment",    "handler",        "inet_address",   "interface_index",
    "io_priority",   "map_flags",      "memfd_creation", "network16",      "network32",
    "personality",   "resident_pages", "rlimit_value",   "rlimit_value64", "scheduling_policy",
    "shm_flags",     "signal_mask",    "signal_set",     "socket_address", "socket_type",
    "vectors",       "wait_status"};

std::size_t index_of(Abi abi) {
  return static_cast<std::size_t>(abi);
}

// The rows of a set's constants on an ABI.
std::span<const tables::Constant> constants(Index set, Abi abi) {
  const auto slice = tables::kSets[set].constants[index_of(abi)];
  return tables::kConstants.subspan(slice.first, slice.count);
}

std::optional<std::uint64_t> constant_in(Index set, std::string_view name, Abi abi) {
  for (const auto& row : constants(set, abi)) {
    if (row.name == name && row.group == kNone) return row.value;
    if (row.group == kNone) continue;
    // The members of a group are enums: nothing is nested deeper.
    for (const auto& member : constants(row.group, abi)) {
      if (member.name == name) return member.value;
    }
  }
  return std::nullopt;
}

}  // namespace

std::span<const tables::NamedType> all_types() {
  return tables::kNamedTypes;
}

std::optional<Index> find_type(std::string_view name) {
  const auto rows = tables::kNamedTypes;
  auto it = std::ranges::lower_bound(rows, name, {}, &tables::NamedType::name);
  if (it == rows.end() || it->name != name) return std::nullopt;
  const Type& type = tables::kTypes[it->type];
  const bool custom = type.kind == Type::Kind::Custom || type.kind >= Type::Kind::CustomMemory;
  if (custom && !std::ranges::binary_search(kIndependent, name)) return std::nullopt;
  return it->type;
}

bool is_scalar(Index type) {
  return tables::kTypes[type].kind < Type::Kind::String;
}

bool is_constant_set(Index type) {
  const auto kind = tables::kTypes[type].kind;
  return kind == Type::Kind::Enum || kind == Type::Kind::Flags;
}

bool is_sized(Index type) {
  return tables::kTypes[type].kind == Type::Kind::Struct;
}

std::uint32_t size_of(Index type, Abi abi) {
  return tables::kTypes[type].size[index_of(abi)];
}

std::uint32_t align_of(Index index, Abi abi) {
  const Type& type = tables::kTypes[index];
  if (type.kind == Type::Kind::Array) return align_of(type.ref, abi);
  if (type.kind == Type::Kind::CharArray) return 1;
  if (type.kind != Type::Kind::Struct) {
    // i386 aligns 64 bits as a word (System V i386 psABI, 2.1).
    const auto most = abi == Abi::I386 ? 4U : 8U;
    return std::clamp(size_of(index, abi), 1U, most);
  }
  std::uint32_t align = 1;
  const Index layout = tables::kStructs[type.ref].layout[index_of(abi)];
  if (layout == kNone) return align;
  const auto& fields = tables::kLayouts[layout];
  for (const auto& field : tables::kFields.subspan(fields.first, fields.count)) {
    const auto wanted = align_of(field.type, abi);
    // Of a packed structure.
    if (field.offset % wanted == 0) align = std::max(align, wanted);
  }
  while (align > 1 && size_of(index, abi) % align != 0)
    align /= 2;
  return align;
}

std::optional<std::uint64_t> constant_of(Index type, std::string_view name, Abi abi) {
  if (!is_constant_set(type)) return std::nullopt;
  return constant_in(tables::kTypes[type].ref, name, abi);
}

void TypeReader::begin(Abi abi, Tid tid, Memory& memory, std::optional<std::int64_t> returned) {
  // A description without arguments: nothing that is read may look for one.
  static constexpr SyscallDescription kNoCall{};
  pending_.request = {};
  pending_.request.abi = abi;
  pending_.tid = tid;
  pending_.description = &kNoCall;
  pending_.count = 0;
  pending_.arena.reset(arena_budget(options_, pending_.verbose));
  memory_ = &memory;
  outcome_.reset();
  if (returned) outcome_ = SyscallOutcome{*returned, false};
}

namespace {

CallContext context_of(const DecodeOptions& options, PendingSyscall& pending, Memory& memory,
                       const std::optional<SyscallOutcome>& outcome) {
  return outcome ? CallContext(options, pending, memory, *outcome)
                 : CallContext(options, pending, memory);
}

}  // namespace

Value TypeReader::scalar(Index type, std::uint64_t raw) {
  return context_of(options_, pending_, *memory_, outcome_).scalar(tables::kTypes[type], raw);
}

Value TypeReader::pointee(Index index, Address at, std::uint64_t length) {
  const Type& type = tables::kTypes[index];
  CallContext context = context_of(options_, pending_, *memory_, outcome_);
  if (type.kind < Type::Kind::CustomMemory) return context.pointee(type, at);
  return tables::kCustoms[type.ref](context, CustomInput{.value = at.value(), .length = length});
}

Value TypeReader::object(Index type, std::span<const std::byte> bytes) {
  if (bytes.size() < size_of(type, pending_.request.abi)) return Value::optimized_out();
  return context_of(options_, pending_, *memory_, outcome_)
      .load(tables::kTypes[type], bytes.first(size_of(type, pending_.request.abi)));
}

Value TypeReader::bytes(Address at, std::uint64_t count) {
  return context_of(options_, pending_, *memory_, outcome_).bytes(at, count);
}

}  // namespace ttrace
