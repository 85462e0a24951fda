package simulator_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	compute "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/gce-backend/gce-backend/shared/lab/simulator"
)

// TestServer uses a server on the network whose operations take no time.
func TestServer(t *testing.T) {
	cloud := simulator.New(simulator.Options{})
	server := httptest.NewServer(cloud)
	defer server.Close()
	ctx := t.Context()
	options := clientOptions(server.URL, server.Client())
	templates := must(compute.NewInstanceTemplatesRESTClient(ctx, options...))
	w := newWorld(t, slow()) // only for the template's body
	op, err := templates.Insert(ctx, &computepb.InsertInstanceTemplateRequest{
		Project: testProject, InstanceTemplateResource: w.template("a")})
	if err != nil || !op.Done() {
		t.Fatalf("insert: %v, done %v", err, op.Done())
	}
	if err := op.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := templates.Get(ctx, &computepb.GetInstanceTemplateRequest{Project: testProject, InstanceTemplate: "a"}); err != nil {
		t.Fatal(err)
	}
}

// TestRun advances the state in real time: messages come without a request, and
// a wait ends on time.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		activity := make(chan []byte, 10)
		o := slow()
		o.OnActivity = func(raw []byte) { activity <- raw }
		cloud := simulator.New(o)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); cloud.Run(ctx) }()
		options := clientOptions("http://compute.invalid", &http.Client{Transport: cloud.Transport()})
		groups := must(compute.NewInstanceGroupManagersRESTClient(ctx, options...))
		operations := must(compute.NewZoneOperationsRESTClient(ctx, options...))
		size, name := int32(1), "g"
		start := time.Now()
		op, err := groups.Insert(ctx, &computepb.InsertInstanceGroupManagerRequest{Project: testProject, Zone: testZone,
			InstanceGroupManagerResource: &computepb.InstanceGroupManager{Name: &name, TargetSize: &size}})
		if err != nil {
			t.Fatal(err)
		}
		waited, err := operations.Wait(ctx, &computepb.WaitZoneOperationRequest{
			Project: testProject, Zone: testZone, Operation: op.Name()})
		if err != nil || waited.GetStatus() != computepb.Operation_DONE || time.Since(start) != 4*time.Second {
			t.Errorf("waited %v: %v, %v", time.Since(start), waited, err)
		}
		<-activity
		if took := time.Since(start); took != 24*time.Second {
			t.Errorf("the VM was logged after %v", took)
		}
		cancel()
		<-ended
	})
}

// TestWaitEndsWithItsClient: a wait does not outlive its client.
func TestWaitEndsWithItsClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cloud := simulator.New(simulator.Options{OperationTime: time.Hour})
		client := &http.Client{Transport: cloud.Transport(), Timeout: 5 * time.Second}
		options := clientOptions("http://compute.invalid", client)
		groups := must(compute.NewInstanceGroupManagersRESTClient(t.Context(), options...))
		operations := must(compute.NewZoneOperationsRESTClient(t.Context(), options...))
		name := "g"
		op, err := groups.Insert(t.Context(), &computepb.InsertInstanceGroupManagerRequest{Project: testProject, Zone: testZone,
			InstanceGroupManagerResource: &computepb.InstanceGroupManager{Name: &name, TargetSize: new(int32)}})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		_, err = operations.Wait(t.Context(), &computepb.WaitZoneOperationRequest{
			Project: testProject, Zone: testZone, Operation: op.Name()})
		if err == nil || time.Since(start) != 5*time.Second {
			t.Errorf("waited %v, %v", time.Since(start), err)
		}
	})
}
