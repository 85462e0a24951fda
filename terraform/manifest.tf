# What functions/functions.yaml says, with its defaults filled in.
locals {
  manifest = yamldecode(file("${path.module}/../functions/functions.yaml"))

  functions = {
    for name, f in local.manifest.functions : name => {
      summary          = f.summary
      http             = try(f.trigger, "pubsub") == "http"
      schedule         = try(f.schedule, null)
      listens          = try(f.listens, [])
      announces        = try(f.announces, [])
      firestore        = try(f.firestore, "user")
      compute          = try(f.compute, [])
      compute_share    = length(try(f.compute, [])) > 0 ? try(f.computeShare, 1) : 0
      act_as           = try(f.actAs, false)
      config_bucket    = try(f.configBucket, false)
      machine_provider = try(f.machineProvider, false)
      environment      = try(f.environment, [])
      timeout          = f.timeout
      memory           = f.memory
      concurrency      = f.concurrency
      max_instances    = f.maxInstances
    }
  }

  jobs           = { for name, f in local.functions : name => f if !f.http }
  http_functions = { for name, f in local.functions : name => f if f.http }

  # A job's topic ticks it; every other topic is a fact.
  facts = setsubtract(
    concat(keys(local.manifest.sources), flatten([for f in local.functions : concat(f.listens, f.announces)])),
    keys(local.functions),
  )
  topics = setunion(keys(local.jobs), local.facts)
}
