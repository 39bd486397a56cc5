// Which ELF files a process has mapped, and where.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "os/proc.h"
#include "symbols/module.h"

namespace ttrace {

/// One mapped file with executable text.
struct LoadedModule {
  std::shared_ptr<Module> module;
  std::uint64_t bias = 0;      // added to the file's addresses
  Address start;               // of its first mapping
  Address end;                 // of its last
  bool is_executable = false;  // the process's program

  /// The same version of the same file at the same place.
  [[nodiscard]] bool same_place(const LoadedModule& other) const {
    return module == other.module && bias == other.bias;
  }
};

/// A range of executable memory.
struct TextRange {
  Address start;
  Address end;
  bool of_file = false;
  bool writable = false;
};

/// A mapped file whose symbols cannot be read.
struct UnreadableFile {
  std::string path;  // as the process has it
  std::string why;   // a whole message
};

/// What a process has mapped now.
struct MappedText {
  std::vector<LoadedModule> modules;  // by address
  std::vector<TextRange> text;        // every executable mapping, files and others
  std::vector<UnreadableFile> problems;
};

/// Opens each file once, however many processes map it.
class ModuleCache {
 public:
  /// Reads the maps of a living thread and opens what is new. A file that cannot be read is among
  /// `problems` the first time it is met. Nothing mapped at all: the maps could not be read.
  MappedText scan(Tid tid);

 private:
  // One version of a file: what is written over in place is another module.
  struct Key {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::int64_t size = 0;
    std::int64_t modified = 0;  // nanoseconds since the epoch
    std::int64_t changed = 0;
    auto operator<=>(const Key&) const = default;
  };
  /// The thread whose maps are read, and what its program is.
  struct Process;
  std::shared_ptr<Module> open(const Process& process, const Mapping& mapping,
                               std::vector<UnreadableFile>& problems);

  std::map<Key, std::shared_ptr<Module>> modules_;  // nullptr: cannot be read
};

}  // namespace ttrace
