#include "functions/stacks.h"

#include <doctest/doctest.h>
#include <unistd.h>

using namespace ttrace;

namespace {
constexpr StackRange kMade{Address(0x1000), Address(0x2000), StackRange::Kind::Made};
constexpr StackRange kMapping{Address(0x800), Address(0x8000)};
const Tid kNobody{0};
}  // namespace

TEST_CASE("a stack's top belongs to it, its lowest address does not") {
  CHECK(kMade.holds(Address(0x2000)));
  CHECK_FALSE(kMade.holds(Address(0x1000)));
}

TEST_CASE("an announced stack is found inside the mapping it lies in") {
  Stacks stacks;
  stacks.announce(kMade);
  CHECK(stacks.find(Address(0x1800), kMapping, kNobody) == kMade);
  CHECK(stacks.find(Address(0x3000), kMapping, kNobody) == kMapping);
  CHECK(stacks.find(Address(0x3000), kMade, kNobody) == StackRange());
  CHECK(stacks.is_on(kMade, Address(0x1800)));
  CHECK_FALSE(stacks.is_on(kMapping, Address(0x1800)));
  CHECK(stacks.is_on(kMapping, Address(0x3000)));
}

TEST_CASE("what is announced takes the place of what it overlaps") {
  Stacks stacks;
  stacks.announce(kMade);
  StackRange other{Address(0x1800), Address(0x2800), StackRange::Kind::Signal};
  stacks.announce(other);
  CHECK(stacks.find(Address(0x1900), {}, kNobody) == other);
  CHECK(stacks.find(Address(0x1700), {}, kNobody) == StackRange());
}

TEST_CASE("the first thread's stack is known to be one") {
  int here = 0;
  Address sp(reinterpret_cast<std::uint64_t>(&here));
  StackRange found = Stacks().find(sp, {}, Tid{getpid()});
  CHECK(found.kind == StackRange::Kind::Main);
  CHECK(found.holds(sp));
}
