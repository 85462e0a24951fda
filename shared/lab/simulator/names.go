package simulator

import (
	"fmt"
	"regexp"
	"strconv"
)

const (
	nameRegex     = `(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)`
	baseNameRegex = `[a-z](([-a-z0-9]{0,57})|([-a-z0-9]{0,51}-#{1,10}(\[[0-9]{1,10}\])?))`
)

var (
	namePattern     = regexp.MustCompile(`^` + nameRegex + `$`)
	baseNamePattern = regexp.MustCompile(`^` + baseNameRegex + `$`)
	uuidPattern     = regexp.MustCompile(`^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$`)
)

const zeroUUID = "00000000-0000-0000-0000-000000000000"

func checkName(field, name string) error {
	if name == "" {
		return required(field)
	}
	if !namePattern.MatchString(name) {
		return invalidField(field, name, "Must be a match of regex '"+nameRegex+"'")
	}
	return nil
}

// checkNamed checks the name and the labels of a resource to be created.
func checkNamed(name string, labels map[string]string) error {
	if err := checkName("resource.name", name); err != nil {
		return err
	}
	return checkLabels("resource.labels", labels)
}

// newID returns an id of 19 digits, like real ones.
func (c *Cloud) newID() uint64 {
	return 1_000_000_000_000_000_000 + c.opts.Rand.Uint64N(8_000_000_000_000_000_000)
}

func idString(id uint64) string { return strconv.FormatUint(id, 10) }

const suffixAlphabet = "0123456789bcdfghjklmnpqrstvwxz"

// newVMName returns the base instance name with a random suffix that is unique in
// the zone.
func (c *Cloud) newVMName(g *group) string {
	for {
		var suffix [4]byte
		for i := range suffix {
			suffix[i] = suffixAlphabet[c.opts.Rand.IntN(len(suffixAlphabet))]
		}
		name := g.baseName + "-" + string(suffix[:])
		if _, taken := g.zone.vms.get(name); !taken {
			return name
		}
	}
}

// newFingerprint returns eight random bytes in base64, like real fingerprints.
func (c *Cloud) newFingerprint() string {
	var b [8]byte
	for i := range b {
		b[i] = byte(c.opts.Rand.Uint32())
	}
	return base64String(b[:])
}

func operationName(c *Cloud) string {
	return fmt.Sprintf("operation-%d-%013x-%08x-%08x", c.clock.UnixMilli(),
		c.opts.Rand.Uint64()>>12, c.opts.Rand.Uint32(), c.opts.Rand.Uint32())
}
