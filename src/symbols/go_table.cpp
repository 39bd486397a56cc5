#include "symbols/go_table.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "symbols/read_at.h"

namespace ttrace {
namespace {

constexpr std::size_t kWord = 8;  // no other machine's programs are looked at

// Go 1.27 src/internal/abi/symtab.go
constexpr std::uint32_t kMagic116 = 0xfffffffa;
constexpr std::uint32_t kMagic118 = 0xfffffff0;
constexpr std::uint32_t kMagic120 = 0xfffffff1;

/// Where the members of _func are (Go 1.16, 1.19, 1.27 src/runtime/runtime2.go).
struct Layout {
  std::uint64_t name = 0;  // the members up to cuOffset follow it, 4 bytes each
  std::uint64_t start_line = 0;
  std::uint64_t flags = 0;
  std::uint64_t size = 0;
};
constexpr std::array<Layout, 3> kLayouts{{
    {8, 0, 41, 44},  // the entry is an address
    {4, 0, 37, 40},
    {4, 36, 41, 44},
}};

std::optional<GoFormat> format_of(std::uint32_t magic) {
  if (magic == kMagic116) return GoFormat::Go116;
  if (magic == kMagic118) return GoFormat::Go118;
  if (magic == kMagic120) return GoFormat::Go120;
  return std::nullopt;
}

/// Bytes of half an entry of the table that functions are looked up in.
std::uint64_t field_size(GoFormat format) {
  return format == GoFormat::Go116 ? kWord : sizeof(std::uint32_t);
}

}  // namespace

std::optional<GoTableHeader> GoTableHeader::parse(std::span<const std::byte> bytes) {
  auto magic = read_at<std::uint32_t>(bytes, 0);
  auto format = magic ? format_of(*magic) : std::nullopt;
  if (!format || bytes.size() < kWord) return std::nullopt;
  auto byte = [&](std::size_t at) { return std::to_integer<unsigned>(bytes[at]); };
  if (byte(4) != 0 || byte(5) != 0 || (byte(6) != 1 && byte(6) != 4) || byte(7) != kWord)
    return std::nullopt;
  GoTableHeader header{.format = *format, .quantum = byte(6)};
  std::uint64_t at = kWord;
  auto next = [&] {
    auto value = read_at<std::uint64_t>(bytes, at);
    at += kWord;
    return value.value_or(UINT64_MAX);
  };
  header.functions = next();
  next();  // how many files there are
  if (header.format != GoFormat::Go116) header.text_start = next();
  for (std::uint64_t* part :
       {&header.names, &header.units, &header.files, &header.pc_tables, &header.function_table}) {
    *part = next();
    if (*part < kWord || *part > bytes.size()) return std::nullopt;
  }
  // An entry is two fields, and behind the last one stands where the code ends.
  const std::uint64_t room = (bytes.size() - header.function_table) / field_size(*format);
  if (header.functions == 0 || room == 0 || header.functions > (room - 1) / 2) return std::nullopt;
  return header;
}

std::optional<std::uint32_t> GoPcValues::number() {
  std::uint32_t value = 0;
  for (unsigned shift = 0; shift < 32 && !bytes_.empty(); shift += 7) {
    auto byte = std::to_integer<std::uint32_t>(bytes_.front());
    bytes_ = bytes_.subspan(1);
    value |= (byte & 0x7fU) << shift;
    if ((byte & 0x80U) == 0) return value;
  }
  return std::nullopt;
}

// Go 1.19 src/runtime/symtab.go: step. Differences of values (zigzag) and of addresses in turn;
// a difference of values of 0 ends the table, but for the first.
bool GoPcValues::next() {
  if (end_ >= limit_) return false;
  auto difference = number();
  if (!difference || (*difference == 0 && !first_)) return false;
  auto distance = number();
  // A table that does not advance was made to keep its reader busy.
  if (!distance || *distance == 0) return false;
  first_ = false;
  auto change = *difference >> 1U ^ (0U - (*difference & 1U));
  value_ = static_cast<std::int32_t>(static_cast<std::uint32_t>(value_) + change);
  begin_ = end_;
  end_ = std::min(limit_, end_ + std::uint64_t{*distance} * quantum_);
  return true;
}

std::optional<GoTable> GoTable::open(std::span<const std::byte> bytes, const GoTablePlace& place,
                                     ReadWord read_word) {
  auto header = GoTableHeader::parse(bytes);
  if (!header) return std::nullopt;
  GoTable table;
  table.bytes_ = bytes;
  table.header_ = *header;
  table.place_ = place;
  table.read_word_ = std::move(read_word);
  return table.in_order() ? std::optional(std::move(table)) : std::nullopt;
}

bool GoTable::in_order() const {
  std::uint64_t before = 0;
  for (std::size_t i = 0; i <= size(); ++i) {
    auto next = entry(i);
    if (!next || *next < before) return false;
    before = *next;
  }
  return true;
}

std::optional<std::uint32_t> GoTable::word32(std::uint64_t offset) const {
  return read_at<std::uint32_t>(bytes_, offset);
}

std::string_view GoTable::text(std::uint64_t offset, std::uint64_t end) const {
  constexpr std::uint64_t kLongest = 32768;
  end = std::min<std::uint64_t>(end, bytes_.size());
  if (offset >= end) return {};
  const char* at = reinterpret_cast<const char*>(bytes_.data()) + offset;
  const auto room = static_cast<std::size_t>(std::min(end - offset, kLongest));
  const void* zero = std::memchr(at, 0, room);
  if (zero == nullptr) return {};
  return {at, static_cast<std::size_t>(static_cast<const char*>(zero) - at)};
}

std::string_view GoTable::name(std::uint32_t offset) const {
  return text(header_.names + offset, bytes_.size());
}

std::optional<std::uint64_t> GoTable::entry(std::size_t index) const {
  if (index > size()) return std::nullopt;
  const std::uint64_t at = header_.function_table + 2 * index * field_size(header_.format);
  if (header_.format == GoFormat::Go116) return read_word_(place_.address + at);
  auto offset = word32(at);
  if (!offset) return std::nullopt;
  return place_.text + *offset;
}

std::optional<std::uint64_t> GoTable::function_offset(std::size_t index) const {
  if (index >= size()) return std::nullopt;
  const std::uint64_t field = field_size(header_.format);
  const std::uint64_t at = header_.function_table + (2 * index + 1) * field;
  auto offset = header_.format == GoFormat::Go116 ? read_at<std::uint64_t>(bytes_, at)
                                                  : std::optional<std::uint64_t>(word32(at));
  if (!offset || *offset > bytes_.size()) return std::nullopt;
  return header_.function_table + *offset;
}

std::optional<GoFunction> GoTable::function(std::size_t index) const {
  auto offset = function_offset(index);
  auto entry_address = entry(index);
  auto next_address = entry(index + 1);
  if (!offset || !entry_address || !next_address || *next_address < *entry_address)
    return std::nullopt;
  const Layout& layout = kLayouts.at(static_cast<std::size_t>(header_.format));
  if (*offset > bytes_.size() || bytes_.size() - *offset < layout.size) return std::nullopt;
  auto member = [&](unsigned n) {
    return word32(*offset + layout.name + n * sizeof(std::uint32_t)).value_or(0);
  };
  GoFunction found;
  found.entry = *entry_address;
  found.next = *next_address;
  found.name = name(member(0));
  found.deferreturn = member(2);
  found.pcsp = member(3);
  found.pcfile = member(4);
  found.pcln = member(5);
  found.pcdata_count = member(6);
  found.unit = member(7);
  if (layout.start_line != 0) found.start_line = word32(*offset + layout.start_line).value_or(0);
  found.flags = std::to_integer<std::uint8_t>(bytes_[*offset + layout.flags]);
  found.funcdata_count = std::to_integer<std::uint8_t>(bytes_[*offset + layout.size - 1]);
  found.end_offset = *offset + layout.size;
  return found;
}

std::optional<std::size_t> GoTable::index_at(std::uint64_t address) const {
  std::size_t low = 0;
  std::size_t high = size();
  auto begins_behind = [&](std::size_t index) {
    return entry(index).value_or(UINT64_MAX) > address;
  };
  if (begins_behind(0) || !begins_behind(size())) return std::nullopt;
  while (high - low > 1) {
    const std::size_t middle = low + (high - low) / 2;
    (begins_behind(middle) ? high : low) = middle;
  }
  return low;
}

GoPcValues GoTable::values(const GoFunction& function, std::uint32_t table) const {
  const std::uint64_t at = header_.pc_tables + table;
  auto bytes =
      table == 0 || at >= bytes_.size() ? std::span<const std::byte>() : bytes_.subspan(at);
  return {bytes, function.entry, function.next, header_.quantum};
}

std::optional<std::int32_t> GoTable::value_at(const GoFunction& function, std::uint32_t table,
                                              std::uint64_t address) const {
  auto walk = values(function, table);
  while (walk.next())
    if (address >= walk.begin() && address < walk.end()) return walk.value();
  return std::nullopt;
}

std::uint32_t GoTable::pcdata(const GoFunction& function, unsigned kind) const {
  if (kind >= function.pcdata_count) return 0;
  return word32(function.end_offset + kind * sizeof(std::uint32_t)).value_or(0);
}

std::optional<std::uint64_t> GoTable::funcdata(const GoFunction& function, unsigned kind) const {
  if (kind >= function.funcdata_count) return std::nullopt;
  std::uint64_t at =
      function.end_offset + std::uint64_t{function.pcdata_count} * sizeof(std::uint32_t);
  if (header_.format == GoFormat::Go116) {
    // Addresses, aligned as such.
    const std::uint64_t address = place_.address + at;
    auto found = read_word_(address + address % kWord + kind * kWord);
    return found && *found != 0 ? found : std::nullopt;
  }
  auto offset = word32(at + kind * sizeof(std::uint32_t));
  if (!offset || *offset == UINT32_MAX || place_.gofunc == 0) return std::nullopt;
  return place_.gofunc + *offset;
}

std::string_view GoTable::file(std::uint32_t unit, std::int32_t number) const {
  if (number < 0) return {};
  const std::uint64_t index = std::uint64_t{unit} + static_cast<std::uint32_t>(number);
  auto offset = word32(header_.units + index * sizeof(std::uint32_t));
  if (!offset || *offset == UINT32_MAX) return {};
  return text(header_.files + *offset, bytes_.size());
}

}  // namespace ttrace
