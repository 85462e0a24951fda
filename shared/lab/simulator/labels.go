package simulator

import (
	"maps"

	"cloud.google.com/go/compute/apiv1/computepb"
)

// labelsChanged is the service's message, as quoted in terraform-provider-google
// issue 18826; the message of setOnInstance is in its pull request 221.
const labelsChanged = "Labels fingerprint either invalid or resource labels have changed"

// setLabels starts the operation of a setLabels method, which changes the
// resource's body. The request must carry the fingerprint of the labels that it
// replaces, as the API's description says.
func (c *Cloud) setLabels(r *Request, link string, id uint64, body *map[string]any) (*operation, error) {
	var m computepb.GlobalSetLabelsRequest // the types for zones and instances have the same fields
	posted, err := r.decode(&m)
	if err != nil {
		return nil, err
	}
	if err := checkLabels("labels", m.GetLabels()); err != nil {
		return nil, err
	}
	if m.GetLabelFingerprint() != contentFingerprint((*body)["labels"]) {
		return nil, conditionNotMet(labelsChanged)
	}
	return c.start(r, operationSpec{kind: "setLabels", targetLink: link, targetID: id, apply: func() {
		*body = merged(*body, map[string]any{"labels": nil}) // labels are replaced, not merged
		if labels, ok := pruned(posted)["labels"]; ok {
			(*body)["labels"] = labels
		}
	}}), nil
}

// setOnInstance starts an operation that replaces a field of the instance. The
// request must carry the field's fingerprint, as the API's description says.
func (c *Cloud) setOnInstance(r *Request, v *vm, method, field, fingerprint, current string, value map[string]any) (*operation, error) {
	if fingerprint != current {
		why := "Supplied fingerprint does not match current " + field + " fingerprint."
		if field == "labels" {
			why = labelsChanged
		}
		return nil, conditionNotMet(why)
	}
	id := v.id
	return c.start(r, operationSpec{kind: method, targetLink: v.link(), targetID: id, apply: func() {
		if v.id != id {
			return // the instance was replaced
		}
		v.changed = maps.Clone(v.changed)
		if v.changed == nil {
			v.changed = map[string]any{}
		}
		v.changed[field] = value
	}}), nil
}

func (c *Cloud) setInstanceLabels(r *Request) (*operation, error) {
	v, err := instances.find(c, r)
	if err != nil {
		return nil, err
	}
	body := map[string]any{}
	if labels := v.properties()["labels"]; labels != nil {
		body["labels"] = labels
	}
	var m computepb.InstancesSetLabelsRequest
	posted, err := r.decode(&m)
	if err != nil {
		return nil, err
	}
	if err := checkLabels("labels", m.GetLabels()); err != nil {
		return nil, err
	}
	labels, _ := posted["labels"].(map[string]any)
	return c.setOnInstance(r, v, "setLabels", "labels", m.GetLabelFingerprint(), contentFingerprint(body["labels"]), labels)
}

func (c *Cloud) setInstanceMetadata(r *Request) (*operation, error) {
	v, err := instances.find(c, r)
	if err != nil {
		return nil, err
	}
	var m computepb.Metadata
	body, err := r.decode(&m)
	if err == nil {
		err = checkMetadata(nil, &computepb.InstanceProperties{Metadata: &m})
	}
	if err != nil {
		return nil, err
	}
	current, _ := v.metadata(v.properties())["fingerprint"].(string)
	return c.setOnInstance(r, v, "setMetadata", "metadata", m.GetFingerprint(), current, body)
}

func (c *Cloud) setInstanceTags(r *Request) (*operation, error) {
	v, err := instances.find(c, r)
	if err != nil {
		return nil, err
	}
	var m computepb.Tags
	body, err := r.decode(&m)
	if err == nil {
		err = checkTags(nil, &computepb.InstanceProperties{Tags: &m})
	}
	if err != nil {
		return nil, err
	}
	tags := v.tags(v.properties())
	current, _ := tags["fingerprint"].(string)
	return c.setOnInstance(r, v, "setTags", "tags", m.GetFingerprint(), current, body)
}
