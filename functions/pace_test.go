//go:build !race

package functions_test

const (
	// seeds is the number of worlds that the simulation test runs;
	// scripts/simulate runs more.
	seeds = 30
	// scenarioSize is the size of each group in the scenario about size.
	scenarioSize = 1000
)
