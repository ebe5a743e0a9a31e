package wordpress

import (
	"context"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The statuses of posts that we set or meet.
const (
	Draft   = "draft"
	Publish = "publish"
	Future  = "future"
	Trash   = "trash"
)

// Post is what a post is to be like.
type Post struct {
	Mark       string // our own name of it, by which it is found again
	Title      string
	Slug       string
	Excerpt    string
	HTML       string
	Status     string
	At         time.Time // of a Future one
	Now        time.Time // when one is published that was scheduled for later
	Categories []string
	Tags       []string
	SEO        string // the description for search engines
	Image      Image
}

// There is a post as the site has it.
type There struct {
	ID     int64
	URL    string
	Status string
}

// shown is a post in an answer.
type shown struct {
	ID      int64  `json:"id"`
	Link    string `json:"link"`
	Status  string `json:"status"`
	Content struct {
		Raw string `json:"raw"`
	} `json:"content"`
	Meta any `json:"meta"` // an object, and an empty list when there is none
}

func (s shown) there() There { return There{ID: s.ID, URL: s.Link, Status: s.Status} }

// Mark is the comment by which a post of ours is known: in its text, where it
// survives whatever an editor changes of title, slug or status, and needs no
// plugin.
func Mark(name string) string { return "<!-- igny8:" + name + " -->" }

// Put makes the post as it is to be: the one of that mark is changed, whatever
// has become of it, and only where there is none one is made. id is the post as
// it was known before; zero: it was not. It is safe to be done again after any
// failure, and by two at once: of posts with the same mark the oldest stays.
func (c *Client) Put(ctx context.Context, id int64, p Post) (There, error) {
	fields, err := c.fields(ctx, p)
	if err != nil {
		return There{}, err
	}
	if id == 0 {
		if id, err = c.find(ctx, p.Mark); err != nil {
			return There{}, err
		}
	}
	if id != 0 {
		s, err := c.write(ctx, id, fields)
		if !IsGone(err) {
			return c.finish(ctx, s, p, err)
		}
		if id, err = c.find(ctx, p.Mark); err != nil { // the site was restored, or the post moved
			return There{}, err
		}
		if id != 0 {
			s, err := c.write(ctx, id, fields)
			return c.finish(ctx, s, p, err)
		}
	}
	var made shown
	if err := c.do(ctx, http.MethodPost, "/wp/v2/posts", url.Values{"context": {"edit"}}, fields, &made); err != nil {
		return There{}, fmt.Errorf("make a post: %w", err)
	}
	kept, err := c.alone(ctx, p.Mark, made)
	if err == nil && kept.ID != made.ID {
		kept, err = c.write(ctx, kept.ID, fields)
	}
	return c.finish(ctx, kept, p, err)
}

// write changes a post. One in the trash is taken out of it first, by its
// status.
func (c *Client) write(ctx context.Context, id int64, fields map[string]any) (shown, error) {
	var s shown
	err := c.do(ctx, http.MethodPost, "/wp/v2/posts/"+strconv.FormatInt(id, 10), url.Values{"context": {"edit"}}, fields, &s)
	if err != nil {
		return s, fmt.Errorf("change post %d: %w", id, err)
	}
	return s, nil
}

// every is the statuses in which a post of ours may be.
const every = "publish,future,draft,pending,private,trash"

// ours is the posts with a mark, oldest first.
func (c *Client) ours(ctx context.Context, name string) ([]shown, error) {
	var found, all []shown
	err := c.do(ctx, http.MethodGet, "/wp/v2/posts", url.Values{
		"context": {"edit"}, "status": {every}, "search": {"igny8:" + name}, "orderby": {"id"}, "order": {"asc"}, "per_page": {"100"},
	}, nil, &found)
	if err != nil {
		return nil, fmt.Errorf("look for %s: %w", name, err)
	}
	for _, s := range found {
		if strings.Contains(s.Content.Raw, Mark(name)) {
			all = append(all, s)
		}
	}
	return all, nil
}

func (c *Client) find(ctx context.Context, name string) (int64, error) {
	all, err := c.ours(ctx, name)
	if err != nil || len(all) == 0 {
		return 0, err
	}
	return all[0].ID, nil
}

// alone looks once more after a post was made: a request that we gave up on may
// have made one meanwhile. The oldest stays, and the others go to the trash.
func (c *Client) alone(ctx context.Context, name string, made shown) (shown, error) {
	all, err := c.ours(ctx, name)
	if err != nil || len(all) < 2 {
		return made, err
	}
	for _, s := range all[1:] {
		err := c.do(ctx, http.MethodDelete, "/wp/v2/posts/"+strconv.FormatInt(s.ID, 10), url.Values{"force": {"true"}}, nil, nil)
		if err == nil || IsGone(err) {
			continue
		}
		// Another may have removed it at the same moment: WordPress calls that a failure.
		if there, look := c.Look(ctx, []int64{s.ID}); look != nil || there[s.ID].ID != 0 {
			return made, fmt.Errorf("remove post %d, the second of %s: %w", s.ID, name, err)
		}
	}
	return all[0], nil
}

// fields is a post as the API takes it.
func (c *Client) fields(ctx context.Context, p Post) (map[string]any, error) {
	f := map[string]any{
		"title": p.Title, "slug": p.Slug, "excerpt": p.Excerpt, "content": strings.TrimSpace(p.HTML) + "\n" + Mark(p.Mark), "status": p.Status,
	}
	if p.Status == Future {
		f["date_gmt"] = gmt(p.At)
	}
	for taxonomy, names := range map[string][]string{"categories": p.Categories, "tags": p.Tags} {
		if len(names) == 0 {
			continue
		}
		ids, err := c.terms(ctx, taxonomy, names)
		if err != nil {
			return nil, err
		}
		f[taxonomy] = ids
	}
	if p.Image.URL != "" {
		id, err := c.image(ctx, p.Image)
		if err != nil {
			return nil, err
		}
		f["featured_media"] = id
	}
	return f, nil
}

// terms is the numbers of categories or tags, which are made where they are
// missing.
func (c *Client) terms(ctx context.Context, taxonomy string, names []string) ([]int64, error) {
	var ids []int64
	for _, name := range names {
		id, err := c.term(ctx, taxonomy, name)
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", taxonomy, name, err)
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func (c *Client) term(ctx context.Context, taxonomy, name string) (int64, error) {
	type term struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	}
	var found []term
	err := c.do(ctx, http.MethodGet, "/wp/v2/"+taxonomy, url.Values{"search": {name}, "per_page": {"100"}}, nil, &found)
	if err != nil {
		return 0, err
	}
	for _, t := range found {
		if strings.EqualFold(html.UnescapeString(t.Name), name) {
			return t.ID, nil
		}
	}
	var made term
	err = c.do(ctx, http.MethodPost, "/wp/v2/"+taxonomy, nil, map[string]any{"name": name}, &made)
	var r *Refusal
	if errors.As(err, &r) && r.Code == "term_exists" && r.TermID != 0 {
		return r.TermID, nil
	}
	return made.ID, err
}

// seoFields are the meta fields of plugins for search engines that have shown
// themselves in the API.
var seoFields = []string{"_yoast_wpseo_metadesc", "rank_math_description", "_igny8_meta_description"}

func gmt(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05") }

// finish sees to what WordPress makes of a post by itself, and gives the
// description to the plugin that is there for it.
func (c *Client) finish(ctx context.Context, s shown, p Post, err error) (There, error) {
	if err != nil {
		return There{}, err
	}
	if p.Status == Publish && s.Status == Future { // WordPress keeps to the time that it was scheduled for
		s, err = c.write(ctx, s.ID, map[string]any{"status": Publish, "date_gmt": gmt(p.Now)})
		if err != nil {
			return There{}, err
		}
	}
	meta, _ := s.Meta.(map[string]any)
	change := map[string]any{}
	for _, f := range seoFields {
		if has, ok := meta[f]; ok && has != p.SEO && p.SEO != "" {
			change[f] = p.SEO
		}
	}
	if len(change) > 0 {
		if s, err = c.write(ctx, s.ID, map[string]any{"meta": change}); err != nil {
			return There{}, err
		}
	}
	return s.there(), nil
}

// SetStatus changes nothing but the status of a post. A post that is not there
// has none: IsGone.
func (c *Client) SetStatus(ctx context.Context, id int64, status string) (There, error) {
	s, err := c.write(ctx, id, map[string]any{"status": status})
	return s.there(), err
}

// Look is how posts are, by their numbers; those that are not there are not in
// the answer. It takes at most 100.
func (c *Client) Look(ctx context.Context, ids []int64) (map[int64]There, error) {
	text := make([]string, len(ids))
	for i, id := range ids {
		text[i] = strconv.FormatInt(id, 10)
	}
	var found []shown
	err := c.do(ctx, http.MethodGet, "/wp/v2/posts", url.Values{
		"context": {"edit"}, "status": {every}, "include": {strings.Join(text, ",")}, "per_page": {"100"},
	}, nil, &found)
	if err != nil {
		return nil, fmt.Errorf("look at %d posts: %w", len(ids), err)
	}
	all := make(map[int64]There, len(found))
	for _, s := range found {
		all[s.ID] = s.there()
	}
	return all, nil
}
