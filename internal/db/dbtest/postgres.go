package dbtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"igny8/internal/db"
)

// server is the PostgreSQL server of this process.
var server struct {
	once     sync.Once
	admin    string // URL of a database from which others are made
	template string // name of the migrated database that tests copy
	err      error
}

func postgresURL(t testing.TB, migrated bool) string {
	t.Helper()
	server.once.Do(func() { server.admin, server.template, server.err = startServer(t) })
	if server.err != nil {
		t.Fatalf("PostgreSQL for tests: %v", server.err)
	}
	name := "test_" + strings.ToLower(rand.Text())
	create := "CREATE DATABASE " + name
	if migrated {
		create += " TEMPLATE " + server.template
	}
	if err := admin(t.Context(), server.admin, create); err != nil {
		t.Fatalf("%s: %v", create, err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := admin(ctx, server.admin, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop %s: %v", name, err)
		}
	})
	return withDatabase(server.admin, name)
}

func startServer(t testing.TB) (string, string, error) {
	at := os.Getenv("IGNY8_TEST_DATABASE_URL")
	if at == "" {
		// A worker of autovacuum that is in a database keeps its owner from dropping it.
		super, err := StartCluster(t.Context(), "autovacuum=off")
		if err != nil {
			return "", "", err
		}
		if at, err = NewLogin(t.Context(), super, "igny8", "CREATEDB CREATEROLE"); err != nil {
			return "", "", err
		}
	}
	name, err := makePostgresTemplate(t, at)
	return at, name, err
}

// makePostgresTemplate migrates one database per schema, whoever of the test
// processes that share the server comes first.
func makePostgresTemplate(t testing.TB, at string) (string, error) {
	sum, err := db.SchemaHash()
	if err != nil {
		return "", err
	}
	name := "template_" + hex.EncodeToString(sum[:8])
	c, err := pgx.Connect(t.Context(), at)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close(context.WithoutCancel(t.Context())) }() // the lock goes with the connection
	const templateLock = 0x69676e7938
	if _, err := c.Exec(t.Context(), "SELECT pg_advisory_lock($1)", int64(templateLock)); err != nil {
		return "", err
	}
	var there bool
	if err := c.QueryRow(t.Context(), "SELECT EXISTS (SELECT 1 FROM pg_database WHERE datname = $1)", name).Scan(&there); err != nil || there {
		return name, err
	}
	making := "making_" + strings.ToLower(rand.Text())
	if _, err := c.Exec(t.Context(), "CREATE DATABASE "+making); err != nil {
		return "", err
	}
	if err := migrate(t, withDatabase(at, making)); err != nil {
		return "", err
	}
	_, err = c.Exec(t.Context(), "ALTER DATABASE "+making+" RENAME TO "+name)
	return name, err
}

func admin(ctx context.Context, at, statement string) error {
	c, err := pgx.Connect(ctx, at)
	if err != nil {
		return err
	}
	_, err = c.Exec(ctx, statement)
	return errors.Join(err, c.Close(ctx))
}

func withDatabase(at, name string) string {
	u, err := url.Parse(at)
	if err != nil {
		panic("dbtest: " + err.Error()) // it was parsed to connect with
	}
	u.Path = "/" + name
	return u.String()
}

// supervise runs a server for as long as its standard input is open, which is
// as long as the process that started it lives, and leaves nothing behind.
const supervise = `dir=$1; shift; trap '' INT TERM; "$@" >"$dir/log" 2>&1 & pid=$!; read -r _; kill -INT $pid; wait $pid; rm -rf "$dir"`

// lifelines keeps the standard inputs of supervisors from being collected,
// which would close them.
var lifelines []io.Closer

// NewLogin makes a role that may log in to a cluster of StartCluster and has
// the attributes given, and returns the URL at with that login. Tests run as
// one that is no superuser, as the product should: a superuser would not notice
// what a migration may not do.
func NewLogin(ctx context.Context, at, name, attributes string) (string, error) {
	u, err := url.Parse(at)
	if err != nil {
		return "", err
	}
	u.User = url.User(name)
	return u.String(), admin(ctx, at, "CREATE ROLE "+name+" LOGIN "+attributes)
}

// StartCluster starts a PostgreSQL cluster that ends with this process, and
// returns the URL of its first database, for a superuser. Durability is off,
// unless settings ("fsync=on") say otherwise: what tests prove about crashes
// they prove with servers of their own.
func StartCluster(ctx context.Context, settings ...string) (string, error) {
	bin, err := programs()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "igny8-pg-")
	if err != nil {
		return "", err
	}
	attr, err := unprivileged(dir)
	if err != nil {
		return "", err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = attr, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		return "", fmt.Errorf("initdb: %w\n%s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	args := []string{"-c", supervise, "sh", dir, filepath.Join(bin, "postgres"), "-D", data, "-k", dir, "-p", strconv.Itoa(port)}
	for _, s := range slices.Concat([]string{
		"listen_addresses=127.0.0.1", "fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300", "shared_buffers=64MB",
	}, settings) { // the last word counts
		args = append(args, "-c", s)
	}
	postgres := exec.Command("sh", args...)
	postgres.SysProcAttr, postgres.Dir = attr, dir
	lifeline, err := postgres.StdinPipe()
	if err != nil {
		return "", err
	}
	lifelines = append(lifelines, lifeline)
	if err := postgres.Start(); err != nil {
		return "", fmt.Errorf("start postgres: %w", err)
	}
	at := fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
	if err := await(ctx, at); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log")) // to show with the error, if it can be read
		return "", fmt.Errorf("postgres does not answer: %w\n%s", err, log)
	}
	return at, nil
}

// programs is the folder of the newest PostgreSQL on the machine.
func programs() (string, error) {
	if p, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(p), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("no initdb on PATH nor under /usr/lib/postgresql (Debian's package is postgresql); or set IGNY8_TEST_DATABASE_URL: %w", fs.ErrNotExist)
	}
	return filepath.Dir(slices.Max(found)), nil
}

// unprivileged is who runs the cluster: PostgreSQL refuses to run as root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		u, err = user.Lookup("nobody")
	}
	if err != nil {
		return nil, fmt.Errorf("root needs somebody to run PostgreSQL as: %w", err)
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(dir, uid, gid)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

func await(ctx context.Context, at string) error {
	ctx, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	for {
		err := admin(ctx, at, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}
