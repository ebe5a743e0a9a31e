package planner

import (
	"context"
	"encoding/json"
	"fmt"

	"igny8/internal/ai"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/id"
	"igny8/internal/planner/internal/keywordfile"
	"igny8/internal/tenant"
)

// saveIdeas keeps the ideas whose title the site has not, however it is spelt.
func saveIdeas(ctx context.Context, tx *tenant.Tx, c Cluster, hid credit.HoldID, ideas []ai.Idea) ([]IdeaID, error) {
	ids := []IdeaID{}
	for _, i := range ideas {
		title := keywordfile.Key(i.Title)
		if title == "" {
			continue
		}
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
		questions, err := json.Marshal(append([]string{}, i.Questions...))
		if err != nil {
			return nil, err
		}
		iid := id.New[ideaKind]()
		n, err := tx.Exec(ctx, `
			INSERT INTO ideas (account_id, id, site_id, cluster_id, hold_id, title, title_key, angle, audience, intent, outline, keywords, questions, status, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'proposed', $14) ON CONFLICT (account_id, site_id, title_key) DO NOTHING`,
			iid, c.Site, c.ID, hid, i.Title, title, i.Angle, i.Audience, string(i.Intent), string(outline), string(keywords), string(questions), clock.Micros(tx.Now()))
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
		ids, err = collect(ctx, v, &query{text: `SELECT id FROM ideas WHERE account_id = $1 AND hold_id = $2 ORDER BY id`, args: []any{hid}}, func(scan tenant.Scan) (IdeaID, error) {
			var i IdeaID
			err := scan(&i)
			return i, err
		})
		return err
	})
	return ids, err
}
