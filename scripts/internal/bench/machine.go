package bench

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Machine describes the machine that ran the benchmarks.
type Machine struct {
	Cores int    `json:"cores"`
	OS    string `json:"os"`
	Go    string `json:"go"`
	// Load is the machine's load average when the benchmark began: other
	// processes may run on it.
	Load string `json:"load,omitempty"`
}

func thisMachine() Machine {
	load, _ := os.ReadFile("/proc/loadavg") // only on Linux
	first, _, _ := strings.Cut(string(load), " ")
	return Machine{Cores: runtime.NumCPU(), OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Load: first}
}

// processCPU is the CPU time that this process has used.
func processCPU() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// resetPeak restarts the measurement of peak memory.
func resetPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o600) // only on Linux
}

// peakMemory returns the largest resident size of a process since its start, or
// since resetPeak, in bytes; 0 if it is unknown.
func peakMemory(pid string) int64 { return status(pid, "VmHWM:") }

// residentMemory returns a process's current resident size in bytes.
func residentMemory(pid string) int64 { return status(pid, "VmRSS:") }

func status(pid, field string) int64 {
	text, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		value, ok := strings.CutPrefix(line, field)
		if !ok {
			continue
		}
		kilobytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err == nil {
			return kilobytes << 10
		}
	}
	return 0
}
