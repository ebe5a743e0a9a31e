// Package prompt owns what models are told to do: a text for each kind of work,
// which the operator may change, with every version that it ever had.
//
// A text is instructions and nothing else. What it works on, which is the
// accounts', goes into the message beside it, and what the answer looks like is
// added to it by who reads the answer.
package prompt

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/tenant"
)

// Kind is a kind of work that a model is asked to do.
type Kind string

// The kinds.
const (
	Names   Kind = "name_clusters"
	Ideas   Kind = "generate_ideas"
	Article Kind = "generate_content"
	Section Kind = "regenerate_section"
)

// Kinds lists them in the order in which an article comes about.
func Kinds() []Kind { return []Kind{Names, Ideas, Article, Section} }

// builtIn is what a new installation begins with. The words in quotation marks
// are fields of the message.
var builtIn = map[Kind]string{
	Names: `Give each group of keywords a short name, as a person would say it, in the language of its keywords, and its prevailing search intent.`,
	Ideas: `Propose at most "count" articles that answer the searches of this cluster, in the given language, none with a title in "avoid". ` +
		`Each has 4 to 8 sections, 3 to 6 questions that readers ask about its subject, and targets some of the keywords, exactly as they are written, the main one first.`,
	Article: `Write the article in the given language: about "words" words of Markdown, with the outline's headings as ## headings in their order, ` +
		`no HTML, no # heading, no pictures, no invented facts, figures or quotations; in the "tone" if there is one; use the keywords where they read naturally. ` +
		`Link to some of "links" where they help the reader, and to no other address. Answer each of "questions" in "faq", in two or three sentences.`,
	Section: `Write the section "heading" of the article "title" anew, in the given language: about "words" words of Markdown without its heading, ` +
		`no HTML, no heading above ###, no pictures, no invented facts, figures or quotations; in the "tone" if there is one. "text" is what it says now, ` +
		`"outline" the headings of the whole article: do not repeat what belongs to another one. Do as "wish" says where it is about how to write. ` +
		`Keep the links of "text" and set no others.`,
}

// Prompt is the text for one kind of work in one version.
type Prompt struct {
	Kind    Kind
	Version int64 // zero: the one of the program
	Text    string
	Actor   string    // see tenant.Actor; empty: nobody's
	Created time.Time // zero: with the program
}

// BuiltIn is the text of the program.
func BuiltIn(k Kind) Prompt { return Prompt{Kind: k, Text: builtIn[k]} }

// What a caller can be told.
var (
	ErrUnknown = fault.New(fault.NotFound, "prompt.not_found", "There is no such prompt: it is name_clusters, generate_ideas, generate_content or regenerate_section.")
	ErrInvalid = fault.New(fault.Invalid, "prompt.invalid", "The prompt cannot be like this.").FieldsSay()
	ErrChanged = fault.New(fault.Conflict, "prompt.changed", "Somebody has changed the prompt since you read it. Read it again.")
)

// ParseKind reads the name of a kind.
func ParseKind(s string) (Kind, error) {
	if k := Kind(s); slices.Contains(Kinds(), k) {
		return k, nil
	}
	return "", ErrUnknown
}

// Current is the text in its newest version.
func Current(ctx context.Context, r tenant.Shared, k Kind) (Prompt, error) {
	all, err := read(ctx, r, k, 1)
	if err != nil {
		return Prompt{}, err
	}
	return all[0], nil
}

// Versions lists every version of a text, the newest first and the program's
// last.
func Versions(ctx context.Context, r tenant.Shared, k Kind) ([]Prompt, error) {
	return read(ctx, r, k, 1000)
}

// read is the newest versions of a text, and after them the program's.
func read(ctx context.Context, r tenant.Shared, k Kind, limit int) ([]Prompt, error) {
	var all []Prompt
	err := r.Each(ctx, `SELECT version, text, actor, created_at FROM prompts WHERE kind = $1 ORDER BY version DESC LIMIT $2`, []any{string(k), limit},
		func(scan tenant.Scan) error {
			p := Prompt{Kind: k}
			var created int64
			err := scan(&p.Version, &p.Text, &p.Actor, &created)
			p.Created = clock.FromMicros(created)
			all = append(all, p)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("prompt %s: %w", k, err)
	}
	return append(all, BuiltIn(k)), nil
}

// maxText is how long a text may be, in characters.
const maxText = 8000

// Set makes a new version of a text, which counts from the next call on. An
// earlier one is brought back by setting its text. ErrChanged when there is a
// newer version than the one that was read.
func Set(ctx context.Context, tx *tenant.SharedTx, by tenant.Actor, k Kind, seen int64, text string) (Prompt, error) {
	now, err := Current(ctx, tx.Shared, k)
	if err != nil {
		return Prompt{}, err
	}
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if text == "" || utf8.RuneCountInString(text) > maxText || !utf8.ValidString(text) || strings.Contains(text, "\x00") {
		return Prompt{}, ErrInvalid.At("body.text", "1 to 8000 characters of text", nil)
	}
	p := Prompt{Kind: k, Version: seen + 1, Text: text, Actor: by.String(), Created: tx.Now()}
	if now.Version != seen {
		return Prompt{}, ErrChanged.With("version", now.Version)
	}
	_, err = tx.Exec(ctx, `INSERT INTO prompts (kind, version, text, actor, created_at) VALUES ($1, $2, $3, $4, $5)`,
		string(k), p.Version, p.Text, p.Actor, clock.Micros(p.Created))
	if tenant.IsDuplicate(err) { // somebody was faster
		err = ErrChanged
	}
	if err != nil {
		return Prompt{}, fmt.Errorf("change prompt %s: %w", k, err)
	}
	return p, audit.RecordShared(ctx, tx, by, "prompt.changed", string(k), map[string]int64{"version": p.Version})
}
