package rest

import (
	"context"

	gce "cloud.google.com/go/compute/apiv1"
	"cloud.google.com/go/compute/apiv1/computepb"

	"github.com/gce-backend/gce-backend/shared/cloud/compute"
)

// Template calls instanceTemplates.get.
func (e *Engine) Template(ctx context.Context, project, name string) (compute.Template, error) {
	found, err := do(ctx, e, call{method: "instanceTemplates.get", target: name, project: project, group: reads},
		func(ctx context.Context, clients *opened) (*computepb.InstanceTemplate, error) {
			return clients.templates.Get(ctx, &computepb.GetInstanceTemplateRequest{Project: project, InstanceTemplate: name})
		})
	if err != nil {
		return compute.Template{}, err
	}
	return fromTemplate(project, found), nil
}

// Templates calls instanceTemplates.list. It filters here, because the API does
// not document whether it filters by a label among a template's properties.
func (e *Engine) Templates(ctx context.Context, project string) ([]compute.Template, error) {
	items := list(ctx, e, call{method: "instanceTemplates.list", target: "all", project: project, group: reads}, gce.NewInstanceTemplatesRESTClient,
		func(ctx context.Context, client *gce.InstanceTemplatesClient) (fetch[*computepb.InstanceTemplate], *any) {
			pages := client.List(ctx, &computepb.ListInstanceTemplatesRequest{Project: project})
			return pages.InternalFetch, &pages.Response
		})
	var templates []compute.Template
	for item, err := range items {
		if err != nil {
			return nil, err
		}
		if _, ours := item.GetProperties().GetLabels()[compute.OwnershipLabel]; ours {
			templates = append(templates, fromTemplate(project, item))
		}
	}
	return templates, nil
}

// InsertTemplate calls instanceTemplates.insert.
func (e *Engine) InsertTemplate(ctx context.Context, template compute.Template, requestID string) error {
	return e.change(ctx, call{method: "instanceTemplates.insert", target: template.Name, project: template.Project, group: mutations},
		func(ctx context.Context, clients *opened) (*gce.Operation, error) {
			return clients.templates.Insert(ctx, &computepb.InsertInstanceTemplateRequest{
				Project: template.Project, RequestId: optional(requestID),
				InstanceTemplateResource: &computepb.InstanceTemplate{Name: optional(template.Name), Properties: template.Properties},
			})
		})
}

// DeleteTemplate calls instanceTemplates.delete.
func (e *Engine) DeleteTemplate(ctx context.Context, project, name, requestID string) error {
	return e.change(ctx, call{method: "instanceTemplates.delete", target: name, project: project, group: mutations},
		func(ctx context.Context, clients *opened) (*gce.Operation, error) {
			return clients.templates.Delete(ctx, &computepb.DeleteInstanceTemplateRequest{
				Project: project, InstanceTemplate: name, RequestId: optional(requestID),
			})
		})
}

func fromTemplate(project string, t *computepb.InstanceTemplate) compute.Template {
	return compute.Template{Project: project, Name: t.GetName(), URL: t.GetSelfLink(), Properties: t.GetProperties()}
}
