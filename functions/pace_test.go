//go:build !race

package functions_test

const (
	// seeds is how many worlds the simulation test goes through;
	// scripts/simulate does more.
	seeds = 30
	// scenarioSize is the size of each group in the scenario on size.
	scenarioSize = 1000
)
