// Building a Go program, or a package's tests, in order to trace it: --go-build and --go-test.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/temporary_folder.h"

namespace ttrace {

struct GoBuild {
  std::string package;             // as the go command takes it: ".", "./cmd/x", "main.go"
  bool test = false;               // its tests, as `go test -c` builds them
  std::vector<std::string> flags;  // for the go command
  std::string output;              // where the binary is to stay; empty: nowhere
};

struct GoBuilt {
  std::string path;                         // of the binary, absolute
  std::string folder;                       // where it is to run; empty: here
  std::unique_ptr<TemporaryFolder> holder;  // of the binary, unless it is to stay
};

/// Runs the `go` of PATH, whose output goes to standard error. A signal that ends ttrace ends what
/// the go command has started, too, nothing is left of it, and `ended_by` is that signal. Errors:
/// there is no go command; it fails, having said why; what it has built is not one program.
Result<GoBuilt> build_go(const GoBuild& build, int& ended_by);

}  // namespace ttrace
