package wordpress

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// Image is a picture on the web that goes with a post.
type Image struct {
	URL    string
	Client *http.Client // that may fetch what a tenant has named
}

// maxImage is how large a picture may be.
const maxImage = 10 << 20

// kinds are the pictures that are taken, by what their bytes say they are.
var kinds = map[string]string{"image/jpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/webp": "webp"}

// ImageError is a picture that cannot be had or used.
type ImageError struct{ Err error }

// Error implements error.
func (e *ImageError) Error() string { return "picture: " + e.Err.Error() }

// Unwrap gives back what went wrong.
func (e *ImageError) Unwrap() error { return e.Err }

// image is the number of the picture in the site's library, where it is put
// once: its name tells its bytes.
func (c *Client) image(ctx context.Context, i Image) (int64, error) {
	content, kind, err := i.fetch(ctx)
	if err != nil {
		return 0, &ImageError{err}
	}
	sum := sha256.Sum256(content)
	name := "igny8-" + hex.EncodeToString(sum[:8])
	type medium struct {
		ID   int64  `json:"id"`
		Slug string `json:"slug"`
	}
	var found []medium
	if err := c.do(ctx, http.MethodGet, "/wp/v2/media", url.Values{"search": {name}, "per_page": {"100"}}, nil, &found); err != nil {
		return 0, fmt.Errorf("look for a picture: %w", err)
	}
	for _, m := range found {
		if m.Slug == name {
			return m.ID, nil
		}
	}
	var made medium
	err = c.send(ctx, http.MethodPost, c.URL+"/?"+url.Values{"rest_route": {"/wp/v2/media"}}.Encode(), http.Header{
		"Content-Type": {kind}, "Content-Disposition": {`attachment; filename="` + name + "." + kinds[kind] + `"`},
	}, bytes.NewReader(content), &made)
	if err != nil {
		return 0, fmt.Errorf("upload a picture: %w", err)
	}
	return made.ID, nil
}

func (i Image) fetch(ctx context.Context) (content []byte, kind string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, i.URL, http.NoBody)
	if err != nil {
		return nil, "", err
	}
	res, err := i.Client.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = res.Body.Close() }() // what mattered was read
	if res.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("its server answers %s", res.Status)
	}
	content, err = io.ReadAll(io.LimitReader(res.Body, maxImage+1))
	if err != nil {
		return nil, "", err
	}
	if len(content) > maxImage {
		return nil, "", fmt.Errorf("it is larger than %d MB", maxImage>>20)
	}
	kind = http.DetectContentType(content)
	if kinds[kind] == "" {
		return nil, "", fmt.Errorf("it is %s, and not JPEG, PNG, GIF or WebP", kind)
	}
	return content, kind, nil
}
