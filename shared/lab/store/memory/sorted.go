package memory

import (
	"iter"
	"slices"
	"sort"

	"github.com/gce-backend/gce-backend/shared/cloud/store"
)

// blockSize is how many entries a block holds before it is split: small enough
// for fast inserts, large enough to keep the number of blocks low.
const blockSize = 256

// entry is a document in an index, ordered by value, then by key.
type entry struct {
	value any
	doc   *document
}

func (e entry) compare(other entry) int {
	if order := store.Compare(e.value, other.value); order != 0 {
		return order
	}
	return store.CompareKeys(e.doc.key, other.doc.key)
}

// sorted holds entries in order, in blocks, so that adding one to a hundred
// thousand moves only a few.
type sorted struct{ blocks [][]entry }

// position is a place between entries; {len(blocks), 0} is the end.
type position struct{ block, offset int }

func (p position) before(other position) bool {
	return p.block < other.block || p.block == other.block && p.offset < other.offset
}

// search returns the position of the first entry for which reached is true.
// reached must be true for all later entries too.
func (s *sorted) search(reached func(entry) bool) position {
	block := sort.Search(len(s.blocks), func(i int) bool {
		return reached(s.blocks[i][len(s.blocks[i])-1])
	})
	if block == len(s.blocks) {
		return position{block: block}
	}
	entries := s.blocks[block]
	return position{block, sort.Search(len(entries), func(i int) bool { return reached(entries[i]) })}
}

func (s *sorted) seek(e entry) position {
	return s.search(func(other entry) bool { return other.compare(e) >= 0 })
}

// add inserts an entry; it replaces one that compares equal.
func (s *sorted) add(e entry) {
	at := s.seek(e)
	if at.block == len(s.blocks) {
		if at.block == 0 {
			s.blocks = append(s.blocks, []entry{e})
			return
		}
		at = position{at.block - 1, len(s.blocks[at.block-1])}
	}
	block := s.blocks[at.block]
	if at.offset < len(block) && block[at.offset].compare(e) == 0 {
		block[at.offset] = e
		return
	}
	block = slices.Insert(block, at.offset, e)
	s.blocks[at.block] = block
	if len(block) > blockSize {
		half := len(block) / 2
		s.blocks[at.block] = slices.Clip(block[:half])
		s.blocks = slices.Insert(s.blocks, at.block+1, slices.Clone(block[half:]))
	}
}

// remove removes an entry, if present.
func (s *sorted) remove(e entry) {
	at := s.seek(e)
	if at.block == len(s.blocks) || s.blocks[at.block][at.offset].compare(e) != 0 {
		return
	}
	s.blocks[at.block] = slices.Delete(s.blocks[at.block], at.offset, at.offset+1)
	if len(s.blocks[at.block]) == 0 {
		s.blocks = slices.Delete(s.blocks, at.block, at.block+1)
	}
}

func (s *sorted) end() position { return position{block: len(s.blocks)} }

// distance counts the entries from one position to another.
func (s *sorted) distance(from, to position) int {
	count := to.offset - from.offset
	for i := from.block; i < to.block; i++ {
		count += len(s.blocks[i])
	}
	return count
}

// between goes through the documents from one position to a later or equal one.
func (s *sorted) between(from, to position, descending bool) iter.Seq[*document] {
	return func(yield func(*document) bool) {
		for n := range min(to.block+1, len(s.blocks)) - from.block {
			block := from.block + n
			if descending {
				block = min(to.block, len(s.blocks)-1) - n
			}
			entries := s.blocks[block]
			if block == to.block {
				entries = entries[:to.offset]
			}
			if block == from.block {
				entries = entries[from.offset:]
			}
			for i := range entries {
				if descending {
					i = len(entries) - 1 - i
				}
				if !yield(entries[i].doc) {
					return
				}
			}
		}
	}
}
