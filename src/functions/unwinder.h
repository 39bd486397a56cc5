// The callers of a stopped thread, by call frame information (DWARF 5 section 6.4, .eh_frame and
// .debug_frame), through libdwfl.
#pragma once

#include <elfutils/libdwfl.h>

#include <memory>
#include <vector>

#include "arch/registers.h"
#include "base/address.h"
#include "base/memory.h"
#include "functions/loaded_modules.h"

namespace ttrace {

/// One frame of a stack.
struct Frame {
  Address pc;
  bool exact = false;  // the instruction that is going to be executed (the innermost frame, one
                       // that a signal interrupted); otherwise a return address
};

/// Knows the modules of one process as they were when it was made.
class Unwinder {
 public:
  /// `tid`: a stopped thread of the process, to find the vdso and whether addresses are signed.
  Unwinder(const MappedText& mapped, Tid tid, Memory& memory);
  ~Unwinder();
  Unwinder(const Unwinder&) = delete;
  Unwinder& operator=(const Unwinder&) = delete;

  /// The frames of a thread with these registers, innermost first, at most `most`. `complete`: the
  /// last one is the outermost, or there are more than `most`. Otherwise nothing says how to go on
  /// from the last one.
  struct Stack {
    std::vector<Frame> frames;
    bool complete = false;
  };
  Stack unwind(const Registers& regs, Memory& memory, std::size_t most);

 private:
  struct End {
    void operator()(Dwfl* dwfl) const { dwfl_end(dwfl); }
  };
  struct Walk;  // what the callbacks of libdwfl work on
  [[nodiscard]] bool is_outermost(const Frame& frame) const;
  [[nodiscard]] bool has_rules(Address pc) const;  // call frame information
  void report(const LoadedModule& module);
  void report_vdso(Tid tid, Memory& memory);
  static bool read_word(Dwfl* dwfl, Dwarf_Addr address, Dwarf_Word* result, void* arg);
  static bool set_registers(Dwfl_Thread* thread, void* arg);
  static int add_frame(Dwfl_Frame* frame, void* arg);

  std::unique_ptr<Dwfl, End> dwfl_;
  std::unique_ptr<Walk> walk_;
  bool attached_ = false;
  std::uint64_t signature_ = 0;
};

}  // namespace ttrace
