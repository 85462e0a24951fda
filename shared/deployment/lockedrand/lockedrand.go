// Package lockedrand provides a rand.Rand that is safe for concurrent use,
// unlike one made from the standard library's own sources.
package lockedrand

import "math/rand/v2"

// New returns a generator over the process's own source of randomness.
func New() *rand.Rand { return rand.New(process{}) }

type process struct{}

func (process) Uint64() uint64 { return rand.Uint64() }
