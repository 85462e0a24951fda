resource "google_firestore_database" "this" {
  name                    = var.firestore_database
  location_id             = coalesce(var.firestore_location, var.region)
  type                    = "FIRESTORE_NATIVE"
  delete_protection_state = var.delete_data ? "DELETE_PROTECTION_DISABLED" : "DELETE_PROTECTION_ENABLED"
  deletion_policy         = var.delete_data ? "DELETE" : "ABANDON"

  point_in_time_recovery_enablement = var.point_in_time_recovery ? "POINT_IN_TIME_RECOVERY_ENABLED" : "POINT_IN_TIME_RECOVERY_DISABLED"

  dynamic "cmek_config" {
    for_each = var.firestore_kms_key == null ? [] : [var.firestore_kms_key]

    content {
      kms_key_name = cmek_config.value
    }
  }

  depends_on = [terraform_data.apis]
}

resource "google_firestore_backup_schedule" "daily" {
  count = var.backup_days == 0 ? 0 : 1

  database  = google_firestore_database.this.name
  retention = "${var.backup_days * 86400}s"

  daily_recurrence {}
}

# ---- Indexes ----
#
# Functions wait for the indexes that they query by. An index that goes, as in a
# rollback, goes after the functions were replaced: that is what
# create_before_destroy does here. A field that loses its indexes waits for the
# functions for the same reason: those before may still query by it.

locals {
  indexes = yamldecode(file("${path.module}/indexes.yaml"))

  composite_indexes = {
    for index in local.indexes.composite :
    join(" ", concat([index.collection, index.scope], flatten([for f in index.fields : [for path, order in f : "${path}:${order}"]]))) => index
  }
  group_fields = { for f in local.indexes.collectionGroupFields : "${f.collection}.${f.field}" => f }
  plain_fields = { for f in local.indexes.unindexed : "${f.collection}.${f.field}" => f }
  ttl_fields   = { for f in local.indexes.ttl : "${f.collection}.${f.field}" => f }
}

resource "google_firestore_index" "this" {
  for_each = local.composite_indexes

  database    = google_firestore_database.this.name
  collection  = each.value.collection
  query_scope = each.value.scope

  dynamic "fields" {
    for_each = flatten([for f in each.value.fields : [for path, order in f : { path = path, order = order }]])

    content {
      field_path   = fields.value.path
      order        = fields.value.order == "CONTAINS" ? null : fields.value.order
      array_config = fields.value.order == "CONTAINS" ? "CONTAINS" : null
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

# Those that an earlier deployment left with the database.
import {
  for_each = { for key, id in var.left_indexes : key => id if contains(keys(local.composite_indexes), key) }

  to = google_firestore_index.this[each.key]
  id = each.value
}

# A field that is queried over a collection group needs that said; the other
# indexes are those that it had by itself.
resource "google_firestore_field" "group" {
  for_each = local.group_fields

  database   = google_firestore_database.this.name
  collection = each.value.collection
  field      = each.value.field

  index_config {
    dynamic "indexes" {
      for_each = setproduct(["COLLECTION", "COLLECTION_GROUP"], ["ASCENDING", "DESCENDING"])

      content {
        query_scope = indexes.value[0]
        order       = indexes.value[1]
      }
    }

    indexes {
      query_scope  = "COLLECTION"
      array_config = "CONTAINS"
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

# A time that rises with every write makes a hot index, and nothing queries it.
resource "google_firestore_field" "ttl" {
  for_each = local.ttl_fields

  database   = google_firestore_database.this.name
  collection = each.value.collection
  field      = each.value.field

  ttl_config {}
  index_config {}

  depends_on = [module.function]
}

resource "google_firestore_field" "unindexed" {
  for_each = local.plain_fields

  database   = google_firestore_database.this.name
  collection = each.value.collection
  field      = each.value.field

  index_config {}

  depends_on = [module.function]
}

# ---- Rules ----

# Functions do not come through the rules; phones and browsers would.
resource "google_firebaserules_ruleset" "deny" {
  source {
    files {
      name    = "firestore.rules"
      content = file("${path.module}/firestore.rules")
    }
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [google_firestore_database.this]
}

resource "google_firebaserules_release" "firestore" {
  name         = var.firestore_database == "(default)" ? "cloud.firestore" : "cloud.firestore/${var.firestore_database}"
  ruleset_name = "projects/${var.project}/rulesets/${google_firebaserules_ruleset.deny.name}"
}
