// Package wordpresstest is a real WordPress for tests: Debian's, on a MariaDB
// and a PHP server of its own, started once for a test process and gone with
// it.
package wordpresstest

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Where Debian's packages wordpress, mariadb-server and php-cli put what is
// needed.
const (
	core    = "/usr/share/wordpress"
	mariadb = "/usr/sbin/mariadbd"
	makeDB  = "/usr/bin/mariadb-install-db"
)

// Site is a WordPress with one administrator.
type Site struct {
	t        testing.TB
	URL      string // without a slash at its end
	User     string
	Password string // an application password
	dir      string
	attr     *syscall.SysProcAttr
}

var shared struct {
	once sync.Once
	site Site
	err  error
}

// Start is the WordPress of this test process. Its posts are everybody's: a
// test looks for its own. It is never skipped where CI is set; elsewhere a
// machine without the packages skips, and says so.
func Start(t testing.TB) *Site {
	t.Helper()
	for _, path := range []string{core, mariadb, makeDB} {
		if _, err := os.Stat(path); err != nil && os.Getenv("CI") == "" {
			t.Skipf("there is no %s: .ci/tools installs it", path)
		}
	}
	shared.once.Do(func() { shared.site, shared.err = start() })
	if shared.err != nil {
		t.Fatalf("WordPress for tests: %v", shared.err)
	}
	s := shared.site
	s.t = t
	return &s
}

// supervise runs a server for as long as its standard input is open, which is
// as long as the process that started it lives, and leaves nothing behind: the
// server and what it has started are a group, which is told to end. The shell
// itself takes no notice, and the server does not inherit that.
const supervise = `trap '' INT TERM; (trap - INT TERM; exec "$@") >>"$DIR/log" 2>&1 & read -r _; kill -TERM 0; wait; rm -rf "$DIR"`

// lifelines keeps the standard inputs of supervisors from being collected.
var lifelines []io.Closer

func start() (s Site, err error) {
	ctx, stop := context.WithTimeout(context.Background(), 3*time.Minute)
	defer stop()
	if s.dir, err = os.MkdirTemp("", "igny8-wordpress-"); err != nil {
		return s, err
	}
	if s.attr, err = unprivileged(s.dir); err != nil {
		return s, err
	}
	port, err := freePort()
	if err != nil {
		return s, err
	}
	s.URL, s.User = "http://127.0.0.1:"+strconv.Itoa(port), "admin"
	if err := s.database(ctx); err != nil {
		return s, err
	}
	if err := s.files(ctx); err != nil {
		return s, err
	}
	if s.Password, err = s.php(ctx, install); err != nil {
		return s, err
	}
	if err := s.serve("php", "-S", strings.TrimPrefix(s.URL, "http://"), "-t", s.www(), filepath.Join(s.dir, "router.php")); err != nil {
		return s, err
	}
	return s, await(ctx, func() error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/?rest_route=/", http.NoBody)
		if err != nil {
			return err
		}
		res, err := new(http.Client).Do(req)
		if err != nil {
			return err
		}
		if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
			return errors.Join(err, fmt.Errorf("it answers %s", res.Status))
		}
		return nil
	})
}

func (s *Site) www() string { return filepath.Join(s.dir, "www") }

// database starts a MariaDB on a socket, with an empty database.
func (s *Site) database(ctx context.Context) error {
	data := filepath.Join(s.dir, "data")
	if err := s.run(ctx, makeDB, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db"); err != nil {
		return err
	}
	err := s.serve(mariadb, "--no-defaults", "--datadir="+data, "--socket="+s.socket(), "--skip-networking", "--pid-file="+filepath.Join(s.dir, "pid"),
		"--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=32M", "--skip-log-bin")
	if err != nil {
		return err
	}
	return await(ctx, func() error {
		return s.run(ctx, "mariadb", "--no-defaults", "--socket="+s.socket(), "-uroot", "-e", "CREATE DATABASE IF NOT EXISTS wordpress")
	})
}

func (s *Site) socket() string { return filepath.Join(s.dir, "sock") }

//go:embed wp-config.php
var config string

//go:embed router.php
var router string

// files puts WordPress and its settings in place.
func (s *Site) files(ctx context.Context) error {
	if err := s.run(ctx, "cp", "-r", "--no-preserve=mode,ownership", core, s.www()); err != nil {
		return err
	}
	fill := strings.NewReplacer("{{socket}}", s.socket(), "{{url}}", s.URL)
	for name, text := range map[string]string{"www/wp-config.php": config, "router.php": router} {
		path := filepath.Join(s.dir, name)
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		if err := os.WriteFile(path, []byte(fill.Replace(text)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// install makes the site and its administrator, and prints a password for
// programs.
const install = `
define('WP_INSTALLING', true);
require $argv[1] . '/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('Test', 'admin', 'admin@example.com', true, '', 'password');
list($password) = WP_Application_Passwords::create_new_application_password(1, ['name' => 'igny8']);
echo $password;
`

// Run runs PHP code inside WordPress, and returns what it prints.
func (s *Site) Run(code string) string {
	s.t.Helper()
	out, err := s.php(s.t.Context(), `require $argv[1] . '/wp-load.php'; `+code)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// Cron lets WordPress do what has become due, such as publishing what was
// scheduled.
func (s *Site) Cron() {
	s.t.Helper()
	s.Run(`define('DOING_CRON', true); foreach (_get_cron_array() as $at => $hooks) { if ($at <= time()) { foreach ($hooks as $hook => $all) { foreach ($all as $e) {
		wp_unschedule_event($at, $hook, $e['args']); do_action_ref_array($hook, $e['args']); } } } }`)
}

// Post is a post as WordPress keeps it.
type Post struct {
	ID      int64  `json:"ID"`
	Status  string `json:"post_status"`
	Title   string `json:"post_title"`
	Slug    string `json:"post_name"`
	Excerpt string `json:"post_excerpt"`
	Content string `json:"post_content"`
	Date    string `json:"post_date_gmt"`

	Categories []string `json:"categories"`
	Tags       []string `json:"tags"`
}

// Posts is the posts whose text says something, trashed ones too, oldest first.
func (s *Site) Posts(says string) []Post {
	s.t.Helper()
	out := s.Run(`global $wpdb; $out = []; foreach ($wpdb->get_results($wpdb->prepare("SELECT * FROM $wpdb->posts WHERE post_type = 'post' AND post_content LIKE %s ORDER BY ID", '%' . $wpdb->esc_like(` + quote(says) + `) . '%')) as $p) {
		$p->ID = (int) $p->ID;
		$p->categories = wp_get_post_terms($p->ID, 'category', ['fields' => 'names']);
		$p->tags = wp_get_post_terms($p->ID, 'post_tag', ['fields' => 'names']);
		$out[] = $p; } echo json_encode($out);`)
	var all []Post
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		s.t.Fatalf("%v in %s", err, out)
	}
	return all
}

// quote is text as PHP writes it.
func quote(s string) string { return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'" }

// Plugin puts a plugin of one file in place that is always on, and takes it away
// when the test ends. Tests that do so do not run beside others.
func (s *Site) Plugin(code string) {
	s.t.Helper()
	dir := filepath.Join(s.www(), "wp-content", "mu-plugins")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		s.t.Fatal(err)
	}
	path := filepath.Join(dir, "test.php")
	if err := os.WriteFile(path, []byte("<?php\n"+code), 0o644); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := os.Remove(path); err != nil {
			s.t.Error(err)
		}
	})
}

// Install puts a plugin's folder in place and switches it on, for all tests that
// come.
func (s *Site) Install(dir string) {
	s.t.Helper()
	name := filepath.Base(dir)
	if err := s.run(s.t.Context(), "cp", "-r", "--no-preserve=mode,ownership", dir, filepath.Join(s.www(), "wp-content", "plugins")); err != nil {
		s.t.Fatal(err)
	}
	s.Run(`require_once ABSPATH . 'wp-admin/includes/plugin.php'; $e = activate_plugin(` + quote(name+"/"+name+".php") + `); if (is_wp_error($e)) { fwrite(STDERR, $e->get_error_message()); exit(1); }`)
}

func (s *Site) php(ctx context.Context, code string) (string, error) {
	c := exec.CommandContext(ctx, "php", "-d", "display_errors=stderr", "-r", code, "--", s.www())
	c.SysProcAttr, c.Dir = s.attr, s.dir
	var errs strings.Builder
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("php: %w\n%s%s", err, out, errs.String())
	}
	return strings.TrimSpace(string(out)), nil
}

func (s *Site) run(ctx context.Context, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.SysProcAttr, c.Dir = s.attr, s.dir
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// serve starts a server that ends with this process.
func (s *Site) serve(name string, args ...string) error {
	c := exec.Command("sh", append([]string{"-c", supervise, "sh", name}, args...)...)
	c.SysProcAttr, c.Dir = s.attr, s.dir
	c.Env = append(c.Environ(), "DIR="+s.dir, "PHP_CLI_SERVER_WORKERS=4")
	lifeline, err := c.StdinPipe()
	if err != nil {
		return err
	}
	lifelines = append(lifelines, lifeline)
	if err := c.Start(); err != nil {
		return fmt.Errorf("start %s: %w", name, err)
	}
	return nil
}

// await tries until it succeeds.
func await(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func freePort() (int, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return ln.Addr().(*net.TCPAddr).Port, ln.Close()
}

// unprivileged is who runs the servers: MariaDB refuses to run as root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, os.Chown(dir, int(uid), int(gid))
}
