// Functions whose parameters have every shape that C knows, for tests of what debug information
// says about them. The asm keeps the functions from being optimised away.
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#define KEEP __attribute__((noinline, noclone))

enum color { RED, GREEN = 5, BLUE = 200, NEGATIVE = -3 };
typedef struct point {
  int x, y;
} point_t;
typedef struct node node_t;
struct node {
  node_t* next;
  point_t at;
  unsigned first : 3, second : 5;
  signed third : 9;
  char name[8];
  double matrix[2][3];
  enum color color;
  int (*callback)(int);
  union {
    int i;
    float f;
  } either;
};
struct declared;
struct words {
  long value[5];
};
struct mixed {
  long integer;
  double number;
};
typedef node_t* list;

volatile int sink;

KEEP int plain(int number, const char* text, double real, list nodes) {
  __asm__ volatile("");
  sink = number;
  return (int)(number + *text + real + nodes->at.x);
}

KEEP long scalars(bool truth, unsigned char byte, signed char small, short number,
                  unsigned long large, enum color color) {
  __asm__ volatile("");
  return truth + byte + small + number + (long)large + (long)color;
}

KEEP long many(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j) {
  __asm__ volatile("");
  return a + b + c + d + e + f + g + h + i + j;
}

KEEP long aggregates(struct words words, struct mixed mixed, long double precise) {
  __asm__ volatile("");
  return words.value[3] + mixed.integer + (long)mixed.number + (long)precise;
}

KEEP const void* pointers(const volatile void* any, struct declared* opaque, int (*grid)[4],
                          size_t count) {
  __asm__ volatile("");
  return opaque ? (const void*)any : (const void*)(*grid + count);
}

KEEP void variadic(const char* format, ...) {
  __asm__ volatile("" ::"r"(format));
}

KEEP int unprototyped() {
  __asm__ volatile("");
  return sink;
}

// Called with one constant only: gcc makes a clone of it, clang drops the parameter in place.
static __attribute__((noinline)) int specialised(int mode, int count) {
  for (int i = 0; i < count; ++i) {
    sink += mode * i;
    __asm__ volatile("" ::: "memory");
  }
  return mode + count + sink;
}

int main(int argc, char** argv) {
  node_t node = {0};
  struct words words = {{argc}};
  struct mixed mixed = {argc, 1};
  int grid[4] = {argc};
  variadic("%d", argc);
  return plain(argc, argv[0], 1.0, &node) + (int)scalars(true, 1, 2, 3, 4, GREEN) +
         (int)many(1, 2, 3, 4, 5, 6, 7, 8, 9, argc) + (int)aggregates(words, mixed, 1.0L) +
         (pointers(argv, NULL, &grid, 1) != NULL) + unprototyped() + specialised(7, argc) +
         specialised(7, argc * 2);
}
