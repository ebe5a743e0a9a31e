package planner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"igny8/internal/account"
	"igny8/internal/ai"
	"igny8/internal/audit"
	"igny8/internal/id"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

// maxClusterName is how many characters the name of a cluster may have.
const maxClusterName = 200

// ClusterChange is what a person changes of a cluster. Nil fields stay.
type ClusterChange struct {
	Name   *string
	Locked *bool // nil with a name: locked
}

// ChangeCluster renames a cluster, locks it or opens it again. What a person
// has named is locked, unless the change says otherwise. It is
// ErrInvalidClusterName for a name that cannot be shown.
func ChangeCluster(ctx context.Context, tx *tenant.Tx, cid ClusterID, ch ClusterChange) (Cluster, error) {
	c, err := editable(ctx, tx, cid)
	if err != nil {
		return Cluster{}, err
	}
	if ch.Name != nil {
		if c.Name, err = parseClusterName(*ch.Name); err != nil {
			return Cluster{}, err
		}
		c.Locked = true
	}
	if ch.Locked != nil {
		c.Locked = *ch.Locked
	}
	if _, err := tx.Exec(ctx, `UPDATE clusters SET name = $3, locked = $4 WHERE account_id = $1 AND id = $2`, cid, c.Name, c.Locked); err != nil {
		return Cluster{}, fmt.Errorf("change cluster %s: %w", cid, err)
	}
	return c, audit.Record(ctx, tx, "cluster.changed", cid.String(), nil)
}

// MoveKeywords puts keywords of the cluster's site into it, wherever they were,
// and locks it. Clusters that lose keywords are counted anew; one that is left
// with none goes, unless ideas hang on it.
func MoveKeywords(ctx context.Context, tx *tenant.Tx, cid ClusterID, ks []KeywordID) (Cluster, error) {
	c, err := editable(ctx, tx, cid)
	if err != nil {
		return Cluster{}, err
	}
	from, err := homes(ctx, tx, ks)
	if err != nil {
		return Cluster{}, err
	}
	if err := c.take(ctx, tx, ks); err != nil {
		return Cluster{}, err
	}
	return c.settled(ctx, tx, "cluster.keywords_moved", from...)
}

// SplitCluster makes a cluster of its own, locked, of some of a cluster's
// keywords; an empty name is the first keyword's. It is ErrKeywordNotFound when
// one is in another cluster, and ErrClusterSplit when none would be left.
func SplitCluster(ctx context.Context, tx *tenant.Tx, cid ClusterID, name string, ks []KeywordID) (Cluster, error) {
	from, err := editable(ctx, tx, cid)
	if err != nil {
		return Cluster{}, err
	}
	in, err := countIn(ctx, tx, `AND cluster_id = $2`, cid, ks)
	if err != nil {
		return Cluster{}, err
	}
	if n := distinct(ks); in < int64(n) || n == 0 {
		return Cluster{}, ErrKeywordNotFound
	} else if int64(n) == from.Size {
		return Cluster{}, ErrClusterSplit
	}
	c := Cluster{ID: id.New[clusterKind](), Site: from.Site, Intent: from.Intent, Size: 1, Cohesion: from.Cohesion}
	if err := tx.Get(ctx, `SELECT phrase FROM keywords WHERE account_id = $1 AND id = $2`, []any{ks[0]}, &c.Pillar); err != nil {
		return Cluster{}, fmt.Errorf("pillar of the new cluster: %w", err)
	}
	if c.Name = c.Pillar; name != "" {
		if c.Name, err = parseClusterName(name); err != nil {
			return Cluster{}, err
		}
	}
	if err := insertClusters(ctx, tx, []Cluster{c}); err != nil {
		return Cluster{}, err
	}
	if err := c.take(ctx, tx, ks); err != nil {
		return Cluster{}, err
	}
	return c.settled(ctx, tx, "cluster.split", cid)
}

// MergeClusters puts the keywords and the ideas of other clusters of the site
// into this one, and locks it; the others go.
func MergeClusters(ctx context.Context, tx *tenant.Tx, into ClusterID, others []ClusterID) (Cluster, error) {
	c, err := editable(ctx, tx, into)
	if err != nil {
		return Cluster{}, err
	}
	for _, cid := range others {
		o, err := LoadCluster(ctx, tx, cid)
		if err != nil {
			return Cluster{}, err
		}
		if o.Site != c.Site || cid == into {
			return Cluster{}, fmt.Errorf("merge %s into %s: %w", cid, into, ErrClusterMerge)
		}
		for _, q := range []string{
			`UPDATE keywords SET cluster_id = $2 WHERE account_id = $1 AND cluster_id = $3`,
			`UPDATE ideas SET cluster_id = $2 WHERE account_id = $1 AND cluster_id = $3`,
		} {
			if _, err := tx.Exec(ctx, q, into, cid); err != nil {
				return Cluster{}, fmt.Errorf("merge %s into %s: %w", cid, into, err)
			}
		}
	}
	return c.settled(ctx, tx, "cluster.merged")
}

// DeleteCluster takes a cluster away and leaves its keywords in none. It is
// ErrClusterHasIdeas for one on which ideas hang: they would lose what they
// are about.
func DeleteCluster(ctx context.Context, tx *tenant.Tx, cid ClusterID) error {
	if _, err := editable(ctx, tx, cid); err != nil {
		return err
	}
	var ideas int64
	if err := tx.Get(ctx, `SELECT count(*) FROM ideas WHERE account_id = $1 AND cluster_id = $2`, []any{cid}, &ideas); err != nil {
		return fmt.Errorf("ideas of %s: %w", cid, err)
	}
	if ideas > 0 {
		return fmt.Errorf("delete cluster %s: %w", cid, ErrClusterHasIdeas)
	}
	for _, q := range []string{
		`UPDATE keywords SET cluster_id = NULL WHERE account_id = $1 AND cluster_id = $2`,
		`DELETE FROM clusters WHERE account_id = $1 AND id = $2`,
	} {
		if _, err := tx.Exec(ctx, q, cid); err != nil {
			return fmt.Errorf("delete cluster %s: %w", cid, err)
		}
	}
	return audit.Record(ctx, tx, "cluster.deleted", cid.String(), nil)
}

// editable is a cluster that nothing else changes until the transaction ends.
func editable(ctx context.Context, tx *tenant.Tx, cid ClusterID) (Cluster, error) {
	if err := account.Lock(ctx, tx); err != nil {
		return Cluster{}, err
	}
	return LoadCluster(ctx, tx, cid)
}

// take puts keywords of the cluster's site into it, or none of them.
func (c Cluster) take(ctx context.Context, tx *tenant.Tx, ks []KeywordID) error {
	n, err := countIn(ctx, tx, `AND site_id = $2`, c.Site, ks)
	if err != nil {
		return err
	}
	if n == 0 || n < int64(distinct(ks)) {
		return ErrKeywordNotFound
	}
	for len(ks) > 0 {
		part := ks[:min(batchSize, len(ks))]
		ks = ks[len(part):]
		args := []any{c.ID}
		for _, k := range part {
			args = append(args, k)
		}
		if _, err := tx.Exec(ctx, `UPDATE keywords SET cluster_id = $2 WHERE account_id = $1 AND id IN (`+numbered(len(part))+`)`, args...); err != nil {
			return fmt.Errorf("put %d keywords into cluster %s: %w", len(part), c.ID, err)
		}
	}
	return nil
}

// unique is ks without repetitions, in the order of their ids.
func unique(ks []KeywordID) []KeywordID {
	sorted := slices.SortedFunc(slices.Values(ks), func(a, b KeywordID) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(sorted)
}

// countIn counts the keywords that are among ks and meet a condition on $2.
func countIn(ctx context.Context, r tenant.Reader, and string, of any, ks []KeywordID) (n int64, err error) {
	for part := range slices.Chunk(unique(ks), batchSize) {
		args := []any{of}
		for _, k := range part {
			args = append(args, k)
		}
		var some int64
		q := `SELECT count(*) FROM keywords WHERE account_id = $1 ` + and + ` AND id IN (` + numbered(len(part)) + `)`
		if err := r.Get(ctx, q, args, &some); err != nil {
			return 0, fmt.Errorf("count keywords: %w", err)
		}
		n += some
	}
	return n, nil
}

// homes is the clusters in which keywords are.
func homes(ctx context.Context, r tenant.Reader, ks []KeywordID) ([]ClusterID, error) {
	var all []ClusterID
	for part := range slices.Chunk(ks, batchSize) {
		args := []any{""}
		for _, k := range part {
			args = append(args, k)
		}
		err := r.Each(ctx, `SELECT DISTINCT cluster_id FROM keywords WHERE account_id = $1 AND cluster_id <> $2 AND id IN (`+numbered(len(part))+`)`, args,
			func(scan tenant.Scan) error {
				var c ClusterID
				err := scan(&c)
				all = append(all, c)
				return err
			})
		if err != nil {
			return nil, fmt.Errorf("clusters of %d keywords: %w", len(part), err)
		}
	}
	slices.SortFunc(all, func(a, b ClusterID) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(all), nil
}

// What a description reads at most: of the cluster, and of the site's other
// keywords, which say how rare a word is.
const (
	describedPhrases = 2000
	describedBeside  = 2000
)

// mostDescribed is how many clusters one act describes anew: each is held
// against the site's other keywords, which takes a moment.
const mostDescribed = 20

// describeAll describes the last of so many clusters. The others keep intent and
// cohesion until they are changed again: keywords that left seldom turn them.
func describeAll(ctx context.Context, tx *tenant.Tx, s site.Site, all []ClusterID) error {
	for _, cid := range all[max(0, len(all)-mostDescribed):] {
		if err := describe(ctx, tx, s, cid); err != nil {
			return err
		}
	}
	return nil
}

// describe makes intent and cohesion of a cluster true again. One that has gone,
// or has no keywords, stays as it is.
func describe(ctx context.Context, tx *tenant.Tx, s site.Site, cid ClusterID) error {
	read := func(is string, most int) (all []ai.Phrase, err error) {
		err = tx.Each(ctx, `
			SELECT phrase, coalesce(volume, 0), intent FROM keywords WHERE account_id = $1 AND site_id = $2 AND (coalesce(cluster_id, '') = $3) = `+is+` ORDER BY id LIMIT $4`,
			[]any{s.ID, cid, most}, func(scan tenant.Scan) error {
				var p ai.Phrase
				err := scan(&p.Text, &p.Volume, &p.Intent)
				all = append(all, p)
				return err
			})
		return all, err
	}
	own, err := read("TRUE", describedPhrases)
	if err != nil || len(own) == 0 {
		return err
	}
	others, err := read("FALSE", describedBeside)
	if err != nil {
		return err
	}
	intent, cohesion, err := ai.Describe(ctx, s.Language, ai.Together{Phrases: own}, others)
	if err == nil {
		_, err = tx.Exec(ctx, `UPDATE clusters SET intent = $3, cohesion = $4 WHERE account_id = $1 AND id = $2`, cid, string(intent), thousandths(cohesion))
	}
	if err != nil {
		return fmt.Errorf("describe cluster %s: %w", cid, err)
	}
	return nil
}

// settled locks a cluster that a person has filled, counts the site's clusters
// anew, and describes this one and those from which keywords came.
func (c Cluster) settled(ctx context.Context, tx *tenant.Tx, action string, from ...ClusterID) (Cluster, error) {
	if _, err := tx.Exec(ctx, `UPDATE clusters SET locked = TRUE WHERE account_id = $1 AND id = $2`, c.ID); err != nil {
		return Cluster{}, fmt.Errorf("lock cluster %s: %w", c.ID, err)
	}
	if err := recount(ctx, tx, c.Site); err != nil {
		return Cluster{}, err
	}
	if err := lead(ctx, tx, c.Site); err != nil {
		return Cluster{}, err
	}
	s, err := site.Load(ctx, tx, c.Site)
	if err != nil {
		return Cluster{}, err
	}
	if err := describeAll(ctx, tx, s, append(from, c.ID)); err != nil {
		return Cluster{}, err
	}
	if err := audit.Record(ctx, tx, action, c.ID.String(), nil); err != nil {
		return Cluster{}, err
	}
	return LoadCluster(ctx, tx, c.ID)
}

func parseClusterName(s string) (string, error) {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	for _, r := range s {
		if r < ' ' || r == 0x7f {
			return "", ErrInvalidClusterName
		}
	}
	if s == "" || utf8.RuneCountInString(s) > maxClusterName {
		return "", ErrInvalidClusterName
	}
	return s, nil
}

// lead gives each cluster of a site whose pillar is in another one now the
// keyword with the most searches as its pillar.
func lead(ctx context.Context, tx *tenant.Tx, sid site.ID) error {
	_, err := tx.Exec(ctx, `
		UPDATE clusters SET pillar = (
			SELECT k.phrase FROM keywords k WHERE k.account_id = $1 AND k.cluster_id = clusters.id
			ORDER BY coalesce(k.volume, 0) DESC, k.phrase LIMIT 1)
		WHERE account_id = $1 AND site_id = $2
			AND EXISTS (SELECT 1 FROM keywords k WHERE k.account_id = $1 AND k.cluster_id = clusters.id)
			AND NOT EXISTS (SELECT 1 FROM keywords k WHERE k.account_id = $1 AND k.cluster_id = clusters.id AND k.phrase = clusters.pillar)`, sid)
	if err != nil {
		return fmt.Errorf("pillars of site %s: %w", sid, err)
	}
	return nil
}
