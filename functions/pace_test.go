//go:build !race

package functions_test

const (
	// seeds is how many worlds the simulation test goes through;
	// scripts/simulate does more.
	seeds = 30
	// scenarioSize is the size of each group in the scenario on size, of the
	// 1,000 that take minutes: WORLD_SCALE=1000.
	scenarioSize = 200
)
