package planner

import (
	"context"
	"encoding/json"
	"fmt"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/fault"
	"igny8/internal/planner/internal/keywordfile"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// The statuses of an idea.
const (
	IdeaProposed  = "proposed"
	IdeaAccepted  = "accepted" // a task was made of it
	IdeaDismissed = "dismissed"
)

// What an idea or brief holds at most.
const (
	maxIdeaTitle    = 200
	maxIdeaAngle    = 1000
	maxIdeaAudience = 300
	maxIdeaKeywords = 50
	maxSections     = 30
	maxQuestions    = 20
)

// IdeaChange says what changes; nil leaves it as it is.
type IdeaChange struct {
	Status    *string // IdeaProposed or IdeaDismissed
	Title     *string
	Angle     *string
	Audience  *string
	Outline   *[]Section
	Keywords  *[]string
	Questions *[]string
}

// ErrInvalidIdea is an idea that cannot be like this; its fields say why.
// ErrIdeaAccepted is one of which a task was made: the task has the brief now.
var (
	ErrInvalidIdea  = fault.New(fault.Invalid, "idea.invalid", "The idea cannot be like this.").FieldsSay()
	ErrIdeaAccepted = fault.New(fault.Conflict, "idea.accepted", "A task was made of this idea. Change the task instead.")
)

// ChangeIdea edits an idea, dismisses it or takes it up again. A dismissed one
// keeps its title from being proposed again.
func ChangeIdea(ctx context.Context, tx *tenant.Tx, iid IdeaID, ch IdeaChange) (Idea, error) {
	if err := tx.Get(ctx, `SELECT 1 FROM ideas WHERE account_id = $1 AND id = $2`+tx.ForUpdate(), []any{iid}, new(int)); err != nil && !tenant.IsNotFound(err) {
		return Idea{}, fmt.Errorf("lock idea %s: %w", iid, err)
	}
	i, err := LoadIdea(ctx, tx, iid)
	if err == nil && i.Status == IdeaAccepted {
		err = ErrIdeaAccepted
	}
	if err != nil {
		return Idea{}, err
	}
	if err := i.change(ch); err != nil {
		return Idea{}, err
	}
	lists := make([]string, 3)
	for n, l := range []any{append([]Section{}, i.Outline...), append([]string{}, i.Keywords...), append([]string{}, i.Questions...)} {
		text, err := json.Marshal(l)
		if err != nil {
			return Idea{}, err
		}
		lists[n] = string(text)
	}
	key := keywordfile.Key(i.Title)
	taken := tx.Get(ctx, `SELECT 1 FROM ideas WHERE account_id = $1 AND site_id = $2 AND title_key = $3 AND id <> $4`, []any{i.Site, key, iid}, new(int))
	if key == "" || taken == nil {
		return Idea{}, ErrInvalidIdea.At("body.title", "is another idea's of the site, or has no letters", i.Title)
	}
	if !tenant.IsNotFound(taken) {
		return Idea{}, fmt.Errorf("titles like that of idea %s: %w", iid, taken)
	}
	_, err = tx.Exec(ctx, `
		UPDATE ideas SET title = $3, title_key = $4, angle = $5, audience = $6, outline = $7, keywords = $8, questions = $9, status = $10
		WHERE account_id = $1 AND id = $2`, iid, i.Title, key, i.Angle, i.Audience, lists[0], lists[1], lists[2], i.Status)
	if tenant.IsDuplicate(err) { // somebody was faster
		err = ErrInvalidIdea.At("body.title", "is another idea's of the site", i.Title)
	}
	if err != nil {
		return Idea{}, fmt.Errorf("change idea %s: %w", iid, err)
	}
	return i, audit.Record(ctx, tx, "idea.changed", iid.String(), map[string]string{"status": i.Status})
}

func (i *Idea) change(ch IdeaChange) error {
	f := ErrInvalidIdea
	for _, t := range []struct {
		at       string
		from     *string
		to       *string
		most     int
		optional bool
	}{
		{"title", ch.Title, &i.Title, maxIdeaTitle, false}, {"angle", ch.Angle, &i.Angle, maxIdeaAngle, true}, {"audience", ch.Audience, &i.Audience, maxIdeaAudience, true},
	} {
		if t.from == nil {
			continue
		}
		clean, ok := account.Printable(*t.from, t.most)
		if *t.to = clean; !ok && (!t.optional || *t.from != "") {
			f = f.At("body."+t.at, words.With("at most %d printable characters", t.most), nil)
		}
	}
	if ch.Status != nil {
		if i.Status = *ch.Status; i.Status != IdeaProposed && i.Status != IdeaDismissed {
			f = f.At("body.status", "must be proposed or dismissed", i.Status)
		}
	}
	if ch.Outline != nil {
		i.Outline, f = ParseOutline(f, *ch.Outline)
	}
	if ch.Keywords != nil {
		i.Keywords, f = parseTexts(f, "body.keywords", *ch.Keywords, maxIdeaKeywords)
	}
	if ch.Questions != nil {
		i.Questions, f = ParseQuestions(f, *ch.Questions)
	}
	if len(f.Fields) > 0 {
		return f
	}
	return nil
}

// ParseOutline is an outline that can be shown. What is wrong with it is added
// to the fault.
func ParseOutline(f *fault.Fault, all []Section) ([]Section, *fault.Fault) {
	if len(all) > maxSections {
		return nil, f.At("body.outline", "at most 30 sections", nil)
	}
	var out []Section
	for n, s := range all {
		var ok bool
		if s.Heading, ok = account.Printable(s.Heading, maxIdeaTitle); !ok {
			f = f.At(fmt.Sprintf("body.outline[%d].heading", n), "1 to 200 printable characters", nil)
		}
		s.Keywords, f = parseTexts(f, fmt.Sprintf("body.outline[%d].keywords", n), s.Keywords, maxIdeaKeywords)
		out = append(out, s)
	}
	return out, f
}

// ParseQuestions is questions that can be shown. What is wrong with them is added
// to the fault.
func ParseQuestions(f *fault.Fault, all []string) ([]string, *fault.Fault) {
	return parseTexts(f, "body.questions", all, maxQuestions)
}

func parseTexts(f *fault.Fault, at string, all []string, most int) ([]string, *fault.Fault) {
	if len(all) > most {
		return nil, f.At(at, words.With("at most %d", most), nil)
	}
	var out []string
	for n, s := range all {
		s, ok := account.Printable(s, 200)
		if !ok {
			f = f.At(fmt.Sprintf("%s[%d]", at, n), "1 to 200 printable characters", nil)
		}
		out = append(out, s)
	}
	return out, f
}
