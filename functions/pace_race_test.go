//go:build race

package functions_test

// A world does one thing at a time, and takes ten times as long under the race
// detector. A few worlds run side by side here, to find data that they share.
// The promises themselves and the planted bugs are tested in the run without
// it.
const seeds = 4
