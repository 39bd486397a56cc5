#include "symbols/go_offsets.h"

#include <doctest/doctest.h>

namespace ttrace {
namespace {

GoProgram of_version(unsigned minor) {
  GoProgram program{.minor = minor};
  set_runtime_offsets(program);
  return program;
}

TEST_CASE("where goroutines have their numbers") {
  // Go's own: src/runtime/runtime2.go of each version
  for (unsigned minor : {16U, 19U, 22U})
    CHECK(of_version(minor).g_goid == 152);
  for (unsigned minor : {23U, 24U})
    CHECK(of_version(minor).g_goid == 160);
  for (unsigned minor : {25U, 27U, 0U})
    CHECK(of_version(minor).g_goid == 152);
  CHECK(of_version(24).m_curg == 192);
  CHECK(of_version(25).m_curg == 184);
}

TEST_CASE("debug information is right where it differs from what is known of a version") {
  Type word{.kind = Type::Kind::Unsigned, .size = 8};
  Type m{.kind = Type::Kind::Struct, .size = 300};
  m.members = {{.name = "g0", .type = &word, .offset = 8},
               {.name = "gsignal", .type = &word, .offset = 100},
               {.name = "curg", .type = &word, .offset = 293}};  // not within it
  Type pointer{.kind = Type::Kind::Pointer, .size = 8, .target = &m};
  Type g{.kind = Type::Kind::Struct, .size = 400};
  g.members = {{.name = "goid", .type = &word, .offset = 392},
               {.name = "m", .type = &pointer, .offset = 56}};
  GoProgram program = of_version(27);
  take_runtime_offsets(program, g);
  CHECK(program.g_goid == 392);
  CHECK(program.g_m == 56);
  CHECK(program.g_panic == 32);
  CHECK(program.m_g0 == 8);
  CHECK(program.m_gsignal == 100);
  CHECK(program.m_curg == 184);
  Type other{.kind = Type::Kind::Struct};
  take_runtime_offsets(program, other);
  CHECK(program.g_goid == 392);
}

}  // namespace
}  // namespace ttrace
