#include "functions/go_convention.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "arch/machine.h"

namespace ttrace {

namespace {

using Kind = Type::Kind;
using Where = Piece::Where;

// abi-internal.md, "amd64 architecture": RAX, RBX, RCX, RDI, RSI, R8, R9, R10, R11.
constexpr std::array<unsigned, 9> kX86{0, 3, 2, 5, 4, 8, 9, 10, 11};
// "arm64 architecture": R0 to R15.
constexpr std::array<unsigned, 16> kAarch64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

constexpr std::uint64_t kWord = 8;
// Above the stack pointer at entry: the return address, or the callee's room for the link register.
constexpr std::int64_t kFirstOnStack = 8;
// A value of that many scalars fits into no machine's registers.
constexpr std::size_t kMostScalars = 32;
constexpr unsigned kDeepest = 64;
// No larger argument was ever seen; sums stay far from overflow.
constexpr std::uint64_t kLargest = std::uint64_t{1} << 40U;

std::size_t vectors(Abi abi) {
  return abi == Abi::X86_64 ? 15 : 16;
}

// A scalar of a value.
struct Scalar {
  std::uint64_t offset = 0;
  std::uint32_t size = 0;
  bool real = false;
};

bool is_complex(const Type& type) {
  if (type.kind != Kind::Unknown) return false;
  return (type.go == GoKind::Complex64 && type.size == 8) ||
         (type.go == GoKind::Complex128 && type.size == 16);
}

// Nothing is known of where such a value is, nor of what stands behind it.
bool is_unknown(const Type* type) {
  if (type == nullptr || type->size > kLargest) return true;
  return type->kind == Kind::Unknown && !is_complex(*type);
}

// False: no register assignment, because of an array of more than one element or too many scalars.
bool scalars_of(const Type& type, std::uint64_t offset, unsigned depth, std::vector<Scalar>& to) {
  if (depth > kDeepest || to.size() > kMostScalars) return false;
  if (type.kind == Kind::Struct) {
    return std::ranges::all_of(type.members, [&](const Member& member) {
      const bool empty = member.type != nullptr && member.type->size == 0;
      return member.type == nullptr || (empty && member.type->kind != Kind::Array) ||
             scalars_of(*member.type, offset + member.offset, depth + 1, to);
    });
  }
  if (type.kind == Kind::Array) {
    if (type.count == 0) return true;
    return type.count == 1 && type.target != nullptr &&
           scalars_of(*type.target, offset, depth + 1, to);
  }
  if (is_complex(type)) {
    auto half = static_cast<std::uint32_t>(type.size / 2);
    to.push_back({offset, half, true});
    to.push_back({offset + half, half, true});
    return true;
  }
  if (type.size == 0) return true;
  if (type.size > kWord || type.kind == Kind::Union || type.kind == Kind::Unknown) return false;
  to.push_back({offset, static_cast<std::uint32_t>(type.size), type.kind == Kind::Float});
  return true;
}

std::uint64_t align_up(std::uint64_t at, std::uint64_t align) {
  return (at + align - 1) / align * align;
}

// The strictest of its scalars: Go aligns nothing to more than a word. At most `left` types are
// looked at.
std::uint64_t alignment(const Type& type, unsigned& left, unsigned depth = 0) {
  if (depth > kDeepest || left == 0) return kWord;
  --left;
  std::uint64_t align = 1;
  if (type.kind == Kind::Struct) {
    for (const Member& member : type.members)
      if (member.type != nullptr) align = std::max(align, alignment(*member.type, left, depth + 1));
    return align;
  }
  if (type.kind == Kind::Array)
    return type.target != nullptr ? alignment(*type.target, left, depth + 1) : 1;
  if (is_complex(type)) return type.size / 2;
  return std::clamp<std::uint64_t>(type.size, 1, kWord);
}

std::uint64_t alignment(const Type& type) {
  unsigned left = 10'000;
  return alignment(type, left);
}

// The algorithm of the section "Function call argument and result passing".
class Assignment {
 public:
  Assignment(Abi abi, bool registers) : abi_(abi), registers_(registers) {}

  Place place(const Type& type) {
    if (type.size == 0) {
      stack_ = align_up(stack_, alignment(type));
      return {};
    }
    std::vector<Scalar> scalars;
    if (registers_ && scalars_of(type, 0, 0, scalars))
      if (auto place = in_registers(type, scalars)) return *place;
    return on_stack(type);
  }

  // What follows the arguments begins at a word.
  void end_of_arguments() {
    stack_ = align_up(stack_, kWord);
    general_ = 0;
    vector_ = 0;
  }

  // Whether a register was given out already.
  [[nodiscard]] bool has_given(const Piece& piece) const {
    return piece.where == Where::Vector ? piece.reg < vector_ : index_of(piece) < general_;
  }

  // Goes on from where a value's first register says. False: it is none of arguments.
  bool resume_at(const Piece& first) {
    if (first.where == Where::Vector) {
      vector_ = first.reg;
      return first.reg < vectors(abi_);
    }
    general_ = index_of(first);
    return general_ < go_registers(abi_).size();
  }

 private:
  [[nodiscard]] std::size_t index_of(const Piece& general) const {
    auto all = go_registers(abi_);
    return static_cast<std::size_t>(std::ranges::find(all, general.reg) - all.begin());
  }

  std::optional<Place> in_registers(const Type& type, const std::vector<Scalar>& scalars) {
    auto reals = static_cast<std::size_t>(
        std::ranges::count_if(scalars, [](const Scalar& scalar) { return scalar.real; }));
    auto all = go_registers(abi_);
    if (vector_ + reals > vectors(abi_) || general_ + (scalars.size() - reals) > all.size())
      return std::nullopt;
    Place place;
    std::uint64_t end = 0;
    for (const Scalar& scalar : scalars) {
      // Members lie in the order of their offsets; padding between them is no register's.
      if (scalar.offset < end || scalar.offset + scalar.size > type.size) return std::nullopt;
      pad(scalar.offset - end, place);
      end = scalar.offset + scalar.size;
      Piece piece;
      piece.where = scalar.real ? Where::Vector : Where::Register;
      piece.reg = scalar.real ? static_cast<unsigned>(vector_++) : all[general_++];
      piece.size = scalar.size;
      place.pieces.push_back(piece);
    }
    return place;
  }

  // Pieces lie one behind the other: a part of the piece before stands for the gap behind it.
  static void pad(std::uint64_t gap, Place& place) {
    if (gap != 0 && !place.pieces.empty())
      place.pieces.back().size += static_cast<std::uint32_t>(gap);
  }

  Place on_stack(const Type& type) {
    stack_ = align_up(stack_, alignment(type));
    Piece piece;
    piece.where = Where::Stack;
    piece.offset = kFirstOnStack + static_cast<std::int64_t>(stack_);
    piece.size = static_cast<std::uint32_t>(std::min<std::uint64_t>(type.size, UINT32_MAX));
    stack_ = std::min(stack_ + type.size, kLargest);
    return {false, {piece}};
  }

  Abi abi_;
  bool registers_;
  std::size_t general_ = 0;  // how many were given out
  std::size_t vector_ = 0;
  std::uint64_t stack_ = 0;  // bytes
};

bool same_place(const Place& place, const Piece& stated) {
  if (place.pieces.empty()) return false;
  const Piece& first = place.pieces.front();
  if (first.where != stated.where) return false;
  return stated.where == Where::Stack ? first.offset == stated.offset : first.reg == stated.reg;
}

std::optional<Piece> stated_piece(Abi abi, const Parameter& parameter) {
  if (parameter.location.kind == EntryLocation::Kind::Register)
    return dwarf_piece(abi, parameter.location.reg, kWord);
  if (parameter.location.kind != EntryLocation::Kind::Stack) return std::nullopt;
  Piece piece;
  piece.where = Where::Stack;
  piece.offset = parameter.location.offset;
  return piece;
}

bool on_stack(const Place& place) {
  return !place.pieces.empty() && place.pieces.front().where == Where::Stack;
}

}  // namespace

std::span<const unsigned> go_registers(Abi abi) {
  if (abi == Abi::X86_64) return kX86;
  if (abi == Abi::Aarch64) return kAarch64;
  return {};
}

GoPlaces place_go(Abi abi, bool registers, std::span<const Parameter> parameters,
                  std::span<const Parameter> results, bool complete) {
  GoPlaces places;
  Assignment assignment(abi, registers);
  bool known = true;  // everything up to here is described; `complete`: likewise, on the stack
  for (const Parameter& parameter : parameters) {
    known = known && !is_unknown(parameter.type);
    complete = complete && known;
    Place place;
    if (known) {
      const Assignment before = assignment;
      place = assignment.place(*parameter.type);
      auto stated = stated_piece(abi, parameter);
      // A place on the stack may be where the function keeps what it got in registers. A register
      // of an earlier parameter is what the function assigns first of all (`if b == nil { b = a
      // }`).
      bool contradicts =
          stated && !place.pieces.empty() && !same_place(place, *stated) &&
          (stated->where == Where::Stack ? on_stack(place) : !before.has_given(*stated));
      if (contradicts) {
        complete = false;
        assignment = before;
        known = stated->where != Where::Stack && assignment.resume_at(*stated);
        if (known) place = assignment.place(*parameter.type);
        known = known && same_place(place, *stated);
        if (!known) place = {};
      } else if (!complete && on_stack(place) && !(stated && same_place(place, *stated))) {
        place = {};
      }
    }
    places.arguments.push_back(std::move(place));
  }
  assignment.end_of_arguments();
  places.known = true;
  for (const Parameter& result : results) {
    places.known = places.known && !is_unknown(result.type);
    Place place;
    if (places.known) place = assignment.place(*result.type);
    // Where results on the stack are depends on all arguments that are there.
    if (on_stack(place) && !complete) {
      place = {};
      places.known = false;
    }
    places.results.push_back(std::move(place));
  }
  return places;
}

}  // namespace ttrace
