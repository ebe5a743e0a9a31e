package prompt_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"igny8/internal/db/dbtest"
	"igny8/internal/prompt"
	"igny8/internal/tenant"
)

// TestVersions: a text begins with the program's, each change is kept, and
// nobody writes over what he has not read.
func TestVersions(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t)
	st := tenant.NewStore(d)
	by := tenant.Actor{Kind: tenant.Staff, ID: "usr_olga"}
	set := func(seen int64, text string) (p prompt.Prompt, err error) {
		err = st.UpdateShared(t.Context(), func(ctx context.Context, tx *tenant.SharedTx) error {
			p, err = prompt.Set(ctx, tx, by, prompt.Article, seen, text)
			return err
		})
		return p, err
	}
	read := func(k prompt.Kind) (all []prompt.Prompt) {
		t.Helper()
		err := st.UpdateShared(t.Context(), func(ctx context.Context, tx *tenant.SharedTx) error {
			now, err := prompt.Current(ctx, tx.Shared, k)
			if err != nil {
				return err
			}
			all, err = prompt.Versions(ctx, tx.Shared, k)
			if err == nil && all[0] != now {
				t.Errorf("current is %+v, and the newest %+v", now, all[0])
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	for _, k := range prompt.Kinds() {
		if all := read(k); len(all) != 1 || all[0].Version != 0 || len(all[0].Text) < 50 {
			t.Errorf("%s begins with %+v", k, all)
		}
	}
	p, err := set(0, " Write well.\r\nAlways. ")
	if err != nil || p.Version != 1 || p.Text != "Write well.\nAlways." || p.Actor != "staff:usr_olga" {
		t.Errorf("set %+v, %v", p, err)
	}
	if _, err := set(0, "Write better."); !errors.Is(err, prompt.ErrChanged) {
		t.Errorf("over a version that was not read: %v", err)
	}
	for _, text := range []string{"", " \n", "a\x00b", "\xff", strings.Repeat("x", 8001)} {
		if _, err := set(1, text); !errors.Is(err, prompt.ErrInvalid) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	if _, err := set(1, prompt.BuiltIn(prompt.Article).Text); err != nil {
		t.Fatal(err)
	}
	if all := read(prompt.Article); len(all) != 3 || all[0].Version != 2 || all[0].Text != all[2].Text || all[1] != p {
		t.Errorf("versions %+v", all)
	}
	if all := read(prompt.Ideas); len(all) != 1 {
		t.Errorf("another text has changed with it: %+v", all)
	}
	err = st.UpdateShared(t.Context(), func(ctx context.Context, tx *tenant.SharedTx) error {
		_, err := tx.Exec(ctx, `UPDATE prompts SET text = $1 WHERE version = 1`, "Lie.")
		return err
	})
	if err == nil {
		t.Error("a version was written over")
	}
	for name, want := range map[string]bool{"generate_ideas": true, "poetry": false, "": false} {
		if _, err := prompt.ParseKind(name); (err == nil) != want {
			t.Errorf("%q: %v", name, err)
		}
	}
}
