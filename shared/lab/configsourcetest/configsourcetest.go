// Package configsourcetest is a configuration bucket in memory, which the real
// source reads.
package configsourcetest

import (
	"context"
	"fmt"

	"gocloud.dev/blob"
	"gocloud.dev/blob/memblob"

	"github.com/gce-backend/gce-backend/shared/config/configsource"
)

// Bucket is a bucket in memory, and the source that reads it.
type Bucket struct {
	configsource.Source
	bucket *blob.Bucket
}

// New makes an empty bucket.
func New(options configsource.Options) *Bucket {
	bucket := memblob.OpenBucket(nil)
	return &Bucket{Source: configsource.Bucket(bucket, "mem://", "", options), bucket: bucket}
}

// Put uploads a file.
func (b *Bucket) Put(ctx context.Context, name, content string) error {
	if err := b.bucket.WriteAll(ctx, name, []byte(content), nil); err != nil {
		return fmt.Errorf("upload %s: %w", name, err)
	}
	return nil
}

// Get reads one file, whatever the state of the others.
func (b *Bucket) Get(ctx context.Context, name string) ([]byte, error) {
	content, err := b.bucket.ReadAll(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	return content, nil
}
