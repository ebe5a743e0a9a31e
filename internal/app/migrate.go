package app

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"igny8/internal/db"
)

type migrateCommand struct {
	Up     migrateUp     `cmd:"" help:"Bring the schema up to this release."`
	Down   migrateDown   `cmd:"" help:"Undo the newest migration."`
	Status migrateStatus `cmd:"" default:"1" help:"List the migrations."`
}

type (
	migrateUp     struct{}
	migrateDown   struct{}
	migrateStatus struct{}
)

// Run migrates up.
func (migrateUp) Run(ctx context.Context, c command) error {
	return c.withDB(ctx, func(d *db.DB) error {
		if err := d.Migrate(ctx); err != nil {
			return err
		}
		return c.showSchema(ctx, d)
	})
}

// Run undoes one migration.
func (migrateDown) Run(ctx context.Context, c command) error {
	return c.withDB(ctx, func(d *db.DB) error {
		if err := d.MigrateDown(ctx); err != nil {
			return err
		}
		return c.showSchema(ctx, d)
	})
}

// Run lists the migrations.
func (migrateStatus) Run(ctx context.Context, c command) error {
	return c.withDB(ctx, func(d *db.DB) error { return c.showSchema(ctx, d) })
}

// withDB opens the database as it is.
func (c command) withDB(ctx context.Context, do func(*db.DB) error) error {
	if _, err := openData(c.cfg.Data); err != nil {
		return err
	}
	d, err := openDatabase(ctx, c.cfg, c.clock)
	if err != nil {
		return err
	}
	return errors.Join(do(d), d.Close())
}

func (c command) showSchema(ctx context.Context, d *db.DB) error {
	steps, err := d.MigrationStatus(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(c.Out, 0, 0, 2, ' ', 0)
	for _, s := range steps {
		state := "pending"
		if s.Applied {
			state = "applied"
		}
		if _, err := fmt.Fprintf(w, "%04d\t%s\t%s\n", s.Version, s.Name, state); err != nil {
			return err
		}
	}
	return w.Flush()
}
