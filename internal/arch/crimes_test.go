package arch

import (
	"slices"
	"testing"
)

// TestCrimes commits one deliberate crime against each rule, and reads what is
// said of it.
func TestCrimes(t *testing.T) {
	owners := tableOwners(t)
	for _, tt := range []struct{ name, path, text, want string }{
		{
			"reach up", "credit/credit.go",
			"// Package credit is one.\npackage credit\nimport _ \"igny8/internal/writer\"",
			"credit/credit.go: credit is on a floor below writer and may not import it",
		},
		{
			"reach up by another name", "credit/credit.go",
			"// Package credit is one.\npackage credit\nimport w \"igny8/internal/writer\"\nvar _ w.Task",
			"credit/credit.go: credit is on a floor below writer and may not import it",
		},
		{
			"go round the tenant wall", "writer/writer.go",
			"// Package writer is one.\npackage writer\nimport _ \"igny8/internal/db\"",
			"writer/writer.go: writer may not import igny8/internal/db",
		},
		{
			"go round it by the driver", "writer/writer.go",
			"// Package writer is one.\npackage writer\nimport _ \"github.com/jackc/pgx/v5/pgxpool\"",
			"writer/writer.go: writer may not import github.com/jackc/pgx/v5/pgxpool",
		},
		{
			"look across accounts", "credit/credit.go",
			"// Package credit is one.\npackage credit\nvar err = d.ViewAcross(ctx, nil)",
			"credit/credit.go: may not say ViewAcross",
		},
		{
			"look across in another file of a room that may", "job/job.go",
			"// Package job is one.\npackage job\nvar look = q.d.ViewAcross",
			"job/job.go: may not say ViewAcross",
		},
		{
			"look across in a transaction", "identity/session.go",
			"// Package identity is one.\npackage identity\nvar err = tx.LookAcross(ctx, nil)",
			"identity/session.go: may not say LookAcross",
		},
		{
			"turn to another's rows", "account/member.go",
			"// Package account is one.\npackage account\nvar err = tx.Within(ctx, other, nil)",
			"account/member.go: may not say Within",
		},
		{
			"open another's transaction", "identity/identity.go",
			"// Package identity is one.\npackage identity\nvar err = s.d.UpdateOf(ctx, other, nil)",
			"identity/identity.go: may not say UpdateOf",
		},
		{
			"say the account in SQL", "job/run.go",
			"// Package job is one.\npackage job\nconst q = `SELECT set_config('igny8.account', $1, true)`",
			"job/run.go: only package db sets igny8.account",
		},
		{
			"say the reach in SQL", "replay/replay.go",
			"// Package replay is one.\npackage replay\nconst q = `SET igny8.reach = 'all'`",
			"replay/replay.go: only package db sets igny8.reach",
		},
		{
			"huma in a room", "site/site.go",
			"// Package site is one.\npackage site\nimport _ \"github.com/danielgtaylor/huma/v2\"",
			"site/site.go: site may not import github.com/danielgtaylor/huma/v2",
		},
		{
			"forge a scope", "writer/writer.go",
			"// Package writer is one.\npackage writer\nimport \"igny8/internal/tenant\"\nvar s = tenant.Mint(a, b, c)",
			"writer/writer.go: writer may not say tenant.Mint",
		},
		{
			"forge a scope by another name", "writer/writer.go",
			"// Package writer is one.\npackage writer\nimport x \"igny8/internal/tenant\"\nvar mint = x.Mint",
			"writer/writer.go: writer may not say tenant.Mint",
		},
		{
			"forge an operator", "api/api.go",
			"// Package api is one.\npackage api\nimport \"igny8/internal/tenant\"\nvar o = tenant.MintOperator(a, b)",
			"api/api.go: api may not say tenant.MintOperator",
		},
		{
			"pay oneself", "writer/writer.go",
			"// Package writer is one.\npackage writer\nimport \"igny8/internal/credit\"\nvar err = credit.Settle(ctx, tx, h, 0)",
			"writer/writer.go: writer may not say credit.Settle",
		},
		{
			"ask the machine for the time", "plan/plan.go",
			"// Package plan is one.\npackage plan\nimport \"time\"\nvar now = time.Now()",
			"plan/plan.go: plan may not say time.Now",
		},
		{
			"read the environment", "plan/plan.go",
			"// Package plan is one.\npackage plan\nimport \"os\"\nvar debug = os.Getenv(\"DEBUG\")",
			"plan/plan.go: plan may not say os.Getenv",
		},
		{
			"reveal a secret", "api/api.go",
			"// Package api is one.\npackage api\nvar key = cfg.AI.Key.Reveal()",
			"api/api.go: may not reveal a secret",
		},
		{
			"run at start", "api/api.go",
			"// Package api is one.\npackage api\nfunc init() {}",
			"api/api.go: has an init function",
		},
		{
			"let a goroutine go", "planner/planner.go",
			"// Package planner is one.\npackage planner\nfunc f() { go f() }",
			"planner/planner.go: starts a goroutine that nobody waits for; only app does",
		},
		{
			"read another's table", "writer/writer.go",
			"// Package writer is one.\npackage writer\nconst q = `SELECT available FROM credit_balances WHERE account_id = $1`",
			"writer/writer.go: table credit_balances belongs to package credit",
		},
		{
			"write another's table", "payment/payment.go",
			"// Package payment is one.\npackage payment\nconst q = `UPDATE subscriptions SET status = 'active' WHERE account_id = $1`",
			"payment/payment.go: table subscriptions belongs to package subscription",
		},
		{
			"join another's table", "writer/writer.go",
			"// Package writer is one.\npackage writer\nconst q = `SELECT 1 FROM tasks t\n\tJOIN sites s ON s.account_id = t.account_id WHERE t.account_id = $1`",
			"writer/writer.go: table sites belongs to package site",
		},
		{
			"a room without a place", "reports/reports.go",
			"// Package reports is one.\npackage reports",
			"reports/reports.go: give package reports its place in floors",
		},
		{
			"a name that says nothing", "httpx/httpx.go",
			"// Package util is one.\npackage util",
			"httpx/httpx.go: a package is named for what it knows, not util",
		},
		{
			"no idea", "site/site.go", "package site",
			"package site does not say its one idea",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := house{parse(t, tt.path, tt.text)}.crimes(owners)
			if !slices.Contains(got, tt.want) {
				t.Errorf("the crime was not seen.\ngot  %q\nwant %q", got, tt.want)
			}
		})
	}
}
