package client

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

// giveUpAfter is the number of failed requests among single ones after which
// the rest is not asked: a Machine Provider in trouble is not flooded.
const giveUpAfter = 3

// batches asks about items in chunks of the batch size. ask answers for
// each item of its chunk, in order. Where a chunk fails, it and those behind it get its error by
// failed; where nothing was answered at all, that is the error of the whole.
func batches[T, A any](items []T, size int, ask func([]T) ([]A, error), failed func(T, error) A) ([]A, error) {
	answers := make([]A, 0, len(items))
	for start := 0; start < len(items); start += size {
		chunk := items[start:min(start+size, len(items))]
		got, err := ask(chunk)
		if err != nil && start == 0 {
			return nil, err
		}
		if err != nil {
			for _, item := range items[start:] {
				answers = append(answers, failed(item, err))
			}
			return answers, nil
		}
		answers = append(answers, got...)
	}
	return answers, nil
}

// singles asks about items one by one, several at a time. ask answers what is
// known of an item, or an error of the request.
func singles[T, A any](ctx context.Context, items []T, concurrency int, ask func(context.Context, T) (A, error), failed func(T, error) A) ([]A, error) {
	answers := make([]A, len(items))
	errs := make([]error, len(items))
	failures := make(chan error, giveUpAfter)
	var group errgroup.Group
	group.SetLimit(concurrency)
	for i, item := range items {
		group.Go(func() error {
			if len(failures) == giveUpAfter {
				errs[i] = failure.New(failure.Transient, "not asked after %d failed requests", giveUpAfter)
				return nil
			}
			if answers[i], errs[i] = ask(ctx, item); errs[i] != nil {
				select {
				case failures <- errs[i]:
				default:
				}
			}
			return nil
		})
	}
	_ = group.Wait() // the errors are in errs
	answered := false
	for i, item := range items {
		if errs[i] != nil {
			answers[i] = failed(item, errs[i])
			continue
		}
		answered = true
	}
	if len(items) > 0 && !answered {
		return nil, <-failures
	}
	return answers, nil
}
