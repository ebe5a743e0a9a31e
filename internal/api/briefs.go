package api

import (
	"context"
	"net/http"

	"igny8/internal/identity"
	"igny8/internal/planner"
	"igny8/internal/tenant"
	"igny8/internal/writer"
)

// briefRoutes edit what is to be written, before it is.
func (a *API) briefRoutes() {
	reading, writing := identity.Tenant(tenant.ReadContent), identity.Tenant(tenant.WriteContent)
	write(a, route{method: http.MethodPatch, path: "/planner/ideas/{id}", id: "change-idea", tag: "planner", summary: "Edit an idea, or dismiss it"}, writing, changeIdea)
	read(a, route{method: http.MethodGet, path: "/writer/tasks/{id}", id: "get-task", tag: "writer", summary: "One task, with its brief"}, reading, getTask)
	write(a, route{method: http.MethodPatch, path: "/writer/tasks/{id}", id: "change-task", tag: "writer", summary: "Edit a task that nobody writes"}, writing, changeTask)
}

type sectionInput struct {
	Heading  string   `json:"heading" maxLength:"1000"`
	Keywords []string `json:"keywords,omitempty" maxItems:"50"`
}

// outlineOf is an outline as it was sent; nil when none was.
func outlineOf(in *[]sectionInput) *[]planner.Section {
	if in == nil {
		return nil
	}
	out := []planner.Section{}
	for _, s := range *in {
		out = append(out, planner.Section(s))
	}
	return &out
}

type changeIdeaInput struct {
	IDInput
	Body struct {
		Status    *string         `json:"status,omitempty" enum:"proposed,dismissed"`
		Title     *string         `json:"title,omitempty" maxLength:"1000"`
		Angle     *string         `json:"angle,omitempty" maxLength:"2000"`
		Audience  *string         `json:"audience,omitempty" maxLength:"1000"`
		Outline   *[]sectionInput `json:"outline,omitempty" maxItems:"30"`
		Keywords  *[]string       `json:"keywords,omitempty" maxItems:"50"`
		Questions *[]string       `json:"questions,omitempty" maxItems:"20"`
	}
}

func changeIdea(ctx context.Context, tx *tenant.Tx, in *changeIdeaInput) (*reply[ideaView], error) {
	iid, err := named(planner.ParseIdeaID, in.ID, planner.ErrIdeaNotFound)
	if err != nil {
		return nil, err
	}
	b := in.Body
	i, err := planner.ChangeIdea(ctx, tx, iid, planner.IdeaChange{
		Status: b.Status, Title: b.Title, Angle: b.Angle, Audience: b.Audience, Outline: outlineOf(b.Outline), Keywords: b.Keywords, Questions: b.Questions,
	})
	return &reply[ideaView]{Body: showIdea(i)}, err
}

type linkView struct {
	Content string `json:"content_id"`
	Title   string `json:"title"`
	URL     string `json:"url"`
}

type briefView struct {
	taskView
	Angle     string        `json:"angle"`
	Audience  string        `json:"audience"`
	Intent    *string       `json:"intent"`
	Outline   []sectionView `json:"outline"`
	Keywords  []string      `json:"keywords" doc:"The main one first."`
	Questions []string      `json:"questions" doc:"What readers ask: the article answers it apart from its text."`
	Links     []linkView    `json:"links" doc:"Articles of the site that can be read there, to which this one is to link."`
}

func showBrief(t writer.Task) briefView {
	v := briefView{
		taskView: showTask(t), Angle: t.Brief.Angle, Audience: t.Brief.Audience, Intent: text(t.Brief.Intent), Outline: showOutline(t.Brief.Outline),
		Keywords: orEmpty(t.Brief.Keywords), Questions: orEmpty(t.Brief.Questions), Links: []linkView{},
	}
	for _, l := range t.Brief.Links {
		v.Links = append(v.Links, linkView{l.Content.String(), l.Title, l.URL})
	}
	return v
}

func getTask(ctx context.Context, v *tenant.View, in *IDInput) (*reply[briefView], error) {
	tid, err := named(writer.ParseTaskID, in.ID, writer.ErrTaskNotFound)
	if err != nil {
		return nil, err
	}
	t, err := writer.LoadTask(ctx, v, tid)
	return &reply[briefView]{Body: showBrief(t)}, err
}

type changeTaskInput struct {
	IDInput
	Body struct {
		Title     *string         `json:"title,omitempty" maxLength:"1000"`
		Words     *int64          `json:"words,omitempty" doc:"100 to 5000."`
		Angle     *string         `json:"angle,omitempty" maxLength:"2000"`
		Audience  *string         `json:"audience,omitempty" maxLength:"1000"`
		Outline   *[]sectionInput `json:"outline,omitempty" maxItems:"30"`
		Keywords  *[]string       `json:"keywords,omitempty" maxItems:"50"`
		Questions *[]string       `json:"questions,omitempty" maxItems:"20"`
	}
}

func changeTask(ctx context.Context, tx *tenant.Tx, in *changeTaskInput) (*reply[briefView], error) {
	tid, err := named(writer.ParseTaskID, in.ID, writer.ErrTaskNotFound)
	if err != nil {
		return nil, err
	}
	b := in.Body
	t, err := writer.ChangeTask(ctx, tx, tid, writer.TaskChange{
		Title: b.Title, Words: b.Words, Angle: b.Angle, Audience: b.Audience, Outline: outlineOf(b.Outline), Keywords: b.Keywords, Questions: b.Questions,
	})
	return &reply[briefView]{Body: showBrief(t)}, err
}
