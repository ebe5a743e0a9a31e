package planner

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"igny8/internal/account"
	"igny8/internal/ai"
	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

// plan is what the groups of an answer come to in rows.
type plan struct {
	clusters []Cluster
	moves    []move // those of one cluster stand together
	joins    []join
}

// move puts a keyword into a cluster.
type move struct {
	keyword KeywordID
	cluster ClusterID
}

// join puts keywords into a cluster that there is. own is what they become
// should it have gone since it was read.
type join struct {
	to    ClusterID
	own   Cluster
	moves []move // into own
}

// planGroups makes clusters of groups, and joins of those that go into one of
// the clusters that there are. A keyword that is in no group stays where it is;
// one that does not exist, or is in two, is an answer that cannot be used.
func planGroups(sid site.ID, k known, groups []ai.Group) (plan, error) {
	var pl plan
	placed := make([]bool, len(k.ids))
	for _, g := range groups {
		if len(g.Members) == 0 {
			continue
		}
		if g.Into < 0 || g.Into > len(k.there) {
			return plan{}, fmt.Errorf("%w: there is no cluster %d", ai.ErrUnusable, g.Into)
		}
		c := Cluster{
			ID: id.New[clusterKind](), Site: sid, Name: g.Name, Intent: string(g.Intent), Size: int64(len(g.Members)),
			Cohesion: thousandths(g.Cohesion),
		}
		var moves []move
		for _, m := range g.Members {
			if m < 0 || m >= len(k.ids) || placed[m] {
				return plan{}, fmt.Errorf("%w: keyword %d is not one, or in two groups", ai.ErrUnusable, m)
			}
			placed[m] = true
			c.Volume += k.brief.Phrases[m].Volume
			moves = append(moves, move{k.ids[m], c.ID})
		}
		pillar := g.Pillar
		if !slices.Contains(g.Members, pillar) {
			pillar = g.Members[0]
		}
		if c.Pillar = k.brief.Phrases[pillar].Text; c.Name == "" || g.Into > 0 {
			c.Name = c.Pillar
		}
		if g.Into > 0 {
			pl.joins = append(pl.joins, join{k.there[g.Into-1], c, moves})
			continue
		}
		pl.clusters = append(pl.clusters, c)
		pl.moves = append(pl.moves, moves...)
	}
	return pl, nil
}

// thousandths is a share as it is stored.
func thousandths(share float64) int64 { return int64(math.Round(1000 * max(0, min(1, share)))) }

// save writes the clusters and puts their keywords into them. Clusters that
// lose keywords to the new ones are counted anew, and go when they are left
// without keywords and without ideas. The account is locked, so that no import
// changes meanwhile what is counted.
func (pl plan) save(ctx context.Context, tx *tenant.Tx, sid site.ID) (Clustered, error) {
	if err := account.Lock(ctx, tx); err != nil {
		return Clustered{}, err
	}
	result := Clustered{Keywords: int64(len(pl.moves))}
	for _, j := range pl.joins {
		n, err := tx.Exec(ctx, `UPDATE clusters SET intent = $3, cohesion = $4 WHERE account_id = $1 AND id = $2`, j.to, j.own.Intent, j.own.Cohesion)
		if err != nil {
			return Clustered{}, fmt.Errorf("join cluster %s: %w", j.to, err)
		}
		if n == 0 { // somebody has taken it away
			pl.clusters = append(pl.clusters, j.own)
		} else {
			for i := range j.moves {
				j.moves[i].cluster = j.to
			}
			result.Joined += int64(len(j.moves))
		}
		pl.moves = append(pl.moves, j.moves...)
		result.Keywords += int64(len(j.moves))
	}
	if err := insertClusters(ctx, tx, pl.clusters); err != nil {
		return Clustered{}, err
	}
	if err := moveKeywords(ctx, tx, pl.moves); err != nil {
		return Clustered{}, err
	}
	result.Clusters = int64(len(pl.clusters))
	return result, recount(ctx, tx, sid)
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

// unlocked is the condition for a keyword that no person has placed.
const unlocked = ` AND NOT EXISTS (SELECT 1 FROM clusters c WHERE c.account_id = $1 AND c.id = keywords.cluster_id AND c.locked)`

// moveKeywords puts the keywords of each cluster into it, some at a time. The
// moves of one cluster stand together. A keyword that a person has put somewhere
// since the order stays there.
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
		if _, err := tx.Exec(ctx, `UPDATE keywords SET cluster_id = $2 WHERE account_id = $1 AND id IN (`+numbered(n)+`)`+unlocked, args...); err != nil {
			return fmt.Errorf("put %d keywords into cluster %s: %w", n, all[0].cluster, err)
		}
		all = all[n:]
	}
	return nil
}

// numbered is a list of n parameters, from "$3" on.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", 3+i)
	}
	return b.String()
}

// recount makes the sizes of a site's clusters true again. One that has only
// ideas left stays for their sake, with its last size: the table holds no
// smaller one than 1, and there is nothing to do with it but read its ideas.
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
