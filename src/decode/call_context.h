// One call while it is being decoded: what the table-driven decoder and the hand-written decoders
// of custom/ work with.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/arena.h"
#include "base/memory.h"
#include "base/number.h"
#include "decode/budget.h"
#include "decode/decoder.h"
#include "decode/tables.h"

namespace ttrace {

/// What a hand-written decoder gets.
struct CustomInput {
  std::uint64_t value = 0;        // of a scalar; the address of what is in memory
  std::uint64_t length = 0;       // of what is in memory, when the description says it; else 0
  const Value* before = nullptr;  // at the exit: what was decoded at the entry, of `inout`
};

/// The constant of an enum with this value, or how a value without one is shown.
Value lookup_symbol(tables::Index set, std::uint64_t value, Abi abi);

/// Decodes the parts of one call. Values that it makes live in the call's arena. Made for the entry
/// or the exit and thrown away.
class CallContext {
 public:
  CallContext(const DecodeOptions& options, PendingSyscall& pending, Memory& memory)
      : options_(options), pending_(pending), memory_(memory, pending.verbose) {}
  CallContext(const DecodeOptions& options, PendingSyscall& pending, Memory& memory,
              const SyscallOutcome& outcome)
      : options_(options),
        pending_(pending),
        memory_(memory, pending.verbose),
        outcome_(&outcome) {}

  [[nodiscard]] const DecodeOptions& options() const { return options_; }
  /// Whether everything is shown, however long it is.
  [[nodiscard]] bool verbose() const { return pending_.verbose; }
  /// Whether pointers to more than text are followed.
  [[nodiscard]] bool dereferences() const { return pending_.dereference; }
  [[nodiscard]] Abi abi() const { return pending_.request.abi; }
  [[nodiscard]] std::size_t abi_index() const { return static_cast<std::size_t>(abi()); }
  [[nodiscard]] unsigned word() const { return word_size(abi()); }
  [[nodiscard]] const SyscallRequest& request() const { return pending_.request; }
  /// The call that restart_syscall resumes; empty when it is not known.
  [[nodiscard]] std::string_view interrupted() const { return pending_.interrupted; }
  /// Whose call it is.
  [[nodiscard]] Tid tid() const { return pending_.tid; }
  [[nodiscard]] Arena& arena() { return pending_.arena; }
  [[nodiscard]] Memory& memory() { return memory_; }
  /// The call has cost what a call may: a list ends here, in `...`.
  [[nodiscard]] bool spent() { return memory_.spent() || arena().left() == 0; }
  [[nodiscard]] bool at_exit() const { return outcome_ != nullptr; }
  /// What the call returned; only at the exit of a call that succeeded.
  [[nodiscard]] std::int64_t returned() const { return outcome_->rval; }
  /// The errno it failed with, 0 on success; only at the exit.
  [[nodiscard]] std::uint64_t error() const;
  /// What the argument with this index was decoded as so far; null when the call has it not.
  [[nodiscard]] const Value* decoded(std::size_t index) const;
  /// How many elements of an array of `count` are shown, of each of which `size` bytes are read.
  [[nodiscard]] std::size_t shown_elements(std::uint64_t count, std::size_t size = 0);
  /// The argument with this index in the description, as passed; both halves of a 64-bit one.
  [[nodiscard]] std::uint64_t argument(std::size_t index) const;
  /// The number that an operand stands for now; 0 when it cannot be read.
  [[nodiscard]] std::uint64_t evaluate(tables::Index operand) const;
  /// True for tables::kNone.
  [[nodiscard]] bool holds(tables::Index condition) const;

  /// A value of a type that a register can hold, `raw` having at least the type's bytes.
  Value scalar(const tables::Type& type, std::uint64_t raw);
  /// A value of a type that is in memory at `at`, or a scalar there: printed [1]. NULL and
  /// unreadable memory give the address.
  Value pointee(const tables::Type& type, Address at, const Value* before = nullptr);
  /// A value of a type with a fixed size, out of bytes that were read.
  Value load(const tables::Type& type, std::span<const std::byte> bytes);
  /// The bytes at `at`, in the arena; fewer than `size` when not all can be read, or are
  /// affordable.
  std::span<const std::byte> read(Address at, std::size_t size);

  [[nodiscard]] Value symbol(tables::Index set, std::uint64_t value) const {
    return lookup_symbol(set, value, abi());
  }
  Value flags(tables::Index set, std::uint64_t value);
  /// A descriptor, with its name when names are shown.
  Value descriptor(std::int32_t fd);
  /// A descriptor of a directory, or AT_FDCWD.
  Value directory_descriptor(std::int32_t fd);
  /// A NUL-terminated string of which at most `limit` bytes are shown.
  Value string(Address at, std::size_t limit);
  /// `length` bytes of which at most options().string_limit are shown.
  Value bytes(Address at, std::uint64_t length);

  std::span<const Value> list(std::span<const Value> values) { return arena().copy(values); }
  std::string_view text(std::string_view text) { return arena().copy(text); }

 private:
  /// The bytes of a structure, for Operand::Source::Field; those of the one around it.
  struct Frame {
    std::span<const std::byte> bytes;
    const Frame* outer = nullptr;
  };

  [[nodiscard]] bool passes(const tables::Condition& condition) const;
  /// The fields of a structure type on this ABI; null when it has none.
  [[nodiscard]] const tables::Slice* layout(const tables::Type& type) const;
  Value array(const tables::Type& type, Address at, std::uint64_t count, bool whole);
  /// As many elements as `bytes` hold; `more` of them exist.
  Value elements(const tables::Type& element, std::span<const std::byte> bytes, bool more,
                 Address unreadable);
  /// A structure of which the program has as many bytes as the type's length says.
  Value sized_structure(const tables::Type& type, Address at);
  /// Whether a field that these bytes hold is shown now.
  [[nodiscard]] bool is_shown(tables::Field::How how, std::span<const std::byte> bytes) const;
  Value structure(const tables::Type& type, std::span<const std::byte> bytes);
  [[nodiscard]] std::uint64_t pointed(const tables::Operand& operand) const;

  const DecodeOptions& options_;
  PendingSyscall& pending_;
  mutable BudgetedMemory memory_;
  const SyscallOutcome* outcome_ = nullptr;
  const Frame* frame_ = nullptr;       // the structure that is being decoded
  const std::byte* extent_ = nullptr;  // the end of the last field that was decoded of it
  const Value* before_ = nullptr;      // what the next structure was at the entry
};

}  // namespace ttrace
