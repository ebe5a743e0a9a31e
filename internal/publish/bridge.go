package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/publish/internal/wordpress"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/words"
	"igny8/internal/writer"
)

// bridgeLease is how long what the plugin was given is its own. It asks again
// after that, when nothing was heard of it.
const bridgeLease = 5 * time.Minute

// Errand is what the plugin of a site is to do with an article.
type Errand struct {
	Publication
	Article writer.Content
	HTML    string
}

// ErrNotBridge is a site that is published to otherwise.
var ErrNotBridge = fault.New(fault.Conflict, "bridge.not_used", "This site is not published to by the plugin. Choose the bridge in the site's settings.")

// Fetch is what the plugin of a site is to do, the oldest order first, and takes
// it for a while: two that ask at once get different articles.
func Fetch(ctx context.Context, tx *tenant.Tx, sid site.ID, limit int) ([]Errand, error) {
	if err := bridged(ctx, tx, sid); err != nil {
		return nil, err
	}
	all, err := readAll(ctx, tx, `
		AND site_id = $2 AND state = 'queued' AND job_id IS NULL AND (lease_until IS NULL OR lease_until <= $3)
		ORDER BY updated_at, content_id LIMIT $4`+tx.ForUpdate(), sid, clock.Micros(tx.Now()), limit)
	if err != nil {
		return nil, fmt.Errorf("what the plugin of %s is to do: %w", sid, err)
	}
	var out []Errand
	for _, p := range all {
		e, err := p.errand(ctx, tx)
		if err != nil {
			return nil, err
		}
		if e != nil {
			out = append(out, *e)
		}
	}
	return out, seen(ctx, tx, sid, nil)
}

func bridged(ctx context.Context, r tenant.Reader, sid site.ID) error {
	c, err := LoadChannel(ctx, r, sid)
	if err == nil && c.Way != Bridge {
		err = ErrNotBridge
	}
	return err
}

// errand takes a publication for the plugin; nil where the article was edited
// since it was ordered, which fails the order.
func (p Publication) errand(ctx context.Context, tx *tenant.Tx) (*Errand, error) {
	c, err := writer.Load(ctx, tx, p.Content)
	if err != nil {
		return nil, err
	}
	if p.Wanted != Withdraw && c.Status != writer.Approved && c.Status != writer.Published {
		return nil, fail(ctx, tx, p.Content, ErrNotApproved)
	}
	html, err := writer.HTML(ctx, tx, c)
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, `UPDATE publications SET lease_until = $3, version = $4 WHERE account_id = $1 AND content_id = $2`,
		p.Content, clock.Micros(tx.Now().Add(bridgeLease)), c.Version)
	if err != nil {
		return nil, fmt.Errorf("take %s for the plugin: %w", p.Content, err)
	}
	return &Errand{Publication: p, Article: c, HTML: html}, nil
}

// Mark is the comment by which the post of an article is known on its site.
func Mark(c writer.ContentID) string { return wordpress.Mark(c.String()) }

// Report is what the plugin says has become of an article.
type Report struct {
	Status string // published, scheduled, draft, withdrawn or failed
	Post   int64
	URL    string
	Error  string
}

// ErrInvalidReport is a report that says nothing.
var ErrInvalidReport = fault.New(fault.Invalid, "bridge.invalid_report", "This report cannot be used.")

var errPlugin = fault.New(fault.Conflict, "bridge.failed", "The plugin could not publish the article.")

// Heard writes down what the plugin of a site says. It may say it again, and it
// may tell of what somebody did in WordPress.
func Heard(ctx context.Context, tx *tenant.Tx, sid site.ID, cid writer.ContentID, r Report) (Publication, error) {
	if err := bridged(ctx, tx, sid); err != nil {
		return Publication{}, err
	}
	p, err := Load(ctx, tx, cid)
	if err == nil && p.Site != sid {
		err = ErrNone
	}
	if err != nil {
		return Publication{}, err
	}
	state := State(r.Status)
	f := ErrInvalidReport
	switch state {
	case Published, Scheduled, Draft, Withdrawn:
		if r.Post <= 0 && state != Withdrawn {
			f = f.At("body.post_id", "is needed with this status", r.Post)
		}
	case Failed:
	default:
		f = f.At("body.status", "must be published, scheduled, draft, withdrawn or failed", r.Status)
	}
	if len(f.Fields) > 0 {
		return Publication{}, f
	}
	if p.State == Queued {
		late, err := p.reportedLate(ctx, tx, r)
		if err != nil {
			return Publication{}, err
		}
		if late {
			return Load(ctx, tx, cid)
		}
	}
	code, detail := "", words.Text("")
	if state == Failed {
		code, detail = errPlugin.Code, words.With("The plugin could not publish the article. It says: %s", shortened(r.Error))
	}
	_, err = tx.Exec(ctx, `
		UPDATE publications SET state = $3, post_id = coalesce($4, post_id), url = $5, code = $6, detail = $7, lease_until = NULL, updated_at = $8
		WHERE account_id = $1 AND content_id = $2`,
		cid, string(state), orNull(r.Post), webAddress(r.URL), code, detail.Packed(), clock.Micros(tx.Now()))
	if err != nil {
		return Publication{}, fmt.Errorf("publication of %s: %w", cid, err)
	}
	if err := writer.SetPublished(ctx, tx, cid, p.Version, state == Published, webAddress(r.URL)); err != nil {
		return Publication{}, err
	}
	if err := seen(ctx, tx, sid, nil); err != nil {
		return Publication{}, err
	}
	return Load(ctx, tx, cid)
}

// reportedLate tells whether a report is about an order before the one that
// waits, which no plugin has been given yet. Where the post is is kept of it.
func (p Publication) reportedLate(ctx context.Context, tx *tenant.Tx, r Report) (bool, error) {
	n, err := tx.Exec(ctx, `
		UPDATE publications SET post_id = coalesce($3, post_id) WHERE account_id = $1 AND content_id = $2 AND state = 'queued' AND lease_until IS NULL`,
		p.Content, orNull(r.Post))
	if err != nil {
		return false, fmt.Errorf("publication of %s: %w", p.Content, err)
	}
	return n > 0, nil
}

// maxSaid is how much of what a plugin says is kept, in characters.
const maxSaid = 300

// shortened is text that can be shown, as much of it as is kept.
func shortened(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > maxSaid {
		s = string(r[:maxSaid]) + "…"
	}
	return strings.TrimSpace(s)
}

// Healthy writes down what the plugin says of its site.
func Healthy(ctx context.Context, tx *tenant.Tx, sid site.ID, h Health) error {
	if err := bridged(ctx, tx, sid); err != nil {
		return err
	}
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	said := string(text)
	return seen(ctx, tx, sid, &said)
}

// seen notes that the plugin has asked.
func seen(ctx context.Context, tx *tenant.Tx, sid site.ID, health *string) error {
	_, err := tx.Exec(ctx, `UPDATE site_channels SET seen_at = $3, health = coalesce($4, health) WHERE account_id = $1 AND site_id = $2`,
		sid, clock.Micros(tx.Now()), health)
	if err != nil {
		return fmt.Errorf("the plugin of %s was seen: %w", sid, err)
	}
	return nil
}
