package main

import (
	"fmt"
	"html"
	"strings"

	"igny8/internal/db"
)

// The settings that are drawn: the two that the batch is for, on both engines.
var drawn = []setting{
	{engine: db.Postgres, hot: true, clients: 64},
	{engine: db.Postgres, clients: 64},
	{engine: db.SQLite, hot: true, clients: 64},
	{engine: db.SQLite, clients: 64},
}

// Where things are in the plot, in pixels.
const (
	plotWidth = 720
	plotLeft  = 90  // the names of the desks end before it
	plotBar   = 500 // the longest bar
	plotRow   = 20
	plotGap   = 34 // a heading, with air before it
)

// plot draws a bar for each desk: what it does in a second, as SVG. All bars
// have one scale, from zero. The same figures give the same text.
func plot(results measured) string {
	most := 1.0
	for _, s := range drawn {
		for _, all := range results[s] {
			most = max(most, medianOf(all, speed))
		}
	}
	var b strings.Builder
	y := 0
	for _, s := range drawn {
		if len(results[s]) == 0 {
			continue
		}
		y += plotGap
		fmt.Fprintf(&b, "<text x=\"8\" y=\"%d\" font-weight=\"bold\">%s</text>\n", y-8, html.EscapeString(s.String()))
		for _, desk := range desks {
			all := results[s][desk]
			if len(all) == 0 {
				continue
			}
			v, fill := medianOf(all, speed), "#8a94a6"
			if desk == ours {
				fill = "#2563eb"
			}
			long := v / most * plotBar
			fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>", plotLeft-8, y+14, html.EscapeString(desk))
			fmt.Fprintf(&b, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>", plotLeft, y+2, max(1, long), plotRow-4, fill)
			fmt.Fprintf(&b, "<text x=\"%.1f\" y=\"%d\">%s</text>\n", plotLeft+max(1, long)+6, y+14, perSecond(v))
			y += plotRow
		}
	}
	height := y + 12
	return fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"12\" fill=\"#1f2937\">\n"+
		"<title>Credits: operations a second, durable</title>\n<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n%s</svg>\n",
		plotWidth, height, plotWidth, height, plotWidth, height, b.String())
}
