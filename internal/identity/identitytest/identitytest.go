// Package identitytest opens the gate for the tests of rooms above it: with
// cheap passwords, and an office whose letters nobody takes away.
package identitytest

import (
	"log/slog"
	"testing"

	"igny8/internal/db"
	"igny8/internal/identity"
	"igny8/internal/job"
	"igny8/internal/mail"
	"igny8/internal/tenant"
)

// Issuer is the address that tokens and letters name.
const Issuer = "https://igny8.example"

// New makes a Service on d. What o leaves out is filled in; the queue is nil in
// o for one that runs nothing.
func New(t testing.TB, d *db.DB, o identity.Options) *identity.Service {
	t.Helper()
	key := []byte("0123456789abcdef0123456789abcdef")
	o.Secret, o.Seal, o.Issuer = key, key, Issuer
	o.HashMemoryKiB, o.HashPasses = 64, 1
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	st := tenant.NewStore(d)
	var err error
	if o.Jobs == nil {
		if o.Jobs, err = job.New(d, o.Log, job.Options{}); err != nil {
			t.Fatal(err)
		}
	}
	o.Mail, err = mail.New(st, o.Jobs, mail.Options{BaseURL: Issuer, Key: key, Sender: mail.LogSender(o.Log), Log: o.Log})
	if err != nil {
		t.Fatal(err)
	}
	s, err := identity.New(st, d, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
