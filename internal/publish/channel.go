package publish

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/clock"
	"igny8/internal/fault"
	"igny8/internal/httpx"
	"igny8/internal/publish/internal/wordpress"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Way is how a site is published to.
type Way string

// The ways.
const (
	REST   Way = "rest"   // WordPress's own API is asked
	Bridge Way = "bridge" // the plugin asks
)

// Channel is the connection to a site.
type Channel struct {
	Site     site.ID
	Way      Way
	URL      string
	User     string
	Trouble  string    // of the last test; empty: there was none
	Checked  time.Time // zero: never
	Health   *Health   // what the plugin has said last; nil: nothing
	Seen     time.Time // when it asked last; zero: never
	sealed   []byte
	password string
}

// Health is what the plugin says of its site.
type Health struct {
	Plugin    string   `json:"plugin_version"`
	WordPress string   `json:"wordpress_version"`
	PHP       string   `json:"php_version"`
	Problems  []string `json:"problems"`
}

const channelColumns = `site_id, way, url, username, password, trouble, checked_at, health, seen_at`

func readChannel(scan tenant.Scan) (Channel, error) {
	var c Channel
	var checked, seen *int64
	var health string
	if err := scan(&c.Site, &c.Way, &c.URL, &c.User, &c.sealed, &c.Trouble, &checked, &health, &seen); err != nil {
		return Channel{}, err
	}
	if health != "" {
		if err := json.Unmarshal([]byte(health), &c.Health); err != nil {
			return Channel{}, err
		}
	}
	c.Checked, c.Seen = clock.FromNull(checked), clock.FromNull(seen)
	return c, nil
}

// LoadChannel reads how a site is published to: ErrNoChannel when it is not.
func LoadChannel(ctx context.Context, r tenant.Reader, sid site.ID) (Channel, error) {
	c, err := readChannel(func(dest ...any) error {
		return r.Get(ctx, `SELECT `+channelColumns+` FROM site_channels WHERE account_id = $1 AND site_id = $2`, []any{sid}, dest...)
	})
	if tenant.IsNotFound(err) {
		if _, err = site.Load(ctx, r, sid); err == nil {
			err = ErrNoChannel
		}
	}
	if err != nil {
		return Channel{}, fmt.Errorf("channel of %s: %w", sid, err)
	}
	return c, nil
}

// Channels lists how the sites of an account are published to. One that is not
// connected is not among them.
func Channels(ctx context.Context, r tenant.Reader) ([]Channel, error) {
	var all []Channel
	err := r.Each(ctx, `SELECT `+channelColumns+` FROM site_channels WHERE account_id = $1 ORDER BY site_id`, nil, func(scan tenant.Scan) error {
		c, err := readChannel(scan)
		all = append(all, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("channels: %w", err)
	}
	return all, nil
}

// Connect connects a site to its WordPress by an application password, which is
// sealed and never told again.
func (p *Press) Connect(ctx context.Context, tx *tenant.Tx, sid site.ID, address, user, password string) (Channel, error) {
	if _, err := site.Load(ctx, tx, sid); err != nil {
		return Channel{}, err
	}
	address, err := p.parseURL(address)
	if err != nil {
		return Channel{}, err
	}
	f := ErrInvalidLogin
	user, ok := account.Printable(user, 100)
	if !ok || strings.Contains(user, ":") {
		f = f.At("body.username", "1 to 100 printable characters without a colon", nil)
	}
	if password, ok = account.Printable(password, 200); !ok {
		f = f.At("body.application_password", "1 to 200 printable characters", nil)
	}
	if len(f.Fields) > 0 {
		return Channel{}, f
	}
	sealed := p.box.Close([]byte(password), label(tx, sid))
	if err := set(ctx, tx, sid, REST, address, user, sealed); err != nil {
		return Channel{}, err
	}
	return LoadChannel(ctx, tx, sid)
}

// ConnectBridge lets the plugin of a site ask for what is to be published.
func (p *Press) ConnectBridge(ctx context.Context, tx *tenant.Tx, sid site.ID) (Channel, error) {
	if _, err := site.Load(ctx, tx, sid); err != nil {
		return Channel{}, err
	}
	if err := set(ctx, tx, sid, Bridge, "", "", nil); err != nil {
		return Channel{}, err
	}
	return LoadChannel(ctx, tx, sid)
}

// label says what is sealed, and whose.
func label(r tenant.Reader, sid site.ID) string {
	return "site password " + r.Scope().Account().String() + " " + sid.String()
}

func set(ctx context.Context, tx *tenant.Tx, sid site.ID, way Way, address, user string, sealed []byte) error {
	_, err := tx.Exec(ctx, `
		INSERT INTO site_channels (account_id, site_id, way, url, username, password, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
		ON CONFLICT (account_id, site_id) DO UPDATE SET way = excluded.way, url = excluded.url, username = excluded.username, password = excluded.password,
			trouble = '', checked_at = NULL, updated_at = excluded.updated_at`,
		sid, string(way), address, user, sealed, clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("connect %s: %w", sid, err)
	}
	if err := failWaiting(ctx, tx, sid); err != nil {
		return err
	}
	return audit.Record(ctx, tx, "site.connected", sid.String(), map[string]string{"way": string(way), "url": address})
}

// errReconnected is what waited for a plugin that is asked no more.
var errReconnected = fault.New(fault.Conflict, "publish.reconnected", "The site was connected in another way before this was done. Order it again.")

// failWaiting fails what waits for the plugin of a site.
func failWaiting(ctx context.Context, tx *tenant.Tx, sid site.ID) error {
	_, err := tx.Exec(ctx, `
		UPDATE publications SET state = 'failed', code = $3, detail = $4, lease_until = NULL, updated_at = $5
		WHERE account_id = $1 AND site_id = $2 AND state = 'queued' AND job_id IS NULL`,
		sid, errReconnected.Code, errReconnected.Msg.Packed(), clock.Micros(tx.Now()))
	if err != nil {
		return fmt.Errorf("what waits for the plugin of %s: %w", sid, err)
	}
	return nil
}

// Disconnect forgets the connection of a site, and its password. What is
// published stays where it is.
func Disconnect(ctx context.Context, tx *tenant.Tx, sid site.ID) error {
	if _, err := LoadChannel(ctx, tx, sid); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM site_channels WHERE account_id = $1 AND site_id = $2`, sid); err != nil {
		return fmt.Errorf("disconnect %s: %w", sid, err)
	}
	if err := failWaiting(ctx, tx, sid); err != nil {
		return err
	}
	return audit.Record(ctx, tx, "site.disconnected", sid.String(), nil)
}

// parseURL is the address of a site, without what comes after its folder.
func (p *Press) parseURL(s string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(s))
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http":
		return "", ErrInvalidURL.At("body.url", "must be an address such as https://example.com", s)
	case u.Scheme == "http" && !p.allowPrivate:
		return "", ErrInvalidURL.Sayf("WordPress takes application passwords over https only. Give the https address of the site.").At("body.url", "must begin with https://", s)
	}
	u.RawQuery, u.Fragment = "", ""
	u.Path = strings.TrimRight(strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/wp-json"), "/")
	return u.String(), nil
}

// open is the client of a site.
func (p *Press) open(r tenant.Reader, c Channel) (Channel, error) {
	plain, err := p.box.Open(c.sealed, label(r, c.Site))
	if err != nil {
		return Channel{}, fmt.Errorf("the password of site %s: %w", c.Site, err)
	}
	c.password = string(plain)
	return c, nil
}

func (p *Press) client(c Channel) *wordpress.Client {
	return &wordpress.Client{HTTP: httpx.NewClient(p.outside), URL: c.URL, User: c.User, Password: c.password}
}

// troubles says what to do about what is wrong with a site.
var troubles = map[wordpress.Trouble]words.Text{
	wordpress.NoAddress:    "There is no site of this name. Look at the spelling of the address.",
	wordpress.NoConnection: "Nobody answers at this address. Look whether the site is up, and whether a firewall keeps this server out.",
	wordpress.BadTLS:       "The site's certificate is not valid for this address. Mend it, or give the address that it is for.",
	wordpress.Forbidden:    "This address is not a public one, and is not asked.",
	wordpress.Redirects:    "The site sends to another address. Give that one, often with or without www.",
	wordpress.NotWordPress: "This address answers, and not as WordPress. Give the address of the WordPress itself, with its folder if it has one.",
	wordpress.Blocked:      "The site's REST API is switched off, by a plugin for security or by the host. Allow it, or use the bridge plugin.",
	wordpress.NoPasswords:  "Application passwords are switched off on this site. They need WordPress 5.6 and https. Allow them, or use the bridge plugin.",
	wordpress.BadPassword:  "WordPress does not accept this user with this application password. Make a new one under Users, Profile; a login password does not do. If it is right, the host drops the Authorization header: use the bridge plugin.",
	wordpress.MayNot:       "This user may not publish posts. Give one who is an author at least.",
}

// Tested is what came of testing a connection.
type Tested struct {
	Trouble string     // its code; empty: all is well
	Detail  words.Text // that in words
}

// Test tries a connection out, and keeps what came of it. It works outside of a
// transaction.
func (p *Press) Test(ctx context.Context, s tenant.Scope, sid site.ID) (Tested, error) {
	var c Channel
	err := p.st.View(ctx, s, func(ctx context.Context, v *tenant.View) (err error) {
		if c, err = LoadChannel(ctx, v, sid); err == nil && c.Way == REST {
			c, err = p.open(v, c)
		}
		return err
	})
	if err != nil {
		return Tested{}, err
	}
	if c.Way == Bridge {
		return c.bridgeTest(), nil
	}
	trouble, err := p.client(c).Probe(ctx, httpx.ErrPrivateAddress, httpx.ErrRedirected)
	t := Tested{Trouble: string(trouble), Detail: troubles[trouble]}
	if err != nil {
		t = Tested{Trouble: "unknown", Detail: "The site answers in a way that WordPress does not. Look at it in a browser, or use the bridge plugin."}
	}
	return t, p.st.Update(ctx, s, func(ctx context.Context, tx *tenant.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE site_channels SET trouble = $3, checked_at = $4 WHERE account_id = $1 AND site_id = $2`, sid, t.Trouble, clock.Micros(tx.Now()))
		return err
	})
}

func (c Channel) bridgeTest() Tested {
	switch {
	case c.Seen.IsZero():
		return Tested{"not_seen", "The plugin has not asked yet. Install it, give it this server's address and a key for this site, and press its button."}
	case c.Health != nil && len(c.Health.Problems) > 0:
		return Tested{"problems", words.Verbatim(strings.Join(c.Health.Problems, " "))}
	}
	return Tested{}
}
