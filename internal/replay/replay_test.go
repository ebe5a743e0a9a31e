package replay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"igny8/internal/credit"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/seal"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

func open(t *testing.T) (*Log, *db.DB, *tenant.Store, tenant.Scope) {
	t.Helper()
	t.Parallel()
	d := dbtest.Open(t)
	l, err := New(d, bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return l, d, tenant.NewStore(d), tenanttest.New(t, d)
}

func request(key, route, body string) Request {
	return Request{Owner: "acc", Key: Key{key}, Route: route, Actor: "user:1", Body: []byte(body)}
}

func (l *Log) once(t *testing.T, st *tenant.Store, s tenant.Scope, r Request, do func() ([]byte, error)) (answer []byte, err error) {
	t.Helper()
	err = st.Update(t.Context(), s, func(ctx context.Context, tx *tenant.Tx) error {
		answer, err = l.Once(ctx, tx, r, do)
		return err
	})
	return answer, err
}

func TestManyAtOnceHaveOneEffectAndOneAnswer(t *testing.T) {
	l, _, st, s := open(t)
	var effects atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			var got []byte
			err := st.Update(t.Context(), s, func(ctx context.Context, tx *tenant.Tx) error {
				var err error
				got, err = l.Once(ctx, tx, request("k", "POST /x", "{}"), func() ([]byte, error) {
					n := effects.Add(1)
					_, err := credit.Grant(ctx, tx, credit.NewLot{Source: credit.BonusCredits, Reference: fmt.Sprint(n), Amount: 5})
					return fmt.Appendf(nil, "answer %d", n), err
				})
				return err
			})
			if err != nil || string(got) != "answer 1" {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
	wg.Wait()
	if n := effects.Load(); n != 1 {
		t.Errorf("%d effects", n)
	}
	answer, ok, err := l.Answered(t.Context(), request("k", "POST /x", "{}"))
	if err != nil || !ok || string(answer) != "answer 1" {
		t.Errorf("answered: %q, %v, %v", answer, ok, err)
	}
}

func TestAKeyIsBoundToItsRequest(t *testing.T) {
	l, _, st, s := open(t)
	say := func(text string) func() ([]byte, error) {
		return func() ([]byte, error) { return []byte(text), nil }
	}
	if _, err := l.once(t, st, s, request("k", "POST /x", "{}"), say("first")); err != nil {
		t.Fatal(err)
	}
	other := request("k", "POST /x", "{}")
	other.Actor = "user:2"
	for name, r := range map[string]Request{
		"body": request("k", "POST /x", "[]"), "route": request("k", "POST /y", "{}"), "actor": other,
	} {
		if _, err := l.once(t, st, s, r, say("second")); !errors.Is(err, ErrMismatch) {
			t.Errorf("another %s: got %v", name, err)
		}
		if _, _, err := l.Answered(t.Context(), r); !errors.Is(err, ErrMismatch) {
			t.Errorf("another %s, asked before: got %v", name, err)
		}
	}
	elsewhere := request("k", "POST /x", "{}")
	elsewhere.Owner = "acc2"
	if got, err := l.once(t, st, s, elsewhere, say("theirs")); err != nil || string(got) != "theirs" {
		t.Errorf("the same key of another owner: %q, %v", got, err)
	}
}

func TestWhatFailedMayBeTriedAgain(t *testing.T) {
	l, _, st, s := open(t)
	boom := errors.New("boom")
	if _, err := l.once(t, st, s, request("k", "POST /x", "{}"), func() ([]byte, error) { return nil, boom }); !errors.Is(err, boom) {
		t.Fatalf("got %v", err)
	}
	if _, ok, err := l.Answered(t.Context(), request("k", "POST /x", "{}")); ok || err != nil {
		t.Errorf("an answer was kept: %v, %v", ok, err)
	}
	got, err := l.once(t, st, s, request("k", "POST /x", "{}"), func() ([]byte, error) { return []byte("well"), nil })
	if err != nil || string(got) != "well" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestTheTableTellsNothing(t *testing.T) {
	l, d, st, s := open(t)
	r := request("the-key", "POST /x", `{"password":"hunter2"}`)
	if _, err := l.once(t, st, s, r, func() ([]byte, error) { return []byte("token-123"), nil }); err != nil {
		t.Fatal(err)
	}
	err := d.View(t.Context(), func(ctx context.Context, v *db.View) error {
		return v.Each(ctx, `SELECT owner, key_hash, route, body_hash, answer FROM replay_answers`, nil, func(scan db.Scan) error {
			var owner, key, route, body string
			var answer []byte
			err := scan(&owner, &key, &route, &body, &answer)
			row := strings.Join([]string{owner, key, route, body, string(answer)}, " ")
			for _, secret := range []string{"the-key", "hunter2", "token-123"} {
				if strings.Contains(row, secret) {
					t.Errorf("%q is in the table", secret)
				}
			}
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	replaced, err := New(d, bytes.Repeat([]byte{8}, 32))
	if err != nil {
		t.Fatal(err)
	}
	replaced.mac = l.mac
	if _, _, err := replaced.Answered(t.Context(), r); !errors.Is(err, seal.ErrBroken) {
		t.Errorf("another secret opened the seal: %v", err)
	}
}

func TestParseKey(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{"": true, "a": true, strings.Repeat("k", 255): true, strings.Repeat("k", 256): false, "a b": false, "é": false, "a\x00": false} {
		if _, err := ParseKey(text); (err == nil) != ok {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}
