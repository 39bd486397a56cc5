// What is planted where, in memory that a second process can read after ttrace was killed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "arch/abi.h"
#include "arch/step.h"
#include "base/address.h"
#include "base/result.h"

namespace ttrace {

/// One trap in a program's text.
struct PlantedTrap {
  Pid pid;
  Abi machine = Abi::X86_64;
  Address at;
  Address copy;  // where the displaced instruction was last copied to; null: nowhere
  std::array<std::byte, DisplacedInstruction::kMaxLength> original{};  // the text from `at` on
};

/// A table of planted traps, shared by the process that plants them and, across fork(2), the one
/// that guards it. It is written before the text is, so that it names every trap there is; a trap
/// that it names need not be there (any more). One process writes.
class TrapJournal {
 public:
  /// A line of the table for as long as the object lives. By default, and in a copy, none.
  class Entry {
   public:
    Entry() = default;
    Entry(const Entry& /*other*/) {}
    Entry(Entry&& other) noexcept;
    Entry& operator=(Entry&& other) noexcept;
    Entry& operator=(const Entry&) = delete;
    ~Entry();
    void set_copy(Address copy);

   private:
    friend class TrapJournal;
    Entry(TrapJournal* journal, std::uint32_t line) : journal_(journal), line_(line) {}
    TrapJournal* journal_ = nullptr;
    std::uint32_t line_ = 0;
  };

  /// Error: no memory.
  static Result<std::unique_ptr<TrapJournal>> make();
  ~TrapJournal();
  TrapJournal(const TrapJournal&) = delete;
  TrapJournal& operator=(const TrapJournal&) = delete;

  /// An empty entry when the table is full (a million traps): such a trap is not guarded.
  Entry add(const PlantedTrap& trap);
  [[nodiscard]] std::vector<PlantedTrap> traps() const;

  /// The program that ttrace started; 0: none.
  void set_program(Pid program);
  [[nodiscard]] Pid program() const;

 private:
  struct Line;
  struct Table;
  explicit TrapJournal(Table* table) : table_(table) {}
  void remove(std::uint32_t line);

  Table* table_;
  std::vector<std::uint32_t> free_;
};

}  // namespace ttrace
