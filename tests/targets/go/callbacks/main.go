// Go calls C, which calls Go, on threads of Go's and on threads that C has made.
package main

/*
#cgo LDFLAGS: -lpthread
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
static void *run(void *arg) {
  for (int i = 0; i < 3; ++i) c_outer(10);
  return arg;
}
static void c_threads(void) {
  pthread_t threads[3];
  for (int i = 0; i < 3; ++i) pthread_create(&threads[i], 0, run, 0);
  for (int i = 0; i < 3; ++i) pthread_join(threads[i], 0);
}
*/
import "C"

import "os"

//export fromC
func fromC(n C.int) C.int { return C.int(inner(int(n))) }

//go:noinline
func inner(n int) int {
	if n == 7 {
		recovers()
	}
	if n < 0 {
		panic("negative")
	}
	return n * 2
}

//go:noinline
func recovers() {
	defer func() { recover() }()
	outer(-1)
}

//go:noinline
func outer(n int) int { return int(C.c_outer(C.int(n))) }

func main() {
	switch os.Args[1] {
	case "calls":
		outer(1)
	case "panics":
		outer(7)
	case "threads":
		C.c_threads()
	}
}
