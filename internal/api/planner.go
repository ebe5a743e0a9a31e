package api

import (
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"igny8/internal/fault"
	"igny8/internal/identity"
	"igny8/internal/planner"
	"igny8/internal/site"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
)

// maxUpload is how many bytes an import may have: the largest file that is
// read, and what the form puts around it.
const maxUpload = 65 << 20

func (a *API) plannerRoutes() {
	reading, writing := identity.Tenant(tenant.ReadContent), identity.Tenant(tenant.WriteContent)
	read(a, route{method: http.MethodGet, path: "/planner/keywords", id: "list-keywords", tag: "planner", summary: "The keywords"}, reading, listKeywords)
	write(a, route{method: http.MethodPost, path: "/planner/keywords", id: "create-keywords", tag: "planner", status: http.StatusCreated,
		summary: "Add keywords by hand; one that is there already is returned as it is"}, writing, a.createKeywords)
	write(a, route{method: http.MethodPost, path: "/planner/keywords/delete", id: "delete-keywords", tag: "planner",
		summary: "Delete keywords of a site. What was written for them stays"}, writing, deleteKeywords)
	write(a, route{method: http.MethodPost, path: "/planner/keywords/import", id: "import-keywords", tag: "planner", status: http.StatusAccepted, maxBody: maxUpload,
		summary: "Import a file of keywords, as Search Console, Semrush, Ahrefs or Keyword Planner export it"}, writing, a.importKeywords)
	mount(a, route{method: http.MethodPost, path: "/planner/keywords/import/preview", id: "preview-import", tag: "planner", maxBody: maxUpload,
		summary: "Read a file of keywords, and say how it is understood and what an import would make of it. Nothing is stored"}, writing, a.previewImport)
	mount(a, route{method: http.MethodGet, path: "/planner/imports/{id}/rejected", id: "get-import-rejections", tag: "planner",
		summary: "The rows of a file that an import left out, with the reason, as CSV. It is kept for 30 days", media: "text/csv"}, reading, a.importRejections)
	write(a, route{method: http.MethodPost, scope: throttle.AI, path: "/planner/keywords/auto_cluster", id: "auto-cluster", tag: "planner", status: http.StatusAccepted,
		summary: "Group keywords into clusters"}, writing, a.autoCluster)
	read(a, route{method: http.MethodGet, path: "/planner/clusters", id: "list-clusters", tag: "planner", summary: "The clusters, largest first"}, reading, listClusters)
	read(a, route{method: http.MethodGet, path: "/planner/clusters/{id}", id: "get-cluster", tag: "planner", summary: "One cluster"}, reading, getCluster)
	a.clusterEditRoutes(writing)
	write(a, route{method: http.MethodPost, scope: throttle.AI, path: "/planner/clusters/generate_ideas", id: "generate-ideas", tag: "planner", status: http.StatusAccepted,
		summary: "Propose articles for clusters"}, writing, a.generateIdeas)
	read(a, route{method: http.MethodGet, path: "/planner/ideas", id: "list-ideas", tag: "planner", summary: "The ideas"}, reading, listIdeas)
	read(a, route{method: http.MethodGet, path: "/planner/ideas/{id}", id: "get-idea", tag: "planner", summary: "One idea"}, reading, getIdea)
	a.briefRoutes()
}

type keywordView struct {
	ID         string    `json:"id"`
	Site       string    `json:"site_id"`
	Sector     string    `json:"sector_id"`
	Cluster    *string   `json:"cluster_id"`
	Phrase     string    `json:"phrase"`
	Volume     *int64    `json:"volume" doc:"Searches a month."`
	Difficulty *int64    `json:"difficulty" doc:"0 to 100."`
	CPCMicros  *int64    `json:"cpc_micros" doc:"Cost per click in millionths of its currency."`
	Currency   *string   `json:"cpc_currency"`
	Intent     *string   `json:"intent" enum:"informational,navigational,commercial,transactional"`
	Country    *string   `json:"country"`
	Created    time.Time `json:"created_at"`
}

func showKeyword(k planner.Keyword) keywordView {
	return keywordView{
		ID: k.ID.String(), Site: k.Site.String(), Sector: k.Sector.String(), Cluster: text(k.Cluster.String()), Phrase: k.Phrase,
		Volume: k.Volume, Difficulty: k.Difficulty, CPCMicros: k.CPCMicros, Currency: text(k.CPCCurrency), Intent: text(k.Intent),
		Country: text(k.Country), Created: k.Created,
	}
}

type keywordsInput struct {
	Window
	Site        string `query:"site_id" maxLength:"64"`
	Cluster     string `query:"cluster_id" maxLength:"64"`
	Unclustered bool   `query:"unclustered" doc:"Only those in no cluster."`
	Search      string `query:"search" maxLength:"200" doc:"Stands somewhere in the keyword, whatever its case and accents."`
	Intent      string `query:"intent" enum:"informational,navigational,commercial,transactional"`
	MinVolume   int64  `query:"min_volume" minimum:"0" doc:"Searches a month at least. Zero: whatever it is, or if it is not known."`
	MaxVolume   int64  `query:"max_volume" minimum:"-1" default:"-1" doc:"Searches a month at most. -1: whatever it is, or if it is not known."`
	MinDiff     int64  `query:"min_difficulty" minimum:"0" maximum:"100" doc:"0: whatever it is, or if it is not known."`
	MaxDiff     int64  `query:"max_difficulty" minimum:"-1" maximum:"100" default:"-1" doc:"-1: whatever it is, or if it is not known."`
	Order       string `query:"order" enum:"arrival,volume,difficulty,phrase" default:"arrival" doc:"Volume: those most searched for first. Difficulty: the easiest first. Phrase: by the alphabet."`
}

// filter is the filter that the query asks for.
func (in *keywordsInput) filter() planner.KeywordFilter {
	f := planner.KeywordFilter{Unclustered: in.Unclustered, Search: in.Search, Intent: in.Intent, Limit: in.Limit + 1, After: in.Cursor}
	for _, bound := range []struct {
		asked, none int64
		to          **int64
	}{{in.MinVolume, 0, &f.MinVolume}, {in.MaxVolume, -1, &f.MaxVolume}, {in.MinDiff, 0, &f.MinDifficulty}, {in.MaxDiff, -1, &f.MaxDifficulty}} {
		if bound.asked != bound.none {
			*bound.to = &bound.asked
		}
	}
	if in.Order != "arrival" {
		f.Order = planner.KeywordOrder(in.Order)
	}
	return f
}

func listKeywords(ctx context.Context, v *tenant.View, in *keywordsInput) (*reply[page[keywordView]], error) {
	f := in.filter()
	var err error
	if f.Site, err = filter(site.ParseID, in.Site, site.ErrNotFound); err != nil {
		return nil, err
	}
	if f.Cluster, err = filter(planner.ParseClusterID, in.Cluster, planner.ErrClusterNotFound); err != nil {
		return nil, err
	}
	if f.Order == planner.ByArrival {
		after, err := cursorOf(planner.ParseKeywordID, in.Cursor)
		if err != nil {
			return nil, err
		}
		f.After = after.String()
	}
	all, err := planner.Keywords(ctx, v, f)
	return part(all, in.Limit, showKeyword, f.Order.Cursor), err
}

// filter reads an id that narrows a list; none is the zero one.
func filter[T any](parse func(string) (T, error), s string, missing *fault.Fault) (T, error) {
	var none T
	if s == "" {
		return none, nil
	}
	return named(parse, s, missing)
}

type newKeyword struct {
	Phrase     string `json:"phrase" maxLength:"1000"`
	Volume     *int64 `json:"volume,omitempty" minimum:"0"`
	Difficulty *int64 `json:"difficulty,omitempty" minimum:"0" maximum:"100"`
	Intent     string `json:"intent,omitempty" maxLength:"40" doc:"informational, navigational, commercial or transactional."`
	Country    string `json:"country,omitempty" maxLength:"2"`
}

type createKeywordsInput struct {
	Body struct {
		Site     string       `json:"site_id" maxLength:"64"`
		Sector   string       `json:"sector_id,omitempty" maxLength:"64" doc:"None: the site's first."`
		Keywords []newKeyword `json:"keywords" minItems:"1" maxItems:"1000" nullable:"false"`
	}
}

func (a *API) createKeywords(ctx context.Context, tx *tenant.Tx, in *createKeywordsInput) (*reply[page[keywordView]], error) {
	sid, sec, err := place(in.Body.Site, in.Body.Sector)
	if err != nil {
		return nil, err
	}
	ks := make([]planner.NewKeyword, 0, len(in.Body.Keywords))
	for _, k := range in.Body.Keywords {
		ks = append(ks, planner.NewKeyword{
			Site: sid, Sector: sec, Phrase: k.Phrase, Volume: k.Volume, Difficulty: k.Difficulty, Intent: k.Intent, Country: k.Country,
		})
	}
	all, err := a.planner.Add(ctx, tx, ks)
	return list(all, showKeyword), err
}

type deleteKeywordsInput struct {
	Body struct {
		Site     string   `json:"site_id" maxLength:"64"`
		Keywords []string `json:"keyword_ids" minItems:"1" maxItems:"1000" nullable:"false"`
	}
}

type deletedView struct {
	Deleted int64 `json:"deleted"`
}

func deleteKeywords(ctx context.Context, tx *tenant.Tx, in *deleteKeywordsInput) (*reply[deletedView], error) {
	sid, err := named(site.ParseID, in.Body.Site, site.ErrNotFound)
	if err != nil {
		return nil, err
	}
	ks, err := allNamed(planner.ParseKeywordID, in.Body.Keywords, planner.ErrKeywordNotFound)
	if err != nil {
		return nil, err
	}
	n, err := planner.DeleteKeywords(ctx, tx, sid, ks)
	return &reply[deletedView]{Body: deletedView{Deleted: n}}, err
}

// place reads where keywords belong.
func place(siteID, sectorID string) (sid site.ID, sec site.SectorID, err error) {
	if sid, err = named(site.ParseID, siteID, site.ErrNotFound); err != nil {
		return sid, sec, err
	}
	sec, err = filter(site.ParseSectorID, sectorID, site.ErrSectorNotFound)
	return sid, sec, err
}

type importForm struct {
	File   huma.FormFile `form:"file" required:"true" doc:"CSV, TSV or a list, in any common encoding, or a workbook of Excel (XLSX)."`
	Site   string        `form:"site_id" required:"true" maxLength:"64"`
	Sector string        `form:"sector_id" required:"false" maxLength:"64" doc:"None: the site's first."`
	Means  string        `form:"columns" required:"false" maxLength:"10000" doc:"What columns hold, where their headers do not say it: a JSON object of the index of a column (from 0) and what it means, such as {\"0\": \"keyword\", \"3\": \"volume\", \"4\": \"ignore\"}. The others stay as they are understood."`
}

type importInput struct {
	RawBody huma.MultipartFormFiles[importForm]
	content []byte
}

var errUpload = fault.New(fault.Malformed, "request.upload", "The uploaded file did not arrive whole. Send it again.")

// Resolve reads the file before any transaction begins.
func (in *importInput) Resolve(huma.Context) []error {
	d := in.RawBody.Data()
	if d == nil || !d.File.IsSet {
		return nil // that there is no form, or no file in it, has been told
	}
	f := d.File
	defer func() { _ = f.Close() }()  // it was only read
	in.content = make([]byte, f.Size) // which the form has counted
	if _, err := io.ReadFull(f, in.content); err != nil {
		return []error{errUpload}
	}
	return nil
}

// digest is what an Idempotency-Key is bound to: the file and where it goes.
func (in *importInput) digest() []byte {
	d := in.RawBody.Data()
	sum := sha256.Sum256(in.content)
	return append(sum[:], d.Site+"\n"+d.Sector+"\n"+d.Means+"\n"+d.File.Filename...)
}

func (a *API) importKeywords(ctx context.Context, tx *tenant.Tx, in *importInput) (*reply[jobView], error) {
	d := in.RawBody.Data()
	sid, sec, err := place(d.Site, d.Sector)
	if err != nil {
		return nil, err
	}
	columns, err := columnsOf(d.Means)
	if err != nil {
		return nil, err
	}
	jid, err := a.planner.Import(ctx, tx, planner.Upload{Site: sid, Sector: sec, Name: d.File.Filename, Body: in.content, Columns: columns})
	if err != nil {
		return nil, err
	}
	j, err := loadJob(ctx, tx, jid)
	return &reply[jobView]{Body: j}, err
}

type autoClusterInput struct {
	Body struct {
		Site     string   `json:"site_id" maxLength:"64"`
		Keywords []string `json:"keyword_ids,omitempty" maxItems:"1000" doc:"None: all of the site that are in no cluster; if there are none, all of the site."`
	}
}

func (a *API) autoCluster(ctx context.Context, tx *tenant.Tx, in *autoClusterInput) (*reply[orderedView], error) {
	sid, err := named(site.ParseID, in.Body.Site, site.ErrNotFound)
	if err != nil {
		return nil, err
	}
	ks, err := allNamed(planner.ParseKeywordID, in.Body.Keywords, planner.ErrKeywordNotFound)
	if err != nil {
		return nil, err
	}
	o, err := a.planner.AutoCluster(ctx, tx, sid, ks)
	if err != nil {
		return nil, err
	}
	return showOrdered(ctx, tx, o.Job, o.Quote)
}

// allNamed reads ids; see named.
func allNamed[T any](parse func(string) (T, error), names []string, missing *fault.Fault) ([]T, error) {
	all := make([]T, 0, len(names))
	for _, s := range names {
		v, err := named(parse, s, missing)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

type clusterView struct {
	ID       string    `json:"id"`
	Site     string    `json:"site_id"`
	Name     string    `json:"name"`
	Pillar   string    `json:"pillar" doc:"The leading keyword."`
	Intent   *string   `json:"intent"`
	Size     int64     `json:"size" doc:"How many keywords."`
	Volume   int64     `json:"volume" doc:"Searches a month, of all of them."`
	Cohesion int64     `json:"cohesion" doc:"How alike they are, in thousandths."`
	Locked   bool      `json:"locked" doc:"A person made, changed or locked it: no clustering takes its keywords or its name."`
	Created  time.Time `json:"created_at"`
}

func showCluster(c planner.Cluster) clusterView {
	return clusterView{
		ID: c.ID.String(), Site: c.Site.String(), Name: c.Name, Pillar: c.Pillar, Intent: text(c.Intent), Size: c.Size,
		Volume: c.Volume, Cohesion: c.Cohesion, Locked: c.Locked, Created: c.Created,
	}
}

type clustersInput struct {
	Window
	Site string `query:"site_id" maxLength:"64"`
}

func listClusters(ctx context.Context, v *tenant.View, in *clustersInput) (*reply[page[clusterView]], error) {
	f := planner.ClusterFilter{After: in.Cursor, Limit: in.Limit + 1}
	var err error
	if f.Site, err = filter(site.ParseID, in.Site, site.ErrNotFound); err != nil {
		return nil, err
	}
	all, err := planner.Clusters(ctx, v, f)
	return part(all, in.Limit, showCluster, planner.Cluster.Cursor), err
}

func getCluster(ctx context.Context, v *tenant.View, in *IDInput) (*reply[clusterView], error) {
	cid, err := named(planner.ParseClusterID, in.ID, planner.ErrClusterNotFound)
	if err != nil {
		return nil, err
	}
	c, err := planner.LoadCluster(ctx, v, cid)
	return &reply[clusterView]{Body: showCluster(c)}, err
}

type generateIdeasInput struct {
	Body struct {
		Clusters []string `json:"cluster_ids" minItems:"1" maxItems:"100" nullable:"false"`
		Count    int      `json:"count,omitempty" minimum:"1" maximum:"20" doc:"How many for each cluster at most. None: 5."`
	}
}

func (a *API) generateIdeas(ctx context.Context, tx *tenant.Tx, in *generateIdeasInput) (*reply[orderedView], error) {
	cs, err := allNamed(planner.ParseClusterID, in.Body.Clusters, planner.ErrClusterNotFound)
	if err != nil {
		return nil, err
	}
	o, err := a.planner.GenerateIdeas(ctx, tx, cs, in.Body.Count)
	if err != nil {
		return nil, err
	}
	return showOrdered(ctx, tx, o.Job, o.Quote)
}

type sectionView struct {
	Heading  string   `json:"heading"`
	Keywords []string `json:"keywords"`
}

type ideaView struct {
	ID        string        `json:"id"`
	Site      string        `json:"site_id"`
	Cluster   string        `json:"cluster_id"`
	Title     string        `json:"title"`
	Angle     string        `json:"angle"`
	Audience  string        `json:"audience"`
	Intent    *string       `json:"intent"`
	Status    string        `json:"status" enum:"proposed,accepted,dismissed"`
	Outline   []sectionView `json:"outline"`
	Keywords  []string      `json:"keywords" doc:"The main one first."`
	Questions []string      `json:"questions" doc:"What readers ask: the article answers it."`
	Created   time.Time     `json:"created_at"`
}

func showIdea(i planner.Idea) ideaView {
	v := ideaView{
		ID: i.ID.String(), Site: i.Site.String(), Cluster: i.Cluster.String(), Title: i.Title, Angle: i.Angle, Audience: i.Audience,
		Intent: text(i.Intent), Status: i.Status, Keywords: orEmpty(i.Keywords), Questions: orEmpty(i.Questions), Created: i.Created,
	}
	v.Outline = showOutline(i.Outline)
	return v
}

func showOutline(all []planner.Section) []sectionView {
	out := []sectionView{}
	for _, s := range all {
		out = append(out, sectionView{Heading: s.Heading, Keywords: orEmpty(s.Keywords)})
	}
	return out
}

// orEmpty is all, as a list even when there is nothing in it.
func orEmpty(all []string) []string {
	if all == nil {
		return []string{}
	}
	return all
}

type ideasInput struct {
	Window
	Site    string `query:"site_id" maxLength:"64"`
	Cluster string `query:"cluster_id" maxLength:"64"`
	Status  string `query:"status" enum:"proposed,accepted,dismissed"`
}

func listIdeas(ctx context.Context, v *tenant.View, in *ideasInput) (*reply[page[ideaView]], error) {
	f := planner.IdeaFilter{Status: in.Status, Limit: in.Limit + 1}
	var err error
	if f.Site, err = filter(site.ParseID, in.Site, site.ErrNotFound); err != nil {
		return nil, err
	}
	if f.Cluster, err = filter(planner.ParseClusterID, in.Cluster, planner.ErrClusterNotFound); err != nil {
		return nil, err
	}
	after, err := cursorOf(planner.ParseIdeaID, in.Cursor)
	if err != nil {
		return nil, err
	}
	f.After = after.String()
	all, err := planner.Ideas(ctx, v, f)
	return part(all, in.Limit, showIdea, func(i planner.Idea) string { return i.ID.String() }), err
}

func getIdea(ctx context.Context, v *tenant.View, in *IDInput) (*reply[ideaView], error) {
	iid, err := named(planner.ParseIdeaID, in.ID, planner.ErrIdeaNotFound)
	if err != nil {
		return nil, err
	}
	i, err := planner.LoadIdea(ctx, v, iid)
	return &reply[ideaView]{Body: showIdea(i)}, err
}
