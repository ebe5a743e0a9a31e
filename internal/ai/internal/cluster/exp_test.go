package cluster

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"testing"
)

func loadCSV(name string) [][]string {
	f, err := os.Open("/work/shared/data/keywords/" + name)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	r, err := csv.NewReader(f).ReadAll()
	if err != nil {
		panic(err)
	}
	return r[1:]
}

func expRun(texts [][]string, tn tuning) []int32 {
	tune = tn
	ctx := context.Background()
	x, _ := features(ctx, texts, speechOf("en"))
	nb, _ := nearest(ctx, x)
	g := symmetric(nb)
	l, _ := communities(ctx, g, tune.gamma)
	if tune.rounds > 0 {
		l, _ = refine(ctx, x, g, l)
	}
	return l
}

var gammaList = []float64{0.01, 0.02, 0.03, 0.04}

func shape(l []int32) (int, int, int) {
	c := map[int32]int{}
	for _, x := range l {
		c[x]++
	}
	s, m := 0, 0
	for _, v := range c {
		if v == 1 {
			s++
		}
		m = max(m, v)
	}
	return len(c), s, m
}

func TestExp(t *testing.T) {
	if os.Getenv("EXP") == "" {
		t.Skip()
	}
	var texts [][]string
	var want []int32
	ids := map[string]int32{}
	for _, r := range loadCSV("banking77-test.csv") {
		texts = append(texts, words(normal(r[0])))
		if _, ok := ids[r[1]]; !ok {
			ids[r[1]] = int32(len(ids))
		}
		want = append(want, ids[r[1]])
	}
	base := tune
	try := func(name string, f func(*tuning)) {
		tn := base
		f(&tn)
		for _, gm := range gammaList {
			tn.gamma = gm
			got := expRun(texts, tn)
			nmi, ari, b := agreement(got, want)
			k, s, m := shape(got)
			fmt.Printf("%-24s g=%.3f NMI %.1f ARI %.1f B3 %.1f  k=%d single=%d max=%d\n", name, gm, nmi*100, ari*100, b*100, k, s, m)
		}
	}
	variants(try)
}
