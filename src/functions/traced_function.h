// A function that the user asked for, and how to read its arguments and result.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arch/calling.h"
#include "functions/prototype_book.h"
#include "symbols/module.h"

namespace ttrace {

/// One matched function. Shared by all processes that have its module loaded. What its debug
/// information says is read at the first call.
class TracedFunction {
 public:
  /// `function` belongs to `module`. `object` is what is printed behind '@'; empty: nothing.
  TracedFunction(std::shared_ptr<Module> module, const Function& function, std::string object)
      : module_(std::move(module)), function_(function), object_(std::move(object)) {}

  [[nodiscard]] const Function& function() const { return function_; }
  [[nodiscard]] const std::string& object() const { return object_; }
  [[nodiscard]] Abi machine() const { return module_->machine(); }

  /// How its values are laid out at entry and return; made when first asked for.
  struct Layout {
    const Signature* signature = nullptr;  // nullptr: no debug information, raw registers
    std::vector<Place> arguments;          // one for each parameter, in order
    ResultPlace result;
    std::vector<Place> results;           // Go's: one for each result, in order
    bool untold = false;                  // Go's: there may be arguments that are not described
    std::optional<GoArguments> go_words;  // Go's: what its tracebacks know of the arguments
    bool convention_known = true;  // false: this machine's calling convention is not described
  };
  [[nodiscard]] const Layout& layout();
  /// The module that it is in.
  [[nodiscard]] const std::shared_ptr<Module>& module() const { return module_; }
  [[nodiscard]] bool has_layout() const { return layout_.has_value(); }
  /// See Module.
  [[nodiscard]] std::optional<std::string> take_warning() { return module_->take_warning(); }

  /// Where it is looked up when debug information says nothing of it: `library` is the name of its
  /// object there, empty for a program that is linked statically.
  void look_up_in(prototypes::PrototypeBook& book, std::string library) {
    book_ = &book;
    library_ = std::move(library);
  }
  /// What a prototype says of it; nullptr: there is none, or debug information, which is better
  /// than what is built in, but not than the user's own files.
  /// Looked for at the first call.
  [[nodiscard]] const prototypes::Prototype* prototype();

 private:
  void lay_out_go(Layout& layout);

  std::shared_ptr<Module> module_;
  const Function& function_;
  std::string object_;
  std::optional<Layout> layout_;
  prototypes::PrototypeBook* book_ = nullptr;  // null: nowhere, or it was looked up
  std::string library_;
  const prototypes::Prototype* prototype_ = nullptr;
};

/// A type as the calling convention sees it. Bounded: a type nested or repeated too often to fit
/// into registers is given the size alone, which is all that matters then.
Shape shape_of(const Type* type);

}  // namespace ttrace
