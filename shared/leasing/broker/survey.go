package broker

import (
	"context"
	"fmt"

	"github.com/gce-backend/gce-backend/shared/leasing"
)

// ListPage is the greatest number of machines that one call of List returns.
const ListPage = 500

// Count counts a backend's machines in a state whose hostnames begin with a
// prefix.
func (b *Broker) Count(ctx context.Context, backend, prefix string, state leasing.MachineState) (int, error) {
	n, err := b.store.Count(ctx, machinesOf(backend, prefix, state, 0, ""))
	if err != nil {
		return 0, fmt.Errorf("count the machines %s*: %w", prefix, err)
	}
	return n, nil
}

// List reads a backend's machines whose hostnames begin with a prefix and come
// after one of them; more reports whether there are others behind them.
func (b *Broker) List(ctx context.Context, backend, prefix, after string) (listed []leasing.Machine, more bool, err error) {
	page, err := find[leasing.Machine](ctx, b, machinesOf(backend, prefix, "", ListPage, after))
	for _, item := range page.items {
		if item.Value.Entry() {
			listed = append(listed, item.Value)
		}
	}
	return listed, page.last != nil, err
}
