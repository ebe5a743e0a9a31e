// Package export owns the copy of an account that its people can take with them:
// everything that they brought and made, in formats that other programs read.
package export

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/credit"
	"igny8/internal/identity"
	"igny8/internal/invoice"
	"igny8/internal/planner"
	"igny8/internal/publish"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/writer"
)

// Take is the archive of an account, and what it is called when it is saved. That
// somebody has taken it is in the account's log.
func Take(ctx context.Context, st *tenant.Store, s tenant.Scope) (name string, content []byte, err error) {
	err = st.Update(ctx, s, func(ctx context.Context, tx *tenant.Tx) error {
		return audit.Record(ctx, tx, "account.exported", s.Account().String(), nil)
	})
	if err != nil {
		return "", nil, err
	}
	var b bytes.Buffer
	err = st.View(ctx, s, func(ctx context.Context, v *tenant.View) error {
		a, err := account.Load(ctx, v)
		if err != nil {
			return err
		}
		name = fileName(a, v.Now())
		return write(ctx, v, &b)
	})
	return name, b.Bytes(), err
}

// write writes the account as a ZIP archive: what it is and who works in it as
// JSON, keywords, credits and invoices as CSV (RFC 4180, UTF-8), articles as
// Markdown. Keys, passwords and connections are not in it.
func write(ctx context.Context, r tenant.Reader, to io.Writer) error {
	a := &archive{z: zip.NewWriter(to), ctx: ctx, r: r, now: r.Now(), clusters: map[planner.ClusterID]string{}}
	for _, part := range []func() error{a.readme, a.account, a.planning, a.keywords, a.articles, a.credits, a.invoices} {
		if err := part(); err != nil {
			return fmt.Errorf("export account: %w", err)
		}
	}
	return a.z.Close()
}

// fileName is what the file is called when it is saved.
func fileName(a account.Account, now time.Time) string {
	slug := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(a.Name))
	return "igny8-" + strings.Trim(slug, "-") + "-" + now.UTC().Format(time.DateOnly) + ".zip"
}

// archive is a copy that is being written.
type archive struct {
	z        *zip.Writer
	ctx      context.Context
	r        tenant.Reader
	now      time.Time
	sites    []site.Site
	clusters map[planner.ClusterID]string // the names
}

const readmeText = `This is a copy of an account of Igny8.

account.json     the account, its sites with their sectors, and its members
clusters.json    clusters of keywords
ideas.json       what could be written
tasks.json       what was decided to be written
keywords.csv     keywords with their numbers and their cluster
articles/        each article as Markdown, with what is known of it at its head
credits.csv      every entry of the ledger of credits
invoices.csv     invoices, in minor units of their currency

Moments are those of UTC. Keys, passwords and connections to sites are not here.
`

// file begins a file of the archive.
func (a *archive) file(name string) (io.Writer, error) {
	return a.z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: a.now})
}

func (a *archive) readme() error {
	w, err := a.file("README.txt")
	if err == nil {
		_, err = io.WriteString(w, readmeText)
	}
	return err
}

// json writes a value as a file.
func (a *archive) json(name string, v any) error {
	w, err := a.file(name)
	if err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

type siteCopy struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Domain   string   `json:"domain"`
	Language string   `json:"language"`
	Industry string   `json:"industry"`
	Tone     string   `json:"tone"`
	Words    int64    `json:"words_of_an_article"`
	Sectors  []string `json:"sectors"`
}

type memberCopy struct {
	Email     string    `json:"email"`
	FirstName string    `json:"first_name"`
	LastName  string    `json:"last_name"`
	Role      string    `json:"role"`
	Joined    time.Time `json:"joined_at"`
}

func (a *archive) account() (err error) {
	var out struct {
		ID      string       `json:"id"`
		Name    string       `json:"name"`
		Country string       `json:"country"`
		Created time.Time    `json:"created_at"`
		Sites   []siteCopy   `json:"sites"`
		Members []memberCopy `json:"members"`
	}
	holder, err := account.Load(a.ctx, a.r)
	if err != nil {
		return err
	}
	out.ID, out.Name, out.Country, out.Created = holder.ID.String(), holder.Name, holder.Country, holder.Created
	if a.sites, err = paged(func(after site.Site, limit int) ([]site.Site, error) {
		return site.List(a.ctx, a.r, after.ID.String(), limit)
	}); err != nil {
		return err
	}
	for _, s := range a.sites {
		c := siteCopy{ID: s.ID.String(), Name: s.Name, Domain: s.Domain, Language: s.Language, Industry: s.Industry, Tone: s.Tone, Words: s.Words}
		sectors, err := site.Sectors(a.ctx, a.r, s.ID)
		if err != nil {
			return err
		}
		for _, one := range sectors {
			c.Sectors = append(c.Sectors, one.Name)
		}
		out.Sites = append(out.Sites, c)
	}
	members, err := paged(func(after identity.Member, limit int) ([]identity.Member, error) {
		return identity.Members(a.ctx, a.r, after.User, limit)
	})
	if err != nil {
		return err
	}
	for _, m := range members {
		out.Members = append(out.Members, memberCopy{Email: m.Email, FirstName: m.FirstName, LastName: m.LastName, Role: string(m.Role), Joined: m.Joined})
	}
	return a.json("account.json", out)
}

// pageSize is how many rows are read at a time.
const pageSize = 1000

// paged reads a list to its end. The first page is behind the zero row.
func paged[T any](read func(after T, limit int) ([]T, error)) ([]T, error) {
	var all []T
	var last T
	for {
		some, err := read(last, pageSize)
		if all = append(all, some...); err != nil || len(some) < pageSize {
			return all, err
		}
		last = some[len(some)-1]
	}
}

type clusterCopy struct {
	ID       string `json:"id"`
	Site     string `json:"site_id"`
	Name     string `json:"name"`
	Pillar   string `json:"pillar"`
	Intent   string `json:"intent"`
	Keywords int64  `json:"keywords"`
	Volume   int64  `json:"volume"`
	Locked   bool   `json:"locked"`
}

type ideaCopy struct {
	ID        string            `json:"id"`
	Site      string            `json:"site_id"`
	Cluster   string            `json:"cluster_id"`
	Title     string            `json:"title"`
	Angle     string            `json:"angle"`
	Audience  string            `json:"audience"`
	Intent    string            `json:"intent"`
	Status    string            `json:"status"`
	Outline   []planner.Section `json:"outline"`
	Keywords  []string          `json:"keywords"`
	Questions []string          `json:"questions"`
}

type taskCopy struct {
	ID      string       `json:"id"`
	Site    string       `json:"site_id"`
	Title   string       `json:"title"`
	Status  string       `json:"status"`
	Words   int64        `json:"words"`
	Brief   writer.Brief `json:"brief"`
	Article string       `json:"article_id"`
}

// planning is what lies between keywords and articles.
func (a *archive) planning() error {
	clusters, err := paged(func(after planner.Cluster, limit int) ([]planner.Cluster, error) {
		f := planner.ClusterFilter{Limit: limit}
		if !after.ID.IsZero() {
			f.After = after.Cursor()
		}
		return planner.Clusters(a.ctx, a.r, f)
	})
	if err != nil {
		return err
	}
	cs := []clusterCopy{}
	for _, c := range clusters {
		a.clusters[c.ID] = c.Name
		cs = append(cs, clusterCopy{ID: c.ID.String(), Site: c.Site.String(), Name: c.Name, Pillar: c.Pillar, Intent: c.Intent, Keywords: c.Size, Volume: c.Volume, Locked: c.Locked})
	}
	if err := a.json("clusters.json", cs); err != nil {
		return err
	}
	ideas, err := paged(func(after planner.Idea, limit int) ([]planner.Idea, error) {
		return planner.Ideas(a.ctx, a.r, planner.IdeaFilter{After: after.ID.String(), Limit: limit})
	})
	if err != nil {
		return err
	}
	is := []ideaCopy{}
	for _, i := range ideas {
		is = append(is, ideaCopy{
			ID: i.ID.String(), Site: i.Site.String(), Cluster: i.Cluster.String(), Title: i.Title, Angle: i.Angle, Audience: i.Audience,
			Intent: i.Intent, Status: i.Status, Outline: i.Outline, Keywords: i.Keywords, Questions: i.Questions,
		})
	}
	if err := a.json("ideas.json", is); err != nil {
		return err
	}
	tasks, err := paged(func(after writer.Task, limit int) ([]writer.Task, error) {
		return writer.Tasks(a.ctx, a.r, writer.TaskFilter{After: after.ID.String(), Limit: limit})
	})
	if err != nil {
		return err
	}
	ts := []taskCopy{}
	for _, t := range tasks {
		ts = append(ts, taskCopy{ID: t.ID.String(), Site: t.Site.String(), Title: t.Title, Status: string(t.Status), Words: t.Words, Brief: t.Brief, Article: t.Content.String()})
	}
	return a.json("tasks.json", ts)
}

// table writes a CSV, one row for each call of row.
func (a *archive) table(name string, header []string, rows func(row func(...string) error) error) error {
	w, err := a.file(name)
	if err != nil {
		return err
	}
	c := csv.NewWriter(w)
	if err := c.Write(header); err != nil {
		return err
	}
	if err := rows(func(cells ...string) error { return c.Write(safe(cells)) }); err != nil {
		return err
	}
	c.Flush()
	return c.Error()
}

// safe keeps spreadsheets from taking what others wrote for a formula.
func safe(cells []string) []string {
	for i, s := range cells {
		if s == "" || !strings.ContainsAny(s[:1], "=+-@\t\r") {
			continue
		}
		if _, err := strconv.ParseFloat(s, 64); err != nil {
			cells[i] = "'" + s
		}
	}
	return cells
}

func number(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func (a *archive) keywords() error {
	domains := map[site.ID]string{}
	for _, s := range a.sites {
		domains[s.ID] = s.Domain
	}
	header := []string{"Keyword", "Site", "Volume", "Difficulty", "CPC", "Currency", "Intent", "Country", "Cluster", "Added"}
	return a.table("keywords.csv", header, func(row func(...string) error) error {
		for after := ""; ; {
			some, err := planner.Keywords(a.ctx, a.r, planner.KeywordFilter{After: after, Limit: pageSize})
			if err != nil {
				return err
			}
			for _, k := range some {
				cpc := ""
				if k.CPCMicros != nil {
					cpc = strconv.FormatFloat(float64(*k.CPCMicros)/1e6, 'f', -1, 64)
				}
				err := row(k.Phrase, domains[k.Site], number(k.Volume), number(k.Difficulty), cpc, k.CPCCurrency, k.Intent, k.Country, a.clusters[k.Cluster], moment(k.Created))
				if err != nil {
					return err
				}
				after = k.ID.String()
			}
			if len(some) < pageSize {
				return nil
			}
		}
	})
}

// articles is each article in a file of its own. They are read one by one: all
// texts together may be more than there is room for.
func (a *archive) articles() error {
	list, err := paged(func(after writer.Content, limit int) ([]writer.Content, error) {
		return writer.Contents(a.ctx, a.r, writer.ContentFilter{After: after.ID.String(), Limit: limit})
	})
	if err != nil {
		return err
	}
	posts := map[writer.ContentID]publish.Publication{}
	made, err := publish.Calendar(a.ctx, a.r, publish.Filter{Limit: len(list)})
	if err != nil {
		return err
	}
	for _, p := range made {
		posts[p.Content] = p
	}
	for _, one := range list {
		c, err := writer.Load(a.ctx, a.r, one.ID)
		if err != nil {
			return err
		}
		w, err := a.file("articles/" + c.ID.String() + "-" + c.Slug + ".md")
		if err != nil {
			return err
		}
		if err := article(w, c, posts[c.ID]); err != nil {
			return err
		}
	}
	return nil
}

// article is an article as Markdown, with front matter: each value is a JSON
// string, which is YAML too.
func article(w io.Writer, c writer.Content, p publish.Publication) error {
	var b strings.Builder
	b.WriteString("---\n")
	for _, f := range []struct{ name, value string }{
		{"title", c.Title}, {"slug", c.Slug}, {"description", c.MetaDescription}, {"excerpt", c.Excerpt}, {"status", string(c.Status)},
		{"version", strconv.FormatInt(c.Version, 10)}, {"site", c.Site.String()}, {"url", c.URL}, {"on_site", string(p.State)}, {"updated", moment(c.Updated)},
	} {
		value, err := json.Marshal(f.value)
		if err != nil {
			return err
		}
		b.WriteString(f.name + ": " + string(value) + "\n")
	}
	b.WriteString("---\n\n" + strings.TrimSpace(c.Markdown) + "\n")
	for _, q := range c.FAQ {
		b.WriteString("\n### " + q.Question + "\n\n" + strings.TrimSpace(q.Answer) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (a *archive) credits() error {
	header := []string{"Number", "When", "Kind", "Credits", "Available after", "Held after", "Operation", "Reference", "By"}
	return a.table("credits.csv", header, func(row func(...string) error) error {
		for before := int64(0); ; {
			some, err := credit.Entries(a.ctx, a.r, credit.Page{Before: before, Limit: pageSize})
			if err != nil {
				return err
			}
			for _, e := range some {
				err := row(strconv.FormatInt(e.Seq, 10), moment(e.At), string(e.Kind), strconv.FormatInt(int64(e.Amount), 10),
					strconv.FormatInt(int64(e.BalanceAfter), 10), strconv.FormatInt(int64(e.HeldAfter), 10), string(e.Operation), e.Reference, e.Actor)
				if err != nil {
					return err
				}
				before = e.Seq
			}
			if len(some) < pageSize {
				return nil
			}
		}
	})
}

func (a *archive) invoices() error {
	all, err := paged(func(after invoice.Invoice, limit int) ([]invoice.Invoice, error) {
		return invoice.List(a.ctx, a.r, after.ID, limit)
	})
	if err != nil {
		return err
	}
	header := []string{"Number", "Issued", "Due", "Status", "Net", "Tax", "Total", "Paid", "Currency", "Reference"}
	return a.table("invoices.csv", header, func(row func(...string) error) error {
		for _, i := range all {
			minor := func(n int64) string { return strconv.FormatInt(n, 10) }
			err := row(i.Number, moment(i.Issued), moment(i.Due), string(i.Status), minor(i.Net.Amount), minor(i.Tax.Amount), minor(i.Total.Amount),
				minor(i.Paid.Amount), i.Total.Currency, i.Reference)
			if err != nil {
				return err
			}
		}
		return nil
	})
}
