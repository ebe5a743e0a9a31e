package web

import (
	"net/http"
	"strings"

	"igny8/internal/identity"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// mountDocs is for who writes a program: what the API is, and how it is used.
func (w *Web) mountDocs() {
	w.mount("GET /docs", identity.Public(), w.reference)
	w.mount("GET /docs/start", identity.Public(), w.firstMinutes)
	w.mount("GET /docs/webhooks", identity.Public(), w.webhooks)
	w.mount("GET /docs/bridge", identity.Public(), w.bridgeDocs)
}

// docsPlaces is the pages of the docs.
func docsPlaces() []ui.Place {
	return []ui.Place{
		{Name: "Reference", Path: "/docs"}, {Name: "First steps", Path: "/docs/start"}, {Name: "Payment webhooks", Path: "/docs/webhooks"},
		{Name: "WordPress bridge", Path: "/docs/bridge"},
	}
}

// docsPage is one page of the docs.
type docsPage struct {
	ui.Page
	Base  string // of the API, as programs reach it
	Steps []docsStep
}

func (w *Web) docs(v *visit, title words.Text) docsPage {
	p := docsPage{Page: v.page, Base: strings.TrimSuffix(w.BaseURL, "/") + "/api/v1"}
	p.Title = title
	return p
}

// referencePolicy is contentPolicy, and one style that the reader of the API's
// description sets in its page: known by what it says, as nothing else is let in.
var referencePolicy = strings.Replace(contentPolicy, "style-src 'self'", "style-src 'self' 'unsafe-hashes' 'sha256-MBVp6JYxbC/wICelYC6eULCRpgi9kGezXXSaq/TS2+I='", 1)

// reference is the API's own description, in a reader that the binary has.
func (w *Web) reference(rw http.ResponseWriter, r *http.Request, v *visit) error {
	rw.Header().Set("Content-Security-Policy", referencePolicy)
	return show(r.Context(), rw, http.StatusOK, referenceView(w.docs(v, "API")))
}

func (w *Web) firstMinutes(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := w.docs(v, "First steps with the API")
	p.Lead = "From an API key to an article that is ready to be published, with curl. Paste one after the other into a shell."
	p.Steps = apiSteps(p.Base)
	return show(r.Context(), rw, http.StatusOK, startView(p))
}

func (w *Web) webhooks(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := w.docs(v, "Payment webhooks")
	p.Lead = "How Stripe and PayPal tell a server what was paid. For who operates one."
	return show(r.Context(), rw, http.StatusOK, webhooksView(p))
}

func (w *Web) bridgeDocs(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := w.docs(v, "WordPress bridge")
	p.Lead = "For sites that cannot be reached from outside: the site asks, and says what it did. Our plugin does this; a program of yours can."
	p.Steps = bridgeSteps(p.Base)
	return show(r.Context(), rw, http.StatusOK, bridgeView(p))
}

// docsStep is a command with what it is for. A test runs them in their order.
type docsStep struct {
	Title, Says words.Text
	Command     string
}

// apiSteps is the first minutes with the API at base.
func apiSteps(base string) []docsStep {
	const auth = ` -H "Authorization: Bearer $KEY"`
	return []docsStep{
		{"Your key", "Make one under API keys, with every scope. It stands for your account.", `API=` + base + "\nKEY=igy_paste-your-key-here"},
		{"Ask something", "Who is it? The answer is JSON; a mistake is a problem (RFC 9457) with a code, and says what to do.", `curl -sS "$API/account"` + auth},
		{
			"Work takes its time", "What takes longer than a request is a job. This waits for the one that an answer names.",
			"first() { grep -o \"\\\"$1_[a-z0-9]*\\\"\" | head -n 1 | tr -d '\"'; }\n" +
				"finished() {\n  until curl -sS \"$API/jobs/$1\"" + auth + " | grep -Eq '\"state\":\"(succeeded|failed|cancelled)\"'; do sleep 1; done\n" +
				"  curl -sS \"$API/jobs/$1\"" + auth + "\n}",
		},
		{"A site", "Keywords and articles belong to one.", `SITE=$(curl -sS "$API/sites"` + auth + " --json '{\"name\": \"Bees\", \"domain\": \"bees.example\", \"language\": \"en\"}' | first site)\necho \"$SITE\""},
		{
			"Keywords", "The export of a keyword tool as it is, or a list of your own.",
			"printf 'Keyword,Volume\\nhoney cake,2400\\nhoney cake recipe,900\\nbee hotel,500\\nbee hotel kit,90\\n' > keywords.csv\n" +
				`JOB=$(curl -sS "$API/planner/keywords/import"` + auth + " -F site_id=\"$SITE\" -F file=@keywords.csv | first job)\nfinished \"$JOB\"",
		},
		{
			"Clusters", "First what it costs; then the order, with a key of its own: sent again, it is done once.",
			`curl -sS "$API/planner/keywords/auto_cluster/quote"` + auth + " --json \"{\\\"site_id\\\": \\\"$SITE\\\"}\"\n" +
				`JOB=$(curl -sS "$API/planner/keywords/auto_cluster"` + auth + " -H \"Idempotency-Key: first-clusters\" --json \"{\\\"site_id\\\": \\\"$SITE\\\"}\" | first job)\nfinished \"$JOB\"\n" +
				`CLUSTER=$(curl -sS "$API/planner/clusters?site_id=$SITE"` + auth + " | first clu)\necho \"$CLUSTER\"",
		},
		{
			"Ideas", "What to write for the largest cluster.",
			`JOB=$(curl -sS "$API/planner/clusters/generate_ideas"` + auth + " --json \"{\\\"cluster_ids\\\": [\\\"$CLUSTER\\\"], \\\"count\\\": 2}\" | first job)\nfinished \"$JOB\"\n" +
				`IDEA=$(curl -sS "$API/planner/ideas?site_id=$SITE"` + auth + " | first idea)\necho \"$IDEA\"",
		},
		{
			"An article", "An idea becomes a task, and the task an article.",
			`TASK=$(curl -sS "$API/writer/tasks"` + auth + " --json \"{\\\"site_id\\\": \\\"$SITE\\\", \\\"idea_id\\\": \\\"$IDEA\\\"}\" | first task)\n" +
				`JOB=$(curl -sS "$API/writer/tasks/generate_content"` + auth + " --json \"{\\\"task_ids\\\": [\\\"$TASK\\\"]}\" | first job)\nfinished \"$JOB\"\n" +
				`ARTICLE=$(curl -sS "$API/writer/content?site_id=$SITE"` + auth + " | first cnt)\ncurl -sS \"$API/writer/content/$ARTICLE\"" + auth,
		},
		{
			"Approve it", "Read it first. Once the site is connected to WordPress, POST /writer/content/{id}/publish sends it there.",
			`curl -sS -X POST "$API/writer/content/$ARTICLE/approve"` + auth,
		},
	}
}

// bridgeSteps is what a site asks and tells at base.
func bridgeSteps(base string) []docsStep {
	const auth = ` -H "Authorization: Bearer $KEY"`
	return []docsStep{
		{"The site's key", "An API key that is bound to the site, with the scope content.read. It opens the bridge of that site and nothing else of it. Choose the bridge for the site first, or 409 is the answer.", `API=` + base + "\nKEY=igy_paste-the-key-of-the-site"},
		{
			"How the site is", "At least once a day, so that the account sees what is wrong. 204 is the answer.",
			`curl -sS "$API/bridge/health"` + auth + ` --json '{"plugin_version": "1.0", "wordpress_version": "6.1", "php_version": "8.2", "problems": []}'`,
		},
		{
			"What is to be done", "Every few minutes. What comes is yours for five minutes; then it comes again. The html ends with a comment that names the article: a post that has it is the article's, so that none is made twice.",
			`curl -sS "$API/bridge/content?limit=10"` + auth,
		},
	}
}
