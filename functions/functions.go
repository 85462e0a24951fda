// Package functions lists the suite's functions and holds their manifest.
package functions

import (
	_ "embed" // the manifest

	"github.com/gce-backend/gce-backend/functions/cataloginstances"
	"github.com/gce-backend/gce-backend/functions/cleanupentities"
	"github.com/gce-backend/gce-backend/functions/createinstancegroupmanagers"
	"github.com/gce-backend/gce-backend/functions/createinstancetemplates"
	"github.com/gce-backend/gce-backend/functions/deleteinstancegroupmanagers"
	"github.com/gce-backend/gce-backend/functions/deleteinstancespendingdeletion"
	"github.com/gce-backend/gce-backend/functions/deleteinstancetemplates"
	"github.com/gce-backend/gce-backend/functions/fetchinstances"
	"github.com/gce-backend/gce-backend/functions/importconfig"
	"github.com/gce-backend/gce-backend/functions/processconfig"
	"github.com/gce-backend/gce-backend/functions/reclaimmachines"
	"github.com/gce-backend/gce-backend/functions/removecatalogedinstances"
	"github.com/gce-backend/gce-backend/functions/resizeinstancegroups"
	"github.com/gce-backend/gce-backend/functions/updatecatalogedinstances"
	"github.com/gce-backend/gce-backend/shared/job"
)

// Manifest is functions.yaml.
//
//go:embed functions.yaml
var Manifest []byte

// Jobs lists the functions that take messages.
func Jobs() []job.Job {
	return []job.Job{
		importconfig.Job,
		processconfig.Job,
		createinstancetemplates.Job,
		createinstancegroupmanagers.Job,
		resizeinstancegroups.Job,
		fetchinstances.Job,
		cataloginstances.Job,
		updatecatalogedinstances.Job,
		deleteinstancespendingdeletion.Job,
		removecatalogedinstances.Job,
		deleteinstancegroupmanagers.Job,
		deleteinstancetemplates.Job,
		cleanupentities.Job,
		reclaimmachines.Job,
	}
}
