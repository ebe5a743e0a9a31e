// Package wordlist knows the words and passwords that are tried first.
//
// It keeps of each no more than 32 bits of a hash, so that the list is small:
// one in 70,000 words that are not on it is taken for one that is.
package wordlist

import (
	_ "embed"
	"encoding/binary"
	"hash/fnv"
	"sort"
)

// The list is made by the generator from the lists of zxcvbn: passwords found
// in leaks, English words, first names and surnames, in lower case.
//
//go:generate go run ./generate
//go:embed words.bin
var list string

// MinLength is how many bytes the shortest word of the list has.
const MinLength = 4

// Has tells whether a word in lower case is on the list.
func Has(word string) bool {
	if len(word) < MinLength {
		return false
	}
	h := Hash(word)
	n := len(list) / 4
	at := func(i int) uint32 { return binary.BigEndian.Uint32([]byte(list[4*i : 4*i+4])) }
	i := sort.Search(n, func(i int) bool { return at(i) >= h })
	return i < n && at(i) == h
}

// Hash is what the list keeps of a word.
func Hash(word string) uint32 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(word)) // never fails: see hash.Hash
	sum := h.Sum64()
	// The high bits of FNV are the weaker ones for short words.
	return uint32(sum>>32) ^ uint32(sum) //nolint:gosec // half of it is meant
}
