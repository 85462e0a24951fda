package leasing

// Refusal is an error that the API returns, by its name on the wire. The
// messages in proto/machineprovider list the refusals of each call.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// The refusals.
const (
	HostnameReuse          Refusal = "HOSTNAME_REUSE"
	EntryNotFound          Refusal = "ENTRY_NOT_FOUND"
	UnspecifiedBackend     Refusal = "UNSPECIFIED_BACKEND"
	MismatchedBackend      Refusal = "MISMATCHED_BACKEND"
	UnspecifiedHostname    Refusal = "UNSPECIFIED_HOSTNAME"
	InvalidTopic           Refusal = "INVALID_TOPIC"
	InvalidProject         Refusal = "INVALID_PROJECT"
	UnspecifiedTopic       Refusal = "UNSPECIFIED_TOPIC"
	Leased                 Refusal = "LEASED"
	Settled                Refusal = "SETTLED"
	RequestIDReuse         Refusal = "REQUEST_ID_REUSE"
	DeadlineExceeded       Refusal = "DEADLINE_EXCEEDED"
	TransientError         Refusal = "TRANSIENT_ERROR"
	MutualExclusionError   Refusal = "MUTUAL_EXCLUSION_ERROR"
	NonpositiveDeadline    Refusal = "NONPOSITIVE_DEADLINE"
	LeaseExpirationTSError Refusal = "LEASE_EXPIRATION_TS_ERROR"
	LeaseLengthUnspecified Refusal = "LEASE_LENGTH_UNSPECIFIED"
	LeaseTooLong           Refusal = "LEASE_TOO_LONG"
	NotFound               Refusal = "NOT_FOUND"
	NotFulfilled           Refusal = "NOT_FULFILLED"
	AlreadyReclaimed       Refusal = "ALREADY_RECLAIMED"
	InvalidInstruction     Refusal = "INVALID_INSTRUCTION"
)
