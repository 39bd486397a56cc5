#include "symbols/relocations.h"

#include <dlfcn.h>
#include <doctest/doctest.h>
#include <link.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "symbols/module.h"

using namespace ttrace;

namespace {

struct Loaded {
  std::string path;
  std::uint64_t bias = 0;
};

// The object of this process that has `function`.
Loaded object_of(const void* function) {
  Dl_info info{};
  link_map* map = nullptr;
  REQUIRE(dladdr1(function, &info, reinterpret_cast<void**>(&map), RTLD_DL_LINKMAP) != 0);
  return {info.dli_fname, map->l_addr};
}

std::uint64_t word_at(std::uint64_t address) {
  std::uint64_t word = 0;
  std::memcpy(&word, reinterpret_cast<const void*>(address), sizeof(void*));
  return word;
}

const int here = 0;

}  // namespace

TEST_CASE("words that are to hold the address of a function") {
  const Loaded self = object_of(&here);
  auto module = Module::open("/proc/self/exe", "self");
  REQUIRE(module);
  const std::array<std::string_view, 1> names{"dladdr1"};
  const auto slots = (*module)->function_slots(names, {});
  REQUIRE(!slots.empty());
  const auto there = reinterpret_cast<std::uint64_t>(dlsym(RTLD_DEFAULT, "dladdr1"));
  for (const FunctionSlot& slot : slots) {
    CHECK(slot.name == "dladdr1");
    // It was called above, so the linker has been there, however lazy it is.
    CHECK(word_at(self.bias + slot.slot.value()) == there);
  }
  const std::array<std::string_view, 1> none{"no_such_function"};
  CHECK((*module)->function_slots(none, {}).empty());
}

TEST_CASE("where a thread's errno is") {
  const Loaded libc = object_of(dlsym(RTLD_DEFAULT, "__errno_location"));
  auto module = Module::open(libc.path, libc.path);
  REQUIRE(module);
  const auto place = (*module)->error_number();
  if (!place) return;  // not glibc
  const auto pointer = reinterpret_cast<std::uint64_t>(__builtin_thread_pointer());
  CHECK(pointer + word_at(libc.bias + place->slot.value()) + place->offset ==
        reinterpret_cast<std::uint64_t>(&errno));
}
