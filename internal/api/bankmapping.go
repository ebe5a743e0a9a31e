package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"igny8/internal/bank"
	"igny8/internal/identity"
	"igny8/internal/tenant"
)

func (a *API) bankMappingRoutes() {
	p := tenant.PaymentsConfirm
	onShared(a, route{method: http.MethodGet, path: "/admin/bank-mappings", id: "admin-list-bank-mappings", tag: "admin", summary: "The mappings of CSV files, by name"},
		p, listMappings)
	onShared(a, route{method: http.MethodGet, path: "/admin/bank-mappings/{name}", id: "admin-get-bank-mapping", tag: "admin", summary: "One mapping of CSV files"},
		p, getMapping)
	onShared(a, route{method: http.MethodPut, path: "/admin/bank-mappings/{name}", id: "admin-set-bank-mapping", tag: "admin", summary: "Say what the columns of a bank's CSV files hold"},
		p, setMapping)
	propose := route{method: http.MethodPost, path: "/admin/bank-mappings/proposal", id: "admin-propose-bank-mapping", tag: "admin",
		summary: "What the columns of a CSV file seem to hold, by its headings", maxBody: maxStatement}
	mountKeeping(a, propose, identity.Staff(p), a.proposeMapping(propose))
}

type mappingView struct {
	Name string `json:"name"`
	bank.Mapping
	ChangedBy string    `json:"changed_by"`
	Changed   time.Time `json:"changed_at"`
}

func showMapping(m bank.SavedMapping) mappingView {
	return mappingView{m.Name, m.Mapping, m.ChangedBy, m.Changed}
}

func listMappings(ctx context.Context, tx *tenant.SharedTx, _ *struct{}) (*reply[page[mappingView]], error) {
	all, err := bank.Mappings(ctx, tx.Shared)
	return list(all, showMapping), err
}

// MappingName is a mapping in a path.
type MappingName struct {
	Name string `path:"name" maxLength:"100"`
}

func getMapping(ctx context.Context, tx *tenant.SharedTx, in *MappingName) (*reply[mappingView], error) {
	m, err := bank.LoadMapping(ctx, tx.Shared, in.Name)
	return &reply[mappingView]{Body: showMapping(m)}, err
}

type mappingInput struct {
	MappingName
	Body bank.Mapping
}

func setMapping(ctx context.Context, tx *tenant.SharedTx, in *mappingInput) (*reply[mappingView], error) {
	m, err := bank.SetMapping(ctx, tx, in.Name, in.Body)
	return &reply[mappingView]{Body: showMapping(m)}, err
}

type proposalForm struct {
	File huma.FormFile `form:"file" required:"true" doc:"A CSV file as the bank gave it."`
}

type proposalUpload struct {
	RawBody huma.MultipartFormFiles[proposalForm]
	content []byte
}

// Resolve reads the file before any transaction begins.
func (in *proposalUpload) Resolve(huma.Context) (errs []error) {
	d := in.RawBody.Data()
	if d == nil || !d.File.IsSet {
		return nil // that there is no form, or no file in it, has been told
	}
	in.content, errs = contentOf(d.File)
	return errs
}

func (in *proposalUpload) digest() []byte { return digestOf(in.content, "") }

type proposedView struct {
	Mapping  bank.Mapping `json:"mapping" doc:"What was not recognised is empty. Nothing is kept."`
	Headings []string     `json:"headings" doc:"The columns of the file."`
}

func (a *API) proposeMapping(r route) func(context.Context, visit, *proposalUpload) (*reply[proposedView], error) {
	return noted(a, r, func(_ context.Context, _ visit, in *proposalUpload) (*reply[proposedView], error) {
		m, headings, err := bank.ProposeMapping(in.content)
		return &reply[proposedView]{Body: proposedView{m, headings}}, err
	})
}
