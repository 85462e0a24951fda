// Package architecture holds the tests of the repository's structure: which
// package may import which, which packages use an outside API, how files and
// packages are named, and that every topic is in functions.yaml.
package architecture
