// Package gcebackend links every function, so that one source deploys each of
// them: the Go buildpack wants the root package to import the Functions
// Framework.
package gcebackend

import (
	_ "github.com/GoogleCloudPlatform/functions-framework-go/funcframework" // what the buildpack's main imports
	_ "github.com/GoogleCloudPlatform/functions-framework-go/functions"     // the buildpack looks for it here

	"github.com/gce-backend/gce-backend/functions"
	"github.com/gce-backend/gce-backend/functions/machineprovider"
	"github.com/gce-backend/gce-backend/shared/deployment"
)

func init() {
	deployment.Register(functions.Jobs(), map[string]deployment.HTTP{
		machineprovider.Name: machineprovider.Deployed,
	}, functions.Manifest)
}
