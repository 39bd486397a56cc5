// The arguments and results of traced calls: by debug information, else by a prototype, else raw.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "functions/address_space.h"
#include "functions/go_values.h"
#include "functions/open_calls.h"
#include "functions/prototype_book.h"
#include "functions/prototype_values.h"
#include "functions/traced_function.h"
#include "functions/values.h"

namespace ttrace {

class CallValues {
 public:
  /// `book`: where functions without debug information are looked up; null: only what is built in.
  CallValues(DecodeOptions options, std::shared_ptr<prototypes::PrototypeBook> book)
      : reader_(std::move(options)),
        book_(book ? std::move(book) : std::make_shared<prototypes::PrototypeBook>()) {}

  [[nodiscard]] prototypes::PrototypeBook& book() { return *book_; }

  /// At the first instruction of a call: its arguments; `numbers` gets what returned() needs of
  /// them.
  Arguments entered(TracedFunction& function, const ValueSource& source, AddressSpace& space,
                    prototypes::Numbers& numbers);
  /// When it has just returned; a Go function: at one of its return instructions.
  prototypes::Returned returned(const OpenCall& call, const ValueSource& source,
                                AddressSpace& space);

 private:
  std::optional<GoTypeSource> go_types(const TracedFunction& function, AddressSpace& space);

  // Of each Go program, for all of its processes.
  std::map<std::shared_ptr<Module>, GoRuntimeTypes> go_types_;
  prototypes::PrototypeReader reader_;
  std::shared_ptr<prototypes::PrototypeBook> book_;
};

}  // namespace ttrace
