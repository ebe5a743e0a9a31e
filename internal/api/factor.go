package api

import (
	"context"
	"net/http"

	"igny8/internal/identity"
	"igny8/internal/throttle"
)

func (a *API) factorRoutes() {
	mount(a, route{method: http.MethodPost, scope: throttle.Auth, path: "/auth/login/second-factor", id: "login-second-factor", tag: "auth",
		summary: "Go on with a sign-in that owes a code"}, identity.Public(), a.answerChallenge)
	mount(a, route{method: http.MethodPost, path: "/auth/second-factor", id: "begin-second-factor", tag: "auth", status: http.StatusCreated,
		summary: "Begin a second factor: what to tell the authenticator app, this once"}, identity.AnyUser(), a.beginFactor)
	mount(a, route{method: http.MethodPost, path: "/auth/second-factor/confirm", id: "confirm-second-factor", tag: "auth",
		summary: "Make it count with its first code; the recovery codes are shown this once"}, identity.AnyUser(), a.confirmFactor)
	mount(a, route{method: http.MethodDelete, path: "/auth/second-factor", id: "remove-second-factor", tag: "auth", status: http.StatusNoContent,
		summary: "Take the second factor away"}, identity.AnyUser(), a.removeFactor)
}

type challengeInput struct {
	Body struct {
		Challenge string `json:"challenge" maxLength:"2048" doc:"The member of that name in the answer auth.second_factor_required."`
		Code      string `json:"code" maxLength:"100" doc:"A code, or a recovery code."`
	}
}

func (a *API) answerChallenge(ctx context.Context, v visit, in *challengeInput) (*reply[signedInView], error) {
	t, u, err := a.identity.AnswerChallenge(ctx, in.Body.Challenge, in.Body.Code, v.from)
	if err != nil {
		return nil, err
	}
	return &reply[signedInView]{Body: signedInView{User: showUser(u), tokensView: showTokens(t)}}, nil
}

type beginFactorInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1024"`
	}
}

type enrolmentView struct {
	Secret string `json:"secret" doc:"Base32, for who types it."`
	URL    string `json:"otpauth_url" doc:"For a QR code."`
}

func (a *API) beginFactor(ctx context.Context, v visit, in *beginFactorInput) (*reply[enrolmentView], error) {
	e, err := a.identity.BeginSecondFactor(ctx, v.Caller, in.Body.Password)
	if err != nil {
		return nil, err
	}
	return &reply[enrolmentView]{Body: enrolmentView{Secret: e.Secret, URL: e.URL}}, nil
}

type codeInput struct {
	Body struct {
		Code string `json:"code" maxLength:"100"`
	}
}

type recoveryView struct {
	Codes []string `json:"recovery_codes" doc:"Each is good once, in place of a code. They are not shown again."`
}

func (a *API) confirmFactor(ctx context.Context, v visit, in *codeInput) (*reply[recoveryView], error) {
	codes, err := a.identity.ConfirmSecondFactor(ctx, v.Caller, in.Body.Code)
	if err != nil {
		return nil, err
	}
	return &reply[recoveryView]{Body: recoveryView{Codes: codes}}, nil
}

type removeFactorInput struct {
	Body struct {
		Password string `json:"password" maxLength:"1024"`
		Code     string `json:"code" maxLength:"100" doc:"A code, or a recovery code."`
	}
}

func (a *API) removeFactor(ctx context.Context, v visit, in *removeFactorInput) (*none, error) {
	return &none{}, a.identity.RemoveSecondFactor(ctx, v.Caller, in.Body.Password, in.Body.Code)
}
