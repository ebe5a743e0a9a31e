package planner

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"igny8/internal/ai"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/id"
	"igny8/internal/job"
	"igny8/internal/planner/internal/keywordfile"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

// IdeasArgs is what a job for ideas is told.
type IdeasArgs struct {
	Count int           `json:"count"` // for each cluster at most
	Items []ClusterHold `json:"items"`
}

// ClusterHold is a cluster and the hold that pays for its ideas.
type ClusterHold struct {
	Cluster ClusterID     `json:"cluster"`
	Hold    credit.HoldID `json:"hold"`
}

// Kind implements job.Args.
func (IdeasArgs) Kind() string { return "planner.generate_ideas" }

// Ideated is what came of a job for ideas.
type Ideated struct {
	Ideas []IdeaID `json:"ideas"`
}

// ideasEach is how many ideas a cluster gets when nobody says.
const ideasEach = 5

// GenerateIdeas orders ideas for clusters, at most count for each; zero is 5.
// The credits of all are reserved, or of none.
func (p *Planner) GenerateIdeas(ctx context.Context, tx *tenant.Tx, cs []ClusterID, count int) (Ordered, error) {
	if len(cs) == 0 {
		return Ordered{}, ErrNothingChosen
	}
	if count == 0 {
		count = ideasEach
	}
	each, err := credit.Quote(ctx, tx, credit.GenerateIdeas, int64(count))
	if err != nil {
		return Ordered{}, err
	}
	a := IdeasArgs{Count: count}
	seen := map[ClusterID]bool{}
	for _, c := range cs {
		if seen[c] {
			continue
		}
		seen[c] = true
		if _, err := LoadCluster(ctx, tx, c); err != nil {
			return Ordered{}, err
		}
		hid, err := credit.Reserve(ctx, tx, each, credit.GenerateIdeas, c.String())
		if err != nil {
			return Ordered{}, err
		}
		a.Items = append(a.Items, ClusterHold{c, hid})
	}
	quote := each * credit.Credits(len(a.Items))
	jid, err := p.queue.Enqueue(ctx, tx, a, job.Order{Total: int64(len(a.Items)), Quote: (*int64)(&quote), Message: "Waiting to find ideas"})
	return Ordered{Job: jid, Quote: quote}, err
}

// ideator does jobs for ideas.
type ideator struct{ p *Planner }

// Do finds ideas, a cluster at a time. What an earlier run of the job has
// settled is done, and told of again.
func (h ideator) Do(ctx context.Context, s tenant.Scope, r *job.Run, a IdeasArgs) (any, error) {
	if err := h.p.st.Update(ctx, s, func(ctx context.Context, tx *tenant.Tx) error {
		for _, i := range a.Items {
			if err := credit.Reclaim(ctx, tx, i.Hold); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return nil, err
	}
	result := Ideated{Ideas: []IdeaID{}}
	for n, i := range a.Items {
		if err := r.Progress(ctx, int64(n), int64(len(a.Items)), "Finding ideas"); err != nil {
			return nil, err
		}
		ids, err := h.p.ideasFor(ctx, s, i, a.Count)
		if err != nil {
			return nil, err
		}
		result.Ideas = append(result.Ideas, ids...)
	}
	return result, nil
}

// Abandon gives back the credits of the clusters that have no ideas yet.
func (ideator) Abandon(ctx context.Context, tx *tenant.Tx, a IdeasArgs) error {
	for _, i := range a.Items {
		if err := releaseUnspent(ctx, tx, i.Hold); err != nil {
			return err
		}
	}
	return nil
}

func (p *Planner) ideasFor(ctx context.Context, s tenant.Scope, i ClusterHold, count int) (ids []IdeaID, err error) {
	var c Cluster
	var brief ai.IdeasBrief
	err = p.st.View(ctx, s, func(ctx context.Context, v *tenant.View) error {
		c, brief, err = ideasBrief(ctx, v, i.Cluster, count)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = p.gate.Ideas(ctx, s, i.Hold, brief, func(ctx context.Context, tx *tenant.Tx, ideas []ai.Idea) error {
		ids, err = saveIdeas(ctx, tx, c, i.Hold, ideas)
		return err
	})
	if errors.Is(err, credit.ErrHoldSpent) {
		return p.ideasOf(ctx, s, i.Hold)
	}
	return ids, err
}

// briefKeywords is how many of a cluster's keywords a model is shown.
const briefKeywords = 100

// ideasBrief is what a model needs to know of a cluster.
func ideasBrief(ctx context.Context, r tenant.Reader, cid ClusterID, count int) (Cluster, ai.IdeasBrief, error) {
	c, err := LoadCluster(ctx, r, cid)
	if err != nil {
		return Cluster{}, ai.IdeasBrief{}, err
	}
	s, err := site.Load(ctx, r, c.Site)
	if err != nil {
		return Cluster{}, ai.IdeasBrief{}, err
	}
	b := ai.IdeasBrief{Language: s.Language, Site: s.Domain, Industry: s.Industry, Cluster: c.Name, Intent: ai.Intent(c.Intent), Count: count}
	err = r.Each(ctx, `
		SELECT phrase, coalesce(volume, 0), coalesce(difficulty, 0), intent FROM keywords
		WHERE account_id = $1 AND cluster_id = $2 ORDER BY CASE WHEN phrase = $3 THEN 0 ELSE 1 END, coalesce(volume, 0) DESC, id LIMIT $4`,
		[]any{cid, c.Pillar, briefKeywords}, func(scan tenant.Scan) error {
			var k ai.Keyword
			err := scan(&k.Text, &k.Volume, &k.Difficulty, &k.Intent)
			b.Keywords = append(b.Keywords, k)
			return err
		})
	if err != nil {
		return Cluster{}, ai.IdeasBrief{}, fmt.Errorf("keywords of cluster %s: %w", cid, err)
	}
	err = r.Each(ctx, `SELECT title FROM ideas WHERE account_id = $1 AND site_id = $2 ORDER BY id DESC LIMIT 500`, []any{c.Site}, func(scan tenant.Scan) error {
		var title string
		err := scan(&title)
		b.Avoid = append(b.Avoid, title)
		return err
	})
	return c, b, err
}

// saveIdeas keeps the ideas whose title the site has not.
func saveIdeas(ctx context.Context, tx *tenant.Tx, c Cluster, hid credit.HoldID, ideas []ai.Idea) ([]IdeaID, error) {
	ids := []IdeaID{}
	for _, i := range ideas {
		sections := make([]Section, 0, len(i.Outline))
		for _, s := range i.Outline {
			sections = append(sections, Section{Heading: s.Heading, Keywords: s.Keywords})
		}
		outline, err := json.Marshal(sections)
		if err != nil {
			return nil, err
		}
		keywords, err := json.Marshal(i.Keywords)
		if err != nil {
			return nil, err
		}
		iid := id.New[ideaKind]()
		n, err := tx.Exec(ctx, `
			INSERT INTO ideas (account_id, id, site_id, cluster_id, hold_id, title, title_key, angle, audience, intent, outline, keywords, status, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'proposed', $13) ON CONFLICT (account_id, site_id, title_key) DO NOTHING`,
			iid, c.Site, c.ID, hid, i.Title, keywordfile.Key(i.Title), i.Angle, i.Audience, string(i.Intent), string(outline), string(keywords), clock.Micros(tx.Now()))
		if err != nil {
			return nil, fmt.Errorf("save idea %q: %w", i.Title, err)
		}
		if n > 0 {
			ids = append(ids, iid)
		}
	}
	return ids, nil
}

// ideasOf is the ideas that a hold has paid for.
func (p *Planner) ideasOf(ctx context.Context, s tenant.Scope, hid credit.HoldID) (ids []IdeaID, err error) {
	err = p.st.View(ctx, s, func(ctx context.Context, v *tenant.View) error {
		ids, err = collect(ctx, v, `SELECT id FROM ideas WHERE account_id = $1 AND hold_id = $2 ORDER BY id`, []any{hid}, func(scan tenant.Scan) (IdeaID, error) {
			var i IdeaID
			err := scan(&i)
			return i, err
		})
		return err
	})
	return ids, err
}
