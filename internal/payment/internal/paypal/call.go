package paypal

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"igny8/internal/payment/internal/vendor"
)

// request is one call. Without a body it reads.
type request struct {
	path string
	key  string // PayPal does it once under it
	body object
	raw  []byte // instead of body: bytes that must arrive as they are
}

// answerLimit is more than any answer of PayPal's has.
const answerLimit = 1 << 20

// call makes a request, and signs in before where PayPal asks for it.
func (c *Client) call(ctx context.Context, q request, into any) error {
	if q.raw == nil && q.body != nil {
		var err error
		if q.raw, err = json.Marshal(q.body); err != nil {
			return err
		}
	}
	for try := 1; ; try++ {
		token, err := c.signIn(ctx)
		if err != nil {
			return err
		}
		status, text, err := c.send(ctx, q, token)
		switch {
		case err != nil:
			return err
		case status == http.StatusUnauthorized && try == 1:
			c.forget(token)
		case status < 200 || status > 299:
			return refusal(status, text)
		case into == nil:
			return nil
		default:
			if err := json.Unmarshal(text, into); err != nil {
				return fmt.Errorf("%w: an answer that is not JSON", vendor.ErrAway)
			}
			return nil
		}
	}
}

func (c *Client) send(ctx context.Context, q request, token string) (int, []byte, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if q.raw != nil {
		method, body = http.MethodPost, bytes.NewReader(q.raw)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+q.path, body)
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", vendor.ErrRefused, err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept", "application/json")
	if q.raw != nil {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Prefer", "return=representation")
	}
	if q.key != "" {
		r.Header.Set("PayPal-Request-Id", q.key)
	}
	return c.do(r)
}

func (c *Client) do(r *http.Request) (status int, text []byte, err error) {
	res, err := c.http.Do(r)
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", vendor.ErrAway, err)
	}
	defer func() { _ = res.Body.Close() }() // what mattered was read
	text, err = io.ReadAll(io.LimitReader(res.Body, answerLimit))
	if err != nil {
		return 0, nil, fmt.Errorf("%w: %w", vendor.ErrAway, err)
	}
	return res.StatusCode, text, nil
}

// signIn is the token of the last sign-in, or of a new one.
func (c *Client) signIn(ctx context.Context) (string, error) {
	c.mu.Lock()
	token := c.token
	c.mu.Unlock()
	if token != "" {
		return token, nil
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/v1/oauth2/token", strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode()))
	if err != nil {
		return "", fmt.Errorf("%w: %w", vendor.ErrRefused, err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(c.id, c.secret)
	status, text, err := c.do(r)
	if err != nil {
		return "", err
	}
	if status != http.StatusOK {
		return "", fmt.Errorf("sign in: %w", refusal(status, text))
	}
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal(text, &got); err != nil || got.Token == "" {
		return "", fmt.Errorf("sign in: %w: no token came", vendor.ErrAway)
	}
	c.mu.Lock()
	c.token = got.Token
	c.mu.Unlock()
	return got.Token, nil
}

// forget drops a token, unless somebody has a newer one already.
func (c *Client) forget(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.token == token {
		c.token = ""
	}
}

// refusal is an error answer. PayPal's words go to our log, and end there.
func refusal(status int, text []byte) error {
	var said struct {
		Name    string `json:"name"`
		Message string `json:"message"`
		DebugID string `json:"debug_id"`
		Error   string `json:"error"`
	}
	if err := json.Unmarshal(text, &said); err != nil {
		said.Message = "no JSON"
	}
	return fmt.Errorf("%w: status %d: %s", vendor.Failed(status), status, vendor.Line(said.Name+" "+said.Error+" "+said.Message+" "+said.DebugID))
}
