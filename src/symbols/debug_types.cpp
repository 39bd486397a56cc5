#include "symbols/debug_types.h"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "symbols/debug_members.h"
#include "symbols/dwarf_die.h"
#include "symbols/go_debug.h"

namespace ttrace {
namespace {

using Kind = Type::Kind;

// Bounds on what one question may read.
constexpr std::size_t kMostTypes = 20'000;
constexpr std::size_t kMostMembers = 20'000;
constexpr int kLongestChain = 64;  // of typedefs and qualifiers
constexpr std::size_t kMostDimensions = 16;

template <class Key, class Value, std::size_t N>
std::optional<Value> look_up(const std::array<std::pair<Key, Value>, N>& table, Key key) {
  for (const auto& [known, value] : table)
    if (known == key) return value;
  return std::nullopt;
}

/// DW_TAG_* of types that have a kind of their own.
constexpr auto kKinds = std::to_array<std::pair<int, Kind>>({
    {DW_TAG_pointer_type, Kind::Pointer},
    {DW_TAG_reference_type, Kind::Reference},
    {DW_TAG_rvalue_reference_type, Kind::Reference},
    {DW_TAG_ptr_to_member_type, Kind::MemberPointer},
    {DW_TAG_structure_type, Kind::Struct},
    {DW_TAG_class_type, Kind::Struct},
    {DW_TAG_interface_type, Kind::Struct},
    {DW_TAG_union_type, Kind::Union},
    {DW_TAG_enumeration_type, Kind::Enum},
    {DW_TAG_array_type, Kind::Array},
    {DW_TAG_subroutine_type, Kind::Function},
});

/// DW_ATE_* of base types.
constexpr auto kEncodings = std::to_array<std::pair<std::uint64_t, Kind>>({
    {DW_ATE_signed, Kind::Signed},
    {DW_ATE_unsigned, Kind::Unsigned},
    {DW_ATE_signed_char, Kind::Char},
    {DW_ATE_unsigned_char, Kind::Char},
    {DW_ATE_UTF, Kind::Char},
    {DW_ATE_ASCII, Kind::Char},
    {DW_ATE_UCS, Kind::Char},
    {DW_ATE_boolean, Kind::Bool},
    {DW_ATE_float, Kind::Float},
    {DW_ATE_address, Kind::Unsigned},
});

Kind kind_of(Dwarf_Die die) {
  return look_up(kKinds, dwarf_tag(&die)).value_or(Kind::Unknown);
}

bool is_typedef(int tag) {
  return tag == DW_TAG_typedef || tag == DW_TAG_template_alias;
}

/// Type modifiers that do not change what a value looks like.
bool is_qualifier(int tag) {
  return tag == DW_TAG_const_type || tag == DW_TAG_volatile_type || tag == DW_TAG_restrict_type ||
         tag == DW_TAG_atomic_type || tag == DW_TAG_packed_type || tag == DW_TAG_immutable_type ||
         tag == DW_TAG_shared_type || tag == DW_TAG_subrange_type;
}

/// Go's name for a type that is a generic function's argument; what it stands for says more.
bool is_type_argument(std::string_view name) {
  return name.starts_with(".param");
}

/// C has wide characters as typedefs of integers.
bool is_character_name(std::string_view name) {
  return name == "wchar_t" || name == "char8_t" || name == "char16_t" || name == "char32_t";
}

bool is_integer(Kind kind) {
  return kind == Kind::Signed || kind == Kind::Unsigned;
}

void fill_base(Dwarf_Die die, Abi abi, Type& type) {
  auto encoding = constant(die, DW_AT_encoding);
  type.kind = encoding ? look_up(kEncodings, *encoding).value_or(Kind::Unknown) : Kind::Unknown;
  if (is_integer(type.kind) && is_character_name(type.name)) type.kind = Kind::Char;
  bool x86 = abi == Abi::X86_64 || abi == Abi::I386;
  // The other floating point type of 16 bytes, __float128, has the same encoding.
  if (type.kind == Kind::Float && x86 && (type.size == 12 || type.size == 16))
    type.x87 = type.name == "long double" || type.name == "_Float64x";
  bool scalar = type.size == 1 || type.size == 2 || type.size == 4 || type.size == 8 ||
                type.size == 16 || (type.x87 && type.size == 12);
  if (!scalar) type.kind = Kind::Unknown;
  // Rust's unit, (), has no bytes and nothing in it, as an empty structure.
  if (type.size == 0 && type.name == "()") {
    type.kind = Kind::Struct;
  }
}

/// The number of elements of one dimension; 0 when it is flexible, or known only at run time.
std::uint64_t elements(Dwarf_Die subrange) {
  if (auto count = constant(subrange, DW_AT_count)) return *count;
  auto upper = signed_constant(subrange, DW_AT_upper_bound);  // -1 of `int a[0]`
  if (!upper) return 0;
  auto lower = static_cast<Dwarf_Sword>(constant(subrange, DW_AT_lower_bound).value_or(0));
  Dwarf_Sword count = 0;
  if (__builtin_sub_overflow(*upper, lower, &count) || __builtin_add_overflow(count, 1, &count))
    return 0;
  return count > 0 ? static_cast<std::uint64_t>(count) : 0;
}

const Type* unknown_type() {
  static const Type type;
  return &type;
}

/// The whole type, where what stands in its place names a type unit.
Dwarf_Die definition_of(Dwarf_Die die) {
  return referenced(die, DW_AT_signature).value_or(die);
}

}  // namespace

const Type* DebugTypes::read(Dwarf_Die die) {
  budget_ = kMostTypes;
  Node* asked = resolve(die, 0);
  while (!work_.empty()) {
    Node* node = work_.back();
    work_.pop_back();
    fill(*node);
    changed_.push_back(node);
  }
  for (Node* node : changed_)
    finish(*node);
  for (Node* node : changed_) {
    for (Node* alias : node->aliases) {
      std::string name = std::move(alias->type.name);
      alias->type = node->type;
      alias->type.name = std::move(name);
      if (alias->go != GoKind::None) alias->type.go = alias->go;
      if (is_integer(alias->type.kind) && is_character_name(alias->type.name))
        alias->type.kind = Kind::Char;
    }
  }
  changed_.clear();
  return &asked->type;
}

/// The node of a type, behind its qualifiers; made and queued to be filled when it is new, or was
/// filled for somebody farther away.
DebugTypes::Node* DebugTypes::resolve(Dwarf_Die die, int depth) {
  std::string name;
  const void* named_at = nullptr;
  GoKind go = GoKind::None;
  Node* node = nullptr;
  for (int i = 0; node == nullptr; ++i) {
    int tag = dwarf_tag(&die);
    if (!is_typedef(tag) && !is_qualifier(tag)) {
      node = concrete(definition_of(die));
      break;
    }
    if (is_typedef(tag) && go == GoKind::None) go = go_kind_of(die);
    if (is_typedef(tag) && (named_at == nullptr || is_type_argument(name))) {
      name = name_of(die);
      named_at = die.addr;
    }
    auto next = type_die(die);
    if (!next || i == kLongestChain) node = void_node();
    if (next) die = *next;
  }
  enqueue(*node, depth);
  if (named_at == nullptr || is_type_argument(name)) return node;
  auto [known, fresh] = typedefs_.try_emplace(named_at, nullptr);
  if (fresh) {
    known->second = &nodes_.emplace_back();
    known->second->origin = node;
    known->second->type = node->type;
    known->second->type.name = std::move(name);
    known->second->go = go;
    node->aliases.push_back(known->second);
    changed_.push_back(node);
  }
  return known->second;
}

void DebugTypes::enqueue(Node& node, int depth) {
  Node* wanted = &node;
  // The inner dimensions of an array have no DIE of their own.
  while (wanted->die.addr == nullptr && !wanted->parts.empty() && wanted->parts[0] != nullptr)
    wanted = wanted->parts[0];
  if (wanted->die.addr == nullptr || depth > kDeepestPointer || depth >= wanted->depth ||
      budget_ == 0)
    return;
  --budget_;
  wanted->depth = depth;
  work_.push_back(wanted);
}

DebugTypes::Node* DebugTypes::concrete(Dwarf_Die die) {
  auto [known, fresh] = by_die_.try_emplace(die.addr, nullptr);
  if (!fresh) return known->second;
  Node& node = nodes_.emplace_back();
  known->second = &node;
  node.die = die;
  Type& type = node.type;
  type.name = name_of(die);
  type.tag = type.name;
  type.go = go_kind_of(die);
  type.size = constant(die, DW_AT_byte_size).value_or(0);
  type.align =
      static_cast<std::uint32_t>(constant(die, DW_AT_alignment).value_or(0) & 0xffff'ffffU);
  int tag = dwarf_tag(&die);
  if (tag == DW_TAG_base_type) {
    fill_base(die, abi_, type);
  } else if (tag == DW_TAG_unspecified_type) {
    // C++'s nullptr_t travels as a pointer does.
    type.kind = type.name.find("nullptr") != std::string::npos ? Kind::Pointer : Kind::Void;
    if (type.kind == Kind::Pointer) type.size = word_size(abi_);
  } else {
    // Types with parts are Unknown until their parts were read.
    Kind kind = kind_of(die);
    bool whole = kind == Kind::Pointer || kind == Kind::Reference || kind == Kind::MemberPointer ||
                 kind == Kind::Function;
    if (whole) type.kind = kind;
    if (whole && kind != Kind::Function && type.size == 0) type.size = word_size(abi_);
  }
  return &node;
}

DebugTypes::Node* DebugTypes::void_node() {
  if (void_ == nullptr) {
    void_ = &nodes_.emplace_back();
    void_->type.kind = Kind::Void;
    void_->type.name = "void";
  }
  return void_;
}

void DebugTypes::fill(Node& node) {
  Kind kind = kind_of(node.die);
  auto target = [&](int depth) {
    auto die = type_die(node.die);
    return die ? resolve(*die, depth) : void_node();
  };
  if (kind == Kind::Pointer || kind == Kind::Reference) {
    node.type.target = &target(node.depth + 1)->type;
  } else if (node.filled) {
    // Read before, from farther away: only what the parts point to is new.
    for (Node* part : node.parts)
      if (part != nullptr) enqueue(*part, node.depth);
    for (Node* type : node.outside)
      enqueue(*type, node.depth + 1);
  } else if (kind == Kind::MemberPointer) {
    // To a function: its address and an adjustment of `this`.
    auto die = type_die(node.die);
    Dwarf_Die peeled;
    if (die && dwarf_peel_type(&*die, &peeled) == 0 && dwarf_tag(&peeled) == DW_TAG_subroutine_type)
      node.type.size = std::uint64_t{2} * word_size(abi_);
  } else if (kind == Kind::Struct || kind == Kind::Union) {
    fill_struct(node);
  } else if (kind == Kind::Enum && !is_declaration(node.die)) {
    node.type.kind = kind;
    node.type.enumerators = enumerators_of(node.die);
    if (type_die(node.die)) node.type.target = &target(node.depth)->type;
  } else if (kind == Kind::Array) {
    fill_array(node);
  }
  node.filled = true;
}

void DebugTypes::fill_struct(Node& node) {
  if (is_declaration(node.die)) return;
  Type& type = node.type;
  type.kind = kind_of(node.die);
  Passing passing = passing_of(node.die);
  type.by_reference = passing.by_reference;
  node.by_reference_known = passing.certain;
  bool understood = true;
  for_each_child(node.die, [&](Dwarf_Die child) {
    int tag = dwarf_tag(&child);
    if (tag == DW_TAG_member || tag == DW_TAG_inheritance) add_member(node, child);
    if (tag == DW_TAG_template_type_parameter) add_argument(node, child);
    if (tag == DW_TAG_variant_part) {
      // Ada nests variant parts and has several; nobody else does.
      understood = type.variants.empty() && add_variants(node, child);
    }
    understood = understood && type.members.size() <= kMostMembers;
    return understood;
  });
  if (understood) return;
  type.kind = Kind::Unknown;
  type.members.clear();
  type.variants.clear();
  type.discriminant.reset();
  node.parts.clear();
}

void DebugTypes::add_argument(Node& node, Dwarf_Die argument) {
  constexpr std::size_t kMostArguments = 64;
  auto type = type_die(argument);
  if (!type || node.outside.size() == kMostArguments) return;
  Node* found = resolve(*type, node.depth + 1);
  node.type.arguments.push_back({name_of(argument), &found->type});
  node.outside.push_back(found->origin != nullptr ? found->origin : found);
}

/// False when it chooses in a way that Variant has no word for. The discriminant is a member of the
/// variant part or of the struct; each variant has a list of members, in Rust one, which has the
/// variant's name.
bool DebugTypes::add_variants(Node& node, Dwarf_Die variant_part) {
  Type& type = node.type;
  bool understood = true;
  if (auto die = referenced(variant_part, DW_AT_discr)) {
    type.discriminant = member_from(*die);
    auto discriminant_type = type_die(*die);
    if (type.discriminant && discriminant_type) {
      Node* scalar = resolve(*discriminant_type, node.depth);
      // Only a scalar: it is complete from the start, and no part that could close a cycle.
      if (is_integer(scalar->type.kind) || scalar->type.kind == Kind::Char)
        type.discriminant->type = &scalar->type;
    }
  }
  for_each_child(variant_part, [&](Dwarf_Die child) {
    if (dwarf_tag(&child) != DW_TAG_variant) return true;
    Variant variant{constant(child, DW_AT_discr_value), type.members.size(), 0};
    bool stated = attribute(child, DW_AT_discr_value) || attribute(child, DW_AT_discr_list);
    understood = understood && variant.value.has_value() == stated;
    for_each_child(child, [&](Dwarf_Die die) {
      if (dwarf_tag(&die) == DW_TAG_member) add_member(node, die);
      return type.members.size() <= kMostMembers;
    });
    variant.count = type.members.size() - variant.first;
    for (std::size_t i = variant.first; i < type.members.size(); ++i)
      type.members[i].in_variant = true;
    type.variants.push_back(variant);
    return type.members.size() <= kMostMembers && type.variants.size() <= kMostMembers;
  });
  return understood;
}

void DebugTypes::add_member(Node& node, Dwarf_Die die) {
  auto member = member_from(die);
  auto type = type_die(die);
  if (!member || !type) return;
  Node* part = resolve(*type, node.depth);
  Node* origin = whole(part);
  member->type = origin != nullptr ? &part->type : unknown_type();
  node.type.members.push_back(std::move(*member));
  node.parts.push_back(origin);
}

/// A part's own node, behind a typedef; nullptr when there was no budget left to read it. What is
/// part of a finished node must be whole, or a cycle could be closed later.
DebugTypes::Node* DebugTypes::whole(Node* part) {
  Node* origin = part->origin != nullptr ? part->origin : part;
  bool unread = origin->die.addr != nullptr && !origin->filled &&
                origin->depth == std::numeric_limits<int>::max();
  return unread ? nullptr : origin;
}

void DebugTypes::fill_array(Node& node) {
  std::vector<std::uint64_t> counts;
  for_each_child(node.die, [&](Dwarf_Die child) {
    if (dwarf_tag(&child) == DW_TAG_subrange_type) counts.push_back(elements(child));
    return counts.size() < kMostDimensions;
  });
  auto element = type_die(node.die);
  if (!element || counts.empty()) return;
  node.vector = flag(node.die, DW_AT_GNU_vector);
  Node* inner = resolve(*element, node.depth);
  if (whole(inner) == nullptr) return;
  // int a[2][3] is an array of two arrays of three.
  for (std::size_t i = counts.size(); i-- > 0;) {
    Node& outer = i == 0 ? node : nodes_.emplace_back();
    outer.type.kind = Kind::Array;
    outer.type.count = counts[i];
    outer.type.target = &inner->type;
    outer.parts = {whole(inner)};
    inner = &outer;
  }
}

/// Makes sure that the parts of a node, and theirs, form no cycle and are not too deep, and works
/// out what depends on them.
void DebugTypes::finish(Node& start) {
  if (start.visit == Node::Visit::Done) return;
  auto drop = [](Node& node, std::size_t index) {
    if (!node.type.members.empty()) {
      node.type.members[index].type = unknown_type();
    } else {
      node.type.kind = Kind::Unknown;
      node.type.target = nullptr;
    }
    node.parts[index] = nullptr;
  };
  std::vector<std::pair<Node*, std::size_t>> path{{&start, 0}};
  start.visit = Node::Visit::Open;
  while (!path.empty()) {
    auto& [node, index] = path.back();
    if (index == node->parts.size()) {
      finish_one(*node);
      node->visit = Node::Visit::Done;
      path.pop_back();
      continue;
    }
    Node* part = node->parts[index];
    if (part == nullptr || part->visit == Node::Visit::Done) {
      if (part != nullptr && part->height + 1 >= kDeepestValue) drop(*node, index);
      ++index;
    } else if (part->visit == Node::Visit::Open) {
      drop(*node, index++);
    } else {
      part->visit = Node::Visit::Open;
      path.emplace_back(part, 0);
    }
  }
}

/// All parts are finished: their sizes are final.
void DebugTypes::finish_one(Node& node) {
  Type& type = node.type;
  node.height = 0;
  for (std::size_t i = 0; i < node.parts.size(); ++i) {
    Node* part = node.parts[i];
    if (part == nullptr) continue;
    node.height = std::max(node.height, part->height + 1);
    if (part->type.by_reference && !node.by_reference_known) type.by_reference = true;
    if (type.members.empty()) continue;
    Member& member = type.members[i];
    std::uint64_t end = 0;
    bool fits = !__builtin_add_overflow(member.offset, part->type.size, &end) && end <= type.size;
    if (member.bit_size != 0)
      fits = member.offset < type.size &&
             (member.bit_offset + member.bit_size + 7) / 8 <= type.size - member.offset;
    if (!fits) member.type = unknown_type();
  }
  if (type.kind != Kind::Array) return;
  std::uint64_t element = type.target->size;
  std::uint64_t size = 0;
  // Go has arrays of what has no size.
  bool sound = !__builtin_mul_overflow(type.count, element, &size) &&
               (element != 0 || type.count == 0 || type.target->go != GoKind::None);
  if (type.size == 0 && sound) type.size = size;
  if (sound && size <= type.size && !node.vector) return;
  type.kind = Kind::Unknown;
  type.count = 0;
  type.target = nullptr;
}

}  // namespace ttrace
