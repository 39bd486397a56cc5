// An address space made of a few byte ranges, for tests.
#pragma once

#include <cstring>
#include <map>
#include <string_view>
#include <vector>

#include "base/memory.h"

namespace ttrace::test {

/// Readable and writable where map() put bytes; everything else faults.
class FakeMemory : public MutableMemory {
 public:
  void map(Address at, std::vector<std::byte> bytes) { ranges_[at.value()] = std::move(bytes); }
  void map(Address at, std::string_view bytes) {
    auto* data = reinterpret_cast<const std::byte*>(bytes.data());
    map(at, std::vector<std::byte>(data, data + bytes.size()));
  }
  template <class T>
  void map_object(Address at, const T& object) {
    map(at, std::string_view(reinterpret_cast<const char*>(&object), sizeof(object)));
  }

  [[nodiscard]] std::size_t read(Address from, std::span<std::byte> out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      auto* at = byte_at(from.value() + done);
      if (at == nullptr) break;
      out[done++] = *at;
    }
    return done;
  }
  Result<> write(Address to, std::span<const std::byte> bytes) override {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      auto* at = byte_at(to.value() + i);
      if (at == nullptr) return Error{EIO, "write"};
      *at = bytes[i];
    }
    return {};
  }

 private:
  std::byte* byte_at(std::uint64_t address) {
    auto it = ranges_.upper_bound(address);
    if (it == ranges_.begin()) return nullptr;
    --it;
    std::uint64_t offset = address - it->first;
    return offset < it->second.size() ? &it->second[offset] : nullptr;
  }
  std::map<std::uint64_t, std::vector<std::byte>> ranges_;
};

}  // namespace ttrace::test
