// Package architecture holds the tests of the repository's shape: which package
// may import which, who knows an outside API, how files and packages are named,
// and that topics are those of functions.yaml.
package architecture
