// Where in the source calls begin and end, and who called: --location, --stack and --stack-at.
#pragma once

#include <map>
#include <optional>
#include <utility>

#include "arch/registers.h"
#include "base/address.h"
#include "base/arena.h"
#include "event/event.h"
#include "functions/address_space.h"
#include "functions/function_choice.h"

namespace ttrace {

/// What is found is kept: it is looked up once for each function and each place of return.
class CallPlaces {
 public:
  /// Where a thread is whose call has ended.
  enum class End {
    AtReturn,    // on the return instruction of `function`, whose frame is gone: Go
    BackInside,  // behind the call instruction, in the caller
  };

  /// Says what `choice` asks for: where `function` is defined, and who has called it. `regs` are
  /// those at its entry. Texts of the stack live in `arena`, those of the place until the next
  /// call of this.
  void entered(const FunctionChoice& choice, const Function& function, const Registers& regs,
               AddressSpace& space, Arena& arena, FunctionEntered& event);
  /// Likewise where a call ended, and who had called it.
  void returned(const FunctionChoice& choice, End end, const Registers& regs, AddressSpace& space,
                Arena& arena, FunctionReturned& event);

 private:
  // A module, and an address in its file.
  using Key = std::pair<const Module*, Address>;
  using Known = std::map<Key, std::optional<SourceLine>>;
  template <class Find>
  static SourcePlace look_up(Known& known, Key key, Find find);

  Known definitions_;
  Known lines_;
};

}  // namespace ttrace
