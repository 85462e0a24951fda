// Package delivery tests the way of a Pub/Sub push into a job, through the
// Functions Framework itself, as deployed. The tests are in this module because
// the framework's server is no part of what the root module deploys.
package delivery
