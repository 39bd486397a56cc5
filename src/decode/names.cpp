#include "decode/names.h"

#include <fmt/format.h>
#include <seccomp.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace ttrace::names {

namespace {

struct Row {
  std::string name;
  const SyscallDescription* description = nullptr;
  bool resolved = false;
};

// One ABI's numbers from 0, then ARM's private ones.
using Table = std::vector<Row>;

std::string resolve(Abi abi, std::uint64_t number) {
  char* name = seccomp_syscall_resolve_num_arch(audit_arch(abi), static_cast<int>(number));
  std::string result = name == nullptr ? std::string() : name;
  std::free(name);
  // The kernel's names of what is called so elsewhere, too; strace says what everybody says.
  if (result == "arm_fadvise64_64") return "fadvise64_64";
  if (result == "arm_sync_file_range") return "sync_file_range2";
  return result;
}

// The calls that libseccomp may be too old for: their descriptions give the number.
std::span<const SyscallDescription* const> numbered() {
  static const auto rows = [] {
    std::vector<const SyscallDescription*> found;
    for (const SyscallDescription& call : tables::kCalls) {
      if (call.number >= 0) found.push_back(&call);
    }
    return found;
  }();
  return rows;
}

void fill(Row& row, Abi abi, std::uint64_t number) {
  row.resolved = true;
  row.name = resolve(abi, number);
  for (const SyscallDescription* call : numbered()) {
    if (row.name.empty() && std::cmp_equal(call->number, number) && call->has(abi)) {
      row.name = call->name;
    }
  }
  if (!row.name.empty()) row.description = description(abi, row.name);
}

// Names for numbers that have none, kept: the caller's views must stay valid.
std::string_view unknown_name(std::uint64_t number) {
  static std::map<std::uint64_t, std::string> made;
  // A program that calls a million different numbers must not fill the memory.
  constexpr std::size_t kMany = 65536;
  if (made.size() >= kMany && !made.contains(number)) return "syscall_unknown";
  auto [it, is_new] = made.try_emplace(number);
  if (is_new) it->second = fmt::format("syscall_{:#x}", number);
  return it->second;
}

// A row is filled when it is first asked for: to resolve all of an ABI takes libseccomp 0.4 ms. A
// table does not grow, so that the names that were given out stay valid.
const Row* find(Abi abi, std::uint64_t number) {
  static std::array<Table, kAbiCount> all;
  Table& table = all.at(static_cast<std::size_t>(abi));
  if (table.empty()) table.resize(kNumbers + (abi == Abi::Arm ? kArmLast - kArmFirst + 1 : 0));
  std::uint64_t index = number;
  if (abi == Abi::Arm && number >= kArmFirst && number <= kArmLast) {
    index = number - kArmFirst + kNumbers;
  } else if (number >= kNumbers) {
    return nullptr;
  }
  Row& row = table[index];
  if (!row.resolved) fill(row, abi, number);
  return row.name.empty() ? nullptr : &row;
}

}  // namespace

const SyscallDescription* description(Abi abi, std::string_view name) {
  const auto& calls = tables::kCalls;
  auto of_name = std::ranges::lower_bound(calls, name, {}, &SyscallDescription::name);
  for (; of_name != calls.end() && of_name->name == name; ++of_name) {
    if (of_name->has(abi)) return &*of_name;
  }
  return nullptr;
}

Entry lookup(Abi abi, std::uint64_t number) {
  const Row* row = find(abi, number);
  if (row == nullptr) return {unknown_name(number), nullptr};
  return {row->name, row->description};
}

bool is_named(Abi abi, std::uint64_t number) {
  return find(abi, number) != nullptr;
}

}  // namespace ttrace::names
