package credit_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/db"
	"igny8/internal/db/dbtest"
	"igny8/internal/tenant"
	"igny8/internal/tenant/tenanttest"
)

func pgCPU(d *db.DB) (us float64) {
	if d.Pool() == nil {
		return 0
	}
	rows, _ := d.Pool().Query(context.Background(), `SELECT pid FROM pg_stat_activity WHERE datname = current_database()`)
	for rows.Next() {
		var pid int
		_ = rows.Scan(&pid)
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		u, _ := strconv.ParseFloat(f[11], 64)
		s, _ := strconv.ParseFloat(f[12], 64)
		us += (u + s) * 10000
	}
	return us
}

func benchTeller(b *testing.B, accounts, clients int, settle bool) {
	d := dbtest.OpenAt(b, clock.Clock{})
	h := &house{t: b, d: d, st: tenant.NewStore(d), s: tenanttest.New(b, d)}
	h.grant(credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 1 << 40})
	all := []tenant.Scope{h.s}
	for len(all) < accounts {
		s := tenanttest.New(b, d)
		h.s = s
		_ = h.update(func(ctx context.Context, tx *tenant.Tx) error {
			_, err := credit.Grant(ctx, tx, credit.NewLot{Source: credit.BonusCredits, Reference: "bonus", Amount: 1 << 40})
			return err
		})
		all = append(all, s)
	}
	if d.Pool() != nil {
		_ = dbtest.TryAsOwner
	}
	tl := credit.NewTeller(h.st)
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	pg := pgCPU(d)
	b.ResetTimer()
	var wg sync.WaitGroup
	ch := make(chan struct{}, b.N)
	for range b.N {
		ch <- struct{}{}
	}
	close(ch)
	for range clients {
		wg.Go(func() {
			for range ch {
				s := all[rand.IntN(len(all))]
				k, err := tl.Reserve(b.Context(), s, work(1), time.Hour)
				if err == nil && settle {
					err = tl.Settle(b.Context(), s, k.Hold, 1)
				}
				if err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	cpu := (after.Utime.Nano() - before.Utime.Nano()) + (after.Stime.Nano() - before.Stime.Nano())
	b.ReportMetric(float64(cpu)/float64(b.N)/1000, "go-µs/op")
	b.ReportMetric((pgCPU(d)-pg)/float64(b.N), "pg-µs/op")
}

func BenchmarkTellerHot(b *testing.B)    { benchTeller(b, 1, 64, false) }
func BenchmarkTellerMany(b *testing.B)   { benchTeller(b, 1000, 64, false) }
func BenchmarkTellerSettle(b *testing.B) { benchTeller(b, 1, 64, true) }
func BenchmarkTellerOne(b *testing.B)    { benchTeller(b, 1, 1, false) }
