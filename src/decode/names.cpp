#include "decode/names.h"

#include <fmt/format.h>
#include <seccomp.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace ttrace::names {

namespace {

struct Row {
  std::string name;
  const SyscallDescription* description = nullptr;
};

// One ABI's numbers from 0, then ARM's private ones.
using Table = std::vector<Row>;

const SyscallDescription* describe(Abi abi, std::string_view name) {
  const auto& calls = tables::kCalls;
  auto of_name = std::ranges::lower_bound(calls, name, {}, &SyscallDescription::name);
  auto has = [&](const SyscallDescription& row) {
    return (row.abis >> static_cast<unsigned>(abi) & 1) != 0;
  };
  for (; of_name != calls.end() && of_name->name == name; ++of_name) {
    if (has(*of_name)) return &*of_name;
  }
  return nullptr;
}

std::string resolve(Abi abi, std::uint64_t number) {
  char* name = seccomp_syscall_resolve_num_arch(audit_arch(abi), static_cast<int>(number));
  std::string result = name == nullptr ? std::string() : name;
  std::free(name);
  return result;
}

Table build(Abi abi) {
  Table table(kNumbers + (abi == Abi::Arm ? kArmLast - kArmFirst + 1 : 0));
  for (std::uint64_t i = 0; i < table.size(); ++i) {
    table[i].name = resolve(abi, i < kNumbers ? i : i - kNumbers + kArmFirst);
  }
  for (const SyscallDescription& row : tables::kCalls) {
    const bool here = (row.abis >> static_cast<unsigned>(abi) & 1) != 0;
    if (!here || row.number < 0) continue;
    auto& name = table.at(static_cast<std::size_t>(row.number)).name;
    if (name.empty()) name = row.name;
  }
  for (Row& row : table) {
    if (!row.name.empty()) row.description = describe(abi, row.name);
  }
  return table;
}

const Table& table_of(Abi abi) {
  static std::array<std::once_flag, kAbiCount> once;
  static std::array<Table, kAbiCount> all;
  const auto index = static_cast<std::size_t>(abi);
  std::call_once(once.at(index), [&] { all.at(index) = build(abi); });
  return all.at(index);
}

// Names for numbers that have none, kept: the caller's views must stay valid.
std::string_view unknown_name(std::uint64_t number) {
  static std::mutex mutex;
  static std::map<std::uint64_t, std::string> made;
  const std::scoped_lock lock(mutex);
  // A program that calls a million different numbers must not fill the memory.
  constexpr std::size_t kMany = 65536;
  if (made.size() >= kMany && !made.contains(number)) return "syscall_unknown";
  auto [it, is_new] = made.try_emplace(number);
  if (is_new) it->second = fmt::format("syscall_{:#x}", number);
  return it->second;
}

const Row* find(Abi abi, std::uint64_t number) {
  if (abi == Abi::Arm && number >= kArmFirst && number <= kArmLast) {
    number = number - kArmFirst + kNumbers;
  } else if (number >= kNumbers) {
    return nullptr;
  }
  const Row& row = table_of(abi)[number];
  return row.name.empty() ? nullptr : &row;
}

}  // namespace

Entry lookup(Abi abi, std::uint64_t number) {
  const Row* row = find(abi, number);
  if (row == nullptr) return {unknown_name(number), nullptr};
  return {row->name, row->description};
}

bool is_named(Abi abi, std::uint64_t number) {
  return find(abi, number) != nullptr;
}

}  // namespace ttrace::names
