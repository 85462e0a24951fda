// Package lockedrand provides a rand.Rand that is safe for concurrent use. A
// rand.Rand over one of the standard library's sources is not.
package lockedrand

import "math/rand/v2"

// New returns a generator that uses the process's global source of randomness.
func New() *rand.Rand { return rand.New(process{}) }

type process struct{}

func (process) Uint64() uint64 { return rand.Uint64() }
