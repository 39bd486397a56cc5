#include "symbols/debug_location.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <optional>
#include <span>

#include "arch/calling.h"
#include "arch/machine.h"
#include "symbols/dwarf_die.h"

namespace ttrace {
namespace {

using Ops = std::span<const Dwarf_Op>;
using Kind = EntryLocation::Kind;

/// Per Abi: the stack pointer's DWARF number; how far the canonical frame address lies above the
/// stack pointer when a function is entered; and the vector registers that hold arguments.
struct Frame {
  unsigned stack_pointer;
  std::int64_t cfa_offset;
  unsigned first_vector;
  unsigned vectors;
  unsigned frame_pointer;  // whose place in the frame is fixed; 0: it is not
};
constexpr std::array<Frame, kAbiCount> kFrames = {{
    {7, 8, 17, 8, 6},   // X86_64
    {4, 4, 0, 0, 5},    // I386
    {31, 0, 64, 8, 0},  // Aarch64
    {13, 0, 0, 0, 0},   // Arm
}};

const Frame& frame_of(Abi abi) {
  return kFrames[static_cast<std::size_t>(abi)];
}

bool holds_argument(Abi abi, unsigned reg) {
  auto general = argument_registers(abi);
  const Frame& frame = frame_of(abi);
  return std::find(general.begin(), general.end(), reg) != general.end() ||
         (reg >= frame.first_vector && reg - frame.first_vector < frame.vectors);
}

/// An operation that stands for a range of opcodes, one for each of 32 registers or literals.
std::optional<unsigned> numbered(const Dwarf_Op& op, unsigned first, unsigned general) {
  if (op.atom >= first && op.atom < first + 32) return op.atom - first;
  if (op.atom == general && op.number < 1024) return static_cast<unsigned>(op.number);
  return std::nullopt;
}

std::optional<unsigned> register_named(const Dwarf_Op& op) {
  return numbered(op, DW_OP_reg0, DW_OP_regx);
}

struct Based {
  unsigned reg = 0;
  std::int64_t offset = 0;
};

/// A register plus a constant.
std::optional<Based> based(const Dwarf_Op& op) {
  auto reg = numbered(op, DW_OP_breg0, DW_OP_bregx);
  if (!reg) return std::nullopt;
  return Based{*reg, static_cast<std::int64_t>(op.atom == DW_OP_bregx ? op.number2 : op.number)};
}

std::optional<std::int64_t> literal(const Dwarf_Op& op) {
  static constexpr auto kConstants = std::to_array<unsigned>(
      {DW_OP_const1u, DW_OP_const1s, DW_OP_const2u, DW_OP_const2s, DW_OP_const4u, DW_OP_const4s,
       DW_OP_const8u, DW_OP_const8s, DW_OP_constu, DW_OP_consts});
  if (op.atom >= DW_OP_lit0 && op.atom <= DW_OP_lit31) return op.atom - DW_OP_lit0;
  if (std::find(kConstants.begin(), kConstants.end(), op.atom) == kConstants.end())
    return std::nullopt;
  return static_cast<std::int64_t>(op.number);
}

std::optional<std::int64_t> little_endian(const Dwarf_Block& block) {
  if (block.length == 0 || block.length > sizeof(std::int64_t)) return std::nullopt;
  std::int64_t value = 0;
  std::memcpy(&value, block.data, block.length);
  return value;
}

bool is_expression(Dwarf_Attribute& location) {
  static constexpr auto kForms = std::to_array<unsigned>(
      {DW_FORM_exprloc, DW_FORM_block, DW_FORM_block1, DW_FORM_block2, DW_FORM_block4});
  return std::find(kForms.begin(), kForms.end(), dwarf_whatform(&location)) != kForms.end();
}

/// The register whose value at entry `op` names.
std::optional<unsigned> entry_value(Dwarf_Attribute& location, const Dwarf_Op& op) {
  if (op.atom != DW_OP_entry_value && op.atom != DW_OP_GNU_entry_value) return std::nullopt;
  Dwarf_Attribute inner;
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
  if (dwarf_getlocation_attr(&location, &op, &inner) != 0 ||
      dwarf_getlocation(&inner, &ops, &count) != 0 || count != 1)
    return std::nullopt;
  return register_named(ops[0]);
}

/// Where the frame base lies above the stack pointer at entry; nullopt when it is a register that
/// the function has yet to set.
std::optional<std::int64_t> frame_base(const EntryPoint& entry) {
  auto found = inherited_attribute(entry.function, DW_AT_frame_base);
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
  if (!found || dwarf_getlocation_addr(&*found, entry.address.value(), &ops, &count, 1) != 1 ||
      count != 1)
    return std::nullopt;
  const Frame& frame = frame_of(entry.abi);
  if (ops[0].atom == DW_OP_call_frame_cfa) return frame.cfa_offset;
  // The frame pointer lies below the return address, once the prologue has set it.
  if (frame.frame_pointer != 0 && register_named(ops[0]) == frame.frame_pointer)
    return frame.cfa_offset - 2 * static_cast<std::int64_t>(word_size(entry.abi));
  // Old compilers describe the CFA itself, in a list; outside a list it is for after the prologue.
  if (auto base = based(ops[0]); base && base->reg == frame.stack_pointer && !is_expression(*found))
    return base->offset;
  return std::nullopt;
}

/// The first register that an expression names, or that it speaks of the frame; nullopt: neither.
std::optional<unsigned> register_in(Ops ops, const Frame& frame) {
  for (const Dwarf_Op& op : ops) {
    if (op.atom == DW_OP_fbreg) return EntryLocation::kFrame;
    if (auto reg = register_named(op)) return reg;
    if (auto base = based(op)) {
      bool of_frame = base->reg == frame.stack_pointer ||
                      (frame.frame_pointer != 0 && base->reg == frame.frame_pointer);
      return of_frame ? EntryLocation::kFrame : base->reg;
    }
  }
  return std::nullopt;
}

/// One parameter's location at entry.
class Classifier {
 public:
  /// `size`: of the parameter, in bytes; 0 when unknown.
  Classifier(const EntryPoint& entry, Dwarf_Attribute& location, bool list, std::uint64_t size)
      : entry_(entry), location_(location), list_(list), size_(size) {}

  EntryLocation classify(Ops ops) {
    if (ops.empty()) return {Kind::OptimizedOut};
    if (ops.size() == 1) return classify_one(ops[0]);
    if (ops.back().atom == DW_OP_stack_value && keeps_value(ops.subspan(1, ops.size() - 2)))
      return classify_value(ops[0]);
    // Passed by reference, and the reference is on the stack.
    if (ops.size() == 2 && ops.back().atom == DW_OP_deref && list_)
      if (auto reg = register_in(ops, frame_of(entry_.abi))) return {Kind::Later, *reg};
    bool pieces = std::any_of(ops.begin(), ops.end(), [](const Dwarf_Op& op) {
      return op.atom == DW_OP_piece || op.atom == DW_OP_bit_piece;
    });
    return pieces ? by_convention() : unknown();
  }

 private:
  /// Whether operations on a value leave as many low bytes of it alone as the parameter has: clang
  /// masks and converts a `bool` that it got in a register.
  bool keeps_value(Ops ops) {
    for (std::size_t i = 0; i < ops.size(); ++i) {
      if (ops[i].atom == DW_OP_convert || ops[i].atom == DW_OP_GNU_convert) {
        Dwarf_Die type;
        if (dwarf_getlocation_die(&location_, &ops[i], &type) != 0 ||
            constant(type, DW_AT_byte_size).value_or(0) < size_)
          return false;
        continue;
      }
      auto mask = literal(ops[i]);
      if (!mask || ++i == ops.size() || ops[i].atom != DW_OP_and) return false;
      auto bits = static_cast<unsigned>(std::countr_one(static_cast<std::uint64_t>(*mask)));
      if (bits < size_ * 8) return false;
    }
    return size_ != 0 || ops.empty();
  }

  EntryLocation classify_one(const Dwarf_Op& op) {
    if (auto reg = register_named(op)) return in_register(*reg);
    if (op.atom == DW_OP_fbreg) return in_frame(static_cast<std::int64_t>(op.number));
    if (auto base = based(op)) {
      if (base->reg != frame_of(entry_.abi).stack_pointer) return behind(*base);
      return list_ ? EntryLocation{Kind::Stack, 0, base->offset} : EntryLocation{};
    }
    if (op.atom == DW_OP_implicit_value) {
      Dwarf_Block block;
      if (dwarf_getlocation_implicit_value(&location_, &op, &block) == 0)
        if (auto value = little_endian(block)) return {Kind::Constant, 0, *value};
    }
    return unknown();
  }

  /// In memory that an argument register points to: passed by reference.
  [[nodiscard]] EntryLocation behind(const Based& base) const {
    bool argument = base.offset == 0 && holds_argument(entry_.abi, base.reg);
    return list_ && argument ? EntryLocation{Kind::Address, base.reg} : by_convention();
  }

  EntryLocation classify_value(const Dwarf_Op& op) {
    if (auto value = literal(op)) return {Kind::Constant, 0, *value};
    if (auto reg = entry_value(location_, op)) return {Kind::Register, *reg};
    if (auto base = based(op); base && base->offset == 0) return in_register(base->reg);
    return unknown();
  }

  /// An expression that holds for the whole function is true at entry when the register is one
  /// that callers put arguments in. (gcc -O0 says "rbx" for a `register` parameter, which it is
  /// only after the prologue.)
  EntryLocation in_register(unsigned reg) const {
    if (list_ || holds_argument(entry_.abi, reg)) return {Kind::Register, reg};
    return {};
  }

  /// A slot of the function's own frame is filled by its prologue; one above the return address
  /// was filled by the caller.
  EntryLocation in_frame(std::int64_t offset) {
    auto base = frame_base(entry_);
    if (!base) return unknown();
    std::int64_t from_sp = 0;
    if (__builtin_add_overflow(*base, offset, &from_sp)) return unknown();
    // Only a frame base that is true at entry makes what a list says of the frame true there.
    bool own_slot = list_ && *base >= frame_of(entry_.abi).cfa_offset;
    if (own_slot || from_sp >= frame_of(entry_.abi).cfa_offset) return {Kind::Stack, 0, from_sp};
    return {};
  }

  /// Said in a way for which EntryLocation has no word, though the calling convention says the
  /// same: several registers, or memory that a register points to.
  [[nodiscard]] EntryLocation by_convention() const {
    return {list_ && entry_.clone ? Kind::OptimizedOut : Kind::None};
  }
  [[nodiscard]] EntryLocation unknown() const { return {list_ ? Kind::OptimizedOut : Kind::None}; }

  const EntryPoint& entry_;
  Dwarf_Attribute& location_;
  bool list_;
  std::uint64_t size_;
};

EntryLocation constant_location(Dwarf_Attribute value) {
  Dwarf_Block block;
  Dwarf_Sword number = 0;
  if (dwarf_formsdata(&value, &number) == 0) return {Kind::Constant, 0, number};
  if (dwarf_formblock(&value, &block) == 0)
    if (auto bytes = little_endian(block)) return {Kind::Constant, 0, *bytes};
  return {Kind::OptimizedOut};
}

std::uint64_t size_of(Dwarf_Die parameter) {
  auto type = type_die(parameter);
  Dwarf_Word size = 0;
  return type && dwarf_aggregate_size(&*type, &size) == 0 ? size : 0;
}

/// A list that begins behind the function's first instruction, but soon. It is so for objects
/// passed by reference when nothing is optimised (clang, rustc), and for structures that come in
/// several registers (gcc).
EntryLocation stated_later(Dwarf_Attribute& location, const EntryPoint& entry) {
  constexpr std::uint64_t kLongestPrologue = 256;  // bytes
  constexpr int kMostEntries = 64;
  std::uint64_t first = std::numeric_limits<std::uint64_t>::max();
  EntryLocation found{Kind::OptimizedOut};
  ptrdiff_t at = 0;
  Dwarf_Addr base = 0;
  Dwarf_Addr start = 0;
  Dwarf_Addr end = 0;
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
  for (int i = 0; i < kMostEntries; ++i) {
    at = dwarf_getlocations(&location, at, &base, &start, &end, &ops, &count);
    if (at <= 0) break;
    if (start >= first || start < entry.address.value()) continue;
    first = start;
    auto reg = register_in(Ops(ops, count), frame_of(entry.abi));
    found = reg ? EntryLocation{Kind::Later, *reg} : EntryLocation{Kind::OptimizedOut};
  }
  if (first - entry.address.value() > kLongestPrologue) return {Kind::OptimizedOut};
  return found;
}

/// The expression of a list that holds at the function's first instruction, as dwarf_getlocation()
/// returns it. gcc writes entries for an empty range, too: what was true there before a statement
/// without code of its own, such as `argument = 5`. The first is what the caller passed.
int expression_at_entry(Dwarf_Attribute& location, std::uint64_t address, Dwarf_Op*& ops,
                        std::size_t& count) {
  constexpr int kMostEntries = 10'000;
  ptrdiff_t at = 0;
  Dwarf_Addr base = 0;
  Dwarf_Addr start = 0;
  Dwarf_Addr end = 0;
  for (int i = 0; i < kMostEntries; ++i) {
    at = dwarf_getlocations(&location, at, &base, &start, &end, &ops, &count);
    if (at <= 0) return static_cast<int>(at);
    if (start == address || (start < address && address < end)) return 1;
  }
  return 0;
}

}  // namespace

EntryLocation entry_location(Dwarf_Die parameter, const EntryPoint& entry) {
  if (auto value = attribute(parameter, DW_AT_const_value)) return constant_location(*value);
  auto location = attribute(parameter, DW_AT_location);
  // A function with code, and a parameter without a place: clang drops arguments that a function
  // does not use, and then its callers put anything into their registers.
  if (!location) return {Kind::OptimizedOut};
  bool list = !is_expression(*location);
  Dwarf_Op* ops = nullptr;
  std::size_t count = 0;
  int found = list ? expression_at_entry(*location, entry.address.value(), ops, count)
                   : (dwarf_getlocation(&*location, &ops, &count) == 0 ? 1 : -1);
  if (found < 0) return {list || entry.clone ? Kind::OptimizedOut : Kind::None};
  if (found == 0)
    return list && !entry.clone ? stated_later(*location, entry)
                                : EntryLocation{Kind::OptimizedOut};
  EntryLocation result =
      Classifier(entry, *location, list, size_of(parameter)).classify(Ops(ops, count));
  // Without such entries, a constant may be what the function itself assigned first of all.
  bool precise = !list || attribute(parameter, DW_AT_GNU_locviews);
  if (result.kind == Kind::Constant && !precise) return {Kind::OptimizedOut};
  return result;
}

bool looks_optimised(Dwarf_Die function, Abi abi) {
  Dwarf_Addr low = 0;
  if (dwarf_lowpc(&function, &low) != 0) return false;
  bool found = false;
  for_each_child(function, [&](Dwarf_Die child) {
    if (dwarf_tag(&child) != DW_TAG_formal_parameter) return true;
    found = attribute(child, DW_AT_const_value).has_value();
    auto location = attribute(child, DW_AT_location);
    if (found || !location || is_expression(*location)) return !found;
    Dwarf_Op* ops = nullptr;
    std::size_t count = 0;
    if (dwarf_getlocation_addr(&*location, low, &ops, &count, 1) == 1 && count > 0)
      if (auto reg = register_named(ops[0])) found = holds_argument(abi, *reg);
    return !found;
  });
  return found;
}

}  // namespace ttrace
