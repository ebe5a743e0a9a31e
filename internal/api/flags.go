package api

import (
	"context"
	"net/http"
	"time"

	"igny8/internal/flag"
	"igny8/internal/tenant"
)

func (a *API) flagRoutes() {
	const manage = tenant.FlagsManage
	onShared(a, route{method: http.MethodGet, path: "/admin/flags", id: "admin-list-flags", tag: "admin", summary: "What is switched on, for how many accounts"}, manage, listFlags)
	onShared(a, route{method: http.MethodPut, path: "/admin/flags/{name}", id: "admin-set-flag", tag: "admin",
		summary: "Switch a feature off, on, or on for a percentage of accounts, from the next request on"}, manage, setFlag)
	onAccount(a, route{method: http.MethodGet, path: "/admin/accounts/{id}/flags", id: "admin-list-account-flags", tag: "admin", summary: "The flags as an account has them"},
		manage, listAccountFlags)
	onAccount(a, route{method: http.MethodGet, path: "/admin/accounts/{id}/flags/{name}", id: "admin-get-account-flag", tag: "admin", summary: "One flag as an account has it"},
		manage, getAccountFlag)
	onAccount(a, route{method: http.MethodPut, path: "/admin/accounts/{id}/flags/{name}", id: "admin-override-flag", tag: "admin",
		summary: "Switch a feature for one account, whatever the percentage"}, manage, overrideFlag)
	onAccount(a, route{method: http.MethodDelete, path: "/admin/accounts/{id}/flags/{name}", id: "admin-drop-flag-override", tag: "admin", status: http.StatusNoContent,
		summary: "Let the percentage decide for an account again"}, manage, dropOverride)
}

type flagView struct {
	Name        string     `json:"name"`
	Description string     `json:"description" doc:"What it switches."`
	State       string     `json:"state" doc:"off, on, or a percentage such as 25%."`
	Percentage  int        `json:"percentage" doc:"For how many accounts in a hundred it is on: 0 is off, 100 is on."`
	ChangedBy   *string    `json:"changed_by" doc:"Kind and id, such as staff:usr_... Null: nobody has changed it."`
	Changed     *time.Time `json:"changed_at"`
}

func showFlag(s flag.Setting) flagView {
	return flagView{
		Name: string(s.Name), Description: s.Says.String(), State: s.Share.String(), Percentage: int(s.Share),
		ChangedBy: text(s.ChangedBy), Changed: moment(s.Changed),
	}
}

func listFlags(ctx context.Context, tx *tenant.SharedTx, _ *struct{}) (*reply[page[flagView]], error) {
	all, err := flag.List(ctx, tx.Shared)
	return list(all, showFlag), err
}

type flagInput struct {
	Name string `path:"name" maxLength:"64"`
	Body struct {
		State      string `json:"state,omitempty" maxLength:"10" doc:"off, on, or a percentage such as 25%. Either this or percentage."`
		Percentage *int   `json:"percentage,omitempty" doc:"For how many accounts in a hundred it is on."`
	}
}

// share is what is asked for, said in one of two ways.
func (in *flagInput) share() (flag.Share, error) {
	switch state, n := in.Body.State, in.Body.Percentage; {
	case (state == "") == (n == nil):
		return flag.Off, flag.ErrInvalid.At("body.state", "is needed, or percentage, and not both", nil)
	case n != nil:
		return flag.Share(*n), nil // what it can be, flag.Set knows
	}
	s, err := flag.ParseShare(in.Body.State)
	if err != nil {
		return flag.Off, flag.ErrInvalid.At("body.state", "is off, on, or a percentage such as 25%", in.Body.State)
	}
	return s, nil
}

func setFlag(ctx context.Context, tx *tenant.SharedTx, in *flagInput) (*reply[flagView], error) {
	name, err := flag.Parse(in.Name)
	if err != nil {
		return nil, err
	}
	share, err := in.share()
	if err != nil {
		return nil, err
	}
	if err := flag.Set(ctx, tx, name, share); err != nil {
		return nil, err
	}
	all, err := flag.List(ctx, tx.Shared)
	for _, s := range all {
		if s.Name == name {
			return &reply[flagView]{Body: showFlag(s)}, nil
		}
	}
	return nil, err
}

type accountFlagView struct {
	Name     string `json:"name"`
	Enabled  bool   `json:"enabled" doc:"It is on for this account."`
	Override bool   `json:"override" doc:"It was set for this account. False: the percentage decides."`
}

func showOwn(o flag.Own) accountFlagView {
	return accountFlagView{Name: string(o.Name), Enabled: o.On, Override: o.Override}
}

func listAccountFlags(ctx context.Context, tx *tenant.Tx, _ *IDInput) (*reply[page[accountFlagView]], error) {
	all, err := flag.Of(ctx, tx)
	return list(all, showOwn), err
}

type accountFlagInput struct {
	IDInput
	Name string `path:"name" maxLength:"64"`
}

func getAccountFlag(ctx context.Context, tx *tenant.Tx, in *accountFlagInput) (*reply[accountFlagView], error) {
	name, err := flag.Parse(in.Name)
	if err != nil {
		return nil, err
	}
	return ownFlag(ctx, tx, name)
}

func ownFlag(ctx context.Context, tx *tenant.Tx, name flag.Name) (*reply[accountFlagView], error) {
	all, err := flag.Of(ctx, tx)
	for _, o := range all {
		if o.Name == name {
			return &reply[accountFlagView]{Body: showOwn(o)}, err
		}
	}
	return nil, err
}

type overrideInput struct {
	IDInput
	Name string `path:"name" maxLength:"64"`
	Body struct {
		Enabled bool `json:"enabled"`
	}
}

func overrideFlag(ctx context.Context, tx *tenant.Tx, in *overrideInput) (*reply[accountFlagView], error) {
	name, err := flag.Parse(in.Name)
	if err != nil {
		return nil, err
	}
	if err := flag.Override(ctx, tx, name, in.Body.Enabled); err != nil {
		return nil, err
	}
	return ownFlag(ctx, tx, name)
}

func dropOverride(ctx context.Context, tx *tenant.Tx, in *accountFlagInput) (*none, error) {
	name, err := flag.Parse(in.Name)
	if err != nil {
		return nil, err
	}
	return &none{}, flag.Follow(ctx, tx, name)
}
