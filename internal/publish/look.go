package publish

import (
	"context"
	"errors"
	"fmt"
	"time"

	"igny8/internal/clock"
	"igny8/internal/job"
	"igny8/internal/publish/internal/wordpress"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/words"
	"igny8/internal/writer"
)

// lookEvery is how often the round looks for what is to be looked at.
const lookEvery = time.Minute

// lookMost is how many posts of a site are looked at by one job.
const lookMost = 100

// Round is what the queue is to make: it orders looks at what is on sites, where
// somebody may have changed it, and what was scheduled appears by itself.
func (p *Press) Round() job.Round {
	return job.Round{Name: "posts", As: "publish", Every: lookEvery, Find: toLookAt, Do: p.orderLooks}
}

func toLookAt(ctx context.Context, r job.Rows, at time.Time, limit int) ([]tenant.AccountID, error) {
	var all []tenant.AccountID
	err := r.Each(ctx, `SELECT account_id FROM publications WHERE look_at <= $1 GROUP BY account_id ORDER BY min(look_at) LIMIT $2`,
		[]any{clock.Micros(at), limit}, func(scan tenant.Scan) error {
			var a tenant.AccountID
			err := scan(&a)
			all = append(all, a)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("posts to look at: %w", err)
	}
	return all, nil
}

// orderLooks orders a look at each site of which something is due. What it
// takes is due again later, whatever comes of the look.
func (p *Press) orderLooks(ctx context.Context, tx *tenant.Tx) error {
	due := map[site.ID][]writer.ContentID{}
	err := tx.Each(ctx, `
		SELECT content_id, site_id FROM publications WHERE account_id = $1 AND look_at <= $2 ORDER BY look_at LIMIT $3`+tx.ForUpdate(),
		[]any{clock.Micros(tx.Now()), lookMost}, func(scan tenant.Scan) error {
			var c writer.ContentID
			var s site.ID
			err := scan(&c, &s)
			due[s] = append(due[s], c)
			return err
		})
	if err != nil {
		return fmt.Errorf("posts to look at: %w", err)
	}
	for s, cs := range due {
		for _, c := range cs {
			_, err := tx.Exec(ctx, `UPDATE publications SET look_at = $3 WHERE account_id = $1 AND content_id = $2`, c, clock.Micros(tx.Now().Add(lookOften)))
			if err != nil {
				return fmt.Errorf("look at %s: %w", c, err)
			}
		}
		ch, err := LoadChannel(ctx, tx, s)
		if errors.Is(err, ErrNoChannel) || err == nil && ch.Way != REST {
			continue // nobody can be asked, or the plugin tells by itself
		}
		if err != nil {
			return err
		}
		if _, err := p.queue.Enqueue(ctx, tx, LookArgs{Site: s, Contents: cs}, job.Order{Total: int64(len(cs)), Message: "Waiting to look at posts"}); err != nil {
			return err
		}
	}
	return nil
}

// LookArgs is what a job that looks at posts is told.
type LookArgs struct {
	Site     site.ID            `json:"site"`
	Contents []writer.ContentID `json:"contents"`
}

// Kind implements job.Args.
func (LookArgs) Kind() string { return "publish.look" }

// Looked is what came of it.
type Looked struct {
	Changed int64 `json:"changed"`
}

type looker struct{ p *Press }

// Do looks at posts, and writes down what has become of them.
func (h looker) Do(ctx context.Context, s tenant.Scope, _ *job.Run, a LookArgs) (any, error) {
	ch, all, err := h.p.toCompare(ctx, s, a)
	if err != nil || len(all) == 0 {
		return Looked{}, err
	}
	ids := make([]int64, 0, len(all))
	for _, p := range all {
		ids = append(ids, p.Post)
	}
	there, err := h.p.client(ch).Look(ctx, ids)
	if err != nil {
		return nil, blame(ctx, work{Publication: all[0]}, err)
	}
	var out Looked
	err = h.p.st.Update(ctx, s, func(ctx context.Context, tx *tenant.Tx) error {
		out = Looked{}
		for _, p := range all {
			changed, err := p.compare(ctx, tx, there[p.Post])
			if err != nil {
				return err
			}
			if changed {
				out.Changed++
			}
		}
		return nil
	})
	return out, err
}

// Abandon leaves all as it is: it is looked at again.
func (looker) Abandon(context.Context, *tenant.Tx, LookArgs) error { return nil }

// toCompare is the posts of the look that are still what they were, and how to
// ask for them.
func (p *Press) toCompare(ctx context.Context, s tenant.Scope, a LookArgs) (ch Channel, all []Publication, err error) {
	err = p.st.View(ctx, s, func(ctx context.Context, v *tenant.View) error {
		all = nil
		if ch, err = LoadChannel(ctx, v, a.Site); err != nil || ch.Way != REST {
			return err
		}
		if ch, err = p.open(v, ch); err != nil {
			return err
		}
		for _, c := range a.Contents {
			one, err := Load(ctx, v, c)
			if err != nil {
				return err
			}
			if one.Post != 0 && (one.State == Scheduled || one.State == Published || one.State == Draft) {
				all = append(all, one)
			}
		}
		return nil
	})
	return ch, all, err
}

// compare writes down what has become of a post. there is empty when the site
// has it no more.
func (p Publication) compare(ctx context.Context, tx *tenant.Tx, there wordpress.There) (bool, error) {
	var state State
	code, detail, look := "", words.Text(""), tx.Now().Add(lookOften)
	switch there.Status {
	case wordpress.Publish:
		state = Published
	case wordpress.Future:
		state, look = Scheduled, tx.Now().Add(time.Hour)
	case "", wordpress.Trash:
		state, code, detail, look = Failed, errGone.Code, errGone.Msg, time.Time{}
	default:
		state = Draft
	}
	there.URL = webAddress(there.URL)
	if state == p.State && (there.URL == p.URL || there.URL == "") {
		_, err := tx.Exec(ctx, `UPDATE publications SET look_at = $3 WHERE account_id = $1 AND content_id = $2 AND state = $4`,
			p.Content, clock.MicrosOrNull(look), string(p.State))
		return false, err
	}
	if there.URL == "" {
		there.URL = p.URL
	}
	_, err := tx.Exec(ctx, `
		UPDATE publications SET state = $3, url = $4, code = $5, detail = $6, look_at = $7, updated_at = $8 WHERE account_id = $1 AND content_id = $2 AND state = $9`,
		p.Content, string(state), there.URL, code, detail.Packed(), clock.MicrosOrNull(look), clock.Micros(tx.Now()), string(p.State))
	if err != nil {
		return false, fmt.Errorf("publication of %s: %w", p.Content, err)
	}
	return true, writer.SetPublished(ctx, tx, p.Content, p.Version, state == Published, there.URL)
}
