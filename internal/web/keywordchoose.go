package web

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/planner"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
)

// filterFields are those of the form that narrows the list of keywords, and what
// a form of chosen keywords carries along.
var filterFields = []string{"q", "in", "intent", "min_volume", "max_volume", "min_difficulty", "max_difficulty"}

var errFilter = fault.New(fault.Invalid, "page.filter", "A limit is a whole number from 0.")

// keywordFilter reads what narrows the list; f says what cannot be read.
func keywordFilter(values url.Values, sid site.ID) (k planner.KeywordFilter, f ui.Form) {
	f = ui.NewForm(values)
	k = planner.KeywordFilter{Site: sid, Search: values.Get("q"), Unclustered: values.Get("in") == "none", Order: planner.ByVolume}
	if i := values.Get("intent"); slices.Contains(intentNames(), i) && i != intentName("") {
		k.Intent = i
	}
	if o := planner.KeywordOrder(values.Get("order")); o == planner.ByDifficulty || o == planner.ByPhrase {
		k.Order = o
	}
	for name, to := range map[string]**int64{
		"min_volume": &k.MinVolume, "max_volume": &k.MaxVolume, "min_difficulty": &k.MinDifficulty, "max_difficulty": &k.MaxDifficulty,
	} {
		typed := strings.TrimSpace(values.Get(name))
		if typed == "" {
			continue
		}
		n, err := strconv.ParseInt(typed, 10, 64)
		if err != nil || n < 0 {
			f = f.Refused(errFilter.At("body."+name, "must be a whole number from 0", nil), filterFields...)
			continue
		}
		*to = &n
	}
	return k, f
}

// intentPicks is the intents that one may look for.
func intentPicks() []ui.Pick {
	all := []ui.Pick{{Value: "any", Label: "any"}}
	for _, i := range intentNames() {
		if i != intentName("") {
			all = append(all, ui.Pick{Value: i, Label: intentSaid(i)})
		}
	}
	return all
}

// orderPicks is how the list may be sorted.
func orderPicks() []ui.Pick {
	return []ui.Pick{
		{Value: string(planner.ByVolume), Label: "most searched for"}, {Value: string(planner.ByDifficulty), Label: "easiest"}, {Value: string(planner.ByPhrase), Label: "alphabet"},
	}
}

// What can be done with chosen keywords.
const (
	doCluster = "cluster"
	doMove    = "move"
	doDelete  = "delete"
)

// mostChosen is how many keywords can be chosen at once, and mostGrouped how
// many of them can be grouped: a job carries their names.
const (
	mostChosen  = 100_000
	mostGrouped = 5_000
)

var (
	errNoneChosen  = fault.New(fault.Invalid, "page.none_chosen", "Choose keywords first: tick some, or all that the list shows.")
	errTooMany     = fault.New(fault.Invalid, "page.too_many_chosen", "At most 5,000 keywords can be chosen for grouping. Narrow the list, or group all that are in no cluster.")
	errOtherNow    = fault.New(fault.Conflict, "page.others_now", "The list has changed meanwhile. Look at the number again.")
	errNoneToMove  = fault.New(fault.Invalid, "page.no_cluster_chosen", "Choose the cluster that gets them.").At("body.cluster", "is needed", nil)
	errNoSuchThing = fault.New(fault.Invalid, "page.no_such_action", "Keywords can be grouped, moved or deleted.")
)

// choicePage is what is about to happen to keywords that were chosen.
type choicePage struct {
	ui.Page
	placed
	Do        string
	Carried   url.Values // what says again which they are
	Count     int64
	Some      []string // the first of them
	Clusters  []planner.Cluster
	Quote     credit.Credits
	Available credit.Credits
	Form      ui.Form
}

// clusterPicks is where keywords may be moved to.
func (p choicePage) clusterPicks() []ui.Pick {
	var all []ui.Pick
	for _, c := range p.Clusters {
		all = append(all, ui.Pick{Value: c.ID.String(), Label: words.Verbatim(c.Name)})
	}
	return all
}

// back is the list as it was.
func (p choicePage) back() string {
	q := url.Values{"site": {p.Site.ID.String()}}
	for _, name := range filterFields {
		if v := p.Carried.Get(name); v != "" {
			q.Set(name, v)
		}
	}
	return "/keywords?" + q.Encode()
}

// pickedKeywords is the keywords that a form names: those ticked, or all that the list
// shows.
func pickedKeywords(ctx context.Context, r tenant.Reader, values url.Values) (site.ID, []planner.KeywordID, error) {
	sid, err := idOf(site.ParseID, values.Get("site"), site.ErrNotFound)
	if err != nil {
		return sid, nil, err
	}
	var ks []planner.KeywordID
	if values.Get("all") == "yes" {
		f, form := keywordFilter(values, sid)
		if form.Bad() {
			return sid, nil, errFilter
		}
		f.Limit = mostChosen
		ks, err = planner.Matching(ctx, r, f)
	} else {
		ks, err = ticked(values["keyword"], planner.ParseKeywordID, planner.ErrKeywordNotFound)
	}
	if err == nil && len(ks) == 0 {
		err = errNoneChosen
	}
	return sid, ks, err
}

// carried is the part of a form that says which keywords are meant.
func carried(values url.Values, n int) url.Values {
	c := url.Values{"site": {values.Get("site")}, "count": {strconv.Itoa(n)}}
	if values.Get("all") == "yes" {
		c.Set("all", "yes")
		for _, name := range filterFields {
			if v := values.Get(name); v != "" {
				c.Set(name, v)
			}
		}
		return c
	}
	c["keyword"] = values["keyword"]
	return c
}

// chooseKeywords says what is about to happen to the chosen keywords, and asks.
func (w *Web) chooseKeywords(rw http.ResponseWriter, r *http.Request, v *visit) error {
	values, err := formOf(r)
	if err != nil {
		return err
	}
	return w.showChoice(rw, r, v, http.StatusOK, values.Get("do"), values, nil)
}

// shownOfChoice is how many of the chosen keywords are named.
const shownOfChoice = 8

func (w *Web) showChoice(rw http.ResponseWriter, r *http.Request, v *visit, status int, do string, values url.Values, why *fault.Fault) error {
	titles := map[string]words.Text{doCluster: "Group the chosen keywords", doMove: "Move the chosen keywords", doDelete: "Delete the chosen keywords?"}
	if titles[do] == "" {
		return errNoSuchThing
	}
	p := choicePage{Do: do}
	err := w.within(r, v, &p.Page, titles[do], func(ctx context.Context, view *tenant.View) error {
		if err := p.find(ctx, view, values.Get("site")); err != nil {
			return err
		}
		_, ks, err := pickedKeywords(ctx, view, values)
		if err != nil {
			return err
		}
		if do == doCluster && len(ks) > mostGrouped {
			return errTooMany
		}
		p.Count, p.Carried = int64(len(ks)), carried(values, len(ks))
		for _, k := range ks[:min(len(ks), shownOfChoice)] {
			one, err := planner.LoadKeyword(ctx, view, k)
			if err != nil {
				return err
			}
			p.Some = append(p.Some, one.Phrase)
		}
		return p.readChoice(ctx, view)
	})
	if err != nil {
		f, err := refused(err)
		if err != nil || why != nil {
			return firstOfErrors(err, f)
		}
		return w.showKeywords(rw, r, v, statusOf(f), keywordsPage{Choose: ui.NewForm(values).Refused(f)}, values)
	}
	p.Lead, p.Form = words.Verbatim(p.Site.Name), ui.NewForm(values)
	if why != nil {
		p.Form = p.Form.Refused(why, "cluster")
	}
	return show(r.Context(), rw, status, choiceView(p))
}

// readChoice reads what somebody has to know to decide.
func (p *choicePage) readChoice(ctx context.Context, r tenant.Reader) (err error) {
	switch p.Do {
	case doMove:
		p.Clusters, err = planner.Clusters(ctx, r, planner.ClusterFilter{Site: p.Site.ID, Limit: offered})
	case doCluster:
		if p.Quote, err = credit.Quote(ctx, r, credit.AutoCluster, p.Count); err != nil {
			return err
		}
		var b credit.Balance
		b, err = credit.BalanceOf(ctx, r)
		p.Available = b.Available
	}
	return err
}

// choice does something with chosen keywords, as they were when it was asked; do
// answers where to go on.
func (w *Web) choice(what string, do func(context.Context, *tenant.Tx, url.Values, site.ID, []planner.KeywordID) (next string, said words.Text, err error)) handler {
	return func(rw http.ResponseWriter, r *http.Request, v *visit) error {
		values, err := formOf(r)
		if err != nil {
			return err
		}
		var next string
		var said words.Text
		err = w.st.Update(r.Context(), v.Scope, func(ctx context.Context, tx *tenant.Tx) error {
			sid, ks, err := pickedKeywords(ctx, tx, values)
			if err != nil {
				return err
			}
			if n := values.Get("count"); n != strconv.Itoa(len(ks)) {
				return errOtherNow
			}
			next, said, err = do(ctx, tx, values, sid, ks)
			return err
		})
		if err != nil {
			f, err := refused(err)
			if err != nil {
				return err
			}
			return w.showChoice(rw, r, v, statusOf(f), what, values, f)
		}
		if said != "" {
			w.say(rw, ui.Good, said)
		}
		return to(rw, r, next)
	}
}

func (w *Web) groupChosen(ctx context.Context, tx *tenant.Tx, _ url.Values, sid site.ID, ks []planner.KeywordID) (next string, said words.Text, err error) {
	if len(ks) > mostGrouped {
		return "", "", errTooMany
	}
	o, err := w.Planner.AutoCluster(ctx, tx, sid, ks)
	return "/jobs/" + o.Job.String(), "", err
}

func (w *Web) moveChosen(ctx context.Context, tx *tenant.Tx, values url.Values, _ site.ID, ks []planner.KeywordID) (next string, said words.Text, err error) {
	if values.Get("cluster") == "" {
		return "", "", errNoneToMove
	}
	cid, err := idOf(planner.ParseClusterID, values.Get("cluster"), planner.ErrClusterNotFound)
	if err != nil {
		return "", "", err
	}
	c, err := planner.MoveKeywords(ctx, tx, cid, ks)
	return "/clusters/" + cid.String(), ui.Locale{}.Count(c.Size, "Moved. The cluster has one keyword now, and is locked.", "Moved. The cluster has %s keywords now, and is locked."), err
}

func (w *Web) deleteChosen(ctx context.Context, tx *tenant.Tx, _ url.Values, sid site.ID, ks []planner.KeywordID) (next string, said words.Text, err error) {
	n, err := planner.DeleteKeywords(ctx, tx, sid, ks)
	return "/keywords?site=" + sid.String(), ui.Locale{}.Count(n, "1 keyword is deleted.", "%s keywords are deleted."), err
}

// someOf is the first of many, in a sentence.
func someOf(some []string, all int64) string {
	said := strings.Join(some, ", ")
	if all > int64(len(some)) {
		said += " …"
	}
	return said
}

// sortedNames is the names of a form in one order.
func sortedNames(values url.Values) []string { return slices.Sorted(maps.Keys(values)) }
