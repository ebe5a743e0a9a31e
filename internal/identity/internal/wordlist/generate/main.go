// Package main makes the list of package wordlist: go generate does it.
package main

import (
	"encoding/binary"
	"log"
	"os"
	"slices"
	"strings"

	"github.com/trustelem/zxcvbn/frequency"

	"igny8/internal/identity/internal/wordlist"
)

// wanted is how many words of each list of zxcvbn are taken, the most common
// first.
var wanted = map[string]int{
	"passwords":         40000,
	"english_wikipedia": 20000,
	"female_names":      4000,
	"male_names":        1000,
	"surnames":          6000,
}

func main() {
	if err := os.WriteFile("words.bin", list(), 0o644); err != nil { //nolint:gosec // a source file
		log.Fatal(err)
	}
}

// list is the hashes of the words, sorted, each once.
func list() []byte {
	var all []uint32
	for name, n := range wanted {
		words := frequency.FrequencyLists[name]
		for _, w := range words[:min(n, len(words))] {
			if len(w) >= wordlist.MinLength {
				all = append(all, wordlist.Hash(strings.ToLower(w)))
			}
		}
	}
	slices.Sort(all)
	var b []byte
	for _, h := range slices.Compact(all) {
		b = binary.BigEndian.AppendUint32(b, h)
	}
	return b
}
