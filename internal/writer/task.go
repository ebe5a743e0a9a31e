package writer

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/credit"
	"igny8/internal/id"
	"igny8/internal/planner"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

// TaskStatus is where a task is in its life.
type TaskStatus string

// The statuses.
const (
	Todo    TaskStatus = "todo"
	Queued  TaskStatus = "queued" // a job is to write it, or does
	Written TaskStatus = "written"
)

// Task is the decision to write an article.
type Task struct {
	ID      TaskID
	Site    site.ID
	Idea    planner.IdeaID // zero: from none
	Title   string
	Brief   Brief
	Words   int64 // the length aimed at
	Status  TaskStatus
	Content ContentID     // zero until it is written
	Hold    credit.HoldID // that pays for it; zero: it is not ordered, or is written
	Created time.Time
	Updated time.Time
}

// Brief is what the article is to be like.
type Brief struct {
	Angle    string            `json:"angle,omitempty"`
	Audience string            `json:"audience,omitempty"`
	Intent   string            `json:"intent,omitempty"`
	Outline  []planner.Section `json:"outline,omitempty"`
	Keywords []string          `json:"keywords,omitempty"` // the main one first
	// Questions are what readers ask, and the article answers apart from its text.
	Questions []string `json:"questions,omitempty"`
	// Links are the articles to which it sends its readers.
	Links []Link `json:"links,omitempty"`
}

// NewTask says what is to be written: from an idea, or from a title and as
// much of a brief as there is.
type NewTask struct {
	Site  site.ID
	Idea  planner.IdeaID // what it says counts where the fields below are empty
	Title string
	Brief Brief
	Words int64 // zero: what the site says, or else UsualWords
}

// UsualWords is how long an article is that nobody has said a length for.
const UsualWords = 1200

// The lengths of an article, in words.
const (
	leastWords = 100
	mostWords  = 5000
)

const taskColumns = `t.id, t.site_id, t.idea_id, t.title, t.brief, t.words, t.status, c.id, t.hold_id, t.created_at, t.updated_at`

const taskFrom = ` FROM tasks t LEFT JOIN contents c ON c.account_id = t.account_id AND c.task_id = t.id WHERE t.account_id = $1`

func readTask(scan tenant.Scan) (Task, error) {
	var t Task
	var brief string
	var created, updated int64
	if err := scan(&t.ID, &t.Site, &t.Idea, &t.Title, &brief, &t.Words, &t.Status, &t.Content, &t.Hold, &created, &updated); err != nil {
		return Task{}, err
	}
	t.Created, t.Updated = clock.FromMicros(created), clock.FromMicros(updated)
	if err := json.Unmarshal([]byte(brief), &t.Brief); err != nil {
		return Task{}, fmt.Errorf("brief of task %s: %w", t.ID, err)
	}
	return t, nil
}

// CreateTask decides that an article is to be written.
func CreateTask(ctx context.Context, tx *tenant.Tx, n NewTask) (Task, error) {
	where, err := site.Load(ctx, tx, n.Site)
	if err != nil {
		return Task{}, err
	}
	if n.Words == 0 {
		n.Words = where.Words
	}
	if !n.Idea.IsZero() {
		i, err := planner.LoadIdea(ctx, tx, n.Idea)
		if err != nil {
			return Task{}, err
		}
		if i.Site != n.Site {
			return Task{}, ErrInvalidTask.Sayf("The idea is for another site.").At("body.idea_id", "is for another site", nil)
		}
		n.fill(i)
	}
	t, err := n.parse()
	if err != nil {
		return Task{}, err
	}
	if t.Brief.Links, err = related(ctx, tx, t); err != nil {
		return Task{}, err
	}
	brief, err := json.Marshal(t.Brief)
	if err != nil {
		return Task{}, err
	}
	t.ID, t.Created, t.Updated = id.New[taskKind](), tx.Now(), tx.Now()
	_, err = tx.Exec(ctx, `
		INSERT INTO tasks (account_id, id, site_id, idea_id, title, brief, words, status, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)`,
		t.ID, t.Site, t.Idea, t.Title, string(brief), t.Words, string(t.Status), clock.Micros(t.Created))
	if err != nil {
		return Task{}, fmt.Errorf("create task %q: %w", t.Title, err)
	}
	if !t.Idea.IsZero() {
		err = planner.Accept(ctx, tx, t.Idea)
	}
	return t, err
}

// fill takes from the idea what was not said.
func (n *NewTask) fill(i planner.Idea) {
	for _, f := range []struct {
		to   *string
		from string
	}{{&n.Title, i.Title}, {&n.Brief.Angle, i.Angle}, {&n.Brief.Audience, i.Audience}, {&n.Brief.Intent, i.Intent}} {
		if *f.to == "" {
			*f.to = f.from
		}
	}
	if len(n.Brief.Outline) == 0 {
		n.Brief.Outline = i.Outline
	}
	if len(n.Brief.Questions) == 0 {
		n.Brief.Questions = i.Questions
	}
	if len(n.Brief.Keywords) == 0 {
		n.Brief.Keywords = i.Keywords[:min(len(i.Keywords), maxKeywords)]
	}
}

// What a brief holds at most.
const (
	maxTitle    = 200
	maxAngle    = 1000
	maxAudience = 300
	maxKeyword  = 200
	maxKeywords = 50
)

func (n NewTask) parse() (Task, error) {
	f := ErrInvalidTask
	t := Task{Site: n.Site, Idea: n.Idea, Brief: n.Brief, Words: n.Words, Status: Todo}
	var ok bool
	if t.Title, ok = account.Printable(n.Title, maxTitle); !ok {
		f = f.At("body.title", "1 to 200 printable characters, or an idea to take it from", nil)
	}
	if t.Words == 0 {
		t.Words = UsualWords
	}
	if t.Words < leastWords || t.Words > mostWords {
		f = f.At("body.words", "must be 100 to 5000", n.Words)
	}
	if t.Brief.Angle, ok = optional(n.Brief.Angle, maxAngle); !ok {
		f = f.At("body.angle", "at most 1000 printable characters", nil)
	}
	if t.Brief.Audience, ok = optional(n.Brief.Audience, maxAudience); !ok {
		f = f.At("body.audience", "at most 300 printable characters", nil)
	}
	if len(n.Brief.Keywords) > maxKeywords {
		f = f.At("body.keywords", "at most 50", nil)
	}
	t.Brief.Outline, f = planner.ParseOutline(f, n.Brief.Outline)
	t.Brief.Questions, f = planner.ParseQuestions(f, n.Brief.Questions)
	t.Brief.Keywords = nil
	for i, k := range n.Brief.Keywords {
		k, ok := account.Printable(k, maxKeyword)
		if !ok {
			f = f.At(fmt.Sprintf("body.keywords[%d]", i), "1 to 200 printable characters", nil)
		}
		t.Brief.Keywords = append(t.Brief.Keywords, k)
	}
	if len(f.Fields) > 0 {
		return Task{}, f
	}
	return t, nil
}

// optional is account.Printable for what may be empty.
func optional(s string, limit int) (string, bool) {
	if s == "" {
		return "", true
	}
	return account.Printable(s, limit)
}

// TaskFilter narrows a list. Zero fields do not.
type TaskFilter struct {
	Site   site.ID
	Status TaskStatus
	After  string // the id of the last one before
	Limit  int    // zero: 50
}

// Tasks lists tasks in the order in which they were made.
func Tasks(ctx context.Context, r tenant.Reader, f TaskFilter) ([]Task, error) {
	q := query{text: `SELECT ` + taskColumns + taskFrom}
	if !f.Site.IsZero() {
		q.and("t.site_id", f.Site)
	}
	if f.Status != "" {
		q.and("t.status", string(f.Status))
	}
	return list(ctx, r, q, f.After, f.Limit, "t.id", readTask)
}

// LoadTask reads one task.
func LoadTask(ctx context.Context, r tenant.Reader, tid TaskID) (Task, error) {
	t, err := readTask(func(dest ...any) error {
		return r.Get(ctx, `SELECT `+taskColumns+taskFrom+` AND t.id = $2`, []any{tid}, dest...)
	})
	if tenant.IsNotFound(err) {
		err = ErrTaskNotFound
	}
	if err != nil {
		return Task{}, fmt.Errorf("task %s: %w", tid, err)
	}
	return t, nil
}

// Article is what became of a task, as far as it has: its name and where it is.
type Article struct {
	Title   string // of its current version, or else of the task
	Site    site.ID
	Content ContentID // zero until it is written
}

// ArticleOf is the article of a task.
func ArticleOf(ctx context.Context, r tenant.Reader, tid TaskID) (Article, error) {
	var a Article
	err := r.Get(ctx, `
		SELECT coalesce(v.title, t.title), t.site_id, c.id
		FROM tasks t LEFT JOIN contents c ON c.account_id = t.account_id AND c.task_id = t.id
		LEFT JOIN content_versions v ON v.account_id = c.account_id AND v.content_id = c.id AND v.version = c.version
		WHERE t.account_id = $1 AND t.id = $2`, []any{tid}, &a.Title, &a.Site, &a.Content)
	if tenant.IsNotFound(err) {
		err = ErrTaskNotFound
	}
	if err != nil {
		return Article{}, fmt.Errorf("article of task %s: %w", tid, err)
	}
	return a, nil
}
