#include "symbols/debug_members.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "symbols/dwarf_die.h"

namespace ttrace {
namespace {

constexpr std::size_t kMostEnumerators = 65536;

/// DW_AT_data_member_location: a constant, or in old files an expression that adds one.
std::optional<std::uint64_t> member_offset(Dwarf_Die member) {
  auto location = attribute(member, DW_AT_data_member_location);
  if (!location) return 0;
  Dwarf_Word value = 0;
  if (dwarf_formudata(&*location, &value) == 0) return value;
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
  if (dwarf_getlocation(&*location, &ops, &count) == 0 && count == 1 &&
      ops[0].atom == DW_OP_plus_uconst)
    return ops[0].number;
  return std::nullopt;
}

/// Sets offset and bit_offset of a bitfield; false when the numbers make no sense.
bool place_bitfield(Dwarf_Die die, std::uint64_t offset, Member& member) {
  std::uint64_t bit = 0;
  if (__builtin_mul_overflow(offset, 8, &bit)) return false;
  if (auto from_start = constant(die, DW_AT_data_bit_offset)) {
    if (__builtin_add_overflow(bit, *from_start, &bit)) return false;
  } else if (auto from_top = signed_constant(die, DW_AT_bit_offset)) {
    // DWARF 3 counts from the most significant bit of the storage unit; a packed bit-field may
    // reach beyond it, and clang writes that as a negative number.
    std::int64_t unit =
        static_cast<std::int64_t>(constant(die, DW_AT_byte_size).value_or(0) & 0xff);
    if (auto type = type_die(die); unit == 0 && type) {
      Dwarf_Die peeled;
      Dwarf_Word size = 0;
      if (dwarf_peel_type(&*type, &peeled) == 0 && dwarf_aggregate_size(&peeled, &size) == 0)
        unit = static_cast<std::int64_t>(std::min<Dwarf_Word>(size, 0xff));
    }
    std::int64_t bits = member.bit_size;
    if (unit > 16 || *from_top < -128 || *from_top > unit * 8 - bits) return false;
    if (__builtin_add_overflow(bit, static_cast<std::uint64_t>(unit * 8 - *from_top - bits), &bit))
      return false;
  }
  member.offset = bit / 8;
  member.bit_offset = static_cast<std::uint32_t>(bit % 8);
  return true;
}

/// Written by the programmer: neither implicit nor `= default` nor `= delete`.
bool user_provided(Dwarf_Die method) {
  return !flag(method, DW_AT_artificial) && !flag(method, DW_AT_deleted) &&
         constant(method, DW_AT_defaulted).value_or(0) != DW_DEFAULTED_in_class;
}

std::string_view text_of(const char* text) {
  return text == nullptr ? "" : text;
}

/// `T(const T&)` and `T(T&&)`. In a type unit, T there may be a declaration of it.
bool copies_or_moves(Dwarf_Die method, Dwarf_Die class_die, std::string_view class_name) {
  int index = 0;
  bool result = false;
  for_each_child(method, [&](Dwarf_Die child) {
    if (dwarf_tag(&child) != DW_TAG_formal_parameter) return true;
    if (index++ == 0) return true;  // this
    auto reference = type_die(child);
    if (!reference) return false;
    int tag = dwarf_tag(&*reference);
    auto target = type_die(*reference);
    Dwarf_Die peeled;
    result = (tag == DW_TAG_reference_type || tag == DW_TAG_rvalue_reference_type) && target &&
             dwarf_peel_type(&*target, &peeled) == 0 &&
             (peeled.addr == class_die.addr || class_name == text_of(dwarf_diename(&peeled)));
    return false;
  });
  return result;
}

bool makes_nontrivial(Dwarf_Die child, Dwarf_Die class_die, std::string_view class_name) {
  int tag = dwarf_tag(&child);
  bool is_virtual = constant(child, DW_AT_virtuality).value_or(0) != 0;
  if (tag == DW_TAG_inheritance) return is_virtual;
  if (tag != DW_TAG_subprogram) return false;
  if (is_virtual) return true;
  auto method = text_of(dwarf_diename(&child));
  if (method.empty() || !user_provided(child)) return false;
  if (method.starts_with('~')) return true;
  auto plain = [](std::string_view text) { return text.substr(0, text.find('<')); };
  return plain(method) == plain(class_name) && copies_or_moves(child, class_die, class_name);
}

}  // namespace

std::optional<Member> member_from(Dwarf_Die die) {
  Member member;
  member.base_class = dwarf_tag(&die) == DW_TAG_inheritance;
  // Static members: DWARF 4 has them as members that are declarations.
  if (is_declaration(die) || flag(die, DW_AT_external)) return std::nullopt;
  if (member.base_class && constant(die, DW_AT_virtuality).value_or(0) != 0) return std::nullopt;
  auto offset = member_offset(die);
  if (!offset) return std::nullopt;
  member.offset = *offset;
  member.name = name_of(die);
  member.artificial = flag(die, DW_AT_artificial);
  if (auto bits = constant(die, DW_AT_bit_size)) {
    if (*bits == 0 || *bits > 128) return std::nullopt;
    member.bit_size = static_cast<std::uint32_t>(*bits);
    if (!place_bitfield(die, *offset, member)) return std::nullopt;
  }
  return member;
}

std::vector<Enumerator> enumerators_of(Dwarf_Die enumeration) {
  std::vector<Enumerator> result;
  for_each_child(enumeration, [&](Dwarf_Die child) {
    if (dwarf_tag(&child) != DW_TAG_enumerator) return true;
    if (auto value = signed_constant(child, DW_AT_const_value))
      result.push_back({name_of(child), *value});
    return result.size() < kMostEnumerators;
  });
  return result;
}

Passing passing_of(Dwarf_Die class_die) {
  if (auto convention = constant(class_die, DW_AT_calling_convention)) {
    if (*convention == DW_CC_pass_by_reference) return {true, true};
    if (*convention == DW_CC_pass_by_value) return {false, true};
  }
  Passing passing;
  auto name = text_of(dwarf_diename(&class_die));
  for_each_child(class_die, [&](Dwarf_Die child) {
    passing.by_reference = makes_nontrivial(child, class_die, name);
    return !passing.by_reference;
  });
  return passing;
}

}  // namespace ttrace
