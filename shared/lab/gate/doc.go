// Package gate stands between a client and the Firestore emulator, and is as
// strict as the service: what the emulator lets pass and the service refuses,
// the gate refuses. It can also make the faults that only a network has.
//
// Every rule names its source, where it stands:
//
//	routing.go   the headers that lead a call to a named database
//	index.go     every query needs an index; those of terraform/indexes.yaml
//	limits.go    values of IN, bytes of a request, bytes of a document
//
// Not held are the limits that the suite is nowhere near: writes a second to
// one document, index entries of a document, the depth of a map.
package gate
