package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/planner"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
	"igny8/internal/writer"
)

// mountTasks is what was decided to be written.
func (w *Web) mountTasks() {
	reading, writing := identity.Tenant(tenant.ReadContent), identity.Tenant(tenant.WriteContent)
	w.mount("GET /tasks", reading, w.tasks)
	w.mount("GET /tasks/new", writing, w.newTask)
	w.mountAs(Route{Pattern: "POST /tasks/new", Policy: writing, limit: maxBriefForm}, w.createTask)
	w.mount("GET /tasks/{id}", reading, w.task)
	w.mountAs(Route{Pattern: "POST /tasks/{id}", Policy: writing, limit: maxBriefForm}, w.changeTask)
	w.mount("POST /tasks/{id}/write", writing, w.writeTask)
}

// maxBriefForm is how large the form of a brief may be.
const maxBriefForm = 256 << 10

// tasksPage is the tasks of a site.
type tasksPage struct {
	ui.Page
	placed
	Status      writer.TaskStatus // empty: all
	Tasks       []writer.Task
	Write       bool
	First, Next string
}

func (w *Web) tasks(rw http.ResponseWriter, r *http.Request, v *visit) error {
	p := tasksPage{Status: writer.TaskStatus(r.URL.Query().Get("status")), Write: v.Scope.Permissions().Has(tenant.WriteContent)}
	err := w.within(r, v, &p.Page, "Tasks", func(ctx context.Context, view *tenant.View) error {
		if err := p.find(ctx, view, r.URL.Query().Get("site")); err != nil || p.Site.ID.IsZero() {
			return err
		}
		all, err := writer.Tasks(ctx, view, writer.TaskFilter{
			Site: p.Site.ID, Status: p.Status, After: behind(r, "after", writer.ParseTaskID).String(), Limit: perPage + 1,
		})
		p.Tasks, p.Next = pageOf(r, "after", all, func(t writer.Task) string { return t.ID.String() })
		p.First = firstOf(r, "after")
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, tasksView(p))
}

// kinds is the parts of the list, as links.
func (p tasksPage) kinds() []ui.View {
	at := "/tasks?site=" + p.Site.ID.String()
	all := []ui.View{{Name: "All", Path: at, Count: -1, Here: p.Status == ""}}
	for _, s := range []writer.TaskStatus{writer.Todo, writer.Queued, writer.Written} {
		all = append(all, ui.View{Name: taskSaid(s), Path: at + "&status=" + string(s), Count: -1, Here: p.Status == s})
	}
	return all
}

// taskSaid is a status of a task in words.
func taskSaid(s writer.TaskStatus) words.Text {
	switch s {
	case writer.Todo:
		return "To write"
	case writer.Queued:
		return "Being written"
	case writer.Written:
		return "Written"
	}
	return words.Verbatim(string(s))
}

func taskTone(s writer.TaskStatus) ui.Tone {
	switch s {
	case writer.Written:
		return ui.Good
	case writer.Queued:
		return ui.Note
	case writer.Todo:
	}
	return ui.Quiet
}

// taskPage is what is to be written, and what it would cost.
type taskPage struct {
	ui.Page
	placed
	Task      writer.Task // the zero one: a new one
	Links     []writer.Link
	Price     credit.Credits
	Available credit.Credits
	Write     bool
	Form      ui.Form
}

// taskFields are those of the form, by the names of the API.
var taskFields = []string{"title", "words", "angle", "audience", "outline", "keywords", "questions"}

func (p taskPage) action() string {
	if p.Task.ID.IsZero() {
		return "/tasks/new"
	}
	return "/tasks/" + p.Task.ID.String()
}

// words is what the field of the length begins with.
func (p taskPage) words() string {
	if p.Task.Words == 0 {
		return ""
	}
	return strconv.FormatInt(p.Task.Words, 10)
}

// outlineText is an outline as its field holds it: a section a line, with its
// keywords behind a bar.
func outlineText(all []planner.Section) string {
	var b strings.Builder
	for _, s := range all {
		b.WriteString(s.Heading)
		if len(s.Keywords) > 0 {
			b.WriteString(" | " + strings.Join(s.Keywords, ", "))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// outlineOf reads it.
func outlineOf(text string) []planner.Section {
	var all []planner.Section
	for _, line := range linesOf(text) {
		heading, keywords, _ := strings.Cut(line, "|")
		all = append(all, planner.Section{Heading: strings.TrimSpace(heading), Keywords: partsOf(keywords)})
	}
	return all
}

// linesOf is the lines of a field that have something in them.
func linesOf(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

// partsOf is what stands between commas.
func partsOf(text string) []string {
	var all []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// briefOf reads the form.
func briefOf(values url.Values) (writer.TaskChange, error) {
	title, angle, audience := values.Get("title"), strings.TrimSpace(values.Get("angle")), strings.TrimSpace(values.Get("audience"))
	outline, keywords, questions := outlineOf(values.Get("outline")), linesOf(values.Get("keywords")), linesOf(values.Get("questions"))
	ch := writer.TaskChange{Title: &title, Angle: &angle, Audience: &audience, Outline: &outline, Keywords: &keywords, Questions: &questions}
	if strings.TrimSpace(values.Get("words")) == "" {
		return ch, nil
	}
	ch.Words = new(int64)
	return ch, numbersOf(values, map[string]*int64{"words": ch.Words})
}

// blamed blames the field of a list for what one of its lines is blamed for.
func blamed(f *fault.Fault) *fault.Fault {
	g := *f
	g.Fields = nil
	for _, field := range f.Fields {
		name, _, _ := strings.Cut(field.Location, "[")
		g.Fields = append(g.Fields, fault.Field{Location: name, Msg: field.Msg, Value: field.Value})
	}
	return &g
}

func (w *Web) newTask(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showNewTask(rw, r, v, http.StatusOK, r.URL.Query().Get("site"), ui.Form{})
}

func (w *Web) showNewTask(rw http.ResponseWriter, r *http.Request, v *visit, status int, named string, f ui.Form) error {
	p := taskPage{Form: f, Write: true}
	err := w.within(r, v, &p.Page, "New task", func(ctx context.Context, view *tenant.View) error { return p.find(ctx, view, named) })
	if err != nil {
		return err
	}
	p.Lead = words.Verbatim(p.Site.Name)
	return show(r.Context(), rw, status, taskView(p))
}

// createTask decides that an article is to be written: of an idea, or by hand.
func (w *Web) createTask(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	var made writer.Task
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		n, err := newTaskOf(ctx, tx, values)
		if err != nil {
			return err
		}
		made, err = writer.CreateTask(ctx, tx, n)
		return err
	})
	if err != nil {
		why, err := refused(err)
		if err != nil || values.Get("idea") != "" {
			return firstOfErrors(err, why)
		}
		return w.showNewTask(rw, r, v, statusOf(why), values.Get("site"), ui.NewForm(values).Refused(blamed(why), taskFields...))
	}
	w.say(rw, ui.Good, "The task is there. Change what you like, and have it written.")
	return to(rw, r, "/tasks/"+made.ID.String())
}

func newTaskOf(ctx context.Context, r tenant.Reader, values url.Values) (writer.NewTask, error) {
	if named := values.Get("idea"); named != "" {
		iid, err := idOf(planner.ParseIdeaID, named, planner.ErrIdeaNotFound)
		if err != nil {
			return writer.NewTask{}, err
		}
		i, err := planner.LoadIdea(ctx, r, iid)
		return writer.NewTask{Site: i.Site, Idea: iid}, err
	}
	var p placed
	if err := p.find(ctx, r, values.Get("site")); err != nil {
		return writer.NewTask{}, err
	}
	b, err := briefOf(values)
	if err != nil {
		return writer.NewTask{}, err
	}
	n := writer.NewTask{Site: p.Site.ID, Title: *b.Title, Brief: writer.Brief{Angle: *b.Angle, Audience: *b.Audience, Outline: *b.Outline, Keywords: *b.Keywords, Questions: *b.Questions}}
	if b.Words != nil {
		n.Words = *b.Words
	}
	return n, nil
}

func (w *Web) task(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showTask(rw, r, v, http.StatusOK, ui.Form{})
}

func (w *Web) showTask(rw http.ResponseWriter, r *http.Request, v *visit, status int, f ui.Form) error {
	tid, err := idOf(writer.ParseTaskID, r.PathValue("id"), writer.ErrTaskNotFound)
	if err != nil {
		return err
	}
	p := taskPage{Form: f, Write: v.Scope.Permissions().Has(tenant.WriteContent)}
	err = w.within(r, v, &p.Page, "Task", func(ctx context.Context, view *tenant.View) error {
		if p.Task, err = writer.LoadTask(ctx, view, tid); err != nil {
			return err
		}
		if p.Price, err = writer.Cost(ctx, view, p.Task.Words); err != nil {
			return err
		}
		b, err := credit.BalanceOf(ctx, view)
		p.Available = b.Available
		return err
	})
	if err != nil {
		return err
	}
	p.Title = words.Verbatim(p.Task.Title)
	return show(r.Context(), rw, status, taskView(p))
}

func (w *Web) changeTask(rw http.ResponseWriter, r *http.Request, v *visit) error {
	tid, err := idOf(writer.ParseTaskID, r.PathValue("id"), writer.ErrTaskNotFound)
	if err != nil {
		return err
	}
	values, err := formOf(r)
	if err != nil {
		return err
	}
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		ch, err := briefOf(values)
		if err == nil {
			_, err = writer.ChangeTask(ctx, tx, tid, ch)
		}
		return err
	})
	if err != nil {
		why, err := refused(err)
		if err != nil || errors.Is(why, writer.ErrTaskNotFound) {
			return firstOfErrors(err, why)
		}
		return w.showTask(rw, r, v, statusOf(why), ui.NewForm(values).Refused(blamed(why), taskFields...))
	}
	w.say(rw, ui.Good, "Saved.")
	return to(rw, r, "/tasks/"+tid.String())
}

func (w *Web) writeTask(rw http.ResponseWriter, r *http.Request, v *visit) error {
	tid, err := idOf(writer.ParseTaskID, r.PathValue("id"), writer.ErrTaskNotFound)
	if err != nil {
		return err
	}
	var o writer.Ordered
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		o, err = w.Writer.GenerateContent(ctx, tx, []writer.TaskID{tid})
		return err
	})
	if err != nil {
		why, err := refused(err)
		if err != nil || errors.Is(why, writer.ErrTaskNotFound) {
			return firstOfErrors(err, why)
		}
		return w.showTask(rw, r, v, statusOf(why), ui.NewForm(nil).Refused(why))
	}
	return to(rw, r, "/jobs/"+o.Job.String())
}
