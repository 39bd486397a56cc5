#include "functions/open_calls.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace ttrace {

namespace {

bool returns_to(const OpenCall& call, Address pc, Address sp, std::uint64_t popped) {
  return call.return_address == pc && sp >= call.cfa && sp - call.cfa <= popped;
}

}  // namespace

void push_call(std::vector<OpenCall>& chain, OpenCall call) {
  call.depth = shown_depth(chain);
  call.within = call.within || is_within(chain);
  chain.push_back(call);
}

const OpenCall* last_shown(const std::vector<OpenCall>& chain) {
  auto found = std::find_if(chain.rbegin(), chain.rend(), std::mem_fn(&OpenCall::shown));
  return found == chain.rend() ? nullptr : &*found;
}

// The mapping is remembered while the thread is on an announced stack, for it will come back.
StackRange Pairing::stack_of(Address sp) {
  StackRange found = stacks_.find(sp, calls_.mapping, tid_);
  if (!found.is_announced()) calls_.mapping = found;
  return found;
}

// Only x86 keeps the return address at a known place.
bool Pairing::is_gone(const OpenCall& call) {
  return call.one_stack ||
         is_overwritten(machine_, CallFrame{call.return_address, call.cfa}, memory_);
}

void Pairing::end(std::vector<OpenCall>& chain) {
  OpenCall call = chain.back();
  chain.pop_back();
  unwound_(call);
}

void Pairing::park() {
  if (calls_.open.empty()) return;
  calls_.parked.push_back(std::exchange(calls_.open, {}));
  if (calls_.parked.size() > calls_.most_parked) look_for_gone();
}

// Coroutines that were given up leave chains behind. Their number is allowed to double between two
// searches, so that a search costs little for each chain that is parked.
void Pairing::look_for_gone() {
  constexpr std::size_t kFew = 16;
  for (auto& chain : calls_.parked) {
    while (
        !chain.empty() &&
        is_overwritten(machine_, CallFrame{chain.back().return_address, chain.back().cfa}, memory_))
      end(chain);
  }
  forget_empty();
  calls_.most_parked = std::max(kFew, 2 * calls_.parked.size());
}

// Takes `open` from index `first` on off the chain. `reused`: the CFA of a frame that lies there.
void Pairing::set_aside(std::size_t first, std::optional<Address> reused) {
  auto& open = calls_.open;
  while (open.size() > first && (open.back().cfa == reused || is_gone(open.back())))
    end(open);
  if (open.size() == first) return;
  auto from = open.begin() + static_cast<std::ptrdiff_t>(first);
  std::vector<OpenCall> others;
  for (auto call = from; call != open.end(); ++call)
    push_call(others, *call);
  open.erase(from, open.end());
  std::swap(open, others);
  park();
  std::swap(open, others);
}

// Makes the parked chain `open` to which a frame at `cfa` would belong. Where several stacks may
// share a mapping, it is the one that ends nearest above.
bool Pairing::resume(Address cfa) {
  auto& parked = calls_.parked;
  auto best = parked.end();
  for (auto it = parked.begin(); it != parked.end(); ++it) {
    Address last = it->back().cfa;
    if (!stacks_.is_on(calls_.stack, last)) continue;
    if (!calls_.stack.is_one_stack() && last < cfa) continue;
    if (best == parked.end() || last < best->back().cfa) best = it;
  }
  if (best == parked.end()) return false;
  calls_.open = std::move(*best);
  parked.erase(best);
  return true;
}

// A handler that has gone without returning took its frames with it, if the thread is now where
// the signal had interrupted it.
void Pairing::leave_signal_stack(const StackRange& left) {
  auto& open = calls_.open;
  std::size_t first = open.size();
  while (first > 0 && stacks_.is_on(left, open[first - 1].cfa))
    --first;
  if (first == 0 || stacks_.is_on(calls_.stack, open[first - 1].cfa)) set_aside(first);
}

// The thread is on the stack that holds `sp`. Returns whether another chain has become the current.
bool Pairing::arrive(Address sp) {
  StackRange now = stack_of(sp);
  StackRange last = std::exchange(calls_.stack, now);
  if (now == last || now.kind == StackRange::Kind::Signal) return false;
  if (last.kind == StackRange::Kind::Signal) leave_signal_stack(last);
  // A mapping that has grown is still the same stack.
  if (!calls_.open.empty() && stacks_.is_on(now, calls_.open.back().cfa)) return false;
  park();
  return resume(sp);
}

// How many of `open`, from the outermost on, can be around a call with this frame.
std::size_t Pairing::around(const TracedFunction* function, const CallFrame& frame,
                            bool switched) const {
  const auto& open = calls_.open;
  std::size_t size = open.size();
  while (size > 0 && stacks_.is_on(calls_.stack, open[size - 1].cfa) &&
         open[size - 1].cfa < frame.cfa)
    --size;
  // Frames at the same place: either they end in this call, or their stack is used anew by
  // a coroutine that begins like the one before.
  std::size_t outer = size;
  bool tail_call = true;
  while (outer > 0 && open[outer - 1].cfa == frame.cfa) {
    --outer;
    tail_call = tail_call && open[outer].return_address == frame.return_address &&
                !(switched && open[outer].function == function);
  }
  return tail_call ? size : outer;
}

// Parked frames at the same place as a new one are gone, with what they had called: their stack is
// used anew. One of another function may be about to end in this call.
void Pairing::end_replaced(const TracedFunction* function, const CallFrame& frame) {
  for (auto& chain : calls_.parked) {
    auto replaced = std::ranges::find_if(chain, [&](const OpenCall& call) {
      return call.cfa == frame.cfa &&
             (call.return_address != frame.return_address || call.function == function);
    });
    auto size = static_cast<std::size_t>(replaced - chain.begin());
    while (chain.size() > size)
      end(chain);
  }
  forget_empty();
}

void Pairing::forget_empty() {
  std::erase_if(calls_.parked, [](const auto& chain) { return chain.empty(); });
}

void Pairing::make_way(const TracedFunction* function, const CallFrame& frame) {
  find_around(function, frame);
  end_replaced(function, frame);
}

void Pairing::find_around(const TracedFunction* function, const CallFrame& frame) {
  bool switched = arrive(frame.cfa);
  for (;;) {
    std::size_t size = around(function, frame, switched);
    if (size < calls_.open.size()) set_aside(size, frame.cfa);
    if (switched || !calls_.open.empty() || calls_.parked.empty()) return;
    switched = resume(frame.cfa);
    if (!switched) return;
  }
}

bool Pairing::last_returns(Address pc, Address sp, std::uint64_t popped) const {
  return !calls_.open.empty() && returns_to(calls_.open.back(), pc, sp, popped);
}

bool Pairing::is_return(Address pc, Address sp, std::uint64_t popped) {
  // Other code may run through a return address; only the frame that was called from there, with
  // the stack as it was, returns now.
  auto find_in = [&](const std::vector<OpenCall>& chain) {
    std::size_t size = chain.size();
    while (size > 0 && !returns_to(chain[size - 1], pc, sp, popped))
      --size;
    return size;
  };
  std::size_t size = find_in(calls_.open);
  for (std::size_t i = calls_.parked.size(); i > 0 && size == 0; --i) {
    size = find_in(calls_.parked[i - 1]);
    if (size == 0) continue;
    auto chain = std::move(calls_.parked[i - 1]);
    calls_.parked.erase(calls_.parked.begin() + static_cast<std::ptrdiff_t>(i - 1));
    park();
    calls_.open = std::move(chain);
  }
  if (size == 0) return false;
  calls_.stack = stack_of(sp);
  set_aside(size);
  return true;
}

void Pairing::land(Address from, Address sp) {
  StackRange before = stack_of(from);
  arrive(sp);
  // A jump to another coroutine's stack proves nothing about the frames there.
  bool same = before == calls_.stack || before.kind == StackRange::Kind::Signal;
  auto& open = calls_.open;
  std::size_t size = open.size();
  while (size > 0 && stacks_.is_on(calls_.stack, open[size - 1].cfa) && open[size - 1].cfa <= sp)
    --size;
  while (same && open.size() > size)
    end(open);
  set_aside(size);
}

void Pairing::remake(const StackRange& range, Address sp) {
  arrive(sp);
  if (range.holds(sp)) return;
  stacks_.announce(range);
  for (auto& chain : calls_.parked) {
    while (!chain.empty() && range.holds(chain.back().cfa))
      end(chain);
  }
  forget_empty();
}

}  // namespace ttrace
