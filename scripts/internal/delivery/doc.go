// Package delivery tests the way of a Pub/Sub push into a job, through the
// Functions Framework itself, as deployed. It is in this module because that has
// the server that serves the framework locally.
package delivery
