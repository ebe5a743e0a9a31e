package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/config"
	"igny8/internal/identity"
	"igny8/internal/tenant"
)

// crowd is how many want the last of something at once.
const crowd = 1000

// rush sends a crowd of requests to two processes and counts the answers.
func rush(t *testing.T, houses []*house, send func(h *house, n int) answer) map[string]int {
	t.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	got := map[string]int{}
	next := atomic.Int64{}
	for worker := range 64 {
		wg.Go(func() {
			for {
				n := int(next.Add(1))
				if n > crowd {
					return
				}
				a := send(houses[worker%len(houses)], n)
				what := fmt.Sprint(a.status)
				if a.status >= http.StatusBadRequest {
					what += " " + a.text("code")
				}
				mu.Lock()
				got[what]++
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return got
}

// twoProcesses is two servers on one database, with one address.
func twoProcesses(t *testing.T) []*house {
	t.Helper()
	cfg := settings(t)
	cfg.Debug = true
	return twoOf(t, cfg)
}

// twoOf is twoProcesses with settings.
func twoOf(t *testing.T, cfg config.Config) []*house {
	t.Helper()
	first := openOn(t, clock.Clock{}, cfg)
	return []*house{first, openOn(t, clock.Clock{}, first.cfg)}
}

func wantOneOf(t *testing.T, got map[string]int, won, lost string) {
	t.Helper()
	if got[won] != 1 || got[lost] != crowd-1 {
		t.Errorf("%v, want one %q and %d times %q", got, won, crowd-1, lost)
	}
}

func TestTheLastSiteOfAPlanIsTakenOnce(t *testing.T) {
	t.Parallel()
	houses := twoProcesses(t)
	token := houses[0].member()
	got := rush(t, houses, func(h *house, n int) answer {
		return h.send("POST", "/sites", token, object{"name": "Site", "domain": fmt.Sprintf("site%d.example", n)})
	})
	wantOneOf(t, got, "201", "409 plan.limit_reached")
}

// lastSeat is an account of two processes that has one seat left, and its
// owner's token.
func lastSeat(t *testing.T) ([]*house, tenancy, string) {
	t.Helper()
	houses := twoProcesses(t)
	h := houses[0]
	r := h.send("POST", "/auth/register", "", someone("growth", "bank_transfer")).is(http.StatusCreated)
	acc, err := tenant.ParseAccountID(r.text("account.id"))
	if err != nil {
		t.Fatal(err)
	}
	m := tenancy{h: h, acc: acc}
	m.put(active)
	m.member(account.Editor) // the second of three
	return houses, m, r.text("access_token")
}

func (m tenancy) wantMembers(token string, n int) {
	m.h.t.Helper()
	if got := m.h.send("GET", "/account/members", token, nil).is(http.StatusOK).get("items").([]any); len(got) != n {
		m.h.t.Errorf("%d members, want %d", len(got), n)
	}
}

func TestTheLastSeatOfAPlanIsPromisedOnce(t *testing.T) {
	t.Parallel()
	houses, _, owner := lastSeat(t)
	got := rush(t, houses, func(h *house, n int) answer {
		return h.send("POST", "/account/invitations", owner, object{"email": fmt.Sprintf("guest%d@example.com", n), "role": "viewer"})
	})
	wantOneOf(t, got, "201", "409 plan.limit_reached")
	if open := houses[1].send("GET", "/account/invitations", owner, nil).is(http.StatusOK).get("items").([]any); len(open) != 1 {
		t.Errorf("open are %v", open)
	}
}

// TestTheLastSeatOfAPlanIsTakenOnce has a crowd accept that was invited while
// the plan had a seat for each.
func TestTheLastSeatOfAPlanIsTakenOnce(t *testing.T) {
	t.Parallel()
	houses, m, owner := lastSeat(t)
	guests := m.guests(crowd)
	// Connections to the database take longer to open than a seat to take: with
	// none open, nobody would come second at once.
	warm := rush(t, houses, func(h *house, n int) answer { return h.send("GET", "/auth/me", guests[n-1].access, nil) })
	if warm["200"] != crowd {
		t.Fatalf("the guests are %v", warm)
	}
	got := rush(t, houses, func(h *house, n int) answer {
		return h.send("POST", "/auth/join", guests[n-1].access, object{"token": guests[n-1].invitation})
	})
	wantOneOf(t, got, "200", "409 plan.limit_reached")
	m.wantMembers(owner, 3)
}

// TestAnInvitationIsGoodOnce has one guest accept a crowd of times.
func TestAnInvitationIsGoodOnce(t *testing.T) {
	t.Parallel()
	houses, m, owner := lastSeat(t)
	g := m.guests(1)[0]
	got := rush(t, houses, func(h *house, _ int) answer {
		return h.send("POST", "/auth/join", g.access, object{"token": g.invitation})
	})
	wantOneOf(t, got, "200", "422 auth.invalid_link")
	m.wantMembers(owner, 3)
}

// guest is a person who is signed in, is a member of nothing, and is invited.
type guest struct{ access, invitation string }

// guests makes guests in one transaction, whatever the plan says about so many.
func (m tenancy) guests(n int) []guest {
	m.h.t.Helper()
	all := make([]guest, n)
	m.update(func(ctx context.Context, tx *tenant.Tx) error {
		for i := range all {
			u, address := account.NewUserID(), strings.ToLower(rand.Text())+"@example.com"
			_, err := tenant.Raw(tx).Exec(ctx, `
				INSERT INTO users (id, email, email_key, password_hash, first_name, last_name, created_at) VALUES ($1, $2, $2, '', 'G', 'H', 0)`, u, address)
			if err != nil {
				return err
			}
			t, err := m.h.s.identity.StartSession(ctx, tx, u, identity.Client{})
			if err != nil {
				return err
			}
			all[i] = guest{access: t.Access, invitation: invitationOf(m.acc)}
			sum := sha256.Sum256([]byte(all[i].invitation))
			_, err = account.Invite(ctx, tx, account.NewInvitation{Email: address, EmailKey: address, Role: account.Viewer, Hash: hex.EncodeToString(sum[:])},
				func(context.Context, tenant.Reader, int64, int64) error { return nil })
			if err != nil {
				return err
			}
		}
		return nil
	})
	return all
}

// invitationOf is a secret as package identity makes it, which says it in
// letters only.
func invitationOf(acc tenant.AccountID) string {
	letters := base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)
	var random [32]byte
	rand.Read(random[:])
	s := "igi_" + strings.TrimPrefix(acc.String(), "acc_") + letters.EncodeToString(random[:])
	return s + letters.EncodeToString(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(s))))
}
