package api

import (
	"context"
	"net/http"

	"igny8/internal/account"
	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/replay"
	"igny8/internal/tenant"
)

// What the operator's people do is mounted by one of the functions here: each
// use of a privilege is in the audit log in the transaction of its effect,
// whatever the operation writes down, and a read no less than a change.

// pathed is an input that names an account in its path.
type pathed interface{ path() string }

func (in *IDInput) path() string { return in.ID }

// onAccount mounts an operation on the account that the path names.
func onAccount[I, O any](a *API, r route, p tenant.Privilege, do func(context.Context, *tenant.Tx, *I) (*O, error)) {
	if _, ok := any(new(I)).(pathed); !ok {
		panic("api: " + r.path + " names no account")
	}
	mountKeeping(a, r, identity.Staff(p), func(ctx context.Context, c visit, in *I) (*O, error) {
		acc, err := named(tenant.ParseAccountID, any(in).(pathed).path(), account.ErrNotFound)
		if err != nil {
			return nil, err
		}
		q, err := askedByStaff(r, c, in)
		if err != nil {
			return nil, err
		}
		var out outcome[O]
		err = a.identity.Act(ctx, use(r, c, p), acc, func(ctx context.Context, tx *tenant.Tx) error {
			out, err = once(ctx, a, tx, r, q, func() (*O, error) { return do(ctx, tx, in) })
			return err
		})
		return out.told(err)
	})
}

// pictureOnAccount mounts an operation whose answer is a file, drawn from what
// is read of the account that the path names, once that is in its log.
func pictureOnAccount[I any](a *API, r route, p tenant.Privilege, do func(context.Context, *tenant.Tx, *I) (drawing, error), draw func(drawing) ([]byte, error)) {
	mountKeeping(a, r, identity.Staff(p), func(ctx context.Context, c visit, in *I) (*sheet, error) {
		acc, err := named(tenant.ParseAccountID, any(in).(pathed).path(), account.ErrNotFound)
		if err != nil {
			return nil, err
		}
		var d drawing
		err = a.identity.Act(ctx, use(r, c, p), acc, func(ctx context.Context, tx *tenant.Tx) error {
			d, err = do(ctx, tx, in)
			return err
		})
		if err != nil {
			return nil, err
		}
		content, err := draw(d)
		return sheetOf(r, d.name, content), err
	})
}

// onOwned mounts an operation on what the path names by an id of its own, in a
// transaction of the account whose it is, which locate finds.
func onOwned[ID, I, O any](a *API, r route, p tenant.Privilege, parse func(string) (ID, error), missing *fault.Fault,
	locate func(context.Context, *tenant.Survey, ID) (tenant.AccountID, error), do func(context.Context, *tenant.Tx, ID, *I) (*O, error),
) {
	mountKeeping(a, r, identity.Staff(p), func(ctx context.Context, c visit, in *I) (*O, error) {
		oid, err := named(parse, any(in).(pathed).path(), missing)
		if err != nil {
			return nil, err
		}
		q, err := askedByStaff(r, c, in)
		if err != nil {
			return nil, err
		}
		var acc tenant.AccountID
		err = a.identity.Survey(ctx, use(r, c, p), func(ctx context.Context, s *tenant.Survey) (err error) {
			acc, err = locate(ctx, s, oid)
			return err
		})
		if err != nil {
			return nil, err
		}
		var out outcome[O]
		err = a.identity.Act(ctx, use(r, c, p), acc, func(ctx context.Context, tx *tenant.Tx) error {
			out, err = once(ctx, a, tx, r, q, func() (*O, error) { return do(ctx, tx, oid, in) })
			return err
		})
		return out.told(err)
	})
}

// onShared mounts an operation on what belongs to no account.
func onShared[I, O any](a *API, r route, p tenant.Privilege, do func(context.Context, *tenant.SharedTx, *I) (*O, error)) {
	mountKeeping(a, r, identity.Staff(p), func(ctx context.Context, c visit, in *I) (*O, error) {
		q, err := askedByStaff(r, c, in)
		if err != nil {
			return nil, err
		}
		var out outcome[O]
		err = a.identity.ActShared(ctx, use(r, c, p), func(ctx context.Context, tx *tenant.SharedTx) error {
			out, err = once(ctx, a, tx, r, q, func() (*O, error) { return do(ctx, tx, in) })
			return err
		})
		return out.told(err)
	})
}

// survey mounts a look across all accounts.
func survey[I, O any](a *API, r route, p tenant.Privilege, do func(context.Context, *tenant.Survey, *I) (*O, error)) {
	if r.method != http.MethodGet {
		panic("api: a survey changes nothing, and " + r.path + " is no GET")
	}
	mountKeeping(a, r, identity.Staff(p), func(ctx context.Context, c visit, in *I) (out *O, err error) {
		err = a.identity.Survey(ctx, use(r, c, p), func(ctx context.Context, s *tenant.Survey) error {
			out, err = do(ctx, s, in)
			return err
		})
		return out, err
	})
}

func use(r route, c visit, p tenant.Privilege) identity.Use {
	return identity.Use{Operator: c.Operator, Privilege: p, Operation: r.id}
}

// askedByStaff is asked for the keys of one of the operator's people.
func askedByStaff(r route, c visit, in any) (replay.Request, error) {
	return asked(r, c, c.Operator.Actor().String(), c.Operator.Actor(), in)
}
