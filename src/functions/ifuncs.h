// IFUNCs: functions of which the program itself chooses the implementation when it is linked at run
// time (memcpy, strlen). The symbol's address is that of a function that chooses, the resolver.
// What it chose is found in two ways: a trap at the resolver tells what it returns, and where it
// has run already the words that the dynamic linker has filled in tell.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "functions/address_space.h"
#include "functions/loaded_modules.h"
#include "functions/open_calls.h"

namespace ttrace {

/// An IFUNC that the user asked for. Shared by all processes that have its module loaded.
struct Ifunc {
  std::shared_ptr<Module> module;
  const Function* symbol = nullptr;
  struct Asked {
    bool shown = false;        // by --funcs
    bool within = false;       // by --within
    bool with_object = false;  // printed name@object
  } asked;
  std::map<Address, std::unique_ptr<Function>> implementations;  // by their address in the file
};

class Ifuncs {
 public:
  /// Plants a trap at an implementation that was found.
  using Plant = std::function<void(const LoadedModule&, const Function&, Ifunc::Asked)>;

  /// Plants traps at the resolvers of these symbols of a module that is new in `space`.
  void add(const LoadedModule& loaded, const std::vector<const Function*>& symbols,
           Ifunc::Asked asked, AddressSpace& space);
  /// Looks in modules that are new in `space` for what has been chosen already. Modules that were
  /// there before need no second look: what is chosen later meets the trap.
  void look_for_chosen(const std::vector<LoadedModule>& added, AddressSpace& space,
                       const Plant& plant);
  /// Whether it was made for an implementation: it has an IFUNC's name.
  [[nodiscard]] bool is_implementation(const Function& function) const;
  /// A thread is at the first instruction of a resolver.
  static void called(Ifunc& ifunc, const Registers& regs, AddressSpace& space, ThreadCalls& calls);
  /// A thread is where a resolver returns to.
  static void returned(const Registers& regs, AddressSpace& space, ThreadCalls& calls,
                       const Plant& plant);

 private:
  static void found(Ifunc& ifunc, Address implementation, AddressSpace& space, const Plant& plant);
  void look_in(const LoadedModule& loaded, AddressSpace& space, const Plant& plant);

  std::map<const Function*, std::unique_ptr<Ifunc>> all_;
};

}  // namespace ttrace
