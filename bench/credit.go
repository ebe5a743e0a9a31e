package main

import (
	"context"
	"crypto/rand"
	"fmt"

	"igny8/internal/db"
)

// A caller reserves and settles: it is a desk, or a connection to one.
type caller interface {
	// reserve takes one credit of an account, with its ledger entry. It is
	// durable when it returns.
	reserve(ctx context.Context, account int) (hold string, err error)
	// settle ends a hold, with its entry, as durably.
	settle(ctx context.Context, account int, hold string) error
}

// A desk is one way to keep the credits of many accounts. Callers come all at
// once; each settles a hold of its own, once.
type desk interface {
	caller
	// check says what is wrong in the books when all callers have gone: a
	// balance that is not the sum of its entries, or work that a caller was
	// told was done and that has no entry.
	check(ctx context.Context, told tally) error
	close() error
}

// tally is how often the callers of a desk were told that something was done.
type tally struct{ reserved, settled int64 }

// The accounts of a desk are numbered from 0, and each opens with more credits
// than can be spent.
const (
	manyAccounts = 10_000
	opening      = 1 << 40
)

// place is an empty database for a desk.
type place struct {
	url      string // "sqlite:PATH" or "postgres://..."
	pool     int    // how many connections a peer may have on PostgreSQL
	accounts int    // that the product opens, for tests that need few; the others always open all
}

// opener opens a desk.
type opener func(context.Context, place) (desk, error)

// The desks. ours is the product's.
const (
	naive   = "naive"   // BEGIN, SELECT FOR UPDATE, UPDATE, INSERT, COMMIT: what one would write in an afternoon
	guarded = "guarded" // BEGIN, conditional UPDATE, INSERT, COMMIT
	single  = "single"  // both in one statement, which SQLite cannot
	batched = "batcher" // all who came while the last commit ran, in one: the limit
	ours    = "igny8"
)

// desks are all of them, in the order of the table.
var desks = []string{naive, guarded, single, batched, ours}

// openers are the desks that there are on an engine.
func openers(on db.Engine) map[string]opener {
	if on == db.Postgres {
		return map[string]opener{
			naive: postgresPeer(naivePostgres), guarded: postgresPeer(guardedPostgres), single: postgresPeer(singlePostgres),
			batched: postgresBatcher, ours: openProduct,
		}
	}
	return map[string]opener{naive: sqlitePeer(naiveSQLite), guarded: sqlitePeer(guardedSQLite), batched: sqliteBatcher, ours: openProduct}
}

// move is what a call does to the balance of an account.
type move struct {
	account         int64
	available, held int64 // by how much they change
	hold            string
}

// peer is a desk of two tables: the balances, and the entries beside them. It
// has no lots, leases or prices, and believes its callers that they settle
// once: it is what the least work costs.
type peer struct {
	book func(context.Context, move) error
	read func(ctx context.Context, query string, args []any, to ...any) error
	rest func() // lets go of what the next desk needs
	shut func() error
}

func (p peer) reserve(ctx context.Context, account int) (string, error) {
	hold := rand.Text()
	return hold, p.book(ctx, move{account: int64(account), available: -1, held: 1, hold: hold})
}

func (p peer) settle(ctx context.Context, account int, hold string) error {
	return p.book(ctx, move{account: int64(account), held: -1, hold: hold})
}

func (p peer) close() error { return p.shut() }

// The tables of a peer on both engines, which differ in how rows are numbered.
const (
	balancesTable = `CREATE TABLE balances (
		account BIGINT PRIMARY KEY, available BIGINT NOT NULL CHECK (available >= 0), held BIGINT NOT NULL CHECK (held >= 0))`
	entriesTable = `CREATE TABLE entries (
		id %s, account BIGINT NOT NULL, amount BIGINT NOT NULL, held BIGINT NOT NULL, balance_after BIGINT NOT NULL,
		hold TEXT NOT NULL, created_at BIGINT NOT NULL)`
)

// schema makes the tables of a peer and opens its accounts.
func schema(number string) []string {
	return []string{
		balancesTable, fmt.Sprintf(entriesTable, number),
		fmt.Sprintf(`WITH RECURSIVE n (account) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT account + 1 FROM n WHERE account < %d)
			INSERT INTO balances (account, available, held) SELECT account, %d, 0 FROM n`, manyAccounts-1, opening),
		`ANALYZE balances`, // or the first to come along does it, some time
	}
}

// What is wrong in the books of a peer: balances that are not the sum of their
// entries, or not what the last entry says.
const (
	countEntries  = `SELECT count(CASE WHEN held > 0 THEN 1 END), count(CASE WHEN held < 0 THEN 1 END) FROM entries`
	countUnproven = `
		SELECT count(*) FROM balances b
		LEFT JOIN (SELECT account, sum(amount) AS amount, sum(held) AS held, max(id) AS last FROM entries GROUP BY account) s ON s.account = b.account
		LEFT JOIN entries e ON e.id = s.last
		WHERE b.available <> $1 + coalesce(s.amount, 0) OR b.held <> coalesce(s.held, 0) OR b.available <> coalesce(e.balance_after, $1)`
)

func (p peer) check(ctx context.Context, told tally) error {
	defer p.rest()
	var in tally
	if err := p.read(ctx, countEntries, nil, &in.reserved, &in.settled); err != nil {
		return err
	}
	if in != told {
		return fmt.Errorf("callers were told of %d reserved and %d settled, and the entries are %d and %d", told.reserved, told.settled, in.reserved, in.settled)
	}
	var unproven int64
	if err := p.read(ctx, countUnproven, []any{int64(opening)}, &unproven); err != nil {
		return err
	}
	if unproven > 0 {
		return fmt.Errorf("%d balances are not the sum of their entries", unproven)
	}
	return nil
}
