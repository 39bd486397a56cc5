// Many threads that call one function at once.
//
//   crowd THREADS CALLS   prints how many calls were made
#include <pthread.h>
#include <stdatomic.h>

#include "expect.h"

static atomic_long made;
static int calls;

TRACED int crowded(int number) {
  atomic_fetch_add(&made, 1);
  return number + 1;
}

static void* work(void* barrier) {
  pthread_barrier_wait((pthread_barrier_t*)barrier);
  for (int i = 0; i < calls; ++i) {
    if (crowded(i) != i + 1) fail("crowded");
  }
  return NULL;
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  enum { kMost = 200 };
  int threads = atoi(argv[1]);
  calls = atoi(argv[2]);
  if (threads < 1 || threads > kMost) return 2;
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, (unsigned)threads);
  pthread_t thread[kMost];
  for (int i = 0; i < threads; ++i) {
    if (pthread_create(&thread[i], NULL, work, &barrier) != 0) fail("pthread_create");
  }
  for (int i = 0; i < threads; ++i)
    pthread_join(thread[i], NULL);
  printf("%ld\n", atomic_load(&made));
  return 0;
}
