package client

import (
	"fmt"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// giveUpAfter is the number of failed single requests after which the remaining
// ones are not sent, so that a Machine Provider in trouble is not flooded.
const giveUpAfter = 3

// batches calls a method for items, in batches. send returns a response for
// each item of a batch, and read turns a response into an answer. If a batch
// fails, failed makes the answers for its items and for all later ones; if the
// first batch fails, batches returns its error.
func batches[T, R, A any](
	c *Client, method string, items []T, send func([]T) ([]R, error), read func(R, T) A, failed func(T, error) A,
) ([]A, error) {
	answers := make([]A, 0, len(items))
	for batch := range slices.Chunk(items, c.options.Batch) {
		responses, err := send(batch)
		if err == nil && len(responses) != len(batch) {
			err = foreign(method, fmt.Errorf("%d responses for %d items", len(responses), len(batch)))
		}
		if err != nil && len(answers) == 0 {
			return nil, err
		}
		if err != nil {
			for _, item := range items[len(answers):] {
				answers = append(answers, failed(item, err))
			}
			return answers, nil
		}
		for i, response := range responses {
			answers = append(answers, read(response, batch[i]))
		}
	}
	return answers, nil
}

// singles calls a method for each item, several at a time. ask returns an
// item's answer or an error, which failed turns into an answer. If every
// request fails, singles returns the first error.
func singles[T, A any](c *Client, items []T, ask func(T) (A, error), failed func(T, error) A) ([]A, error) {
	answers := make([]A, len(items))
	var answered, failures atomic.Int32
	var group errgroup.Group
	group.SetLimit(c.options.Concurrency)
	for i, item := range items {
		group.Go(func() (err error) {
			if failures.Load() >= giveUpAfter {
				answers[i] = failed(item, failure.New(failure.Transient, "not asked after %d failed requests", giveUpAfter))
				return nil
			}
			if answers[i], err = ask(item); err != nil {
				failures.Add(1)
				answers[i] = failed(item, err)
				return err
			}
			answered.Add(1)
			return nil
		})
	}
	if err := group.Wait(); err != nil && answered.Load() == 0 {
		return nil, err
	}
	return answers, nil
}

// asResult is the argument failed of batches and singles if an answer is just
// an error.
func asResult[T any](_ T, err error) error { return err }
