package config

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
	"github.com/gce-backend/gce-backend/shared/lab/store/memory"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func TestStoredConfiguration(t *testing.T) {
	ctx := context.Background()
	s := memory.New(func() time.Time { return noon })
	none, err := Current(ctx, s)
	if err != nil || none.Revision != "" || len(none.Templates.GetTemplates()) != 0 || none.Settings == nil {
		t.Fatalf("before the first import: %v, %v", none, err)
	}
	config, problems := Parse(folder(t, "../../scripts/example"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	fields, err := Encode(config, noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(ctx, store.Put(Key, fields)); err != nil {
		t.Fatal(err)
	}
	read, err := Current(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	if read.Revision != "1" || !read.ImportedAt.Equal(noon) || !proto.Equal(read.Templates, config.Templates) || !proto.Equal(read.Managers, config.Managers) || !proto.Equal(read.Settings, config.Settings) {
		t.Errorf("read %v, want %v", read, config)
	}
	if again, err := Encode(config, noon); err != nil || string(again["content"].([]byte)) != string(fields["content"].([]byte)) {
		t.Errorf("the same configuration is encoded in two ways (%v)", err)
	}
}

func TestTooLarge(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	config := Empty()
	config.Revision = "big"
	parsed, _ := Parse(Files{Templates: []byte(with("", "")), Managers: []byte{}})
	for range 7 {
		var noise strings.Builder
		for range 200 << 10 {
			noise.WriteByte(byte('!' + random.IntN(90))) // does not compress much
		}
		template := proto.CloneOf(parsed.Template("linux"))
		template.Metadata = []string{"noise:" + noise.String()}
		config.Templates.Templates = append(config.Templates.Templates, template)
	}
	_, err := Encode(config, noon)
	var tooLarge TooLargeError
	if !errors.As(err, &tooLarge) || !strings.Contains(err.Error(), "may have 1048576") {
		t.Errorf("got %v, want a TooLargeError", err)
	}
	config.Templates.Templates = config.Templates.Templates[:5]
	fields, err := Encode(config, noon)
	if err != nil {
		t.Fatalf("a megabyte of metadata, compressed: %v", err)
	}
	if err := store.CheckWrites([]store.Write{store.Create(Key, fields)}); err != nil {
		t.Error(err)
	}
}

func FuzzDecode(f *testing.F) {
	config, _ := Parse(folder(f, "../../scripts/example"))
	fields, err := Encode(config, noon)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("revision", fields["content"].([]byte))
	f.Add("", []byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, revision string, content []byte) {
		read, err := Decode(store.Fields{"revision": revision, "content": content})
		if err == nil && (read.Revision != revision || read.Templates == nil) {
			t.Errorf("read %v", read)
		}
	})
}
