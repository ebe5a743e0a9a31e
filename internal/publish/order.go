package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/job"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/writer"
)

// extras is what goes with a post, as it is stored.
type extras struct {
	Categories []string `json:"categories,omitempty"`
	Tags       []string `json:"tags,omitempty"`
	Image      string   `json:"image,omitempty"`
}

const columns = `content_id, site_id, wanted, at, extras, state, version, post_id, url, code, detail, job_id, updated_at`

// readAll reads publications, with the headlines of their articles.
func readAll(ctx context.Context, r tenant.Reader, where string, args ...any) ([]Publication, error) {
	var all []Publication
	var cs []writer.ContentID
	err := r.Each(ctx, `SELECT `+columns+` FROM publications WHERE account_id = $1 `+where, args, func(scan tenant.Scan) error {
		p, err := read(scan)
		all, cs = append(all, p), append(cs, p.Content)
		return err
	})
	if err != nil {
		return nil, err
	}
	heads, err := writer.Headlines(ctx, r, cs)
	for i := range all {
		h := heads[all[i].Content]
		all[i].Title, all[i].Stale = h.Title, all[i].Version != 0 && all[i].Version != h.Version
	}
	return all, err
}

func read(scan tenant.Scan) (Publication, error) {
	var p Publication
	var at, version, post *int64
	var updated int64
	var text string
	err := scan(&p.Content, &p.Site, &p.Wanted, &at, &text, &p.State, &version, &post, &p.URL, &p.Code, &p.Detail, &p.Job, &updated)
	if err != nil {
		return Publication{}, err
	}
	p.At, p.Updated = clock.FromNull(at), clock.FromMicros(updated)
	if version != nil {
		p.Version = *version
	}
	if post != nil {
		p.Post = *post
	}
	var x extras
	if err := json.Unmarshal([]byte(text), &x); err != nil {
		return Publication{}, fmt.Errorf("extras of %s: %w", p.Content, err)
	}
	p.Categories, p.Tags, p.ImageURL = x.Categories, x.Tags, x.Image
	return p, nil
}

// Load reads what has become of an article: ErrNone when nothing was ordered.
func Load(ctx context.Context, r tenant.Reader, cid writer.ContentID) (Publication, error) {
	all, err := readAll(ctx, r, `AND content_id = $2`, cid)
	if err == nil && len(all) == 0 {
		if _, err = writer.Load(ctx, r, cid); err == nil {
			err = ErrNone
		}
	}
	if err != nil {
		return Publication{}, fmt.Errorf("publication of %s: %w", cid, err)
	}
	return all[0], nil
}

// Publish orders that an article comes to its site, or is brought up to date
// there. ErrNotApproved unless its current version is approved, or published;
// ErrBusy while an order before is being done: one that waits for the plugin can
// be replaced. It answers the publication with
// the job that does it, or without one where the plugin does.
func (p *Press) Publish(ctx context.Context, tx *tenant.Tx, cid writer.ContentID, o Order) (Publication, error) {
	if err := o.check(tx.Now()); err != nil {
		return Publication{}, err
	}
	c, err := writer.Load(ctx, tx, cid)
	if err != nil {
		return Publication{}, err
	}
	if c.Status != writer.Approved && c.Status != writer.Published {
		return Publication{}, fmt.Errorf("publish %s: %w", cid, ErrNotApproved)
	}
	return p.order(ctx, tx, c, o)
}

// TakeBack orders that an article is no longer to be seen on its site. ErrNone
// unless something was ordered for it before.
func (p *Press) TakeBack(ctx context.Context, tx *tenant.Tx, cid writer.ContentID) (Publication, error) {
	before, err := Load(ctx, tx, cid)
	if err != nil {
		return Publication{}, err
	}
	c, err := writer.Load(ctx, tx, cid)
	if err != nil {
		return Publication{}, err
	}
	o := before.Order
	o.Wanted, o.At = Withdraw, time.Time{}
	return p.order(ctx, tx, c, o)
}

func (p *Press) order(ctx context.Context, tx *tenant.Tx, c writer.Content, o Order) (Publication, error) {
	ch, err := LoadChannel(ctx, tx, c.Site)
	if err != nil {
		return Publication{}, err
	}
	text, err := json.Marshal(extras{o.Categories, o.Tags, o.ImageURL})
	if err != nil {
		return Publication{}, err
	}
	moved, err := tx.Exec(ctx, `
		INSERT INTO publications (account_id, content_id, site_id, wanted, at, extras, state, url, code, detail, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, 'queued', '', '', '', $7, $7)
		ON CONFLICT (account_id, content_id) DO UPDATE SET wanted = excluded.wanted, at = excluded.at, extras = excluded.extras, state = 'queued',
			code = '', detail = '', job_id = NULL, lease_until = NULL, look_at = NULL, updated_at = excluded.updated_at
		WHERE publications.state <> 'queued' OR publications.job_id IS NULL AND (publications.lease_until IS NULL OR publications.lease_until <= $7)`,
		c.ID, c.Site, string(o.Wanted), clock.MicrosOrNull(o.At), string(text), clock.Micros(tx.Now()))
	if err == nil && moved == 0 {
		err = ErrBusy
	}
	if err != nil {
		return Publication{}, fmt.Errorf("order %s of %s: %w", o.Wanted, c.ID, err)
	}
	if ch.Way == REST {
		jid, err := p.queue.Enqueue(ctx, tx, SendArgs{Content: c.ID}, job.Order{Total: 1, Message: "Waiting to publish"})
		if err != nil {
			return Publication{}, err
		}
		if _, err := tx.Exec(ctx, `UPDATE publications SET job_id = $3 WHERE account_id = $1 AND content_id = $2`, c.ID, jid); err != nil {
			return Publication{}, fmt.Errorf("order %s of %s: %w", o.Wanted, c.ID, err)
		}
	}
	if err := audit.Record(ctx, tx, "content."+string(o.Wanted), c.ID.String(), nil); err != nil {
		return Publication{}, err
	}
	return Load(ctx, tx, c.ID)
}

// What an order may hold at most.
const (
	mostTerms = 20
	maxTerm   = 100
	mostAhead = 2 * 366 * 24 * time.Hour
)

func (o *Order) check(now time.Time) error {
	f := ErrInvalidOrder
	if o.Wanted != AsDraft && o.Wanted != AsPost {
		f = f.At("body.status", "must be draft or publish", string(o.Wanted))
	}
	if !o.At.IsZero() {
		switch {
		case o.Wanted != AsPost:
			f = f.At("body.at", "is for what is published", nil)
		case o.At.After(now.Add(mostAhead)):
			f = f.At("body.at", "must be within two years", o.At)
		case !o.At.After(now):
			o.At = time.Time{} // it is time already
		}
	}
	for _, l := range []struct {
		name string
		all  []string
	}{{"categories", o.Categories}, {"tags", o.Tags}} {
		if len(l.all) > mostTerms {
			f = f.At("body."+l.name, "at most 20", nil)
		}
		for i, s := range l.all {
			clean, ok := account.Printable(s, maxTerm)
			if l.all[i] = clean; !ok {
				f = f.At(fmt.Sprintf("body.%s[%d]", l.name, i), "1 to 100 printable characters", nil)
			}
		}
	}
	if o.ImageURL != "" {
		if u, err := url.Parse(o.ImageURL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			f = f.At("body.image_url", "must be an http or https address", o.ImageURL)
		}
	}
	if len(f.Fields) > 0 {
		return f
	}
	return nil
}

// waitingLook is how many approved articles are looked at at a time.
const waitingLook = 100

// Waiting is the oldest approved articles of a site for which nothing has ever
// been ordered.
func Waiting(ctx context.Context, r tenant.Reader, sid site.ID, limit int) ([]writer.ContentID, error) {
	var all []writer.ContentID
	for after := (writer.ContentID{}); ; {
		approved, err := writer.ApprovedOf(ctx, r, sid, after, waitingLook)
		if err != nil {
			return nil, err
		}
		for _, c := range approved {
			err := r.Get(ctx, `SELECT 1 FROM publications WHERE account_id = $1 AND content_id = $2`, []any{c}, new(int))
			if err != nil && !tenant.IsNotFound(err) {
				return nil, fmt.Errorf("what of %s is published: %w", sid, err)
			}
			if err != nil {
				all = append(all, c)
			}
			if len(all) == limit {
				return all, nil
			}
			after = c
		}
		if len(approved) < waitingLook {
			return all, nil
		}
	}
}

// Filter says which publications are wanted.
type Filter struct {
	Site        site.ID   // zero: of all
	From, Until time.Time // that appear, or appeared, between; zero: at any time
	Limit       int
}

// Calendar lists what is and will be on sites, by the time at which it appears.
func Calendar(ctx context.Context, r tenant.Reader, f Filter) ([]Publication, error) {
	until := int64(1<<62 - 1)
	if !f.Until.IsZero() {
		until = clock.Micros(f.Until)
	}
	all, err := readAll(ctx, r, `
		AND ($2 = '' OR site_id = $2) AND coalesce(at, updated_at) >= $3 AND coalesce(at, updated_at) < $4
		ORDER BY coalesce(at, updated_at), content_id LIMIT $5`, f.Site.String(), clock.Micros(f.From), until, f.Limit)
	if err != nil {
		return nil, fmt.Errorf("calendar: %w", err)
	}
	return all, nil
}

// Failures lists what could not be published and was not tried again, the
// newest first.
func Failures(ctx context.Context, r tenant.Reader, limit int) ([]Publication, error) {
	all, err := readAll(ctx, r, `AND state = $2 ORDER BY updated_at DESC, content_id LIMIT $3`, string(Failed), limit)
	if err != nil {
		return nil, fmt.Errorf("what could not be published: %w", err)
	}
	return all, nil
}
