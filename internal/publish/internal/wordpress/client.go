// Package wordpress speaks WordPress's own REST API, with an application
// password (https://developer.wordpress.org/rest-api/).
//
// Every address is asked by the parameter rest_route, which works whatever the
// site's permalinks are. Nothing that a site answers is believed beyond its
// shape: answers are bounded, and their words go to the log and not to HTML.
package wordpress

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Client asks one site. It is made for one piece of work.
type Client struct {
	HTTP     *http.Client
	URL      string // of the site, without a slash at its end
	User     string
	Password string
}

// maxAnswer is how many bytes of an answer are read.
const maxAnswer = 8 << 20

// Refusal is an answer of WordPress that is an error.
type Refusal struct {
	Status  int
	Code    string // WordPress's own, such as rest_cannot_create; empty: it was not WordPress that answered
	Message string
	TermID  int64 // of a term that exists already
}

// Error implements error.
func (r *Refusal) Error() string {
	return fmt.Sprintf("wordpress: status %d: %s: %s", r.Status, r.Code, r.Message)
}

// ErrNotJSON is an answer of something that is not WordPress's REST API.
var ErrNotJSON = errors.New("wordpress: the answer is not JSON")

// IsGone tells whether err says that a post is not there, or is in the trash.
func IsGone(err error) bool {
	var r *Refusal
	return errors.As(err, &r) && (r.Status == http.StatusNotFound && strings.HasPrefix(r.Code, "rest_post_") || r.Status == http.StatusGone)
}

// do asks a route, and reads the answer into out, where that is not nil.
func (c *Client) do(ctx context.Context, method, route string, query url.Values, in, out any) error {
	q := url.Values{"rest_route": {route}}
	for k, v := range query {
		q[k] = v
	}
	var body io.Reader = http.NoBody
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	return c.send(ctx, method, c.URL+"/?"+q.Encode(), http.Header{"Content-Type": {"application/json"}}, body, out)
}

func (c *Client) send(ctx context.Context, method, address string, header http.Header, body io.Reader, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return err
	}
	req.Header = header
	req.Header.Set("Accept", "application/json")
	if c.User != "" {
		req.SetBasicAuth(c.User, c.Password)
	}
	res, err := c.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }() // what mattered was read
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if res.StatusCode/100 != 2 {
		return refusal(res.StatusCode, text)
	}
	if out == nil {
		return nil
	}
	// What a plugin or PHP printed before the answer is passed over.
	if i := bytes.IndexAny(text, "{["); i > 0 {
		text = text[i:]
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%w: %w", ErrNotJSON, err)
	}
	return nil
}

func refusal(status int, text []byte) error {
	r := &Refusal{Status: status}
	var said struct {
		Code    string `json:"code"`
		Message string `json:"message"`
		Data    struct {
			TermID int64 `json:"term_id"`
		} `json:"data"`
	}
	if json.Unmarshal(text, &said) == nil {
		r.Code, r.Message, r.TermID = said.Code, said.Message, said.Data.TermID
	}
	if len(r.Message) > 300 {
		r.Message = r.Message[:300]
	}
	return r
}
