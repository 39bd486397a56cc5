// C++ functions for tests of names, types and how parameters are passed.
#define KEEP __attribute__((noinline))

namespace ns {

struct Base {
  int b = 1;
  virtual ~Base();
  virtual int get() const;
};
Base::~Base() = default;
int Base::get() const {
  asm volatile("");
  return b;
}

struct Derived : Base {
  short s = 2;
  static int counter;
  explicit Derived(int x);
  Derived(const Derived&) = default;
  operator int() const;
  bool operator<(const Derived& other) const;
  KEEP int operator()(int x) {
    asm volatile("");
    return x + b;
  }
};
int Derived::counter = 3;
Derived::Derived(int x) {
  asm volatile("");
  b = x;
}
Derived::operator int() const {
  asm volatile("");
  return b;
}
bool Derived::operator<(const Derived& other) const {
  asm volatile("");
  return b < other.b;
}

struct Virtual : virtual Base {
  int v;
  Virtual();
};
Virtual::Virtual() : v(2) {
  asm volatile("");
}

struct Trivial {
  int a;
  char c;
};
struct Copied {
  int a;
  explicit Copied(int x) : a(x) {}
  Copied(const Copied& other) : a(other.a) {}
};
struct Destroyed {
  int a;
  ~Destroyed();
};
Destroyed::~Destroyed() {
  asm volatile("");
}
struct Holder {
  Destroyed inner[2];
};
struct Defaulted {
  int a = 1;
  Defaulted() = default;
  Defaulted(const Defaulted&) = default;
  ~Defaulted() = default;
};

KEEP int take(Trivial t, Copied c, Destroyed d, Holder h, Defaulted e, Derived x) {
  asm volatile("");
  return t.a + c.a + d.a + h.inner[0].a + e.a + x.b;
}

enum class Small : unsigned char { Low = 1, High = 200 };
enum class Wide : long { Below = -5, Above = 7 };

KEEP int references(const int& lvalue, Trivial&& rvalue, Small small, Wide wide, int Trivial::*data,
                    int (Base::*function)() const, decltype(nullptr), wchar_t wide_char,
                    char32_t unicode) {
  asm volatile("" ::"r"(data), "g"(function), "r"(wide_char), "r"(unicode));
  return lvalue + rvalue.a + static_cast<int>(small) + static_cast<int>(wide);
}

namespace {
KEEP int hidden(double d) {
  asm volatile("");
  return static_cast<int>(d);
}
}  // namespace

template <class T>
KEEP T twice(T x) {
  asm volatile("");
  return x + x;
}

template <class... T>
KEEP int pack(T... x) {
  asm volatile("");
  return static_cast<int>((0 + ... + x));
}

KEEP int with_local(int n) {
  struct Local {
    int k;
    KEEP int method(int m) const {
      asm volatile("");
      return k + m;
    }
  };
  return Local{n}.method(1) + Local{2}.method(n);
}

}  // namespace ns

[[gnu::abi_tag("tagged")]] KEEP int with_tag(int x) {
  asm volatile("");
  return x;
}

int main(int argc, char**) {
  using namespace ns;
  Derived d(argc);
  Virtual v;
  return take({1, 2}, Copied(2), Destroyed{3}, Holder{{{4}, {5}}}, Defaulted(), d) +
         references(argc, {1, 2}, Small::Low, Wide::Below, &Trivial::a, &Base::get, nullptr, L'x',
                    U'y') +
         hidden(2.0) + twice(argc) + static_cast<int>(twice(1.5)) + pack(1, 2L, 'c') +
         with_local(argc) + with_tag(1) + static_cast<int>(d) + static_cast<int>(d < d) + d(3) +
         v.v + Derived::counter;
}
