// One syscall over a fake memory, as the text that a user sees.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "decode/decoder.h"
#include "output/syscall_result.h"
#include "output/text_sink.h"
#include "unit/fake_memory.h"

namespace ttrace::test {

/// The options of -v.
inline DecodeOptions unabridged() {
  return {.abbreviated = *SyscallFilter::parse("none")};
}

/// Makes calls by name and shows them as "name(args) = result".
class Calls {
 public:
  explicit Calls(Abi abi = Abi::X86_64, DecodeOptions options = {})
      : abi_(abi), decoder_(std::move(options)) {}

  FakeMemory memory;
  PendingSyscall pending;
  std::uint64_t stack_pointer = 0;

  static std::uint64_t number(Abi abi, std::string_view name) {
    for (std::uint64_t n = 0; n < 1024; ++n) {
      if (Decoder::name(abi, n) == name) return n;
    }
    FAIL("no such call: " << std::string(name));
    return 0;
  }

  /// What is shown while the call runs: "read(3, ".
  std::string enter(std::string_view name, std::array<std::uint64_t, 6> args) {
    SyscallRequest request{.abi = abi_, .number = number(abi_, name), .args = args};
    request.stack_pointer = stack_pointer;
    const auto event = decoder_.enter(request, pending, memory);
    text_ = std::string(event.name) + "(";
    add(event.args);
    complete = event.complete;
    return text_;
  }
  std::string exit(std::int64_t rval) {
    const SyscallOutcome outcome{rval, rval < 0 && rval > -4096};
    return finish(decoder_.exit(outcome, pending, memory));
  }
  std::string call(std::string_view name, std::array<std::uint64_t, 6> args, std::int64_t rval) {
    enter(name, args);
    return exit(rval);
  }

  bool complete = false;

 private:
  void add(std::span<const Value> args) {
    for (const Value& value : args) {
      if (!text_.ends_with('(')) text_ += ", ";
      render(value, text_);
    }
  }
  std::string finish(const SyscallReturned& event) {
    add(event.args);
    text_ += ") = ";
    append_syscall_result(event.result, text_);
    return text_;
  }

  Abi abi_;
  Decoder decoder_;
  std::string text_;
};

/// Numbers as they stand in a little-endian memory.
class Bytes {
 public:
  Bytes& u16(std::uint64_t v) { return put(v, 2); }
  Bytes& u32(std::uint64_t v) { return put(v, 4); }
  Bytes& u64(std::uint64_t v) { return put(v, 8); }
  Bytes& zeros(std::size_t n) {
    data_.append(n, '\0');
    return *this;
  }
  Bytes& text(std::string_view t) {
    data_ += t;
    return *this;
  }
  [[nodiscard]] std::string_view view() const { return data_; }

 private:
  Bytes& put(std::uint64_t v, unsigned size) {
    for (unsigned i = 0; i < size; ++i)
      data_ += static_cast<char>(v >> (8 * i));
    return *this;
  }
  std::string data_;
};

}  // namespace ttrace::test
