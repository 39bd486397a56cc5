// Runs a fuzz target without libFuzzer: over the files of a corpus, and over inputs made from a
// fixed seed.
//
//   replay ROUNDS FILE|FOLDER...    ROUNDS 0: only the files
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/target.h"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_of(const fs::path& path) {
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

bool run_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (!file) return false;
  // A copy of exactly this size, so that a sanitizer sees a read behind its end.
  const std::vector<std::uint8_t> input(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(input.data(), input.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s ROUNDS FILE|FOLDER...\n", argv[0]);
    return 2;
  }
  std::size_t files = 0;
  for (int i = 2; i < argc; ++i) {
    for (const fs::path& path : files_of(argv[i])) {
      if (!run_file(path)) {
        std::fprintf(stderr, "%s: cannot read %s\n", argv[0], path.c_str());
        return 1;
      }
      ++files;
    }
  }
  auto rounds = static_cast<unsigned>(std::strtoul(argv[1], nullptr, 10));
  // As in tests/trace/harness.py; too few rounds would not see everything that they look for.
  const char* slowness = std::getenv("TTRACE_TEST_SLOWNESS");
  const auto divisor =
      slowness == nullptr ? 0U : static_cast<unsigned>(std::strtoul(slowness, nullptr, 10)) / 10;
  if (rounds != 0) rounds = std::max(1U, rounds / std::max(1U, divisor));
  const std::size_t made = rounds == 0 ? 0 : ttrace::fuzz::sweep(rounds);
  std::printf("%zu files, %zu inputs made\n", files, made);
  return 0;
}
