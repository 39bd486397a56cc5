// Go calls C, which calls Go, on threads of Go's and on threads that C has made.
package main

/*
#cgo LDFLAGS: -lpthread
int c_outer(int);
void c_threads(void);
*/
import "C"

import "os"

//export fromC
func fromC(n C.int) C.int { return C.int(inner(int(n))) }

//go:noinline
func inner(n int) int {
	if n == 7 {
		recovers()
	}
	if n < 0 {
		panic("negative")
	}
	return n * 2
}

//go:noinline
func recovers() {
	defer func() { recover() }()
	outer(-1)
}

//go:noinline
func outer(n int) int { return int(C.c_outer(C.int(n))) }

func main() {
	switch os.Args[1] {
	case "calls":
		outer(1)
	case "panics":
		outer(7)
	case "threads":
		C.c_threads()
	}
}
