package api

import (
	"context"
	"strings"
	"time"

	"igny8/internal/account"
	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

type usageInput struct {
	From      string `query:"from" maxLength:"40" doc:"A UTC day, such as 2030-01-31, or a moment (RFC 3339), of which the whole day counts. None: 30 days before until."`
	Until     string `query:"until" maxLength:"40" doc:"The last UTC day, or a moment: the day of the last instant before it counts. None: today."`
	GroupBy   string `query:"group_by" maxLength:"60" doc:"What each item is about: one of day, week (from Monday) and month, and any of operation, site and user, separated by commas. None: day,operation. Without a time: by day."`
	Site      string `query:"site_id" maxLength:"64" doc:"Only what was spent for this site."`
	Operation string `query:"operation" maxLength:"64" doc:"Only this operation."`
	User      string `query:"user" maxLength:"64" doc:"Only what this user or API key ordered: its id."`
	Fill      bool   `query:"fill" doc:"Also an item of zero for each time in which something that occurs spent nothing, so that a plot has no gaps."`
}

type usageView struct {
	Day       string  `json:"day" doc:"The UTC day, or the first of the week or month, such as 2030-01-31."`
	Operation string  `json:"operation" doc:"Empty unless it is grouped by."`
	Site      *string `json:"site_id" doc:"Null for work that is for no site, and unless it is grouped by."`
	Actor     *string `json:"actor" doc:"Who ordered it, such as user:usr_... or api_key:key_.... Null unless it is grouped by user."`
	Credits   int64   `json:"credits"`
	Count     int64   `json:"count" doc:"How many times."`
}

func getUsage(ctx context.Context, v *tenant.View, in *usageInput) (*reply[page[usageView]], error) {
	q, err := in.query(v.Now())
	if err != nil {
		return nil, err
	}
	lines, err := credit.Usage(ctx, v, q)
	if err == nil && in.Fill {
		lines, err = q.Filled(lines)
	}
	if err != nil {
		return nil, err
	}
	return list(lines, func(l credit.UsageLine) usageView {
		return usageView{
			Day: l.Day, Operation: string(l.Operation), Site: text(l.Site), Actor: text(l.Actor),
			Credits: int64(l.Credits), Count: l.Count,
		}
	}), nil
}

var errUsage = fault.New(fault.Invalid, "credit.invalid_usage_query", "This is no question about what was spent.")

// query reads the question; now is what it means by today.
func (in *usageInput) query(now time.Time) (credit.UsageQuery, error) {
	q := credit.UsageQuery{Until: now.Add(time.Microsecond), Operation: credit.Operation(in.Operation), Site: in.Site}
	if in.Until != "" {
		t, isDay, err := dayOrMoment("until", in.Until)
		if err != nil {
			return q, err
		}
		if isDay {
			t = t.AddDate(0, 0, 1)
		}
		q.Until = t
	}
	q.From = q.Until.Add(-1).AddDate(0, 0, -30)
	if in.From != "" {
		var err error
		if q.From, _, err = dayOrMoment("from", in.From); err != nil {
			return q, err
		}
	}
	if !q.From.Before(q.Until) {
		return q, errUsage.At("query.from", "is not before until", in.From)
	}
	if err := in.ids(&q); err != nil {
		return q, err
	}
	return q, in.groups(&q)
}

// dayOrMoment reads a day, or a moment of one, of a year that has four digits.
func dayOrMoment(name, s string) (t time.Time, isDay bool, err error) {
	if t, err = time.Parse(time.DateOnly, s); err == nil {
		isDay = true
	} else {
		t, err = time.Parse(time.RFC3339, s)
	}
	if err != nil || t.UTC().Year() < 1970 || t.UTC().Year() > 9998 {
		return t, false, errUsage.At("query."+name, "must be a day such as 2030-01-31, or a moment such as 2030-01-31T12:00:00Z", s)
	}
	return t.UTC(), isDay, nil
}

// ids reads whose usage is asked for. Whether there is such a site or user is
// not looked up: nothing was spent for one that does not exist.
func (in *usageInput) ids(q *credit.UsageQuery) error {
	if in.Site != "" {
		if _, err := site.ParseID(in.Site); err != nil {
			return errUsage.At("query.site_id", "must be the id of a site", nil)
		}
	}
	if in.User == "" {
		return nil
	}
	if u, err := account.ParseUserID(in.User); err == nil {
		q.Actor = tenant.Actor{Kind: tenant.User, ID: u.String()}.String()
		return nil
	}
	k, err := identity.ParseAPIKeyID(in.User)
	if err != nil {
		return errUsage.At("query.user", "must be the id of a user or of an API key", nil)
	}
	q.Actor = tenant.Actor{Kind: tenant.APIKey, ID: k.String()}.String()
	return nil
}

// groups reads what each item is to be about.
func (in *usageInput) groups(q *credit.UsageQuery) error {
	if in.GroupBy == "" {
		q.ByOperation = true
		return nil
	}
	bad := func(msg words.Text) error { return errUsage.At("query.group_by", msg, in.GroupBy) }
	for name := range strings.SplitSeq(in.GroupBy, ",") {
		switch name {
		case "day", "week", "month":
			if q.Per != "" {
				return bad("must have one of day, week and month")
			}
			q.Per = credit.Period(name)
		case "operation":
			q.ByOperation = true
		case "site":
			q.BySite = true
		case "user":
			q.ByActor = true
		default:
			return bad("must be of day, week, month, operation, site and user, separated by commas")
		}
	}
	return nil
}
