package web

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"igny8/internal/account"
	"igny8/internal/credit"
	"igny8/internal/identity"
	"igny8/internal/planner"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/web/ui"
	"igny8/internal/words"
	"igny8/internal/writer"
)

// names is how people know what the ledger has ids of.
type names struct {
	sites  map[string]string     // by id
	actors map[string]words.Text // as the ledger writes them
}

// namesLimit is how many sites and members are known by name.
const namesLimit = 1000

func readNames(ctx context.Context, v *tenant.View) (names, error) {
	n := names{map[string]string{}, map[string]words.Text{}}
	sites, err := site.List(ctx, v, "", namesLimit)
	if err != nil {
		return n, err
	}
	for _, s := range sites {
		n.sites[s.ID.String()] = s.Name
	}
	members, err := identity.Members(ctx, v, account.UserID{}, namesLimit)
	if err != nil {
		return n, err
	}
	for _, m := range members {
		n.actors[tenant.Actor{Kind: tenant.User, ID: m.User.String()}.String()] = words.Verbatim(cmp.Or(strings.TrimSpace(m.FirstName+" "+m.LastName), m.Email))
	}
	keys, err := identity.Keys(ctx, v)
	for _, k := range keys {
		n.actors[tenant.Actor{Kind: tenant.APIKey, ID: k.ID.String()}.String()] = words.With("API key %s", k.Name)
	}
	return n, err
}

// actor is who did something, in words.
func (n names) actor(s string) words.Text {
	if name, ok := n.actors[s]; ok {
		return name
	}
	a, err := tenant.ParseActor(s)
	if err != nil {
		return words.Verbatim(s)
	}
	switch a.Kind {
	case tenant.User:
		return "A former member"
	case tenant.APIKey:
		return "An API key"
	case tenant.Staff:
		return "The operator"
	case tenant.System:
	}
	return "By itself"
}

func (n names) sitePicks() []ui.Pick {
	all := []ui.Pick{}
	for id, name := range n.sites {
		all = append(all, ui.Pick{Value: id, Label: words.Verbatim(name)})
	}
	return picks("All sites", all)
}

// picks is choices by their labels, after the one that is all of them.
func picks(every words.Text, all []ui.Pick) []ui.Pick {
	slices.SortFunc(all, func(a, b ui.Pick) int {
		return cmp.Or(strings.Compare(a.Label.String(), b.Label.String()), strings.Compare(a.Value, b.Value))
	})
	return append([]ui.Pick{{Value: everything, Label: every}}, all...)
}

// whoSpent is the choice of who ordered something in the time of q.
func (n names) whoSpent(ctx context.Context, v *tenant.View, q credit.UsageQuery) ([]ui.Pick, error) {
	q.ByOperation, q.ByActor, q.Per = false, true, credit.Month
	lines, err := credit.Usage(ctx, v, q)
	seen := map[string]bool{}
	all := []ui.Pick{}
	for _, l := range lines {
		if !seen[l.Actor] {
			seen[l.Actor] = true
			all = append(all, ui.Pick{Value: l.Actor, Label: n.actor(l.Actor)})
		}
	}
	return picks("Everybody", all), err
}

// subject is what work was about, by the reference of an entry: the title of
// an article, the name of a cluster or a site. What has no name is the
// reference itself.
func (n names) subject(ctx context.Context, v *tenant.View, e credit.Entry) (string, error) {
	if name, ok := n.sites[e.Reference]; ok {
		return name, nil
	}
	if id, err := writer.ParseTaskID(e.Reference); err == nil {
		t, err := writer.LoadTask(ctx, v, id)
		if !errors.Is(err, writer.ErrTaskNotFound) {
			return t.Title, err
		}
	}
	if id, err := planner.ParseClusterID(e.Reference); err == nil {
		c, err := planner.LoadCluster(ctx, v, id)
		if !errors.Is(err, planner.ErrClusterNotFound) {
			return c.Name, err
		}
	}
	return e.Reference, nil
}
