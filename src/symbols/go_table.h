// pclntab: what a Go program says of its own functions, for its tracebacks and its stacks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

namespace ttrace {

/// Formats by the first Go that writes them (Go 1.27 src/internal/abi/symtab.go). Up to 1.15
/// another one was written, which is not read.
enum class GoFormat : std::uint8_t { Go116, Go118, Go120 };

/// The header of a pclntab (Go 1.19 src/runtime/symtab.go: pcHeader). Offsets are from its start.
struct GoTableHeader {
  GoFormat format = GoFormat::Go120;
  unsigned quantum = 1;  // bytes of the smallest instruction
  std::uint64_t functions = 0;
  // Where code begins; Go116 has none, and since Go 1.26 it is 0: moduledata says it.
  std::uint64_t text_start = 0;
  std::uint64_t names = 0;
  std::uint64_t units = 0;  // of compilation units: which files they are made of
  std::uint64_t files = 0;
  std::uint64_t pc_tables = 0;
  std::uint64_t function_table = 0;

  /// What begins at `bytes`; nullopt: no pclntab, or one that does not lie within `bytes`.
  static std::optional<GoTableHeader> parse(std::span<const std::byte> bytes);
};

/// A function of a pclntab (Go 1.19 src/runtime/runtime2.go: _func).
struct GoFunction {
  std::uint64_t entry = 0;  // an address of the file, as all others here
  std::uint64_t next = 0;   // where the next one begins: up to 31 bytes of padding may be before it
  std::string_view name;    // "main.Map[go.shape.int]"; in the file
  std::uint32_t pcsp = 0;   // tables of values by address: offsets; 0: none
  std::uint32_t pcfile = 0;
  std::uint32_t pcln = 0;
  std::uint32_t unit = 0;
  std::uint32_t start_line = 0;  // of the source; 0: not known (before 1.20)
  std::uint32_t deferreturn =
      0;  // bytes from the entry to the call of runtime.deferreturn; 0: none
  std::uint32_t pcdata_count = 0;
  std::uint8_t funcdata_count = 0;
  std::uint8_t flags = 0;
  std::uint64_t end_offset = 0;  // of the fixed part, in the pclntab

  /// Whether Go's tools made it: a C function that they linked has no tables.
  [[nodiscard]] bool is_go() const { return pcsp != 0 || pcfile != 0 || pcln != 0; }
};

/// Walks over a table of values by address. Each value is true from begin() on, to before end().
class GoPcValues {
 public:
  /// `bytes` from the table's start on, for a function from `entry` to `limit`.
  GoPcValues(std::span<const std::byte> bytes, std::uint64_t entry, std::uint64_t limit,
             unsigned quantum)
      : bytes_(bytes), end_(entry), limit_(limit), quantum_(quantum) {}

  /// Goes to the next value; false: there is none.
  bool next();
  [[nodiscard]] std::uint64_t begin() const { return begin_; }
  [[nodiscard]] std::uint64_t end() const { return end_; }
  [[nodiscard]] std::int32_t value() const { return value_; }

 private:
  std::optional<std::uint32_t> number();

  std::span<const std::byte> bytes_;
  std::uint64_t begin_ = 0;
  std::uint64_t end_;
  std::uint64_t limit_;
  unsigned quantum_;
  std::int32_t value_ = -1;
  bool first_ = true;
};

/// Of a function's pcdata: which of its inlined calls code belongs to (PCDATA_InlTreeIndex).
inline constexpr unsigned kGoInlineIndex = 2;

/// Where a pclntab is, and what its offsets count from (runtime.moduledata).
struct GoTablePlace {
  std::uint64_t address = 0;
  std::uint64_t text = 0;    // of functions; Go118 and later
  std::uint64_t gofunc = 0;  // of funcdata; 0: not known
};

/// A pclntab. Checks every offset against its bytes, which must outlive it; what does not make
/// sense is as if it were not there.
class GoTable {
 public:
  /// Words that may be relocated: 8 bytes at an address of the file.
  using ReadWord = std::function<std::optional<std::uint64_t>(std::uint64_t)>;
  /// `bytes` begins with the header, and may be longer than the pclntab. nullopt: no pclntab, or
  /// its functions are not in the order of their addresses, as Go's runtime demands, too.
  static std::optional<GoTable> open(std::span<const std::byte> bytes, const GoTablePlace& place,
                                     ReadWord read_word);

  [[nodiscard]] const GoTableHeader& header() const { return header_; }
  [[nodiscard]] std::size_t size() const { return header_.functions; }
  /// Where function `index` begins, and where the last one ends for index == size().
  [[nodiscard]] std::optional<std::uint64_t> entry(std::size_t index) const;
  [[nodiscard]] std::optional<GoFunction> function(std::size_t index) const;
  /// The function that contains an address, or the padding behind it; nullopt: none.
  [[nodiscard]] std::optional<std::size_t> index_at(std::uint64_t address) const;
  /// A name by its offset among the names; empty: none.
  [[nodiscard]] std::string_view name(std::uint32_t offset) const;

  /// How many bytes of names are worth looking at: names may share their bytes, but a table whose
  /// names are many times longer than it is was made to take all day.
  [[nodiscard]] std::size_t name_budget() const { return 16 * bytes_.size() + (1U << 20U); }

  /// The values of one of a function's tables (pcsp, pcfile, pcln).
  [[nodiscard]] GoPcValues values(const GoFunction& function, std::uint32_t table) const;
  [[nodiscard]] std::optional<std::int32_t> value_at(const GoFunction& function,
                                                     std::uint32_t table,
                                                     std::uint64_t address) const;
  /// The offset of a function's table PCDATA_… `kind`; 0: none.
  [[nodiscard]] std::uint32_t pcdata(const GoFunction& function, unsigned kind) const;
  /// Whether it is known where funcdata are.
  [[nodiscard]] bool has_funcdata() const {
    return header_.format == GoFormat::Go116 || place_.gofunc != 0;
  }
  /// Where a function's FUNCDATA_… `kind` is; nullopt: none.
  [[nodiscard]] std::optional<std::uint64_t> funcdata(const GoFunction& function,
                                                      unsigned kind) const;
  /// The name of a file by its number in a compilation unit; empty: none.
  [[nodiscard]] std::string_view file(std::uint32_t unit, std::int32_t number) const;

 private:
  GoTable() = default;
  [[nodiscard]] bool in_order() const;
  [[nodiscard]] std::optional<std::uint32_t> word32(std::uint64_t offset) const;
  [[nodiscard]] std::string_view text(std::uint64_t offset, std::uint64_t end) const;
  [[nodiscard]] std::optional<std::uint64_t> function_offset(std::size_t index) const;

  std::span<const std::byte> bytes_;
  GoTableHeader header_;
  GoTablePlace place_;
  ReadWord read_word_;
};

}  // namespace ttrace
