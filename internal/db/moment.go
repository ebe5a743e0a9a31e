package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Moment names what the database held when it was asked. While it is the same,
// nothing was committed, by whatever process: what was read since the first of
// two equal moments is what would be read at the second. The zero Moment is no
// moment, and is equal to none that Moment gives.
type Moment struct {
	connection uint64 // those of two connections are never compared
	version    string
}

// Moment asks the database for its moment. The asking begins after the call
// did: whatever was committed before the call is in it. Calls that come while
// one is asked share the next, so that a crowd costs few questions; a call that
// comes alone is asked at once.
//
// It reads no rows, and is not of a transaction of ours.
func (d *DB) Moment(ctx context.Context) (Moment, error) {
	m, err := d.moments.join(ctx)
	if err != nil {
		return Moment{}, fmt.Errorf("moment of the database: %w", err)
	}
	return m, nil
}

// askTimeout bounds one question. It is not that of any one caller, who may
// go away while others wait for the answer.
const askTimeout = 10 * time.Second

// watch is the one connection that is asked for moments. It never writes:
// SQLite tells a connection only of what others have committed. It is used by
// one goroutine at a time.
type watch struct {
	open  func(context.Context) (watched, error)
	at    watched
	count uint64 // of connections
}

// watched is a connection that tells a version, which is another one after
// each commit of any other connection.
type watched interface {
	version(context.Context) (string, error)
	close() error
}

// ask asks on the connection that is open, and on a new one where there is
// none or it turns out to be broken.
func (w *watch) ask() (Moment, error) {
	ctx, stop := context.WithTimeout(context.Background(), askTimeout)
	defer stop()
	if w.at != nil {
		v, err := w.at.version(ctx)
		if err == nil {
			return Moment{w.count, v}, nil
		}
		_ = w.at.close() // it is broken
		w.at = nil
		if ctx.Err() != nil {
			return Moment{}, translate(err)
		}
	}
	at, err := w.open(ctx)
	if err != nil {
		return Moment{}, translate(err)
	}
	v, err := at.version(ctx)
	if err != nil {
		return Moment{}, errors.Join(translate(err), at.close())
	}
	w.at = at
	w.count++
	return Moment{w.count, v}, nil
}

func (w *watch) close() error {
	if w.at == nil {
		return nil
	}
	err := w.at.close()
	w.at = nil
	return err
}

// watchSQLite asks for PRAGMA data_version, which is another one after each
// commit by another connection of this or any process, and never the same
// again.
func watchSQLite(open driver.Connector) func(context.Context) (watched, error) {
	return func(ctx context.Context) (watched, error) {
		c, err := open.Connect(ctx)
		if err != nil {
			return nil, err
		}
		all, ok := c.(connection)
		if !ok {
			return nil, errors.Join(fmt.Errorf("a connection of the driver is a %T, which lacks what it needs", c), c.Close())
		}
		made, err := all.PrepareContext(ctx, "PRAGMA data_version")
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		s, ok := made.(statement)
		if !ok {
			return nil, errors.Join(fmt.Errorf("a statement of the driver is a %T, which lacks what it needs", made), made.Close(), c.Close())
		}
		return &fileWatch{c, s}, nil
	}
}

type fileWatch struct {
	c driver.Conn
	s statement
}

func (w *fileWatch) version(context.Context) (_ string, err error) {
	// The question is asked of a file, and not interrupted: a context that can
	// end costs more than the answer.
	rows, err := w.s.QueryContext(context.Background(), nil)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var value [1]driver.Value
	if err := rows.Next(value[:]); errors.Is(err, io.EOF) {
		return "", errors.New("PRAGMA data_version says nothing")
	} else if err != nil {
		return "", err
	}
	return fmt.Sprint(value[0]), nil
}

func (w *fileWatch) close() error { return errors.Join(w.s.Close(), w.c.Close()) }

// watchPostgres asks for the snapshot: which transactions are visible. Two
// that are equal show the same rows, and since a transaction that has ended
// does not begin again, one that has changed does not come back. It is a
// connection beside the pool, so that the gate waits for no handler, and one
// that reads no table.
func watchPostgres(cfg *pgx.ConnConfig) func(context.Context) (watched, error) {
	return func(ctx context.Context) (watched, error) {
		c, err := pgx.ConnectConfig(ctx, cfg)
		if err != nil {
			return nil, err
		}
		w := &serverWatch{c: c}
		if _, err := c.Prepare(ctx, momentStatement, "SELECT pg_current_snapshot()::text"); err != nil {
			return nil, errors.Join(err, w.close())
		}
		return w, nil
	}
}

const momentStatement = "moment"

type serverWatch struct{ c *pgx.Conn }

func (w *serverWatch) version(ctx context.Context) (string, error) {
	res := w.c.PgConn().ExecPrepared(ctx, momentStatement, nil, nil, nil).Read()
	switch {
	case res.Err != nil:
		return "", res.Err
	case len(res.Rows) != 1 || len(res.Rows[0]) != 1 || len(res.Rows[0][0]) == 0:
		return "", errors.New("pg_current_snapshot says nothing")
	}
	return string(res.Rows[0][0]), nil
}

func (w *serverWatch) close() error {
	ctx, stop := context.WithTimeout(context.Background(), time.Second)
	defer stop()
	return w.c.Close(ctx)
}

// joint runs a question for many at once. Who comes while it runs waits for
// the next run, since the one that runs may have begun to read before he
// came. The zero joint needs only ask.
type joint[T any] struct {
	ask func() (T, error)

	mu   sync.Mutex
	busy bool    // somebody leads
	next *run[T] // of those who wait; nil: nobody does
}

// run is one run of the question, for those who came before it began.
type run[T any] struct {
	lead   chan struct{} // one of those who wait may lead
	done   chan struct{}
	answer T
	err    error
}

// errBroken is told to those whose run panicked. The panic itself goes to the
// one who led it.
var errBroken = errors.New("the question that was shared with others broke off")

// join is the answer of a run that began after the call. Who goes away stops
// waiting, and takes nothing from the others: the run is nobody's own.
func (j *joint[T]) join(ctx context.Context) (T, error) {
	j.mu.Lock()
	if j.next == nil {
		j.next = &run[T]{lead: make(chan struct{}, 1), done: make(chan struct{})}
	}
	r := j.next
	if !j.busy {
		j.busy = true
		r.lead <- struct{}{}
	}
	j.mu.Unlock()
	select {
	case <-r.lead:
		j.leads(r)
		return r.answer, r.err
	default:
	}
	select {
	case <-r.lead:
		j.leads(r)
	case <-r.done:
	case <-ctx.Done():
		// Where he could have led, the token stays for the next who joins.
		var none T
		return none, ctx.Err()
	}
	return r.answer, r.err
}

// leads closes the run to new callers, runs it, and lets one of those who have
// come meanwhile lead the next.
func (j *joint[T]) leads(r *run[T]) {
	runtime.Gosched() // whoever is about to come may
	j.mu.Lock()
	j.next = nil
	j.mu.Unlock()
	r.err = errBroken
	defer func() {
		close(r.done)
		j.mu.Lock()
		defer j.mu.Unlock()
		if j.next != nil {
			j.next.lead <- struct{}{}
			return
		}
		j.busy = false
	}()
	r.answer, r.err = j.ask()
}
