// Saving traced programs after the process that traced them was killed.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "functions/trap_journal.h"

namespace ttrace {

/// For another process than the tracer, whose end (of which the kernel is a part of a millisecond
/// late to tell) may still be under way. A thread that the kernel has given the SIGTRAP of a trap
/// by then cannot be saved.
class Rescue {
 public:
  explicit Rescue(const std::vector<PlantedTrap>& traps);
  Rescue(const Rescue&) = delete;
  Rescue& operator=(const Rescue&) = delete;
  ~Rescue();

  /// Takes the traps out of the text of the programs that live: the first thing to do, and to be
  /// quick with. False: one is left, because the kernel does not allow it (Yama).
  bool restore_text();
  /// Puts threads back that are between a trap and the instruction behind it. Threads that do not
  /// stop (in vfork) are let go of when the calling process ends, so that should be one made for
  /// this.
  void save_threads();

 private:
  class Patient;
  bool add_children();

  std::map<Pid, std::unique_ptr<Patient>> patients_;
};

}  // namespace ttrace
