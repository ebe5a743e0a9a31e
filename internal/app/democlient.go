package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"time"

	"igny8/internal/api"
)

// caller speaks to the server as any program would: over HTTP, with what the
// documentation says.
type caller struct {
	base       string // of the API
	credential string // an access token or an API key
	http       *http.Client
}

// with is the same caller with another credential.
func (c caller) with(credential string) caller {
	c.credential = credential
	return c
}

// refusal is an answer that is not a success.
type refusal struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Errors []struct {
		Location string `json:"location"`
		Message  string `json:"message"`
	} `json:"errors"`
}

func (r refusal) Error() string {
	text := fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Detail)
	for _, e := range r.Errors {
		if e.Message == r.Detail {
			continue
		}
		text += fmt.Sprintf(" (%s: %s)", e.Location, e.Message)
	}
	return text
}

// answerLimit is far above any answer of the demo.
const answerLimit = 16 << 20

// do sends a request and reads the answer into out, which may be nil. It is a
// refusal when the server does not agree.
func (c caller) do(ctx context.Context, method, path, contentType string, body io.Reader, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.base+api.Base+path, body)
	if err != nil {
		return err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if c.credential != "" {
		req.Header.Set("Authorization", "Bearer "+c.credential)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if res.StatusCode >= http.StatusBadRequest {
		r := refusal{Status: res.StatusCode, Detail: string(text)}
		if err := json.Unmarshal(text, &r); err != nil {
			r.Code = "not JSON"
		}
		return fmt.Errorf("%s %s: %w", method, path, r)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

func (c caller) get(ctx context.Context, path string, out any) error {
	return c.do(ctx, http.MethodGet, path, "", nil, out)
}

func (c caller) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, path, "application/json", bytes.NewReader(body), out)
}

func (c caller) put(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPut, path, "application/json", bytes.NewReader(body), out)
}

// upload sends a file of keywords for a site.
func (c caller) upload(ctx context.Context, name string, content []byte, site string, out any) error {
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	part, err := w.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(content)
	}
	if err := errors.Join(err, w.WriteField("site_id", site), w.Close()); err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, "/planner/keywords/import", w.FormDataContentType(), &body, out)
}

// status is the status that a GET is answered with.
func (c caller) status(ctx context.Context, path string) (int, error) {
	err := c.get(ctx, path, nil)
	var r refusal
	switch {
	case err == nil:
		return http.StatusOK, nil
	case errors.As(err, &r):
		return r.Status, nil
	default:
		return 0, err
	}
}

// shownJob is a job as the API shows it.
type shownJob struct {
	ID      string          `json:"id"`
	State   string          `json:"state"`
	Done    int64           `json:"done"`
	Total   int64           `json:"total"`
	Message string          `json:"message"`
	Result  json.RawMessage `json:"result"`
	Error   *struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	} `json:"error"`
}

// jobLook is how often a job is looked at.
const jobLook = 40 * time.Millisecond

// wait follows a job to its end and reads its result into out.
func (c caller) wait(ctx context.Context, id string, show func(done, total int64), out any) error {
	for tick := time.NewTicker(jobLook); ; {
		var j shownJob
		if err := c.get(ctx, "/jobs/"+id, &j); err != nil {
			tick.Stop()
			return err
		}
		show(j.Done, j.Total)
		switch j.State {
		case "succeeded":
			tick.Stop()
			return json.Unmarshal(j.Result, out)
		case "failed", "cancelled":
			tick.Stop()
			if j.Error == nil {
				return fmt.Errorf("the job was %s", j.State)
			}
			return fmt.Errorf("the job was %s: %s: %s", j.State, j.Error.Code, j.Error.Detail)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			tick.Stop()
			return ctx.Err()
		}
	}
}
