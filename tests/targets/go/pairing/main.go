// Calls that end in all the ways there are, on goroutines that grow their stacks, move between
// threads, are preempted, panic and exit. It counts itself what a trace of `main\.T` must show, and
// prints a line for each function: name, calls, returns, unwound by a panic, by Goexit.
package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

type count struct{ calls, returns, panics, exits int64 }

var counts = map[string]*count{}

func counter(name string) *count {
	c := &count{}
	counts[name] = c
	return c
}

func (c *count) enter()    { atomic.AddInt64(&c.calls, 1) }
func (c *count) ret()      { atomic.AddInt64(&c.returns, 1) }
func (c *count) panicked() { atomic.AddInt64(&c.panics, 1) }
func (c *count) exited()   { atomic.AddInt64(&c.exits, 1) }

var (
	cGrow   = counter("main.TGrow")
	cLeaf   = counter("main.TLeaf")
	cPanic  = counter("main.TPanic")
	cCatch  = counter("main.TCatch")
	cDefer  = counter("main.TDeferred")
	cAgain  = counter("main.TPanicAgain")
	cNil    = counter("main.TNil")
	cExit   = counter("main.TExit")
	cGuard  = counter("main.TGuard")
	cSpin   = counter("main.TSpin")
	cMove   = counter("main.TMove")
	cWait   = counter("main.TWait")
	cCall   = counter("main.TSyscall")
	cMethod = counter("main.(*TPoint).Move")
	cTimer  = counter("main.TTimer")
	cMiddle = counter("main.TCatchInMiddle")
	cFrames = counter("main.TManyFrames")
)

var errDeep = errors.New("deep")

// A frame of its own on each level, so that the stack is copied again and again.
//
//go:noinline
func TGrow(n int) int {
	cGrow.enter()
	var room [300]byte
	room[n%300] = byte(n)
	r := 0
	if n > 0 {
		r = TGrow(n-1) + int(room[(n+1)%300])
	}
	cGrow.ret()
	return r + TLeaf(n)
}

// Frames larger than the guard below the stack's limit need the check with two branches.
//
//go:noinline
func TManyFrames(n int) int {
	cFrames.enter()
	var room [8192]byte
	room[n] = 1
	r := int(room[n/2])
	if n > 0 {
		r += TManyFrames(n - 1)
	}
	cFrames.ret()
	return r
}

// No frame, no stack check; its loop begins with its first instruction, if the compiler likes.
//
//go:noinline
func TLeaf(n int) int {
	atomic.AddInt64(&cLeaf.calls, 1)
	for n > 100 {
		n -= 7
	}
	atomic.AddInt64(&cLeaf.returns, 1)
	return n
}

//go:noinline
func TPanic(n int) int {
	cPanic.enter()
	cPanic.panicked()
	if n == 0 {
		panic(errDeep)
	}
	return TPanic(n-1) + 1
}

//go:noinline
func TDeferred(n int) {
	cDefer.enter()
	TGrow(n)
	cDefer.ret()
}

//go:noinline
func TPanicAgain(n int) {
	cAgain.enter()
	cAgain.panicked()
	defer func() {
		TDeferred(n)
		panic(errors.New("again"))
	}()
	TPanic(n)
}

//go:noinline
func TNil(p *TPoint) int {
	cNil.enter()
	cNil.panicked()
	return p.x
}

//go:noinline
func TCatch(how, n int) (sum int, err error) {
	cCatch.enter()
	defer func() {
		if r := recover(); r != nil {
			err, _ = r.(error)
		}
		cCatch.ret()
	}()
	defer TDeferred(3)
	switch how % 4 {
	case 0:
		sum = TPanic(n)
	case 1:
		TPanicAgain(n)
	case 2:
		sum = TNil(nil)
	case 3:
		sum = TGrow(n)
	}
	return sum, nil
}

// The panic passes frames without a recover; one in the middle recovers, and its caller goes on.
//
//go:noinline
func TCatchInMiddle(n int) (err error) {
	cMiddle.enter()
	for i := 0; i < n; i++ {
		_, err = TCatch(i, i)
	}
	cMiddle.ret()
	return err
}

//go:noinline
func TExit(n int) {
	cExit.enter()
	cExit.exited()
	defer TDeferred(n)
	if n == 0 {
		runtime.Goexit()
	}
	TExit(n - 1)
}

// A panic in what Goexit runs, recovered further in or further out: the goroutine exits.
//
//go:noinline
func TGuard(n int) {
	cGuard.enter()
	cGuard.exited()
	defer func() {
		recover()
		TCatch(n, n)
	}()
	defer func() {
		if n%2 == 0 {
			panic("while exiting")
		}
	}()
	TExit(n)
}

// Nothing in it is a point where a goroutine gives way, so that only a signal makes it.
//
//go:noinline
func TSpin(n int) int {
	cSpin.enter()
	x := 1
	for i := 0; i < n; i++ {
		x = x*1664525 + i
	}
	cSpin.ret()
	return x
}

//go:noinline
func TMove(a, b chan int, rounds int) {
	cMove.enter()
	for i := 0; i < rounds; i++ {
		b <- <-a + TLeaf(i)
		runtime.Gosched()
	}
	cMove.ret()
}

//go:noinline
func TWait(d time.Duration) {
	cWait.enter()
	time.Sleep(d)
	cWait.ret()
}

//go:noinline
func TSyscall() int {
	cCall.enter()
	pid := syscall.Getppid()
	cCall.ret()
	return pid
}

type mover interface{ Move(int) int }
type TPoint struct{ x, y int }

//go:noinline
func (p *TPoint) Move(n int) int {
	cMethod.enter()
	p.x += n
	cMethod.ret()
	return p.x
}

//go:noinline
func TTimer(done *sync.WaitGroup) {
	cTimer.enter()
	TGrow(5)
	cTimer.ret()
	done.Done()
}

func spawn(all *sync.WaitGroup, f func()) {
	all.Add(1)
	go func() {
		defer all.Done()
		f()
	}()
}

func round(i int, all *sync.WaitGroup) {
	spawn(all, func() { TGrow(150 + i); TManyFrames(20) })
	spawn(all, func() { TCatchInMiddle(8) })
	spawn(all, func() { TExit(i % 7) })
	spawn(all, func() { TGuard(i % 5) })
	spawn(all, func() { TSpin(3000000) })
	a, b := make(chan int, 1), make(chan int, 1)
	spawn(all, func() { TMove(a, b, 20) })
	spawn(all, func() { TMove(b, a, 20) })
	a <- 1
	spawn(all, func() {
		runtime.LockOSThread()
		for k := 0; k < 5; k++ {
			TSyscall()
			TWait(time.Microsecond)
		}
	})
	spawn(all, func() {
		var m mover = &TPoint{}
		move := m.Move
		for k := 0; k < 5; k++ {
			m.Move(k)
			move(k)
		}
	})
	all.Add(1)
	time.AfterFunc(time.Millisecond, func() { TTimer(all) })
}

func main() {
	rounds := 3
	if len(os.Args) > 1 {
		rounds, _ = strconv.Atoi(os.Args[1])
	}
	stop := make(chan bool)
	debug.SetGCPercent(5)
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.GC()
				time.Sleep(time.Millisecond)
			}
		}
	}()
	var all sync.WaitGroup
	for i := 0; i < rounds; i++ {
		round(i, &all)
		if i%4 == 3 {
			all.Wait()
		}
	}
	all.Wait()
	close(stop)
	var names []string
	for name := range counts {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		c := counts[name]
		fmt.Println(name, c.calls, c.returns, c.panics, c.exits)
	}
}
