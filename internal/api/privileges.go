package api

import (
	"context"
	"net/http"
	"time"

	"igny8/internal/account"
	"igny8/internal/identity"
	"igny8/internal/tenant"
)

func (a *API) privilegeRoutes() {
	const manage = tenant.PrivilegesManage
	onShared(a, route{method: http.MethodGet, path: "/admin/privileges", id: "admin-list-privileges", tag: "admin", summary: "Who has which privilege"}, manage, listPrivileges)
	onShared(a, route{method: http.MethodPost, path: "/admin/privileges", id: "admin-grant-privilege", tag: "admin", status: http.StatusCreated,
		summary: "Grant a person a privilege, from the next request on"}, manage, grantPrivilege)
	onShared(a, route{method: http.MethodDelete, path: "/admin/privileges/{user_id}/{privilege}", id: "admin-revoke-privilege", tag: "admin", status: http.StatusNoContent,
		summary: "Take a privilege from a person, from the next request on"}, manage, revokePrivilege)
	onShared(a, route{method: http.MethodGet, path: "/admin/staff", id: "admin-list-staff", tag: "admin", summary: "The operator's people"}, manage, listStaff)
	onShared(a, route{method: http.MethodPost, path: "/admin/accounts", id: "admin-create-system-account", tag: "admin", status: http.StatusCreated,
		summary: "Open a system account, which is the operator's own"}, manage, createSystemAccount)
	onAccount(a, route{method: http.MethodPost, path: "/admin/accounts/{id}/api-keys", id: "admin-create-system-key", tag: "admin", status: http.StatusCreated,
		summary: "Make an API key of a system account, which is shown this once"}, manage, createSystemKey)
	onAccount(a, route{method: http.MethodGet, path: "/admin/accounts/{id}/privileges", id: "admin-list-account-privileges", tag: "admin",
		summary: "What a system account was granted"}, manage, listAccountPrivileges)
	onAccount(a, route{method: http.MethodPost, path: "/admin/accounts/{id}/privileges", id: "admin-grant-account-privilege", tag: "admin", status: http.StatusCreated,
		summary: "Grant a system account a privilege"}, manage, grantAccountPrivilege)
	onAccount(a, route{method: http.MethodDelete, path: "/admin/accounts/{id}/privileges/{privilege}", id: "admin-revoke-account-privilege", tag: "admin", status: http.StatusNoContent,
		summary: "Take a privilege from a system account"}, manage, revokeAccountPrivilege)
}

type grantView struct {
	User      string    `json:"user_id"`
	Email     string    `json:"email"`
	Privilege string    `json:"privilege"`
	GrantedBy string    `json:"granted_by" doc:"Kind and id, such as staff:usr_..."`
	Granted   time.Time `json:"granted_at"`
}

func showGrant(g identity.StaffGrant) grantView {
	return grantView{User: g.User.String(), Email: g.Email, Privilege: string(g.Privilege), GrantedBy: g.GrantedBy, Granted: g.Granted}
}

func listPrivileges(ctx context.Context, tx *tenant.SharedTx, _ *struct{}) (*reply[page[grantView]], error) {
	all, err := identity.Grants(ctx, tx)
	return list(all, showGrant), err
}

type grantInput struct {
	Body struct {
		User      string `json:"user_id,omitempty" maxLength:"64"`
		Email     string `json:"email,omitempty" maxLength:"254" doc:"Either this or user_id says who."`
		Privilege string `json:"privilege" maxLength:"64"`
	}
}

func grantPrivilege(ctx context.Context, tx *tenant.SharedTx, in *grantInput) (*reply[grantView], error) {
	p, err := privilegeOf("body.privilege", in.Body.Privilege)
	if err != nil {
		return nil, err
	}
	u, err := whom(ctx, tx, in)
	if err != nil {
		return nil, err
	}
	g, err := identity.Grant(ctx, tx, u, p)
	return &reply[grantView]{Body: showGrant(g)}, err
}

// whom is who is meant; two names that are not of one person are nobody's.
func whom(ctx context.Context, tx *tenant.SharedTx, in *grantInput) (identity.UserID, error) {
	if in.Body.User == "" && in.Body.Email == "" {
		return identity.UserID{}, identity.ErrWhom.At("body.user_id", "is needed, or email", nil)
	}
	var u identity.UserID
	var err error
	if in.Body.User != "" {
		if u, err = named(account.ParseUserID, in.Body.User, identity.ErrUserNotFound); err != nil || in.Body.Email == "" {
			return u, err
		}
	}
	found, err := identity.PersonByEmail(ctx, tx, in.Body.Email)
	if err == nil && !u.IsZero() && u != found {
		err = identity.ErrUserNotFound
	}
	return found, err
}

// privilegeOf reads the name of a privilege.
func privilegeOf(location, name string) (tenant.Privilege, error) {
	p, ok := tenant.ParsePrivilege(name)
	if !ok {
		return "", identity.ErrPrivilege.At(location, "no such privilege", nil)
	}
	return p, nil
}

type revokeInput struct {
	User      string `path:"user_id" maxLength:"64"`
	Privilege string `path:"privilege" maxLength:"64"`
}

func revokePrivilege(ctx context.Context, tx *tenant.SharedTx, in *revokeInput) (*none, error) {
	p, err := privilegeOf("path.privilege", in.Privilege)
	if err != nil {
		return nil, err
	}
	u, err := named(account.ParseUserID, in.User, identity.ErrUserNotFound)
	if err != nil {
		return nil, err
	}
	return &none{}, identity.Revoke(ctx, tx, u, p)
}

type staffView struct {
	User       string   `json:"user_id"`
	Email      string   `json:"email"`
	FirstName  string   `json:"first_name"`
	LastName   string   `json:"last_name"`
	Privileges []string `json:"privileges"`
}

func listStaff(ctx context.Context, tx *tenant.SharedTx, _ *struct{}) (*reply[page[staffView]], error) {
	grants, err := identity.Grants(ctx, tx)
	out := page[staffView]{Items: []staffView{}}
	for _, g := range grants { // those of one person follow one another
		last := len(out.Items) - 1
		if last < 0 || out.Items[last].User != g.User.String() {
			out.Items = append(out.Items, staffView{User: g.User.String(), Email: g.Email, FirstName: g.FirstName, LastName: g.LastName})
			last++
		}
		out.Items[last].Privileges = append(out.Items[last].Privileges, string(g.Privilege))
	}
	return &reply[page[staffView]]{Body: out}, err
}

type systemAccountInput struct {
	Body struct {
		Kind string `json:"kind" enum:"system" doc:"A tenant opens its account itself, by /auth/register."`
		Name string `json:"name" maxLength:"480"`
	}
}

func createSystemAccount(ctx context.Context, tx *tenant.SharedTx, in *systemAccountInput) (*reply[accountView], error) {
	acc, err := identity.OpenSystemAccount(ctx, tx, in.Body.Name)
	return &reply[accountView]{Body: showAccount(acc)}, err
}

type systemKeyInput struct {
	IDInput
	createKeyInput
}

func createSystemKey(ctx context.Context, tx *tenant.Tx, in *systemKeyInput) (*reply[newKeyView], error) {
	if err := account.RequireSystem(ctx, tx); err != nil {
		return nil, err
	}
	return createKey(ctx, tx, &in.createKeyInput)
}

type accountGrantView struct {
	Privilege string    `json:"privilege"`
	GrantedBy string    `json:"granted_by" doc:"Kind and id, such as staff:usr_..."`
	Granted   time.Time `json:"granted_at"`
}

func listAccountPrivileges(ctx context.Context, tx *tenant.Tx, _ *IDInput) (*reply[page[accountGrantView]], error) {
	all, err := account.Grants(ctx, tx)
	return list(all, func(g account.Grant) accountGrantView {
		return accountGrantView{Privilege: string(g.Privilege), GrantedBy: g.GrantedBy, Granted: g.Granted}
	}), err
}

type accountGrantInput struct {
	IDInput
	Body struct {
		Privilege string `json:"privilege" maxLength:"64"`
	}
}

func grantAccountPrivilege(ctx context.Context, tx *tenant.Tx, in *accountGrantInput) (*reply[page[accountGrantView]], error) {
	p, err := privilegeOf("body.privilege", in.Body.Privilege)
	if err != nil {
		return nil, err
	}
	if err := account.Entrust(ctx, tx, p); err != nil {
		return nil, err
	}
	return listAccountPrivileges(ctx, tx, &in.IDInput)
}

type accountRevokeInput struct {
	IDInput
	Privilege string `path:"privilege" maxLength:"64"`
}

func revokeAccountPrivilege(ctx context.Context, tx *tenant.Tx, in *accountRevokeInput) (*none, error) {
	p, err := privilegeOf("path.privilege", in.Privilege)
	if err != nil {
		return nil, err
	}
	return &none{}, account.Withdraw(ctx, tx, p)
}
