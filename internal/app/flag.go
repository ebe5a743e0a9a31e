package app

import (
	"context"
	"fmt"
	"text/tabwriter"

	"igny8/internal/flag"
	"igny8/internal/tenant"
)

type flagCommand struct {
	List flagList `cmd:"" help:"Show what is switched on, for how many accounts."`
	Set  flagSet  `cmd:"" help:"Switch a feature, from the next request on."`
}

type flagList struct{}

// Run shows every flag.
func (flagList) Run(ctx context.Context, c command) error {
	var all []flag.Setting
	err := atConsole(ctx, c, tenant.FlagsManage, "flag-list", func(ctx context.Context, tx *tenant.SharedTx, _ *server) (err error) {
		all, err = flag.List(ctx, tx.Shared)
		return err
	})
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
	for _, s := range all {
		changed := "never changed"
		if !s.Changed.IsZero() {
			changed = "by " + s.ChangedBy + " " + s.Changed.Format("2006-01-02 15:04 MST")
		}
		if _, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", s.Name, s.Share, changed, s.Says); err != nil {
			return err
		}
	}
	return w.Flush()
}

type flagSet struct {
	Name  string `arg:"" help:"A flag, such as bank_transfer.checkout; flag list names all."`
	Share string `arg:"" help:"off, on, or a percentage of accounts, such as 25%."`
}

// Run sets the flag and says what it is.
func (f flagSet) Run(ctx context.Context, c command) error {
	name, err := flag.Parse(f.Name)
	if err != nil {
		return fmt.Errorf("%w there are %v", err, flag.Names())
	}
	share, err := flag.ParseShare(f.Share)
	if err != nil {
		return err
	}
	err = atConsole(ctx, c, tenant.FlagsManage, "flag-set", func(ctx context.Context, tx *tenant.SharedTx, _ *server) error {
		return flag.Set(ctx, tx, name, share)
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Out, "%s is %s\n", name, share)
	return err
}
