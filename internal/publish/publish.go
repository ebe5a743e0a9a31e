// Package publish brings approved articles to the sites of an account, and
// knows what has become of them there.
//
// An article is on its site once, however often an order is repeated, a server
// dies or an answer is lost: the post carries our name of the article, and is
// looked for by it before one is made. What is wanted of an article and what is
// there are two things, and the difference is the work: of a job, where the site
// is asked by WordPress's own API, or of the plugin that asks us.
package publish

import (
	"time"

	"igny8/internal/fault"
	"igny8/internal/httpx"
	"igny8/internal/job"
	"igny8/internal/seal"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/words"
	"igny8/internal/writer"
)

// Wanted is what is to become of an article on its site.
type Wanted string

// What can be wanted.
const (
	AsDraft  Wanted = "draft"
	AsPost   Wanted = "publish"
	Withdraw Wanted = "withdraw" // it stays as a draft there
)

// State is what has become of it.
type State string

// The states.
const (
	Queued    State = "queued" // what was ordered last is not done yet
	Draft     State = "draft"
	Scheduled State = "scheduled"
	Published State = "published"
	Withdrawn State = "withdrawn" // it was published, and is not any more
	Failed    State = "failed"
)

// Order is what is wanted of an article.
type Order struct {
	Wanted     Wanted
	At         time.Time // when it is to appear; zero: at once
	Categories []string
	Tags       []string
	ImageURL   string // of the picture that goes with it; empty: none
}

// Publication is an article on its site.
type Publication struct {
	Order
	Content writer.ContentID
	Title   string // of the article now
	Site    site.ID
	State   State
	Version int64      // of the article that is there; zero: none
	Stale   bool       // the article has changed since
	Post    int64      // WordPress's number of it; zero: none
	URL     string     // empty: not known
	Code    string     // of what went wrong; empty: nothing
	Detail  words.Text // that in words
	Job     job.ID     // that does it; zero: the plugin does
	Updated time.Time
}

// What a caller can be told.
var (
	ErrNoChannel    = fault.New(fault.Conflict, "publish.no_channel", "This site is not connected to a WordPress yet. Connect it first.")
	ErrNotApproved  = fault.New(fault.Conflict, "publish.not_approved", "Only an approved article can be published. Approve it first.")
	ErrNone         = fault.New(fault.NotFound, "publish.none", "This article has not been published.")
	ErrBusy         = fault.New(fault.Conflict, "publish.busy", "What was ordered for this article last is still being done.")
	ErrInvalidOrder = fault.New(fault.Invalid, "publish.invalid", "This cannot be ordered.").FieldsSay()
	ErrInvalidURL   = fault.New(fault.Invalid, "wordpress.invalid_url", "This is not the address of a site. Give one such as https://example.com.")
	ErrInvalidLogin = fault.New(fault.Invalid, "wordpress.invalid_login", "WordPress's user name and an application password are needed. WordPress makes one under Users, Profile.")
	ErrAway         = fault.New(fault.Unavailable, "wordpress.unavailable", "The site does not answer at the moment.")
	ErrRefused      = fault.New(fault.Conflict, "wordpress.refused", "WordPress refused the article.")
	ErrPicture      = fault.New(fault.Conflict, "wordpress.picture", "The picture that goes with the article cannot be used.")
	errGone         = fault.New(fault.Conflict, "publish.gone", "The post is not there any more, or in the trash.")
)

// Options of a Press.
type Options struct {
	// Key seals passwords of sites: 32 bytes.
	Key []byte
	// AllowPrivate lets sites be at private addresses and without TLS.
	AllowPrivate bool
}

// Press publishes.
type Press struct {
	st           *tenant.Store
	queue        *job.Queue
	box          seal.Box
	allowPrivate bool
	outside      httpx.Outbound
}

// callLimit is how long one exchange with a site may take.
const callLimit = 45 * time.Second

// New makes a Press. Register must be called before the queue starts.
func New(st *tenant.Store, q *job.Queue, o Options) (*Press, error) {
	box, err := seal.New(o.Key)
	if err != nil {
		return nil, err
	}
	return &Press{st: st, queue: q, box: box, allowPrivate: o.AllowPrivate, outside: httpx.Outbound{AllowPrivate: o.AllowPrivate, Timeout: callLimit}}, nil
}

// Register names the handlers of the jobs.
func (p *Press) Register() {
	job.Handle(p.queue, sender{p})
	job.Handle(p.queue, looker{p})
}
