// Package planner turns keywords into clusters and ideas.
//
// What costs credits is ordered in one transaction: the credits are reserved,
// the job is enqueued, and the price is known. The job's answer is saved in the
// transaction that settles its hold, so a crash at any moment leaves either
// nothing bought and nothing paid, or both.
package planner

import (
	"context"

	"igny8/internal/ai"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/id"
	"igny8/internal/job"
	"igny8/internal/tenant"
)

type (
	keywordKind struct{}
	clusterKind struct{}
	ideaKind    struct{}
	uploadKind  struct{}
)

func (keywordKind) Prefix() string { return "kw" }
func (clusterKind) Prefix() string { return "clu" }
func (ideaKind) Prefix() string    { return "idea" }
func (uploadKind) Prefix() string  { return "upl" }

// KeywordID names a keyword.
type KeywordID = id.ID[keywordKind]

// ClusterID names a cluster.
type ClusterID = id.ID[clusterKind]

// IdeaID names an idea.
type IdeaID = id.ID[ideaKind]

// UploadID names a file that waits to be imported.
type UploadID = id.ID[uploadKind]

// ParseKeywordID reads a keyword's id.
func ParseKeywordID(s string) (KeywordID, error) { return id.Parse[keywordKind](s) }

// ParseClusterID reads a cluster's id.
func ParseClusterID(s string) (ClusterID, error) { return id.Parse[clusterKind](s) }

// ParseIdeaID reads an idea's id.
func ParseIdeaID(s string) (IdeaID, error) { return id.Parse[ideaKind](s) }

// What a caller can be told. A file that cannot be read has faults of its own,
// keyword_file.*.
var (
	ErrKeywordNotFound    = fault.New(fault.NotFound, "keyword.not_found", "There is no such keyword.")
	ErrClusterNotFound    = fault.New(fault.NotFound, "cluster.not_found", "There is no such cluster.")
	ErrClusterEmpty       = fault.New(fault.Conflict, "cluster.empty", "The keywords of this cluster are in other clusters now.")
	ErrClusterSplit       = fault.New(fault.Conflict, "cluster.split", "This would leave no keyword in the cluster. Name some of its keywords, not all, or rename the cluster.")
	ErrClusterMerge       = fault.New(fault.Conflict, "cluster.merge", "Only other clusters of the same site can be merged into this one. Name those.")
	ErrClusterHasIdeas    = fault.New(fault.Conflict, "cluster.has_ideas", "Ideas hang on this cluster. Merge it into another cluster instead: they go along.")
	ErrInvalidClusterName = fault.New(fault.Invalid, "cluster.invalid_name", "The name of a cluster has 1 to 200 printable characters.")
	ErrIdeaNotFound       = fault.New(fault.NotFound, "idea.not_found", "There is no such idea.")
	ErrInvalidKeyword     = fault.New(fault.Invalid, "keyword.invalid", "A keyword has 1 to 200 printable characters.")
	ErrNothingToCluster   = fault.New(fault.Conflict, "planner.nothing_to_cluster", "There are no keywords to cluster: none at all, or all of them in clusters that are locked. Import some, or open a cluster.")
	ErrNothingChosen      = fault.New(fault.Invalid, "planner.nothing_chosen", "Name at least one cluster.")
	ErrInvalidCount       = fault.New(fault.Invalid, "planner.invalid_count", "Ask for 1 to 20 ideas of each cluster.")
	ErrInvalidCursor      = fault.New(fault.Invalid, "request.invalid_cursor", "This cursor is not one that a list gave.")
)

// Limit is what the plan says about having so many more keywords than there
// are.
type Limit func(ctx context.Context, r tenant.Reader, have, more int64) error

// Planner orders and does the planner's work.
type Planner struct {
	st    *tenant.Store
	gate  *ai.Gateway
	queue *job.Queue
	allow Limit
}

// New makes a Planner. Register must be called before the queue starts.
func New(st *tenant.Store, gate *ai.Gateway, q *job.Queue, allow Limit) *Planner {
	return &Planner{st: st, gate: gate, queue: q, allow: allow}
}

// Register names the handlers of the planner's jobs.
func (p *Planner) Register() {
	job.Handle(p.queue, importer{p})
	job.Handle(p.queue, clusterer{p})
	job.Handle(p.queue, ideator{p})
}

// Ordered is work that was promised, and what is reserved for it.
type Ordered struct {
	Job   job.ID
	Quote credit.Credits
}
