package bus

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/gce-backend/gce-backend/shared/cloud/event"
	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// topic is a topic. It keeps its last messages for Recent.
type topic struct {
	name          event.Topic
	published     int
	recent        []event.Message // oldest first
	subscriptions []*subscription
}

func (t *topic) keep(message event.Message, retain int) {
	t.published++
	if len(t.recent) >= retain {
		t.recent = slices.Delete(t.recent, 0, len(t.recent)-retain+1)
	}
	t.recent = append(t.recent, message)
}

// CreateTopic makes a topic, and reports whether it is new.
func (b *Bus) CreateTopic(name event.Topic) bool {
	name = b.qualified(name)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.topics[name] != nil {
		return false
	}
	b.topics[name] = &topic{name: name}
	return true
}

// Topics lists the names of a project's topics, sorted. An empty project is the
// bus's own.
func (b *Bus) Topics(project string) []string {
	if project == "" {
		project = b.opts.Project
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var names []string
	for name := range b.topics {
		if name.Project == project {
			names = append(names, name.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Recent lists the last messages of a topic, oldest first.
func (b *Bus) Recent(name event.Topic) ([]event.Message, error) {
	name = b.qualified(name)
	b.mu.Lock()
	defer b.mu.Unlock()
	found := b.topics[name]
	if found == nil {
		return nil, notFound("topic", topicPath(name))
	}
	return slices.Clone(found.recent), nil
}

// Published counts the messages of each topic of the bus's own project.
func (b *Bus) Published() map[string]int {
	b.mu.Lock()
	defer b.mu.Unlock()
	counts := map[string]int{}
	for name, of := range b.topics {
		if name.Project == b.opts.Project {
			counts[name.Name] = of.published
		}
	}
	return counts
}

func clone(message event.Message) event.Message {
	message.Data = bytes.Clone(message.Data)
	message.Attributes = maps.Clone(message.Attributes)
	return message
}

func topicPath(name event.Topic) string {
	return "projects/" + name.Project + "/topics/" + name.Name
}

func subscriptionPath(project, name string) string {
	return "projects/" + project + "/subscriptions/" + name
}

// parseTopic reads projects/P/topics/T.
func parseTopic(path string) (event.Topic, error) {
	parts := strings.Split(path, "/")
	if len(parts) != 4 || parts[0] != "projects" || parts[2] != "topics" || parts[1] == "" || parts[3] == "" {
		return event.Topic{}, failure.New(failure.Permanent, "%q is no topic: it reads projects/PROJECT/topics/TOPIC", path)
	}
	return event.Topic{Project: parts[1], Name: parts[3]}, nil
}

func notFound(kind, path string) error {
	return failure.New(failure.NotFound, "there is no %s %s", kind, path)
}
