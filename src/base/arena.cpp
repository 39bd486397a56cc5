#include "base/arena.h"

// gcc and clang say in different ways that a program is built for AddressSanitizer.
#if defined(__SANITIZE_ADDRESS__)
#define TTRACE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TTRACE_ASAN 1
#endif
#endif

#ifdef TTRACE_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace ttrace {

namespace {

constexpr std::size_t kFirstBlock = 4096;
// Larger blocks are not kept: of the few events that need them, hardly two follow each other.
constexpr std::size_t kKeptBlock = std::size_t{1} << 20;

#ifdef TTRACE_ASAN
constexpr std::size_t kGap = 16;  // behind every allocation, unusable
void forbid(std::byte* from, std::size_t size) {
  ASAN_POISON_MEMORY_REGION(from, size);
}
void allow(std::byte* from, std::size_t size) {
  ASAN_UNPOISON_MEMORY_REGION(from, size);
}
#else
constexpr std::size_t kGap = 0;
void forbid(std::byte*, std::size_t) {}
void allow(std::byte*, std::size_t) {}
#endif

}  // namespace

void* Arena::raw(std::size_t size, std::size_t align) {
  while (block_ < blocks_.size()) {
    const Block& block = blocks_[block_];
    const std::size_t start = (used_ + align - 1) & ~(align - 1);
    if (start <= block.size && size + kGap <= block.size - start) {
      used_ = start + size + kGap;
      allow(block.data.get() + start, size);
      return block.data.get() + start;
    }
    ++block_;
    before_ += used_;
    used_ = 0;
  }
  // operator new[] aligns for every type that an arena may hold.
  const std::size_t grown = blocks_.empty() ? kFirstBlock : blocks_.back().size * 2;
  const std::size_t capacity = std::max(grown, size + kGap);
  blocks_.push_back({std::make_unique_for_overwrite<std::byte[]>(capacity), capacity});
  std::byte* const data = blocks_.back().data.get();
  forbid(data, capacity);
  allow(data, size);
  block_ = blocks_.size() - 1;
  used_ = size + kGap;
  return data;
}

void Arena::take_back(void* from, std::size_t size) {
  auto* const bytes = static_cast<std::byte*>(from);
  if (blocks_.empty() || bytes + size + kGap != blocks_[block_].data.get() + used_) return;
  used_ -= size;
  forbid(bytes, size);
}

void Arena::reset(std::size_t budget) {
  while (!blocks_.empty() && blocks_.back().size > kKeptBlock)
    blocks_.pop_back();
  for (std::size_t i = 0; i <= block_ && i < blocks_.size(); ++i)
    forbid(blocks_[i].data.get(), blocks_[i].size);
  block_ = 0;
  used_ = 0;
  before_ = 0;
  budget_ = budget;
}

std::size_t Arena::capacity() const {
  std::size_t bytes = 0;
  for (const Block& block : blocks_)
    bytes += block.size;
  return bytes;
}

}  // namespace ttrace
