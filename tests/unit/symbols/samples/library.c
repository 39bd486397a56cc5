// A shared library whose symbol table has aliases, an IFUNC and a hidden function.
int counter;

int __sample_read(int n) {
  __asm__ volatile("");
  return counter += n;
}
extern __typeof__(__sample_read) sample_read __attribute__((weak, alias("__sample_read")));

static int first(void) {
  return 1;
}
static int (*resolve(void))(void) {
  return first;
}
int sample_chosen(void) __attribute__((ifunc("resolve")));

__attribute__((visibility("hidden"), noinline)) int sample_hidden(int n) {
  __asm__ volatile("");
  return n + 1;
}
int sample_exported(int n) {
  return sample_hidden(n) + sample_read(n);
}
