package cluster

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"testing"
)

func TestDump(t *testing.T) {
	if os.Getenv("DUMP") == "" {
		t.Skip()
	}
	recs := loadCSV(os.Getenv("DUMP"))
	vcol := 2
	if len(recs[0]) == 5 {
		vcol = 2
	}
	var texts [][]string
	for _, r := range recs {
		texts = append(texts, words(normal(r[0])))
	}
	tn := tune
	tn.gamma, _ = strconv.ParseFloat(os.Getenv("G"), 64)
	tn.rounds, tn.join = 1, .8
	if p := os.Getenv("IDF"); p != "" {
		tn.idfPow, _ = strconv.ParseFloat(p, 64)
	}
	l := expRun(texts, tn)
	k, s, m := shape(l)
	fmt.Println("clusters", k, "single", s, "max", m)
	by := map[int32][]int{}
	vol := map[int32]int{}
	for i, c := range l {
		v, _ := strconv.Atoi(recs[i][vcol])
		vol[c] += v
		by[c] = append(by[c], i)
	}
	var keys []int32
	for c := range by {
		keys = append(keys, c)
	}
	slices.SortFunc(keys, func(a, b int32) int { return cmp.Or(cmp.Compare(vol[b], vol[a]), cmp.Compare(a, b)) })
	for q, c := range keys {
		if q > 40 && q%8 != 0 {
			continue
		}
		fmt.Printf("%d vol %d n %d:", q, vol[c], len(by[c]))
		for j, i := range by[c] {
			if j > 14 && j%10 != 0 || j > 60 {
				continue
			}
			fmt.Printf(" | %s", recs[i][0])
		}
		fmt.Println()
	}
}
