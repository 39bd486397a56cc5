#include "os/process_memory.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <string>

using namespace ttrace;

namespace {

// Two pages, the second of which cannot be read.
struct GuardedPages {
  static constexpr std::size_t kPage = 4096;
  char* at = static_cast<char*>(
      mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  GuardedPages() { mprotect(at + kPage, kPage, PROT_NONE); }
  GuardedPages(const GuardedPages&) = delete;
  GuardedPages& operator=(const GuardedPages&) = delete;
  ~GuardedPages() { munmap(at, 2 * kPage); }
  [[nodiscard]] Address address(std::size_t offset) const {
    return Address(reinterpret_cast<std::uint64_t>(at) + offset);
  }
};

}  // namespace

TEST_CASE("reading stops where memory becomes unreadable") {
  GuardedPages pages;
  std::memcpy(pages.at + GuardedPages::kPage - 4, "abcd", 4);
  ProcessMemory memory(Tid{getpid()});
  std::string out(100, '\0');
  auto bytes = std::as_writable_bytes(std::span(out));
  CHECK(memory.read(pages.address(GuardedPages::kPage - 4), bytes) == 4);
  CHECK(out.substr(0, 4) == "abcd");
  CHECK(memory.read(pages.address(GuardedPages::kPage), bytes) == 0);
  CHECK(memory.read(Address(0), bytes) == 0);
  CHECK(memory.read(Address(0xffffffffffffff00), bytes) == 0);
}

TEST_CASE("a long read is cut into pieces and put together again") {
  std::string source(1'000'000, '\0');
  for (std::size_t i = 0; i < source.size(); ++i)
    source[i] = static_cast<char>(i * 7);
  ProcessMemory memory(Tid{getpid()});
  std::string copy(source.size(), '\0');
  CHECK(memory.read(Address(reinterpret_cast<std::uint64_t>(source.data())),
                    std::as_writable_bytes(std::span(copy))) == source.size());
  CHECK(copy == source);
}

TEST_CASE("writing reaches read-only memory, and fails where there is none") {
  GuardedPages pages;
  mprotect(pages.at, GuardedPages::kPage, PROT_READ);
  ProcessMemory memory(Tid{getpid()});
  std::byte bytes[] = {std::byte{'x'}, std::byte{'y'}};
  REQUIRE(memory.write(pages.address(10), bytes));
  CHECK(pages.at[10] == 'x');
  CHECK(pages.at[11] == 'y');
  auto failed = memory.write(Address(16), bytes);
  REQUIRE_FALSE(failed);
  CHECK_FALSE(failed.error().gone());
}
