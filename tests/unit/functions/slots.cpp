#include "functions/slots.h"

#include <doctest/doctest.h>

#include <initializer_list>

#include "unit/fake_memory.h"

using namespace ttrace;
using test::FakeMemory;

namespace {

std::vector<std::byte> bytes(std::initializer_list<unsigned> list) {
  std::vector<std::byte> result;
  for (unsigned b : list)
    result.push_back(static_cast<std::byte>(b));
  return result;
}

// One that can be copied anywhere, and one that has an operand relative to its own address.
DisplacedInstruction copied(Address at) {
  auto decoded = DisplacedInstruction::decode(Abi::X86_64, at, bytes({0x0f, 0xa2}));  // cpuid
  REQUIRE(decoded);
  REQUIRE_FALSE(decoded->emulated());
  return *decoded;
}
DisplacedInstruction relative(Address at) {
  auto decoded = DisplacedInstruction::decode(
      Abi::X86_64, at, bytes({0x0f, 0x10, 0x05, 0x00, 0x01, 0x00, 0x00}));  // movups 0x100(%rip)
  REQUIRE(decoded);
  REQUIRE_FALSE(decoded->emulated());
  return *decoded;
}

struct Room {
  FakeMemory memory;
  SlotPool pool;
  static constexpr std::uint64_t kSize = DisplacedInstruction::kMaxLength;
  explicit Room(Address start, std::uint64_t length) {
    memory.map(start, std::vector<std::byte>(length, std::byte{0xee}));
    pool.add_region(start, start + length, memory);
  }
};

}  // namespace

TEST_CASE("a copy is written once and shared by its users") {
  Room room(Address(0x1000), 2 * Room::kSize);
  auto a = room.pool.acquire(copied(Address(0x500)), room.memory);
  auto b = room.pool.acquire(copied(Address(0x500)), room.memory);
  REQUIRE(a);
  REQUIRE(*a);
  CHECK(*a == *b);
  std::byte first{};
  REQUIRE(room.memory.read_object(**a, first));
  CHECK(first == std::byte{0x0f});
}

TEST_CASE("the least recently used free slot is taken over, a used one never") {
  Room room(Address(0x1000), 2 * Room::kSize);
  Address one = room.pool.acquire(copied(Address(0x100)), room.memory)->value();
  Address two = room.pool.acquire(copied(Address(0x200)), room.memory)->value();
  CHECK(one != two);
  auto full = room.pool.acquire(copied(Address(0x300)), room.memory);
  REQUIRE(full);
  CHECK_FALSE(full->has_value());
  room.pool.release(two);
  room.pool.release(one);
  CHECK(room.pool.acquire(copied(Address(0x300)), room.memory)->value() == one);
  CHECK(room.pool.acquire(copied(Address(0x200)), room.memory)->value() == two);
}

TEST_CASE("only slots in reach of a PC-relative operand serve") {
  Room room(Address(0x1000), Room::kSize);
  Address far(0x7f00'0000'0000);
  CHECK_FALSE(room.pool.acquire(relative(far), room.memory));
  Address slot = room.pool.acquire(relative(Address(0x2000)), room.memory)->value();
  room.pool.release(slot);
  CHECK(room.pool.acquire(copied(far), room.memory)->value() == slot);
}

TEST_CASE("restore() puts back what the slots held") {
  Room room(Address(0x1000), Room::kSize);
  Address slot = room.pool.acquire(copied(Address(0x100)), room.memory)->value();
  room.pool.restore(room.memory);
  std::byte first{};
  REQUIRE(room.memory.read_object(slot, first));
  CHECK(first == std::byte{0xee});
}

TEST_CASE("a region that is unmapped takes its slots along") {
  Room room(Address(0x1000), Room::kSize);
  room.pool.remove_region(Address(0x1000), Address(0x2000));
  CHECK_FALSE(room.pool.acquire(copied(Address(0x100)), room.memory));
}
