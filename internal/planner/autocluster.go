package planner

import (
	"context"
	"errors"
	"fmt"

	"igny8/internal/ai"
	"igny8/internal/credit"
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
	Count    int64         `json:"count,omitempty"`    // how many the hold pays for; what came after the order waits for the next
}

// Kind implements job.Args.
func (ClusterArgs) Kind() string { return "planner.auto_cluster" }

// Clustered is what came of clustering.
type Clustered struct {
	Clusters int64 `json:"clusters"` // new ones
	Keywords int64 `json:"keywords"`
	Joined   int64 `json:"joined"` // keywords that came to clusters that were there
}

// AutoCluster orders the clustering of keywords of a site: those named, or
// else all that are in no cluster, or else all. It is ErrKeywordNotFound when
// one that is named is not the site's, and ErrNothingToCluster when there are
// none that no person has placed: what is in a locked cluster stays there.
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
	there, err := countIn(ctx, tx, `AND site_id = $2`, sid, ks)
	if err != nil {
		return Ordered{}, err
	}
	if there < int64(distinct(ks)) {
		return Ordered{}, ErrKeywordNotFound
	}
	if n == 0 {
		return Ordered{}, ErrNothingToCluster
	}
	a.Count = n
	quote, err := credit.Quote(ctx, tx, credit.AutoCluster, n)
	if err != nil {
		return Ordered{}, err
	}
	if a.Hold, err = credit.Reserve(ctx, tx, credit.Want{Amount: quote, Operation: credit.AutoCluster, Reference: sid.String(), Site: sid.String()}); err != nil {
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
		return `account_id = $1 AND site_id = $2 AND id IN (` + numbered(len(a.Keywords)) + `)` + unlocked, args
	case a.All:
		return `account_id = $1 AND site_id = $2` + unlocked, args
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
	k, err := h.p.brief(ctx, s, a)
	if err != nil {
		return nil, err
	}
	if err := r.Progress(ctx, 0, int64(len(k.ids)), "Clustering"); err != nil {
		return nil, err
	}
	var result Clustered
	err = h.p.gate.Cluster(ctx, s, a.Hold, k.brief, func(ctx context.Context, tx *tenant.Tx, groups []ai.Group) error {
		pl, err := planGroups(a.Site, k, groups)
		if err != nil {
			return err
		}
		if result, err = pl.save(ctx, tx, a.Site); err != nil {
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

// known is what a clustering works on: the brief, and whose the phrases and the
// clusters in it are.
type known struct {
	ids   []KeywordID
	there []ClusterID
	brief ai.ClusterBrief
}

// brief reads what is to be clustered. What is new joins the clusters of the
// site; who names keywords, or wants all anew, gets clusters of their own.
func (p *Planner) brief(ctx context.Context, s tenant.Scope, a ClusterArgs) (k known, err error) {
	err = p.st.View(ctx, s, func(ctx context.Context, v *tenant.View) error {
		k = known{}
		where, err := site.Load(ctx, v, a.Site)
		if err != nil {
			return err
		}
		k.brief.Language = where.Language
		seen, err := seenResults(ctx, v, a.Site)
		if err != nil {
			return err
		}
		cond, args := a.where()
		q := &query{text: `SELECT id, phrase, coalesce(volume, 0), intent FROM keywords WHERE ` + cond, args: args}
		q.inOrder(`id`, int(a.Count))
		err = v.Each(ctx, q.text, q.args, func(scan tenant.Scan) error {
			var kid KeywordID
			var ph ai.Phrase
			err := scan(&kid, &ph.Text, &ph.Volume, &ph.Intent)
			ph.Results = seen[kid]
			k.ids, k.brief.Phrases = append(k.ids, kid), append(k.brief.Phrases, ph)
			return err
		})
		if err != nil || a.All || len(a.Keywords) > 0 {
			return err
		}
		return k.readThere(ctx, v, a.Site, seen)
	})
	if err == nil && len(k.ids) == 0 {
		err = ErrNothingToCluster // another job has clustered them meanwhile
	}
	return k, err
}

// readThere reads the clusters of the site with their phrases.
func (k *known) readThere(ctx context.Context, r tenant.Reader, sid site.ID, seen map[KeywordID][]string) error {
	err := r.Each(ctx, `
		SELECT cluster_id, id, phrase, coalesce(volume, 0), intent FROM keywords
		WHERE account_id = $1 AND site_id = $2 AND cluster_id IS NOT NULL ORDER BY cluster_id, id`, []any{sid}, func(scan tenant.Scan) error {
		var cid ClusterID
		var kid KeywordID
		var ph ai.Phrase
		if err := scan(&cid, &kid, &ph.Text, &ph.Volume, &ph.Intent); err != nil {
			return err
		}
		ph.Results = seen[kid]
		if n := len(k.there); n == 0 || k.there[n-1] != cid {
			k.there, k.brief.There = append(k.there, cid), append(k.brief.There, ai.Together{})
		}
		last := &k.brief.There[len(k.there)-1]
		last.Phrases = append(last.Phrases, ph)
		return nil
	})
	if err != nil {
		return fmt.Errorf("clusters of %s: %w", sid, err)
	}
	return nil
}

// resultsSeen is how many of a keyword's results count, from the first.
const resultsSeen = 10

// seenResults is the pages that are known of a site's keywords, best first.
func seenResults(ctx context.Context, r tenant.Reader, sid site.ID) (map[KeywordID][]string, error) {
	all := map[KeywordID][]string{}
	err := r.Each(ctx, `
		SELECT p.keyword_id, p.url FROM keyword_results p JOIN keywords k ON k.account_id = p.account_id AND k.id = p.keyword_id
		WHERE p.account_id = $1 AND k.site_id = $2 AND p.position <= $3 ORDER BY p.keyword_id, p.position`, []any{sid, resultsSeen}, func(scan tenant.Scan) error {
		var k KeywordID
		var url string
		err := scan(&k, &url)
		all[k] = append(all[k], url)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("results of the keywords of %s: %w", sid, err)
	}
	return all, nil
}
