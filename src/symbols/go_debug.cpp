#include "symbols/go_debug.h"

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "arch/machine.h"
#include "symbols/dwarf_die.h"

namespace ttrace {
namespace {

constexpr unsigned kGoKind = 0x2900;  // DW_AT_go_kind
constexpr std::size_t kMostParameters = 1024;

std::optional<unsigned> register_of(const Dwarf_Op& op) {
  constexpr Dwarf_Word kMostRegisters = 1024;
  if (op.atom >= DW_OP_reg0 && op.atom <= DW_OP_reg31) return op.atom - DW_OP_reg0;
  if (op.atom == DW_OP_regx && op.number < kMostRegisters) return static_cast<unsigned>(op.number);
  return std::nullopt;
}

/// Of the frame base, which is always the canonical frame address: above the stack pointer at entry
/// by the return address, where there is one on the stack.
std::optional<std::int64_t> stack_offset(const Dwarf_Op& op, Abi abi) {
  const std::int64_t cfa = abi == Abi::X86_64 ? 8 : 0;
  if (op.atom == DW_OP_call_frame_cfa) return cfa;
  std::int64_t offset = 0;
  if (op.atom != DW_OP_fbreg ||
      __builtin_add_overflow(static_cast<std::int64_t>(op.number), cfa, &offset))
    return std::nullopt;
  return offset;
}

/// Where the first piece of a parameter is when the function is entered.
EntryLocation hint_of(Dwarf_Die parameter, Address address, Abi abi) {
  auto location = attribute(parameter, DW_AT_location);
  // Go before 1.25 writes an expression as a block, as in DWARF 2, and libdw takes no block of a
  // DWARF 4 unit for an expression. Short ones look the same.
  constexpr std::size_t kShort = 0x80;
  Dwarf_Block block;
  if (location && dwarf_whatform(&*location) == DW_FORM_block1 &&
      dwarf_formblock(&*location, &block) == 0 && block.length < kShort)
    location->form = DW_FORM_exprloc;
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
  if (!location || dwarf_getlocation_addr(&*location, address.value(), &ops, &count, 1) != 1 ||
      count == 0)
    return {};
  using Kind = EntryLocation::Kind;
  if (auto reg = register_of(ops[0])) return {Kind::Register, *reg};
  if (auto offset = stack_offset(ops[0], abi); offset && count == 1)
    return {Kind::Stack, 0, *offset};
  return {};
}

/// The compiler's names for what has none in the source: ~r0 a result, ~p1 and ~b1 a parameter.
bool is_made_up(const std::string& name) {
  return name.starts_with('~') || name == "_";
}

}  // namespace

GoKind go_kind_of(Dwarf_Die type) {
  auto kind = go_kind_from(constant(type, kGoKind).value_or(0));
  if (kind != GoKind::None) return kind;
  if (dwarf_tag(&type) != DW_TAG_pointer_type || !is_go(type)) return GoKind::None;
  return name_of(type) == "unsafe.Pointer" ? GoKind::UnsafePointer : GoKind::Pointer;
}

bool is_go(Dwarf_Die die) {
  Dwarf_Die unit;
  return dwarf_diecu(&die, &unit, nullptr, nullptr) != nullptr &&
         dwarf_srclang(&unit) == DW_LANG_Go;
}

void read_go_signature(Dwarf_Die function, Address address, Abi abi, DebugTypes& types,
                       Signature& to) {
  to.go = true;
  std::set<std::string> seen;
  for_each_child(function, kMostParameters, [&](Dwarf_Die child) {
    if (dwarf_tag(&child) != DW_TAG_formal_parameter) return true;
    Parameter parameter;
    parameter.name = name_of(child);
    // Go 1.19 describes some results twice. Only what is called _ may be there more than once.
    if (parameter.name != "_" && !seen.insert(parameter.name).second) return true;
    if (auto type = type_die(child)) parameter.type = types.read(*type);
    parameter.location = hint_of(child, address, abi);
    parameter.artificial = parameter.name == ".dict";
    if (is_made_up(parameter.name)) parameter.name.clear();
    bool result = flag(child, DW_AT_variable_parameter);
    (result ? to.results : to.parameters).push_back(std::move(parameter));
    return true;
  });
}

}  // namespace ttrace
