#include <lzma.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <memory>

#include "symbols/debug_file.h"

namespace ttrace {
namespace {

// Fedora's largest have a few megabytes; a few bytes can be made to expand to any size.
constexpr std::uint64_t kLargest = 256U << 20U;
constexpr std::uint64_t kDecoderMemory = 128U << 20U;

struct EndStream {
  void operator()(lzma_stream* stream) const { lzma_end(stream); }
};

bool write_all(int fd, const std::uint8_t* from, std::size_t length) {
  while (length > 0) {
    ssize_t written = write(fd, from, length);
    if (written <= 0) return false;
    from += written;
    length -= static_cast<std::size_t>(written);
  }
  return true;
}

bool decompress(std::span<const char> from, int to) {
  lzma_stream state = LZMA_STREAM_INIT;
  std::unique_ptr<lzma_stream, EndStream> stream(&state);
  if (lzma_stream_decoder(&state, kDecoderMemory, 0) != LZMA_OK) return false;
  state.next_in = reinterpret_cast<const std::uint8_t*>(from.data());
  state.avail_in = from.size();
  std::array<std::uint8_t, 65536> chunk{};
  std::uint64_t written = 0;
  lzma_ret status = LZMA_OK;
  while (status == LZMA_OK) {
    state.next_out = chunk.data();
    state.avail_out = chunk.size();
    status = lzma_code(&state, LZMA_FINISH);
    std::size_t made = chunk.size() - state.avail_out;
    written += made;
    if (written > kLargest || !write_all(to, chunk.data(), made)) return false;
  }
  return status == LZMA_STREAM_END;
}

}  // namespace

std::unique_ptr<ElfFile> open_mini_debug_info(const ElfFile& file) {
  auto section = file.section(".gnu_debugdata");
  if (!section) return nullptr;
  auto compressed = file.contents(*section);
  UniqueFd fd(memfd_create("gnu_debugdata", MFD_CLOEXEC));
  if (compressed.empty() || !fd.valid() || !decompress(compressed, fd.get())) return nullptr;
  auto opened = ElfFile::open(std::move(fd), "gnu_debugdata", true);
  if (!opened || (*opened)->machine() != file.machine()) return nullptr;
  return std::move(*opened);
}

}  // namespace ttrace
