// How emulated instructions read memory that other threads may write. Private to
// step_*_execute.cpp.
#pragma once

#include <cstdint>

#include "base/address.h"
#include "base/memory.h"

namespace ttrace {

/// Loads `size` (1 to 8) bytes that lie within one aligned 8-byte word, at once: the value is one
/// that was there at some moment, never parts of two. False: not within one word, or not readable.
///
/// Processors promise this of naturally aligned loads (Intel's manual, volume 3, 9.1.1; Arm's,
/// B2.2). process_vm_readv promises nothing; but whatever way the kernel copies
/// (arch/x86/lib/copy_user_64.S and its predecessors, arch/arm64/lib/copy_template.S), it moves an
/// aligned word of eight bytes to an aligned place with one load. Less than eight it may copy byte
/// by byte: so the whole word is read, always. Where `rep movsb` is used for everything (FSRM), it
/// is the processor that takes the word as one; tests/unit/arch/step_memory.cpp watches it do so.
/// Reading twice and comparing would not help: a value that changes to and fro is torn the same way
/// twice as often as not.
///
/// What else such a load is like: the page is faulted in as by the program; it happens between what
/// the thread did before the trap and what it does afterwards, so no order is lost. What is not
/// checked: protection keys and arm64's memory tags. A page that a userfaultfd or FUSE handler must
/// fill makes the tracer wait for it, as printing an argument there does.
inline bool load_word(Memory& memory, Address from, unsigned size, std::uint64_t& value) {
  constexpr std::uint64_t kWord = 8;
  const std::uint64_t offset = from.value() % kWord;
  if (offset + size > kWord) return false;
  std::uint64_t word = 0;  // aligned, like what it is read from
  if (!memory.read_object(from - offset, word)) return false;
  word >>= offset * 8;
  value = size < kWord ? word & ((1ULL << (size * 8)) - 1) : word;
  return true;
}

}  // namespace ttrace
