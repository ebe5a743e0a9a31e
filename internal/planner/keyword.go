package planner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/planner/internal/keywordfile"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

// Keyword is a search phrase, unique within a site and sector whatever its
// case and accents.
type Keyword struct {
	ID          KeywordID
	Site        site.ID
	Sector      site.SectorID
	Cluster     ClusterID // zero: in none
	Phrase      string
	Volume      *int64 // searches a month; nil: unknown, here and below
	Difficulty  *int64 // 0 to 100
	CPCMicros   *int64 // cost per click in millionths of its currency
	CPCCurrency string
	Intent      string
	Country     string // ISO 3166-1 alpha-2
	Created     time.Time
}

const keywordColumns = `id, site_id, sector_id, cluster_id, phrase, volume, difficulty, cpc_micros, cpc_currency, intent, country, created_at`

func readKeyword(scan tenant.Scan) (Keyword, error) {
	var k Keyword
	var created int64
	err := scan(&k.ID, &k.Site, &k.Sector, &k.Cluster, &k.Phrase, &k.Volume, &k.Difficulty, &k.CPCMicros, &k.CPCCurrency, &k.Intent, &k.Country, &created)
	k.Created = clock.FromMicros(created)
	return k, err
}

// query is a list's statement and its arguments, which begin at $2.
type query struct {
	text string
	args []any
}

func newQuery(text, after string) *query {
	q := &query{text: text}
	if after != "" {
		q.args = append(q.args, after)
		q.text += ` AND id > $2`
	}
	return q
}

func (q *query) and(column string, is any) {
	q.args = append(q.args, is)
	q.text += fmt.Sprintf(` AND %s = $%d`, column, len(q.args)+1)
}

// inOrder ends the statement: in this order, n rows at most, or all for zero.
func (q *query) inOrder(by string, n int) *query {
	q.text += ` ORDER BY ` + by
	if n > 0 {
		q.args = append(q.args, n)
		q.text += fmt.Sprintf(` LIMIT $%d`, len(q.args)+1)
	}
	return q
}

func collect[T any](ctx context.Context, r tenant.Reader, q *query, read func(tenant.Scan) (T, error)) ([]T, error) {
	var all []T
	err := r.Each(ctx, q.text, q.args, func(scan tenant.Scan) error {
		v, err := read(scan)
		all = append(all, v)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("planner list: %w", err)
	}
	return all, nil
}

// NewKeyword is a keyword that somebody typed.
type NewKeyword struct {
	Site       site.ID
	Sector     site.SectorID // zero: the site's first
	Phrase     string
	Volume     *int64
	Difficulty *int64
	Intent     string
	Country    string
}

const (
	maxPhrase = 200  // characters of a keyword
	maxVolume = 1e12 // searches a month: more than there are, and the sum of many still a number
)

// Add adds keywords by hand. One that is there already is returned as it is;
// the answer has the order of the question. Over the plan's limit none is
// added.
func (p *Planner) Add(ctx context.Context, tx *tenant.Tx, ks []NewKeyword) ([]Keyword, error) {
	if err := account.Lock(ctx, tx); err != nil { // two who add at once would both count the same
		return nil, err
	}
	before, err := countKeywords(ctx, tx)
	if err != nil {
		return nil, err
	}
	out, added := make([]Keyword, 0, len(ks)), int64(0)
	for i, n := range ks {
		row, err := n.parse(fmt.Sprintf("body.keywords[%d]", i))
		if err != nil {
			return nil, err
		}
		sec, err := site.FindSector(ctx, tx, n.Site, n.Sector)
		if err != nil {
			return nil, err
		}
		b := newBatch(n.Site, sec, keep)
		b.rows = append(b.rows, row)
		if err := b.write(ctx, tx); err != nil {
			return nil, err
		}
		added += b.wrote
		k, err := readKeyword(func(dest ...any) error {
			return tx.Get(ctx, `SELECT `+keywordColumns+` FROM keywords WHERE account_id = $1 AND site_id = $2 AND sector_id = $3 AND phrase_key = $4`,
				[]any{n.Site, sec, row.key}, dest...)
		})
		if err != nil {
			return nil, fmt.Errorf("add keyword: %w", err)
		}
		out = append(out, k)
	}
	if added == 0 {
		return out, nil
	}
	return out, p.allow(ctx, tx, before, added)
}

func countKeywords(ctx context.Context, r tenant.Reader) (n int64, err error) {
	if err := r.Get(ctx, `SELECT count(*) FROM keywords WHERE account_id = $1`, nil, &n); err != nil {
		return 0, fmt.Errorf("count keywords: %w", err)
	}
	return n, nil
}

var intents = []string{"", "informational", "navigational", "commercial", "transactional"}

func (n NewKeyword) parse(at string) (newRow, error) {
	r := newRow{id: id.New[keywordKind](), phrase: keywordfile.Clean(n.Phrase), volume: n.Volume, exact: true, difficulty: n.Difficulty}
	r.key = keywordfile.Key(r.phrase)
	if _, ok := account.Printable(r.phrase, maxPhrase); !ok || r.key == "" {
		return newRow{}, ErrInvalidKeyword.At(at+".phrase", "1 to 200 printable characters", nil)
	}
	r.intent, r.country = strings.ToLower(strings.TrimSpace(n.Intent)), strings.ToUpper(strings.TrimSpace(n.Country))
	switch {
	case !slices.Contains(intents, r.intent):
		return newRow{}, ErrInvalidKeyword.Sayf("An intent is informational, navigational, commercial or transactional.").At(at+".intent", "is none of the four", n.Intent)
	case n.Volume != nil && (*n.Volume < 0 || *n.Volume > maxVolume):
		return newRow{}, ErrInvalidKeyword.Sayf("A volume is 0 to %d.", int64(maxVolume)).At(at+".volume", "must be 0 to 1000000000000", *n.Volume)
	case n.Difficulty != nil && (*n.Difficulty < 0 || *n.Difficulty > 100):
		return newRow{}, ErrInvalidKeyword.Sayf("A difficulty is 0 to 100.").At(at+".difficulty", "must be 0 to 100", *n.Difficulty)
	case r.country != "" && (len(r.country) != 2 || strings.Trim(r.country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != ""):
		return newRow{}, ErrInvalidKeyword.Sayf("A country is given by its two letters (ISO 3166-1).").At(at+".country", "two letters such as DE", nil)
	}
	if r.volume == nil && r.difficulty == nil && r.intent == "" && r.country == "" {
		r.numbersAt = new(int64) // nothing of it is a person's word but the phrase
	}
	return r, nil
}
