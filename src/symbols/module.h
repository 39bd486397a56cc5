// One ELF file and what it says about its functions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "arch/abi.h"
#include "base/address.h"
#include "base/result.h"
#include "symbols/go_program.h"
#include "symbols/types.h"

namespace ttrace {

/// A function of a module. Addresses are the file's own virtual addresses: add the load bias.
struct Function {
  std::string name;     // qualified and demangled, without parameters, ABI tags or clone suffixes
  std::string linkage;  // the symbol as it stands in the file
  Address address;
  std::uint64_t size = 0;  // bytes; 0 when the file does not say
  bool clone = false;      // .isra, .constprop, .part: the ABI's argument registers would lie
  bool go = false;         // Go's: by its conventions, on a goroutine's stack
  bool assembly = false;   // Go's, with arguments and results on the stack (ABI0): its assembler's,
                           // cgo's, and what was compiled before there was a register ABI
};

struct SourceLine {
  std::string file;
  unsigned line = 0;
};

/// A function that was inlined wherever it is called.
struct InlinedFunction {
  std::string name;  // as Function::name
  std::optional<SourceLine> defined;
};

/// A segment that is mapped when the file is loaded.
struct Segment {
  Address address;
  FileOffset offset;
  std::uint64_t file_size = 0;
  std::uint64_t memory_size = 0;
  bool executable = false;
};

/// A word of a file's memory that the dynamic linker makes the address of a function.
struct FunctionSlot {
  Address slot;              // where it is
  std::string_view name;     // of the function; empty: `resolver` chooses it
  Address resolver;          // null when there is a name
  std::uint64_t before = 0;  // what is there before the linker has been there
};

/// Where a thread's own variable is: at the thread pointer, plus what the word at `slot` of the
/// loaded file holds, plus `offset`.
struct ThreadVariable {
  Address slot;
  std::uint64_t offset = 0;
};

/// A word of a Go function's arguments that is a value by itself: a number, a pointer, each of the
/// two of a string.
struct GoArgument {
  unsigned parameter = 0;    // which one of the source it is of, or is part of; the receiver is 0
  std::uint64_t offset = 0;  // bytes: where it is among the arguments (ABI0), or may be spilled to
  std::uint64_t size = 0;    // bytes: 1 to 8
};

/// What a Go program says of a function's arguments without debug information, for its own
/// tracebacks: how many and how large, but not of what type (a float has no general register).
struct GoArguments {
  std::vector<GoArgument> words;
  bool complete = true;  // false: there are more, which the program does not describe
};

class FunctionPattern;

/// An opened ELF file. Symbols are read when first asked for; DWARF only for the functions asked
/// about. Reads a hostile file without crashing, hanging or unbounded memory: every count and
/// offset is checked against the file.
class Module {
 public:
  /// Opens the file at `path` (which may be a /proc/PID/map_files entry); `shown_as` is the path
  /// that messages name. Errors: cannot be opened; not an ELF file; an ELF file that is truncated
  /// or whose headers do not make sense ("app: not a valid ELF file: section headers past the end
  /// of the file"); a machine that ttrace does not know.
  static Result<std::unique_ptr<Module>> open(const std::string& path, std::string shown_as);
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  ~Module();

  [[nodiscard]] const std::string& path() const;      // shown_as
  [[nodiscard]] const std::string& soname() const;    // DT_SONAME, or the path's last part
  [[nodiscard]] const std::string& build_id() const;  // hexadecimal; empty: none
  [[nodiscard]] Abi machine() const;
  [[nodiscard]] bool position_independent() const;  // ET_DYN
  [[nodiscard]] std::span<const Segment> segments() const;
  [[nodiscard]] Address entry() const;

  /// All functions of .symtab (or of .dynsym when the file is stripped), and of a separate debug
  /// file found by build-id or debuglink, ordered by address; one for each address, with the best
  /// of several names (local ones last, then those with leading underscores, then weak ones; the
  /// shortest, the alphabetically first). Never a `.cold` part, an undefined or zero-address
  /// symbol, a PLT stub, an address outside the executable segments, or an IFUNC (its address is
  /// that of its resolver). Go's own are those of its pclntab, whatever symbols there are, with the
  /// names that its tracebacks have. Errors: a symbol table that contradicts itself.
  [[nodiscard]] Result<std::span<const Function>> functions();
  /// The functions whose name `pattern` matches, by address, one for each address: of several
  /// names that an address has, the best that matches (`write` in libc.so.6, where functions() has
  /// `__write`). In Go, not the function that the compiler has made to call another of the same
  /// name by the other ABI. Errors: as functions(); a Go program whose pclntab is not known
  /// (go_file.h).
  [[nodiscard]] Result<std::vector<const Function*>> matching(const FunctionPattern& pattern);
  /// The functions whose name `pattern` matches and that have no code of their own, as far as debug
  /// information (in Go: pclntab) says so; in a file with very much of it, not all may be found.
  /// None for a pattern that asks for no name in particular.
  [[nodiscard]] std::vector<InlinedFunction> inlined(const FunctionPattern& pattern);
  /// The IFUNC symbols whose name `pattern` matches: their address is that of the function which
  /// chooses an implementation. One for each address, as matching(). Errors: as functions().
  [[nodiscard]] Result<std::vector<const Function*>> matching_ifuncs(
      const FunctionPattern& pattern);
  /// The words of this module which are to hold the addresses of functions of these names, or of
  /// what the resolvers at these addresses of its own choose (relocations.h).
  [[nodiscard]] std::vector<FunctionSlot> function_slots(std::span<const std::string_view> names,
                                                         std::span<const Address> resolvers) const;
  /// The function that contains `address` (a file virtual address), or nullptr.
  [[nodiscard]] const Function* function_at(Address address);
  /// The addresses of functions by their linkage names ("__cxa_begin_catch"), in the order of
  /// `names`; nullopt for one that the module does not define. An exported name costs a hash
  /// lookup; the others together cost one walk over the symbol table, the first time.
  [[nodiscard]] std::vector<std::optional<Address>> find_linkage_names(
      std::span<const std::string_view> names);

  /// The address of a variable by its linkage name; nullopt when the module does not define it.
  [[nodiscard]] std::optional<Address> find_object(std::string_view name);

  /// Where each thread has the variable `errno` that this module exports (relocations.h).
  [[nodiscard]] std::optional<ThreadVariable> error_number();

  /// The dynamic loader that the program asks for (PT_INTERP); empty when it is static.
  [[nodiscard]] std::string interpreter() const;
  /// Whether it imports execve or one of its kin, so that it may become another program.
  [[nodiscard]] bool imports_exec() const;

  /// The file, opened for reading: what stands at its path may be another one by now.
  [[nodiscard]] int descriptor() const;

  /// Whether there is debug information (DWARF) for any function.
  [[nodiscard]] bool has_debug_info();
  /// What is wrong with the debug information that was asked for so far, once: "app: its debug
  /// information cannot be read: …". nullopt: nothing, or it was said before.
  [[nodiscard]] std::optional<std::string> take_warning();
  /// Parameters and result, in the order of the source, or nullptr when the debug information says
  /// nothing about this function. The result lives as long as the module.
  [[nodiscard]] const Signature* signature(const Function& function);
  /// What its pclntab says of a Go program as a whole; nullptr: it is not one. Read when first
  /// asked for.
  [[nodiscard]] const GoProgram* go();
  /// Go: how many bytes are between the stack pointer and the return address of the function that
  /// `at` is in, just before the instruction there executes (pclntab's pcsp); on arm64, where the
  /// return address is in the link register at first, the caller's stack pointer. nullopt: not
  /// known.
  [[nodiscard]] std::optional<std::uint64_t> go_frame_size(Address at);
  /// Go: the addresses behind the last instruction of the function's code (without padding);
  /// nullopt: not a function of pclntab.
  [[nodiscard]] std::optional<Address> go_code_end(const Function& function);
  /// Go: the words of the function's arguments, as tracebacks show them; nullopt: it does not say
  /// (an assembler function, or Go before 1.17). An instance of a generic function has another
  /// argument before them, its dictionary, where the first word's offset is not 0.
  [[nodiscard]] std::optional<GoArguments> go_arguments(const Function& function);
  /// Where the source defines a function; nullopt when unknown. (The line of its address may be an
  /// inlined function's.)
  [[nodiscard]] std::optional<SourceLine> definition(const Function& function);
  /// Source line of an address; nullopt when unknown.
  [[nodiscard]] std::optional<SourceLine> line(Address address);

 private:
  Module();
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ttrace
