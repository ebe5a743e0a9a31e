package planner

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"igny8/internal/ai"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/job"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/words"
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

// Ideated is what came of a job for ideas, and of which clusters there are none.
type Ideated struct {
	Ideas  []IdeaID     `json:"ideas"`
	Failed []Uninspired `json:"failed"`
}

// Uninspired is a cluster for which there are no ideas, and why.
type Uninspired struct {
	Cluster ClusterID  `json:"cluster_id"`
	Code    string     `json:"code"`
	Detail  words.Text `json:"detail"`
}

// How many ideas a cluster gets when nobody says, and at most.
const (
	ideasEach = 5
	ideasMost = 20
)

// GenerateIdeas orders ideas for clusters, at most count for each: 1 to 20,
// zero is 5. The credits of all are reserved, or of none: when there are not
// enough, credit.ErrInsufficient tells what all of them need.
func (p *Planner) GenerateIdeas(ctx context.Context, tx *tenant.Tx, cs []ClusterID, count int) (Ordered, error) {
	if count == 0 {
		count = ideasEach
	}
	cs = once(cs)
	switch {
	case len(cs) == 0:
		return Ordered{}, ErrNothingChosen
	case count < 1 || count > ideasMost:
		return Ordered{}, ErrInvalidCount.At("body.count", "must be 1 to 20", count)
	}
	of := make(map[ClusterID]string, len(cs)) // its site
	for _, c := range cs {
		loaded, err := LoadCluster(ctx, tx, c)
		if err != nil {
			return Ordered{}, err
		}
		of[c] = loaded.Site.String()
		if err := alive(ctx, tx, c); err != nil {
			return Ordered{}, err
		}
	}
	each, err := credit.Quote(ctx, tx, credit.GenerateIdeas, int64(count))
	if err != nil {
		return Ordered{}, err
	}
	quote := each * credit.Credits(len(cs))
	wants := make([]credit.Want, len(cs))
	for n, c := range cs {
		wants[n] = credit.Want{Amount: each, Operation: credit.GenerateIdeas, Reference: c.String(), Site: of[c]}
	}
	holds, err := credit.ReserveAll(ctx, tx, wants)
	if err != nil {
		return Ordered{}, err
	}
	a := IdeasArgs{Count: count}
	for n, c := range cs {
		a.Items = append(a.Items, ClusterHold{c, holds[n]})
	}
	jid, err := p.queue.Enqueue(ctx, tx, a, job.Order{Total: int64(len(cs)), Quote: (*int64)(&quote), Message: "Waiting to find ideas"})
	return Ordered{Job: jid, Quote: quote}, err
}

// alive is ErrClusterEmpty for a cluster that has only ideas left.
func alive(ctx context.Context, r tenant.Reader, cid ClusterID) error {
	var n int64
	if err := r.Get(ctx, `SELECT count(*) FROM keywords WHERE account_id = $1 AND cluster_id = $2`, []any{cid}, &n); err != nil {
		return fmt.Errorf("count keywords of cluster %s: %w", cid, err)
	}
	if n == 0 {
		return fmt.Errorf("cluster %s: %w", cid, ErrClusterEmpty)
	}
	return nil
}

// once is all without what comes again.
func once(all []ClusterID) []ClusterID {
	var out []ClusterID
	for _, c := range all {
		if !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// ideator does jobs for ideas.
type ideator struct{ p *Planner }

// Do finds ideas, a cluster at a time. What an earlier run of the job has
// settled is done, and told of again. A cluster for which there are none, such as
// one that a new clustering has emptied meanwhile, costs nothing and keeps none
// of the others from it; when there are none for any, the job fails.
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
	result := Ideated{Ideas: []IdeaID{}, Failed: []Uninspired{}}
	var last error
	for n, i := range a.Items {
		if err := r.Progress(ctx, int64(n), int64(len(a.Items)), "Finding ideas"); err != nil {
			return nil, err
		}
		ids, err := h.p.ideasFor(ctx, s, i, a.Count)
		if err != nil && (ctx.Err() != nil || !job.Final(err)) {
			return nil, err
		}
		if err != nil {
			last = err
			f := fault.Of(err)
			result.Failed = append(result.Failed, Uninspired{i.Cluster, f.Code, f.Msg})
			err = h.p.st.Update(ctx, s, func(ctx context.Context, tx *tenant.Tx) error { return releaseUnspent(ctx, tx, i.Hold) })
			if err != nil {
				return nil, err
			}
		}
		result.Ideas = append(result.Ideas, ids...)
	}
	if len(result.Failed) == len(a.Items) {
		return nil, last
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
	// What was bought stays bought, also when its cluster was emptied since.
	if ids, err = p.ideasOf(ctx, s, i.Hold); err != nil || len(ids) > 0 {
		return ids, err
	}
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
		return []IdeaID{}, nil // it paid for none that the site had not
	}
	return ids, err
}

// briefKeywords is how many of a cluster's keywords a model is shown.
const briefKeywords = 100

// ideasBrief is what a model needs to know of a cluster.
func ideasBrief(ctx context.Context, r tenant.Reader, cid ClusterID, count int) (Cluster, ai.IdeasBrief, error) {
	c, err := LoadCluster(ctx, r, cid)
	if err == nil {
		err = alive(ctx, r, cid)
	}
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
