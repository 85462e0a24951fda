// Package gate stands between a client and the Firestore emulator, and is as
// strict as the service: it refuses what the service refuses and the emulator
// accepts. It can also inject the faults of a network.
//
// Each rule names its source in the code:
//
//	routing.go   the headers that lead a call to a named database
//	index.go     every query needs an index; those of terraform/indexes.yaml
//	limits.go    values of IN, bytes of a request, bytes of a document
//
// The gate does not enforce the limits that the suite is nowhere near: writes a
// second to one document, index entries of a document, the depth of a map.
package gate
