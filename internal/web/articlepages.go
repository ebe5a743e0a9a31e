package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/publish"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
	"igny8/internal/writer"
)

// lineEnds makes the ends of lines what they are everywhere but in forms.
var lineEnds = strings.NewReplacer("\r\n", "\n")

// maxArticleForm is how large the form of an article may be: the longest text
// as a browser sends it.
const maxArticleForm = 4 << 20

// mountArticles is what was written, until it is published.
func (w *Web) mountArticles() {
	reading, writing, approving := identity.Tenant(tenant.ReadContent), identity.Tenant(tenant.WriteContent), identity.Tenant(tenant.ApproveContent)
	w.mount("GET /articles", reading, w.articles)
	w.mount("GET /articles/{id}", reading, w.article)
	w.mount("GET /articles/{id}/edit", writing, w.editArticle)
	w.mountAs(Route{Pattern: "POST /articles/{id}/edit", Policy: writing, limit: maxArticleForm}, w.saveArticle)
	w.mountAs(Route{Pattern: "POST /articles/{id}/preview", Policy: writing, limit: maxArticleForm}, w.previewArticle)
	w.mount("POST /articles/{id}/sections", writing, w.rewriteSection)
	w.mount("GET /articles/{id}/versions", reading, w.articleVersions)
	w.mount("POST /articles/{id}/versions", writing, w.restoreArticle)
	w.mount("POST /articles/{id}/approve", approving, w.approveArticle)
	w.mount("POST /articles/{id}/publish", approving, w.publishArticle)
	w.mount("POST /articles/{id}/withdraw", approving, w.withdrawArticle)
}

// articlesPage is the articles of a site.
type articlesPage struct {
	ui.Page
	placed
	Status      writer.ContentStatus // empty: all
	Articles    []writer.Content
	First, Next string
}

func (w *Web) articles(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := articlesPage{Status: writer.ContentStatus(r.URL.Query().Get("status"))}
	err := w.within(r, v, &p.Page, "Articles", func(ctx context.Context, view *tenant.View) error {
		if err := p.find(ctx, view, r.URL.Query().Get("site")); err != nil || p.Site.ID.IsZero() {
			return err
		}
		all, err := writer.Contents(ctx, view, writer.ContentFilter{
			Site: p.Site.ID, Status: p.Status, After: behind(r, "after", writer.ParseContentID).String(), Limit: perPage + 1,
		})
		p.Articles, p.Next = pageOf(r, "after", all, func(c writer.Content) string { return c.ID.String() })
		p.First = firstOf(r, "after")
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, articlesView(p))
}

// kinds is the parts of the list, as links.
func (p articlesPage) kinds() []ui.View {
	at := "/articles?site=" + p.Site.ID.String()
	all := []ui.View{{Name: "All", Path: at, Count: -1, Here: p.Status == ""}}
	for _, k := range []struct {
		name   words.Text
		status writer.ContentStatus
	}{{"Drafts", writer.Draft}, {"Approved", writer.Approved}, {"Published", writer.Published}} {
		all = append(all, ui.View{Name: k.name, Path: at + "&status=" + string(k.status), Count: -1, Here: p.Status == k.status})
	}
	return all
}

// articlePage is one article as readers see it, and what is to be done with it.
type articlePage struct {
	ui.Page
	Article       writer.Content
	HTML          string
	Checks        []writer.Check
	Parts         []writer.Part
	Publication   *publish.Publication // nil: nothing was ordered
	Connected     bool                 // the site has a WordPress
	Write, Decide bool
	Form          ui.Form // of publishing
	Section       ui.Form
	Price         credit.Credits // of 100 words written anew
}

func (w *Web) article(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showArticle(rw, r, v, http.StatusOK, articlePage{})
}

func (w *Web) showArticle(rw http.ResponseWriter, r *http.Request, v *visit, status int, p articlePage) error {
	cid, err := idOf(writer.ParseContentID, r.PathValue("id"), writer.ErrContentNotFound)
	if err != nil {
		return err
	}
	may := v.Scope.Permissions()
	p.Write, p.Decide = may.Has(tenant.WriteContent), may.Has(tenant.ApproveContent)
	err = w.within(r, v, &p.Page, "Article", func(ctx context.Context, view *tenant.View) error { return p.readArticle(ctx, view, cid) })
	if err != nil {
		return err
	}
	p.Title = words.Verbatim(p.Article.Title)
	return show(r.Context(), rw, status, articleView(p))
}

func (p *articlePage) readArticle(ctx context.Context, v *tenant.View, cid writer.ContentID) (err error) {
	if p.Article, err = writer.Load(ctx, v, cid); err != nil {
		return err
	}
	if p.HTML, err = writer.HTML(ctx, v, p.Article); err != nil {
		return err
	}
	if p.Checks, err = writer.Quality(ctx, v, p.Article); err != nil {
		return err
	}
	p.Parts = p.Article.Parts()
	if p.Price, err = credit.Quote(ctx, v, credit.RegenerateSection, 100); err != nil {
		return err
	}
	_, err = publish.LoadChannel(ctx, v, p.Article.Site)
	if p.Connected = err == nil; err != nil && !errors.Is(err, publish.ErrNoChannel) {
		return err
	}
	made, err := publish.Load(ctx, v, cid)
	switch {
	case errors.Is(err, publish.ErrNone):
		return nil
	case err != nil:
		return err
	}
	p.Publication = &made
	return nil
}

// order is what was said of the post when it was ordered last, or nothing.
func (p articlePage) order() publish.Order {
	if p.Publication == nil {
		return publish.Order{}
	}
	return p.Publication.Order
}

// checkTone is what a grade means.
func checkTone(g writer.Grade) ui.Tone {
	switch g {
	case writer.Pass:
		return ui.Good
	case writer.Warn:
		return ui.Warn
	case writer.Fail:
	}
	return ui.Bad
}

// decide does something with the article of the address, and goes back to it.
func (w *Web) decide(rw http.ResponseWriter, r *http.Request, v *visit, said words.Text, do func(context.Context, *tenant.Tx, writer.ContentID, url.Values) error) error {
	cid, err := idOf(writer.ParseContentID, r.PathValue("id"), writer.ErrContentNotFound)
	if err != nil {
		return err
	}
	values, err := formOf(r)
	if err != nil {
		return err
	}
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error { return do(ctx, tx, cid, values) })
	if err != nil {
		f, err := refused(err)
		if err != nil || errors.Is(f, writer.ErrContentNotFound) {
			return errors.Join(err, f)
		}
		return w.showArticle(rw, r, v, statusOf(f), articlePage{Form: ui.NewForm(values).Refused(blamed(f), "at", "categories", "tags", "image_url")})
	}
	w.say(rw, ui.Good, said)
	return to(rw, r, "/articles/"+cid.String())
}

func (w *Web) approveArticle(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.decide(rw, r, v, "Approved. It can be published now.", func(ctx context.Context, tx *tenant.Tx, cid writer.ContentID, values url.Values) error {
		read, err := versionOf(values)
		if err == nil {
			_, err = writer.Approve(ctx, tx, cid, read)
		}
		return err
	})
}

// momentLayout is how a form says a moment, which is one of UTC.
const momentLayout = "2006-01-02T15:04"

var (
	errWhen       = fault.New(fault.Invalid, "page.invalid_moment", "Give the day and the time, such as 2027-01-31T09:00.").At("body.at", "is no moment", nil)
	errDraftLater = fault.New(fault.Invalid, "page.draft_later", "A draft has no time at which it appears. Leave one of the two out.").At("body.at", "is for what is published", nil)
)

// versionOf is the version that somebody had before him.
func versionOf(values url.Values) (int64, error) {
	n, err := strconv.ParseInt(values.Get("version"), 10, 64)
	if err != nil || n < 1 {
		return 0, errForm
	}
	return n, nil
}

func (w *Web) publishArticle(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.decide(rw, r, v, "It is on its way to the site.", func(ctx context.Context, tx *tenant.Tx, cid writer.ContentID, values url.Values) error {
		o := publish.Order{
			Wanted: publish.AsPost, Categories: partsOf(values.Get("categories")), Tags: partsOf(values.Get("tags")), ImageURL: strings.TrimSpace(values.Get("image_url")),
		}
		if values.Get("draft") == "yes" {
			o.Wanted = publish.AsDraft
		}
		if typed := values.Get("at"); typed != "" {
			at, err := time.Parse(momentLayout, typed)
			if err != nil {
				return errWhen
			}
			if o.At = at; o.Wanted == publish.AsDraft {
				return errDraftLater
			}
		}
		_, err := w.Press.Publish(ctx, tx, cid, o)
		return err
	})
}

func (w *Web) withdrawArticle(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.decide(rw, r, v, "It is being withdrawn.", func(ctx context.Context, tx *tenant.Tx, cid writer.ContentID, _ url.Values) error {
		_, err := w.Press.TakeBack(ctx, tx, cid)
		return err
	})
}

// rewriteSection orders that one section is written anew.
func (w *Web) rewriteSection(rw http.ResponseWriter, r *http.Request, v *visit) error {
	cid, err := idOf(writer.ParseContentID, r.PathValue("id"), writer.ErrContentNotFound)
	if err != nil {
		return err
	}
	values, err := formOf(r)
	if err != nil {
		return err
	}
	read, err := versionOf(values)
	if err != nil {
		return err
	}
	section, err := strconv.Atoi(values.Get("section"))
	if err != nil {
		section = -1
	}
	var o writer.Ordered
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		o, err = w.Writer.Regenerate(ctx, tx, cid, writer.Rewrite{Version: read, Section: section, Wish: values.Get("wish")})
		return err
	})
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showArticle(rw, r, v, statusOf(f), articlePage{Section: ui.NewForm(values).Refused(f, "wish")})
	}
	return to(rw, r, "/jobs/"+o.Job.String())
}

// editPage is an article to be changed.
type editPage struct {
	ui.Page
	Article writer.Content
	HTML    string
	Form    ui.Form
	Newer   bool // somebody has changed it since it was read
}

func (w *Web) editArticle(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showEdit(rw, r, v, http.StatusOK, editPage{})
}

func (w *Web) showEdit(rw http.ResponseWriter, r *http.Request, v *visit, status int, p editPage) error {
	cid, err := idOf(writer.ParseContentID, r.PathValue("id"), writer.ErrContentNotFound)
	if err != nil {
		return err
	}
	err = w.within(r, v, &p.Page, "Edit", func(ctx context.Context, view *tenant.View) error {
		if p.Article, err = writer.Load(ctx, view, cid); err != nil {
			return err
		}
		typed := p.Article
		if !p.Form.Blank() {
			typed.Markdown, typed.FAQ = p.Form.Value("markdown"), answersOf(p.Form.Value)
		}
		p.HTML, err = writer.HTML(ctx, view, typed)
		return err
	})
	if err != nil {
		return err
	}
	p.Lead = words.Verbatim(p.Article.Title)
	return show(r.Context(), rw, status, editView(p))
}

// version is the version that a form is about: the one that was read, or the
// current one once somebody has seen that there is a newer one.
func (p editPage) version() string { return strconv.FormatInt(p.Article.Version, 10) }

func (w *Web) saveArticle(rw http.ResponseWriter, r *http.Request, v *visit) error {
	cid, err := idOf(writer.ParseContentID, r.PathValue("id"), writer.ErrContentNotFound)
	if err != nil {
		return err
	}
	values, err := formOf(r)
	if err != nil {
		return err
	}
	read, err := versionOf(values)
	if err != nil {
		return err
	}
	field := func(name string) *string {
		s := lineEnds.Replace(values.Get(name))
		return &s
	}
	faq := answersOf(values.Get)
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := writer.Apply(ctx, tx, cid, writer.Edit{
			FAQ: &faq, Version: read, Title: field("title"), Slug: field("slug"), MetaDescription: field("meta_description"), Excerpt: field("excerpt"), Markdown: field("markdown"),
		})
		return err
	})
	if err != nil {
		f, err := refused(err)
		if err != nil || errors.Is(f, writer.ErrContentNotFound) {
			return errors.Join(err, f)
		}
		keepAnswers(values, faq)
		p := editPage{Form: ui.NewForm(values).Refused(f, editFields()...), Newer: errors.Is(f, writer.ErrContentChanged)}
		return w.showEdit(rw, r, v, statusOf(f), p)
	}
	w.say(rw, ui.Good, "Saved as a new version.")
	return to(rw, r, "/articles/"+cid.String())
}

// previewArticle is what was typed, as readers will see it.
func (w *Web) previewArticle(rw http.ResponseWriter, r *http.Request, v *visit) error {
	cid, err := idOf(writer.ParseContentID, r.PathValue("id"), writer.ErrContentNotFound)
	if err != nil {
		return err
	}
	values, err := formOf(r)
	if err != nil {
		return err
	}
	var html string
	err = w.st.View(r.Context(), v.Scope, func(ctx context.Context, view *tenant.View) error {
		c, err := writer.Load(ctx, view, cid)
		if err != nil {
			return err
		}
		c.Markdown, c.FAQ = lineEnds.Replace(values.Get("markdown")), answersOf(values.Get)
		html, err = writer.HTML(ctx, view, c)
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, articleText(html))
}

// The fields of an article's questions: as many as there are, and room for more.
const (
	mostQuestions = 20
	spareAnswers  = 2
)

func questionField(n int) string { return fmt.Sprintf("faq[%d].question", n) }
func answerField(n int) string   { return fmt.Sprintf("faq[%d].answer", n) }

// editFields are those of the form of an article, by the names of the API.
func editFields() []string {
	all := []string{"title", "slug", "meta_description", "excerpt", "markdown"}
	for n := range mostQuestions {
		all = append(all, questionField(n), answerField(n))
	}
	return all
}

// answersOf reads the questions and their answers; a pair that is empty is none.
func answersOf(value func(string) string) []writer.Answer {
	all := []writer.Answer{}
	for n := range mostQuestions {
		a := writer.Answer{Question: value(questionField(n)), Answer: lineEnds.Replace(value(answerField(n)))}
		if strings.TrimSpace(a.Question+a.Answer) != "" {
			all = append(all, a)
		}
	}
	return all
}

// keepAnswers puts what was typed where the numbers of a fault point to.
func keepAnswers(values url.Values, all []writer.Answer) {
	for n := range mostQuestions {
		values.Del(questionField(n))
		values.Del(answerField(n))
	}
	for n, a := range all {
		values.Set(questionField(n), a.Question)
		values.Set(answerField(n), a.Answer)
	}
}

// answers is the pairs that the form shows, empty ones last.
func (p editPage) answers() []writer.Answer {
	all := p.Article.FAQ
	if !p.Form.Blank() {
		all = answersOf(p.Form.Value)
	}
	return append(slices.Clone(all), make([]writer.Answer, min(spareAnswers, mostQuestions-len(all)))...)
}

// versionsPage is what an article was before.
type versionsPage struct {
	ui.Page
	Article    writer.Content
	Versions   []writer.Version
	Comparison *writer.Comparison // nil: there is one version only
	Write      bool
}

func (w *Web) articleVersions(rw http.ResponseWriter, r *http.Request, v *visit) error {
	cid, err := idOf(writer.ParseContentID, r.PathValue("id"), writer.ErrContentNotFound)
	if err != nil {
		return err
	}
	p := versionsPage{Write: v.Scope.Permissions().Has(tenant.WriteContent)}
	err = w.within(r, v, &p.Page, "Versions", func(ctx context.Context, view *tenant.View) (err error) {
		if p.Article, err = writer.Load(ctx, view, cid); err != nil {
			return err
		}
		if p.Versions, err = writer.Versions(ctx, view, cid); err != nil || len(p.Versions) < 2 {
			return err
		}
		from, err := strconv.ParseInt(r.URL.Query().Get("from"), 10, 64)
		if err != nil {
			from = p.Article.Version - 1
		}
		c, err := writer.Compare(ctx, view, cid, from, p.Article.Version)
		p.Comparison = &c
		return err
	})
	if err != nil {
		return err
	}
	p.Lead = words.Verbatim(p.Article.Title)
	return show(r.Context(), rw, http.StatusOK, versionsView(p))
}

func (w *Web) restoreArticle(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.decide(rw, r, v, "The earlier version is the current one now.", func(ctx context.Context, tx *tenant.Tx, cid writer.ContentID, values url.Values) error {
		read, err := versionOf(values)
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(values.Get("restore"), 10, 64)
		if err != nil {
			return writer.ErrVersionNotFound
		}
		_, err = writer.Restore(ctx, tx, cid, read, n)
		return err
	})
}
