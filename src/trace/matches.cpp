// Patterns that match nothing: an error where nothing can change that, a warning where it can.
#include <fmt/format.h>

#include <algorithm>

#include "functions/libraries.h"
#include "trace/tracer.h"

namespace ttrace {

Result<> Tracer::check_matches(const Tracee& tracee) {
  const auto& modules = tracee.space->mapped().modules;
  auto exe = std::ranges::find_if(modules, &LoadedModule::is_executable);
  if (exe == modules.end()) {
    const auto& problems = functions_.problems();
    return Error{0, problems.empty() ? "the program's file cannot be read" : problems.front()};
  }
  if (std::string text = functions_.take_too_many(); !text.empty()) return Error{0, text};
  for (std::size_t i = 0; i < functions_.patterns(); ++i) {
    const FunctionPattern& pattern = functions_.pattern(i);
    // An object that the pattern names may be opened at any time.
    if (functions_.matches(i) != 0 || !pattern.object_glob().empty()) continue;
    // Another program may follow, and may have the function.
    if (config_.follow_forks || exe->module->imports_exec()) return {};
    std::string text =
        fmt::format("no function of {} matches '{}'", exe->module->path(), pattern.text());
    std::vector<std::shared_ptr<Module>> others;
    for (const LoadedModule& m : modules) {
      if (!m.is_executable) others.push_back(m.module);
    }
    for (auto& library : needed_libraries(*exe->module))
      others.push_back(std::move(library));
    text += functions_.inlined(i);
    text += where_it_matches(pattern, others);
    return Error{0, text};
  }
  return {};
}

void Tracer::warn_unmatched() {
  if (outcome_.failure) return;
  for (std::size_t i = 0; i < functions_.patterns(); ++i) {
    if (functions_.matches(i) != 0) continue;
    notice(fmt::format("no function matched '{}'{}", functions_.pattern(i).text(),
                       functions_.inlined(i)));
  }
}

}  // namespace ttrace
