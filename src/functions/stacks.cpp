#include "functions/stacks.h"

#include "os/proc.h"

namespace ttrace {

void Stacks::announce(const StackRange& range) {
  auto it = announced_.upper_bound(range.low);
  while (it != announced_.end() && it->second.low < range.high)
    it = announced_.erase(it);
  announced_[range.high] = range;
}

const StackRange* Stacks::announced_at(Address sp) const {
  auto it = announced_.lower_bound(sp);
  return it != announced_.end() && it->second.holds(sp) ? &it->second : nullptr;
}

StackRange Stacks::find(Address sp, const StackRange& last, Tid tid) const {
  if (const StackRange* announced = announced_at(sp)) return *announced;
  if (!last.is_announced() && last.holds(sp)) return last;
  Address below;
  for (const Mapping& m : read_maps(tid)) {
    StackRange range{m.start, m.end};
    if (m.path == "[stack]") {
      // It grows by itself, down to what is mapped below.
      range = {below, m.end, StackRange::Kind::Main};
    }
    if (range.holds(sp)) return range;
    below = m.end;
  }
  return {};
}

bool Stacks::is_on(const StackRange& range, Address cfa) const {
  if (!range.holds(cfa)) return false;
  const StackRange* announced = announced_at(cfa);
  return announced == nullptr || *announced == range;
}

}  // namespace ttrace
