#include "arch/step_memory.h"

#include <doctest/doctest.h>

#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "unit/fake_memory.h"

using namespace ttrace;

namespace {

// This process, as the tracer reads another.
class OwnMemory : public Memory {
 public:
  std::size_t read(Address from, std::span<std::byte> out) override {
    iovec local{out.data(), out.size()};
    // NOLINTNEXTLINE(performance-no-int-to-ptr): it is an address of this process
    iovec remote{reinterpret_cast<void*>(from.value()), out.size()};
    const ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
    return got < 0 ? 0 : static_cast<std::size_t>(got);
  }
};

}  // namespace

TEST_CASE("a load is of one word") {
  test::FakeMemory memory;
  memory.map_object(Address(0x1000), std::uint64_t{0x8877665544332211});
  std::uint64_t value = 0;
  CHECK(load_word(memory, Address(0x1000), 8, value));
  CHECK(value == 0x8877665544332211);
  CHECK(load_word(memory, Address(0x1003), 4, value));
  CHECK(value == 0x77665544);
  CHECK(load_word(memory, Address(0x1007), 1, value));
  CHECK(value == 0x88);
  CHECK_FALSE(load_word(memory, Address(0x1007), 2, value));
  CHECK_FALSE(load_word(memory, Address(0x1008), 1, value));  // nothing is mapped there
}

TEST_CASE("this kernel and this processor copy a word at once") {
  std::atomic<std::uint64_t> word{0};
  std::atomic<bool> done{false};
  std::thread writer([&] {
    while (!done.load(std::memory_order_relaxed)) {
      word.store(~0ULL, std::memory_order_relaxed);
      word.store(0, std::memory_order_relaxed);
    }
  });
  OwnMemory memory;
  const Address at(reinterpret_cast<std::uint64_t>(&word));
  constexpr int kReads = 200'000;
  int read = 0;
  int torn = 0;
  for (int i = 0; i < kReads; ++i) {
    std::uint64_t whole = 0;
    std::uint64_t half = 0;
    if (!load_word(memory, at, 8, whole) || !load_word(memory, at + 2, 4, half)) continue;
    ++read;
    if (whole != 0 && whole != ~0ULL) ++torn;
    if (half != 0 && half != 0xffffffff) ++torn;
  }
  done = true;
  writer.join();
  // A policy of a container may forbid the call; then nothing is emulated from it either.
  if (read < kReads) MESSAGE("process_vm_readv does not work here: nothing was compared");
  CHECK(torn == 0);
}
