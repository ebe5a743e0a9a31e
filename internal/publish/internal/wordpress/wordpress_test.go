package wordpress_test

import (
	"bytes"
	"image"
	"image/png"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"igny8/internal/httpx"
	"igny8/internal/id"
	"igny8/internal/publish/internal/wordpress"
	"igny8/internal/publish/wordpresstest"
)

type markKind struct{}

func (markKind) Prefix() string { return "cnt" }

func newMark() string { return id.New[markKind]().String() }

func client(s *wordpresstest.Site) *wordpress.Client {
	return &wordpress.Client{HTTP: httpx.NewClient(httpx.Outbound{AllowPrivate: true, Timeout: 20 * time.Second}), URL: s.URL, User: s.User, Password: s.Password}
}

func article(mark string) wordpress.Post {
	return wordpress.Post{
		Mark: mark, Title: `Bees & <em>"honey"</em>`, Slug: "bees-" + strings.ReplaceAll(mark, "_", "-"), Excerpt: "In short.", HTML: "<h2>Bees</h2>\n<p>They fly. C:\\path ünï 蜂</p>",
		Status: wordpress.Publish, Now: time.Now(), Categories: []string{"Insects & more"}, Tags: []string{"bee", "honey"}, SEO: "All about bees.",
	}
}

// TestPut publishes, changes, schedules and takes back a post of the real
// WordPress, and there is ever one.
func TestPut(t *testing.T) {
	s := wordpresstest.Start(t)
	c, mark := client(s), newMark()
	p := article(mark)
	one := func(status string) wordpresstest.Post {
		t.Helper()
		all := s.Posts("igny8:" + mark)
		if len(all) != 1 || all[0].Status != status {
			t.Fatalf("posts %+v, want one that is %s", all, status)
		}
		return all[0]
	}
	first, err := c.Put(t.Context(), 0, p)
	if err != nil {
		t.Fatal(err)
	}
	got := one("publish")
	if first.ID != got.ID || first.Status != "publish" || !strings.HasPrefix(first.URL, s.URL) {
		t.Errorf("it says %+v", first)
	}
	if got.Title != `Bees & <em>"honey"</em>` && got.Title != `Bees &amp; <em>"honey"</em>` || got.Slug != p.Slug || got.Excerpt != p.Excerpt || !strings.Contains(got.Content, "C:\\path ünï 蜂") {
		t.Errorf("the post is %+v", got)
	}
	if !slices.Equal(got.Categories, []string{"Insects &amp; more"}) || !slices.Equal(got.Tags, []string{"bee", "honey"}) {
		t.Errorf("categories %q, tags %q", got.Categories, got.Tags)
	}
	for _, known := range []int64{0, first.ID, 999999} { // forgotten, known, and known wrongly
		p.Title = "Again"
		again, err := c.Put(t.Context(), known, p)
		if err != nil || again.ID != first.ID {
			t.Errorf("put again with %d: %+v, %v", known, again, err)
		}
		if got := one("publish"); got.Title != "Again" {
			t.Errorf("not changed: %+v", got)
		}
	}
	p.Status, p.At = wordpress.Future, time.Now().Add(48*time.Hour)
	if at, err := c.Put(t.Context(), first.ID, p); err != nil || at.Status != "future" {
		t.Errorf("schedule: %+v, %v", at, err)
	}
	if got := one("future"); got.Date != p.At.UTC().Format("2006-01-02 15:04:05") {
		t.Errorf("scheduled for %s", got.Date)
	}
	if off, err := c.SetStatus(t.Context(), first.ID, wordpress.Draft); err != nil || off.Status != "draft" {
		t.Errorf("take back: %+v, %v", off, err)
	}
	one("draft")
	s.Run(`wp_trash_post(` + itoa(first.ID) + `);`)
	p.Status = wordpress.Publish
	if back, err := c.Put(t.Context(), first.ID, p); err != nil || back.ID != first.ID {
		t.Errorf("out of the trash: %+v, %v", back, err)
	}
	one("publish")
	there, err := c.Look(t.Context(), []int64{first.ID, 999999})
	if err != nil || len(there) != 1 || there[first.ID].Status != "publish" {
		t.Errorf("look: %+v, %v", there, err)
	}
	s.Run(`wp_delete_post(` + itoa(first.ID) + `, true);`)
	if _, err := c.SetStatus(t.Context(), first.ID, wordpress.Draft); !wordpress.IsGone(err) {
		t.Errorf("a post that is not there: %v", err)
	}
	if _, err := c.Put(t.Context(), first.ID, p); err != nil {
		t.Errorf("made anew: %v", err)
	}
	one("publish")
}

// TestTwoPutAtOnce is a request that we gave up on and that is still being
// done, and the one that we made instead.
func TestTwoPutAtOnce(t *testing.T) {
	s := wordpresstest.Start(t)
	mark := newMark()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := client(s).Put(t.Context(), 0, article(mark)); err != nil && !wordpress.IsGone(err) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, err := client(s).Put(t.Context(), 0, article(mark)); err != nil {
		t.Fatal(err)
	}
	if all := s.Posts("igny8:" + mark); len(all) != 1 {
		t.Errorf("%d posts: %+v", len(all), all)
	}
}

func TestPicture(t *testing.T) {
	s := wordpresstest.Start(t)
	c, mark := client(s), newMark()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/page" {
			_, _ = rw.Write([]byte("<html>"))
			return
		}
		_, _ = rw.Write(b.Bytes())
	}))
	defer web.Close()
	p := article(mark)
	p.Image = wordpress.Image{URL: web.URL + "/picture", Client: web.Client()}
	for range 2 {
		if _, err := c.Put(t.Context(), 0, p); err != nil {
			t.Fatal(err)
		}
	}
	post := s.Posts("igny8:" + mark)[0]
	if got := s.Run(`echo get_post_mime_type(get_post_thumbnail_id(` + itoa(post.ID) + `)), ' ', count(get_posts(['post_type' => 'attachment', 's' => 'igny8-', 'post_status' => 'any']));`); got != "image/png 1" {
		t.Errorf("the picture is %q", got)
	}
	p.Image.URL = web.URL + "/page"
	if _, err := c.Put(t.Context(), 0, p); err == nil || !strings.Contains(err.Error(), "picture: it is text/html") {
		t.Errorf("a page as a picture: %v", err)
	}
}

// TestDescriptionForSearchEngines has a plugin that shows its field in the API.
func TestDescriptionForSearchEngines(t *testing.T) {
	s := wordpresstest.Start(t)
	s.Plugin(`add_action('init', function () { register_post_meta('post', '_yoast_wpseo_metadesc', ['show_in_rest' => true, 'single' => true, 'type' => 'string',
		'auth_callback' => function () { return current_user_can('edit_posts'); }]); });`)
	mark := newMark()
	there, err := client(s).Put(t.Context(), 0, article(mark))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Run(`echo get_post_meta(` + itoa(there.ID) + `, '_yoast_wpseo_metadesc', true);`); got != "All about bees." {
		t.Errorf("the description is %q", got)
	}
}

// TestProbe says what is wrong with a real site, and with what is none.
func TestProbe(t *testing.T) {
	s := wordpresstest.Start(t)
	probe := func(c *wordpress.Client) wordpress.Trouble {
		t.Helper()
		trouble, err := c.Probe(t.Context(), httpx.ErrPrivateAddress, httpx.ErrRedirected)
		if err != nil {
			t.Error(err)
		}
		return trouble
	}
	page := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/moved/":
			http.Redirect(rw, r, "/", http.StatusMovedPermanently)
		case "/other/":
			_, _ = rw.Write([]byte(`{"namespaces":["x"]}`))
		default:
			_, _ = rw.Write([]byte("<html>Hello</html>"))
		}
	}))
	defer page.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	at := func(url string) *wordpress.Client { c := client(s); c.URL = url; return c }
	wrong := client(s)
	wrong.Password = "abcd efgh ijkl mnop"
	shy := client(s)
	shy.HTTP = httpx.NewClient(httpx.Outbound{})
	reader := client(s)
	reader.User = newMark()
	reader.Password = s.Run(`$u = wp_insert_user(['user_login' => '` + reader.User + `', 'user_pass' => wp_generate_password(), 'role' => 'subscriber']);
		list($p) = WP_Application_Passwords::create_new_application_password($u, ['name' => 'x']); echo $p;`)
	for _, tt := range []struct {
		name string
		c    *wordpress.Client
		want wordpress.Trouble
	}{
		{"well", client(s), wordpress.Fine},
		{"a wrong password", wrong, wordpress.BadPassword},
		{"a reader", reader, wordpress.MayNot},
		{"a private address", shy, wordpress.Forbidden},
		{"no such name", at("http://nowhere.invalid"), wordpress.NoAddress},
		{"nobody there", at("http://127.0.0.1:1"), wordpress.NoConnection},
		{"a page", at(page.URL), wordpress.NotWordPress},
		{"another API", at(page.URL + "/other"), wordpress.NotWordPress},
		{"a redirect", at(page.URL + "/moved"), wordpress.Redirects},
		{"a certificate of its own", at(secure.URL), wordpress.BadTLS},
	} {
		if got := probe(tt.c); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	for code, want := range map[string]wordpress.Trouble{
		`add_filter('wp_is_application_passwords_available', '__return_false');`:                                                             wordpress.NoPasswords,
		`add_filter('rest_authentication_errors', function () { return new WP_Error('rest_disabled', 'Off.', ['status' => 401]); });`:        wordpress.Blocked,
		`unset($_SERVER['PHP_AUTH_USER'], $_SERVER['PHP_AUTH_PW'], $_SERVER['HTTP_AUTHORIZATION']);`:                                         wordpress.BadPassword,
		`add_action('init', function () { if (isset($_GET['rest_route'])) { status_header(403); echo 'Forbidden by a firewall'; exit; } });`: wordpress.Blocked,
	} {
		t.Run(string(want), func(t *testing.T) {
			s := wordpresstest.Start(t)
			s.Plugin(code)
			if got := probe(client(s)); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
