package lib

import (
	"os"
	"testing"
)

func TestPrice(t *testing.T) {
	if _, err := os.ReadFile("lib.go"); err != nil {
		t.Fatal(err)
	}
	if n, _ := Price("tea"); n != 300 {
		t.Fatal(n)
	}
}

func TestNone(t *testing.T) {
	if _, err := Price(""); err == nil {
		t.Fatal("no error")
	}
}
