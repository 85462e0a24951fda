package simulator

// action is a managed instance's currentAction.
type action int

const (
	actionNone action = iota
	actionCreating
	actionRecreating
	actionDeleting
	actionAbandoning
	actionRestarting
	actionRefreshing
	actionVerifying
	actionCreatingOnce
	actionStopping
	actionStarting
	actionSuspending
	actionResuming
	actions
)

// actionNames holds the value of currentAction and the field of currentActions.
var actionNames = [actions]struct{ name, field string }{
	actionNone:         {"NONE", "none"},
	actionCreating:     {"CREATING", "creating"},
	actionRecreating:   {"RECREATING", "recreating"},
	actionDeleting:     {"DELETING", "deleting"},
	actionAbandoning:   {"ABANDONING", "abandoning"},
	actionRestarting:   {"RESTARTING", "restarting"},
	actionRefreshing:   {"REFRESHING", "refreshing"},
	actionVerifying:    {"VERIFYING", "verifying"},
	actionCreatingOnce: {"CREATING_WITHOUT_RETRIES", "creatingWithoutRetries"},
	actionStopping:     {"STOPPING", "stopping"},
	actionStarting:     {"STARTING", "starting"},
	actionSuspending:   {"SUSPENDING", "suspending"},
	actionResuming:     {"RESUMING", "resuming"},
}

// group is a zonal managed instance group. Its members include VMs that are being
// created or deleted.
type group struct {
	meta
	zone        *zone
	body        map[string]any // as posted and patched; replaced, never changed
	fingerprint string
	baseName    string
	templates   []*template // of instanceTemplate and versions; may be none
	template    *template   // for new VMs; may be nil
	targetSize  int
	paginated   bool
	noRepair    bool // defaultActionOnFailure DO_NOTHING
	members     *collection[*vm]
	counts      [actions]int
	made        map[*template]int // members by template
	ready       bool              // false while its insert runs
	deletion    *operation
	deletionDue bool // its own deletion time is over; it waits for its VMs
}

func (g *group) listed() bool { return g.ready }
func (g *group) path() string { return g.zone.path("instanceGroupManagers", g.name) }
func (g *group) link() string { return linkPrefix + g.path() }

// limit returns the largest target size that the group may have.
func (g *group) limit() int {
	if g.paginated {
		return 2000
	}
	return 1000
}

func (g *group) currentActions() map[string]any {
	m := make(map[string]any, len(actionNames))
	for a, n := range actionNames {
		m[n.field] = g.counts[a]
	}
	return m
}

func (g *group) stable() bool {
	return g.deletion == nil && g.members.len() == g.targetSize && g.counts[actionNone] == g.targetSize
}

func (g *group) json() map[string]any {
	m := make(map[string]any, len(g.body)+16)
	for field, value := range g.body {
		m[field] = value
	}
	m["kind"] = "compute#instanceGroupManager"
	m["id"] = idString(g.id)
	m["name"] = g.name
	m["baseInstanceName"] = g.baseName
	m["creationTimestamp"] = timestamp(g.created)
	m["selfLink"] = g.link()
	m["zone"] = g.zone.link()
	m["instanceGroup"] = linkPrefix + g.zone.path("instanceGroups", g.name)
	m["fingerprint"] = g.fingerprint
	m["targetSize"] = g.targetSize
	m["currentActions"] = g.currentActions()
	m["status"] = map[string]any{
		"isStable":           g.stable(),
		"allInstancesConfig": map[string]any{"effective": true},
		"stateful": map[string]any{
			"hasStatefulConfig":  m["statefulPolicy"] != nil,
			"perInstanceConfigs": map[string]any{"allEffective": true},
		},
		"versionTarget": map[string]any{"isReached": g.versionReached()},
	}
	g.setDefaults(m)
	return m
}

// setDefaults adds the defaults from the API's description of
// InstanceGroupManager.
func (g *group) setDefaults(m map[string]any) {
	set(m, "listManagedInstancesResults", "PAGELESS")
	m["instanceLifecyclePolicy"] = withDefaults(m, "instanceLifecyclePolicy", map[string]any{
		"defaultActionOnFailure": "REPAIR", "forceUpdateOnRepair": "NO"})
	policy := withDefaults(m, "updatePolicy", map[string]any{
		"type": "OPPORTUNISTIC", "minimalAction": "REPLACE", "replacementMethod": "SUBSTITUTE"})
	for _, field := range []string{"maxSurge", "maxUnavailable"} {
		limit := withDefaults(policy, field, nil)
		if limit["percent"] == nil {
			set(limit, "fixed", 1)
		}
		limit["calculated"] = g.calculated(limit)
		policy[field] = limit
	}
	m["updatePolicy"] = policy
	if g.template == nil {
		return
	}
	m["instanceTemplate"] = g.template.link()
	m["versions"] = g.versions()
}

// calculated returns FixedOrPercent.calculated, as its description defines it.
func (g *group) calculated(v map[string]any) int {
	if v["percent"] != nil {
		return (number(v["percent"])*g.targetSize + 50) / 100
	}
	if n, ok := v["fixed"].(int); ok {
		return n
	}
	return number(v["fixed"])
}

// versions returns the group's versions with the size of each. A group created
// with instanceTemplate has a single version.
func (g *group) versions() []map[string]any {
	posted := objects(g.body["versions"])
	if len(posted) == 0 {
		posted = []map[string]any{{"instanceTemplate": g.template.link()}}
	}
	rest := g.targetSize
	versions := make([]map[string]any, len(posted))
	for i, v := range posted {
		versions[i] = withDefaults(map[string]any{"v": v}, "v", nil)
		if size := withDefaults(v, "targetSize", nil); len(size) > 0 {
			n := g.calculated(size)
			size["calculated"] = n
			rest -= n
			versions[i]["targetSize"] = size
		}
	}
	for _, v := range versions {
		if v["targetSize"] == nil {
			v["targetSize"] = map[string]any{"calculated": max(rest, 0)}
		}
	}
	return versions
}

// versionReached reports whether every VM was made from the group's template.
func (g *group) versionReached() bool { return g.made[g.template] == g.members.len() }

// setAction sets the VM's currentAction and updates the group's summary.
func (v *vm) setAction(a action) {
	if v.group != nil {
		v.group.counts[v.action]--
		v.group.counts[a]++
	}
	v.action = a
}

func (g *group) join(v *vm) {
	v.group = g
	g.counts[v.action]++
	g.made[v.template]++
	g.members.add(v)
}

func (g *group) leave(v *vm) {
	g.counts[v.action]--
	g.made[v.template]--
	g.members.remove(v.name)
	v.group = nil
}
