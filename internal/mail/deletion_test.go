package mail_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"igny8/internal/mail"
	"igny8/internal/tenant"
)

// TestLettersOfADeletion: each says which account, when, and where to keep it
// while that can be.
func TestLettersOfADeletion(t *testing.T) {
	t.Parallel()
	p := &post{}
	o := newOffice(t, p)
	o.run()
	now := o.hand.Clock().Now()
	due := now.Add(30 * 24 * time.Hour)
	for _, tt := range []struct {
		letter  mail.Message
		subject string
		says    []string
	}{
		{mail.DeletionOrdered{Account: "acc_1", At: now, Due: due}, "will be deleted on 31 January 2030", []string{"1 January 2030", home + "/account/delete\n"}},
		{mail.DeletionNear{Account: "acc_1", Due: due}, "will be deleted on 31 January 2030", []string{"last reminder", home + "/account/delete\n"}},
		{mail.AccountKept{Account: "acc_1", At: now}, "Your account stays", []string{"1 January 2030"}},
		{mail.AccountDeleted{Account: "acc_1", At: now}, "has been deleted", []string{"1 January 2030", "the law wants them"}},
	} {
		o.post("anna@example.com", tt.letter)
		l := o.until(mail.Sent)
		e := p.got[len(p.got)-1]
		if l.Kind != tt.letter.Kind() || !strings.Contains(e.Subject, tt.subject) {
			t.Errorf("%s: %q", l.Kind, e.Subject)
		}
		for _, says := range append(tt.says, "acc_1") {
			if !strings.Contains(e.Text, says) {
				t.Errorf("%s does not say %q: %s", l.Kind, says, e.Text)
			}
		}
	}
}

// TestForget deletes what has gone to an address, and neither what has yet to go
// nor what went to anybody else.
func TestForget(t *testing.T) {
	t.Parallel()
	o := newOffice(t, &post{})
	o.run()
	for _, to := range []string{"ben@example.com", "anna@example.com"} {
		o.post(to, o.reset())
		o.until(mail.Sent)
	}
	err := o.st.UpdateShared(t.Context(), func(ctx context.Context, tx *tenant.SharedTx) error {
		if err := o.f.Post(ctx, tx, mail.To{Address: "anna@example.com"}, mail.AccountKept{}); err != nil {
			return err
		}
		return o.f.Forget(ctx, tx, "anna@example.com")
	})
	if err != nil {
		t.Fatal(err)
	}
	all := o.outbox()
	if len(all) != 2 || all[0].Kind != mail.KindAccountKept || all[1].To != "ben@example.com" {
		t.Errorf("the outbox is %+v", all)
	}
}
