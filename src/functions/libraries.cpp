#include "functions/libraries.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <climits>
#include <cstdlib>

#include <set>
#include <string_view>

#include "os/spawn.h"

namespace ttrace {

namespace {

// The path in a line of the loader's list: "\tlibc.so.6 => /lib/…/libc.so.6 (0x7f…)" or
// "\t/lib64/ld-linux-x86-64.so.2 (0x7f…)"; empty for others (the vdso, "not found").
std::string_view path_in(std::string_view line) {
  std::size_t slash = line.find('/');
  std::size_t end = line.rfind(" (0x");
  if (slash == std::string_view::npos || end == std::string_view::npos || end < slash) return {};
  return line.substr(slash, end - slash);
}

// Whether a file is one that only root could have put there: owned by root and writable by nobody
// else, in a system folder.
bool is_installed(const std::string& path) {
  char real[PATH_MAX];
  struct stat st {};
  if (realpath(path.c_str(), real) == nullptr || stat(real, &st) != 0) return false;
  std::string_view at(real);
  bool system = at.starts_with("/usr/") || at.starts_with("/lib") ||
                at.starts_with("/nix/store/") || at.starts_with("/gnu/store/");
  return system && st.st_uid == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

// "libc.so*" for "libc.so.6": what a user would type.
std::string glob_for(std::string_view soname) {
  std::size_t so = soname.find(".so");
  return so == std::string_view::npos ? std::string(soname)
                                      : std::string(soname.substr(0, so + 3)) + "*";
}

}  // namespace

std::vector<std::shared_ptr<Module>> needed_libraries(const Module& program) {
  std::vector<std::shared_ptr<Module>> libraries;
  if (program.interpreter().empty() || !is_installed(program.interpreter())) return libraries;
  std::string list = output_of({program.interpreter(), "--list", program.path()});
  std::string_view rest = list;
  while (!rest.empty()) {
    std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string path(path_in(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (path.empty()) continue;
    if (auto opened = Module::open(path, path)) libraries.push_back(std::move(*opened));
  }
  return libraries;
}

std::string where_it_matches(const FunctionPattern& pattern,
                             const std::vector<std::shared_ptr<Module>>& modules) {
  std::set<std::string> seen;
  for (const auto& module : modules) {
    if (!seen.insert(module->soname()).second) continue;
    auto matching = module->matching(pattern);
    auto ifuncs = module->matching_ifuncs(pattern);
    if (!matching || !ifuncs) continue;
    const std::size_t count = matching->size() + ifuncs->size();
    if (count == 0) continue;
    return fmt::format("; it matches {} function{} of {}: use '{}@{}'", count,
                       count == 1 ? "" : "s", module->soname(), pattern.text(),
                       glob_for(module->soname()));
  }
  return {};
}

}  // namespace ttrace
