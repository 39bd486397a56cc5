// Functions of every kind that Go has names for. What each line says is in
// tests/trace/test_go_names.py.
package main

import "os"

type Point struct{ X, Y int }

//go:noinline
func (p *Point) Move(dx int) { p.X += dx } // main.(*Point).Move

//go:noinline
func (p Point) Sum() int { return p.X + p.Y } // main.Point.Sum

type List[T any] struct{ items []T }

//go:noinline
func (l *List[T]) Push(item T) { l.items = append(l.items, item) } // main.(*List[...]).Push

//go:noinline
func Map[T, U any](from []T, f func(T) U) (to []U) { // main.Map[...]
	for _, each := range from {
		to = append(to, f(each))
	}
	return to
}

// Add is in assembly, so the compiler makes another function of this name to call it.
func Add(a, b int) int

//go:noinline
func Large() int { // main.Large
	var bytes [100000]byte
	for i := range bytes {
		bytes[i] = byte(i)
	}
	return int(bytes[len(os.Args)])
}

func small(a int) int { return 3*a + 1 } // main.small

func twice(a int) int { return small(a) + small(a+1) } // main.twice

//go:noinline
func apply(f func(int) int, a int) int { return f(a) } // main.apply

func main() { // main.main
	point := &Point{1, 2}
	point.Move(len(os.Args))
	var list List[string]
	list.Push("a")
	sum := func(a int) int { return a + point.Sum() } // main.main.func1
	lengths := Map([]string{"a", "b"}, func(s string) int { return len(s) }) // main.main.func2
	println(Add(twice(len(os.Args)), apply(sum, Large())), len(lengths), len(list.items))
}
