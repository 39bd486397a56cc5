// Calls within calls, on goroutines that wait for each other. The comments name lines for the test.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
)

//go:noinline
func inner(n int) int { // inner
	return n + 1 // inner returns
}

//go:noinline
func middle(n int) int { // middle
	return inner(n) * 2 // middle returns
}

//go:noinline
func outer(n int) (result int, err error) { // outer
	if n < 0 {
		return 0, errors.New("negative") // outer fails
	}
	os.Getppid()
	return middle(n) + 1, nil // outer returns
}

//go:noinline
func slow(n int) int {
	time.Sleep(time.Duration(n) * time.Millisecond)
	return n
}

// Goroutines that take turns: each gives its thread to others in the middle of its call.
//
//go:noinline
func turn(n int, in, out chan int) int {
	value := <-in
	os.Getppid()
	runtime.Gosched()
	out <- value + n
	return value
}

func ring(goroutines, rounds int) {
	first := make(chan int, 1)
	in := first
	for g := 0; g < goroutines; g++ {
		out := make(chan int, 1)
		if g == goroutines-1 {
			out = first
		}
		go func(in, out chan int) {
			for i := 0; i < rounds; i++ {
				turn(1, in, out)
			}
		}(in, out)
		in = out
	}
	first <- 0
	for value := 0; value != rounds*goroutines; first <- value {
		time.Sleep(time.Millisecond)
		value = <-first
	}
}

func main() {
	switch os.Args[1] {
	case "calls":
		fmt.Println(outer(3))
		fmt.Println(outer(-1))
	case "slow":
		for n := 1; n <= 200; n += 199 {
			slow(n)
		}
	case "ring":
		n, _ := strconv.Atoi(os.Args[2])
		ring(4, n)
	}
}
