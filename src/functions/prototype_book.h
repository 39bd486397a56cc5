// All prototypes that are known, by the name of the function.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "functions/prototype.h"
#include "functions/prototype_parser.h"

namespace ttrace::prototypes {

/// The prototypes that ttrace has built in (prototypes/*.prototypes), which are parsed when the
/// first is asked for, and those of the user's files, which come before them.
class PrototypeBook {
 public:
  /// Takes a file of the user's. A function that it describes is as it says from now on. Error: it
  /// cannot be read, it is larger than 4 MiB, or the first mistake in it: "FILE:LINE: error: …".
  Result<> add_file(const std::string& path);
  /// The same of a text.
  Result<> add(std::string_view file, std::string_view text);

  /// What is known of the function with this linkage name in an object: nullptr when nothing is.
  /// `soname` is empty for a program that is linked statically, where any library may be in it.
  /// `own`: the user's files only.
  const Prototype* find(std::string_view linkage, std::string_view soname, Abi abi,
                        bool own = false);

  /// How many functions are built in; they are parsed now.
  std::size_t built_in();
  /// Every prototype, later ones first of the same name; for tests.
  [[nodiscard]] const std::multimap<std::string, Prototype, std::less<>>& all();

 private:
  void open_built_in();
  void take(std::vector<Prototype> prototypes, bool first);

  bool opened_ = false;
  bool has_own_ = false;
  std::size_t built_in_ = 0;
  NamedTypes types_;
  std::multimap<std::string, Prototype, std::less<>> prototypes_;
};

/// One built-in file.
struct BuiltInFile {
  std::string_view name;
  std::string_view text;
};
/// In the order in which they refer to each other's types. Made by the build of prototypes/.
std::vector<BuiltInFile> built_in_files();

}  // namespace ttrace::prototypes
