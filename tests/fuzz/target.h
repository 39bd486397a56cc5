// What a fuzz target gives: libFuzzer's entry and a run of its own, so that a target is a fuzzer
// when it is linked with libFuzzer and an ordinary test when it is linked with replay.cpp.
#pragma once

#include <cstddef>
#include <cstdint>

/// Runs the target on one input. Returns 0. What is wrong is printed, and the program aborted.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace ttrace::fuzz {

/// Everything that the target can tell apart, `rounds` times each, with inputs made from a fixed
/// seed. Returns how many inputs were run. What is wrong is printed, and the program aborted.
std::size_t sweep(unsigned rounds);

}  // namespace ttrace::fuzz
