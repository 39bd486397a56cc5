// What stands behind the `=` of a syscall.
#pragma once

#include <string>

#include "event/event.h"

namespace ttrace {

/// Appends "3", "-1 ENOENT (No such file or directory)", "? ERESTARTSYS (…)" or "?", and the notes
/// in parentheses.
void append_syscall_result(const SyscallResult& result, std::string& out);

}  // namespace ttrace
