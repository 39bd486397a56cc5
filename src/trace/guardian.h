// Two processes in place of one, so that SIGKILL of either leaves one that lets go.
#pragma once

#include <functional>
#include <string>

#include "functions/trap_journal.h"

namespace ttrace {

struct Guarded {
  TrapJournal& journal;
  std::string name;  // of ttrace, for messages
  /// The child is not to be reached by what a terminal or a shell does to the whole job. Not for
  /// one that starts a program, which needs the terminal.
  bool apart = false;
  /// What the guardian does last, before it ends as the child did.
  std::function<void()> at_end = [] {};
};

/// Runs `trace` in a child process and returns what it returns; in the child, too, which goes on
/// from here. The calling process, which the user knows as ttrace, becomes its guardian:
/// - it passes on the signals that ask ttrace to end, to stop (SIGTSTP) and to go on (SIGCONT);
/// - when it is killed, the child is asked to end (PR_SET_PDEATHSIG), and lets go as always;
/// - when the child is killed, it takes the traps in the journal out (Rescue), stays until the
///   program that ttrace started has ended, and ends as the child did.
/// Where there cannot be a second process, `trace` runs in this one, unguarded.
int run_guarded(const Guarded& guarded, const std::function<int()>& trace);

}  // namespace ttrace
