package world

import (
	"context"
	"time"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
	"github.com/gce-backend/gce-backend/shared/config"
	"github.com/gce-backend/gce-backend/shared/config/configsource"
	"github.com/gce-backend/gce-backend/shared/lab/configsourcetest"
)

// between bounds the time from one file of an upload to the next. It is shorter
// than the time for which a source waits until a bucket has settled.
const between = 1500 * time.Millisecond

// names are the names of the files, in the order in which they are uploaded.
var names = [len(files{})]string{config.TemplatesFile, config.ManagersFile, config.SettingsFile}

func newConfiguration(w *World) *Configuration {
	bucket := configsourcetest.New(configsource.Options{Sleep: w.sleep, Now: w.Now})
	c := &Configuration{world: w, Pools: map[string]Pool{}, bucket: bucket, whole: map[string]bool{}}
	for i := range names {
		c.write(i)
	}
	return c
}

// revision returns the revision that a source computes for these files.
func (f files) revision() string {
	contents := map[string][]byte{}
	for i, name := range names {
		contents[name] = []byte(f[i])
	}
	return configsource.Revision(contents)
}

// Bucket holds the configuration's files.
func (c *Configuration) Bucket() *configsourcetest.Bucket { return c.bucket }

// upload writes the files to the bucket, all at once or one after the other. In
// the second case a reader meanwhile finds new files beside old ones.
func (c *Configuration) upload() {
	apart := c.world.roll(HalfWritten)
	var at time.Duration
	for i := range names {
		if !apart {
			c.write(i)
			continue
		}
		c.world.After(at, func() {
			c.write(i)
			c.world.Post(configUploaded, "{}")
		})
		at += time.Duration(c.world.rand.Int64N(int64(between)))
	}
	if !apart {
		c.world.Post(configUploaded, "{}")
	}
}

// write writes the current content of a file.
func (c *Configuration) write(i int) {
	now := c.files()
	c.held[i] = now[i]
	if err := c.bucket.Put(context.Background(), names[i], now[i]); err != nil {
		panic(err) // the bucket is in memory
	}
	if c.held == now {
		c.whole[now.revision()] = true
	}
}

// Read implements configsource.Source.
func (c *Configuration) Read(ctx context.Context) (config.Files, error) {
	return gated(ctx, c.world, func() string { return "read the configuration" }, func() (config.Files, error) {
		if err := c.world.fail(SourceDown, failure.Transient, "the configuration source is down"); err != nil {
			return config.Files{}, err
		}
		return c.bucket.Read(ctx)
	})
}

// Close implements configsource.Source.
func (c *Configuration) Close() error { return nil }
