package web

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"

	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/planner"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// mountClusters is what keywords were grouped into.
func (w *Web) mountClusters() {
	reading, writing := identity.Tenant(tenant.ReadContent), identity.Tenant(tenant.WriteContent)
	w.mount("GET /clusters", reading, w.clusters)
	w.mount("POST /clusters/ideas", writing, w.orderIdeas)
	w.mount("GET /clusters/{id}", reading, w.cluster)
	w.mount("POST /clusters/{id}", writing, w.changeCluster)
	w.mount("POST /clusters/{id}/keywords", writing, w.placeKeywords)
	w.mount("POST /clusters/{id}/merge", writing, w.mergeCluster)
	w.mount("GET /clusters/{id}/delete", writing, w.askDeleteCluster)
	w.mount("POST /clusters/{id}/delete", writing, w.deleteCluster)
}

// ideasFor is how many ideas a page orders for a cluster.
const ideasFor = 5

// clustersPage is the clusters of a site.
type clustersPage struct {
	ui.Page
	placed
	Write       bool
	Clusters    []planner.Cluster
	Largest     []planner.Cluster // for the picture
	Price       credit.Credits    // of the ideas for one
	Available   credit.Credits
	Form        ui.Form
	First, Next string
}

func (w *Web) clusters(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showClusters(rw, r, v, http.StatusOK, clustersPage{}, r.URL.Query().Get("site"))
}

func (w *Web) showClusters(rw http.ResponseWriter, r *http.Request, v *visit, status int, p clustersPage, named string) error {
	p.Write = v.Scope.Permissions().Has(tenant.WriteContent)
	err := w.within(r, v, &p.Page, "Clusters", func(ctx context.Context, view *tenant.View) error {
		if err := p.find(ctx, view, named); err != nil || p.Site.ID.IsZero() {
			return err
		}
		all, err := planner.Clusters(ctx, view, planner.ClusterFilter{Site: p.Site.ID, After: r.URL.Query().Get("after"), Limit: perPage + 1})
		if err != nil {
			return err
		}
		p.Clusters, p.Next = pageOf(r, "after", all, planner.Cluster.Cursor)
		if p.First = firstOf(r, "after"); p.First == "" {
			if p.Largest, err = planner.Clusters(ctx, view, planner.ClusterFilter{Site: p.Site.ID, Limit: bubbles}); err != nil {
				return err
			}
		}
		if p.Price, err = credit.Quote(ctx, view, credit.GenerateIdeas, ideasFor); err != nil {
			return err
		}
		b, err := credit.BalanceOf(ctx, view)
		p.Available = b.Available
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, status, clustersView(p))
}

// How the picture of the clusters is drawn: in units of its own, as many as
// there are, the larger the more they are searched for.
const (
	bubbles     = 30
	pictureWide = 1000
	pictureHigh = 360
)

// bubble is a cluster in the picture.
type bubble struct {
	planner.Cluster
	X, Y, R float64
}

// picture places the largest clusters so that none covers another: each where it
// fits that is nearest to the middle.
func (p clustersPage) picture() []bubble {
	most := 0.0
	for _, c := range p.Largest {
		most = max(most, math.Sqrt(float64(c.Volume+1)))
	}
	var all []bubble
	for _, c := range p.Largest {
		b := bubble{Cluster: c, R: 14 + 66*math.Sqrt(float64(c.Volume+1))/most}
		if b.place(all) {
			all = append(all, b)
		}
	}
	return all
}

// place looks for room on a spiral; where there is none it tells so.
func (b *bubble) place(all []bubble) bool {
	for step := range 4000 {
		turn := float64(step) * 0.12
		b.X, b.Y = pictureWide/2+turn*2.6*math.Cos(turn), pictureHigh/2+turn*0.85*math.Sin(turn)
		free := b.X >= b.R && b.X <= pictureWide-b.R && b.Y >= b.R && b.Y <= pictureHigh-b.R
		for _, o := range all {
			free = free && math.Hypot(b.X-o.X, b.Y-o.Y) >= b.R+o.R+3
		}
		if free {
			return true
		}
	}
	return false
}

// at is a number as SVG writes it.
func at(x float64) string { return fmt.Sprintf("%.1f", x) }

// name is as much of a cluster's name as its bubble has room for.
func (b bubble) name() string {
	room := int(b.R / 4.6)
	r := []rune(b.Name)
	if len(r) <= room {
		return b.Name
	}
	if room < 4 {
		return ""
	}
	return strings.TrimSpace(string(r[:room-1])) + "…"
}

// orderIdeas orders ideas for the clusters that were chosen.
func (w *Web) orderIdeas(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	cs, err := ticked(values["cluster"], planner.ParseClusterID, planner.ErrClusterNotFound)
	if err != nil {
		return err
	}
	var o planner.Ordered
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		o, err = w.Planner.GenerateIdeas(ctx, tx, cs, ideasFor)
		return err
	})
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		return w.showClusters(rw, r, v, statusOf(f), clustersPage{Form: ui.NewForm(values).Refused(f)}, values.Get("site"))
	}
	return to(rw, r, "/jobs/"+o.Job.String())
}

// clusterPage is one cluster.
type clusterPage struct {
	ui.Page
	Cluster     planner.Cluster
	Write       bool
	Keywords    []planner.Keyword
	Others      []planner.Cluster // of the site
	Ideas       []planner.Idea
	Price       credit.Credits
	Name, Place ui.Form
	First, Next string
}

// offered is how many other clusters a page offers to merge with or to move to.
const offered = 200

func (w *Web) cluster(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.showCluster(rw, r, v, http.StatusOK, clusterPage{})
}

func (w *Web) showCluster(rw http.ResponseWriter, r *http.Request, v *visit, status int, p clusterPage) error {
	cid, err := idOf(planner.ParseClusterID, r.PathValue("id"), planner.ErrClusterNotFound)
	if err != nil {
		return err
	}
	p.Write = v.Scope.Permissions().Has(tenant.WriteContent)
	err = w.within(r, v, &p.Page, "Cluster", func(ctx context.Context, view *tenant.View) (err error) {
		if p.Cluster, err = planner.LoadCluster(ctx, view, cid); err != nil {
			return err
		}
		all, err := planner.Keywords(ctx, view, planner.KeywordFilter{Cluster: cid, Order: planner.ByVolume, After: r.URL.Query().Get("after"), Limit: perPage + 1})
		if err != nil {
			return err
		}
		p.Keywords, p.Next = pageOf(r, "after", all, planner.ByVolume.Cursor)
		p.First = firstOf(r, "after")
		if p.Ideas, err = planner.Ideas(ctx, view, planner.IdeaFilter{Cluster: cid, Limit: perPage}); err != nil {
			return err
		}
		if p.Price, err = credit.Quote(ctx, view, credit.GenerateIdeas, ideasFor); err != nil {
			return err
		}
		p.Others, err = planner.Clusters(ctx, view, planner.ClusterFilter{Site: p.Cluster.Site, Limit: offered})
		return err
	})
	if err != nil {
		return err
	}
	p.Title = words.Verbatim(p.Cluster.Name)
	return show(r.Context(), rw, status, clusterView(p))
}

// others is the other clusters of the site, to choose from.
func (p clusterPage) others() []ui.Pick {
	var picks []ui.Pick
	for _, c := range p.Others {
		if c.ID != p.Cluster.ID {
			picks = append(picks, ui.Pick{Value: c.ID.String(), Label: words.Verbatim(c.Name)})
		}
	}
	return picks
}

// editCluster changes the cluster of the address, and shows it again where that
// cannot be done. do answers the cluster that is to be shown.
func (w *Web) editCluster(rw http.ResponseWriter, r *http.Request, v *visit, do func(context.Context, *tenant.Tx, planner.ClusterID, url.Values) (planner.Cluster, error), back func(*clusterPage, url.Values, *fault.Fault)) error {
	cid, err := idOf(planner.ParseClusterID, r.PathValue("id"), planner.ErrClusterNotFound)
	if err != nil {
		return err
	}
	values, err := formOf(r)
	if err != nil {
		return err
	}
	var now planner.Cluster
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		now, err = do(ctx, tx, cid, values)
		return err
	})
	if err != nil {
		f, err := refused(err)
		if err != nil {
			return err
		}
		var p clusterPage
		back(&p, values, f)
		return w.showCluster(rw, r, v, statusOf(f), p)
	}
	w.say(rw, ui.Good, "Saved.")
	return to(rw, r, "/clusters/"+now.ID.String())
}

func (w *Web) changeCluster(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.editCluster(rw, r, v, func(ctx context.Context, tx *tenant.Tx, cid planner.ClusterID, values url.Values) (planner.Cluster, error) {
		name, locked := values.Get("name"), values.Get("locked") == "yes"
		return planner.ChangeCluster(ctx, tx, cid, planner.ClusterChange{Name: &name, Locked: &locked})
	}, func(p *clusterPage, values url.Values, f *fault.Fault) {
		p.Name = ui.NewForm(values).Refused(f, "name")
	})
}

// placeKeywords moves the keywords that were chosen to another cluster, or into
// one of their own.
func (w *Web) placeKeywords(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.editCluster(rw, r, v, func(ctx context.Context, tx *tenant.Tx, cid planner.ClusterID, values url.Values) (planner.Cluster, error) {
		ks, err := ticked(values["keyword"], planner.ParseKeywordID, planner.ErrKeywordNotFound)
		if err != nil {
			return planner.Cluster{}, err
		}
		if values.Get("to") == "" {
			return planner.SplitCluster(ctx, tx, cid, "", ks)
		}
		other, err := idOf(planner.ParseClusterID, values.Get("to"), planner.ErrClusterNotFound)
		if err != nil {
			return planner.Cluster{}, err
		}
		return planner.MoveKeywords(ctx, tx, other, ks)
	}, func(p *clusterPage, values url.Values, f *fault.Fault) { p.Place = ui.NewForm(values).Refused(f) })
}

// mergeCluster puts the cluster of the address into another one.
func (w *Web) mergeCluster(rw http.ResponseWriter, r *http.Request, v *visit) error {
	return w.editCluster(rw, r, v, func(ctx context.Context, tx *tenant.Tx, cid planner.ClusterID, values url.Values) (planner.Cluster, error) {
		into, err := idOf(planner.ParseClusterID, values.Get("into"), planner.ErrClusterNotFound)
		if err != nil {
			return planner.Cluster{}, err
		}
		return planner.MergeClusters(ctx, tx, into, []planner.ClusterID{cid})
	}, func(p *clusterPage, values url.Values, f *fault.Fault) { p.Place = ui.NewForm(values).Refused(f) })
}

func deleting(c planner.Cluster) ui.Confirm {
	at := "/clusters/" + c.ID.String()
	return ui.Confirm{
		ID: "delete-cluster", Ask: "Delete", Title: "Delete this cluster?", Do: "Delete", Action: at + "/delete", Page: at + "/delete", Back: at,
		Text: "Its keywords stay, and are in no cluster then.",
	}
}

func (w *Web) askDeleteCluster(rw http.ResponseWriter, r *http.Request, v *visit) error {
	cid, err := idOf(planner.ParseClusterID, r.PathValue("id"), planner.ErrClusterNotFound)
	if err != nil {
		return err
	}
	var p askPage
	err = w.within(r, v, &p.Page, "Delete this cluster?", func(ctx context.Context, view *tenant.View) error {
		c, err := planner.LoadCluster(ctx, view, cid)
		p.Question = deleting(c)
		return err
	})
	if err != nil {
		return err
	}
	return show(r.Context(), rw, http.StatusOK, askView(p))
}

func (w *Web) deleteCluster(rw http.ResponseWriter, r *http.Request, v *visit) error {
	cid, err := idOf(planner.ParseClusterID, r.PathValue("id"), planner.ErrClusterNotFound)
	if err != nil {
		return err
	}
	var sid site.ID
	err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
		c, err := planner.LoadCluster(ctx, tx, cid)
		if err != nil {
			return err
		}
		sid = c.Site
		return planner.DeleteCluster(ctx, tx, cid)
	})
	if err != nil {
		return err
	}
	w.say(rw, ui.Good, "Deleted.")
	return to(rw, r, "/clusters?site="+sid.String())
}
