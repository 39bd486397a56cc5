#include "base/arena.h"

#include <algorithm>

namespace ttrace {

namespace {
constexpr std::size_t kFirstBlock = 4096;
}

void* Arena::raw(std::size_t size, std::size_t align) {
  while (block_ < blocks_.size()) {
    std::size_t start = (used_ + align - 1) & ~(align - 1);
    if (start + size <= blocks_[block_].size) {
      used_ = start + size;
      return blocks_[block_].data.get() + start;
    }
    ++block_;
    used_ = 0;
  }
  // operator new[] aligns for every type that an arena may hold.
  std::size_t grown = blocks_.empty() ? kFirstBlock : blocks_.back().size * 2;
  std::size_t capacity = std::max(grown, size);
  blocks_.push_back({std::make_unique_for_overwrite<std::byte[]>(capacity), capacity});
  block_ = blocks_.size() - 1;
  used_ = size;
  return blocks_.back().data.get();
}

}  // namespace ttrace
