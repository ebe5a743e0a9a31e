package planner

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/planner/internal/keywordfile"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

// KeywordOrder is how a list of keywords is sorted.
type KeywordOrder string

// The orders.
const (
	ByArrival    KeywordOrder = ""           // as they came
	ByVolume     KeywordOrder = "volume"     // those most searched for first
	ByDifficulty KeywordOrder = "difficulty" // the easiest first; those of which it is not known last
	ByPhrase     KeywordOrder = "phrase"     // by the alphabet, whatever case and accents
)

// orderings is by what each order compares, before the id.
var orderings = map[KeywordOrder]struct {
	by      string
	upwards bool
	text    bool
}{
	ByVolume:     {by: `coalesce(volume, -1)`},
	ByDifficulty: {by: `coalesce(difficulty, 101)`, upwards: true},
	ByPhrase:     {by: `phrase_key`, upwards: true, text: true},
}

// KeywordFilter narrows a list. Zero fields do not.
type KeywordFilter struct {
	Site                         site.ID
	Cluster                      ClusterID
	Unclustered                  bool
	Search                       string // stands somewhere in the phrase, whatever its case and accents
	Intent                       string // one of the four
	MinVolume, MaxVolume         *int64 // a keyword of which it is not known is in no range
	MinDifficulty, MaxDifficulty *int64 // likewise
	Order                        KeywordOrder
	After                        string // the Cursor in this order of the last one before
	Limit                        int    // zero: all
}

// Narrows tells whether the filter leaves keywords of its site out.
func (f KeywordFilter) Narrows() bool {
	return f != KeywordFilter{Site: f.Site, Order: f.Order, After: f.After, Limit: f.Limit}
}

// Cursor is where a list goes on after this keyword.
func (o KeywordOrder) Cursor(k Keyword) string {
	known := func(n *int64, otherwise int64) string {
		if n == nil {
			n = &otherwise
		}
		return strconv.FormatInt(*n, 10) + "." + k.ID.String()
	}
	switch o {
	case ByVolume:
		return known(k.Volume, -1)
	case ByDifficulty:
		return known(k.Difficulty, 101)
	case ByPhrase:
		return keywordfile.Key(k.Phrase) + "." + k.ID.String()
	case ByArrival:
	}
	return k.ID.String()
}

// Keywords lists keywords.
func Keywords(ctx context.Context, r tenant.Reader, f KeywordFilter) ([]Keyword, error) {
	q, order, err := f.query(keywordColumns)
	if err != nil {
		return nil, err
	}
	return collect(ctx, r, q.inOrder(order, f.Limit), readKeyword)
}

// Matching is which keywords a filter finds, and no more of them.
func Matching(ctx context.Context, r tenant.Reader, f KeywordFilter) ([]KeywordID, error) {
	q, order, err := f.query(`id`)
	if err != nil {
		return nil, err
	}
	return collect(ctx, r, q.inOrder(order, f.Limit), func(scan tenant.Scan) (k KeywordID, err error) {
		err = scan(&k)
		return k, err
	})
}

// LoadKeyword reads one keyword.
func LoadKeyword(ctx context.Context, r tenant.Reader, k KeywordID) (Keyword, error) {
	one, err := readKeyword(func(dest ...any) error {
		return r.Get(ctx, `SELECT `+keywordColumns+` FROM keywords WHERE account_id = $1 AND id = $2`, []any{k}, dest...)
	})
	if tenant.IsNotFound(err) {
		err = ErrKeywordNotFound
	}
	if err != nil {
		return Keyword{}, fmt.Errorf("keyword %s: %w", k, err)
	}
	return one, nil
}

// query is the statement of the filter without its order, and the order.
func (f KeywordFilter) query(columns string) (q *query, order string, err error) {
	q = &query{text: `SELECT ` + columns + ` FROM keywords WHERE account_id = $1`}
	if order, err = q.after(f.Order, f.After); err != nil {
		return nil, "", err
	}
	if !f.Site.IsZero() {
		q.and("site_id", f.Site)
	}
	if !f.Cluster.IsZero() {
		q.and("cluster_id", f.Cluster)
	}
	if f.Unclustered {
		q.text += ` AND cluster_id IS NULL`
	}
	if f.Intent != "" {
		q.and("intent", f.Intent)
	}
	for _, bound := range []struct {
		is    string
		limit *int64
	}{{"volume >=", f.MinVolume}, {"volume <=", f.MaxVolume}, {"difficulty >=", f.MinDifficulty}, {"difficulty <=", f.MaxDifficulty}} {
		if bound.limit != nil {
			q.args = append(q.args, *bound.limit)
			q.text += fmt.Sprintf(` AND %s $%d`, bound.is, len(q.args)+1)
		}
	}
	if key := keywordfile.Key(f.Search); key != "" {
		q.args = append(q.args, "%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(key)+"%")
		q.text += fmt.Sprintf(` AND phrase_key LIKE $%d ESCAPE '\'`, len(q.args)+1)
	}
	return q, order, nil
}

// after lets a list go on behind a cursor, and is the order of the list.
func (q *query) after(o KeywordOrder, cursor string) (order string, err error) {
	by, ok := orderings[o]
	if !ok {
		if cursor != "" {
			q.args = append(q.args, cursor)
			q.text += ` AND id > $2`
		}
		return `id`, nil
	}
	direction, beyond := ` DESC`, `<`
	if by.upwards {
		direction, beyond = ``, `>`
	}
	order = by.by + direction + `, id`
	if cursor == "" {
		return order, nil
	}
	var last any
	dot := strings.LastIndexByte(cursor, '.')
	if dot < 0 {
		return "", ErrInvalidCursor
	}
	if last = cursor[:dot]; !by.text {
		if last, err = strconv.ParseInt(cursor[:dot], 10, 64); err != nil {
			return "", ErrInvalidCursor
		}
	}
	q.args = append(q.args, last, cursor[dot+1:])
	q.text += fmt.Sprintf(` AND (%[1]s %[2]s $2 OR %[1]s = $2 AND id > $3)`, by.by, beyond)
	return order, nil
}

// Counts is how many keywords a site has, and how many of them are in no
// cluster.
func Counts(ctx context.Context, r tenant.Reader, sid site.ID) (all, unclustered int64, err error) {
	err = r.Get(ctx, `SELECT count(*), coalesce(sum(CASE WHEN cluster_id IS NULL THEN 1 ELSE 0 END), 0) FROM keywords WHERE account_id = $1 AND site_id = $2`,
		[]any{sid}, &all, &unclustered)
	if err != nil {
		return 0, 0, fmt.Errorf("count keywords of %s: %w", sid, err)
	}
	return all, unclustered, nil
}

// CountMatching is how many keywords a filter finds, whatever its limit.
func CountMatching(ctx context.Context, r tenant.Reader, f KeywordFilter) (n int64, err error) {
	f.After, f.Order = "", ByArrival
	q, _, err := f.query(`count(*)`)
	if err != nil {
		return 0, err
	}
	if err := r.Get(ctx, q.text, q.args, &n); err != nil {
		return 0, fmt.Errorf("count keywords: %w", err)
	}
	return n, nil
}

// Begun is what of planning an account has, whatever the site.
type Begun struct{ Keywords, Clusters, Ideas bool }

// HasBegun tells how far an account has come with planning.
func HasBegun(ctx context.Context, r tenant.Reader) (Begun, error) {
	var b Begun
	for table, there := range map[string]*bool{"keywords": &b.Keywords, "clusters": &b.Clusters, "ideas": &b.Ideas} {
		err := r.Get(ctx, `SELECT EXISTS (SELECT 1 FROM `+table+` WHERE account_id = $1)`, nil, there)
		if err != nil {
			return Begun{}, fmt.Errorf("whether there are %s: %w", table, err)
		}
	}
	return b, nil
}

// DeleteKeywords takes keywords of a site away, with the results that were known
// for them, and counts the clusters anew that they leave; one that is left with
// none goes, unless ideas hang on it. Of many clusters that are left only some
// are described anew. What was written for them stays. It is
// ErrKeywordNotFound when one is not the site's.
func DeleteKeywords(ctx context.Context, tx *tenant.Tx, sid site.ID, ks []KeywordID) (int64, error) {
	if err := account.Lock(ctx, tx); err != nil {
		return 0, err
	}
	s, err := site.Load(ctx, tx, sid)
	if err != nil {
		return 0, err
	}
	ks = unique(ks)
	there, err := countIn(ctx, tx, `AND site_id = $2`, sid, ks)
	if err != nil {
		return 0, err
	}
	if there == 0 || there < int64(len(ks)) {
		return 0, ErrKeywordNotFound
	}
	from, err := homes(ctx, tx, ks)
	if err != nil {
		return 0, err
	}
	for part := range slices.Chunk(ks, batchSize) {
		args := []any{sid}
		for _, k := range part {
			args = append(args, k)
		}
		for _, q := range []string{
			`DELETE FROM keyword_results WHERE account_id = $1 AND keyword_id IN (SELECT id FROM keywords WHERE account_id = $1 AND site_id = $2 AND id IN (` + numbered(len(part)) + `))`,
			`DELETE FROM keywords WHERE account_id = $1 AND site_id = $2 AND id IN (` + numbered(len(part)) + `)`,
		} {
			if _, err := tx.Exec(ctx, q, args...); err != nil {
				return 0, fmt.Errorf("delete %d keywords: %w", len(part), err)
			}
		}
	}
	if err := recount(ctx, tx, sid); err != nil {
		return 0, err
	}
	if err := lead(ctx, tx, sid); err != nil {
		return 0, err
	}
	if err := describeAll(ctx, tx, s, from); err != nil {
		return 0, err
	}
	return there, audit.Record(ctx, tx, "keywords.deleted", sid.String(), map[string]int64{"keywords": there})
}
