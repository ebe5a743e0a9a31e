package api

import (
	"context"
	"net/http"

	"igny8/internal/identity"
	"igny8/internal/planner"
	"igny8/internal/tenant"
)

// clusterEditRoutes are what a person does to clusters by hand.
func (a *API) clusterEditRoutes(writing identity.Policy) {
	write(a, route{method: http.MethodPatch, path: "/planner/clusters/{id}", id: "change-cluster", tag: "planner",
		summary: "Rename a cluster, lock it against clustering or open it again; a new name locks it"}, writing, changeCluster)
	write(a, route{method: http.MethodDelete, path: "/planner/clusters/{id}", id: "delete-cluster", tag: "planner", status: http.StatusNoContent,
		summary: "Delete a cluster; its keywords are in none"}, writing, deleteCluster)
	write(a, route{method: http.MethodPost, path: "/planner/clusters/{id}/keywords", id: "move-keywords", tag: "planner",
		summary: "Move keywords into a cluster, and lock it"}, writing, moveKeywords)
	write(a, route{method: http.MethodPost, path: "/planner/clusters/{id}/split", id: "split-cluster", tag: "planner", status: http.StatusCreated,
		summary: "Make some of a cluster's keywords a cluster of their own, locked"}, writing, splitCluster)
	write(a, route{method: http.MethodPost, path: "/planner/clusters/{id}/merge", id: "merge-clusters", tag: "planner",
		summary: "Merge other clusters into this one with their ideas, and lock it"}, writing, mergeClusters)
}

type changeClusterInput struct {
	IDInput
	Body struct {
		Name   *string `json:"name,omitempty" maxLength:"1000"`
		Locked *bool   `json:"locked,omitempty"`
	}
}

func changeCluster(ctx context.Context, tx *tenant.Tx, in *changeClusterInput) (*reply[clusterView], error) {
	cid, err := named(planner.ParseClusterID, in.ID, planner.ErrClusterNotFound)
	if err != nil {
		return nil, err
	}
	c, err := planner.ChangeCluster(ctx, tx, cid, planner.ClusterChange{Name: in.Body.Name, Locked: in.Body.Locked})
	return &reply[clusterView]{Body: showCluster(c)}, err
}

func deleteCluster(ctx context.Context, tx *tenant.Tx, in *IDInput) (*none, error) {
	cid, err := named(planner.ParseClusterID, in.ID, planner.ErrClusterNotFound)
	if err != nil {
		return nil, err
	}
	return &none{}, planner.DeleteCluster(ctx, tx, cid)
}

type moveKeywordsInput struct {
	IDInput
	Body struct {
		Keywords []string `json:"keyword_ids" minItems:"1" maxItems:"1000" nullable:"false"`
	}
}

func moveKeywords(ctx context.Context, tx *tenant.Tx, in *moveKeywordsInput) (*reply[clusterView], error) {
	cid, ks, err := clusterAndKeywords(in.ID, in.Body.Keywords)
	if err != nil {
		return nil, err
	}
	c, err := planner.MoveKeywords(ctx, tx, cid, ks)
	return &reply[clusterView]{Body: showCluster(c)}, err
}

func clusterAndKeywords(cluster string, keywords []string) (cid planner.ClusterID, ks []planner.KeywordID, err error) {
	if cid, err = named(planner.ParseClusterID, cluster, planner.ErrClusterNotFound); err != nil {
		return cid, nil, err
	}
	ks, err = allNamed(planner.ParseKeywordID, keywords, planner.ErrKeywordNotFound)
	return cid, ks, err
}

type splitClusterInput struct {
	IDInput
	Body struct {
		Name     string   `json:"name,omitempty" maxLength:"1000" doc:"None: the first keyword's."`
		Keywords []string `json:"keyword_ids" minItems:"1" maxItems:"1000" nullable:"false" doc:"Some of the cluster's own, not all."`
	}
}

func splitCluster(ctx context.Context, tx *tenant.Tx, in *splitClusterInput) (*reply[clusterView], error) {
	cid, ks, err := clusterAndKeywords(in.ID, in.Body.Keywords)
	if err != nil {
		return nil, err
	}
	c, err := planner.SplitCluster(ctx, tx, cid, in.Body.Name, ks)
	return &reply[clusterView]{Body: showCluster(c)}, err
}

type mergeClustersInput struct {
	IDInput
	Body struct {
		Clusters []string `json:"cluster_ids" minItems:"1" maxItems:"100" nullable:"false" doc:"Those that go into this one."`
	}
}

func mergeClusters(ctx context.Context, tx *tenant.Tx, in *mergeClustersInput) (*reply[clusterView], error) {
	cid, err := named(planner.ParseClusterID, in.ID, planner.ErrClusterNotFound)
	if err != nil {
		return nil, err
	}
	others, err := allNamed(planner.ParseClusterID, in.Body.Clusters, planner.ErrClusterNotFound)
	if err != nil {
		return nil, err
	}
	c, err := planner.MergeClusters(ctx, tx, cid, others)
	return &reply[clusterView]{Body: showCluster(c)}, err
}
