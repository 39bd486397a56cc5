// Small, bounded questions to a debugging information entry (DIE).
#pragma once

#include <dwarf.h>
#include <elfutils/libdw.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

namespace ttrace {

inline std::optional<Dwarf_Attribute> attribute(Dwarf_Die die, unsigned name) {
  Dwarf_Attribute result;
  if (dwarf_attr(&die, name, &result) == nullptr) return std::nullopt;
  return result;
}

/// The attribute of the DIE, or of its abstract origin or specification.
inline std::optional<Dwarf_Attribute> inherited_attribute(Dwarf_Die die, unsigned name) {
  Dwarf_Attribute result;
  if (dwarf_attr_integrate(&die, name, &result) == nullptr) return std::nullopt;
  return result;
}

inline bool flag(Dwarf_Die die, unsigned name) {
  auto found = inherited_attribute(die, name);
  bool value = false;
  return found && dwarf_formflag(&*found, &value) == 0 && value;
}

/// Asked of the DIE itself: a definition refers to its declaration, and would inherit the flag.
inline bool is_declaration(Dwarf_Die die) {
  auto found = attribute(die, DW_AT_declaration);
  bool value = false;
  return found && dwarf_formflag(&*found, &value) == 0 && value;
}

/// A constant; nullopt also when the attribute is an expression.
inline std::optional<std::uint64_t> constant(Dwarf_Die die, unsigned name) {
  auto found = attribute(die, name);
  Dwarf_Word value = 0;
  if (!found || dwarf_formudata(&*found, &value) != 0) return std::nullopt;
  return value;
}

/// A constant that may be negative; nullopt also when the attribute is an expression. Compilers
/// write negative values in a signed form, and only those need one: libdw would take the one-byte
/// form of 200 for a negative number.
inline std::optional<std::int64_t> signed_constant(Dwarf_Die die, unsigned name) {
  auto found = attribute(die, name);
  if (!found) return std::nullopt;
  unsigned form = dwarf_whatform(&*found);
  if (form == DW_FORM_sdata || form == DW_FORM_implicit_const) {
    Dwarf_Sword number = 0;
    if (dwarf_formsdata(&*found, &number) != 0) return std::nullopt;
    return number;
  }
  auto magnitude = constant(die, name);
  if (!magnitude) return std::nullopt;
  return static_cast<std::int64_t>(*magnitude);
}

/// The DIE that a reference attribute names.
inline std::optional<Dwarf_Die> referenced(Dwarf_Die die, unsigned name) {
  auto found = attribute(die, name);
  Dwarf_Die result;
  if (!found || dwarf_formref_die(&*found, &result) == nullptr) return std::nullopt;
  return result;
}

/// DW_AT_type, of the DIE or of what it is an instance of; nullopt: void.
inline std::optional<Dwarf_Die> type_die(Dwarf_Die die) {
  auto found = inherited_attribute(die, DW_AT_type);
  Dwarf_Die result;
  if (!found || dwarf_formref_die(&*found, &result) == nullptr) return std::nullopt;
  return result;
}

/// Text from the file, fit to be shown: cut where no real name ends, no control characters.
inline std::string bounded_text(const char* text) {
  constexpr std::size_t kLongest = 1024;
  if (text == nullptr) return {};
  std::string result(text, strnlen(text, kLongest));
  std::replace_if(
      result.begin(), result.end(),
      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
  return result;
}

/// DW_AT_name, of the DIE or of what it is an instance of; empty when there is none.
inline std::string name_of(Dwarf_Die die) {
  return bounded_text(dwarf_diename(&die));
}

inline constexpr std::size_t kAllChildren = std::numeric_limits<std::size_t>::max();

/// Calls `visit(Dwarf_Die)` for each child until it returns false, for at most `most` children.
template <class Visit>
void for_each_child(Dwarf_Die die, std::size_t most, Visit visit) {
  Dwarf_Die child;
  if (dwarf_child(&die, &child) != 0) return;
  for (std::size_t i = 0; i < most && visit(child); ++i)
    if (dwarf_siblingof(&child, &child) != 0) return;
}

/// The same for things of which no program has many: members, parameters, enumerators.
template <class Visit>
void for_each_child(Dwarf_Die die, Visit visit) {
  constexpr std::size_t kMost = 100'000;
  for_each_child(die, kMost, visit);
}

}  // namespace ttrace
