package mail_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"igny8/internal/config"
	"igny8/internal/mail"
	"igny8/internal/mail/mailtest"
)

func smtp(t *testing.T, at string) mail.Sender {
	t.Helper()
	s, err := mail.SMTP(config.NewSecret(at), "Igny8 <igny8@example.com>")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A server that is down while letters are written loses none of them.
func TestLettersWaitForTheServer(t *testing.T) {
	t.Parallel()
	at := mailtest.Address(t)
	o := newOffice(t, smtp(t, "smtp://"+at))
	o.run()
	o.post("anna@example.com", o.reset())
	for o.outbox()[0].Error == "" {
		time.Sleep(10 * time.Millisecond)
	}
	if l := o.outbox()[0]; l.State != mail.Queued {
		t.Fatalf("with the server down the letter is %+v", l)
	}
	server := mailtest.Start(t, at)
	l := server.Wait("anna@example.com", "Choose a new password")
	sent := o.until(mail.Sent)
	if l.From.Address != "igny8@example.com" || l.MessageID != sent.ID.String()+"@example.com" ||
		!strings.Contains(strings.ReplaceAll(l.Text, "\r\n", "\n"), home+"/reset-password?token=igl_secret\n") {
		t.Errorf("arrived %+v", l)
	}
}

// scripted is an SMTP server that answers by the verb.
func scripted(t *testing.T, answers map[string]string) string {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			_, _ = fmt.Fprint(c, "220 test\r\n")
			for in := bufio.NewScanner(c); in.Scan(); {
				verb, _, _ := strings.Cut(strings.ToUpper(in.Text()), " ")
				answer, ok := answers[verb]
				if !ok {
					answer = "250 ok"
				}
				_, _ = fmt.Fprint(c, answer+"\r\n")
				if verb == "QUIT" {
					break
				}
			}
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = ln.Close(); <-ended })
	return "smtp://" + ln.Addr().String()
}

func TestWhatTheServerSays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		answers map[string]string
		refused bool
	}{
		{"no such mailbox", map[string]string{"RCPT": "550 5.1.1 nobody here"}, true},
		{"a mailbox that is full", map[string]string{"RCPT": "452 4.2.2 full"}, false},
		{"a sender that is not ours", map[string]string{"MAIL": "550 5.7.1 not yours"}, false},
		{"a server that is busy", map[string]string{"EHLO": "421 later", "HELO": "421 later"}, false},
		{"a text that is refused", map[string]string{"DATA": "554 5.7.1 spam"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			err := smtp(t, scripted(t, tt.answers)).Send(ctx, mail.Envelope{To: "anna@example.com", Subject: "x", Text: "y"})
			if err == nil || errors.Is(err, mail.ErrRefused) != tt.refused {
				t.Errorf("got %v, refused for good: want %v", err, tt.refused)
			}
		})
	}
}

func TestSMTPRefusesWhatIsNoAddress(t *testing.T) {
	t.Parallel()
	for _, at := range []string{"", "smtp://", "smtp://host:99999999999"} {
		if _, err := mail.SMTP(config.NewSecret(at), "a@example.com"); err == nil {
			t.Errorf("%q was taken", at)
		}
	}
	if _, err := mail.SMTP(config.NewSecret("smtp://host"), "nobody"); err == nil {
		t.Error("letters from nobody")
	}
	_, err := mail.SMTP(config.NewSecret("smtp://anna:hunter2@%zz"), "a@example.com")
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}
