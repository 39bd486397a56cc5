//go:build special

package lib

const Tagged = "special"
