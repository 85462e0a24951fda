// Package delivery tests how a Pub/Sub push reaches a job through the Functions
// Framework, as deployed. It is in this module because this module has the
// server that runs the framework locally.
package delivery
