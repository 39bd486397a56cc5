// Where the current g is on amd64, as a Go program's own code says it.
#include <array>
#include <cstring>

#include "symbols/go_file.h"

namespace ttrace {
namespace {

// Intel SDM volume 2, 2.1 and 2.2.1
constexpr unsigned kFs = 0x64;
constexpr unsigned kRexW = 0x48;
constexpr unsigned kRexB = 1;
constexpr unsigned kStore = 0x89;
constexpr unsigned kLoad = 0x8b;
constexpr unsigned kMoveNumber = 0xc7;

std::int32_t number_at(std::span<const std::byte> code, std::size_t at) {
  std::int32_t value = 0;
  std::memcpy(&value, code.data() + at, sizeof(value));
  return value;
}

/// What was last put into each of the 16 registers.
struct Known {
  enum class Kind : std::uint8_t { Nothing, Number, WordAt };
  Kind kind = Kind::Nothing;
  std::int64_t number = 0;
};

}  // namespace

// A linker makes one of these of a thread-local variable (ELF Handling For Thread-Local Storage,
// 4.4.6, x86-64):
//   mov %fs:-8, %r                       local-exec, as Go's own linker and compiler have it
//   mov $-8, %s; mov %fs:(%s), %r        initial-exec, relaxed
//   mov slot(%rip), %s; mov %fs:(%s), %r initial-exec
bool find_g_in_code(std::span<const std::byte> code, Address address, GoProgram& program) {
  std::array<Known, 16> registers;
  auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(code[at]); };
  constexpr std::size_t kLongest = 9;  // of these instructions
  for (std::size_t at = 0; at + kLongest <= code.size(); ++at) {
    const bool fs = byte(at) == kFs;
    const std::size_t start = at + (fs ? 1 : 0);
    if ((byte(start) & 0xf8U) != kRexW) continue;
    const unsigned rex = byte(start);
    const unsigned opcode = byte(start + 1);
    const unsigned modrm = byte(start + 2);
    const unsigned low = (modrm & 7U) | (rex & kRexB) << 3U;
    if (fs && (opcode == kStore || opcode == kLoad)) {
      if ((modrm & 0xc7U) == 4 && byte(start + 3) == 0x25) {
        program.tls_offset = number_at(code, start + 4);
        return true;
      }
      const Known& base = registers.at(low);
      if (modrm >= 0x40 || base.kind == Known::Kind::Nothing) continue;
      if (base.kind == Known::Kind::Number)
        program.tls_offset = base.number;
      else
        program.tls_slot = Address(static_cast<std::uint64_t>(base.number));
      return true;
    }
    if (!fs && opcode == kMoveNumber && modrm >= 0xc0 && (modrm & 0x38U) == 0)
      registers.at(low) = {Known::Kind::Number, number_at(code, start + 3)};
    if (!fs && opcode == kLoad && (modrm & 0xc7U) == 5) {
      const unsigned target = (modrm >> 3U & 7U) | (rex & 4U) << 1U;
      const auto next = address + (start + 7);
      registers.at(target) = {Known::Kind::WordAt,
                              static_cast<std::int64_t>(next.value()) + number_at(code, start + 3)};
    }
  }
  return false;
}

}  // namespace ttrace
