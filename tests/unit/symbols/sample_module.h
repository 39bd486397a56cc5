// Helpers for tests that look into the sample programs.
#pragma once

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "symbols/module.h"
#include "symbols/pattern.h"
#include "symbols/sample_paths.h"

namespace ttrace::test {

/// The C and the C++ sample, compiled in every way that has full debug information.
inline constexpr const char* kC[] = {kSampleCO0, kSampleCO2, kSampleCO0Dwarf4, kSampleCO2Dwarf4,
                                     kSampleCTypeUnits};
inline constexpr const char* kCpp[] = {kSampleCppO0, kSampleCppO2, kSampleCppO0Dwarf4,
                                       kSampleCppO2Dwarf4, kSampleCppTypeUnits};

inline std::unique_ptr<Module> open_module(const std::string& path) {
  auto module = Module::open(path, path);
  REQUIRE_MESSAGE(module.has_value(), module.error().message());
  return std::move(*module);
}

/// The only function with this name.
inline const Function& function(Module& module, const std::string& name) {
  auto functions = module.functions();
  REQUIRE(functions.has_value());
  const Function* found = nullptr;
  for (const Function& each : *functions) {
    if (each.name != name) continue;
    REQUIRE_MESSAGE(found == nullptr, "twice: ", name);
    found = &each;
  }
  REQUIRE_MESSAGE(found != nullptr, "not found: ", name);
  return *found;
}

inline const Signature& signature(Module& module, const std::string& name) {
  const Signature* found = module.signature(function(module, name));
  REQUIRE_MESSAGE(found != nullptr, "no signature: ", name);
  return *found;
}

inline const Parameter& parameter(const Signature& signature, const std::string& name) {
  for (const Parameter& each : signature.parameters)
    if (each.name == name) return each;
  FAIL("no parameter: ", name);
  return signature.parameters.front();
}

inline const Member& member(const Type& type, const std::string& name) {
  for (const Member& each : type.members)
    if (each.name == name) return each;
  FAIL("no member: ", name);
  return type.members.front();
}

inline std::vector<char> contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// A file that exists only in memory, with a path by which it can be opened.
class MemoryFile {
 public:
  explicit MemoryFile(const std::vector<char>& bytes) : fd_(memfd_create("sample", MFD_CLOEXEC)) {
    REQUIRE(fd_.valid());
    REQUIRE(write(fd_.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  [[nodiscard]] std::string path() const { return "/proc/self/fd/" + std::to_string(fd_.get()); }

 private:
  UniqueFd fd_;
};

}  // namespace ttrace::test
