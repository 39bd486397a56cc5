// Package empty has no tests, and is no program.
package empty
