//go:build race

package functions_test

// A world does one thing at a time, and under the race detector takes ten times
// as long: there are a few here, side by side, to see what they share. The
// promises themselves, and the planted bugs, are for the run without.
const seeds = 4
