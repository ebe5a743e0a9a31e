package publish

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/httpx"
	"igny8/internal/job"
	"igny8/internal/publish/internal/wordpress"
	"igny8/internal/tenant"
	"igny8/internal/words"
	"igny8/internal/writer"
)

// SendArgs is what a job that publishes is told.
type SendArgs struct {
	Content writer.ContentID `json:"content"`
}

// Kind implements job.Args.
func (SendArgs) Kind() string { return "publish.send" }

// Sent is what came of it.
type Sent struct {
	Content writer.ContentID `json:"content"`
	State   State            `json:"state"`
	URL     string           `json:"url"`
}

// sender asks WordPress for what is wanted.
type sender struct{ p *Press }

// work is all that is needed to do what is wanted of an article.
type work struct {
	Publication
	channel Channel
	article writer.Content
	html    string
	now     time.Time
}

// Do brings the article to the site. It may be done again at any point.
func (h sender) Do(ctx context.Context, s tenant.Scope, r *job.Run, a SendArgs) (any, error) {
	w, err := h.p.load(ctx, s, a.Content)
	if err != nil {
		return nil, err
	}
	if w.State != Queued || w.Job != r.Job() {
		return Sent{w.Content, w.State, w.URL}, nil // an earlier run of the job has done it
	}
	if w.Wanted != Withdraw && w.article.Status != writer.Approved && w.article.Status != writer.Published { // edited since it was ordered
		return nil, fmt.Errorf("publish %s: %w", w.Content, ErrNotApproved)
	}
	if err := r.Progress(ctx, 0, 1, words.With("Publishing %q", w.article.Title)); err != nil {
		return nil, err
	}
	there, err := h.p.send(ctx, w)
	if err != nil {
		return nil, blame(ctx, w, err)
	}
	out := Sent{Content: a.Content}
	err = h.p.st.Update(ctx, s, func(ctx context.Context, tx *tenant.Tx) error {
		if err := w.arrived(ctx, tx, there); err != nil {
			return err
		}
		now, err := Load(ctx, tx, a.Content)
		out.State, out.URL = now.State, now.URL
		if err != nil {
			return err
		}
		return r.Finish(ctx, tx, out)
	})
	return out, err
}

// Abandon says of what was not done why, and that it may be ordered again.
func (sender) Abandon(ctx context.Context, tx *tenant.Tx, a SendArgs) error {
	return fail(ctx, tx, a.Content, errStopped)
}

var errStopped = fault.New(fault.Conflict, "publish.stopped", "The site was not changed: the job was cancelled or failed. Look at the job, and publish again.")

// fail writes down why what was queued is not done.
func fail(ctx context.Context, tx *tenant.Tx, cid writer.ContentID, why *fault.Fault) error {
	_, err := tx.Exec(ctx, `
		UPDATE publications SET state = 'failed', code = $3, detail = $4, lease_until = NULL, updated_at = $5
		WHERE account_id = $1 AND content_id = $2 AND state = 'queued'`, cid, why.Code, why.Msg.Packed(), clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("publication of %s: %w", cid, err)
	}
	return nil
}

func (p *Press) load(ctx context.Context, s tenant.Scope, cid writer.ContentID) (w work, err error) {
	err = p.st.View(ctx, s, func(ctx context.Context, v *tenant.View) error {
		if w.Publication, err = Load(ctx, v, cid); err != nil {
			return err
		}
		w.now = v.Now()
		if w.article, err = writer.Load(ctx, v, cid); err != nil {
			return err
		}
		if w.channel, err = LoadChannel(ctx, v, w.Site); err != nil {
			return err
		}
		if w.channel.Way == REST {
			if w.channel, err = p.open(v, w.channel); err != nil {
				return err
			}
		}
		w.html, err = writer.HTML(ctx, v, w.article)
		return err
	})
	return w, err
}

// send asks WordPress. It works outside of a transaction.
func (p *Press) send(ctx context.Context, w work) (wordpress.There, error) {
	if w.channel.Way != REST { // it was connected otherwise meanwhile
		return wordpress.There{}, ErrNoChannel
	}
	c := p.client(w.channel)
	if w.Wanted == Withdraw {
		if w.Post == 0 {
			return wordpress.There{Status: wordpress.Draft}, nil // nothing ever came there
		}
		there, err := c.SetStatus(ctx, w.Post, wordpress.Draft)
		if wordpress.IsGone(err) {
			return wordpress.There{Status: wordpress.Draft}, nil
		}
		return there, err
	}
	return c.Put(ctx, w.Post, w.post(p))
}

func (w work) post(p *Press) wordpress.Post {
	return wordpress.Post{
		Mark: w.Content.String(), Title: w.article.Title, Slug: w.article.Slug, Excerpt: w.article.Excerpt, HTML: w.html, SEO: w.article.MetaDescription,
		Status: w.status(), At: w.At, Now: w.now, Categories: w.Categories, Tags: w.Tags,
		Image: wordpress.Image{URL: w.ImageURL, Client: httpx.NewClient(p.outside)},
	}
}

// status is what WordPress calls what is wanted.
func (w work) status() string {
	switch {
	case w.Wanted == AsPost && !w.At.IsZero():
		return wordpress.Future
	case w.Wanted == AsPost:
		return wordpress.Publish
	}
	return wordpress.Draft
}

// blame gives an error the face that says whether to try again.
func blame(ctx context.Context, w work, err error) error {
	var picture *wordpress.ImageError
	var refused *wordpress.Refusal
	f := ErrAway
	switch {
	case fault.Of(err).Kind != fault.Internal:
		return err
	case errors.As(err, &picture):
		f = ErrPicture.Sayf("The picture that goes with the article cannot be used: %s.", strings.TrimPrefix(picture.Error(), "picture: "))
	case errors.As(err, &refused) && refused.Status < 500 && refused.Status != 408 && refused.Status != 429:
		f = ErrRefused.Sayf("WordPress refused the article (%d %s). Test the connection of the site; it says what is wrong.", refused.Status, refused.Code)
	case errors.Is(err, wordpress.ErrNotJSON), !httpx.Temporary(ctx, err) && ctx.Err() == nil && !errors.As(err, &refused):
		f = ErrRefused.Sayf("The site does not answer as WordPress does. Test its connection; it says what is wrong.")
	}
	return fmt.Errorf("publish %s: %w (%w)", w.Content, f, err)
}

// How often what is on a site is looked at.
const (
	lookSoon  = time.Minute    // after the moment for which something is scheduled
	lookOften = 24 * time.Hour // at what is published
)

// arrived writes down what is on the site now.
func (w work) arrived(ctx context.Context, tx *tenant.Tx, there wordpress.There) error {
	state := Draft
	look := tx.Now().Add(lookOften)
	switch {
	case w.Wanted == Withdraw:
		state, look = Withdrawn, time.Time{}
	case there.Status == wordpress.Publish:
		state = Published
	case there.Status == wordpress.Future:
		state, look = Scheduled, w.At.Add(lookSoon)
	}
	n, err := tx.Exec(ctx, `
		UPDATE publications SET state = $3, version = $4, post_id = coalesce($5, post_id), url = $6, code = '', detail = '', lease_until = NULL, look_at = $7, updated_at = $8
		WHERE account_id = $1 AND content_id = $2 AND state = 'queued' AND wanted = $9`,
		w.Content, string(state), w.article.Version, orNull(there.ID), webAddress(there.URL), clock.MicrosOrNull(look), clock.Micros(tx.Now()), string(w.Wanted))
	if err == nil && n == 0 {
		err = errNotWanted
	}
	if err != nil {
		return fmt.Errorf("publication of %s: %w", w.Content, err)
	}
	return writer.SetPublished(ctx, tx, w.Content, w.article.Version, state == Published, webAddress(there.URL))
}

var errNotWanted = errors.New("something else is wanted meanwhile")

// webAddress is an address that a site or its plugin gave, as far as it is one
// of the web: it is shown as a link. Empty otherwise.
func webAddress(s string) string {
	if u, err := url.Parse(s); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return s
}

func orNull(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}
