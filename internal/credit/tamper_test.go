package credit_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

// told is an account with a little of everything in its ledger, in a database
// that can be tampered with. Entries 1 and 2 grant a plan's 10 and a bonus of
// 10; 3 and 4 are hold A, of both, 11 used of 12; 5 and 6 hold B, released; 7
// hold C, which is open; 8 a purchase; 9 takes one of the bonus; 10 and 11 are
// hold D, of bonus and purchase; 12 takes the purchase back, which leaves a
// debt; 13 grants a refund, of which 14 repays it; 15 is hold E, which lapses.
type told struct {
	*house
	url   string
	names *strings.Replacer
}

func newTold(t *testing.T) told {
	t.Helper()
	hand := clock.NewHand(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	w := told{url: dbtest.URL(t)}
	d := dbtest.Reopen(t, w.url, hand.Clock())
	h := &house{t: t, d: d, st: tenant.NewStore(d), s: tenanttest.New(t, d), hand: hand}
	w.house = h
	names := []string{"{account}", h.s.Account().String()}
	lot := func(name string, n credit.NewLot) {
		h.must(func(ctx context.Context, tx *tenant.Tx) error {
			l, err := credit.Grant(ctx, tx, n)
			names = append(names, "{"+name+"}", l.ID.String())
			return err
		})
		hand.Advance(time.Second)
	}
	hold := func(name string, n credit.Credits, ends func(context.Context, *tenant.Tx, *credit.Hold) error) {
		id := h.reserve(n)
		names = append(names, "{"+name+"}", id.String())
		open := h.open(id)
		if ends != nil {
			h.must(func(ctx context.Context, tx *tenant.Tx) error { return ends(ctx, tx, open) })
		}
		hand.Advance(time.Second)
	}
	uses := func(n credit.Credits) func(context.Context, *tenant.Tx, *credit.Hold) error {
		return func(ctx context.Context, tx *tenant.Tx, h *credit.Hold) error { return credit.Settle(ctx, tx, h, n) }
	}
	lot("plan", credit.NewLot{Source: credit.PlanCredits, Reference: "plan", Amount: 10, Expires: hand.Clock().Now().Add(time.Hour)})
	lot("bonus", credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 10})
	hold("A", 12, uses(11))
	hold("B", 3, func(ctx context.Context, tx *tenant.Tx, h *credit.Hold) error { return credit.Release(ctx, tx, h.ID()) })
	hold("C", 2, nil)
	lot("purchase", credit.NewLot{Source: credit.Purchase, Reference: "purchase", Amount: 20})
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.Adjust(ctx, tx, -1, "a mistake")
		return err
	})
	hold("D", 10, uses(10))
	h.must(func(ctx context.Context, tx *tenant.Tx) error {
		_, err := credit.Revoke(ctx, tx, "purchase")
		return err
	})
	lot("refund", credit.NewLot{Source: credit.Refund, Reference: "refund", Amount: 8})
	k, err := credit.NewTeller(h.st).Reserve(t.Context(), h.s, credit.Want{Amount: 1, Operation: credit.GenerateContent, Reference: "elsewhere"}, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	names = append(names, "{E}", k.Hold.String())
	lot("later", credit.NewLot{Source: credit.BonusCredits, Reference: "later", Amount: 7, Effective: hand.Clock().Now().Add(24 * time.Hour)})
	h.want(3, 3)
	w.names = strings.NewReplacer(names...)
	return w
}

// What stands in the way of somebody who owns the database, and how he takes it
// away.
const (
	offSQLite = `PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;
		DROP TRIGGER IF EXISTS credit_entries_no_update; DROP TRIGGER IF EXISTS credit_entries_no_delete; `
	offPostgres = `
		DO $$ DECLARE c record; BEGIN
			FOR c IN SELECT conrelid::regclass AS t, conname AS n FROM pg_constraint WHERE contype = 'f' LOOP
				EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.n);
			END LOOP;
			FOR c IN SELECT unnest(ARRAY['credit_balances', 'credit_lots', 'credit_holds', 'credit_hold_lots', 'credit_entries', 'credit_debts', 'credit_overruns', 'credit_failures']) AS t LOOP
				EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', c.t);
			END LOOP;
		END $$;
		DROP TRIGGER IF EXISTS credit_entries_append_only ON credit_entries; `
)

// tamper does what nobody can do who does not own the database.
func (w told) tamper(statement string) {
	w.t.Helper()
	tamper(w.t, w.url, w.names.Replace(statement))
}

func tamper(t testing.TB, url, statement string) {
	t.Helper()
	off := offSQLite
	if dbtest.Engine() == db.Postgres {
		off = offPostgres
	}
	dbtest.AsOwner(t, url, off+statement)
}

func (w told) broken() []string {
	w.t.Helper()
	var all []string
	err := w.st.View(w.t.Context(), w.s, func(ctx context.Context, v *tenant.View) (err error) {
		all, err = credit.Verify(ctx, v)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

const copied = `INSERT INTO credit_entries (account_id, seq, id, kind, amount, balance_after, held_change, held_after, operation, reference, hold_id, lot_id, actor, created_at, hash) SELECT `

// TestTampering does to the database, behind the program's back, what somebody
// could who wants credits or wants a trace to go. A check finds it and says
// where.
func TestTampering(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ do, want string }{
		"an amount":                         {`UPDATE credit_entries SET amount = amount + 1 WHERE seq = 3`, "entry 3 "},
		"an amount, with the running sums":  {`UPDATE credit_entries SET amount = amount + 1 WHERE seq = 9; UPDATE credit_entries SET balance_after = balance_after + 1 WHERE seq >= 9`, "entry 9 "},
		"a change of what is held":          {`UPDATE credit_entries SET held_change = 0 WHERE seq = 5`, "entry 5 "},
		"a running sum":                     {`UPDATE credit_entries SET balance_after = balance_after + 1 WHERE seq = 6`, "entry 6 "},
		"a reference":                       {`UPDATE credit_entries SET reference = 'tsk_2' WHERE seq = 4`, "entry 4 "},
		"the reference of an adjustment":    {`UPDATE credit_entries SET reference = 'adj_2' WHERE seq = 9`, "entry 9 "},
		"an operation":                      {`UPDATE credit_entries SET operation = 'auto_cluster' WHERE seq = 3`, "entry 3 "},
		"an actor":                          {`UPDATE credit_entries SET actor = 'user usr_2' WHERE seq = 9`, "entry 9 "},
		"a time":                            {`UPDATE credit_entries SET created_at = created_at + 1 WHERE seq = 2`, "entry 2 "},
		"an id":                             {`UPDATE credit_entries SET id = 'ent_06bk0v7zk5y6n8m4t3h2c1qaze' WHERE seq = 2`, "entry 2 "},
		"a kind":                            {`UPDATE credit_entries SET kind = 'release' WHERE seq = 4`, "entry 4 "},
		"the hold of an entry":              {`UPDATE credit_entries SET hold_id = '{B}' WHERE seq = 4`, "entry 4 "},
		"the lot of an entry":               {`UPDATE credit_entries SET lot_id = '{plan}' WHERE seq = 9`, "entry 9 "},
		"an actor, and no link":             {`UPDATE credit_entries SET actor = 'user usr_2', hash = NULL WHERE seq = 9`, "entry 10 "},
		"the last actor, and no link":       {`UPDATE credit_entries SET actor = 'user usr_2', hash = NULL WHERE seq = 15`, "not the link of entry 15 "},
		"a link":                            {`UPDATE credit_entries SET hash = (SELECT hash FROM credit_entries WHERE seq = 2) WHERE seq = 3`, "entry 3 "},
		"two entries in each other's place": {`UPDATE credit_entries SET seq = 99 WHERE seq = 5; UPDATE credit_entries SET seq = 5 WHERE seq = 6; UPDATE credit_entries SET seq = 6 WHERE seq = 99`, "entry 5 "},
		"the last entry is gone":            {`DELETE FROM credit_entries WHERE seq = 15`, "the last entry is 14"},
		"the last entry is gone, with all that belongs to it": {`DELETE FROM credit_entries WHERE seq = 15; DELETE FROM credit_hold_lots WHERE hold_id = '{E}'; DELETE FROM credit_holds WHERE id = '{E}';
			UPDATE credit_lots SET remaining = remaining + 1 WHERE id = '{refund}'; UPDATE credit_balances SET available = 4, held = 2, seq = 14, next_change = 1`, "the head of the chain is entry 15, and the last entry is 14"},
		"an entry in the middle is gone":    {`DELETE FROM credit_entries WHERE seq = 5`, "entry 5 is missing"},
		"the first entries are gone":        {`DELETE FROM credit_entries WHERE seq <= 2`, "after entry 0 comes entry 3"},
		"all entries are gone":              {`DELETE FROM credit_entries`, "the last entry is 0"},
		"an entry is added":                 {copied + `account_id, 16, 'ent_06bk0v7zk5y6n8m4t3h2c1qaze', kind, amount, balance_after + amount, 0, held_after, operation, reference, NULL, lot_id, actor, created_at, NULL FROM credit_entries WHERE seq = 9`, "the last entry is 16"},
		"an entry is slipped in":            {`UPDATE credit_entries SET seq = 16 WHERE seq = 15; ` + copied + `account_id, 15, 'ent_06bk0v7zk5y6n8m4t3h2c1qaze', 'expire', 0, balance_after, 0, held_after, operation, 'bonus', NULL, '{bonus}', actor, created_at, NULL FROM credit_entries WHERE seq = 14; UPDATE credit_balances SET seq = 16`, "entry 15 "},
		"a second end":                      {copied + `account_id, 16, 'ent_06bk0v7zk5y6n8m4t3h2c1qaze', kind, 0, 3, 0, 3, operation, reference, hold_id, NULL, actor, created_at, NULL FROM credit_entries WHERE seq = 4; UPDATE credit_balances SET seq = 16`, "ends hold {A} again"},
		"a second grant":                    {copied + `account_id, 16, 'ent_06bk0v7zk5y6n8m4t3h2c1qaze', kind, amount, 13, 0, 3, operation, reference, NULL, lot_id, actor, created_at, NULL FROM credit_entries WHERE seq = 2; UPDATE credit_balances SET seq = 16, available = 13; UPDATE credit_lots SET remaining = 10 WHERE id = '{bonus}'`, "grants lot {bonus} again"},
		"what is available":                 {`UPDATE credit_balances SET available = available + 1`, "the balance has 4 available"},
		"what is held":                      {`UPDATE credit_balances SET held = held + 1`, "the balance has 4 held"},
		"where the balance is":              {`UPDATE credit_balances SET seq = 20`, "the balance is that of entry 20"},
		"when to look again: never":         {`UPDATE credit_balances SET next_change = NULL`, "something is due"},
		"when to look again: late":          {`UPDATE credit_balances SET next_change = next_change + 1`, "something is due"},
		"the head":                          {`UPDATE credit_balances SET head = (SELECT hash FROM credit_entries WHERE seq = 14)`, "the head of the chain is not the link of entry 15 "},
		"where the head is":                 {`UPDATE credit_balances SET head_seq = 14`, "the head of the chain is not the link of entry 14 "},
		"no head":                           {`UPDATE credit_balances SET head_seq = NULL, head = NULL`, "the head of the chain is entry 0"},
		"half a head":                       {`UPDATE credit_balances SET head_seq = NULL`, "without the other"},
		"what is left of a lot":             {`UPDATE credit_lots SET remaining = remaining + 1 WHERE id = '{refund}'`, "lot {refund} has 4 left"},
		"what is left, from lot to lot":     {`UPDATE credit_lots SET remaining = remaining - 1 WHERE id = '{refund}'; UPDATE credit_lots SET remaining = remaining + 1 WHERE id = '{bonus}'`, "lot {bonus} has 1 left"},
		"the amount of a lot":               {`UPDATE credit_lots SET amount = 11 WHERE id = '{bonus}'`, "lot {bonus} is of 11"},
		"a lot that has not begun":          {`UPDATE credit_lots SET remaining = 6 WHERE id = '{later}'`, "lot {later} has 6 left"},
		"a lot counts early":                {`UPDATE credit_lots SET counted = TRUE WHERE id = '{later}'`, "lot {later} counts, and no entry grants it"},
		"a lot does not count":              {`UPDATE credit_lots SET counted = FALSE WHERE id = '{refund}'`, "lot {refund} does not count"},
		"the reference of a lot":            {`UPDATE credit_lots SET reference = 'gift' WHERE id = '{bonus}'`, `lot {bonus} for "gift"`},
		"a lot is gone":                     {`DELETE FROM credit_lots WHERE id = '{bonus}'`, `lot "{bonus}", which is not there`},
		"a lot is made up":                  {`UPDATE credit_lots SET remaining = 5, revoked = FALSE WHERE id = '{purchase}'; UPDATE credit_balances SET available = 8`, "lot {purchase} has 5 left"},
		"what a hold used":                  {`UPDATE credit_holds SET used = 10 WHERE id = '{A}'`, "hold {A} used 10 of 12"},
		"what a hold used, and it gives":    {`UPDATE credit_holds SET used = 10 WHERE id = '{A}'; UPDATE credit_lots SET remaining = 1 WHERE id = '{bonus}'; UPDATE credit_balances SET available = 4`, "hold {A} used 10 of 12"},
		"the amount of a hold":              {`UPDATE credit_holds SET amount = 13 WHERE id = '{A}'`, "hold {A} is of 13"},
		"the state of a hold":               {`UPDATE credit_holds SET state = 'released', used = 0 WHERE id = '{A}'`, "hold {A} is released"},
		"a released hold is settled":        {`UPDATE credit_holds SET state = 'settled' WHERE id = '{B}'`, "hold {B} is settled"},
		"an ended hold is open":             {`UPDATE credit_holds SET state = 'reserved', used = 0, ended_at = NULL WHERE id = '{A}'`, "hold {A}, which has not ended"},
		"an open hold has ended":            {`UPDATE credit_holds SET state = 'released', lease_until = NULL, ended_at = 1 WHERE id = '{C}'; UPDATE credit_balances SET held = 1`, "hold {C} has ended, and no entry ends it"},
		"when a hold ended":                 {`UPDATE credit_holds SET ended_at = ended_at + 1 WHERE id = '{A}'`, "ends hold {A} at another moment"},
		"what a hold is for":                {`UPDATE credit_holds SET reference = 'tsk_2' WHERE id = '{D}'`, "hold {D} for something else"},
		"a hold lapses early":               {`UPDATE credit_holds SET lease_until = 1 WHERE id = '{E}'`, "something is due at 1"},
		"a hold is gone":                    {`DELETE FROM credit_hold_lots WHERE hold_id = '{C}'; DELETE FROM credit_holds WHERE id = '{C}'`, `hold "{C}", which is not there`},
		"a hold of nothing":                 {`DELETE FROM credit_holds WHERE id = '{C}'`, "hold {C} took 2 from lot {bonus}, and is not there"},
		"a hold is made up":                 {`INSERT INTO credit_holds (account_id, id, operation, reference, amount, state, created_at) VALUES ('{account}', 'hld_06bk0v7zk5y6n8m4t3h2c1qaze', 'x', 'y', 1, 'reserved', 1)`, "hold hld_06bk0v7zk5y6n8m4t3h2c1qaze has no entry"},
		"a hold has no name":                {`UPDATE credit_hold_lots SET hold_id = 'x' WHERE hold_id = '{C}'; UPDATE credit_holds SET id = 'x' WHERE id = '{C}'`, `hold "x"`},
		"what a hold took from a lot":       {`UPDATE credit_hold_lots SET amount = amount + 1 WHERE hold_id = '{A}' AND ordinal = 1`, "hold {A} is of 12, and took 13"},
		"what a hold took, from lot to lot": {`UPDATE credit_hold_lots SET lot_id = '{refund}' WHERE hold_id = '{A}' AND ordinal = 1`, "more from lot {refund} than is there"},
		"the order of what a hold took":     {`UPDATE credit_hold_lots SET ordinal = 7 WHERE hold_id = '{A}' AND ordinal = 0`, "lot {plan} has 0 left, and the ledger leaves 1"},
		"a part of a hold is gone":          {`DELETE FROM credit_hold_lots WHERE hold_id = '{A}' AND ordinal = 1`, "hold {A} is of 12, and took 10"},
		"a part of a hold is of no lot":     {`UPDATE credit_hold_lots SET lot_id = 'lot_x' WHERE hold_id = '{A}' AND ordinal = 1`, "from lot lot_x, which is not there"},
		"a debt grows":                      {`UPDATE credit_debts SET remaining = 1`, "the debt for lot {purchase} is of 4: 1 is left, and 4 was repaid"},
		"a debt is gone":                    {`DELETE FROM credit_debts`, `a debt for lot "{purchase}", and there is none`},
		"a grant was not taken back":        {`UPDATE credit_lots SET revoked = FALSE WHERE id = '{purchase}'`, "lot {purchase}, which was not taken back"},
		"the balance is gone":               {`DELETE FROM credit_balances`, "the balance is that of entry 0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTold(t)
			w.tamper(tt.do)
			all := strings.Join(w.broken(), "\n")
			if want := w.names.Replace(tt.want); !strings.Contains(all, want) {
				t.Errorf("want %q in:\n%s", want, all)
			}
		})
	}
}

// TestCheckAfterTheReleaseBefore is a ledger whose end the release before wrote:
// without links, and the head is where this one left it.
func TestCheckAfterTheReleaseBefore(t *testing.T) {
	w := newTold(t)
	w.tamper(`UPDATE credit_balances SET head_seq = 9, head = (SELECT hash FROM credit_entries WHERE seq = 9); UPDATE credit_entries SET hash = NULL WHERE seq > 9 OR seq < 4`)
	if all := w.broken(); len(all) > 0 {
		t.Errorf("entries without links: %q", all)
	}
	w.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "now", Amount: 1})
	w.tamper(`UPDATE credit_entries SET actor = 'nobody' WHERE seq = 12`)
	if all := strings.Join(w.broken(), "\n"); !strings.Contains(all, "entry 16 ") {
		t.Errorf("an entry without a link was changed: %s", all)
	}
}

// TestCheckSaysNotEverything is an account of which nothing is right.
func TestCheckSaysNotEverything(t *testing.T) {
	w := newTold(t)
	w.tamper(`UPDATE credit_entries SET amount = amount + 1, hash = NULL`)
	all := w.broken()
	if len(all) != 21 || !strings.HasSuffix(all[20], " more") {
		t.Errorf("%d sentences: %q", len(all), all)
	}
}

// TestLedgerIsOnlyAddedTo asks the database itself.
func TestLedgerIsOnlyAddedTo(t *testing.T) {
	w := newTold(t)
	statements := []string{`UPDATE credit_entries SET reference = 'x' WHERE seq = 1`, `DELETE FROM credit_entries WHERE seq = 15`, `UPDATE credit_entries SET hash = NULL`}
	if dbtest.Engine() == db.Postgres {
		dbtest.AsOwner(t, w.url, `ALTER TABLE credit_entries NO FORCE ROW LEVEL SECURITY`) // or he would meet no rows
		statements = append(statements, `TRUNCATE credit_entries`)
	}
	for _, q := range statements {
		if err := dbtest.TryAsOwner(t, w.url, q); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", q, err)
		}
	}
	w.sound()
}
