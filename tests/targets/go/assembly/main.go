// Assembly with data in its code, which it reads (a trap in there would change what it says), and
// functions that end in jumps to others.
package main

import "fmt"

func sum() uint64

func one(n int) int
func two(n int) int
func three(n int) int

func main() {
	fmt.Println(one(1), one(100))
	for i := 0; i < 3; i++ {
		fmt.Println(sum())
	}
}
