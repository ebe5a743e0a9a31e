package keywordfile

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strconv"
	"strings"
)

// maxTexts bounds the texts that the cells of a workbook share, in bytes.
const maxTexts = 48 << 20

// texts are what cells of a workbook share: a cell of text names one by its
// number. They stand one after the other in one piece of memory.
type texts struct {
	all  []byte
	ends []uint32
}

// load reads the texts, of a workbook that has any.
func (s *texts) load(w *workbook) error {
	const name = "xl/sharedStrings.xml"
	if w.parts[name] == nil {
		return nil
	}
	p, err := w.open(name)
	if err != nil {
		return err
	}
	defer p.close()
	var text strings.Builder
	for {
		t, err := p.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if e, ok := t.(xml.StartElement); !ok || e.Name.Local != "si" {
			continue
		}
		text.Reset()
		if err := collectText(p, "si", &text); err != nil {
			return err
		}
		if len(s.all)+text.Len()+4*len(s.ends) > min(maxTexts, math.MaxUint32) {
			return refuse(ErrTooLarge, 0, "The texts of this workbook are more than %s. Split it, or export less.", bytesText(maxTexts))
		}
		s.all = append(s.all, text.String()...)
		s.ends = append(s.ends, uint32(len(s.all)))
	}
}

// at is the text with a number; "" where there is none.
func (s *texts) at(number string) string {
	i, err := strconv.Atoi(number)
	if err != nil || i < 0 || i >= len(s.ends) {
		return ""
	}
	from := uint32(0)
	if i > 0 {
		from = s.ends[i-1]
	}
	return string(s.all[from:s.ends[i]])
}
