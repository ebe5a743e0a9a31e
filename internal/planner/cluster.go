package planner

import (
	"context"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"igny8/internal/clock"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

// Cluster is keywords that one page could answer.
type Cluster struct {
	ID       ClusterID
	Site     site.ID
	Name     string
	Pillar   string // the leading keyword
	Intent   string
	Size     int64 // keywords
	Volume   int64 // searches a month, of all of them
	Cohesion int64 // how alike they are, in thousandths
	Locked   bool  // a person made or changed it: no clustering takes its keywords or its name
	Created  time.Time
}

const clusterColumns = `id, site_id, name, pillar, intent, size, volume, cohesion, locked, created_at`

func readCluster(scan tenant.Scan) (Cluster, error) {
	var c Cluster
	var created int64
	err := scan(&c.ID, &c.Site, &c.Name, &c.Pillar, &c.Intent, &c.Size, &c.Volume, &c.Cohesion, &c.Locked, &created)
	c.Created = clock.FromMicros(created)
	return c, err
}

// Cursor is where a list goes on after this cluster.
func (c Cluster) Cursor() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", c.Size, c.ID))
}

func parseCursor(s string) (size int64, last ClusterID, err error) {
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return 0, last, ErrInvalidCursor
	}
	n, name, _ := strings.Cut(string(text), " ")
	if size, err = strconv.ParseInt(n, 10, 64); err != nil {
		return 0, last, ErrInvalidCursor
	}
	if last, err = ParseClusterID(name); err != nil {
		return 0, last, ErrInvalidCursor
	}
	return size, last, nil
}

// ClusterFilter narrows a list. Zero fields do not.
type ClusterFilter struct {
	Site  site.ID
	After string // Cluster.Cursor of the last one before
	Limit int
}

// Clusters lists clusters, the largest first.
func Clusters(ctx context.Context, r tenant.Reader, f ClusterFilter) ([]Cluster, error) {
	q := &query{text: `SELECT ` + clusterColumns + ` FROM clusters WHERE account_id = $1`}
	if f.After != "" {
		size, last, err := parseCursor(f.After)
		if err != nil {
			return nil, err
		}
		q.args = append(q.args, size, last)
		q.text += ` AND (size < $2 OR size = $2 AND id > $3)`
	}
	if !f.Site.IsZero() {
		q.and("site_id", f.Site)
	}
	return collect(ctx, r, q.inOrder(`size DESC, id`, f.Limit), readCluster)
}

// LoadCluster reads one cluster.
func LoadCluster(ctx context.Context, r tenant.Reader, cid ClusterID) (Cluster, error) {
	c, err := readCluster(func(dest ...any) error {
		return r.Get(ctx, `SELECT `+clusterColumns+` FROM clusters WHERE account_id = $1 AND id = $2`, []any{cid}, dest...)
	})
	if tenant.IsNotFound(err) {
		err = ErrClusterNotFound
	}
	if err != nil {
		return Cluster{}, fmt.Errorf("cluster %s: %w", cid, err)
	}
	return c, nil
}

// Unclustered is how many keywords of a site are in no cluster.
func Unclustered(ctx context.Context, r tenant.Reader, sid site.ID) (int64, error) {
	return ClusterArgs{Site: sid}.count(ctx, r)
}

// Barren is the clusters of a site that have keywords and no ideas, those most
// searched for first.
func Barren(ctx context.Context, r tenant.Reader, sid site.ID, limit int) ([]ClusterID, error) {
	var all []ClusterID
	err := r.Each(ctx, `
		SELECT id FROM clusters c WHERE account_id = $1 AND site_id = $2
			AND EXISTS (SELECT 1 FROM keywords k WHERE k.account_id = c.account_id AND k.cluster_id = c.id)
			AND NOT EXISTS (SELECT 1 FROM ideas i WHERE i.account_id = c.account_id AND i.cluster_id = c.id)
		ORDER BY volume DESC, size DESC, id LIMIT $3`, []any{sid, limit}, func(scan tenant.Scan) error {
		var c ClusterID
		err := scan(&c)
		all = append(all, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("clusters of %s without ideas: %w", sid, err)
	}
	return all, nil
}
