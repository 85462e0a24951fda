package simulator

import (
	"regexp"
	"strconv"

	"cloud.google.com/go/compute/apiv1/computepb"
)

// image is an image that was created in the simulator. In addition, each public
// project has one version of each family, and other projects have every image
// that a valid reference names, because the simulator cannot know their images.
// images.get returns the first two kinds.
type image struct {
	meta
	project *project
	body    map[string]any
	sizeGb  int64
	ready   bool // false while it is being created: status PENDING
}

func (i *image) link() string { return linkPrefix + i.project.globalPath("images", i.name) }

func (i *image) json() map[string]any {
	m := merged(i.body, map[string]any{"kind": "compute#image", "id": idString(i.id), "name": i.name,
		"creationTimestamp": timestamp(i.created), "selfLink": i.link(), "status": "PENDING", "sourceType": "RAW",
		"diskSizeGb": strconv.FormatInt(i.sizeGb, 10), "archiveSizeBytes": "0",
		"labelFingerprint": contentFingerprint(i.body["labels"])})
	set(m, "architecture", "X86_64")
	if i.ready {
		m["status"], m["archiveSizeBytes"] = "READY", "1073741824"
	}
	return m
}

var images = kind[resource]{collection: "images", name: "image", place: inGlobal,
	in: func(c *Cloud, project, _ string) lister[resource] { return imagesOf{c.project(project)} }}

var imageFamilies = kind[resource]{collection: "images/family", name: "image", place: inGlobal, service: "images", getMethod: "getFromFamily",
	in: func(c *Cloud, project, _ string) lister[resource] { return familiesOf{imagesOf{c.project(project)}} }}

func (c *Cloud) imageRoutes() []route {
	return []route{
		images.listRoute(c), images.getRoute(c), imageFamilies.getRoute(c),
		c.change("images.insert", c.insertImage),
		c.change("images.delete", c.deleteImage),
		c.change("images.setLabels", c.setImageLabels),
	}
}

// publicImageProjects hold the images of operating systems, grouped in families:
// cloud.google.com/compute/docs/images/os-details (November 2026).
var publicImageProjects = map[string]bool{"almalinux-cloud": true, "centos-cloud": true, "cos-cloud": true,
	"debian-cloud": true, "deeplearning-platform-release": true, "fedora-coreos-cloud": true, "opensuse-cloud": true,
	"oracle-linux-cloud": true, "rhel-cloud": true, "rhel-sap-cloud": true, "rocky-linux-cloud": true, "suse-cloud": true,
	"suse-sap-cloud": true, "ubuntu-os-accelerator-images": true, "ubuntu-os-cloud": true, "ubuntu-os-pro-cloud": true,
	"windows-cloud": true, "windows-sql-cloud": true}

// publicVersion matches the end of an image's name in a public project. The name
// begins with that of its family.
var publicVersion = regexp.MustCompile(`-v[0-9]{8}$`)

const newestVersion = "-v20231010"

type imagesOf struct{ project *project }

func (l imagesOf) all() []resource {
	var all []resource
	for _, i := range l.project.images.all() {
		all = append(all, i)
	}
	return all
}

func (l imagesOf) find(name string) (resource, bool) {
	if i, ok := l.project.images.find(name); ok {
		return i, true
	}
	if !l.public(name) {
		return fixture{}, false
	}
	return newFixture(l.project.id, "image", "global/images/"+name, map[string]any{"family": publicVersion.ReplaceAllString(name, ""),
		"status": "READY", "sourceType": "RAW", "diskSizeGb": "10", "archiveSizeBytes": "1073741824", "architecture": "X86_64"}), true
}

// public reports whether the project is public and has an image of that name.
func (l imagesOf) public(name string) bool {
	return publicImageProjects[l.project.id] && publicVersion.MatchString(name) && namePattern.MatchString(name)
}

// familiesOf finds the newest image of a family.
type familiesOf struct{ imagesOf }

func (l familiesOf) find(family string) (resource, bool) { return l.imagesOf.find(l.newest(family)) }

// newest returns the name of the newest image of a family; empty if there is
// none.
func (l familiesOf) newest(family string) string {
	var newest *image
	for _, i := range l.project.images.all() {
		if i.body["family"] == family && i.ready && (newest == nil || newest.created.Before(i.created)) {
			newest = i
		}
	}
	switch {
	case newest != nil:
		return newest.name
	case !publicImageProjects[l.project.id], publicVersion.MatchString(family): // a family is not named like an image
		return ""
	}
	return family + newestVersion
}

// resolvedImage is the target of a reference.
type resolvedImage struct {
	link   string // of the image, also for a reference to a family
	sizeGb int64
	made   *image // nil if it was not created here
}

// resolveImage finds the image that a field of a body refers to.
func (c *Cloud) resolveImage(p *project, field, url string) (resolvedImage, error) {
	ref, err := p.resolve(field, url, "images", "images/family")
	if err != nil {
		return resolvedImage{}, err
	}
	in := imagesOf{c.project(ref.project)}
	public := publicImageProjects[ref.project]
	if ref.collection == "images/family" {
		newest := familiesOf{in}.newest(ref.name)
		switch {
		case newest != "":
			ref.collection, ref.name = "images", newest
		case public:
			return resolvedImage{}, referenceMissing(field, url, "image")
		}
	}
	made, ok := in.project.images.find(ref.name)
	switch {
	case ok:
		return resolvedImage{made.link(), made.sizeGb, made}, nil
	case in.public(ref.name):
	case public, in.project.deletedImages[ref.name], !namePattern.MatchString(ref.name):
		return resolvedImage{}, referenceMissing(field, url, "image")
	}
	return resolvedImage{link: ref.link(), sizeGb: defaultDiskGb}, nil
}

func (c *Cloud) insertImage(r *Request) (*operation, error) {
	var m computepb.Image
	body, err := r.decode(&m)
	if err != nil {
		return nil, err
	}
	p := c.project(r.Project)
	made := &image{meta: c.newMeta(m.GetName()), project: p, body: pruned(body), sizeGb: m.GetDiskSizeGb()}
	if err := checkNamed(m.GetName(), m.GetLabels()); err != nil {
		return nil, err
	}
	if _, taken := p.images.get(made.name); taken {
		return nil, alreadyExists(p.globalPath("images", made.name))
	}
	if err := c.setImageSource(made, &m); err != nil {
		return nil, err
	}
	if s, ok := p.snapshots.get(lastSegment(m.GetSourceSnapshot())); ok && m.GetSourceSnapshot() != "" && !s.take(c) {
		return c.failed(r, "insert", made.link(), made.id, s.rateExceeded()), nil
	}
	p.images.add(made)
	delete(p.deletedImages, made.name)
	op := c.start(r, operationSpec{kind: "insert", targetLink: made.link(), targetID: made.id, queued: true, waits: true,
		apply: func() { made.ready = true }, undo: func() { p.images.remove(made.name) }})
	if !op.willFail() {
		c.after(max(c.opts.ImageTime, c.opts.OperationTime)+r.extraTime(), func() { c.complete(op) })
	}
	return op, nil
}

// setImageSource resolves the source of an image. It must have exactly one, by
// the API's description of Image.
func (c *Cloud) setImageSource(made *image, m *computepb.Image) error {
	p := made.project
	sources := 0
	for _, url := range []string{m.GetSourceSnapshot(), m.GetSourceDisk(), m.GetSourceImage(), m.GetRawDisk().GetSource()} {
		if url != "" {
			sources++
		}
	}
	if sources != 1 {
		return invalid("Exactly one of sourceDisk, sourceImage, sourceSnapshot and rawDisk must be specified.")
	}
	switch {
	case m.GetSourceSnapshot() != "":
		s, err := c.resolveSnapshot(p, "resource.sourceSnapshot", m.GetSourceSnapshot())
		if err != nil {
			return err
		}
		made.sizeGb = max(made.sizeGb, s.diskSizeGb)
		made.body["sourceSnapshot"], made.body["sourceSnapshotId"] = s.link(), idString(s.id)
	case m.GetSourceDisk() != "":
		d, err := c.resolveDisk(p, "resource.sourceDisk", m.GetSourceDisk())
		if err != nil {
			return err
		}
		made.sizeGb = max(made.sizeGb, d.sizeGb)
		made.body["sourceDisk"], made.body["sourceDiskId"] = d.link(), idString(d.id)
	case m.GetSourceImage() != "":
		source, err := c.resolveImage(p, "resource.sourceImage", m.GetSourceImage())
		if err != nil {
			return err
		}
		made.sizeGb = max(made.sizeGb, source.sizeGb)
		made.body["sourceImage"] = source.link
	default:
		return notSupported("An image of a raw disk")
	}
	return nil
}

// findImage finds an image that was created here; no other can be changed.
func (c *Cloud) findImage(r *Request) (*image, error) {
	if i, ok := c.project(r.Project).images.find(r.Name); ok {
		return i, nil
	}
	return nil, notFound(c.project(r.Project).globalPath("images", r.Name))
}

func (c *Cloud) deleteImage(r *Request) (*operation, error) {
	i, err := c.findImage(r)
	if err != nil {
		return nil, err
	}
	return c.start(r, operationSpec{kind: "delete", targetLink: i.link(), targetID: i.id, apply: func() {
		i.project.images.remove(i.name)
		i.project.deletedImages[i.name] = true
	}}), nil
}

func (c *Cloud) setImageLabels(r *Request) (*operation, error) {
	i, err := c.findImage(r)
	if err != nil {
		return nil, err
	}
	return c.setLabels(r, i.link(), i.id, &i.body)
}
