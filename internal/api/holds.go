package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"igny8/internal/credit"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/site"
	"igny8/internal/tenant"
)

// holdRoutes are for programs whose own work is paid in credits: reserve, keep
// alive, and say what was used. They go through the teller, which commits what
// many want together.
func (a *API) holdRoutes() {
	spending := identity.Tenant(tenant.WriteContent)
	read(a, route{method: http.MethodGet, path: "/billing/credits/holds", id: "list-holds", tag: "billing", summary: "Reservations of credits, newest first"},
		identity.TenantEvenIfUnpaid(tenant.ReadBilling), listHolds)
	read(a, route{method: http.MethodGet, path: "/billing/credits/holds/{id}", id: "get-hold", tag: "billing", summary: "One reservation"},
		identity.TenantEvenIfUnpaid(tenant.ReadBilling), getHold)
	mount(a, route{method: http.MethodPost, path: "/billing/credits/holds", id: "create-hold", tag: "billing", status: http.StatusCreated,
		summary: "Reserve credits for work that is done elsewhere"}, spending, a.createHold)
	mount(a, route{method: http.MethodPost, path: "/billing/credits/holds/{id}/settle", id: "settle-hold", tag: "billing",
		summary: "Pay what was used; the rest goes back"}, spending, a.settleHold)
	mount(a, route{method: http.MethodPost, path: "/billing/credits/holds/{id}/release", id: "release-hold", tag: "billing",
		summary: "Give everything back"}, spending, a.releaseHold)
	write(a, route{method: http.MethodPost, path: "/billing/credits/holds/{id}/extend", id: "extend-hold", tag: "billing",
		summary: "A new lease from now, for work that goes on"}, spending, extendHold)
}

type holdView struct {
	ID        string     `json:"id"`
	Operation string     `json:"operation"`
	Reference string     `json:"reference"`
	Site      *string    `json:"site_id"`
	Amount    int64      `json:"amount" doc:"Credits that are held, or were."`
	Used      int64      `json:"used" doc:"Credits that were spent of it."`
	State     string     `json:"state" enum:"reserved,open,settled,released"`
	Until     *time.Time `json:"lease_until" doc:"When it ends by itself, or somebody else may take the work over."`
	Created   time.Time  `json:"created_at"`
	Ended     *time.Time `json:"ended_at"`

	Overrun *overrunView `json:"overrun" doc:"Null: the work cost no more than was held."`
}

type overrunView struct {
	Charged int64   `json:"charged" doc:"Credits above the hold that were spent."`
	Hold    *string `json:"hold_id" doc:"The hold that paid them."`
	Unpaid  int64   `json:"unpaid" doc:"Credits that nobody paid."`
	Reason  *string `json:"reason" doc:"The code of why not."`
}

func showHold(h credit.Held) holdView {
	v := holdView{
		ID: h.ID.String(), Operation: string(h.Operation), Reference: h.Reference, Site: text(h.Site), Amount: int64(h.Amount), Used: int64(h.Used),
		State: h.State, Until: moment(h.Until), Created: h.Created, Ended: moment(h.Ended),
	}
	if o := h.Overrun; o != nil {
		v.Overrun = &overrunView{Charged: int64(o.Charged), Hold: text(o.Extra.String()), Unpaid: int64(o.Unpaid), Reason: text(o.Reason)}
	}
	return v
}

func listHolds(ctx context.Context, v *tenant.View, in *Window) (*reply[page[holdView]], error) {
	before, err := cursorOf(credit.ParseHoldID, in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := credit.Holds(ctx, v, before, in.Limit+1)
	return part(all, in.Limit, showHold, func(h credit.Held) string { return h.ID.String() }), err
}

func loadHold(ctx context.Context, r tenant.Reader, hid credit.HoldID) (*reply[holdView], error) {
	h, err := credit.LoadHeld(ctx, r, hid)
	return &reply[holdView]{Body: showHold(h)}, err
}

func getHold(ctx context.Context, v *tenant.View, in *IDInput) (*reply[holdView], error) {
	hid, err := named(credit.ParseHoldID, in.ID, credit.ErrHoldNotFound)
	if err != nil {
		return nil, err
	}
	return loadHold(ctx, v, hid)
}

const usualLease = 15 * 60 // seconds

type createHoldInput struct {
	Body struct {
		Operation string `json:"operation" maxLength:"60" doc:"One of the price list, such as generate_content."`
		Units     int64  `json:"units" minimum:"1" maximum:"10000000" doc:"What the price counts: words, keywords, ideas. As many as it may become at most."`
		Reference string `json:"reference" minLength:"1" maxLength:"200" doc:"What the work is about, for the ledger."`
		Site      string `json:"site_id,omitempty" maxLength:"64"`
		Lease     int64  `json:"lease_seconds,omitempty" minimum:"1" maximum:"86400" doc:"After so long without an extension it ends by itself. None: 900."`
	}
}

var errUnknownOperation = fault.New(fault.Invalid, "credit.unknown_operation", "There is no price for this operation.")

func (a *API) createHold(ctx context.Context, c visit, in *createHoldInput) (*reply[holdView], error) {
	b := in.Body
	sid, err := filter(site.ParseID, b.Site, site.ErrNotFound)
	if err != nil {
		return nil, err
	}
	w := credit.Want{Operation: credit.Operation(b.Operation), Reference: b.Reference, Site: sid.String()}
	err = a.st.View(ctx, c.Scope, func(ctx context.Context, v *tenant.View) error {
		if !sid.IsZero() {
			if _, err := site.Load(ctx, v, sid); err != nil {
				return err
			}
		}
		p, err := credit.PriceOf(ctx, v, w.Operation)
		if errors.Is(err, credit.ErrUnknownPrice) {
			return errUnknownOperation.At("body.operation", "must be an operation of the price list", b.Operation)
		}
		if err == nil {
			w.Amount = p.Of(b.Units)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if b.Lease == 0 {
		b.Lease = usualLease
	}
	k, err := a.teller.Reserve(ctx, c.Scope, w, time.Duration(b.Lease)*time.Second)
	if err != nil {
		return nil, err
	}
	return &reply[holdView]{Body: showHold(credit.Held{
		ID: k.Hold, Operation: w.Operation, Reference: w.Reference, Site: w.Site, Amount: k.Amount, State: "open", Lapses: true, Until: k.Until, Created: k.Made,
	})}, nil
}

type settleHoldInput struct {
	IDInput
	Body struct {
		Units int64 `json:"units" minimum:"0" maximum:"10000000" doc:"What was used. It is priced as at the moment, and never costs more than is held."`
	}
}

func (a *API) settleHold(ctx context.Context, c visit, in *settleHoldInput) (*reply[holdView], error) {
	hid, err := named(credit.ParseHoldID, in.ID, credit.ErrHoldNotFound)
	if err != nil {
		return nil, err
	}
	var used credit.Credits
	err = a.st.View(ctx, c.Scope, func(ctx context.Context, v *tenant.View) error {
		h, err := credit.LoadHeld(ctx, v, hid)
		if err != nil {
			return err
		}
		p, err := credit.PriceOf(ctx, v, h.Operation)
		if err == nil {
			used = p.Of(in.Body.Units)
		}
		return err
	})
	if err == nil {
		err = a.teller.Settle(ctx, c.Scope, hid, used)
	}
	return a.ended(ctx, c, hid, err)
}

func (a *API) releaseHold(ctx context.Context, c visit, in *IDInput) (*reply[holdView], error) {
	hid, err := named(credit.ParseHoldID, in.ID, credit.ErrHoldNotFound)
	if err == nil {
		err = a.teller.Release(ctx, c.Scope, hid)
	}
	return a.ended(ctx, c, hid, err)
}

// ended shows a hold that has been ended: also to who went away meanwhile, for
// whom a key keeps the answer. Else he would be told, asking again, that it has
// ended already, and not that it was he who ended it.
func (a *API) ended(ctx context.Context, c visit, hid credit.HoldID, err error) (out *reply[holdView], _ error) {
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), claimEnd)
	defer stop()
	err = a.st.View(ctx, c.Scope, func(ctx context.Context, v *tenant.View) error {
		out, err = loadHold(ctx, v, hid)
		return err
	})
	return out, err
}

type extendHoldInput struct {
	IDInput
	Body struct {
		Lease int64 `json:"lease_seconds,omitempty" minimum:"1" maximum:"86400" doc:"None: 900."`
	}
}

func extendHold(ctx context.Context, tx *tenant.Tx, in *extendHoldInput) (*reply[holdView], error) {
	hid, err := named(credit.ParseHoldID, in.ID, credit.ErrHoldNotFound)
	if err != nil {
		return nil, err
	}
	if in.Body.Lease == 0 {
		in.Body.Lease = usualLease
	}
	if _, err := credit.Prolong(ctx, tx, hid, time.Duration(in.Body.Lease)*time.Second); err != nil {
		return nil, err
	}
	return loadHold(ctx, tx, hid)
}
