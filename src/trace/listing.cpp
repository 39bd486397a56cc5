#include "trace/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "functions/libraries.h"
#include "functions/loaded_modules.h"

namespace ttrace {

namespace {

struct Row {
  std::string name;
  std::string object;
  Address address;
  std::string source;
};

bool looks_at(const FunctionPattern& pattern, const LoadedModule& object) {
  return pattern.matches_object(object.module->soname(), object.module->path(),
                                object.is_executable);
}

std::string format_rows(const std::vector<Row>& rows) {
  std::size_t name_width = 0;
  std::size_t object_width = 0;
  constexpr std::size_t kWidest = 60;  // a long template name must not push all others away
  for (const Row& row : rows) {
    if (row.name.size() <= kWidest) name_width = std::max(name_width, row.name.size());
    object_width = std::max(object_width, row.object.size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string where = row.address.null() ? std::string("inlined everywhere")
                                           : fmt::format("{:#x}", row.address.value());
    text += fmt::format("{:<{}}  {:<{}}  {}{}{}\n", row.name, name_width, row.object, object_width,
                        where, row.source.empty() ? "" : "  ", row.source);
  }
  return text;
}

using Seen = std::set<std::pair<const Module*, Address>>;

Result<> add_rows(const LoadedModule& object, const FunctionPattern& pattern, Seen& seen,
                  std::vector<Row>& rows) {
  auto functions = object.module->matching(pattern);
  if (!functions) return functions.error();
  for (const Function* function : *functions) {
    Address address = function->address + object.bias;
    if (!seen.insert({object.module.get(), address}).second) continue;
    auto line = object.module->definition(*function);
    rows.push_back({function->name, object.module->soname(), address,
                    line ? fmt::format("{}:{}", line->file, line->line) : std::string()});
  }
  auto ifuncs = object.module->matching_ifuncs(pattern);
  if (!ifuncs) return ifuncs.error();
  for (const Function* ifunc : *ifuncs) {
    Address address = ifunc->address + object.bias;
    if (!seen.insert({object.module.get(), address}).second) continue;
    rows.push_back({ifunc->name, object.module->soname(), address, "(chosen at run time)"});
  }
  for (const InlinedFunction& function : object.module->inlined(pattern)) {
    rows.push_back({function.name,
                    object.module->soname(),
                    {},
                    function.defined
                        ? fmt::format("{}:{}", function.defined->file, function.defined->line)
                        : std::string()});
  }
  return {};
}

Result<std::string> list(const std::vector<LoadedModule>& objects,
                         const std::vector<FunctionPattern>& patterns) {
  std::vector<Row> rows;
  Seen seen;
  for (const FunctionPattern& pattern : patterns) {
    std::size_t before = rows.size();
    std::vector<std::shared_ptr<Module>> others;
    for (const LoadedModule& object : objects) {
      if (!looks_at(pattern, object)) {
        others.push_back(object.module);
        continue;
      }
      if (auto added = add_rows(object, pattern, seen, rows); !added) return added.error();
    }
    if (rows.size() == before && patterns.size() == 1) {
      return Error{0,
                   fmt::format("no function of {} matches '{}'{}", objects.front().module->path(),
                               pattern.text(), where_it_matches(pattern, others))};
    }
  }
  return format_rows(rows);
}

bool only_executable(const std::vector<FunctionPattern>& patterns) {
  return std::ranges::all_of(patterns,
                             [](const FunctionPattern& p) { return p.object_glob().empty(); });
}

}  // namespace

Result<std::string> list_functions_of_program(const std::string& path,
                                              const std::vector<FunctionPattern>& patterns) {
  auto program = Module::open(path, path);
  if (!program) return program.error();
  std::vector<LoadedModule> objects;
  objects.push_back({.module = std::move(*program), .is_executable = true});
  // The libraries are looked for only when somebody asks for one, or nothing else is there.
  if (only_executable(patterns)) {
    if (auto first = list(objects, patterns)) return first;
  }
  for (auto& library : needed_libraries(*objects.front().module)) {
    objects.push_back({.module = std::move(library)});
  }
  return list(objects, patterns);
}

Result<std::string> list_functions_of_process(Pid pid,
                                              const std::vector<FunctionPattern>& patterns) {
  ModuleCache cache;
  MappedText mapped = cache.scan(Tid{pid.value});
  std::vector<LoadedModule>& objects = mapped.modules;
  std::ranges::stable_sort(objects, [](const LoadedModule& a, const LoadedModule& b) {
    return a.is_executable && !b.is_executable;
  });
  if (objects.empty() || !objects.front().is_executable) {
    return Error{
        0,
        mapped.problems.empty()
            ? fmt::format("process {} does not exist, or its memory map may not be read", pid.value)
            : mapped.problems.front().why};
  }
  return list(objects, patterns);
}

}  // namespace ttrace
