package identity_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/db/dbtest"
	"igny8/internal/identity"
	"igny8/internal/tenant"
)

// state is what decides about the credentials of TestEachAnswerWasTrueMeanwhile.
type state struct {
	suspended, viewer, revoked bool
}

// want is the answer in a state: to a key that reads, and to a person who
// manages the team.
func (s state) want(person bool) error {
	switch {
	case !person && s.revoked:
		return identity.ErrInvalid
	case s.suspended:
		return account.ErrSuspended
	case person && s.viewer:
		return tenant.ErrForbidden
	}
	return nil
}

// held is a state, from the beginning of the change that made it to the end of
// the one that ended it.
type held struct {
	state
	from, to int64
}

// answer is one request.
type answer struct {
	person   bool
	err      error
	from, to int64
}

// agrees tells whether the answer was true at some moment between the
// beginning and the end of the request.
func (a answer) agrees(all []held) bool {
	for _, h := range all {
		if h.from <= a.to && h.to >= a.from && errors.Is(a.err, h.want(a.person)) && (a.err == nil) == (h.want(a.person) == nil) {
			return true
		}
	}
	return false
}

// TestEachAnswerWasTrueMeanwhile changes what decides, at random, while two
// processes are asked without a pause.
func TestEachAnswerWasTrueMeanwhile(t *testing.T) {
	t.Parallel()
	url := dbtest.URL(t)
	hand := clock.NewHand(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	var houses [2]*house
	for i := range houses {
		d := dbtest.Reopen(t, url, hand.Clock())
		houses[i] = &house{t: t, d: d, st: tenant.NewStore(d), hand: hand, log: new(logbook), post: new(post)}
		houses[i].ids = houses[i].service(issuer, signingKey, nil)
	}
	h := houses[0]
	for seed := range 3 {
		f := h.found(fmt.Sprintf("anna%d@example.com", seed))
		m := h.member(f, fmt.Sprintf("bert%d@example.com", seed), account.Admin)
		k, key := h.key(f.scope, identity.NewKey{Name: "k", Scopes: []tenant.Permission{tenant.ReadContent}})
		changes := rapid.SliceOfN(rapid.SampledFrom([]string{"suspend", "role", "nothing of ours"}), 40, 40).Example(seed)
		changes[30] = "revoke"

		var now atomic.Int64 // orders what happens
		var mu sync.Mutex
		var answers []answer
		var wg sync.WaitGroup
		stop := make(chan struct{})
		for worker := range 8 {
			person := worker/2%2 == 0
			credential, policy := key, identity.Tenant(tenant.ReadContent)
			if person {
				credential, policy = m.tokens.Access, identity.Tenant(tenant.ManageTeam)
			}
			ids := houses[worker%2].ids
			wg.Go(func() {
				var mine []answer
				for open := true; open; {
					select {
					case <-stop:
						open = false // once more, when all is still
					default:
					}
					a := answer{person: person, from: now.Add(1)}
					_, a.err = ids.Admit(t.Context(), "Bearer "+credential, policy)
					a.to = now.Add(1)
					mine = append(mine, a)
				}
				mu.Lock()
				defer mu.Unlock()
				answers = append(answers, mine...)
			})
		}
		all := []held{{}}
		for i, change := range changes {
			next := all[len(all)-1].state
			from := now.Add(1)
			houses[i%2].in(f.scope, func(ctx context.Context, tx *tenant.Tx) error {
				next = all[len(all)-1].state
				switch change {
				case "suspend":
					next.suspended = !next.suspended
					if next.suspended {
						_, err := account.Suspend(ctx, tx, "a test")
						return err
					}
					_, err := account.Reactivate(ctx, tx, "a test")
					return err
				case "role":
					next.viewer = !next.viewer
					_, err := account.SetRole(ctx, tx, m.user.ID, map[bool]account.Role{true: account.Viewer, false: account.Admin}[next.viewer])
					return err
				case "revoke":
					next.revoked = true
					return identity.RevokeKey(ctx, tx, k.ID)
				}
				_, _, err := identity.CreateKey(ctx, tx, identity.NewKey{Name: "other", Scopes: []tenant.Permission{tenant.ReadContent}})
				return err
			})
			all[len(all)-1].to = now.Add(1)
			all = append(all, held{state: next, from: from})
		}
		close(stop)
		wg.Wait()
		all[len(all)-1].to = now.Add(1)
		wrong := 0
		for _, a := range answers {
			if !a.agrees(all) {
				wrong++
				t.Errorf("seed %d: between %d and %d (person %v) answered %v, which was true at no moment", seed, a.from, a.to, a.person, a.err)
			}
			if wrong > 5 {
				break
			}
		}
		t.Logf("seed %d: %d answers during %d changes", seed, len(answers), len(changes))
	}
}

// TestTimeIsAskedOfWhatIsRemembered: nothing is committed when a key, a session
// or a token comes to its end.
func TestTimeIsAskedOfWhatIsRemembered(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	_, key := h.key(f.scope, identity.NewKey{
		Name: "k", Scopes: []tenant.Permission{tenant.ReadContent}, Expires: time.Date(2030, 1, 1, 0, 10, 0, 0, time.UTC),
	})
	read := identity.Tenant(tenant.ReadContent)
	for range 3 {
		h.admit(key, read)
		h.admit(f.tokens.Access, read)
	}
	h.hand.Advance(10 * time.Minute)
	h.refused(key, read, identity.ErrInvalid)
	h.admit(f.tokens.Access, read)
	h.hand.Advance(5*time.Minute + 31*time.Second) // the leeway is over too
	h.refused(f.tokens.Access, read, identity.ErrInvalid)
}

// TestARotatedKeyEndsWhatIsRemembered: the signature that was right stays so,
// but whose it is counts no more.
func TestARotatedKeyEndsWhatIsRemembered(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f := h.found("anna@example.com")
	old, err := identity.NewSigningKey(signingKey, time.Time{})
	is(t, err, nil)
	other, err := identity.NewSigningKey([]byte("another0another0another0another0"), h.hand.Clock().Now())
	is(t, err, nil)
	ring := []identity.SigningKey{old}
	ids := h.serviceWith(issuer, nil, nil, func() ([]identity.SigningKey, error) { return ring, nil })
	admitted := func(want error) {
		t.Helper()
		for range 2 {
			_, err := ids.Admit(t.Context(), "Bearer "+f.tokens.Access, identity.AnyUser())
			is(t, err, want)
		}
	}
	admitted(nil)
	ring = []identity.SigningKey{old, other}
	admitted(nil) // the old one verifies a little longer
	ring = []identity.SigningKey{other}
	admitted(identity.ErrInvalid)
}

// TestUsesOfManyKeysAreOneCommit: a burst of keys does not end the moment for
// each of them, and none is forgotten.
func TestUsesOfManyKeysAreOneCommit(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	f, g := h.found("anna@example.com"), h.found("bert@example.com")
	var keys []string
	for i := range 10 {
		_, key := h.key([]founder{f, g}[i%2].scope, identity.NewKey{Name: "k", Scopes: []tenant.Permission{tenant.ReadContent}})
		keys = append(keys, key)
	}
	use := func() {
		for _, key := range keys {
			h.admit(key, identity.Tenant(tenant.ReadContent))
		}
	}
	used := func() int {
		return h.count(`SELECT count(*) FROM api_keys WHERE last_used_at IS NOT NULL`)
	}
	use()
	if n := used(); n != 1 {
		t.Errorf("%d uses are written at once, want that of the first", n)
	}
	h.hand.Advance(6 * time.Second)
	_, late := h.key(f.scope, identity.NewKey{Name: "late", Scopes: []tenant.Permission{tenant.ReadContent}})
	h.admit(late, identity.Tenant(tenant.ReadContent))
	if n := used(); n != 11 {
		t.Errorf("%d uses are written, want 11", n)
	}
	_, last := h.key(g.scope, identity.NewKey{Name: "last", Scopes: []tenant.Permission{tenant.ReadContent}})
	h.admit(last, identity.Tenant(tenant.ReadContent))
	ending, stop := context.WithCancel(t.Context())
	stop()
	h.ids.NoteUses(ending)
	if n := used(); n != 12 {
		t.Errorf("%d uses are written at the end, want 12", n)
	}
}

// BenchmarkAdmit is the gate alone.
func BenchmarkAdmit(b *testing.B) {
	h := newHouse(b)
	f := h.found("anna@example.com")
	_, key := h.key(f.scope, identity.NewKey{Name: "k", Scopes: []tenant.Permission{tenant.ReadContent}})
	for _, way := range []struct{ name, credential string }{{"key", key}, {"token", f.tokens.Access}} {
		b.Run(way.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := h.ids.Admit(b.Context(), "Bearer "+way.credential, identity.Tenant(tenant.ReadContent)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
