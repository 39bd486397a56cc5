#include "functions/goroutines.h"

#include <algorithm>
#include <array>
#include <span>

#include "base/number.h"

namespace ttrace {

namespace {

constexpr std::size_t kWord = 8;  // Go is followed on 64-bit machines
// No version's runtime.g and runtime.m have these fields farther behind.
constexpr std::uint64_t kFarthest = 1024;

bool read_words(Address at, std::span<std::byte> out, Memory& memory) {
  return memory.read(at, out) == out.size();
}

std::uint64_t word(std::span<const std::byte> bytes, std::uint64_t offset) {
  return load_number(bytes.subspan(offset, kWord));
}

// A stack that is no range of the program's memory is none of Go's.
bool is_stack(std::uint64_t low, std::uint64_t high) {
  return low != 0 && low < high;
}

}  // namespace

std::optional<Goroutine> read_goroutine(Address g, const GoProgram& program, Memory& memory) {
  if (g.null() || g.value() % kWord != 0) return std::nullopt;
  if (program.g_goid > kFarthest || program.g_m > kFarthest - 2 * kWord) return std::nullopt;
  std::array<std::byte, kFarthest + kWord> bytes{};
  // m, sched.sp, sched.pc (Go 1.19 and 1.27 src/runtime/runtime2.go)
  const std::uint64_t resumes_at = program.g_m + 2 * kWord;
  auto wanted = std::span(bytes).first(std::max(program.g_goid, resumes_at) + kWord);
  if (!read_words(g, wanted, memory)) return std::nullopt;
  if (!is_stack(word(bytes, 0), word(bytes, kWord))) return std::nullopt;
  return Goroutine{g,
                   word(bytes, program.g_goid),
                   Address(word(bytes, 0)),
                   Address(word(bytes, kWord)),
                   Address(word(bytes, program.g_m)),
                   Address(word(bytes, resumes_at))};
}

std::optional<GoThread> read_go_thread(Address g, const GoProgram& program, Memory& memory) {
  auto now = read_goroutine(g, program, memory);
  if (!now) return std::nullopt;
  GoThread thread{*now, now->id, now->at};
  if (now->id != 0) return thread;
  thread.user = Address();
  if (now->m.null()) return thread;
  auto curg = memory.read_number(now->m + program.m_curg, kWord);
  auto user = curg ? read_goroutine(Address(*curg), program, memory) : std::nullopt;
  if (user) {
    thread.goroutine = user->id;
    thread.user = user->at;
    thread.user_resumes_at = user->resumes_at;
  }
  return thread;
}

Address GoChains::distance(const GoThread& thread, Address cfa) {
  // Code that is on another stack than its g says: a signal handler that has not changed its g yet.
  if (!thread.now.holds(cfa)) return Address(0 - cfa.value());
  return Address(thread.now.stack_high - cfa);
}

GoChain& GoChains::of(const GoThread& thread, Address cfa) {
  // A runtime.g is aligned, so that the address behind its own is nobody's.
  const Address key = thread.now.holds(cfa) ? thread.now.at : thread.now.at + 1;
  GoChain& chain = chains_[key];
  if (chain.goroutine != thread.now.id) chain = {thread.now.id, {}, 0};
  return chain;
}

GoChain* GoChains::find(Address g, std::uint64_t goroutine) {
  auto found = chains_.find(g);
  if (found == chains_.end() || found->second.goroutine != goroutine) return nullptr;
  return &found->second;
}

GoChain* GoChains::with_last(Address g, Address cfa, const Function& function) {
  auto found = chains_.find(g);
  if (found == chains_.end() || found->second.goroutine == 0 || found->second.open.empty()) {
    return nullptr;
  }
  const OpenCall& last = found->second.open.back();
  const bool same = last.entered_at == cfa && last.function->function().address == function.address;
  return same ? &found->second : nullptr;
}

unsigned GoChains::depth_below(const GoThread& thread) {
  if (!thread.on_system_stack() || thread.user.null()) return 0;
  const GoChain* chain = find(thread.user, thread.goroutine);
  return chain == nullptr ? 0 : shown_depth(chain->open);
}

void end_deeper(GoChain& chain, Address distance, bool at, const GoChains::Gone& gone) {
  auto& open = chain.open;
  while (!open.empty() && (open.back().cfa > distance || (at && open.back().cfa == distance))) {
    const OpenCall call = open.back();
    open.pop_back();
    gone(call);
  }
}

}  // namespace ttrace
