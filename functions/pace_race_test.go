//go:build race

package functions_test

// Under the race detector a world takes ten times as long: it goes through
// few, to see races; whether the promises hold is for the run without.
const (
	seeds        = 4
	scenarioSize = 40
)
