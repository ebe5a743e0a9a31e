package chat

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"igny8/internal/ai/internal/provider"
	"igny8/internal/credit"
	"igny8/internal/httpx"
)

// Call is one request to a vendor, which answers with server-sent events or with
// one piece of JSON.
type Call struct {
	Client *http.Client
	URL    string
	Header http.Header
	Body   any
	// Event is given the data of each event, and says when the answer is
	// complete.
	Event func(data []byte) (done bool, err error)
	// Whole is given an answer that is no stream, instead; nil: it is one.
	Whole func(body []byte) error
	// Idle is how long an answer that has begun may bring nothing; zero: 90 s.
	Idle time.Duration
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
	if event := c.Event; event != nil {
		c.Event = func(data []byte) (bool, error) {
			done, err := event(data)
			came = came || err == nil
			return done, err
		}
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
	asking, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	req, err := http.NewRequestWithContext(asking, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return 0, provider.Fail(credit.Rejected, err)
	}
	req.Header = c.Header.Clone()
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	if c.Whole != nil {
		req.Header.Set("Accept", "application/json")
	}
	res, err := c.Client.Do(req)
	if err != nil {
		return 0, away(ctx, err)
	}
	defer func() { _ = res.Body.Close() }() // what mattered was read
	if res.StatusCode != http.StatusOK {
		wait = retryAfter(res.Header)
		return wait, refusalOf(res, wait)
	}
	idle := cmp.Or(c.Idle, longestSilence)
	w := &watched{src: res.Body, limit: idle, idle: time.AfterFunc(idle, func() { stop(errSilent) })}
	defer w.idle.Stop()
	if c.Whole != nil {
		err = whole(w, c.Whole)
	} else {
		err = events(w, c.Event)
	}
	if cause := context.Cause(asking); err != nil && errors.Is(cause, errSilent) {
		err = cause
	}
	var told *provider.Failed
	if err != nil && !errors.As(err, &told) {
		err = away(ctx, err)
	}
	return 0, err
}

// longestSilence is how long an answer that has begun may bring nothing. Vendors
// send a sign of life while a model thinks.
const longestSilence = 90 * time.Second

var errSilent = errors.New("the answer has begun and does not go on")

// watched is an answer of which it is noticed when it brings nothing more.
type watched struct {
	src   io.Reader
	limit time.Duration
	idle  *time.Timer
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.src.Read(p)
	if n > 0 {
		w.idle.Reset(w.limit)
	}
	return n, err
}

// away says what became of a request that brought no whole answer, unless the
// caller left.
func away(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var dial *net.OpError
	switch {
	case !httpx.Temporary(ctx, err):
		return provider.Fail(credit.Rejected, err)
	case errors.As(err, &dial) && dial.Op == "dial":
		return provider.Fail(credit.Unsent, err)
	default:
		return provider.Fail(credit.Silent, err)
	}
}

// statusOverloaded is how Anthropic says that it takes no more for now.
const statusOverloaded = 529

// refusalOf reads an error answer. The vendor's words go to our log, and end
// there.
func refusalOf(res *http.Response, wait time.Duration) error {
	text, err := io.ReadAll(io.LimitReader(res.Body, 2000))
	if err != nil {
		text = nil
	}
	failure := credit.Rejected
	switch s := res.StatusCode; {
	case s == http.StatusTooManyRequests, s == http.StatusServiceUnavailable, s == statusOverloaded:
		failure = credit.Busy
	case s == http.StatusRequestTimeout, s >= 500:
		failure = credit.Silent
	}
	return &provider.Failed{Failure: failure, RetryAfter: wait, Status: res.StatusCode, Err: fmt.Errorf("status %d: %s", res.StatusCode, line(string(text), 300))}
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
	errTooLong = provider.Fail(credit.Unusable, errors.New("the answer is longer than any that was asked for"))
)

// wholeLimit is the most that an answer may have that is no stream: 256 vectors
// of 4,096 numbers are 20 MB as they are written.
const wholeLimit = 64 << 20

// whole reads an answer that is no stream.
func whole(r io.Reader, read func([]byte) error) error {
	body, err := io.ReadAll(io.LimitReader(r, wholeLimit+1))
	if err != nil {
		return err
	}
	if len(body) > wholeLimit {
		return errTooLong
	}
	return read(body)
}

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
