#include "functions/prototype_types.h"

#include <algorithm>
#include <span>

#include "decode/type_reader.h"

namespace ttrace::prototypes {

namespace {

using Kind = Type::Kind;

constexpr std::array<Abi, kAbiCount> kAbis{Abi::X86_64, Abi::I386, Abi::Aarch64, Abi::Arm};

// What the syscalls' language has not. Sizes in the order of Abi; i386 aligns 8 bytes as 4.
struct OwnType {
  std::string_view name;
  Kind kind;
  PerAbi<std::uint32_t> size;
  PerAbi<std::uint32_t> align;
};
constexpr PerAbi<std::uint32_t> kAll1{1, 1, 1, 1};
constexpr PerAbi<std::uint32_t> kAll4{4, 4, 4, 4};
constexpr PerAbi<std::uint32_t> kWords{8, 4, 8, 4};
constexpr PerAbi<std::uint32_t> kNoSize{};
constexpr std::array<OwnType, 15> kOwnTypes{{
    {"void", Kind::Void, kNoSize, kAll1},
    {"none", Kind::Void, kNoSize, kAll1},
    {"char", Kind::Char, kAll1, kAll1},
    {"int_char", Kind::Char, kAll4, kAll4},  // a character in an int, or EOF
    {"wchar", Kind::Char, kAll4, kAll4},
    {"bool", Kind::Bool, kAll1, kAll1},
    {"float", Kind::Float, kAll4, kAll4},
    {"double", Kind::Float, {8, 8, 8, 8}, {8, 4, 8, 8}},
    {"long_double", Kind::LongDouble, {16, 12, 16, 8}, {16, 4, 16, 8}},
    {"function", Kind::Function, kWords, kWords},
    {"str", Kind::Text, kNoSize, kAll1},
    {"wstr", Kind::WideText, kNoSize, kAll4},
    {"format", Kind::Format, kNoSize, kAll1},
    {"wformat", Kind::WideFormat, kNoSize, kAll4},
    {"scanformat", Kind::ScanFormat, kNoSize, kAll1},
}};

// C's names for types of the syscalls' language.
struct OtherName {
  std::string_view name;
  std::string_view described;
};
constexpr std::array<OtherName, 5> kOtherNames{
    // A function's status is an int, where a syscall's is a word.
    {{"status", "int"}, {"off", "long"}, {"time", "long"}, {"off64", "s64"}, {"file", "addr"}}};

std::optional<Type> described_type(std::string_view name) {
  const auto* other = std::ranges::find(kOtherNames, name, &OtherName::name);
  auto index = find_type(other != kOtherNames.end() ? other->described : name);
  if (!index) return std::nullopt;
  Type type;
  type.kind = Kind::Described;
  type.described = *index;
  for (Abi abi : kAbis) {
    type.size.at(index_of(abi)) = size_of(*index, abi);
    type.align.at(index_of(abi)) = align_of(*index, abi);
  }
  return type;
}

}  // namespace

bool Type::in_memory() const {
  return kind == Kind::Described ? !is_scalar(described) : kind >= Kind::Bytes;
}

std::optional<Type> type_named(std::string_view name, const NamedTypes& types) {
  if (const auto* own = std::ranges::find(kOwnTypes, name, &OwnType::name);
      own != kOwnTypes.end()) {
    Type type;
    type.kind = own->kind;
    type.size = own->size;
    type.align = own->align;
    return type;
  }
  if (auto set = types.sets.find(name); set != types.sets.end()) {
    Type type;
    type.kind = Kind::Set;
    type.set = set->second;
    type.size = type.align = kAll4;
    return type;
  }
  if (auto found = types.structures.find(name); found != types.structures.end()) {
    Type type;
    type.kind = Kind::Struct;
    type.structure = found->second;
    type.size = type.structure->size;
    type.align = type.structure->align;
    return type;
  }
  return described_type(name);
}

std::vector<std::string_view> known_types(const NamedTypes& types) {
  std::vector<std::string_view> names;
  names.reserve(std::size(kOwnTypes) + std::size(kOtherNames) + all_types().size() +
                types.sets.size() + types.structures.size());
  for (const auto& own : kOwnTypes)
    names.push_back(own.name);
  for (const auto& other : kOtherNames)
    names.push_back(other.name);
  for (const auto& row : all_types())
    names.push_back(row.name);
  for (const auto& [name, set] : types.sets)
    names.push_back(name);
  for (const auto& [name, structure] : types.structures)
    names.push_back(name);
  return names;
}

std::optional<PerAbi<std::uint64_t>> constant_value(const Type& type, std::string_view name) {
  PerAbi<std::uint64_t> values{};
  bool found = false;
  auto set = [&](Abi abi, std::optional<std::uint64_t> value) {
    found = found || value.has_value();
    values.at(index_of(abi)) = value.value_or(kLacks);
  };
  if (type.kind == Kind::Described) {
    for (Abi abi : kAbis)
      set(abi, constant_of(type.described, name, abi));
  } else if (type.kind == Kind::Set) {
    auto constant = std::ranges::find(type.set->constants, name, &Constant::name);
    if (constant == type.set->constants.end()) return std::nullopt;
    for (Abi abi : kAbis)
      set(abi, constant->values.at(index_of(abi)));
  }
  if (!found) return std::nullopt;
  return values;
}

bool is_number(const Type& type) {
  return !type.in_memory() && type.kind != Kind::Void && type.kind != Kind::Float &&
         type.kind != Kind::LongDouble;
}

bool lay_out(Structure& structure) {
  for (Abi abi : kAbis) {
    const std::size_t i = index_of(abi);
    std::uint64_t size = 0;
    std::uint32_t align = 1;
    for (Field& field : structure.fields) {
      const bool pointer = field.direction != Direction::Value;
      const std::uint32_t bytes = pointer ? word_size(abi) : field.type.size.at(i);
      const std::uint32_t wanted =
          pointer ? word_size(abi) : std::max(field.type.align.at(i), std::uint32_t{1});
      size = (size + wanted - 1) / wanted * wanted;
      field.offset.at(i) = static_cast<std::uint32_t>(size);
      size += bytes;
      align = std::max(align, wanted);
      if (size > kLargest) return false;
    }
    size = (size + align - 1) / align * align;
    if (size > kLargest) return false;
    structure.size.at(i) = static_cast<std::uint32_t>(size);
    structure.align.at(i) = align;
  }
  return true;
}

}  // namespace ttrace::prototypes
