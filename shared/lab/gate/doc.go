// Package gate stands between a client and an emulator, and is as strict as the
// service that the emulator stands for: what the emulator lets pass and the
// service refuses, the gate refuses, and it can make the faults that only a
// network has.
package gate
