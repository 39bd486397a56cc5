#include "base/memory.h"

#include <algorithm>
#include <cstring>

namespace ttrace {

namespace {
// The smallest page size of any supported architecture: a bound that never crosses a mapping's end.
constexpr std::uint64_t kPage = 4096;
// Most strings are short; reading this much first saves copying a whole page.
constexpr std::size_t kFirstChunk = 256;
}  // namespace

Memory::StringRead Memory::read_string(Address from, std::span<char> out) {
  StringRead result;
  std::size_t chunk = kFirstChunk;
  while (result.length < out.size()) {
    Address at = from + result.length;
    std::size_t to_page_end = kPage - (at.value() & (kPage - 1));
    std::size_t want = std::min({chunk, to_page_end, out.size() - result.length});
    auto part = out.subspan(result.length, want);
    std::size_t got = read(at, std::as_writable_bytes(part));
    if (got == 0) break;
    if (const void* nul = std::memchr(part.data(), 0, got)) {
      result.length += static_cast<std::size_t>(static_cast<const char*>(nul) - part.data());
      result.terminated = true;
      return result;
    }
    result.length += got;
    if (got < want) break;
    chunk = kPage;
  }
  return result;
}

}  // namespace ttrace
