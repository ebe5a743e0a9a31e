package web

import (
	"errors"
	"io"
	"net/http"
	"net/url"
)

// sentFile is a file of a form.
type sentFile struct {
	Name    string
	Content []byte // nil: none was chosen; one byte more than the limit: too large
}

// fileOf reads a form with a file, part by part, so that what was typed is
// known even where the file is too large.
func fileOf(r *http.Request, field string, limit int64) (url.Values, sentFile, error) {
	var f sentFile
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, f, errForm
	}
	values := url.Values{}
	room := int64(formLimit)
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return values, f, nil
		}
		if tooLarge(err) && f.Content != nil { // the rest of it is what is too large
			return values, f, nil
		}
		if err != nil {
			return nil, f, errForm
		}
		most := room
		if part.FormName() == field {
			most = limit
		}
		content, err := io.ReadAll(io.LimitReader(part, most+1))
		if part.FormName() == field && (err == nil || tooLarge(err)) {
			if len(content) > 0 {
				f = sentFile{part.FileName(), content}
			}
			continue
		}
		if err != nil {
			return nil, f, errForm
		}
		if room -= int64(len(content)); room < 0 {
			return nil, f, errForm
		}
		values.Add(part.FormName(), string(content))
	}
}

// tooLarge tells whether a request has more than it may.
func tooLarge(err error) bool {
	var large *http.MaxBytesError
	return errors.As(err, &large)
}
