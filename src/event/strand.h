// What calls are within each other in: a goroutine, on whatever thread it runs, or else a thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>

#include "event/event.h"

namespace ttrace {

struct Strand {
  int process = 0;           // of the goroutine; 0: a thread
  std::uint64_t number = 0;  // the goroutine, or the thread

  friend bool operator==(const Strand&, const Strand&) = default;
  [[nodiscard]] bool is_goroutine() const { return process != 0; }
};

struct StrandHash {
  std::size_t operator()(const Strand& strand) const {
    // Goroutines of different processes have the same small numbers.
    constexpr std::uint64_t kSpread = 0x9e3779b97f4a7c15;
    return std::hash<std::uint64_t>{}(strand.number + std::uint64_t(strand.process) * kSpread);
  }
};

inline Strand thread_strand(Tid tid) {
  return {0, std::uint64_t(tid.value)};
}

/// Says to which strand each event belongs. A syscall is its thread's from its beginning to its
/// end, and so is its strand: execve returns to where no goroutine is known.
class Strands {
 public:
  /// Is to be asked once for each event, in order.
  Strand of(const Event& event);
  /// Of the syscall that a thread is in.
  [[nodiscard]] Strand of_call(Tid tid) const;
  /// The thread is gone. What it was in goes on as thread `as`, when there is one.
  void end(Tid tid, std::optional<Tid> as = std::nullopt);

 private:
  std::unordered_map<int, Strand> calls_;  // that goroutines have begun, by thread
};

}  // namespace ttrace
