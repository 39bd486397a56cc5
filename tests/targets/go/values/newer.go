//go:build go1.20

package main

import (
	"errors"
	"io"
)

func init() {
	tErrors(errors.Join(io.EOF, io.ErrClosedPipe), nil, nil, nil)
}
