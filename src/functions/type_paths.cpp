#include "functions/type_paths.h"

#include <algorithm>

namespace ttrace {

namespace {

// Bounds on a search, which a made-up file could make long.
constexpr std::size_t kMostLooked = 2000;
constexpr unsigned kFarthestRelative = 6;

// Whether a member's own members can be named without it. Which ones a variant has is not known.
bool transparent(const Member& member) {
  return (member.base_class || member.name.empty()) && !member.in_variant;
}

// Calls `found(Part)` for each member `name`, level by level, until it returns false.
template <class Found>
void search(const Type& type, std::string_view name, Found found) {
  std::vector<Part> level{{&type, 0, nullptr}};
  std::size_t looked = 0;
  while (!level.empty()) {
    std::vector<Part> next;
    for (const Part& part : level) {
      for (const Member& member : part.type->members) {
        if (++looked > kMostLooked) return;
        if (member.type == nullptr) continue;
        Part inner{member.type, part.offset + member.offset, &member};
        if (!member.in_variant && !member.name.empty() && member.name == name) {
          if (!found(inner)) return;
        } else if (transparent(member)) {
          next.push_back(inner);
        }
      }
    }
    level = std::move(next);
  }
}

}  // namespace

std::optional<Part> find_member(const Type& type, std::string_view name) {
  std::optional<Part> result;
  search(type, name, [&](const Part& part) {
    result = part;
    return false;
  });
  return result;
}

std::optional<Part> find_path(const Type& type, std::string_view path) {
  Part part{&type, 0, nullptr};
  while (!path.empty()) {
    std::size_t dot = std::min(path.find('.'), path.size());
    auto next = find_member(*part.type, path.substr(0, dot));
    if (!next) return std::nullopt;
    part = {next->type, part.offset + next->offset, next->member};
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return part;
}

std::vector<Part> find_all(const Type& type, std::string_view name) {
  std::vector<Part> result;
  search(type, name, [&](const Part& part) {
    result.push_back(part);
    return true;
  });
  return result;
}

const Type* find_related(const Type& type, std::string_view tag) {
  std::vector<const Type*> level{&type};
  std::size_t looked = 0;
  for (unsigned distance = 0; distance < kFarthestRelative && !level.empty(); ++distance) {
    std::vector<const Type*> next;
    for (const Type* each : level) {
      if (++looked > kMostLooked) return nullptr;
      if (without_arguments(each->tag) == tag && !each->members.empty()) return each;
      for (const Member& member : each->members) {
        if (member.type != nullptr) next.push_back(member.type);
      }
      for (const TypeArgument& argument : each->arguments) {
        if (argument.type != nullptr) next.push_back(argument.type);
      }
    }
    std::ranges::sort(next);
    next.erase(std::unique(next.begin(), next.end()), next.end());
    level = std::move(next);
  }
  return nullptr;
}

}  // namespace ttrace
