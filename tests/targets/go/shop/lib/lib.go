// Package lib knows what things cost.
package lib

import "errors"

//go:noinline
func Price(name string) (cents int, err error) {
	if name == "" {
		return 0, errors.New("no name")
	}
	return 100 * len(name), nil
}
