package planner

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"igny8/internal/ai"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/id"
	"igny8/internal/job"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

// ClusterArgs is what a clustering job is told.
type ClusterArgs struct {
	Site     site.ID       `json:"site"`
	Hold     credit.HoldID `json:"hold"`
	Keywords []KeywordID   `json:"keywords,omitempty"` // none: by All
	All      bool          `json:"all,omitempty"`      // also those that are in a cluster
}

// Kind implements job.Args.
func (ClusterArgs) Kind() string { return "planner.auto_cluster" }

// Clustered is what came of clustering.
type Clustered struct {
	Clusters int64 `json:"clusters"`
	Keywords int64 `json:"keywords"`
}

// AutoCluster orders the clustering of keywords of a site: those named, or
// else all that are in no cluster, or else all. It is ErrNothingToCluster when
// there are none.
func (p *Planner) AutoCluster(ctx context.Context, tx *tenant.Tx, sid site.ID, ks []KeywordID) (Ordered, error) {
	if _, err := site.Load(ctx, tx, sid); err != nil {
		return Ordered{}, err
	}
	a := ClusterArgs{Site: sid, Keywords: ks}
	n, err := a.count(ctx, tx)
	if err == nil && n == 0 && len(ks) == 0 {
		a.All = true
		n, err = a.count(ctx, tx)
	}
	if err != nil {
		return Ordered{}, err
	}
	if n == 0 {
		return Ordered{}, ErrNothingToCluster
	}
	if len(ks) > 0 && n < int64(distinct(ks)) {
		return Ordered{}, ErrKeywordNotFound
	}
	quote, err := credit.Quote(ctx, tx, credit.AutoCluster, n)
	if err != nil {
		return Ordered{}, err
	}
	if a.Hold, err = credit.Reserve(ctx, tx, quote, credit.AutoCluster, sid.String()); err != nil {
		return Ordered{}, err
	}
	jid, err := p.queue.Enqueue(ctx, tx, a, job.Order{Total: n, Quote: (*int64)(&quote), Message: "Waiting to cluster"})
	return Ordered{Job: jid, Quote: quote}, err
}

func distinct[T comparable](all []T) int {
	set := make(map[T]struct{}, len(all))
	for _, v := range all {
		set[v] = struct{}{}
	}
	return len(set)
}

// where is the condition for the keywords that are meant, with arguments that
// begin at $2.
func (a ClusterArgs) where() (string, []any) {
	args := []any{a.Site}
	switch {
	case len(a.Keywords) > 0:
		for _, k := range a.Keywords {
			args = append(args, k)
		}
		return `account_id = $1 AND site_id = $2 AND id IN (` + numbered(3, len(a.Keywords)) + `)`, args
	case a.All:
		return `account_id = $1 AND site_id = $2`, args
	default:
		return `account_id = $1 AND site_id = $2 AND cluster_id IS NULL`, args
	}
}

func (a ClusterArgs) count(ctx context.Context, r tenant.Reader) (n int64, err error) {
	where, args := a.where()
	if err := r.Get(ctx, `SELECT count(*) FROM keywords WHERE `+where, args, &n); err != nil {
		return 0, fmt.Errorf("count keywords to cluster: %w", err)
	}
	return n, nil
}

// clusterer does clusterings.
type clusterer struct{ p *Planner }

// Do clusters.
func (h clusterer) Do(ctx context.Context, s tenant.Scope, r *job.Run, a ClusterArgs) (any, error) {
	if err := h.p.st.Update(ctx, s, func(ctx context.Context, tx *tenant.Tx) error { return credit.Reclaim(ctx, tx, a.Hold) }); err != nil {
		return nil, err
	}
	ids, brief, err := h.p.brief(ctx, s, a)
	if err != nil {
		return nil, err
	}
	if err := r.Progress(ctx, 0, int64(len(ids)), "Clustering"); err != nil {
		return nil, err
	}
	var result Clustered
	err = h.p.gate.Cluster(ctx, s, a.Hold, brief, func(ctx context.Context, tx *tenant.Tx, groups []ai.Group) error {
		if result, err = saveGroups(ctx, tx, a.Site, ids, brief, groups); err != nil {
			return err
		}
		return r.Finish(ctx, tx, result)
	})
	return result, err
}

// Abandon gives the credits back.
func (clusterer) Abandon(ctx context.Context, tx *tenant.Tx, a ClusterArgs) error {
	return releaseUnspent(ctx, tx, a.Hold)
}

func releaseUnspent(ctx context.Context, tx *tenant.Tx, hid credit.HoldID) error {
	if err := credit.Release(ctx, tx, hid); !errors.Is(err, credit.ErrHoldSpent) {
		return err
	}
	return nil
}

// brief reads what is to be clustered.
func (p *Planner) brief(ctx context.Context, s tenant.Scope, a ClusterArgs) (ids []KeywordID, brief ai.ClusterBrief, err error) {
	err = p.st.View(ctx, s, func(ctx context.Context, v *tenant.View) error {
		where, err := site.Load(ctx, v, a.Site)
		if err != nil {
			return err
		}
		brief.Language = where.Language
		cond, args := a.where()
		return v.Each(ctx, `SELECT id, phrase, coalesce(volume, 0), intent FROM keywords WHERE `+cond+` ORDER BY id`, args, func(scan tenant.Scan) error {
			var k KeywordID
			var ph ai.Phrase
			err := scan(&k, &ph.Text, &ph.Volume, &ph.Intent)
			ids, brief.Phrases = append(ids, k), append(brief.Phrases, ph)
			return err
		})
	})
	if err == nil && len(ids) == 0 {
		err = ErrNothingToCluster // they were deleted meanwhile
	}
	return ids, brief, err
}

// saveGroups writes the clusters and puts their keywords into them. Clusters
// that lose keywords to the new ones are counted anew, and go when they are
// left without keywords and without ideas.
func saveGroups(ctx context.Context, tx *tenant.Tx, sid site.ID, ids []KeywordID, brief ai.ClusterBrief, groups []ai.Group) (Clustered, error) {
	var result Clustered
	var clusters []Cluster
	var moves []move
	placed := make([]bool, len(ids))
	for _, g := range groups {
		c := Cluster{
			ID: id.New[clusterKind](), Site: sid, Name: g.Name, Intent: string(g.Intent),
			Cohesion: int64(math.Round(1000 * max(0, min(1, g.Cohesion)))),
		}
		for _, m := range g.Members {
			if m < 0 || m >= len(ids) || placed[m] {
				return Clustered{}, fmt.Errorf("%w: keyword %d is not one, or in two groups", ai.ErrRefused, m)
			}
			placed[m] = true
			c.Size++
			c.Volume += brief.Phrases[m].Volume
			moves = append(moves, move{ids[m], c.ID})
		}
		if c.Size == 0 {
			continue
		}
		pillar := g.Pillar
		if pillar < 0 || pillar >= len(ids) {
			pillar = g.Members[0]
		}
		c.Pillar = brief.Phrases[pillar].Text
		if c.Name == "" {
			c.Name = c.Pillar
		}
		clusters = append(clusters, c)
		result.Clusters++
		result.Keywords += c.Size
	}
	if err := insertClusters(ctx, tx, clusters); err != nil {
		return Clustered{}, err
	}
	if err := moveKeywords(ctx, tx, moves); err != nil {
		return Clustered{}, err
	}
	return result, recount(ctx, tx, sid)
}

// move puts a keyword into a cluster.
type move struct {
	keyword KeywordID
	cluster ClusterID
}

func insertClusters(ctx context.Context, tx *tenant.Tx, all []Cluster) error {
	for len(all) > 0 {
		part := all[:min(batchSize, len(all))]
		all = all[len(part):]
		var q strings.Builder
		args := []any{clock.Micros(tx.Now())}
		q.WriteString(`INSERT INTO clusters (account_id, created_at, id, site_id, name, pillar, intent, size, volume, cohesion) VALUES `)
		for i, c := range part {
			if i > 0 {
				q.WriteByte(',')
			}
			n := len(args) + 2
			fmt.Fprintf(&q, "($1, $2, $%d, $%d, $%d, $%d, $%d, $%d, $%d, $%d)", n, n+1, n+2, n+3, n+4, n+5, n+6, n+7)
			args = append(args, c.ID, c.Site, c.Name, c.Pillar, c.Intent, c.Size, c.Volume, c.Cohesion)
		}
		if _, err := tx.Exec(ctx, q.String(), args...); err != nil {
			return fmt.Errorf("save %d clusters: %w", len(part), err)
		}
	}
	return nil
}

// moveKeywords puts the keywords of each cluster into it, some at a time. The
// moves of one cluster stand together.
func moveKeywords(ctx context.Context, tx *tenant.Tx, all []move) error {
	for len(all) > 0 {
		n := 1
		for n < len(all) && n < batchSize && all[n].cluster == all[0].cluster {
			n++
		}
		args := []any{all[0].cluster}
		for _, m := range all[:n] {
			args = append(args, m.keyword)
		}
		if _, err := tx.Exec(ctx, `UPDATE keywords SET cluster_id = $2 WHERE account_id = $1 AND id IN (`+numbered(3, n)+`)`, args...); err != nil {
			return fmt.Errorf("put %d keywords into cluster %s: %w", n, all[0].cluster, err)
		}
		all = all[n:]
	}
	return nil
}

// numbered is a list of n parameters, such as "$3,$4".
func numbered(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", from+i)
	}
	return b.String()
}

// recount makes the sizes of a site's clusters true again.
func recount(ctx context.Context, tx *tenant.Tx, sid site.ID) error {
	_, err := tx.Exec(ctx, `
		DELETE FROM clusters WHERE account_id = $1 AND site_id = $2
			AND NOT EXISTS (SELECT 1 FROM keywords k WHERE k.account_id = $1 AND k.cluster_id = clusters.id)
			AND NOT EXISTS (SELECT 1 FROM ideas i WHERE i.account_id = $1 AND i.cluster_id = clusters.id)`, sid)
	if err != nil {
		return fmt.Errorf("drop empty clusters: %w", err)
	}
	_, err = tx.Exec(ctx, `
		WITH now AS (
			SELECT cluster_id, count(*) AS size, sum(coalesce(volume, 0)) AS volume FROM keywords
			WHERE account_id = $1 AND site_id = $2 AND cluster_id IS NOT NULL GROUP BY cluster_id)
		UPDATE clusters SET size = now.size, volume = now.volume FROM now
		WHERE clusters.account_id = $1 AND clusters.id = now.cluster_id AND (clusters.size <> now.size OR clusters.volume <> now.volume)`, sid)
	if err != nil {
		return fmt.Errorf("count clusters anew: %w", err)
	}
	return nil
}
