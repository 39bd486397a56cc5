// Arguments and results of functions that a prototype describes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "decode/type_reader.h"
#include "functions/prototype.h"
#include "functions/values.h"

namespace ttrace::prototypes {

/// What is kept of a call from its entry to its return: its arguments as numbers, the variable ones
/// behind the others.
using Numbers = std::vector<std::uint64_t>;

struct Returned {
  Value result;
  std::span<const Value> outputs;  // what the call has filled in, named as the arguments
};

class PrototypeReader {
 public:
  explicit PrototypeReader(DecodeOptions options) : types_(std::move(options)) {}

  /// Whose values come next.
  struct Thread {
    Tid tid;
    std::function<std::optional<int>()> error_number;  // errno; nullopt: not known
  };

  /// The arguments of a call whose first instruction is about to execute. `truncated`: there may be
  /// more, which nobody knows the types of. Valid until the next call of a function of this.
  /// nullopt: this machine's calling convention is not described.
  std::optional<Arguments> arguments(const Prototype& prototype, const ValueSource& source,
                                     const Thread& thread, Numbers& numbers);
  /// The result of a call that has just returned. `numbers`: what arguments() found.
  Returned returned(const Prototype& prototype, const ValueSource& source, const Thread& thread,
                    const Numbers& numbers);

 private:
  TypeReader types_;
};

}  // namespace ttrace::prototypes
