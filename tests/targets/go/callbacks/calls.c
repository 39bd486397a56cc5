// What the Go side calls.
#include <pthread.h>
#include <unistd.h>

extern int fromC(int);

__attribute__((noinline)) int c_inner(int n) {
  getppid();
  return n + 1;
}
__attribute__((noinline)) int c_outer(int n) {
  int inner = c_inner(n);
  return inner + fromC(n);
}
static void* run(void* arg) {
  for (int i = 0; i < 3; ++i)
    c_outer(10);
  return arg;
}
void c_threads(void) {
  pthread_t threads[3];
  for (int i = 0; i < 3; ++i)
    pthread_create(&threads[i], 0, run, 0);
  for (int i = 0; i < 3; ++i)
    pthread_join(threads[i], 0);
}
