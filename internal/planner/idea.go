package planner

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"igny8/internal/clock"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

// Idea is a proposed article.
type Idea struct {
	ID       IdeaID
	Site     site.ID
	Cluster  ClusterID
	Title    string
	Angle    string // what makes it worth reading
	Audience string
	Intent   string
	Status   string // one of the statuses
	Outline  []Section
	Keywords []string // the main one first
	// Questions are what readers ask about the subject.
	Questions []string
	Created   time.Time
}

// Section is one heading of an outline.
type Section struct {
	Heading  string   `json:"heading"`
	Keywords []string `json:"keywords,omitempty"`
}

const ideaColumns = `id, site_id, cluster_id, title, angle, audience, intent, status, outline, keywords, questions, created_at`

func readIdea(scan tenant.Scan) (Idea, error) {
	var i Idea
	var outline, keywords, questions string
	var created int64
	if err := scan(&i.ID, &i.Site, &i.Cluster, &i.Title, &i.Angle, &i.Audience, &i.Intent, &i.Status, &outline, &keywords, &questions, &created); err != nil {
		return Idea{}, err
	}
	i.Created = clock.FromMicros(created)
	if err := json.Unmarshal([]byte(outline), &i.Outline); err != nil {
		return Idea{}, fmt.Errorf("outline of idea %s: %w", i.ID, err)
	}
	if err := json.Unmarshal([]byte(keywords), &i.Keywords); err != nil {
		return Idea{}, fmt.Errorf("keywords of idea %s: %w", i.ID, err)
	}
	if err := json.Unmarshal([]byte(questions), &i.Questions); err != nil {
		return Idea{}, fmt.Errorf("questions of idea %s: %w", i.ID, err)
	}
	return i, nil
}

// IdeaFilter narrows a list. Zero fields do not.
type IdeaFilter struct {
	Site    site.ID
	Cluster ClusterID
	Status  string // one of the statuses
	After   string // the id of the last one before
	Limit   int
}

// Ideas lists ideas in the order in which they came.
func Ideas(ctx context.Context, r tenant.Reader, f IdeaFilter) ([]Idea, error) {
	q := newQuery(`SELECT `+ideaColumns+` FROM ideas WHERE account_id = $1`, f.After)
	if !f.Site.IsZero() {
		q.and("site_id", f.Site)
	}
	if !f.Cluster.IsZero() {
		q.and("cluster_id", f.Cluster)
	}
	if f.Status != "" {
		q.and("status", f.Status)
	}
	return collect(ctx, r, q.inOrder(`id`, f.Limit), readIdea)
}

// LoadIdea reads one idea.
func LoadIdea(ctx context.Context, r tenant.Reader, iid IdeaID) (Idea, error) {
	i, err := readIdea(func(dest ...any) error {
		return r.Get(ctx, `SELECT `+ideaColumns+` FROM ideas WHERE account_id = $1 AND id = $2`, []any{iid}, dest...)
	})
	if tenant.IsNotFound(err) {
		err = ErrIdeaNotFound
	}
	if err != nil {
		return Idea{}, fmt.Errorf("idea %s: %w", iid, err)
	}
	return i, nil
}

// Proposed is the oldest ideas of a site about which nothing has been decided.
func Proposed(ctx context.Context, r tenant.Reader, sid site.ID, limit int) ([]IdeaID, error) {
	var all []IdeaID
	err := r.Each(ctx, `SELECT id FROM ideas WHERE account_id = $1 AND site_id = $2 AND status = 'proposed' ORDER BY id LIMIT $3`, []any{sid, limit},
		func(scan tenant.Scan) error {
			var i IdeaID
			err := scan(&i)
			all = append(all, i)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("ideas of %s: %w", sid, err)
	}
	return all, nil
}

// Accept notes that an idea is to become an article.
func Accept(ctx context.Context, tx *tenant.Tx, iid IdeaID) error {
	if _, err := tx.Exec(ctx, `UPDATE ideas SET status = 'accepted' WHERE account_id = $1 AND id = $2`, iid); err != nil {
		return fmt.Errorf("accept idea %s: %w", iid, err)
	}
	return nil
}
