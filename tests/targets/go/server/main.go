// An HTTP server that is traced while clients are at it.
//
//	server FILE   listens on a free port of 127.0.0.1, writes the port to FILE, serves until killed
//
//	/hello/NAME   "hello, NAME"
//	/sum/N        the sum of 1 to N, computed recursively, so that the goroutine's stack grows
//	/panic        panics in a function of ours; net/http recovers, and closes the connection
//	/caught       panics in a function of ours, which our own code recovers: "caught: N is too many"
//	/file         what is in the file that it reads on each request
package main

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
)

type Greeter struct {
	greeting string
	count    int
}

//go:noinline
func (g *Greeter) Greet(name string) (text string, err error) {
	if name == "" {
		return "", errors.New("nobody to greet")
	}
	return g.greeting + ", " + name, nil
}

// A frame of some size, so that the stack of a new goroutine has to grow.
//
//go:noinline
func sum(n int) int {
	var room [16]int
	if n == 0 {
		return 0
	}
	room[n%16] = n
	return room[n%16] + sum(n-1)
}

//go:noinline
func explode(n int) int {
	if n >= 0 {
		panic(fmt.Sprint(n, " is too many"))
	}
	return n
}

//go:noinline
func careful(n int) (text string) {
	defer func() {
		text = fmt.Sprint("caught: ", recover())
	}()
	return strconv.Itoa(explode(n))
}

//go:noinline
func readAll(path string) ([]byte, error) {
	return os.ReadFile(path)
}

func last(path string) string {
	return path[strings.LastIndexByte(path, '/')+1:]
}

func main() {
	greeter := &Greeter{greeting: "hello"}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/hello/", func(out http.ResponseWriter, request *http.Request) {
		text, err := greeter.Greet(last(request.URL.Path))
		if err != nil {
			http.Error(out, err.Error(), http.StatusBadRequest)
			return
		}
		io.WriteString(out, text)
	})
	http.HandleFunc("/sum/", func(out http.ResponseWriter, request *http.Request) {
		n, _ := strconv.Atoi(last(request.URL.Path))
		io.WriteString(out, strconv.Itoa(sum(n)))
	})
	http.HandleFunc("/panic", func(out http.ResponseWriter, request *http.Request) {
		explode(1)
	})
	http.HandleFunc("/caught", func(out http.ResponseWriter, request *http.Request) {
		io.WriteString(out, careful(2))
	})
	http.HandleFunc("/file", func(out http.ResponseWriter, request *http.Request) {
		content, err := readAll(os.Args[1])
		if err != nil {
			http.Error(out, err.Error(), http.StatusInternalServerError)
			return
		}
		out.Write(content)
	})
	// What net/http says of a panic is of no interest here.
	server := &http.Server{ErrorLog: log.New(io.Discard, "", 0)}
	port := strconv.Itoa(listener.Addr().(*net.TCPAddr).Port)
	// Under another name first: who waits for the file must not see half of it.
	if err := os.WriteFile(os.Args[1]+".new", []byte(port), 0o644); err != nil {
		log.Fatal(err)
	}
	if err := os.Rename(os.Args[1]+".new", os.Args[1]); err != nil {
		log.Fatal(err)
	}
	log.Fatal(server.Serve(listener))
}
