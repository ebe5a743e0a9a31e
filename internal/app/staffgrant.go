package app

import (
	"context"
	"fmt"
	"text/tabwriter"

	"igny8/internal/identity"
	"igny8/internal/tenant"
)

// whose says who is meant, and which privileges.
type whose struct {
	Email         string   `required:"" help:"The person's e-mail address."`
	Privilege     []string `help:"A privilege; may be repeated."`
	AllPrivileges bool     `help:"Every privilege."`
}

// each does something to each privilege of the person, all or none.
func (w whose) each(ctx context.Context, c command, operation string, do func(context.Context, *tenant.SharedTx, identity.UserID, tenant.Privilege) error) error {
	named, err := privileges(w.Privilege, w.AllPrivileges)
	if err != nil {
		return err
	}
	err = atConsole(ctx, c, tenant.PrivilegesManage, operation, func(ctx context.Context, tx *tenant.SharedTx, _ *server) error {
		u, err := identity.PersonByEmail(ctx, tx, w.Email)
		if err != nil {
			return err
		}
		for _, p := range named {
			if err := do(ctx, tx, u, p); err != nil {
				return fmt.Errorf("%s: %w", p, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return list(ctx, c, w.Email)
}

type staffGrant struct {
	whose `embed:""`
}

// Run grants the privileges and shows what the person has.
func (f staffGrant) Run(ctx context.Context, c command) error {
	return f.each(ctx, c, "staff-grant", func(ctx context.Context, tx *tenant.SharedTx, u identity.UserID, p tenant.Privilege) error {
		_, err := identity.Grant(ctx, tx, u, p)
		return err
	})
}

type staffRevoke struct {
	whose `embed:""`
}

// Run takes the privileges and shows what the person has left.
func (f staffRevoke) Run(ctx context.Context, c command) error {
	return f.each(ctx, c, "staff-revoke", identity.Revoke)
}

type staffList struct {
	Email string `help:"Only this person."`
}

// Run shows who has which privilege.
func (f staffList) Run(ctx context.Context, c command) error { return list(ctx, c, f.Email) }

// list prints the grants, of one person when an address is given.
func list(ctx context.Context, c command, email string) error {
	var grants []identity.StaffGrant
	err := atConsole(ctx, c, tenant.PrivilegesManage, "staff-list", func(ctx context.Context, tx *tenant.SharedTx, _ *server) error {
		all, err := identity.Grants(ctx, tx)
		if err != nil || email == "" {
			grants = all
			return err
		}
		u, err := identity.PersonByEmail(ctx, tx, email)
		grants = nil
		for _, g := range all {
			if g.User == u {
				grants = append(grants, g)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if len(grants) == 0 {
		_, err := fmt.Fprintln(c.Out, "no privileges")
		return err
	}
	w := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
	for _, g := range grants {
		if _, err := fmt.Fprintf(w, "%s\t%s\tby %s\t%s\n", g.Email, g.Privilege, g.GrantedBy, g.Granted.Format("2006-01-02 15:04 MST")); err != nil {
			return err
		}
	}
	return w.Flush()
}
