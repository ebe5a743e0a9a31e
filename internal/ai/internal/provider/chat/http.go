package chat

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"igny8/internal/ai/internal/provider"
	"igny8/internal/httpx"
)

// Call is one request to a vendor that answers with server-sent events.
type Call struct {
	Client *http.Client
	URL    string
	Header http.Header
	Body   any
	// Event is given the data of each event, and says when the answer is
	// complete.
	Event func(data []byte) (done bool, err error)
}

// How often a vendor that is away is asked again, and how long we wait at most
// when it says for how long.
const (
	tries     = 3
	longestIn = 30 * time.Second
)

// Do makes the request, again after a while when the vendor is away and nothing
// has come yet. Its errors wrap ErrRefused or ErrUnavailable.
func (c Call) Do(ctx context.Context) error {
	body, err := json.Marshal(c.Body)
	if err != nil {
		return err
	}
	came := false // what c.Event has kept already: a second answer would be added to it
	event := c.Event
	c.Event = func(data []byte) (bool, error) {
		done, err := event(data)
		came = came || err == nil
		return done, err
	}
	for try := 1; ; try++ {
		wait, err := c.once(ctx, body)
		if err == nil || came || try == tries || !errors.Is(err, provider.ErrUnavailable) {
			return err
		}
		if wait == 0 {
			wait = time.Duration(try*try) * time.Second
		}
		select {
		case <-time.After(min(wait, longestIn)):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// once makes the request once; after an error, wait is how long the vendor asks
// us to wait.
func (c Call) once(ctx context.Context, body []byte) (wait time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return 0, fmt.Errorf("%w: %w", provider.ErrRefused, err)
	}
	req.Header = c.Header.Clone()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	res, err := c.Client.Do(req)
	if err != nil {
		return 0, away(ctx, err)
	}
	defer func() { _ = res.Body.Close() }() // what mattered was read
	if res.StatusCode != http.StatusOK {
		return retryAfter(res.Header), refusalOf(res)
	}
	err = events(res.Body, c.Event)
	if err != nil && !errors.Is(err, provider.ErrRefused) && !errors.Is(err, provider.ErrUnavailable) {
		err = away(ctx, err)
	}
	return 0, err
}

// away is err as one that asking again may better, unless the caller left or
// the address itself is wrong.
func away(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if httpx.Temporary(ctx, err) {
		return fmt.Errorf("%w: %w", provider.ErrUnavailable, err)
	}
	return fmt.Errorf("%w: %w", provider.ErrRefused, err)
}

// refusalOf reads an error answer. The vendor's words go to our log, and end
// there.
func refusalOf(res *http.Response) error {
	text, err := io.ReadAll(io.LimitReader(res.Body, 2000))
	if err != nil {
		text = nil
	}
	kind := provider.ErrRefused
	if res.StatusCode == http.StatusTooManyRequests || res.StatusCode == http.StatusRequestTimeout || res.StatusCode >= 500 {
		kind = provider.ErrUnavailable
	}
	return fmt.Errorf("%w: status %d: %s", kind, res.StatusCode, line(string(text), 300))
}

// retryAfter is how long an answer asks us to wait (RFC 9110, 10.2.3), and zero
// when it does not say. A date is counted from the answer's own, so that it does
// not matter whether the vendor's clock is ours.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	if s, err := strconv.ParseInt(text, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(max(0, min(s, int64(longestIn/time.Second)))) * time.Second
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	return max(0, until.Sub(now))
}

// The most that an answer may have, in all and on one line.
const (
	answerLimit = 8 << 20
	lineLimit   = 1 << 20
)

var (
	errCut     = errors.New("the answer ended before it was complete")
	errTooLong = fmt.Errorf("%w: the answer is longer than any that was asked for", provider.ErrRefused)
)

// events reads server-sent events (HTML standard, 9.2) until one says that the
// answer is complete.
func events(r io.Reader, each func(data []byte) (bool, error)) error {
	whole := &io.LimitedReader{R: r, N: answerLimit}
	lines := bufio.NewScanner(whole)
	lines.Buffer(make([]byte, 0, 64<<10), lineLimit)
	var data []byte
	for lines.Scan() {
		l := lines.Text()
		if rest, ok := strings.CutPrefix(l, "data:"); ok {
			if len(data) > 0 {
				data = append(data, '\n')
			}
			data = append(data, strings.TrimPrefix(rest, " ")...)
			continue
		}
		if l != "" || len(data) == 0 {
			continue // another field, a comment, or an event without data
		}
		done, err := each(data)
		if done || err != nil {
			return err
		}
		data = data[:0]
	}
	if whole.N <= 0 || errors.Is(lines.Err(), bufio.ErrTooLong) {
		return errTooLong
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if len(data) > 0 {
		if done, err := each(data); done || err != nil {
			return err
		}
	}
	return errCut
}
