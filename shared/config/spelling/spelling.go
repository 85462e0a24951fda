// Package spelling finds the word that a misspelt one was meant to be, for
// error messages that help.
package spelling

import (
	"fmt"
	"strings"
)

// Nearest returns the choice that the word was most likely meant to be: one
// that differs in case only, by a few letters, or that the word is a part of.
// It returns "" when nothing is near. Of choices that are equally near the
// first one wins.
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
	if best == "" && len(folded) >= 3 {
		best = containing(folded, choices)
	}
	if best == "" {
		best = abbreviated(folded, choices)
	}
	return best
}

// DidYouMean returns the clause that ends a message: `; did you mean "x"?`, or
// "" when no choice is near.
func DidYouMean(word string, choices []string) string {
	if nearest := Nearest(word, choices); nearest != "" {
		return fmt.Sprintf("; did you mean %q?", nearest)
	}
	return ""
}

// tolerance is the number of edits within which a word of this length is
// still taken for a misspelling.
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

// containing returns the only choice that contains the word, "" where there is
// none or more than one.
func containing(word string, choices []string) string {
	found := ""
	for _, choice := range choices {
		if strings.Contains(strings.ToLower(choice), word) {
			if found != "" {
				return ""
			}
			found = choice
		}
	}
	return found
}

// abbreviated returns the only choice whose words begin with those of the word,
// as maximum_size for max_size; "" where there is none or more than one.
func abbreviated(word string, choices []string) string {
	short := strings.FieldsFunc(word, betweenWords)
	found := ""
	for _, choice := range choices {
		long := strings.FieldsFunc(strings.ToLower(choice), betweenWords)
		if len(short) < 2 || len(short) != len(long) {
			continue
		}
		fits := true
		for i := range short {
			fits = fits && strings.HasPrefix(long[i], short[i])
		}
		if fits && found != "" {
			return ""
		}
		if fits {
			found = choice
		}
	}
	return found
}

func betweenWords(r rune) bool { return r == '_' || r == '-' || r == ' ' }

// distance counts the letters to insert, delete, replace or swap with their
// neighbour to get from a to b; it stops at the limit.
func distance(a, b string, limit int) int {
	if abs(len(a)-len(b)) >= limit {
		return limit
	}
	before, previous := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current := make([]int, len(b)+1)
		current[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			current[j] = min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], before[j-2]+1)
			}
		}
		before, previous = previous, current
	}
	return previous[len(b)]
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
