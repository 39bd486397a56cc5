#include "event/strand.h"

#include <variant>

namespace ttrace {

Strand Strands::of(const Event& event) {
  Strand strand = thread_strand(event.tid);
  if (event.goroutine != 0) strand = {event.pid.value, event.goroutine};
  if (std::holds_alternative<SyscallEntered>(event.what)) {
    if (strand.is_goroutine()) {
      calls_[event.tid.value] = strand;
    } else if (!calls_.empty()) {
      calls_.erase(event.tid.value);
    }
    return strand;
  }
  if (calls_.empty() || !std::holds_alternative<SyscallReturned>(event.what)) return strand;
  const auto begun = calls_.find(event.tid.value);
  if (begun == calls_.end()) return strand;
  strand = begun->second;
  calls_.erase(begun);
  return strand;
}

Strand Strands::of_call(Tid tid) const {
  const auto begun = calls_.find(tid.value);
  return begun == calls_.end() ? thread_strand(tid) : begun->second;
}

void Strands::end(Tid tid, std::optional<Tid> as) {
  auto begun = calls_.extract(tid.value);
  if (begun.empty() || !as) return;
  begun.key() = as->value;
  calls_.erase(as->value);
  calls_.insert(std::move(begun));
}

}  // namespace ttrace
