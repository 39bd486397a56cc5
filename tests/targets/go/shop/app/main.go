// Prints the prices of its arguments, and where it runs; with "wait", stays until it is killed.
package main

import (
	"fmt"
	"os"
	"time"

	"example.org/shop/lib"
)

func main() {
	for _, name := range os.Args[1:] {
		cents, err := lib.Price(name)
		fmt.Println(name, cents, err, lib.Tagged)
		for name == "wait" {
			time.Sleep(time.Hour)
		}
	}
	if len(os.Args) > 2 {
		os.Exit(3)
	}
}
