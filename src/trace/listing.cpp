#include "trace/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "functions/libraries.h"
#include "functions/loaded_modules.h"
#include "symbols/list.h"

namespace ttrace {

namespace {

struct Object {
  std::shared_ptr<Module> module;
  std::uint64_t bias = 0;
  bool is_executable = false;
};

struct Row {
  std::string name;
  std::string object;
  Address address;
  std::string source;
};

bool looks_at(const FunctionPattern& pattern, const Object& object) {
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
    text +=
        fmt::format("{:<{}}  {:<{}}  {:#x}{}{}\n", row.name, name_width, row.object, object_width,
                    row.address.value(), row.source.empty() ? "" : "  ", row.source);
  }
  return text;
}

using Seen = std::set<std::pair<const Module*, Address>>;

Result<> add_rows(const Object& object, const FunctionPattern& pattern, Seen& seen,
                  std::vector<Row>& rows) {
  auto listed = list_functions(*object.module, pattern);
  if (!listed) return listed.error();
  for (ListedFunction& function : *listed) {
    Row row;
    row.name = std::move(function.name);
    row.object = object.module->soname();
    row.address = function.address + object.bias;
    if (function.line) row.source = fmt::format("{}:{}", function.line->file, function.line->line);
    if (seen.insert({object.module.get(), row.address}).second) rows.push_back(std::move(row));
  }
  return {};
}

Result<std::string> list(const std::vector<Object>& objects,
                         const std::vector<FunctionPattern>& patterns) {
  std::vector<Row> rows;
  Seen seen;
  for (const FunctionPattern& pattern : patterns) {
    std::size_t before = rows.size();
    std::vector<std::shared_ptr<Module>> others;
    for (const Object& object : objects) {
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
  std::vector<Object> objects;
  objects.push_back({std::move(*program), 0, true});
  auto first = list(objects, patterns);
  // The libraries are looked for only when somebody asks for one, or nothing else is there.
  if (first && only_executable(patterns)) return first;
  for (auto& library : needed_libraries(*objects.front().module)) {
    objects.push_back({std::move(library), 0, false});
  }
  return list(objects, patterns);
}

Result<std::string> list_functions_of_process(Pid pid,
                                              const std::vector<FunctionPattern>& patterns) {
  ModuleCache cache;
  MappedText mapped = cache.scan(Tid{pid.value});
  std::vector<Object> objects;
  for (const LoadedModule& m : mapped.modules) {
    objects.push_back({m.module, m.bias, m.is_executable});
  }
  std::ranges::stable_sort(objects, [](const Object& a, const Object& b) {
    return a.is_executable && !b.is_executable;
  });
  if (objects.empty() || !objects.front().is_executable) {
    return Error{
        0,
        mapped.problems.empty()
            ? fmt::format("process {} does not exist, or its memory map may not be read", pid.value)
            : mapped.problems.front()};
  }
  return list(objects, patterns);
}

}  // namespace ttrace
