#include "output/syscall_result.h"

#include <fmt/format.h>

#include "output/text_sink.h"

namespace ttrace {
namespace {

void append_error(const SyscallResult& result, std::string& out) {
  if (result.error_name.empty()) {
    fmt::format_to(std::back_inserter(out), " (errno {})", result.error);
    return;
  }
  out += ' ';
  out += result.error_name;
  if (result.error_text.empty()) return;
  out += " (";
  out += result.error_text;
  out += ')';
}

}  // namespace

void append_syscall_result(const SyscallResult& result, std::string& out) {
  switch (result.kind) {
    case SyscallResult::Kind::Value:
      render(result.value, out);
      break;
    case SyscallResult::Kind::Error:
      out += "-1";
      append_error(result, out);
      break;
    case SyscallResult::Kind::Restart:
      out += '?';
      append_error(result, out);
      break;
    case SyscallResult::Kind::Unknown:
      out += '?';
      break;
  }
  if (result.notes.empty()) return;
  out += " (";
  bool first = true;
  for (const Value& note : result.notes) {
    if (!first) out += ", ";
    first = false;
    if (!note.name.empty()) {
      out += note.name;
      out += ' ';
    }
    render(note, out);
  }
  out += ')';
}

}  // namespace ttrace
