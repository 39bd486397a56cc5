// A shared object that the target `functions` opens while it runs.
int t_plugin(int n);

int t_plugin(int n) {
  __asm__ volatile("");
  return n + 1;
}
