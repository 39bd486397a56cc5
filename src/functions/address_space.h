// The state of one address space: what is mapped in it and which traps are planted there. Shared by
// the threads of a process, and by a vfork child until it executes a program.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "arch/abi.h"
#include "arch/step.h"
#include "base/address.h"
#include "base/memory.h"
#include "functions/goroutines.h"
#include "functions/loaded_modules.h"
#include "functions/slots.h"
#include "functions/stacks.h"
#include "functions/traced_function.h"
#include "functions/trap_journal.h"
#include "functions/unwinder.h"
#include "os/process_memory.h"

namespace ttrace {

struct Ifunc;

/// One planted trap. It may have several reasons; it stays until the text is let go of, unmapped or
/// changed by the program.
struct Site {
  Abi machine = Abi::X86_64;
  DisplacedInstruction instruction;                                    // what the trap displaced
  std::array<std::byte, DisplacedInstruction::kMaxLength> original{};  // the bytes from there on
  TracedFunction* entry = nullptr;  // a traced function begins here
  bool shown = false;               // each of its calls is
  bool within = false;              // what happens inside is asked for (--within)
  bool followed_into = false;       // those that a shown one makes (--follow-calls)
  bool followed = false;            // what it calls is traced, too
  bool branches = false;            // a call or jump through a pointer that is followed
  std::uint64_t behind = 0;         // bytes of instructions, and
  std::uint64_t pushed = 0;         // bytes pushed, between its entry and here
  bool returns = false;             // a traced call returns to here
  bool planted = true;              // false: given up, because it could not be stepped over
  bool lands = false;               // a thread lands here without a call returning
  Ifunc* chooses = nullptr;         // a function that chooses an IFUNC's implementation begins here
  bool chosen = false;              // and returns to here
  // Go: a traced call ends with the instruction here. `leaves`: by a jump to another function.
  const Function* ends = nullptr;
  bool leaves = false;
  Address leads_to;          // where the jump goes; null: through a register
  std::uint64_t ahead = 0;   // bytes of instructions, and
  std::uint64_t popped = 0;  // of the stack that they pop, between here and that instruction
  bool sure = false;         // a thread that stands behind the trap has hit it
  bool repeats = false;      // Go: one call may come to its entry here more than once
  // What a function that begins here tells about stacks.
  enum class Tells : std::uint8_t {
    Nothing,
    LandingPad,   // where an exception lands (_Unwind_SetIP)
    Jump,         // where a longjmp lands
    ForcedEnd,    // where a forced unwinding ends (_Unwind_ForcedUnwind)
    SignalStack,  // where signal handlers run (sigaltstack)
    NewStack,     // where a coroutine runs (makecontext)
    GoRecovers,   // where a goroutine goes on after a panic (within runtime.recovery)
    GoExits,      // that a goroutine has run what it deferred, and ends (within runtime.Goexit)
  } tells = Tells::Nothing;
  TrapJournal::Entry entered_in_journal;
};

class AddressSpace final : public MutableMemory {
 public:
  /// `journal`: where to note what is planted, for process `pid`; nullptr: nowhere.
  explicit AddressSpace(Tid tid, Pid pid = {}, TrapJournal* journal = nullptr)
      : memory_(tid), pid_(pid), journal_(journal) {}

  /// Reads show the program's own text, not the traps in it.
  [[nodiscard]] std::size_t read(Address from, std::span<std::byte> out) override;
  /// Writes as the program itself could.
  Result<> write(Address to, std::span<const std::byte> bytes) override {
    return memory_.write_as_program(to, bytes);
  }
  /// The same memory with the program's own rights to read, too: for emulated instructions.
  [[nodiscard]] MutableMemory& as_program() { return as_program_; }

  /// A living, traced thread to read through. Called at the beginning of each stop.
  void use_thread(Tid tid) { memory_.set_tid(tid); }
  [[nodiscard]] Tid thread() const { return memory_.tid(); }

  /// What is mapped, as of the last update.
  [[nodiscard]] const MappedText& mapped() const { return mapped_; }
  /// Takes over a new scan: forgets what is no longer there. Returns the modules that are new, and
  /// those whose text has changed under traps.
  std::vector<LoadedModule> update(MappedText now);
  /// Whether [start, start+length) overlaps a known module's text.
  [[nodiscard]] bool touches_text(Address start, std::uint64_t length) const;

  /// Whether executable memory is known to be mapped at `address`.
  [[nodiscard]] bool maps_text(Address address) const;

  [[nodiscard]] Site* site_at(Address address);
  /// Knows what is mapped; made when first asked for.
  [[nodiscard]] Unwinder& unwinder();
  /// Go: the module with the program's runtime; nullptr: it is no Go program.
  [[nodiscard]] const LoadedModule* go_module();
  [[nodiscard]] GoChains& go_chains() { return go_chains_; }
  /// What the program has said of its stacks.
  [[nodiscard]] Stacks& stacks() { return stacks_; }
  /// arm64: where glibc keeps the secret that scrambles a jmp_buf; null when not known.
  [[nodiscard]] Address pointer_guard() const { return pointer_guard_; }
  void set_pointer_guard(Address at) { pointer_guard_ = at; }
  /// Whether there was one that was forgotten, because the program has put other text there.
  [[nodiscard]] bool had_site(Address address) const { return former_sites_.contains(address); }
  [[nodiscard]] bool has_sites() const { return !sites_.empty(); }
  /// SlotPool::acquire() in this space.
  Result<std::optional<Address>> acquire_slot(const DisplacedInstruction& instruction);
  void release_slot(Address slot) { slots_.release(slot); }

  /// Plants a trap at `address`, or returns the one that is there. Errors: no valid instruction
  /// there, one that can be executed nowhere else, not in executable memory, cannot be written.
  Result<Site*> plant(Address address, Abi machine);
  /// Whether the program's own text has a breakpoint at `address`.
  [[nodiscard]] bool has_own_trap(Address address, Abi machine);
  /// Takes one trap out for good. The site stays known, for threads that have already hit it.
  void unplant(Site& site);
  /// More room for copies: [start, end) is mapped, executable and otherwise unused.
  void add_room(Address start, Address end) { slots_.add_region(start, end, memory_); }
  /// Puts every original byte back. The sites stay known, so that a thread which has already hit
  /// one can still be recognised.
  void remove_traps() { restore_text(memory_); }

  /// The copy that a fork child got, with the same traps.
  std::shared_ptr<AddressSpace> fork_for(Tid child, Pid pid);
  /// How many of this space's traps are in `memory`, which may be a copy of it.
  [[nodiscard]] std::size_t count_traps_in(Memory& memory) const;
  [[nodiscard]] bool all_traps_are_in(Memory& memory) const;
  /// Takes the traps of `origin` out of this space, which is its copy after a fork.
  void clean_of(const AddressSpace& origin) { origin.restore_text(memory_); }

 private:
  class AsProgram final : public MutableMemory {
   public:
    explicit AsProgram(AddressSpace& space) : space_(space) {}
    [[nodiscard]] std::size_t read(Address from, std::span<std::byte> out) override {
      return space_.hide_traps(from, out.first(space_.memory_.read_as_program(from, out)));
    }
    Result<> write(Address to, std::span<const std::byte> bytes) override {
      return space_.write(to, bytes);
    }

   private:
    AddressSpace& space_;
  };

  std::size_t hide_traps(Address from, std::span<std::byte> bytes) const;
  void offer_room(const LoadedModule& m, const MappedText& now);
  void restore_text(MutableMemory& memory) const;
  TrapJournal::Entry note(Address address, Abi machine, std::span<const std::byte> original);
  static bool trap_is_in(const Site& site, Memory& memory);
  static void restore(const Site& site, MutableMemory& memory);
  [[nodiscard]] std::set<Address> forget_overwritten(const MappedText& now);
  [[nodiscard]] bool is_intact(const Site& site);

  ProcessMemory memory_;
  Pid pid_;
  TrapJournal* journal_;
  MappedText mapped_;
  std::unique_ptr<Unwinder> unwinder_;  // of mapped_
  std::map<Address, std::unique_ptr<Site>> sites_;
  std::set<Address> former_sites_;
  SlotPool slots_;
  Stacks stacks_;
  std::optional<const LoadedModule*> go_module_;  // of mapped_; nullopt: not looked for yet
  GoChains go_chains_;
  Address pointer_guard_;
  AsProgram as_program_{*this};
};

}  // namespace ttrace
