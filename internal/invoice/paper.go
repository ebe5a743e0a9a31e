package invoice

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/johnfercher/maroto/v2"
	"github.com/johnfercher/maroto/v2/pkg/components/col"
	"github.com/johnfercher/maroto/v2/pkg/components/image"
	"github.com/johnfercher/maroto/v2/pkg/components/line"
	"github.com/johnfercher/maroto/v2/pkg/components/page"
	"github.com/johnfercher/maroto/v2/pkg/components/row"
	"github.com/johnfercher/maroto/v2/pkg/components/text"
	"github.com/johnfercher/maroto/v2/pkg/config"
	"github.com/johnfercher/maroto/v2/pkg/consts/align"
	"github.com/johnfercher/maroto/v2/pkg/consts/extension"
	"github.com/johnfercher/maroto/v2/pkg/consts/fontstyle"
	"github.com/johnfercher/maroto/v2/pkg/consts/pagesize"
	"github.com/johnfercher/maroto/v2/pkg/core"
	"github.com/johnfercher/maroto/v2/pkg/core/entity"
	"github.com/johnfercher/maroto/v2/pkg/props"
	"github.com/johnfercher/maroto/v2/pkg/repository"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
)

// Paper is a document as PDF, on A4.
func Paper(d Document) ([]byte, error) {
	p, err := newPaper(d)
	if err != nil {
		return nil, err
	}
	p.head(d)
	p.parties(d)
	p.lines(d)
	p.sums(d)
	if d.Payment != nil {
		if err := p.payment(*d.Payment); err != nil {
			return nil, err
		}
	}
	out, err := p.m.Generate()
	if err != nil {
		return nil, fmt.Errorf("PDF of %s: %w", d.Number, err)
	}
	return out.GetBytes(), nil
}

// paper is a PDF that is being written, from top to bottom. A row is as high
// as its texts need, and goes to the next page when it does not fit.
type paper struct{ m core.Maroto }

const family = "go"

// Sizes of writing, in points.
const (
	small  = 7.5
	normal = 9.0
	large  = 18.0
)

func newPaper(d Document) (paper, error) {
	// gofpdf keeps what it is given: each paper gets its own.
	fonts, err := repository.New().
		AddUTF8FontFromBytes(family, fontstyle.Normal, slices.Clone(goregular.TTF)).
		AddUTF8FontFromBytes(family, fontstyle.Bold, slices.Clone(gobold.TTF)).Load()
	if err != nil {
		return paper{}, fmt.Errorf("fonts: %w", err)
	}
	cfg := config.NewBuilder().WithPageSize(pagesize.A4).
		WithLeftMargin(20).WithRightMargin(20).WithTopMargin(18).WithBottomMargin(14).
		WithCustomFonts(fonts).WithDefaultFont(&props.Font{Family: family, Size: normal}).
		WithPageNumber(props.PageNumber{Pattern: d.Page, Place: props.RightBottom, Family: family, Size: small}).
		WithTitle(d.Title+" "+d.Number, true).WithAuthor(d.From.Name, true).WithCreationDate(d.Issued).
		Build()
	p := paper{maroto.New(cfg)}
	foot := []core.Row{loose{row.New(2)}}
	if len(d.Footer) > 0 {
		foot[0] = loose{rule()}
	}
	for _, l := range d.Footer {
		foot = append(foot, row.New().Add(cell(12, l, wide, small, fontstyle.Normal, align.Left)))
	}
	if err := p.m.RegisterFooter(foot...); err != nil {
		return p, fmt.Errorf("foot of the page: %w", err)
	}
	// Every page says whose it is, so that no sheet is without its number.
	err = p.m.RegisterHeader(row.New().Add(
		cell(7, d.From.Name, wide/2, small, fontstyle.Normal, align.Left),
		cell(5, d.Title+" "+d.Number, wide/3, small, fontstyle.Normal, align.Right),
	), row.New(6))
	if err != nil {
		return p, fmt.Errorf("head of the page: %w", err)
	}
	return p, nil
}

// loose is a row of the foot that takes more room than it fills. maroto fills
// each page to its end, exactly, and has gofpdf begin the next page with the
// row that goes beyond it: without some room between, the sum of many heights
// decides by its last bit whether the foot is the row beyond.
type loose struct{ core.Row }

// GetHeight implements core.Row.
func (l loose) GetHeight(p core.Provider, c *entity.Cell) float64 {
	return l.Row.GetHeight(p, c) + 0.01
}

// wide is how many characters in a row of normal size certainly fit on a line
// of twelve columns; a word that is longer is cut.
const wide = 84

func cell(columns int, s string, room int, size float64, style fontstyle.Type, a align.Type) core.Col {
	return text.NewCol(columns, cutWords(drawn(s), room), props.Text{
		Size: size, Style: style, Align: a, Family: family, Top: 0.6, Bottom: 0.6, VerticalPadding: 0.8, Right: 1,
	})
}

func rule() core.Row {
	return row.New(2).Add(col.New(12).Add(line.New(props.Line{Thickness: 0.2, SizePercent: 100})))
}

func (p paper) gap(millimetres float64) { p.m.AddRows(row.New(millimetres)) }

func (p paper) head(d Document) {
	p.m.AddAutoRow(cell(12, d.Title, wide/2, large, fontstyle.Bold, align.Left))
	if d.State != "" {
		p.m.AddAutoRow(cell(12, d.State, wide, normal, fontstyle.Bold, align.Left))
	}
	p.gap(3)
	for _, f := range d.Facts {
		p.fact(f)
	}
	p.gap(5)
}

// fact is a name and its value, beside each other.
func (p paper) fact(f Fact) { p.m.AddRows(factRow(f)) }

func factRow(f Fact) core.Row {
	return row.New().Add(cell(4, f.Label, wide/3, normal, fontstyle.Normal, align.Left), cell(8, f.Value, wide*2/3, normal, fontstyle.Bold, align.Left))
}

// parties sets seller and buyer beside each other.
func (p paper) parties(d Document) {
	from, to := d.From.written(), d.To.written()
	p.m.AddAutoRow(cell(6, d.From.Heading, wide/2, small, fontstyle.Normal, align.Left), cell(6, d.To.Heading, wide/2, small, fontstyle.Normal, align.Left))
	for n := range max(len(from), len(to)) {
		style := fontstyle.Normal
		if n == 0 {
			style = fontstyle.Bold
		}
		p.m.AddAutoRow(
			cell(6, at(from, n), wide/2-6, normal, style, align.Left),
			cell(6, at(to, n), wide/2-6, normal, style, align.Left),
		)
	}
	p.gap(6)
}

// written is a party line by line, its name first.
func (p Party) written() []string {
	all := append([]string{p.Name}, p.Lines...)
	for _, f := range p.Facts {
		all = append(all, f.Label+": "+f.Value)
	}
	return all
}

func at(all []string, n int) string {
	if n < len(all) {
		return all[n]
	}
	return ""
}

func (p paper) lines(d Document) {
	entry := func(style fontstyle.Type, l DocumentLine) {
		p.m.AddAutoRow(
			cell(6, l.Description, wide/2-6, normal, style, align.Left), cell(1, l.Quantity, wide, normal, style, align.Right),
			cell(2, l.Unit, wide, normal, style, align.Right), cell(3, l.Amount, wide, normal, style, align.Right),
		)
	}
	entry(fontstyle.Bold, DocumentLine(d.Columns))
	p.m.AddRows(rule())
	for _, l := range d.Lines {
		entry(fontstyle.Normal, l)
	}
	p.m.AddRows(rule())
}

func (p paper) sums(d Document) {
	for n, f := range d.Totals {
		style := fontstyle.Normal
		if n == len(d.Totals)-1 {
			style = fontstyle.Bold
		}
		p.m.AddAutoRow(col.New(5), cell(4, f.Label, wide/3, normal, style, align.Right), cell(3, f.Value, wide, normal, style, align.Right))
	}
	p.gap(4)
	for _, n := range d.Notes {
		p.m.AddAutoRow(cell(12, n, wide, normal, fontstyle.Normal, align.Left))
	}
	p.gap(4)
}

// codeHeight is that of the row with the code: the side of its picture, in
// millimetres. lineHeight is that of a line of text with the room around it.
const (
	codeHeight = 42
	lineHeight = 4.5
)

// payment says how to pay, on one page: bank details without their code, or a
// code without its reference, would be of little use.
func (p paper) payment(in Instruction) error {
	rows := []core.Row{row.New().Add(cell(12, in.Heading, wide/2, normal+2, fontstyle.Bold, align.Left))}
	height := 2 * lineHeight
	for _, f := range in.Facts {
		rows = append(rows, factRow(f))
		height += lineHeight * float64(1+utf8.RuneCountInString(f.Value)/(wide/2))
	}
	for _, n := range in.Notes {
		rows = append(rows, row.New().Add(cell(12, n, wide, normal, fontstyle.Normal, align.Left)))
		height += lineHeight * float64(1+utf8.RuneCountInString(n)/wide)
	}
	if in.Code != "" {
		picture, err := QR(in.Code)
		if err != nil {
			return err
		}
		rows = append(rows, row.New(3), row.New(codeHeight).Add(
			image.NewFromBytesCol(4, picture, extension.Png, props.Rect{Percent: 100}), cell(8, in.Caption, wide*2/3, normal, fontstyle.Normal, align.Left)))
		height += codeHeight + 3
	}
	if p.m.FitlnCurrentPage(height) {
		p.m.AddRows(rows...)
	} else {
		p.m.AddPages(page.New().Add(rows...))
	}
	return nil
}

// cutWords puts a space into every word of more than room characters, so that
// a line can end there.
func cutWords(s string, room int) string {
	if utf8.RuneCountInString(s) <= room {
		return s
	}
	words := strings.Split(s, " ")
	for n, w := range words {
		var b strings.Builder
		for i, r := range []rune(w) {
			if i > 0 && i%room == 0 {
				b.WriteByte(' ')
			}
			b.WriteRune(r)
		}
		words[n] = b.String()
	}
	return strings.Join(words, " ")
}
