// Package site owns where an account publishes: a domain with a language and
// an industry, divided into sectors.
package site

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/tenant"
)

type siteKind struct{}

func (siteKind) Prefix() string { return "site" }

// ID names a site.
type ID = id.ID[siteKind]

// ParseID reads a site's id.
func ParseID(s string) (ID, error) { return id.Parse[siteKind](s) }

// Site is where an account publishes.
type Site struct {
	ID       ID
	Name     string
	Domain   string // as DNS writes it: lower case, IDNA
	Language string // BCP 47
	Industry string // may be empty
	Tone     string // of its articles, in the account's own words; may be empty
	Words    int64  // of an article, when nobody says how long; zero: as usual
	Created  time.Time
}

// New says what a new site is like. No language is English.
type New struct{ Name, Domain, Language, Industry string }

// Change says which details change; nil leaves one as it is.
type Change struct {
	Name, Language, Industry, Tone *string
	Words                          *int64
}

// Limit is what the plan says about having so many more than there are.
type Limit func(ctx context.Context, r tenant.Reader, have, more int64) error

// What a caller can be told.
var (
	ErrNotFound        = fault.New(fault.NotFound, "site.not_found", "There is no such site.")
	ErrDomainTaken     = fault.New(fault.Conflict, "site.domain_taken", "The account has a site with this domain already.")
	ErrInvalidName     = fault.New(fault.Invalid, "site.invalid_name", "A name has 1 to 120 printable characters.")
	ErrInvalidDomain   = fault.New(fault.Invalid, "site.invalid_domain", "This is not a domain. Give one such as example.com.")
	ErrInvalidLanguage = fault.New(fault.Invalid, "site.invalid_language", "This is not a language. Give its tag (BCP 47), such as en or pt-BR.")
	ErrInvalidIndustry = fault.New(fault.Invalid, "site.invalid_industry", "An industry has at most 120 printable characters.")
	ErrInvalidTone     = fault.New(fault.Invalid, "site.invalid_tone", "A tone has at most 200 printable characters, such as friendly, short sentences, no jargon.")
	ErrInvalidWords    = fault.New(fault.Invalid, "site.invalid_words", "An article has 100 to 5000 words; 0 leaves it to the house.")
	ErrSectorNotFound  = fault.New(fault.NotFound, "sector.not_found", "There is no such sector.")
	ErrSectorExists    = fault.New(fault.Conflict, "sector.exists", "The site has a sector with this name already.")
	ErrTooManySectors  = fault.New(fault.Conflict, "sector.limit_reached", "A site has at most 100 sectors.")
)

const columns = `id, name, domain, language, industry, tone, words, created_at`

func read(scan tenant.Scan) (Site, error) {
	var s Site
	var created int64
	err := scan(&s.ID, &s.Name, &s.Domain, &s.Language, &s.Industry, &s.Tone, &s.Words, &created)
	s.Created = clock.FromMicros(created)
	return s, err
}

// firstSector is what the first sector of a site is called.
const firstSector = "General"

// Create adds a site with its first sector, if the plan allows one more.
func Create(ctx context.Context, tx *tenant.Tx, n New, allow Limit) (Site, error) {
	s, err := n.parse()
	if err != nil {
		return Site{}, err
	}
	if err := account.Lock(ctx, tx); err != nil { // two at once would both count the same
		return Site{}, err
	}
	var have int64
	if err := tx.Get(ctx, `SELECT count(*) FROM sites WHERE account_id = $1`, nil, &have); err != nil {
		return Site{}, fmt.Errorf("count sites: %w", err)
	}
	if err := allow(ctx, tx, have, 1); err != nil {
		return Site{}, err
	}
	s.ID, s.Created = id.New[siteKind](), tx.Now()
	added, err := tx.Exec(ctx, `
		INSERT INTO sites (account_id, id, name, domain, language, industry, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (account_id, domain) DO NOTHING`, s.ID, s.Name, s.Domain, s.Language, s.Industry, clock.Micros(s.Created))
	if err != nil {
		return Site{}, fmt.Errorf("create site %s: %w", s.Domain, err)
	}
	if added == 0 {
		return Site{}, ErrDomainTaken.At("body.domain", "is a site of this account already", s.Domain)
	}
	if _, err := AddSector(ctx, tx, s.ID, firstSector); err != nil {
		return Site{}, err
	}
	return s, audit.Record(ctx, tx, "site.created", s.ID.String(), map[string]string{"domain": s.Domain})
}

// Load reads one site.
func Load(ctx context.Context, r tenant.Reader, sid ID) (Site, error) {
	s, err := read(func(dest ...any) error {
		return r.Get(ctx, `SELECT `+columns+` FROM sites WHERE account_id = $1 AND id = $2`, []any{sid}, dest...)
	})
	if tenant.IsNotFound(err) {
		err = ErrNotFound
	}
	if err != nil {
		return Site{}, fmt.Errorf("site %s: %w", sid, err)
	}
	return s, nil
}

// List is the account's sites in the order in which they were made, from the
// one after on, at most limit.
func List(ctx context.Context, r tenant.Reader, after string, limit int) ([]Site, error) {
	var all []Site
	err := r.Each(ctx, `SELECT `+columns+` FROM sites WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $3`,
		[]any{after, limit}, func(scan tenant.Scan) error {
			s, err := read(scan)
			all = append(all, s)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list sites: %w", err)
	}
	return all, nil
}

// Apply changes a site's details. The domain stays: another domain is another
// site.
func Apply(ctx context.Context, tx *tenant.Tx, sid ID, c Change) (Site, error) {
	s, err := Load(ctx, tx, sid)
	if err != nil {
		return Site{}, err
	}
	n := New{Name: s.Name, Domain: s.Domain, Language: s.Language, Industry: s.Industry}
	for _, f := range []struct{ from, to *string }{{c.Name, &n.Name}, {c.Language, &n.Language}, {c.Industry, &n.Industry}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	changed, err := n.parse()
	if err != nil {
		return Site{}, err
	}
	if c.Tone != nil {
		if s.Tone, err = parseTone(*c.Tone); err != nil {
			return Site{}, err
		}
	}
	if c.Words != nil {
		if s.Words, err = parseWords(*c.Words); err != nil {
			return Site{}, err
		}
	}
	_, err = tx.Exec(ctx, `UPDATE sites SET name = $3, language = $4, industry = $5, tone = $6, words = $7 WHERE account_id = $1 AND id = $2`,
		sid, changed.Name, changed.Language, changed.Industry, s.Tone, s.Words)
	if err != nil {
		return Site{}, fmt.Errorf("change site %s: %w", sid, err)
	}
	s.Name, s.Language, s.Industry = changed.Name, changed.Language, changed.Industry
	return s, audit.Record(ctx, tx, "site.changed", sid.String(), nil)
}
