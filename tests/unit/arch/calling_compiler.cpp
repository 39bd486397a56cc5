// The calling conventions, checked against what this host's compiler does: an assembler function
// records all registers that may hold arguments or results, and a part of the stack.
#include <doctest/doctest.h>

#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <vector>

#include "arch/calling.h"

using namespace ttrace;

#if defined(__x86_64__)
struct Captured {
  std::uint64_t general[6];  // rdi rsi rdx rcx r8 r9
  unsigned char vector[8][16];
  unsigned char stack[256];  // from SP at entry
  std::uint64_t result[2];   // rax rdx
  unsigned char x87[16];
};
constexpr unsigned kGeneral[] = {5, 4, 1, 2, 8, 9};
constexpr unsigned kResults[] = {0, 1};

extern "C" {
[[gnu::visibility("hidden")]] Captured captured_state;
void capture_arguments();
void capture_result(void (*function)(), void* memory);
void capture_x87_result(void (*function)(), void* memory);
}

asm(R"(
.text
.globl capture_arguments
.type capture_arguments, @function
capture_arguments:
  mov %rdi, captured_state(%rip)
  mov %rsi, captured_state+8(%rip)
  mov %rdx, captured_state+16(%rip)
  mov %rcx, captured_state+24(%rip)
  mov %r8, captured_state+32(%rip)
  mov %r9, captured_state+40(%rip)
  movups %xmm0, captured_state+48(%rip)
  movups %xmm1, captured_state+64(%rip)
  movups %xmm2, captured_state+80(%rip)
  movups %xmm3, captured_state+96(%rip)
  movups %xmm4, captured_state+112(%rip)
  movups %xmm5, captured_state+128(%rip)
  movups %xmm6, captured_state+144(%rip)
  movups %xmm7, captured_state+160(%rip)
  mov %rsp, %rsi
  lea captured_state+176(%rip), %rdi
  mov $32, %ecx
  rep movsq
  ret
.size capture_arguments, . - capture_arguments

.globl capture_result
.type capture_result, @function
capture_result:
  sub $8, %rsp
  mov %rdi, %rax
  mov %rsi, %rdi
  call *%rax
  mov %rax, captured_state+432(%rip)
  mov %rdx, captured_state+440(%rip)
  movups %xmm0, captured_state+48(%rip)
  movups %xmm1, captured_state+64(%rip)
  add $8, %rsp
  ret
.size capture_result, . - capture_result

.globl capture_x87_result
.type capture_x87_result, @function
capture_x87_result:
  sub $8, %rsp
  mov %rdi, %rax
  mov %rsi, %rdi
  call *%rax
  fstpt captured_state+448(%rip)
  add $8, %rsp
  ret
.size capture_x87_result, . - capture_x87_result
)");
static_assert(offsetof(Captured, vector) == 48 && offsetof(Captured, stack) == 176 &&
              offsetof(Captured, result) == 432 && offsetof(Captured, x87) == 448);

#elif defined(__aarch64__)
struct Captured {
  std::uint64_t general[8];
  unsigned char vector[8][16];
  unsigned char stack[256];
};
constexpr unsigned kGeneral[] = {0, 1, 2, 3, 4, 5, 6, 7};
constexpr unsigned kResults[] = {0, 1};

extern "C" {
[[gnu::visibility("hidden")]] Captured captured_state;
void capture_arguments();
void capture_result(void (*function)(), void* memory);
}

asm(R"(
.text
.globl capture_arguments
.type capture_arguments, %function
capture_arguments:
  adrp x9, captured_state
  add x9, x9, :lo12:captured_state
  stp x0, x1, [x9]
  stp x2, x3, [x9, 16]
  stp x4, x5, [x9, 32]
  stp x6, x7, [x9, 48]
  stp q0, q1, [x9, 64]
  stp q2, q3, [x9, 96]
  stp q4, q5, [x9, 128]
  stp q6, q7, [x9, 160]
  mov x10, sp
  add x9, x9, 192
  mov x11, 32
1:
  ldr x12, [x10], 8
  str x12, [x9], 8
  subs x11, x11, 1
  b.ne 1b
  ret
.size capture_arguments, . - capture_arguments

.globl capture_result
.type capture_result, %function
capture_result:
  stp x29, x30, [sp, -16]!
  mov x9, x0
  mov x8, x1
  blr x9
  bl capture_arguments
  ldp x29, x30, [sp], 16
  ret
.size capture_result, . - capture_result
)");
static_assert(offsetof(Captured, vector) == 64 && offsetof(Captured, stack) == 192);
#endif

namespace {

using Primitive = Shape::Primitive;

// The test types, and what a debugger would say about them.
struct OneInt {
  std::int32_t a;
};
struct Chars {
  char a[3];
};
struct TwoLongs {
  std::int64_t a, b;
};
struct ThreeInts {
  std::int32_t a, b, c;
};
struct ThreeLongs {
  std::int64_t a, b, c;
};
struct TwoFloats {
  float a, b;
};
struct ThreeFloats {
  float a, b, c;
};
struct FourDoubles {
  double a, b, c, d;
};
struct DoubleLong {
  double a;
  std::int64_t b;
};
struct LongDoubleIn {
  std::int64_t a;
  double b;
};
struct FloatInt {
  float a;
  std::int32_t b;
};
struct [[gnu::packed]] Packed {
  char a;
  std::int64_t b;
};
union Either {
  double a;
  std::int64_t b;
};
struct alignas(16) Aligned {
  std::int64_t a, b;
};
struct alignas(32) VeryAligned {
  std::int64_t a, b, c, d;
};
struct Extended {
  long double a;
};
struct Empty {};
struct NonTrivial {
  std::int64_t a = 0;
  NonTrivial() = default;
  explicit NonTrivial(std::int64_t value) : a(value) {}
  NonTrivial(const NonTrivial& other) : a(other.a) {}
  NonTrivial& operator=(const NonTrivial&) = default;
  ~NonTrivial() { a = 0; }
};
__extension__ using Int128 = __int128;

// x86's long double is the 80-bit one, arm64's an IEEE quad.
#if defined(__x86_64__)
constexpr Primitive kExtended = Primitive::X87;
#else
constexpr Primitive kExtended = Primitive::Float;
#endif
constexpr std::uint64_t kNear = 0x10000;  // bytes of this thread's stack
constexpr auto I = Primitive::Integer;
constexpr auto F = Primitive::Float;

template <class T>
Shape shape_of();
template <class T>
Shape scalar(Primitive primitive) {
  return {.size = sizeof(T), .align = alignof(T), .fields = {{0, sizeof(T), primitive}}};
}
template <class T>
Shape aggregate(std::vector<Shape::Field> fields) {
  return {.size = sizeof(T), .align = alignof(T), .fields = std::move(fields), .aggregate = true};
}
#define SHAPE(type, ...)   \
  template <>              \
  Shape shape_of<type>() { \
    return __VA_ARGS__;    \
  }
SHAPE(std::int8_t, scalar<std::int8_t>(I))
SHAPE(std::int32_t, scalar<std::int32_t>(I))
SHAPE(std::int64_t, scalar<std::int64_t>(I))
SHAPE(Int128, scalar<Int128>(I))
SHAPE(float, scalar<float>(F))
SHAPE(double, scalar<double>(F))
SHAPE(long double, scalar<long double>(kExtended))
SHAPE(OneInt, aggregate<OneInt>({{0, 4, I}}))
SHAPE(Chars, aggregate<Chars>({{0, 1, I}, {1, 1, I}, {2, 1, I}}))
SHAPE(TwoLongs, aggregate<TwoLongs>({{0, 8, I}, {8, 8, I}}))
SHAPE(ThreeInts, aggregate<ThreeInts>({{0, 4, I}, {4, 4, I}, {8, 4, I}}))
SHAPE(ThreeLongs, aggregate<ThreeLongs>({{0, 8, I}, {8, 8, I}, {16, 8, I}}))
SHAPE(TwoFloats, aggregate<TwoFloats>({{0, 4, F}, {4, 4, F}}))
SHAPE(ThreeFloats, aggregate<ThreeFloats>({{0, 4, F}, {4, 4, F}, {8, 4, F}}))
SHAPE(FourDoubles, aggregate<FourDoubles>({{0, 8, F}, {8, 8, F}, {16, 8, F}, {24, 8, F}}))
SHAPE(DoubleLong, aggregate<DoubleLong>({{0, 8, F}, {8, 8, I}}))
SHAPE(LongDoubleIn, aggregate<LongDoubleIn>({{0, 8, I}, {8, 8, F}}))
SHAPE(FloatInt, aggregate<FloatInt>({{0, 4, F}, {4, 4, I}}))
SHAPE(Packed, aggregate<Packed>({{0, 1, I}, {1, 8, I}}))
SHAPE(Either, aggregate<Either>({{0, 8, F}, {0, 8, I}}))
SHAPE(Aligned, aggregate<Aligned>({{0, 8, I}, {8, 8, I}}))
SHAPE(VeryAligned, aggregate<VeryAligned>({{0, 8, I}, {8, 8, I}, {16, 8, I}, {24, 8, I}}))
SHAPE(Extended, aggregate<Extended>({{0, sizeof(long double), kExtended}}))
SHAPE(Empty, aggregate<Empty>({}))
SHAPE(std::complex<float>, aggregate<std::complex<float>>({{0, 4, F}, {4, 4, F}}))
template <>
Shape shape_of<NonTrivial>() {
  Shape shape = aggregate<NonTrivial>({{0, 8, I}});
  shape.by_reference = true;
  return shape;
}
#undef SHAPE

using Value = std::vector<unsigned char>;

template <class T>
Value bytes_of(const T& value) {
  Value bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

template <class T, std::size_t N>
std::size_t index_of(const T (&list)[N], T wanted) {
  std::size_t i = 0;
  while (i < N && list[i] != wanted)
    ++i;
  REQUIRE(i < N);
  return i;
}

void append(Value& to, const void* from, std::size_t size) {
  auto* bytes = static_cast<const unsigned char*>(from);
  to.insert(to.end(), bytes, bytes + size);
}

// The bytes of a value in the places that the code under test names.
template <std::size_t N>
Value gather(const Place& place, const std::uint64_t* general, const unsigned (&names)[N]) {
  Value value;
  for (const Piece& piece : place.pieces) {
    switch (piece.where) {
      case Piece::Where::Register:
        append(value, &general[index_of(names, piece.reg)], piece.size);
        break;
      case Piece::Where::Vector:
        append(value, captured_state.vector[piece.reg], piece.size);
        break;
      case Piece::Where::X87:
#if defined(__x86_64__)
        append(value, captured_state.x87, piece.size);
#endif
        break;
      case Piece::Where::Stack:
        append(value, captured_state.stack + piece.offset, piece.size);
        break;
    }
  }
  return value;
}

// Compares what the type's fields hold; padding may be anything.
void compare(const Shape& shape, const Value& expected, const Value& actual) {
  for (const Shape::Field& field : shape.fields) {
    std::size_t size = field.primitive == Primitive::X87 ? 10 : field.size;
    REQUIRE(actual.size() >= field.offset + size);
    CHECK(std::memcmp(&expected[field.offset], &actual[field.offset], size) == 0);
  }
}

template <class R = void, class... A>
void check_call(const A&... values) {
  const std::vector<Shape> shapes{shape_of<A>()...};
  Shape result_shape;
  if constexpr (!std::is_void_v<R>) result_shape = shape_of<R>();
  const std::vector<Value> expected{bytes_of(values)...};
  reinterpret_cast<R (*)(A...)> (&capture_arguments)(values...);
  const Captured state = captured_state;
  auto places = place_arguments(host_abi(), shapes, result_shape);
  REQUIRE(places.has_value());
  REQUIRE(places->size() == shapes.size());
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    CAPTURE(i);
    captured_state = state;
    const Place& place = (*places)[i];
    Value got = gather(place, captured_state.general, kGeneral);
    // What the pointer leads to is gone with the call; that it leads into this stack is enough.
    if (place.indirect) {
      std::uint64_t address = 0;
      REQUIRE(got.size() == sizeof address);
      std::memcpy(&address, got.data(), sizeof address);
      auto here = reinterpret_cast<std::uint64_t>(&address);
      CHECK(address - (here - kNear) < 2 * kNear);
    } else {
      compare(shapes[i], expected[i], got);
    }
  }
}

template <class R>
R g_value{};
template <class R>
[[gnu::noinline]] R give() {
  return g_value<R>;
}

template <class R>
void check_result(const R& value) {
  g_value<R> = value;
  alignas(64) unsigned char memory[256]{};
  const Shape shape = shape_of<R>();
  auto place = place_result(host_abi(), shape);
  REQUIRE(place.has_value());
  auto* function = reinterpret_cast<void (*)()>(&give<R>);
  Value got;
#if defined(__x86_64__)
  bool x87 = !place->place.pieces.empty() && place->place.pieces[0].where == Piece::Where::X87;
  (x87 ? capture_x87_result : capture_result)(function, memory);
  got = gather(place->place, captured_state.result, kResults);
#else
  capture_result(function, memory);
  got = gather(place->place, captured_state.general, kResults);
#endif
  if (place->place.indirect) {
    if (!place->keep_at_entry) {
      auto address = reinterpret_cast<std::uint64_t>(memory);
      CHECK(got == bytes_of(address));
    }
    got.assign(memory, memory + sizeof(R));
  }
  compare(shape, bytes_of(value), got);
}

constexpr std::int64_t kLong = 0x1122334455667788;
const Int128 kInt128 = (Int128{0x0102030405060708} << 64) | 0x1112131415161718;

}  // namespace

TEST_CASE("arguments are where the compiler puts them: scalars") {
  check_call(std::int8_t{1}, std::int32_t{2}, kLong, 4.0F, 5.0, std::int32_t{6});
  check_call(kLong, kLong + 1, kLong + 2, kLong + 3, kLong + 4, kLong + 5, kLong + 6, kLong + 7,
             kLong + 8, kLong + 9);
  check_call(1.0, 2.0, 3.0F, 4.0, 5.0, 6.0F, 7.0, 8.0, 9.0, 10.0F, 11.0);
  check_call(1.0L, kLong, 2.0L, std::int32_t{3}, 4.0L);
  check_call(kLong, kInt128, kLong, kInt128, kLong, kInt128, kLong);
  check_call(kLong, kLong, kLong, kLong, kLong, kInt128, kLong, kLong, 2.0L);
  check_call(kLong, kLong, kLong, kLong, kLong, kLong, kLong, kInt128, kLong);
}

TEST_CASE("arguments are where the compiler puts them: aggregates") {
  check_call(OneInt{1}, Chars{{'a', 'b', 'c'}}, TwoLongs{3, 4}, ThreeInts{5, 6, 7}, kLong);
  check_call(ThreeLongs{1, 2, 3}, kLong);
  check_call(TwoFloats{1, 2}, ThreeFloats{3, 4, 5}, FourDoubles{6, 7, 8, 9}, 10.0);
  check_call(FourDoubles{1, 2, 3, 4}, ThreeFloats{5, 6, 7}, TwoFloats{8, 9}, 10.0, 11.0F);
  check_call(DoubleLong{1, 2}, LongDoubleIn{3, 4}, FloatInt{5, 6}, Either{.b = 7});
  check_call(kLong, kLong, kLong, kLong, kLong, TwoLongs{6, 7}, std::int32_t{8}, kLong);
  check_call(kLong, kLong, kLong, kLong, kLong, kLong, kLong, TwoLongs{8, 9}, std::int32_t{10});
  check_call(kLong, kLong, kLong, kLong, kLong, kLong, Packed{'a', kLong}, Chars{{'x', 'y', 'z'}});
  check_call(kLong, Aligned{1, 2}, kLong);
  check_call(Extended{1}, kLong, std::complex<float>{1, 2}, Extended{3});
  check_call(NonTrivial{1}, kLong, NonTrivial{2});
  check_call(Empty{}, kLong, Empty{}, 2.0);
}

TEST_CASE("arguments beside a result in memory") {
  check_call<ThreeLongs>(kLong, 2.0, TwoLongs{3, 4});
  check_call<NonTrivial>(kLong, TwoLongs{3, 4});
  check_call<TwoLongs>(kLong, TwoLongs{3, 4});
}

TEST_CASE("results are where the compiler puts them") {
  check_result(std::int8_t{-1});
  check_result(std::int32_t{-2});
  check_result(kLong);
  check_result(kInt128);
  check_result(1.5F);
  check_result(2.5);
  check_result(3.5L);
  check_result(OneInt{4});
  check_result(Chars{{'a', 'b', 'c'}});
  check_result(TwoLongs{5, 6});
  check_result(ThreeInts{7, 8, 9});
  check_result(ThreeLongs{10, 11, 12});
  check_result(TwoFloats{13, 14});
  check_result(ThreeFloats{15, 16, 17});
  check_result(FourDoubles{18, 19, 20, 21});
  check_result(DoubleLong{22, 23});
  check_result(LongDoubleIn{24, 25});
  check_result(FloatInt{26, 27});
  check_result(Packed{'c', 28});
  check_result(Either{.a = 29});
  check_result(Aligned{30, 31});
  check_result(VeryAligned{32, 33, 34, 35});
  check_result(Extended{36});
  check_result(std::complex<float>{37, 38});
  check_result(NonTrivial{39});
}
