package machineprovider

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	pb "github.com/gce-backend/gce-backend/proto/machineprovider/machineproviderpb"
)

// description is an API description in Google's discovery format, from which a
// client is generated.
type description struct {
	Name, Version string
	BasePath      string
	Methods       map[string]struct {
		HTTPMethod, Path  string
		Request, Response *struct {
			Ref string `json:"$ref"`
		}
	}
	Schemas map[string]schema
}

type schema struct {
	Type, Format string
	Ref          string `json:"$ref"`
	Enum         []string
	Required     bool
	Items        *schema
	Properties   map[string]schema
}

func describe(t *testing.T, file string) description {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var d description
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// check compares a value with its schema, as a generated client's types would:
// a field that the description does not have is an error here.
func (d description) check(path string, s schema, value any) error {
	if s.Ref != "" {
		s = d.Schemas[s.Ref]
	}
	switch s.Type {
	case "object":
		object, ok := value.(map[string]any)
		if !ok {
			return fmt.Errorf("%s: %v is no object", path, value)
		}
		for name, inner := range object {
			property, ok := s.Properties[name]
			if !ok {
				return fmt.Errorf("%s.%s is not described", path, name)
			}
			if err := d.check(path+"."+name, property, inner); err != nil {
				return err
			}
		}
	case "array":
		items, ok := value.([]any)
		if !ok {
			return fmt.Errorf("%s: %v is no list", path, value)
		}
		for i, item := range items {
			if err := d.check(fmt.Sprintf("%s[%d]", path, i), *s.Items, item); err != nil {
				return err
			}
		}
	case "string":
		text, ok := value.(string)
		if !ok {
			return fmt.Errorf("%s: %v is no string", path, value)
		}
		if _, err := strconv.ParseInt(text, 10, 64); s.Format == "int64" && err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if s.Enum != nil && !strings.Contains(" "+strings.Join(s.Enum, " ")+" ", " "+text+" ") {
			return fmt.Errorf("%s: %q is none of %q", path, text, s.Enum)
		}
	case "number":
		if _, ok := value.(float64); !ok {
			return fmt.Errorf("%s: %v is no number", path, value)
		}
	case "boolean":
		if _, ok := value.(bool); !ok {
			return fmt.Errorf("%s: %v is no boolean", path, value)
		}
	}
	return nil
}

// generated calls a method as a client generated from a description would.
func (d description) generated(t *testing.T, w *world, who, method string, request map[string]any) map[string]any {
	t.Helper()
	m, ok := d.Methods[method]
	if !ok {
		t.Fatalf("%s has no method %s", d.Name, method)
	}
	if err := d.check("request", d.Schemas[m.Request.Ref], any(request)); err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(m.HTTPMethod, w.url+d.BasePath+"/"+m.Path+"?alt=json&prettyPrint=false", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer dev:"+who)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		t.Fatalf("%s.%s: %s %s %v", d.Name, method, response.Status, data, err)
	}
	if m.Response == nil {
		if len(data) != 0 {
			t.Fatalf("%s.%s answers nothing, and answered %s", d.Name, method, data)
		}
		return nil
	}
	var answer map[string]any
	if err := json.Unmarshal(data, &answer); err != nil {
		t.Fatal(err)
	}
	if err := d.check(method, d.Schemas[m.Response.Ref], any(answer)); err != nil {
		t.Fatal(err)
	}
	return answer
}

type object = map[string]any

// TestClientGeneratedFromTheDescriptions calls every described method, with
// every described field, as a backend, an agent and an administrator do.
func TestClientGeneratedFromTheDescriptions(t *testing.T) {
	w := newWorld(t)
	catalog, machine := describe(t, "catalog-api.json"), describe(t, "machine-api.json")
	dimensions := object{
		"backend": "GCE", "disk_gb": "100", "disk_type": "SSD", "hostname": "vm-1", "linux_flavor": "UBUNTU", "memory_gb": 7.5, "num_cpus": "8",
		"os_family": "LINUX", "os_version": "22.04", "project": "p", "snapshot": "s", "snapshot_labels": []any{"a:b"},
	}
	policies := object{
		"backend_attributes": []any{object{"key": "k", "value": "v"}}, "backend_project": "some-project", "backend_topic": "topic",
		"machine_service_account": machine1, "on_reclamation": "RECLAIM",
	}
	addition := object{"dimensions": dimensions, "policies": policies}
	if got := catalog.generated(t, w, backend, "add_machine", addition); fmt.Sprint(got) != fmt.Sprint(object{"machine_addition_request": addition}) {
		t.Fatal(got)
	}
	if got := catalog.generated(t, w, backend, "add_machines", object{"requests": []any{addition}}); len(got["responses"].([]any)) != 1 {
		t.Fatal(got)
	}
	w.lease(lessee, "r", `"dimensions":{"snapshot":"s"},"duration":60,"on_lease":{"swarming_server":"https://s.example.com"}`)
	got := catalog.generated(t, w, admin, "get", object{"hostname": "vm-1", "backend": "GCE"})
	if got["state"] != "LEASED" || fmt.Sprint(got["dimensions"]) != fmt.Sprint(dimensions) || fmt.Sprint(got["policies"]) != fmt.Sprint(policies) {
		t.Fatal(got)
	}
	poll := machine.generated(t, w, machine1, "poll", object{"hostname": "vm-1", "backend": "GCE"})
	if fmt.Sprint(poll) != `map[instruction:map[swarming_server:https://s.example.com] state:RECEIVED]` {
		t.Fatal(poll)
	}
	machine.generated(t, w, machine1, "ack", object{"hostname": "vm-1", "backend": "GCE"})
	if got := machine.generated(t, w, backend, "poll", object{"hostname": "vm-1"}); got["state"] != "EXECUTED" {
		t.Fatal(got)
	}
	w.release(lessee, "r")
	if got := catalog.generated(t, w, backend, "get", object{"hostname": "vm-1"}); got["state"] != "RECLAIMED" || got["lease_expiration_ts"] != nil {
		t.Fatal(got)
	}
	deletion := object{"dimensions": object{"backend": "GCE", "hostname": "vm-1"}}
	if got := catalog.generated(t, w, admin, "delete_machine", deletion); got["error"] != nil {
		t.Fatal(got)
	}
	if got := catalog.generated(t, w, admin, "delete_machine", deletion); got["error"] != "ENTRY_NOT_FOUND" {
		t.Fatal(got)
	}
}

// TestMessagesAreTheDescribedOnes compares the messages with the descriptions:
// every described field and enum value is there, with its type.
func TestMessagesAreTheDescribedOnes(t *testing.T) {
	w := newWorld(t)
	messages := map[string]protoreflect.MessageDescriptor{}
	for _, file := range []protoreflect.FileDescriptor{
		pb.File_machineprovider_dimensions_proto, pb.File_machineprovider_policies_proto,
		pb.File_machineprovider_catalog_proto, pb.File_machineprovider_machine_proto,
	} {
		for i := range file.Messages().Len() {
			messages[string(file.Messages().Get(i).Name())] = file.Messages().Get(i)
		}
	}
	for _, file := range []string{"catalog-api.json", "machine-api.json"} {
		d := describe(t, file)
		for method := range d.Methods {
			if _, ok := w.handler.(*api).methods[d.Name+"/"+d.Version+"/"+method]; !ok {
				t.Errorf("%s.%s is not served", d.Name, method)
			}
		}
		for id, s := range d.Schemas {
			message := messages[schemaName.ReplaceAllString(id, "")]
			if message == nil {
				t.Errorf("no message is %s", id)
				continue
			}
			for name, property := range s.Properties {
				compareField(t, id+"."+name, message.Fields().ByName(protoreflect.Name(name)), property)
			}
		}
	}
}

// schemaName is the prefix of a message's name in the name of its schema.
var schemaName = regexp.MustCompile(`^ComponentsMachineProvider(Dimensions|Policies|Instructions|RpcMessages)`)

func compareField(t *testing.T, name string, field protoreflect.FieldDescriptor, s schema) {
	t.Helper()
	if field == nil {
		t.Errorf("%s is in no message", name)
		return
	}
	list := s.Items != nil
	if list {
		s = *s.Items
	}
	kind := map[string]protoreflect.Kind{
		"string": protoreflect.StringKind, "string int64": protoreflect.Int64Kind,
		"number double": protoreflect.DoubleKind, "boolean": protoreflect.BoolKind, "": protoreflect.MessageKind,
	}[strings.TrimSpace(s.Type+" "+s.Format)]
	if s.Enum != nil {
		kind = protoreflect.EnumKind
		for _, value := range s.Enum {
			if field.Enum().Values().ByName(protoreflect.Name(value)) == nil {
				t.Errorf("%s has no value %s", name, value)
			}
		}
	}
	if field.Kind() != kind || field.IsList() != list {
		t.Errorf("%s is a %s (list: %t)", name, field.Kind(), field.IsList())
	}
}
