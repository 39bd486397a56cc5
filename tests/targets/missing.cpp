// A parameter of a class that is passed by reference and not used: clang does not describe it, and
// what comes behind it is not where it seems to be. Traced with `--funcs '^t_'`.
#include <string>

__attribute__((noinline)) int t_missing(std::string, int n, const char* text) {
  asm volatile("" ::"r"(&n), "r"(&text) : "memory");
  return n + 1;
}

int main() {
  return t_missing("not used", 4, "text") == 5 ? 0 : 1;
}
