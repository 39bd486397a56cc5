// Values of C++'s types and its library's. Traced with `-a 0 -e trace=none --funcs '^t_|^shop::'`;
// built by gcc and clang, with libstdc++ and libc++, all of which have the same trace but for the
// order in a hash table, of which only one element is shown. Usage: values EXPECTED.
#include <array>
#include <deque>
#include <forward_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "expect.h"

#undef TRACED
#define TRACED __attribute__((noinline))

// Every parameter is used.
template <class... Values>
static inline void use(const Values&... values) {
  (void)std::initializer_list<int>{([](const void* at) { asm volatile("" ::"r"(at)
                                                                      : "memory"); }(
                                        static_cast<const void*>(std::addressof(values))),
                                    0)...};
}

struct Point {
  int x, y;
};

namespace shop {

class Item {
 public:
  explicit Item(int price) : price_(price) {}
  virtual ~Item() = default;
  TRACED int total(int count) const;

 protected:
  int price_;
};

int Item::total(int count) const {
  use(count);
  return price_ * count;
}

struct Named {
  std::string name = "apple";
};

class Fruit : public Item, public Named {
 public:
  TRACED explicit Fruit(int price);
  TRACED Fruit& rename(const std::string& to);
  TRACED static int count(const Fruit* first, const Fruit& second);

 private:
  bool ripe_ = true;
};

Fruit::Fruit(int price) : Item(price) {
  use(price);
}

Fruit& Fruit::rename(const std::string& to) {
  use(to);
  name = to;
  return *this;
}

int Fruit::count(const Fruit* first, const Fruit& second) {
  use(first, second);
  return 2;
}

}  // namespace shop

enum class Rights : unsigned char { Read = 1, Write = 2, Run = 4 };

TRACED std::string t_strings(const std::string& a, std::string b, std::string_view c,
                             std::string* d, std::wstring e, const std::u16string& f) {
  use(a, b, c, d, e, f);
  return a + std::string(c);
}

TRACED std::vector<int> t_vectors(std::vector<int>& a, const std::vector<Point>& b,
                                  std::vector<std::string> c, const std::vector<double>* d,
                                  const std::vector<int>& e) {
  use(a, b, c, d, e);
  return a;
}

TRACED std::optional<int> t_optionals(std::optional<int> a, std::optional<std::string> b,
                                      const std::optional<Point>& c) {
  use(a, b, c);
  return a;
}

TRACED std::unique_ptr<Point> t_pointers(std::unique_ptr<int> a, std::shared_ptr<Point> b,
                                         const std::unique_ptr<Point>& c,
                                         std::shared_ptr<std::string> d) {
  use(a, b, c, d);
  return std::make_unique<Point>(Point{7, 8});
}

TRACED std::map<int, int> t_maps(const std::map<std::string, int>& a,
                                 std::unordered_map<int, std::string> b, std::set<int> c,
                                 const std::map<int, Point>& d, std::multimap<int, int>* e,
                                 const std::unordered_set<long>& f) {
  use(a, b, c, d, e, f);
  return {{1, 2}};
}

TRACED std::tuple<int, std::string> t_others(std::list<int> a, std::forward_list<int> b,
                                             std::tuple<int, char, std::string> c,
                                             std::pair<int, Point> d, std::array<int, 3> e,
                                             const std::list<std::list<int>>& f) {
  use(a, b, c, d, e, f);
  return {1, "x"};
}

TRACED int& t_references(int& a, const Point& b, Point&& c, int* const& d, Rights e) {
  use(a, b, c, d, e);
  return a;
}

TRACED Point t_members(int (shop::Item::*f)(int) const,
                       int (*g)(const shop::Fruit*, const shop::Fruit&)) {
  use(f, g);
  return {1, 2};
}

static void strings() {
  std::string text(40, 'y');
  t_strings("hello", text, "view", &text, L"wide", u"16");
  std::string cut(32, 'y');
  expect(
      "t_strings(a=\"hello\", b=\"%s\"..., c=\"view\", d=&\"%s\"..., e=L\"wide\", f=u\"16\") = "
      "\"helloview\"",
      cut.c_str(), cut.c_str());
  std::string zero("a\0b", 3);
  t_strings(zero, "", std::string_view(), nullptr, L"", u"");
  expect("t_strings(a=\"a\\0b\", b=\"\", c=\"\", d=NULL, e=L\"\", f=u\"\") = \"a\\0b\"");
}

static void vectors() {
  std::vector<int> numbers{1, 2, 3};
  std::vector<int> many(100, 7);
  std::vector<double> reals{0.5, 2};
  std::string sevens = "7";
  for (int i = 1; i < 32; ++i)
    sevens += ", 7";
  t_vectors(numbers, {{1, 2}, {3, 4}}, {"a", "b"}, &reals, many);
  expect(
      "t_vectors(a=[1, 2, 3], b=[{x=1, y=2}, {x=3, y=4}], c=[\"a\", \"b\"], d=&[0.5, 2], e=[%s, "
      "...] /* 100 elements */) = [1, 2, 3]",
      sevens.c_str());
  t_optionals(4, "s", Point{1, 2});
  expect("t_optionals(a=4, b=\"s\", c={x=1, y=2}) = 4");
  t_optionals({}, {}, {});
  expect("t_optionals(a=nullopt, b=nullopt, c=nullopt) = nullopt");
}

static void pointers() {
  t_pointers(std::make_unique<int>(5), std::make_shared<Point>(Point{1, 2}),
             std::make_unique<Point>(Point{3, 4}), std::make_shared<std::string>("shared"));
  expect("t_pointers(a=&5, b=&{x=1, y=2}, c=&{x=3, y=4}, d=&\"shared\") = &{x=7, y=8}");
  t_pointers(nullptr, nullptr, nullptr, nullptr);
  expect("t_pointers(a=NULL, b=NULL, c=NULL, d=NULL) = &{x=7, y=8}");
  int n = 9;
  Point p{1, 2};
  t_references(n, p, Point{3, 4}, &n, static_cast<Rights>(5));
  expect("t_references(a=9, b={x=1, y=2}, c={x=3, y=4}, d=%p, e=Read|Run) = 9",
         static_cast<void*>(&n));
  t_members(&shop::Item::total, shop::Fruit::count);
  expect("t_members(f=shop::Item::total, g=shop::Fruit::count) = {x=1, y=2}");
}

static void collections() {
  std::multimap<int, int> multi{{1, 2}, {1, 3}};
  t_maps({{"a", 1}, {"b", 2}}, {{1, "one"}}, {3, 2, 1}, {{1, {1, 2}}}, &multi, {5});
  expect(
      "t_maps(a={[\"a\"]=1, [\"b\"]=2}, b={[1]=\"one\"}, c={1, 2, 3}, d={[1]={x=1, y=2}}, "
      "e=&{[1]=2, [1]=3}, f={5}) = {[1]=2}");
  t_maps({}, {}, {}, {}, nullptr, {});
  expect("t_maps(a={}, b={}, c={}, d={}, e=NULL, f={}) = {[1]=2}");
  t_others({1, 2}, {3, 4}, {1, 'c', "z"}, {1, {2, 3}}, {1, 2, 3}, {{1}, {2, 3}});
  expect(
      "t_others(a=[1, 2], b=[3, 4], c=(1, 99 'c', \"z\"), d={first=1, second={x=2, y=3}}, "
      "e=[1, 2, 3], f=[[1], [2, 3]]) = (1, \"x\")");
}

static void classes() {
  shop::Fruit fruit(3);
  expect("shop::Fruit::Fruit(this=%p, price=3)", static_cast<void*>(&fruit));
  fruit.total(2);
  expect("shop::Item::total(this=&{price_=3}, count=2) = 6");
  fruit.rename("pear");
  expect(
      "shop::Fruit::rename(this=&{price_=3, name=\"apple\", ripe_=true}, to=\"pear\") = "
      "{price_=3, name=\"pear\", ripe_=true}");
  shop::Fruit::count(&fruit, fruit);
  expect(
      "shop::Fruit::count(first=&{price_=3, name=\"pear\", ripe_=true}, second={price_=3, "
      "name=\"pear\", ripe_=true}) = 2");
}

#ifdef _GLIBCXX_STRING
TRACED std::deque<Point> t_deque(std::deque<int> a, const std::vector<bool>& b) {
  use(a, b);
  return {{1, 2}};
}

// What only libstdc++ shows whole.
static void gnu() {
  std::deque<int> d;
  for (int i = 0; i < 20; ++i)
    d.push_front(i);
  t_deque(d, {true, false, true});
  expect(
      "t_deque(a=[19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0], "
      "b=[true, false, true]) = [{x=1, y=2}]");
}
#else
static void gnu() {}
#endif

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  expect_into(argv[1]);
  strings();
  vectors();
  pointers();
  collections();
  classes();
  gnu();
  expect("+++ exited with 0 +++");
  return 0;
}
