// A Go program's functions, by its pclntab.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "symbols/go_file.h"
#include "symbols/module.h"

namespace ttrace {

/// Whether the linker has made a symbol that is among the functions, but none: where the code
/// begins and ends ("runtime.etext", "go:textfipsstart"), and the build ID.
bool is_go_mark(std::string_view name);

/// Everything that needs no symbol table and no DWARF. Walks over all functions take some ten
/// milliseconds for a hundred thousand of them.
class GoSymbols {
 public:
  /// nullptr: no Go program (go_file.h). `file` must outlive this.
  static std::unique_ptr<GoSymbols> open(const ElfFile& file);

  [[nodiscard]] const GoProgram& program() const { return go_.program; }
  /// All functions, by address. (Names that overlap without sense are not all looked at.)
  void each(const std::function<void(const GoFunction&)>& visit) const;
  [[nodiscard]] std::optional<GoFunction> containing(Address address) const;
  /// As Module has it. A C function's `go` is false.
  [[nodiscard]] Function describe(const GoFunction& function) const;

  /// Those whose name `pattern` matches, by address. Where a function has the name of another one
  /// that the compiler made to call it by the other ABI, only itself.
  [[nodiscard]] std::vector<GoFunction> matching(const FunctionPattern& pattern) const;
  /// The functions with these names (as in the file), in the order of `names`.
  [[nodiscard]] std::vector<std::optional<Address>> find(
      std::span<const std::string_view> names) const;

  // As Module's functions of these names; nullopt where a C function is.
  [[nodiscard]] std::optional<std::uint64_t> frame_size(Address at) const;
  [[nodiscard]] std::optional<Address> code_end(const GoFunction& function) const;
  [[nodiscard]] std::optional<GoArguments> arguments(const GoFunction& function) const;
  [[nodiscard]] std::optional<SourceLine> definition(const GoFunction& function) const;
  [[nodiscard]] std::optional<SourceLine> line(Address at) const;
  [[nodiscard]] std::vector<InlinedFunction> inlined(const FunctionPattern& pattern) const;

 private:
  /// nullopt: no function, but something that tools have put among the code.
  [[nodiscard]] std::optional<GoFunction> at(std::size_t index) const;
  GoSymbols(const ElfFile& file, GoFile go) : file_(&file), go_(std::move(go)) {}
  [[nodiscard]] std::string_view file_at(const GoFunction& function, std::uint64_t address) const;
  /// Compiled to adapt one ABI, or a method's receiver, to another.
  [[nodiscard]] bool generated(const GoFunction& function) const;
  [[nodiscard]] bool of_assembler(const GoFunction& function) const;
  [[nodiscard]] bool compiled_for_stack(const GoFunction& function) const;
  struct InlineSearch;
  void find_inlined(const GoFunction& function, InlineSearch& search) const;

  const ElfFile* file_;
  GoFile go_;
};

}  // namespace ttrace
