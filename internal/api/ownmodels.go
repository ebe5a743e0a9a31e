package api

import (
	"context"
	"net/http"
	"time"

	"igny8/internal/ai"
	"igny8/internal/config"
	"igny8/internal/identity"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
)

// ownModelRoutes are for an account that has a key of its own with a provider of
// models.
func (a *API) ownModelRoutes() {
	keys := identity.Tenant(tenant.ManageKeys)
	read(a, route{method: http.MethodGet, path: "/account/ai-provider", id: "get-ai-provider", tag: "account", summary: "The account's own AI provider, without its key"}, keys, getOwnModels)
	write(a, route{method: http.MethodPut, path: "/account/ai-provider", id: "set-ai-provider", tag: "account",
		summary: "Have the account's work done by its own AI provider. It costs the same credits"}, keys, a.setOwnModels)
	write(a, route{method: http.MethodDelete, path: "/account/ai-provider", id: "drop-ai-provider", tag: "account", status: http.StatusNoContent,
		summary: "Forget the account's own AI provider and its key"}, keys, dropOwnModels)
	mount(a, route{method: http.MethodPost, scope: throttle.AI, path: "/account/ai-provider/test", id: "test-ai-provider", tag: "account",
		summary: "Ask the account's own AI provider something small, and say what is wrong"}, keys, a.testOwnModels)
}

type ownModelsView struct {
	Provider   string     `json:"provider" enum:"openai,anthropic"`
	BaseURL    *string    `json:"base_url" doc:"Null: the vendor's own."`
	Model      string     `json:"model"`
	Embeddings *string    `json:"embedding_model" doc:"By which clustering goes too. Null: by the words."`
	Hint       *string    `json:"key_hint" doc:"How the key ends."`
	Trouble    *string    `json:"trouble" doc:"What the last test found, in a word; null: nothing."`
	Detail     *string    `json:"detail" doc:"That, and what to do."`
	Checked    *time.Time `json:"checked_at"`
	Updated    time.Time  `json:"updated_at"`
}

func showOwnModels(o ai.Own) *reply[ownModelsView] {
	return &reply[ownModelsView]{Body: ownModelsView{
		Provider: string(o.Vendor), BaseURL: text(o.BaseURL), Model: o.Model, Embeddings: text(o.Embeddings), Hint: text(o.Hint), Trouble: text(o.Trouble),
		Detail: text(o.Says().String()), Checked: moment(o.Checked), Updated: o.Updated,
	}}
}

func getOwnModels(ctx context.Context, v *tenant.View, _ *struct{}) (*reply[ownModelsView], error) {
	o, err := ai.LoadOwn(ctx, v)
	return showOwnModels(o), err
}

type setOwnModelsInput struct {
	Body struct {
		Provider   string `json:"provider" enum:"openai,anthropic" doc:"openai is every endpoint that speaks as OpenAI's does."`
		BaseURL    string `json:"base_url,omitempty" maxLength:"500" doc:"None: the vendor's own."`
		Model      string `json:"model" maxLength:"400"`
		Embeddings string `json:"embedding_model,omitempty" maxLength:"400" doc:"A model of embeddings of the same endpoint, for openai."`
		Key        string `json:"api_key,omitempty" maxLength:"1000" doc:"It is never told again. None: as it was, for the same provider and address."`
	}
}

func (a *API) setOwnModels(ctx context.Context, tx *tenant.Tx, in *setOwnModelsInput) (*reply[ownModelsView], error) {
	b := in.Body
	o, err := a.models.SetOwn(ctx, tx, ai.NewOwn{Vendor: b.Provider, BaseURL: b.BaseURL, Model: b.Model, Embeddings: b.Embeddings, Key: config.NewSecret(b.Key)})
	return showOwnModels(o), err
}

func dropOwnModels(ctx context.Context, tx *tenant.Tx, _ *struct{}) (*none, error) {
	return &none{}, ai.DropOwn(ctx, tx)
}

func (a *API) testOwnModels(ctx context.Context, c visit, _ *struct{}) (*reply[ownModelsView], error) {
	o, err := a.models.TestOwn(ctx, c.Scope)
	return showOwnModels(o), err
}
