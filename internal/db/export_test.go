package db

import (
	"context"
	"errors"
)

// BreakMoments breaks the connection that is asked for moments. Nobody may be
// asking.
func (d *DB) BreakMoments() { d.watch.at = broken{d.watch.at} }

type broken struct{ watched }

func (broken) version(context.Context) (string, error) { return "", errors.New("connection reset") }
