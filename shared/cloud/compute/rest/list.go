package rest

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"cloud.google.com/go/compute/apiv1/computepb"
	"google.golang.org/api/option"

	"github.com/gce-backend/gce-backend/shared/cloud/failure"
)

const (
	// pageSize is the maximum page size of Compute Engine.
	pageSize = 500
	// maxPages bounds the pages of a list: 1,000 pages of 500 items are far
	// more than a project holds.
	maxPages = 1000
)

// fetch is InternalFetch of the library's iterators: it returns one page, which
// may be smaller than pageSize.
type fetch[Item any] = func(pageSize int, token string) (items []Item, next string, err error)

// list yields the items of all pages of a list, and at the end the error that
// cut the list short, if any. Each page has its own client, which holds the
// page's context; start begins the list with that client, and returns the
// fields InternalFetch and Response of the iterator. The error of a list with
// too many pages is transient, because the list was not seen whole.
func list[Client, Item any](
	ctx context.Context, e *Engine, c call, open func(context.Context, ...option.ClientOption) (Client, error),
	start func(context.Context, Client) (fetch[Item], *any),
) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		token := ""
		for range maxPages {
			next := ""
			items, err := do(ctx, e, c, func(ctx context.Context, clients *opened) (items []Item, err error) {
				client, err := open(ctx, clients.listing(ctx)...)
				if err != nil {
					return nil, err
				}
				page, response := start(ctx, client)
				if items, next, err = page(pageSize, token); err != nil {
					return nil, err
				}
				return items, incomplete(*response)
			})
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if err == nil && next == "" {
				return
			}
			if err == nil && next == token {
				err = failure.New(failure.Transient, "%s of %s: the page token %.40q leads to itself", c.method, c.target, token)
			}
			if err != nil {
				yield(*new(Item), err)
				return
			}
			token = next
		}
		yield(*new(Item), failure.New(failure.Transient, "%s of %s has more than %d pages", c.method, c.target, maxPages))
	}
}

// incomplete returns an error for a page that left something out. An item that
// is missing in such a list may still exist, so the list is useless.
func incomplete(response any) error {
	var missing []string
	warned := func(place string, warning *computepb.Warning) {
		switch warning.GetCode() {
		case computepb.Warning_UNREACHABLE.String(), computepb.Warning_PARTIAL_SUCCESS.String():
			missing = append(missing, fmt.Sprintf("%s%s: %s", place, warning.GetCode(), warning.GetMessage()))
		}
	}
	if page, ok := response.(interface{ GetWarning() *computepb.Warning }); ok {
		warned("", page.GetWarning())
	}
	if page, ok := response.(*computepb.InstanceGroupManagerAggregatedList); ok {
		for _, place := range page.GetUnreachables() {
			missing = append(missing, place+" is unreachable")
		}
		for place, scope := range page.GetItems() {
			warned(place+": ", scope.GetWarning())
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return failure.New(failure.Transient, "the list is incomplete: %s", strings.Join(missing, "; "))
}
