// A program that is compiled in many ways by tests/trace/test_objects.py: what is traced of it is
// the same each time. Its first argument says what it does:
//   calls           calls t_scale and t_join
//   load A B...     opens each shared object, calls its t_plugin and closes it
//   hold            writes a line to its output, waits for one, and calls t_scale; until there are
//   none exec PROGRAM A  executes a program with an argument thread PROGRAM A  the same from a
//   thread
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef __clang__
#define noclone
#endif

int t_scale(int n, const char* text, double factor);
unsigned short t_join(short small, unsigned long large);

__attribute__((noinline, noclone)) int t_scale(int n, const char* text, double factor) {
  __asm__ volatile("" : : "r"(text));
  return (int)(n * factor);
}

__attribute__((noinline, noclone, visibility("hidden"))) unsigned short t_join(
    short small, unsigned long large) {
  __asm__ volatile("" : "+r"(large));
  return (unsigned short)((unsigned long)small + large);
}

static void calls(void) {
  volatile int result = t_scale(2, "two", 1.5);
  result = t_join(-1, 8);
  (void)result;
}

#ifndef WITHOUT_LOADING
static int load(char** objects) {
  for (; *objects != NULL; ++objects) {
    void* object = dlopen(*objects, RTLD_NOW);
    int (*plugin)(int) = object ? (int (*)(int))dlsym(object, "t_plugin") : NULL;
    if (plugin == NULL) return 1;
    printf("%s %d\n", strrchr(*objects, '/'), plugin(3));
    dlclose(object);
  }
  return 0;
}
#endif

static void hold(void) {
  char line[16];
  puts("ready");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin) != NULL) {
    calls();
    puts("called");
    fflush(stdout);
  }
}

static void* execute(void* words) {
  execv(((char**)words)[0], (char**)words);
  _exit(99);
}

int main(int argc, char** argv) {
  const char* how = argc > 1 ? argv[1] : "calls";
  if (strcmp(how, "calls") == 0) calls();
#ifndef WITHOUT_LOADING
  if (strcmp(how, "load") == 0) return load(argv + 2);
#endif
  if (strcmp(how, "hold") == 0) hold();
  if (strcmp(how, "exec") == 0) {
    calls();
    execute(argv + 2);
  }
  if (strcmp(how, "thread") == 0) {
    pthread_t thread;
    calls();
    pthread_create(&thread, NULL, execute, argv + 2);
    pthread_join(thread, NULL);
  }
  return 0;
}
