// Values of C's types as arguments and results. Traced with `-a 0 -e trace=none --funcs '^t_'`;
// built by gcc and clang in several ways, all of which have the same trace. Usage: values EXPECTED.
#include <stdbool.h>
#include <stdint.h>
#include <uchar.h>
#include <wchar.h>

#include "expect.h"

// Not inlined, and every parameter is used: what a compiler may say of it is where it is.
#undef TRACED
#define TRACED __attribute__((noinline))
#define USE(value) use(&(value))
static inline void use(const void* at) {
  __asm__ volatile("" ::"r"(at) : "memory");
}

enum colour { RED, GREEN, BLUE = 7 };
enum rights { NONE = 0, READ = 1, WRITE = 2, EXECUTE = 4, ALL = 7 };
enum level { LOW = -2, HIGH = 2 };

struct point {
  int x, y;
};
struct rect {
  struct point from, to;
  const char* name;
};
struct node {
  int value;
  struct node* next;
};
struct deep {
  struct {
    struct {
      struct {
        int bottom;
      } c;
      int two;
    } b;
  } a;
};
struct bits {
  unsigned low : 3;
  int middle : 5;
  bool flag : 1;
  enum rights rights : 3;
  uint64_t wide : 60;
};
struct packed {
  char c;
  uint64_t n : 61;
  unsigned m : 3;
} __attribute__((packed));
union either {
  uint32_t n;
  uint8_t bytes[4];
};
struct mixed {
  char name[8];
  short numbers[3];
  unsigned char data[3];
  int grid[2][2];
  union either u;
  struct {
    int inner;
  };
};
struct handler {
  int (*callback)(int);
  void* cookie;
};
struct real {
  double d;
  float f;
};
struct three {
  char bytes[3];
};
struct floats {
  float a, b, c;
};
typedef struct point point_t;
typedef int (*callback_t)(int);

int on_event(int n) {
  return n + 1;
}

TRACED struct point t_structs(struct point p, point_t* q, const struct rect* r, struct rect copy) {
  USE(p), USE(q), USE(r), USE(copy);
  return (struct point){p.x + q->x, r->to.y};
}

TRACED struct rect t_rect(struct node* list, struct node by_value, struct deep deep) {
  USE(list), USE(by_value), USE(deep);
  return (struct rect){{1, 2}, {3, 4}, "made"};
}

TRACED struct bits t_bits(struct bits bits, struct packed packed) {
  USE(bits), USE(packed);
  return bits;
}

TRACED enum rights t_enums(enum colour c, enum colour unknown, enum rights some, enum rights more,
                           enum rights none, enum level l) {
  USE(c), USE(unknown), USE(some), USE(more), USE(none), USE(l);
  return (enum rights)(READ | EXECUTE);
}

TRACED union either t_mixed(const struct mixed* m, int (*rows)[2], union either u) {
  USE(m), USE(rows), USE(u);
  return u;
}

TRACED callback_t t_functions(callback_t f, struct handler h, void (*none)(void), void* data) {
  USE(f), USE(h), USE(none), USE(data);
  return f;
}

TRACED void t_texts(const wchar_t* wide, const char16_t* utf16, const char32_t* utf32, char* cut,
                    const unsigned char* bytes, const wchar_t* bad) {
  USE(wide), USE(utf16), USE(utf32), USE(cut), USE(bytes), USE(bad);
}

__extension__ typedef __int128 int128_t;
TRACED int128_t t_numbers(int128_t n, long double x, float f, _Bool b, unsigned char c) {
  USE(n), USE(x), USE(f), USE(b), USE(c);
  return -n;
}

TRACED long double t_x87(struct real r, struct floats f, struct three t) {
  USE(r), USE(f), USE(t);
  return (long double)r.d * 2;
}

TRACED struct real t_real(double a, double b, double c, double d, double e, double f, double g,
                          double h, double i) {
  USE(a), USE(b), USE(c), USE(d), USE(e), USE(f), USE(g), USE(h), USE(i);
  return (struct real){i, 0.25F};
}

TRACED struct three t_three(int a) {
  USE(a);
  return (struct three){{'x', 'y', 0}};
}

TRACED struct floats t_floats(int a) {
  USE(a);
  return (struct floats){1.5F, -2, 0};
}

static void structures(void) {
  struct point q = {5, 6};
  struct rect* r =
      (struct rect*)at_guard_page(&(struct rect){{1, 2}, {3, 4}, "big"}, sizeof(struct rect));
  t_structs((struct point){1, -2}, &q, r, *r);
  expect(
      "t_structs(p={x=1, y=-2}, q=&{x=5, y=6}, r=&{from={x=1, y=2}, to={x=3, y=4}, "
      "name=\"big\"}, copy={from={x=1, y=2}, to={x=3, y=4}, name=\"big\"}) = {x=6, y=4}");
  struct node last = {3, NULL};
  struct node middle = {2, &last};
  struct node first = {1, &middle};
  t_rect(&first, first, (struct deep){{{{9}, 8}}});
  expect(
      "t_rect(list=&{value=1, next=%p}, by_value={value=1, next=&{value=2, next=%p}}, "
      "deep={a={b={c={...}, two=8}}}) = {from={x=1, y=2}, to={x=3, y=4}, name=\"made\"}",
      (void*)&middle, (void*)&last);
  // Where there is nothing, the address is all that can be said.
  struct point* nowhere = (struct point*)16;
  t_rect((struct node*)nowhere, last, (struct deep){{{{9}, 8}}});
  expect(
      "t_rect(list=0x10, by_value={value=3, next=NULL}, deep={a={b={c={...}, two=8}}}) = "
      "{from={x=1, y=2}, to={x=3, y=4}, name=\"made\"}");
  t_bits((struct bits){5, -3, true, READ | WRITE, UINT64_C(0xfffffffffffffff)},
         (struct packed){'c', UINT64_C(0x1fffffffffffffff), 5});
  expect(
      "t_bits(bits={low=5, middle=-3, flag=true, rights=READ|WRITE, "
      "wide=1152921504606846975}, packed={c=99 'c', n=2305843009213693951, m=5}) = {low=5, "
      "middle=-3, flag=true, rights=READ|WRITE, wide=1152921504606846975}");
}

static void numbers(void) {
  t_enums(BLUE, (enum colour)3, (enum rights)(READ | WRITE), (enum rights)(WRITE | 32), NONE, LOW);
  expect(
      "t_enums(c=BLUE, unknown=3, some=READ|WRITE, more=WRITE|0x20, none=NONE, l=LOW) = "
      "READ|EXECUTE");
  t_numbers((int128_t)1 << 100, 1.5L, -0.5F, true, 200);
  expect(
      "t_numbers(n=1267650600228229401496703205376, x=1.5, f=-0.5, b=true, c=200 '\\310') = "
      "-1267650600228229401496703205376");
  t_x87((struct real){2.5, 1}, (struct floats){1, 2, 3}, (struct three){{'a', 'b', 'c'}});
  expect("t_x87(r={d=2.5, f=1}, f={a=1, b=2, c=3}, t={bytes=\"abc\"}) = 5");
  t_real(1, 2, 3, 4, 5, 6, 7, 8, 9);
  expect("t_real(a=1, b=2, c=3, d=4, e=5, f=6, g=7, h=8, i=9) = {d=9, f=0.25}");
  t_three(1);
  expect("t_three(a=1) = {bytes=\"xy\"}");
  t_floats(1);
  expect("t_floats(a=1) = {a=1.5, b=-2, c=0}");
}

static void pointers(void) {
  struct mixed m = {"name", {1, -2, 3}, {1, 2, 255}, {{1, 2}, {3, 4}}, {.n = 0x04030201}, {6}};
  t_mixed(&m, m.grid, m.u);
  expect(
      "t_mixed(m=&{name=\"name\", numbers=[1, -2, 3], data=[1, 2, 255], grid=[[1, 2], [3, 4]], "
      "u={n=67305985, bytes=[1, 2, 3, 4]}, {inner=6}}, rows=&[1, 2], u={n=67305985, "
      "bytes=[1, 2, 3, 4]}) = {n=67305985, bytes=[1, 2, 3, 4]}");
  t_functions(on_event, (struct handler){on_event, &m}, NULL, &m);
  expect("t_functions(f=on_event, h={callback=on_event, cookie=%p}, none=NULL, data=%p) = on_event",
         (void*)&m, (void*)&m);
  callback_t middle = (callback_t)(uintptr_t)((char*)(uintptr_t)on_event + 1);
  t_functions(middle, (struct handler){(callback_t)8, NULL}, NULL, NULL);
  expect(
      "t_functions(f=%p<on_event+0x1>, h={callback=0x8, cookie=NULL}, none=NULL, data=NULL) = "
      "%p<on_event+0x1>",
      (void*)(uintptr_t)middle, (void*)(uintptr_t)middle);
  static const wchar_t wide[] = L"wide \"\u00fc\u20ac\"\n";
  static const char16_t utf16[] = u"16 \U0001f600";
  static const wchar_t bad[] = {L'a', 0x1b, 0xd800, 0x110000, 0};
  static char long_text[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ";
  static const unsigned char bytes[] = {1, 2, 0};
  t_texts((const wchar_t*)(void*)at_guard_page(wide, sizeof wide),
          (const char16_t*)(void*)at_guard_page(utf16, sizeof utf16), U"32\U0001f600", long_text,
          bytes, bad);
  expect(
      "t_texts(wide=L\"wide \\\"\u00fc\u20ac\\\"\\n\", utf16=u\"16 \U0001f600\", "
      "utf32=U\"32\U0001f600\", cut=\"%.32s\"..., bytes=%p, "
      "bad=L\"a\\x1b\\xd800\\x110000\")",
      long_text, (const void*)bytes);
}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  expect_into(argv[1]);
  structures();
  numbers();
  pointers();
  expect("+++ exited with 0 +++");
  return 0;
}
