// What a Go program's file says of its runtime.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/address.h"

namespace ttrace {

/// Of an executable with a pclntab. Offsets are bytes within the runtime's structures; they follow
/// from the version, or from DWARF where there is any. Addresses are the file's.
struct GoProgram {
  std::string version;  // "go1.19.8", as runtime.buildVersion has it; empty: not known
  unsigned minor = 0;   // 19; 0: not known; what the pclntab's format allows at least is assumed

  // runtime.g. stack.lo is at 0 and stack.hi at 8 in every version.
  std::uint64_t g_m = 48;
  std::uint64_t g_goid = 0;
  std::uint64_t g_panic = 32;  // of the innermost panic; null: none
  // runtime.m
  std::uint64_t m_g0 = 0;
  std::uint64_t m_gsignal = 0;
  std::uint64_t m_curg = 0;
  // amd64: where the current g is, from the thread pointer (fs base); it is -8 unless the dynamic
  // linker decides (then the word at `tls_slot`, a file address, holds the offset). arm64 keeps g
  // in x28.
  std::int64_t tls_offset = -8;
  std::optional<Address> tls_slot;

  // runtime.firstmoduledata's types and etypes: what type offsets count from. Null: not found.
  Address types;
  Address types_end;
};

}  // namespace ttrace
