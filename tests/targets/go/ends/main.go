// Small scenes, of which the first argument names one: what a trace of each looks like is known line
// by line.
package main

import (
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

//go:noinline
func down(n int) int {
	if n == 0 {
		panic("bottom")
	}
	return down(n-1) + 1
}

//go:noinline
func cleanUp() { syscall.Getppid() }

//go:noinline
func recovers(n int) (result int) {
	defer func() {
		recover()
		result = -1
	}()
	defer cleanUp()
	return down(n)
}

//go:noinline
func replaces(n int) {
	defer panic("another")
	down(n)
}

//go:noinline
func recoversReplaced() (text string) {
	defer func() { text = recover().(string) }()
	replaces(0)
	return ""
}

//go:noinline
func exits(n int) {
	defer cleanUp()
	if n == 0 {
		runtime.Goexit()
	}
	exits(n - 1)
}

//go:noinline
func grows(n int) int {
	var room [1000]byte
	room[n] = 1
	if n > 0 {
		return grows(n-1) + int(room[n/2])
	}
	syscall.Getppid()
	return int(room[0])
}

//go:noinline
func leaf(n int) int { return n + 1 }

//go:noinline
func calls(f func(int) int, w io.Writer) int {
	n := leaf(1) + f(2)
	w.Write([]byte("x"))
	return n
}

type silent struct{}

//go:noinline
func (silent) Write(text []byte) (int, error) { return leaf(len(text)), nil }

// The compiler makes a Write for it that is nothing but a jump to the one of what it points to.
type wrapper struct {
	before int
	*target
}
type target struct{ written int }

//go:noinline
func (t *target) Write(text []byte) (int, error) {
	t.written += len(text)
	return t.written, nil
}

// Its loop leads back to its first instruction.
//
//go:noinline
func counts(n int) int {
	for {
		n--
		if n <= 0 {
			return n
		}
	}
}

func inGoroutine(f func()) {
	var done sync.WaitGroup
	done.Add(1)
	go func() {
		defer done.Done()
		f()
	}()
	done.Wait()
}

func main() {
	switch os.Args[1] {
	case "recovers":
		recovers(2)
	case "replaced":
		recoversReplaced()
	case "exits":
		inGoroutine(func() { exits(1) })
	case "grows":
		inGoroutine(func() { grows(30) })
	case "calls":
		calls(leaf, silent{})
	case "wrapper":
		var w io.Writer = &wrapper{target: &target{}}
		calls(leaf, w)
	case "counts":
		counts(5)
	case "prints":
		println("printed")
	case "runs":
		exec.Command("/bin/true").Run()
	case "dies":
		down(1)
	case "leaves":
		grows(0)
		os.Exit(3)
	}
}
