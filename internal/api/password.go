package api

import (
	"context"
	"net/http"

	"igny8/internal/identity"
	"igny8/internal/throttle"
)

func (a *API) passwordRoutes() {
	public(a, route{method: http.MethodPost, scope: throttle.Auth, path: "/auth/verify-email", id: "verify-email", tag: "auth",
		summary: "Show that an e-mail address is yours, with the token of the letter"}, a.verifyEmail)
	mount(a, route{method: http.MethodPost, path: "/auth/verify-email/resend", id: "resend-verification", tag: "auth", status: http.StatusAccepted,
		summary: "Send that letter again"}, identity.AnyUser(), a.resendVerification)
	public(a, route{method: http.MethodPost, scope: throttle.Auth, path: "/auth/password-reset", id: "ask-password-reset", tag: "auth", status: http.StatusAccepted,
		summary: "Ask for a letter with which to choose a new password"}, a.askReset)
	public(a, route{method: http.MethodPost, scope: throttle.Auth, path: "/auth/password-reset/confirm", id: "reset-password", tag: "auth", status: http.StatusNoContent,
		summary: "Choose a new password, with the token of the letter; every session ends"}, a.resetPassword)
	mount(a, route{method: http.MethodPost, path: "/auth/password", id: "change-password", tag: "auth",
		summary: "Change the password; every session ends, and the answer begins a new one"}, identity.AnyUser(), a.changePassword)
}

type linkInput struct {
	Body struct {
		Token string `json:"token" maxLength:"2048" doc:"From the link in the letter."`
	}
}

type verifiedView struct {
	User userView `json:"user"`
}

func (a *API) verifyEmail(ctx context.Context, in *linkInput) (*reply[verifiedView], error) {
	u, err := a.identity.VerifyEmail(ctx, in.Body.Token)
	if err != nil {
		return nil, err
	}
	return &reply[verifiedView]{Body: verifiedView{User: showUser(u)}}, nil
}

// letterView is the one answer of what may send a letter. It does not tell
// whether there was anybody to send one to.
type letterView struct {
	Message string `json:"message"`
}

func (a *API) resendVerification(ctx context.Context, v visit, _ *struct{}) (*reply[letterView], error) {
	if err := a.identity.ResendVerification(ctx, v.User); err != nil {
		return nil, err
	}
	return &reply[letterView]{Body: letterView{"Unless the address is verified, a letter with a new link is on its way."}}, nil
}

type askResetInput struct {
	Body struct {
		Email string `json:"email" maxLength:"254"`
	}
}

func (a *API) askReset(ctx context.Context, in *askResetInput) (*reply[letterView], error) {
	if err := a.identity.AskReset(ctx, in.Body.Email); err != nil {
		return nil, err
	}
	return &reply[letterView]{Body: letterView{"If somebody is registered with this address, a letter is on its way to it. Its link works once, for an hour."}}, nil
}

type resetInput struct {
	Body struct {
		Token    string `json:"token" maxLength:"2048" doc:"From the link in the letter."`
		Password string `json:"password" maxLength:"1024"`
	}
}

func (a *API) resetPassword(ctx context.Context, in *resetInput) (*none, error) {
	return &none{}, a.identity.ResetPassword(ctx, in.Body.Token, in.Body.Password)
}

type changePasswordInput struct {
	Body struct {
		Current  string `json:"current_password" maxLength:"1024"`
		Password string `json:"password" maxLength:"1024" doc:"The new one."`
	}
}

func (a *API) changePassword(ctx context.Context, v visit, in *changePasswordInput) (*reply[tokensView], error) {
	t, err := a.identity.ChangePassword(ctx, v.Caller, in.Body.Current, in.Body.Password, v.from)
	if err != nil {
		return nil, err
	}
	return &reply[tokensView]{Body: showTokens(t)}, nil
}
