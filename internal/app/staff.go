package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"igny8/internal/identity"
	"igny8/internal/tenant"
)

type staffCommand struct {
	Create staffCreate `cmd:"" help:"Add a person who works for the operator."`
	Grant  staffGrant  `cmd:"" help:"Grant a person privileges, from the next request on."`
	Revoke staffRevoke `cmd:"" help:"Take privileges from a person, from the next request on."`
	List   staffList   `cmd:"" help:"Show who has which privilege."`
}

// atConsole runs fn for who sits at the machine, in one transaction with its
// event, as a use of a privilege.
func atConsole(ctx context.Context, c command, p tenant.Privilege, operation string, fn func(context.Context, *tenant.SharedTx, *server) error) (err error) {
	s, err := build(ctx, c.cfg, c.log(), c.clock)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	u := identity.Use{Operator: s.identity.Console(), Privilege: p, Operation: operation}
	return s.identity.ActShared(ctx, u, func(ctx context.Context, tx *tenant.SharedTx) error { return fn(ctx, tx, s) })
}

type staffCreate struct {
	Email         string   `required:"" help:"The person's e-mail address."`
	FirstName     string   `default:"Staff" help:"First name."`
	LastName      string   `default:"Member" help:"Last name."`
	Privilege     []string `help:"A privilege to grant; may be repeated."`
	AllPrivileges bool     `help:"Grant every privilege."`
	PasswordStdin bool     `help:"Read the password from standard input instead of asking for it."`
}

// Run creates the person.
func (f staffCreate) Run(ctx context.Context, c command) (err error) {
	may, err := privileges(f.Privilege, f.AllPrivileges)
	if err != nil {
		return err
	}
	password, err := f.password(c)
	if err != nil {
		return err
	}
	s, err := build(ctx, c.cfg, c.log(), c.clock)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	// The password is hashed before the transaction.
	p, err := s.identity.Prepare(ctx, identity.Registration{
		Email: f.Email, Password: password, FirstName: f.FirstName, LastName: f.LastName,
	})
	if err != nil {
		return err
	}
	var u identity.User
	use := identity.Use{Operator: s.identity.Console(), Privilege: tenant.PrivilegesManage, Operation: "staff-create"}
	err = s.identity.ActShared(ctx, use, func(ctx context.Context, tx *tenant.SharedTx) error {
		u, err = s.identity.CreateStaff(ctx, tx, p, may)
		return err
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "%s %s may sign in with the privileges %v\n", u.ID, u.Email, may)
	return err
}

func privileges(names []string, all bool) ([]tenant.Privilege, error) {
	if all {
		return tenant.AllPrivileges(), nil
	}
	var may []tenant.Privilege
	for _, name := range names {
		p, ok := tenant.ParsePrivilege(name)
		if !ok {
			return nil, fmt.Errorf("there is no privilege %q; there are %v", name, tenant.AllPrivileges())
		}
		may = append(may, p)
	}
	if len(may) == 0 {
		return nil, fmt.Errorf("name at least one --privilege, or --all-privileges; there are %v", tenant.AllPrivileges())
	}
	return may, nil
}

func (f staffCreate) password(c command) (string, error) {
	if in, ok := c.In.(*os.File); ok && !f.PasswordStdin && term.IsTerminal(int(in.Fd())) {
		if _, err := fmt.Fprint(c.Err, "Password: "); err != nil {
			return "", err
		}
		b, err := term.ReadPassword(int(in.Fd()))
		_, nl := fmt.Fprintln(c.Err)
		return string(b), errors.Join(err, nl)
	}
	if !f.PasswordStdin {
		return "", errors.New("there is no terminal to ask for the password: give it on standard input, with --password-stdin")
	}
	line, err := bufio.NewReader(c.In).ReadString('\n')
	if line == "" && err != nil {
		return "", fmt.Errorf("no password on standard input: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}
