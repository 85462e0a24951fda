// Package spelling suggests the intended word for a misspelt one, for helpful
// error messages.
package spelling

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Nearest returns the choice that was most likely intended: the nearest one
// that differs in case or by a few letters; otherwise the only one that
// contains the word; otherwise the only one whose parts begin with the parts of
// the word, such as maximum_size for max_size. It returns "" if no choice is
// near. Among equally near choices it returns the first one.
func Nearest(word string, choices []string) string {
	folded := strings.ToLower(strings.TrimSpace(word))
	if folded == "" || len(folded) > 100 {
		return ""
	}
	best, bestDistance := "", tolerance(folded)+1
	for _, choice := range choices {
		if d := distance(folded, strings.ToLower(choice), bestDistance); d < bestDistance {
			best, bestDistance = choice, d
		}
	}
	short := strings.FieldsFunc(folded, betweenWords)
	return cmp.Or(
		best,
		only(choices, func(choice string) bool { return len(folded) >= 3 && strings.Contains(choice, folded) }),
		only(choices, func(choice string) bool {
			long := strings.FieldsFunc(choice, betweenWords)
			return len(short) >= 2 && slices.EqualFunc(long, short, strings.HasPrefix)
		}))
}

// only returns the one choice that matches in lower case, "" if no choice or
// several match.
func only(choices []string, matches func(string) bool) string {
	found := ""
	for _, choice := range choices {
		if !matches(strings.ToLower(choice)) {
			continue
		}
		if found != "" {
			return ""
		}
		found = choice
	}
	return found
}

func betweenWords(r rune) bool { return r == '_' || r == '-' || r == ' ' }

// DidYouMean returns the clause that ends a message: `; did you mean "x"?`, or
// "" if no choice is near.
func DidYouMean(word string, choices []string) string {
	if nearest := Nearest(word, choices); nearest != "" {
		return fmt.Sprintf("; did you mean %q?", nearest)
	}
	return ""
}

// tolerance is the number of edits up to which a word of this length still
// counts as a misspelling.
func tolerance(word string) int {
	switch {
	case len(word) <= 4:
		return min(1, len(word)-1) // one other letter is not a misspelling
	case len(word) <= 8:
		return 2
	default:
		return 3
	}
}

// distance counts the letters to insert, delete, replace or swap with their
// neighbour to get from a to b; it stops at the limit.
func distance(a, b string, limit int) int {
	if max(len(a)-len(b), len(b)-len(a)) >= limit {
		return limit
	}
	var before, previous []int // the rows above the current one
	for i := range len(a) + 1 {
		current := make([]int, len(b)+1)
		for j := range current {
			switch {
			case i == 0 || j == 0:
				current[j] = i + j
			case a[i-1] == b[j-1]:
				current[j] = previous[j-1]
			default:
				current[j] = 1 + min(previous[j], current[j-1], previous[j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], before[j-2]+1)
			}
		}
		before, previous = previous, current
	}
	return previous[len(b)]
}
