package api

import (
	"context"
	"net/http"
	"time"

	"igny8/internal/identity"
	"igny8/internal/planner"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
	"igny8/internal/writer"
)

func (a *API) writerRoutes() {
	reading, writing := identity.Tenant(tenant.ReadContent), identity.Tenant(tenant.WriteContent)
	read(a, route{method: http.MethodGet, path: "/writer/tasks", id: "list-tasks", tag: "writer", summary: "What is to be written"}, reading, listTasks)
	write(a, route{method: http.MethodPost, path: "/writer/tasks", id: "create-task", tag: "writer", status: http.StatusCreated, summary: "Decide that an article is to be written"}, writing, createTask)
	write(a, route{method: http.MethodPost, scope: throttle.AI, path: "/writer/tasks/generate_content", id: "generate-content", tag: "writer", status: http.StatusAccepted,
		summary: "Write the articles of tasks"}, writing, a.generateContent)
	read(a, route{method: http.MethodGet, path: "/writer/content", id: "list-content", tag: "writer", summary: "The articles, without their text"}, reading, listContent)
	read(a, route{method: http.MethodGet, path: "/writer/content/{id}", id: "get-content", tag: "writer", summary: "One article in its current version"}, reading, getContent)
	write(a, route{method: http.MethodPatch, path: "/writer/content/{id}", id: "change-content", tag: "writer", summary: "Edit an article: a new version"}, writing, changeContent)
	read(a, route{method: http.MethodGet, path: "/writer/content/{id}/versions", id: "list-versions", tag: "writer", summary: "The versions of an article, newest first"}, reading, listVersions)
	a.versionRoutes()
	write(a, route{method: http.MethodPost, path: "/writer/content/{id}/approve", id: "approve-content", tag: "writer", summary: "Approve an article"},
		identity.Tenant(tenant.ApproveContent), approveContent)
}

type taskView struct {
	ID      string    `json:"id"`
	Site    string    `json:"site_id"`
	Idea    *string   `json:"idea_id"`
	Title   string    `json:"title"`
	Words   int64     `json:"words" doc:"The length aimed at."`
	Status  string    `json:"status" enum:"todo,queued,written"`
	Content *string   `json:"content_id" doc:"The article, once it is written."`
	Created time.Time `json:"created_at"`
	Updated time.Time `json:"updated_at"`
}

func showTask(t writer.Task) taskView {
	return taskView{
		ID: t.ID.String(), Site: t.Site.String(), Idea: text(t.Idea.String()), Title: t.Title, Words: t.Words, Status: string(t.Status),
		Content: text(t.Content.String()), Created: t.Created, Updated: t.Updated,
	}
}

type tasksInput struct {
	Window
	Site   string `query:"site_id" maxLength:"64"`
	Status string `query:"status" enum:"todo,queued,written"`
}

func listTasks(ctx context.Context, v *tenant.View, in *tasksInput) (*reply[page[taskView]], error) {
	f := writer.TaskFilter{Status: writer.TaskStatus(in.Status), Limit: in.Limit + 1}
	var err error
	if f.Site, err = filter(site.ParseID, in.Site, site.ErrNotFound); err != nil {
		return nil, err
	}
	after, err := cursorOf(writer.ParseTaskID, in.Cursor)
	if err != nil {
		return nil, err
	}
	f.After = after.String()
	all, err := writer.Tasks(ctx, v, f)
	return part(all, in.Limit, showTask, func(t writer.Task) string { return t.ID.String() }), err
}

type createTaskInput struct {
	Body struct {
		Site      string         `json:"site_id" maxLength:"64"`
		Idea      string         `json:"idea_id,omitempty" maxLength:"64" doc:"Title, outline and keywords come from it."`
		Title     string         `json:"title,omitempty" maxLength:"1000" doc:"Needed without an idea."`
		Angle     string         `json:"angle,omitempty" maxLength:"2000"`
		Audience  string         `json:"audience,omitempty" maxLength:"1000"`
		Keywords  []string       `json:"keywords,omitempty" maxItems:"50"`
		Outline   []sectionInput `json:"outline,omitempty" maxItems:"30"`
		Questions []string       `json:"questions,omitempty" maxItems:"20" doc:"What the article answers apart from its text."`
		Words     int64          `json:"words,omitempty" doc:"100 to 5000. None: 1200."`
	}
}

func createTask(ctx context.Context, tx *tenant.Tx, in *createTaskInput) (*reply[taskView], error) {
	b := in.Body
	sid, err := named(site.ParseID, b.Site, site.ErrNotFound)
	if err != nil {
		return nil, err
	}
	idea, err := filter(planner.ParseIdeaID, b.Idea, planner.ErrIdeaNotFound)
	if err != nil {
		return nil, err
	}
	brief := writer.Brief{Angle: b.Angle, Audience: b.Audience, Keywords: b.Keywords, Questions: b.Questions}
	for _, s := range b.Outline {
		brief.Outline = append(brief.Outline, planner.Section(s))
	}
	t, err := writer.CreateTask(ctx, tx, writer.NewTask{Site: sid, Idea: idea, Title: b.Title, Words: b.Words, Brief: brief})
	return &reply[taskView]{Body: showTask(t)}, err
}

type generateContentInput struct {
	Body struct {
		Tasks []string `json:"task_ids" minItems:"1" maxItems:"50" nullable:"false"`
	}
}

func (a *API) generateContent(ctx context.Context, tx *tenant.Tx, in *generateContentInput) (*reply[orderedView], error) {
	ts, err := allNamed(writer.ParseTaskID, in.Body.Tasks, writer.ErrTaskNotFound)
	if err != nil {
		return nil, err
	}
	o, err := a.writer.GenerateContent(ctx, tx, ts)
	if err != nil {
		return nil, err
	}
	return showOrdered(ctx, tx, o.Job, o.Quote)
}

type contentView struct {
	ID              string    `json:"id"`
	Site            string    `json:"site_id"`
	Task            string    `json:"task_id"`
	Status          string    `json:"status" enum:"draft,review,approved,published"`
	Version         int64     `json:"version"`
	Title           string    `json:"title"`
	Slug            string    `json:"slug"`
	MetaDescription string    `json:"meta_description"`
	Excerpt         string    `json:"excerpt"`
	Words           int64     `json:"words"`
	URL             *string   `json:"url" doc:"Where it can be read on its site."`
	Created         time.Time `json:"created_at"`
	Updated         time.Time `json:"updated_at"`
}

func showContent(c writer.Content) contentView {
	return contentView{
		ID: c.ID.String(), Site: c.Site.String(), Task: c.Task.String(), Status: string(c.Status), Version: c.Version, Title: c.Title,
		Slug: c.Slug, MetaDescription: c.MetaDescription, Excerpt: c.Excerpt, Words: c.Words, URL: text(c.URL), Created: c.Created, Updated: c.Updated,
	}
}

type articleView struct {
	contentView
	Markdown string       `json:"markdown"`
	FAQ      []answerView `json:"faq" doc:"Answers apart from the text. They are published below it."`
	HTML     string       `json:"html" doc:"Text and answers, rendered and safe to show."`
}

type answerView struct {
	Question string `json:"question" maxLength:"1000"`
	Answer   string `json:"answer" maxLength:"8000" doc:"Markdown."`
}

func showArticle(ctx context.Context, r tenant.Reader, c writer.Content) (*reply[articleView], error) {
	html, err := writer.HTML(ctx, r, c)
	return &reply[articleView]{Body: articleView{contentView: showContent(c), Markdown: c.Markdown, FAQ: showAnswers(c.FAQ), HTML: html}}, err
}

func showAnswers(all []writer.Answer) []answerView {
	out := []answerView{}
	for _, a := range all {
		out = append(out, answerView(a))
	}
	return out
}

type contentsInput struct {
	Window
	Site   string `query:"site_id" maxLength:"64"`
	Status string `query:"status" enum:"draft,review,approved,published"`
}

func listContent(ctx context.Context, v *tenant.View, in *contentsInput) (*reply[page[contentView]], error) {
	f := writer.ContentFilter{Status: writer.ContentStatus(in.Status), Limit: in.Limit + 1}
	var err error
	if f.Site, err = filter(site.ParseID, in.Site, site.ErrNotFound); err != nil {
		return nil, err
	}
	after, err := cursorOf(writer.ParseContentID, in.Cursor)
	if err != nil {
		return nil, err
	}
	f.After = after.String()
	all, err := writer.Contents(ctx, v, f)
	return part(all, in.Limit, showContent, func(c writer.Content) string { return c.ID.String() }), err
}

func getContent(ctx context.Context, v *tenant.View, in *IDInput) (*reply[articleView], error) {
	cid, err := named(writer.ParseContentID, in.ID, writer.ErrContentNotFound)
	if err != nil {
		return nil, err
	}
	c, err := writer.Load(ctx, v, cid)
	if err != nil {
		return nil, err
	}
	return showArticle(ctx, v, c)
}

type changeContentInput struct {
	IDInput
	Body struct {
		Version         int64         `json:"version" doc:"The version that was read: the edit is refused when there is a newer one."`
		Title           *string       `json:"title,omitempty" maxLength:"1000"`
		Slug            *string       `json:"slug,omitempty" maxLength:"400"`
		MetaDescription *string       `json:"meta_description,omitempty" maxLength:"2000"`
		Excerpt         *string       `json:"excerpt,omitempty" maxLength:"4000"`
		Markdown        *string       `json:"markdown,omitempty" maxLength:"500000"`
		FAQ             *[]answerView `json:"faq,omitempty" maxItems:"20"`
	}
}

func changeContent(ctx context.Context, tx *tenant.Tx, in *changeContentInput) (*reply[articleView], error) {
	cid, err := named(writer.ParseContentID, in.ID, writer.ErrContentNotFound)
	if err != nil {
		return nil, err
	}
	b := in.Body
	e := writer.Edit{Version: b.Version, Title: b.Title, Slug: b.Slug, MetaDescription: b.MetaDescription, Excerpt: b.Excerpt, Markdown: b.Markdown}
	if b.FAQ != nil {
		faq := []writer.Answer{}
		for _, a := range *b.FAQ {
			faq = append(faq, writer.Answer(a))
		}
		e.FAQ = &faq
	}
	c, err := writer.Apply(ctx, tx, cid, e)
	if err != nil {
		return nil, err
	}
	return showArticle(ctx, tx, c)
}

type versionView struct {
	Number  int64     `json:"version"`
	Title   string    `json:"title"`
	Words   int64     `json:"words"`
	Actor   string    `json:"actor"`
	Prompt  *int64    `json:"prompt_version" doc:"By which version of its prompt a model wrote it; 0: the program's. Null: a person did."`
	Created time.Time `json:"created_at"`
}

func listVersions(ctx context.Context, v *tenant.View, in *IDInput) (*reply[page[versionView]], error) {
	cid, err := named(writer.ParseContentID, in.ID, writer.ErrContentNotFound)
	if err != nil {
		return nil, err
	}
	all, err := writer.Versions(ctx, v, cid)
	return list(all, func(n writer.Version) versionView {
		return versionView{Number: n.Number, Title: n.Title, Words: n.Words, Actor: n.Actor, Prompt: n.Prompt, Created: n.Created}
	}), err
}

type approveInput struct {
	IDInput
	Version int64 `query:"version" minimum:"0" doc:"The version that was read: it is refused when there is a newer one. None: whichever is current."`
}

func approveContent(ctx context.Context, tx *tenant.Tx, in *approveInput) (*reply[articleView], error) {
	cid, err := named(writer.ParseContentID, in.ID, writer.ErrContentNotFound)
	if err != nil {
		return nil, err
	}
	c, err := writer.Approve(ctx, tx, cid, in.Version)
	if err != nil {
		return nil, err
	}
	return showArticle(ctx, tx, c)
}
