package config

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestDefaultsRunEverything(t *testing.T) {
	c, err := Read([]string{"PATH=/bin", "IGNY8_TEST_ENGINE=postgres"})
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		Addr: "127.0.0.1:8080", BaseURL: "http://127.0.0.1:8080", Data: "igny8-data",
		Database: "sqlite:igny8-data/igny8.db", AI: AI{Provider: Offline}, MailFrom: "igny8@localhost",
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v, want %+v", c, want)
	}
}

func TestAllMistakesAreReportedAtOnce(t *testing.T) {
	_, err := Read([]string{
		"IGNY8_ADDR=8080", "IGNY8_BASE_URL=ftp://x", "IGNY8_DATABASE_URL=mysql://root:hunter2@h/db",
		"IGNY8_AI_PROVIDER=openai", "IGNY8_DEBUG=perhaps",
	})
	if err == nil {
		t.Fatal("five mistakes were accepted")
	}
	for _, name := range []string{
		"IGNY8_ADDR is", "IGNY8_BASE_URL", "IGNY8_DATABASE_URL", "IGNY8_AI_KEY", "IGNY8_AI_MODEL",
		"IGNY8_DEBUG",
	} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not in:\n%v", name, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a password is in the error:\n%v", err)
	}
}

func TestUnknownSettingsAreTold(t *testing.T) {
	c, err := Read([]string{"IGNY8_ADRR=:1", "IGNY8_ADDR=:2"})
	if err != nil || !slices.Equal(c.Unknown, []string{"IGNY8_ADRR"}) {
		t.Errorf("got %v, %v", c.Unknown, err)
	}
}

func TestDebugStaysAtHome(t *testing.T) {
	if _, err := Read([]string{"IGNY8_DEBUG=1", "IGNY8_ADDR=0.0.0.0:80"}); err == nil {
		t.Error("debug was allowed on every interface")
	}
	if c, err := Read([]string{"IGNY8_DEBUG=1", "IGNY8_ADDR=localhost:80"}); err != nil || !c.Debug {
		t.Errorf("got %v, %v", c.Debug, err)
	}
}

func TestMigratingLoginIsForPostgres(t *testing.T) {
	const serve, migrate = "IGNY8_DATABASE_URL=postgres://app@h/d", "IGNY8_MIGRATE_DATABASE_URL=postgres://owner:hunter2@h/d"
	if c, err := Read([]string{serve, migrate}); err != nil || c.Migrate != "postgres://owner:hunter2@h/d" {
		t.Errorf("got %q, %v", c.Migrate, err)
	}
	if c, err := Read([]string{serve}); err != nil || c.Migrate != "" {
		t.Errorf("without it: %q, %v", c.Migrate, err)
	}
	for _, bad := range [][]string{{migrate}, {serve, "IGNY8_MIGRATE_DATABASE_URL=sqlite:hunter2.db"}} {
		if _, err := Read(bad); err == nil || !strings.Contains(err.Error(), "IGNY8_MIGRATE_DATABASE_URL") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%d settings: %v", len(bad), err)
		}
	}
}

func TestModelsOfOnesOwnNeedNoKey(t *testing.T) {
	c, err := Read([]string{
		"IGNY8_AI_PROVIDER=openai", "IGNY8_AI_BASE_URL=http://127.0.0.1:11434/v1/", "IGNY8_AI_MODEL=llama3",
	})
	if err != nil || c.AI.BaseURL != "http://127.0.0.1:11434/v1" {
		t.Errorf("got %+v, %v", c.AI, err)
	}
}

func TestEmbeddingsAreOfTheEndpoint(t *testing.T) {
	endpoint := []string{"IGNY8_AI_BASE_URL=http://127.0.0.1:11434/v1", "IGNY8_AI_MODEL=llama3", "IGNY8_AI_KEY=k", "IGNY8_EMBEDDING_MODEL=nomic"}
	if c, err := Read(append(endpoint, "IGNY8_AI_PROVIDER=openai")); err != nil || c.AI.Embeddings != "nomic" {
		t.Errorf("got %+v, %v", c.AI, err)
	}
	for _, p := range []string{"anthropic", "offline"} {
		if _, err := Read(append(endpoint, "IGNY8_AI_PROVIDER="+p)); err == nil || !strings.Contains(err.Error(), "IGNY8_EMBEDDING_MODEL") {
			t.Errorf("%s has no such models: %v", p, err)
		}
	}
}

func TestSecretDoesNotPrint(t *testing.T) {
	s := struct{ Key Secret }{NewSecret("hunter2")}
	j, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", s.Key, "all", s)
	for _, got := range []string{string(j), log.String(), fmt.Sprintf("%v %+v %#v %s %q", s, s, s, s.Key, s.Key)} {
		if strings.Contains(got, "hunter2") {
			t.Errorf("the secret is in %s", got)
		}
	}
	if s.Key.Reveal() != "hunter2" || (Secret{}).String() != "" {
		t.Error("a secret must be there when asked for, and be empty when it is")
	}
}

func TestNetworksAndRedis(t *testing.T) {
	c, err := Read([]string{"IGNY8_TRUSTED_PROXIES= 10.0.0.0/8 , 192.0.2.1,2001:db8::/32,", "IGNY8_REDIS_URL=rediss://:hunter2@cache:6379/1"})
	if err != nil || fmt.Sprint(c.TrustedProxies) != "[10.0.0.0/8 192.0.2.1/32 2001:db8::/32]" || c.Redis.Reveal() != "rediss://:hunter2@cache:6379/1" {
		t.Errorf("got %v, %v", c.TrustedProxies, err)
	}
	_, err = Read([]string{"IGNY8_TRUSTED_PROXIES=10.0.0.0/8,all", "IGNY8_REDIS_URL=http://:hunter2@cache:6379"})
	if err == nil || !strings.Contains(err.Error(), `IGNY8_TRUSTED_PROXIES has "all"`) || !strings.Contains(err.Error(), "IGNY8_REDIS_URL must") ||
		strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

func TestMailSettings(t *testing.T) {
	c, err := Read([]string{"IGNY8_SMTP_URL=smtps://anna:hunter2@mail.example.com", "IGNY8_BASE_URL=https://seo.example.com"})
	if err != nil || c.SMTP.Reveal() != "smtps://anna:hunter2@mail.example.com" || c.MailFrom != "igny8@seo.example.com" {
		t.Errorf("got %+v, %v", c, err)
	}
	for _, bad := range []string{"mail.example.com:25", "http://u:hunter2@mail.example.com", "smtp://", "smtp://h/path", "smtp://u:hunter2@%zz"} {
		if _, err := Read([]string{"IGNY8_SMTP_URL=" + bad}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", bad, err)
		}
	}
	if _, err := Read([]string{"IGNY8_MAIL_FROM=nobody"}); err == nil {
		t.Error("letters from nobody")
	}
}

func TestVendorsAreWholeOrNotThere(t *testing.T) {
	c, err := Read([]string{"IGNY8_STRIPE_KEY=sk_live_hunter2", "IGNY8_STRIPE_WEBHOOK_SECRET=whsec_hunter2"})
	if err != nil || !c.Stripe.On() || c.PayPal.On() || c.Stripe.Webhook.Reveal() != "whsec_hunter2" {
		t.Errorf("got %+v, %v", c, err)
	}
	c, err = Read([]string{
		"IGNY8_PAYPAL_CLIENT_ID=id", "IGNY8_PAYPAL_SECRET=hunter2", "IGNY8_PAYPAL_WEBHOOK_ID=WH", "IGNY8_PAYPAL_BASE_URL=http://127.0.0.1:1/",
	})
	if err != nil || c.Stripe.On() || !c.PayPal.On() || c.PayPal.BaseURL != "http://127.0.0.1:1" {
		t.Errorf("got %+v, %v", c, err)
	}
	for setting, missing := range map[string][]string{
		"IGNY8_STRIPE_KEY=hunter2":                  {"IGNY8_STRIPE_WEBHOOK_SECRET is needed with IGNY8_STRIPE_KEY"},
		"IGNY8_STRIPE_WEBHOOK_SECRET=hunter2":       {"IGNY8_STRIPE_KEY is needed with IGNY8_STRIPE_WEBHOOK_SECRET"},
		"IGNY8_STRIPE_BASE_URL=https://hunter2.com": {"IGNY8_STRIPE_KEY is", "IGNY8_STRIPE_WEBHOOK_SECRET is"},
		"IGNY8_PAYPAL_SECRET=hunter2":               {"IGNY8_PAYPAL_CLIENT_ID is needed with IGNY8_PAYPAL_SECRET", "IGNY8_PAYPAL_WEBHOOK_ID is"},
		"IGNY8_PAYPAL_BASE_URL=http://hunter2.com":  {"IGNY8_PAYPAL_BASE_URL must be an https:// address", "IGNY8_PAYPAL_CLIENT_ID is"},
	} {
		_, err := Read([]string{setting})
		for _, want := range missing {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: no %q in %v", setting, want, err)
			}
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: a secret is in %v", setting, err)
		}
	}
}
