// Values of every kind, as arguments and as results. What a trace of it looks like is in
// tests/trace/test_go_values.py.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

type Point struct{ X, Y int }

func (p *Point) Area() float64 { return float64(p.X * p.Y) }

//go:noinline
func (p *Point) Move(dx, dy int) (_ int, ok bool) {
	p.X += dx
	p.Y += dy
	return p.X, true
}

//go:noinline
func (p Point) Sum() int { return p.X + p.Y }

type Square float64

func (s Square) Area() float64 { return float64(s * s) }

type Shape interface{ Area() float64 }

type Base struct {
	ID   int
	Name string
}

type Derived struct {
	Base
	Tags []string
	next *Derived
}

type Color uint8
type Names []string
type Table map[string]Point
type Handler func(int) int

type Packed struct {
	a uint8
	b uint64
	c uint16
	d float32
	e [1]int32
	f struct{}
}

type Deep struct {
	a struct{ b struct{ c struct{ d int } } }
}

type Holder struct {
	any any
	err error
	f   func()
	m   map[int]bool
	c   chan<- string
	t   time.Duration
}

type ownError struct{ code int }

func (e *ownError) Error() string { return "own" }

type List[T any] struct {
	head *T
	n    int
}

//go:noinline
func (l *List[T]) Push(v T) int {
	l.head = &v
	l.n++
	return l.n
}

//go:noinline
func Map[T any, U any](xs []T, f func(T) U) []U {
	var r []U
	for _, x := range xs {
		r = append(r, f(x))
	}
	return r
}

//go:noinline
func Max[T int | float64](a, b T) T {
	if a > b {
		return a
	}
	return b
}

//go:noinline
func tInts(a int, b int8, c uint16, d uintptr, e byte, f rune, g bool, h uint64) (int, error) {
	return a + int(b), nil
}

//go:noinline
func tFloats(a float32, b float64, c complex64, d complex128) (x float64, err error) {
	return float64(a) + b, io.EOF
}

//go:noinline
func tStrings(a string, b []byte, c []string, d string, e string) (n int) { return len(a) }

//go:noinline
func tSlices(a []int, b []Point, c []*Point, d [3]int, e [1]string, f []int, g [][]int, h Names) []int {
	return a[:1]
}

//go:noinline
func tLong(a []int, b string) ([]byte, []int) { return []byte(b), a[:0] }

//go:noinline
func tMaps(a map[string]int, b map[int]Point, c map[string]bool, d Table) map[string]int { return a }

//go:noinline
func tStructs(a Point, b *Point, c Derived, d *Derived, e struct{}, f Packed) (Point, *Point) {
	return a, b
}

//go:noinline
func tDeep(a Deep, b *Deep, c *Derived) Packed { return Packed{1, 2, 3, 4.5, [1]int32{6}, struct{}{}} }

//go:noinline
func tInterfaces(a any, b any, c Shape, d Shape, e error, f any) (s Shape, x any) { return c, a }

//go:noinline
func tDynamic(args ...any) any { return args[len(args)-1] }

//go:noinline
func tErrors(a, b, c, d error) error { return a }

//go:noinline
func tChannels(a chan int, b <-chan string, c chan struct{}) chan int { return a }

//go:noinline
func tFunctions(a func(int) int, b func(), c func(), d Handler, e func() int) int { return a(1) }

//go:noinline
func tPointers(a unsafe.Pointer, b *int, c **Point, d *string, e *[2]int, f *any) uintptr {
	return 0x10
}

//go:noinline
func tTimes(a time.Duration, b time.Time, c time.Duration, d time.Time, e *time.Time) time.Duration {
	return -90 * time.Minute
}

//go:noinline
func tNames(a Color, b Handler, c Holder, d net.IP, e net.IP) Color { return a + 1 }

//go:noinline
func tMany(a, b, c, d, e, f, g, h, i, j, k int, l string) (int, int, int, int, int, int, int, int, int, int, string) {
	return a, b, c, d, e, f, g, h, i, j, l
}

//go:noinline
func tReals(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p float64, q int) float64 { return p }

// What a function does not use is not kept when its goroutine is preempted at the entry, so it uses all.
//
//go:noinline
func tStack(a uint8, b [2]uintptr, c uint8) (d struct {
	x uintptr
	y [2]uintptr
}, e string) {
	d.x, d.y = uintptr(c-a)-2, b
	return d, "e"
}

//go:noinline
func tBlank(_ int, a int, _ string, b int) (int, error) { return a + b, nil }

// Arrays of two are on the stack; Go before 1.20 does not describe what has no name.
//
//go:noinline
func tBehindBlank(a int, _ [2]int, b [2]int) (r [2]int) { return [2]int{b[0] + a, b[1]} }

//go:noinline
func tBeforeBlank(a int, _ [2]int) (r [2]int) { return [2]int{a + 70, 80} }

type Nothings struct {
	a [3]struct{}
	b uint8
	c float32
}

//go:noinline
func tNothings(x Nothings, y int) int { return int(x.b) + y }

//go:noinline
func tBad(a string, b []int, c any, d error, e *Point, f map[string]int, g chan int, h func()) int {
	return 1
}

//go:noinline
func tNothing() {}

type words struct{ a, b, c uintptr }

// An address where nothing is.
var nowhere = uintptr(0x5000)

func bad() {
	w := words{nowhere, 3, 3}
	long := words{nowhere, ^uintptr(0), 3}
	less := words{nowhere, 4, 3}
	tBad(*(*string)(unsafe.Pointer(&w)), *(*[]int)(unsafe.Pointer(&w)), *(*any)(unsafe.Pointer(&w)),
		*(*error)(unsafe.Pointer(&w)), *(**Point)(unsafe.Pointer(&w)), *(*map[string]int)(unsafe.Pointer(&w)),
		*(*chan int)(unsafe.Pointer(&w)), *(*func())(unsafe.Pointer(&w)))
	tBad(*(*string)(unsafe.Pointer(&long)), *(*[]int)(unsafe.Pointer(&less)), nil, nil, nil, nil, nil, nil)
}

func failures() {
	_, e1 := os.Open("/nonexistent/file")
	_, e2 := net.Dial("tcp", "127.0.0.1:1")
	_, e3 := strconv.Atoi("x")
	tErrors(errors.New("plain"), e1, e2, e3)
	e4 := &url.Error{Op: "Get", URL: "http://a/", Err: context.DeadlineExceeded}
	e5 := os.Rename("/nonexistent/a", "/nonexistent/b")
	tErrors(syscall.EPERM, fmt.Errorf("wrapped: %w", io.EOF), e4, e5)
	e6 := &net.OpError{Op: "read", Net: "udp6", Source: &net.UDPAddr{IP: net.ParseIP("fe80::1"), Port: 5, Zone: "lo"},
		Addr: &net.UDPAddr{IP: net.ParseIP("2001:db8::1:0:0"), Port: 6}, Err: os.NewSyscallError("recv", syscall.ECONNRESET)}
	e7 := &net.DNSError{Err: "no such host", Name: "a.invalid"}
	tErrors(e6, e7, &os.PathError{Op: "op", Path: "p", Err: &ownError{3}}, nil)
	tErrors((*ownError)(nil), &net.AddrError{Err: "missing port in address", Addr: "a"}, os.ErrDeadlineExceeded, net.ErrClosed)
}

func main() {
	tInts(1, -2, 3, 0x1234, 5, 'x', true, 1<<64-1)
	tFloats(1.1, 2.25, 1+2i, 3-4.5i)
	tStrings("hello \"you\"\n", []byte("bytes"), []string{"a", "b"}, "", "0123456789012345678901234567890123")
	tSlices([]int{1, 2, 3}, []Point{{1, 2}}, []*Point{{3, 4}}, [3]int{4, 5, 6}, [1]string{"q"}, nil,
		[][]int{{1}, {}, nil}, Names{"n"})
	tLong(make([]int, 40), "0123456789012345678901234567890123")
	tMaps(map[string]int{"a": 1, "b": 2}, map[int]Point{}, nil, Table{"t": {1, 2}})
	tStructs(Point{1, 2}, &Point{3, 4}, Derived{Base{1, "n"}, []string{"t"}, nil}, nil, struct{}{},
		Packed{1, 2, 3, 4.5, [1]int32{6}, struct{}{}})
	tDeep(Deep{}, &Deep{}, &Derived{next: &Derived{}})
	tInterfaces(5, "x", &Point{2, 3}, Square(2), &ownError{7}, nil)
	tDynamic(1, "two", nil, 2.5, []int{1}, map[string]int{}, Point{1, 2}, (*Point)(nil), tNothing, Color(3), uintptr(16),
		[]any{1, "x"}, struct{ A, b int }{1, 2}, Table{}, [2]bool{true, false}, &[]int{1}, List[int]{nil, 2}, complex64(1i))
	failures()
	c := make(chan int, 3)
	c <- 1
	tChannels(c, nil, make(chan struct{}))
	n := 3
	p := &Point{1, 1}
	tFunctions(func(i int) int { return i + n }, tNothing, nil, func(i int) int { return i }, p.Sum)
	x, s := 4, "pointed"
	var a any = x
	tPointers(nil, nil, &p, &s, &[2]int{1, 2}, &a)
	when := time.Date(2026, 11, 23, 2, 18, 34, 500_000_000, time.UTC)
	tTimes(1500*time.Millisecond, when, 0, time.Time{}, &when)
	tNames(3, nil, Holder{any: 1, err: io.EOF, f: tNothing, t: time.Microsecond}, net.IPv4(127, 0, 0, 1), net.IPv6loopback)
	p.Move(3, 4)
	p.Sum()
	Map([]int{1, 2}, strconv.Itoa)
	Max(1, 2)
	Max(1.5, 2.0)
	(&List[string]{}).Push("v")
	(&List[int]{}).Push(8)
	tMany(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, "twelve")
	tReals(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17)
	tStack(1, [2]uintptr{2, 3}, 4)
	tBlank(1, 2, "x", 3)
	tBehindBlank(1, [2]int{10, 20}, [2]int{30, 40})
	tBeforeBlank(1, [2]int{10, 20})
	tNothings(Nothings{b: 3, c: 1.5}, 9)
	bad()
	tNothing()
}
