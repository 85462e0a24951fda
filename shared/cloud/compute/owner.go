package compute

// OwnershipLabel is the label that everything the suite creates carries; its
// value is [Owner.Label].
const OwnershipLabel = "gce-backend"

// Owner is an installation of the suite: the project that holds its database,
// and the deployment's name in it.
type Owner struct{ Project, Deployment string }

// Label returns the value of OwnershipLabel on what the installation creates, at
// most 62 characters. Several installations may have VMs in one project, so the
// deployment's name alone, which earlier versions used, does not identify one.
func (o Owner) Label() string { return o.Project + "--" + o.Deployment }

// Owns reports whether something with these labels is the installation's,
// whatever its database says.
func (o Owner) Owns(labels map[string]string) bool { return labels[OwnershipLabel] == o.Label() }

// MayOwn reports whether something with these labels was created by an earlier
// version, of this installation or of another one with the same deployment's
// name. It belongs to this installation if a record in this installation's
// database names it.
func (o Owner) MayOwn(labels map[string]string) bool { return labels[OwnershipLabel] == o.Deployment }

// Adopts reports whether something with these labels may be taken over for a
// record that names it but has no URL of it yet. If it carries an earlier
// version's label, its size must be 0, as a run that was cut off left it: a
// group with VMs may be in use by another installation.
func (o Owner) Adopts(labels map[string]string, size int) bool {
	return o.Owns(labels) || o.MayOwn(labels) && size == 0
}
