#include "decode/names.h"

#include <doctest/doctest.h>
#include <seccomp.h>

#include <string>

#include "arch/abi.h"

using namespace ttrace;

TEST_CASE("a number given in a description is libseccomp's, where that knows the call") {
  for (const auto& row : tables::kCalls) {
    if (row.number < 0) continue;
    for (int abi = 0; abi < kAbiCount; ++abi) {
      const int known = seccomp_syscall_resolve_name_arch(audit_arch(static_cast<Abi>(abi)),
                                                          std::string(row.name).c_str());
      if (known >= 0) CHECK_MESSAGE(known == row.number, std::string(row.name));
    }
  }
}

TEST_CASE("each described call exists on an ABI that it is described for") {
  for (const auto& row : tables::kCalls) {
    // ipc(2) holds these; they are shown with the names of other calls.
    bool found = row.name.starts_with("ipc_");
    for (int abi = 0; abi < kAbiCount && !found; ++abi) {
      if ((row.abis >> abi & 1) == 0) continue;
      for (std::uint64_t n = 0; n < names::kNumbers && !found; ++n) {
        found = names::lookup(static_cast<Abi>(abi), n).name == row.name;
      }
      // ARM's own calls have numbers far beyond the others.
      for (std::uint64_t n = 0xf0001; n <= 0xf0006 && !found; ++n) {
        found = names::lookup(static_cast<Abi>(abi), n).name == row.name;
      }
    }
    CHECK_MESSAGE(found, std::string(row.name));
  }
}

TEST_CASE("every call with a name is described") {
  // A libseccomp that is newer than ttrace knows some more.
  for (int i = 0; i < kAbiCount; ++i) {
    const auto abi = static_cast<Abi>(i);
    std::string missing;
    int named = 0;
    int described = 0;
    for (std::uint64_t n = 0; n < names::kNumbers; ++n) {
      if (!names::is_named(abi, n)) continue;
      ++named;
      const auto entry = names::lookup(abi, n);
      if (entry.description != nullptr) {
        ++described;
      } else {
        missing += " " + std::to_string(n) + " " + std::string(entry.name);
      }
    }
    INFO("not described:" << missing);
    CHECK(named >= 300);
    CHECK(named - described <= named / 20);
  }
}
