// Two processes in place of one, so that SIGKILL of either leaves one that lets go.
#pragma once

#include <functional>

#include "functions/trap_journal.h"

namespace ttrace {

/// Runs `trace` in a child process and returns what it returns; in the child, too, which goes on
/// from here. The calling process, which the user knows as ttrace, becomes its guardian:
/// - it passes on the signals that ask ttrace to end;
/// - when it is killed, the child is asked to end (PR_SET_PDEATHSIG), and lets go as always;
/// - when the child is killed, it takes the traps in `journal` out (rescue()), stays until the
///   program that ttrace started has ended, and ends as the child did.
/// Without a second process (fork fails), `trace` runs in this one, unguarded.
int run_guarded(TrapJournal& journal, const std::function<int()>& trace);

}  // namespace ttrace
