// Many calls, timed: the Go sister of tests/targets/loop.c, which bench/go_loops.py traces. Usage:
//
//	loop CALLS [BUSY]
//
// Prints the nanoseconds that one call took. With BUSY, so many goroutines make the calls between them.
package main

import (
	"fmt"
	"os"
	"strconv"
	"sync"
	"time"
)

//go:noinline
func step(n int) int {
	return n + 1
}

func number(i int) int {
	if i >= len(os.Args) {
		return 1
	}
	n, err := strconv.Atoi(os.Args[i])
	if err != nil {
		panic(err)
	}
	return n
}

func main() {
	calls, busy := number(1), number(2)
	var all sync.WaitGroup
	start := time.Now()
	for g := 0; g < busy; g++ {
		all.Add(1)
		go func() {
			defer all.Done()
			value := 0
			for i := 0; i < calls/busy; i++ {
				value = step(value)
			}
			if value != calls/busy {
				panic(value)
			}
		}()
	}
	all.Wait()
	fmt.Printf("%.1f\n", float64(time.Since(start).Nanoseconds())/float64(calls))
}
