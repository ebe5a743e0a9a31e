package api

import (
	"context"
	"net/http"
	"time"

	"igny8/internal/prompt"
	"igny8/internal/tenant"
)

// promptRoutes are for who decides what models are told.
func (a *API) promptRoutes() {
	onShared(a, route{method: http.MethodGet, path: "/admin/prompts", id: "admin-list-prompts", tag: "admin",
		summary: "What models are told to do, for each kind of work"}, tenant.PromptsManage, listPrompts)
	onShared(a, route{method: http.MethodGet, path: "/admin/prompts/{kind}/versions", id: "admin-list-prompt-versions", tag: "admin",
		summary: "Every version of a prompt, newest first, the program's last"}, tenant.PromptsManage, listPromptVersions)
	onShared(a, route{method: http.MethodPut, path: "/admin/prompts/{kind}", id: "admin-set-prompt", tag: "admin",
		summary: "Make a new version of a prompt, which counts from the next call on"}, tenant.PromptsManage, setPrompt)
}

type promptView struct {
	Kind    string     `json:"kind" enum:"name_clusters,generate_ideas,generate_content,regenerate_section"`
	Version int64      `json:"version" doc:"0: the one of the program."`
	Text    string     `json:"text" doc:"Words in quotation marks are fields of the message that goes with it. What the answer is to look like is added to it."`
	Actor   *string    `json:"actor"`
	Created *time.Time `json:"created_at"`
}

func showPrompt(p prompt.Prompt) promptView {
	v := promptView{Kind: string(p.Kind), Version: p.Version, Text: p.Text, Actor: text(p.Actor)}
	if !p.Created.IsZero() {
		v.Created = &p.Created
	}
	return v
}

func listPrompts(ctx context.Context, tx *tenant.SharedTx, _ *struct{}) (*reply[page[promptView]], error) {
	var all []prompt.Prompt
	for _, k := range prompt.Kinds() {
		p, err := prompt.Current(ctx, tx.Shared, k)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return list(all, showPrompt), nil
}

// KindInput names a kind of work that models are asked to do.
type KindInput struct {
	Kind string `path:"kind" maxLength:"40"`
}

func listPromptVersions(ctx context.Context, tx *tenant.SharedTx, in *KindInput) (*reply[page[promptView]], error) {
	k, err := prompt.ParseKind(in.Kind)
	if err != nil {
		return nil, err
	}
	all, err := prompt.Versions(ctx, tx.Shared, k)
	return list(all, showPrompt), err
}

type setPromptInput struct {
	KindInput
	Body struct {
		Version int64  `json:"version" minimum:"0" doc:"The version that was read: it is refused when there is a newer one."`
		Text    string `json:"text" maxLength:"40000"`
	}
}

func setPrompt(ctx context.Context, tx *tenant.SharedTx, in *setPromptInput) (*reply[promptView], error) {
	k, err := prompt.ParseKind(in.Kind)
	if err != nil {
		return nil, err
	}
	p, err := prompt.Set(ctx, tx, tx.Operator().Actor(), k, in.Body.Version, in.Body.Text)
	return &reply[promptView]{Body: showPrompt(p)}, err
}
