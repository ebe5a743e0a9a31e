package cluster

func variants(try func(string, func(*tuning))) {
	try("base", func(t *tuning) {})
	try("gram 0", func(t *tuning) { t.gramW = 0 })
	try("gram .15", func(t *tuning) { t.gramW = .15 })
	for _, w := range []float64{.3, .5, .7, .9} {
		try("gramshare", func(t *tuning) { t.gramW = w; t.gramShare = true })
	}
	try("gramshare .6 4-5", func(t *tuning) { t.gramW = .6; t.gramShare = true; t.gramFrom = 4; t.gramN = 5 })
	try("gramshare .6 4-4", func(t *tuning) { t.gramW = .6; t.gramShare = true; t.gramFrom = 4; t.gramN = 4 })
	for _, w := range []float64{.1, .2, .3, .4} {
		try("floor", func(t *tuning) { t.floor = w })
	}
}
