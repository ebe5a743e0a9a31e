package arch

import (
	"fmt"
	"go/ast"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// floors is the house from the ground up: a package may import what is written
// before it, and nothing after it.
var floors = []string{
	// the kernel
	"clock", "config", "words", "fault", "id", "money", "seal",
	// platform and tenancy
	"db", "db/dbtest", "httpx", "tenant", "tenant/tenanttest", "throttle", "throttle/redistest",
	// services
	"audit", "flag", "job", "replay", "mail", "mail/mailtest",
	// people
	"account", "identity/internal/wordlist", "identity/internal/wordlist/generate", "identity", "identity/identitytest",
	// commerce
	"credit", "plan", "subscription", "invoice", "payment/internal/vendor", "payment/internal/stripe",
	"payment/internal/paypal", "payment/stripetest", "payment/paypaltest", "payment", "renewal",
	"bank/internal/statement", "bank/internal/camt", "bank/internal/mt940", "bank/internal/csvfile", "bank",
	"signup",
	// the product
	"prompt", "ai/internal/provider", "ai/internal/cluster", "ai/internal/provider/offline", "ai/internal/provider/chat",
	"ai/internal/provider/vendortest", "ai/internal/provider/openai", "ai/internal/provider/anthropic", "ai", "ai/aitest",
	"site", "planner/internal/keywordfile", "planner", "writer",
	"publish/wordpresstest", "publish/internal/wordpress", "publish", "automation", "export", "erasure",
	// the edges, and what knows everybody
	"web/assets", "web/ui", "web/webtest", "web", "api", "app",
	"arch",
}

// onlyInto says which packages may import something.
var onlyInto = map[string][]string{
	"igny8/internal/db":                              {"app", "db/dbtest", "httpx", "identity", "identity/identitytest", "job", "replay", "tenant", "tenant/tenanttest"},
	"igny8/internal/db/dbtest":                       {},
	"igny8/internal/tenant/tenanttest":               {},
	"igny8/internal/ai/aitest":                       {},
	"igny8/internal/ai/internal/provider/vendortest": {},
	"igny8/internal/throttle/redistest":              {},
	"igny8/internal/mail/mailtest":                   {},
	"igny8/internal/identity/identitytest":           {},
	"igny8/internal/payment/stripetest":              {},
	"igny8/internal/payment/paypaltest":              {},
	"igny8/internal/web/webtest":                     {},
	"igny8/internal/publish/wordpresstest":           {},
	"igny8/internal/app":                             {},
	"github.com/danielgtaylor/huma/v2":               {"api"},
	"github.com/riverqueue/river":                    {"db", "job"},
	"riverqueue.com/riverui":                         {"job"},
	"github.com/jackc/pgx/v5":                        {"db", "db/dbtest", "job"},
	"github.com/redis/go-redis/v9":                   {"throttle"},
	"github.com/golang-jwt/jwt/v5":                   {"identity"},
	"github.com/pquerna/otp":                         {"identity"},
	"github.com/trustelem/zxcvbn":                    {"identity/internal/wordlist/generate"},
	"github.com/wneessen/go-mail":                    {"mail"},
	"net/smtp":                                       {},
	"github.com/alexedwards/argon2id":                {"identity"},
	"github.com/alecthomas/kong":                     {"app"},
	"github.com/bojanz/currency":                     {"account", "money", "payment/internal/paypal"},
	"github.com/johnfercher/maroto/v2":               {"invoice"},
	"github.com/boombuler/barcode":                   {"invoice"},
	"golang.org/x/image":                             {"invoice"},
	"github.com/stripe/stripe-go/v85":                {"payment/internal/stripe"},
	"github.com/pressly/goose/v3":                    {"db"},
	"modernc.org/sqlite":                             {"db"},
	"database/sql":                                   {"db", "job"},
	"github.com/kljensen/snowball":                   {"ai/internal/cluster"},
	"github.com/yuin/goldmark":                       {"writer"},
	"github.com/aymanbagabas/go-udiff":               {"writer"},
	"github.com/xuri/excelize/v2":                    {"planner/internal/keywordfile"},
	"github.com/a-h/templ":                           {"web", "web/ui"},
	"github.com/chromedp":                            {"web/webtest"},
	"github.com/microcosm-cc/bluemonday":             {"writer"},
	"math/rand":                                      {},
	"math/rand/v2":                                   {},
}

// onlyBy says which packages may say something that another exports.
var onlyBy = map[string][]string{
	"igny8/internal/tenant.Mint":                {"identity", "job", "tenant/tenanttest"},
	"igny8/internal/tenant.MintOperator":        {"identity", "tenant/tenanttest"},
	"igny8/internal/tenant.MintStaff":           {"identity"},
	"igny8/internal/tenant.MintVisit":           {"identity"},
	"igny8/internal/tenant.Note":                {"audit"},
	"igny8/internal/tenant.NoteShared":          {"audit", "tenant/tenanttest"},
	"igny8/internal/tenant.Bind":                {"identity", "job"},
	"igny8/internal/tenant.BindShared":          {"identity"},
	"igny8/internal/tenant.Within":              {"identity"},
	"igny8/internal/identity.Told":              {"payment"},
	"igny8/internal/tenant.Raw":                 {"identity", "job", "replay"},
	"igny8/internal/tenant.SharedOf":            {"identity"},
	"igny8/internal/tenant.RawShared":           {"job"},
	"igny8/internal/ai.NewScripted":             {"ai/aitest"},
	"igny8/internal/credit.Open":                {"ai"},
	"igny8/internal/credit.Settle":              {"ai"},
	"igny8/internal/db.Scratch":                 {"app"},
	"igny8/internal/clock.At":                   {},
	"igny8/internal/clock.NewHand":              {},
	"time.Now":                                  {"clock"},
	"time.Since":                                {"clock"},
	"time.Until":                                {"clock"},
	"os.Getenv":                                 {"db/dbtest", "web/webtest", "publish/wordpresstest"},
	"os.LookupEnv":                              {},
	"os.Environ":                                {},
	"os.Exit":                                   {},
	"net/http.DefaultClient":                    {},
	"net/http.Get":                              {},
	"net/http.Post":                             {},
	"fmt.Println":                               {},
	"fmt.Printf":                                {},
	"github.com/danielgtaylor/huma/v2.Register": {"api"},
}

// revealers may read a config.Secret.
var revealers = []string{"ai/own.go", "ai/vendors.go", "app/data.go", "app/throttling.go", "mail/smtp.go", "payment/vendor.go"}

// reachers are the files that may open a database transaction for an account,
// or to read across all, and why. Rooms have package tenant for the first, and
// an operator's Survey for the second.
var reachers = map[string]map[string]string{
	"ViewOf":   {"tenant/tenant.go": "a View"},
	"UpdateOf": {"tenant/tenant.go": "a Tx", "tenant/tenanttest/tenanttest.go": "an account for tests of rooms below package account"},
	"Narrow":   {"tenant/tenant.go": "Bind", "tenant/staff.go": "BindShared"},
	"Within":   {"tenant/tenant.go": "Within", "identity/verify.go": "an event of a person, for each of his accounts", "identity/use.go": "which keys were used, of many accounts in one commit", "identity/visiting.go": "a visit begins in one account and another ends elsewhere"},
	"ViewAcross": {
		"db/dbtest/dump.go":   "every row, for tests",
		"tenant/shared.go":    "an operator's Survey",
		"identity/session.go": "where a person who signs in is a member",
		"job/run.go":          "jobs of processes that died",
		"job/round.go":        "in which accounts something has become due",
	},
	"UpdateTogether": {"tenant/joint.go": "a Joint"},
	"Jointly":        {"credit/tellerjoint.go": "credits of several accounts in one commit"},
	"InTurn":         {"credit/tellerturn.go": "the same, account by account"},
	"LookAcross":     {"identity/verify.go": "where a person, whose row is held, is a member"},
}

// setting is what row-level security reads; package db alone sets it.
var setting = regexp.MustCompile(`\bigny8\.(accounts?|reach)\b`)

// reaches finds who says whose rows a transaction meets, and is not on the list.
func (h house) reaches() []string {
	var all []string
	for _, s := range h {
		ast.Inspect(s.file, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if allowed, guarded := reachers[sel.Sel.Name]; guarded && allowed[s.path] == "" && s.pkg != "db" {
				all = append(all, fmt.Sprintf("%s: may not say %s", s.path, sel.Sel.Name))
			}
			return true
		})
		for _, text := range s.texts() {
			if m := setting.FindString(text); m != "" && s.pkg != "db" {
				all = append(all, fmt.Sprintf("%s: only package db sets %s", s.path, m))
			}
		}
	}
	return all
}

// crimes checks every rule and returns a sentence for each that is broken.
func (h house) crimes(owners map[string][]string) []string {
	var all []string
	for _, rule := range []func() []string{
		h.unplaced, h.imports, h.strangers, h.sayings, h.reveals, h.reaches, h.globals, h.names,
		func() []string { return h.tables(owners) },
	} {
		all = append(all, rule()...)
	}
	return all
}

// unplaced finds packages that stand on no floor, and floors without packages.
func (h house) unplaced() []string {
	var all []string
	there := map[string]bool{"arch": true}
	for _, s := range h {
		if !there[s.pkg] && !slices.Contains(floors, s.pkg) {
			all = append(all, fmt.Sprintf("%s: give package %s its place in floors", s.path, s.pkg))
		}
		there[s.pkg] = true
	}
	for _, f := range floors {
		if len(h) > 1 && !there[f] { // one source alone is a crime that a test tries
			all = append(all, fmt.Sprintf("floors: there is no package %s", f))
		}
	}
	return all
}

// imports finds who reaches up.
func (h house) imports() []string {
	var all []string
	for _, s := range h {
		mine := slices.Index(floors, s.pkg)
		for _, path := range slices.Sorted(maps.Values(s.imports)) {
			target, ours := own(path)
			if ours && slices.Index(floors, target) >= mine && room(target) != "arch" {
				all = append(all, fmt.Sprintf("%s: %s is on a floor below %s and may not import it", s.path, s.pkg, target))
			}
		}
	}
	return all
}

// strangers finds who imports what is for others.
func (h house) strangers() []string {
	var all []string
	for _, s := range h {
		for _, path := range slices.Sorted(maps.Values(s.imports)) {
			for target, allowed := range onlyInto {
				fetched := strings.Contains(target, ".") // a module of others, with all that is in it
				within := path == target || fetched && strings.HasPrefix(path, target+"/")
				if within && !slices.Contains(allowed, s.pkg) {
					all = append(all, fmt.Sprintf("%s: %s may not import %s", s.path, s.pkg, path))
				}
			}
		}
	}
	return all
}

// sayings finds who says what is for others to say.
func (h house) sayings() []string {
	var all []string
	for _, s := range h {
		s.says(func(path, name string) {
			allowed, guarded := onlyBy[path+"."+name]
			if guarded && !slices.Contains(allowed, s.pkg) {
				all = append(all, fmt.Sprintf("%s: %s may not say %s.%s", s.path, s.pkg, path[strings.LastIndexByte(path, '/')+1:], name))
			}
		})
	}
	return all
}

// reveals finds who reads a secret. No other type has a method of this name.
func (h house) reveals() []string {
	var all []string
	for _, s := range h {
		ast.Inspect(s.file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Reveal" && !slices.Contains(revealers, s.path) {
				all = append(all, fmt.Sprintf("%s: may not reveal a secret", s.path))
			}
			return true
		})
	}
	return all
}

// globals finds work that nobody called: init functions, and goroutines that
// nobody waits for outside of app. sync.WaitGroup.Go is how a room works in
// parallel.
func (h house) globals() []string {
	var all []string
	for _, s := range h {
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv == nil && n.Name.Name == "init" {
					all = append(all, fmt.Sprintf("%s: has an init function", s.path))
				}
			case *ast.GoStmt:
				if s.pkg != "app" {
					all = append(all, fmt.Sprintf("%s: starts a goroutine that nobody waits for; only app does", s.path))
				}
			}
			return true
		})
	}
	return all
}

// nouns are names that say nothing.
var nouns = regexp.MustCompile(`^(util|utils|common|models?|types|helpers?|services?|store|repository|base|misc|shared|manager)$`)

func (h house) names() []string {
	var all []string
	documented := map[string]bool{}
	for _, s := range h {
		if nouns.MatchString(s.file.Name.Name) {
			all = append(all, fmt.Sprintf("%s: a package is named for what it knows, not %s", s.path, s.file.Name.Name))
		}
		documented[s.pkg] = documented[s.pkg] || s.file.Doc != nil
	}
	for pkg, ok := range documented {
		if !ok {
			all = append(all, fmt.Sprintf("package %s does not say its one idea", pkg))
		}
	}
	return all
}

var (
	inSQL    = regexp.MustCompile(`\b(?:FROM|JOIN|INTO|UPDATE|TABLE)\s+([a-z_]+)`)
	tableDDL = regexp.MustCompile(`CREATE TABLE (?:IF NOT EXISTS )?([a-z_]+)`)
	ownerDoc = regexp.MustCompile(`^-- Owned by packages? ([a-z, ]+?)\.`)
)

// lodgers may name a table that is another room's, and why.
var lodgers = map[string]string{
	"tenant/tenanttest accounts": "an account for the tests of rooms below package account",
}

// tables finds SQL on a table that belongs to another room. Not all capitals
// are SQL, so only names of tables count.
func (h house) tables(owners map[string][]string) []string {
	var all []string
	for _, s := range h {
		for _, text := range s.texts() {
			for _, m := range inSQL.FindAllStringSubmatch(text, -1) {
				owner, known := owners[m[1]]
				if known && !slices.Contains(owner, room(s.pkg)) && lodgers[s.pkg+" "+m[1]] == "" {
					all = append(all, fmt.Sprintf("%s: table %s belongs to package %s", s.path, m[1], strings.Join(owner, " and ")))
				}
			}
		}
	}
	return all
}
