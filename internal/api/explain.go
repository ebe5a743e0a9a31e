package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/invoice"
	"igny8/internal/money"
	"igny8/internal/payment"
	"igny8/internal/planner"
	"igny8/internal/site"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/writer"
)

// Where a credit came from and where it went: from an entry or a lot to the
// invoice and the payments that bought it, and to the articles that spent it.

func (a *API) explainRoutes() {
	reading := identity.TenantEvenIfUnpaid(tenant.ReadBilling)
	read(a, route{method: http.MethodGet, path: "/billing/credits/entries/{id}/explain", id: "explain-credit-entry", tag: "billing",
		summary: "One entry of the ledger: the work that it was for, and the payments that bought what it spent"}, reading, explainEntry)
	read(a, route{method: http.MethodGet, path: "/billing/credits/lots/{id}/explain", id: "explain-credit-lot", tag: "billing",
		summary: "One grant of credits: the payments that bought it, and the work that spent it"}, reading, explainLot)
	onAccount(a, route{method: http.MethodGet, path: "/admin/accounts/{id}/credits/entries/{entry_id}/explain", id: "admin-explain-credit-entry", tag: "admin",
		summary: "One entry of an account's ledger, as the account sees it explained"}, tenant.AccountsRead,
		func(ctx context.Context, tx *tenant.Tx, in *adminEntryInput) (*reply[entryStoryView], error) {
			return explainEntry(ctx, &tx.View, &entryInput{IDInput{in.Entry}})
		})
	onAccount(a, route{method: http.MethodGet, path: "/admin/accounts/{id}/credits/lots/{lot_id}/explain", id: "admin-explain-credit-lot", tag: "admin",
		summary: "One grant of credits to an account, as the account sees it explained"}, tenant.AccountsRead,
		func(ctx context.Context, tx *tenant.Tx, in *adminLotInput) (*reply[lotStoryView], error) {
			return explainLot(ctx, &tx.View, &lotInput{IDInput{in.Lot}, in.Window})
		})
}

type entryInput struct{ IDInput }

type lotInput struct {
	IDInput
	Window
}

type adminEntryInput struct {
	IDInput
	Entry string `path:"entry_id" maxLength:"64"`
}

type adminLotInput struct {
	IDInput
	Lot string `path:"lot_id" maxLength:"64"`
	Window
}

type entryStoryView struct {
	Entry entryView      `json:"entry"`
	Spent int64          `json:"spent" doc:"What left the account for good with it."`
	Hold  *holdStoryView `json:"hold" doc:"The reservation that it is about. Null: it is about a grant."`
	Lot   *lotStoryView  `json:"lot" doc:"The grant that it is about, and the first of what spent it. Null: it is about a reservation."`
}

type workView struct {
	Kind    string  `json:"kind" enum:"article,cluster,site,other"`
	ID      string  `json:"id" doc:"Of the task, the cluster or the site, or what the work was called elsewhere."`
	Title   *string `json:"title" doc:"The article's, or the name of the cluster or site. Null: it is gone, or not yours to read, as for the staff."`
	Content *string `json:"content_id" doc:"The article, once it is written."`
}

type shareView struct {
	Taken int64       `json:"taken" doc:"What it reserved of the grant."`
	Back  int64       `json:"given_back"`
	Paid  int64       `json:"spent"`
	Grant *originView `json:"grant" doc:"Null where it is the grant that was asked for."`
}

type workHoldView struct {
	ID        string     `json:"id"`
	Operation string     `json:"operation"`
	Work      workView   `json:"work"`
	State     string     `json:"state" enum:"reserved,open,settled,released"`
	Amount    int64      `json:"amount" doc:"What was reserved."`
	Used      int64      `json:"spent"`
	Created   time.Time  `json:"created_at"`
	Ended     *time.Time `json:"ended_at"`
}

type holdStoryView struct {
	workHoldView
	Shares []shareView `json:"shares" doc:"From which grants it was taken, in order. They get back in reverse what was not used."`
}

type boughtView struct {
	Invoice     string          `json:"invoice_id"`
	Number      string          `json:"invoice_number"`
	Status      string          `json:"invoice_status" enum:"draft,open,paid,void,uncollectible"`
	Total       money.Money     `json:"total"`
	PaidAt      *time.Time      `json:"paid_at"`
	Plan        string          `json:"plan" doc:"The plan's code."`
	PeriodStart time.Time       `json:"period_start"`
	PeriodEnd   time.Time       `json:"period_end"`
	Undone      bool            `json:"undone" doc:"The payment was taken back, and the period with it."`
	Payments    []moneyPartView `json:"payments" doc:"What paid the invoice."`
}

type moneyPartView struct {
	Payment    *string     `json:"payment_id"`
	CreditNote *string     `json:"credit_note_number" doc:"Where it was paid with what is left of a credit note."`
	Method     *string     `json:"method" enum:"stripe,paypal,bank_transfer"`
	ExternalID *string     `json:"external_payment_id"`
	Amount     money.Money `json:"amount" doc:"What of it went to the invoice."`
	Confirmed  *time.Time  `json:"confirmed_at"`
}

type originView struct {
	lotView
	Bought *boughtView `json:"bought" doc:"Null: nobody paid for it, as for a trial, a bonus or an adjustment."`
}

type lotStoryView struct {
	Grant    originView      `json:"grant"`
	Begun    bool            `json:"begun" doc:"It counts."`
	Revoked  bool            `json:"revoked" doc:"What paid for it was taken back."`
	Spent    int64           `json:"spent"`
	Held     int64           `json:"held"`
	Expired  int64           `json:"expired"`
	Adjusted int64           `json:"adjusted" doc:"The operator took it back, or it repaid a debt."`
	Owed     int64           `json:"owed" doc:"Of what was spent, because what paid for it was taken back."`
	Entries  []entryView     `json:"entries" doc:"The first of the ledger that are about the grant itself."`
	SpentBy  page[spentView] `json:"spent_by" doc:"What reserved of it, oldest first."`
}

type spentView struct {
	workHoldView
	Share shareView `json:"share"`
}

func explainEntry(ctx context.Context, v *tenant.View, in *entryInput) (*reply[entryStoryView], error) {
	eid, err := named(credit.ParseEntryID, in.ID, credit.ErrEntryNotFound)
	if err != nil {
		return nil, err
	}
	e, err := credit.ExplainEntry(ctx, v, eid)
	if err != nil {
		return nil, err
	}
	out := entryStoryView{Entry: showEntry(e.Entry), Spent: int64(e.Spent())}
	if e.Hold.IsZero() {
		out.Lot, err = lotStoryOf(ctx, v, e.Lot, credit.HoldID{}, firstSpent)
	} else {
		out.Hold, err = holdStoryOf(ctx, v, e.Hold)
	}
	return &reply[entryStoryView]{Body: out}, err
}

// What is shown of a grant at once.
const (
	firstSpent   = 50
	firstEntries = 100
)

func explainLot(ctx context.Context, v *tenant.View, in *lotInput) (*reply[lotStoryView], error) {
	lid, err := named(credit.ParseLotID, in.ID, credit.ErrLotNotFound)
	if err != nil {
		return nil, err
	}
	after, err := cursorOf(credit.ParseHoldID, in.Cursor)
	if err != nil {
		return nil, err
	}
	out, err := lotStoryOf(ctx, v, lid, after, in.Limit)
	if err != nil {
		return nil, err
	}
	return &reply[lotStoryView]{Body: *out}, nil
}

func holdStoryOf(ctx context.Context, v *tenant.View, hid credit.HoldID) (*holdStoryView, error) {
	h, err := credit.ExplainHold(ctx, v, hid)
	if err != nil {
		return nil, err
	}
	out := holdStoryView{Shares: make([]shareView, 0, len(h.Shares))}
	if out.workHoldView, err = showWorkHold(ctx, v, h); err != nil {
		return nil, err
	}
	for _, s := range h.Shares {
		l, err := credit.ExplainLot(ctx, v, s.Lot)
		if err != nil {
			return nil, err
		}
		shown := showShare(s)
		if shown.Grant, err = showOrigin(ctx, v, l.Lot); err != nil {
			return nil, err
		}
		out.Shares = append(out.Shares, shown)
	}
	return &out, nil
}

func lotStoryOf(ctx context.Context, v *tenant.View, lid credit.LotID, after credit.HoldID, limit int) (*lotStoryView, error) {
	l, err := credit.ExplainLot(ctx, v, lid)
	if err != nil {
		return nil, err
	}
	grant, err := showOrigin(ctx, v, l.Lot)
	if err != nil {
		return nil, err
	}
	entries, err := credit.EntriesOf(ctx, v, lid, firstEntries)
	if err != nil {
		return nil, err
	}
	holds, err := credit.HoldsOf(ctx, v, lid, after, limit+1)
	if err != nil {
		return nil, err
	}
	spent := part(holds, limit, func(h credit.HoldStory) spentView {
		var shown spentView
		if err == nil {
			shown.workHoldView, err = showWorkHold(ctx, v, h)
		}
		for _, s := range h.Shares {
			if s.Lot == lid {
				shown.Share = showShare(s)
			}
		}
		return shown
	}, func(h credit.HoldStory) string { return h.ID.String() })
	return &lotStoryView{
		Grant: *grant, Begun: l.Begun, Revoked: l.Revoked, Spent: int64(l.Spent), Held: int64(l.Held), Expired: int64(l.Expired),
		Adjusted: int64(l.Adjusted), Owed: int64(l.Owed), Entries: list(entries, showEntry).Body.Items, SpentBy: spent.Body,
	}, err
}

func showShare(s credit.Share) shareView {
	return shareView{Taken: int64(s.Taken), Back: int64(s.Back), Paid: int64(s.Paid)}
}

func showWorkHold(ctx context.Context, v *tenant.View, h credit.HoldStory) (workHoldView, error) {
	w, err := workOf(ctx, v, h)
	return workHoldView{
		ID: h.ID.String(), Operation: string(h.Operation), Work: w, State: h.State, Amount: int64(h.Amount), Used: int64(h.Used),
		Created: h.Created, Ended: moment(h.Ended),
	}, err
}

// workOf is what a hold was for, by name where the caller may read that.
func workOf(ctx context.Context, v *tenant.View, h credit.HoldStory) (workView, error) {
	w := workView{Kind: "other", ID: h.Reference}
	named := v.Scope().Permissions().Has(tenant.ReadContent)
	var title string
	var err error
	if tid, no := writer.ParseTaskID(h.Reference); no == nil {
		var a writer.Article
		if w.Kind = "article"; named {
			a, err = writer.ArticleOf(ctx, v, tid)
			title, w.Content = a.Title, text(a.Content.String())
		}
	}
	if cid, no := planner.ParseClusterID(h.Reference); no == nil {
		var c planner.Cluster
		if w.Kind = "cluster"; named {
			c, err = planner.LoadCluster(ctx, v, cid)
			title = c.Name
		}
	}
	if sid, no := site.ParseID(h.Reference); no == nil {
		var s site.Site
		if w.Kind = "site"; named {
			s, err = site.Load(ctx, v, sid)
			title = s.Name
		}
	}
	if err != nil && fault.Of(err).Kind == fault.NotFound { // it is gone
		err = nil
	}
	w.Title = text(title)
	return w, err
}

func showOrigin(ctx context.Context, v *tenant.View, l credit.Lot) (*originView, error) {
	out := originView{lotView: showLot(l)}
	p, found, err := subscription.GrantedBy(ctx, v, l.Reference)
	if err != nil || !found {
		return &out, err
	}
	iid, err := invoice.ParseID(p.Invoice)
	if err != nil {
		return nil, err
	}
	i, err := invoice.Load(ctx, v, iid)
	if err != nil {
		return nil, err
	}
	shares, err := payment.SharesOf(ctx, v, i)
	if err != nil {
		return nil, err
	}
	out.Bought = &boughtView{
		Invoice: i.ID.String(), Number: i.Number, Status: string(i.Status), Total: i.Total, PaidAt: moment(i.PaidAt), Plan: p.Plan.Code,
		PeriodStart: p.Start, PeriodEnd: p.End, Undone: p.Undone, Payments: list(shares, showMoneyPart).Body.Items,
	}
	return &out, nil
}

func showMoneyPart(s payment.Share) moneyPartView {
	p := s.Payment
	return moneyPartView{
		Payment: text(p.ID.String()), CreditNote: text(s.Note.Number), Method: text(string(p.Method)), ExternalID: text(strings.TrimSpace(p.ExternalID)),
		Amount: s.Amount, Confirmed: moment(p.Confirmed),
	}
}
