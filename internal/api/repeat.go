package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"igny8/internal/identity"
	"igny8/internal/replay"
	"igny8/internal/tenant"
)

// kept is an answer as it was sent. A repeat of its request gets the same
// status, type and bytes, whatever this release would make of it.
//
// It is an error so that it can take the way round huma's own encoding: huma
// writes an error as the format does, with the status that it names.
type kept struct {
	Status int    `json:"status"`
	Type   string `json:"type"`
	Text   []byte `json:"text"`
}

// Error implements error.
func (k *kept) Error() string { return "a kept answer" }

// GetStatus tells huma the status.
func (k *kept) GetStatus() int { return k.Status }

// ContentType tells huma the media type.
func (k *kept) ContentType(string) string { return k.Type }

// asked is the request as an Idempotency-Key is bound to it.
func asked(r route, c visit, owner string, by tenant.Actor, in any) (replay.Request, error) {
	body, err := digest(in)
	return replay.Request{Owner: owner, Key: c.key, Route: r.method + " " + r.path, Actor: by.String(), Body: body}, err
}

// digester is an input whose JSON does not say all of it.
type digester interface{ digest() []byte }

// digest is what an Idempotency-Key is bound to, of the input.
func digest(in any) ([]byte, error) {
	if d, ok := in.(digester); ok {
		return d.digest(), nil
	}
	return json.Marshal(in)
}

// outcome is what came of a request: the answer itself, or a kept one.
type outcome[O any] struct {
	fresh *O
	kept  *kept
}

// told is the outcome as mountKeeping is to be given it.
func (o outcome[O]) told(err error) (*O, error) {
	if err == nil && o.kept != nil {
		err = o.kept
	}
	return o.fresh, err
}

// once runs do in a transaction and keeps its answer there, unless the request
// was answered before. Of two that arrive together the second waits for the
// first. With a key, the first answer too is told from what was kept, so that
// a repeat cannot differ from it.
func once[O any](ctx context.Context, a *API, u tenant.Unit, r route, q replay.Request, do func() (*O, error)) (outcome[O], error) {
	if q.Key.IsZero() {
		out, err := do()
		return outcome[O]{fresh: out}, err
	}
	text, err := a.replay.Once(ctx, u, q, func() ([]byte, error) {
		out, err := do()
		if err != nil {
			return nil, err
		}
		return seal(r, out)
	})
	if err != nil {
		return outcome[O]{}, err
	}
	k, err := recall(text)
	return outcome[O]{kept: k}, err
}

// claimEnd is how long it may take to claim a key, and to write down the answer
// of a request that has been answered.
const claimEnd = 5 * time.Second

// claimed honours the key of an operation whose effect is in transactions of
// its own: signing in and what belongs to it. The key is claimed before, and
// the answer kept after. While the first request runs a second is told so
// (idempotency.in_progress). A crash in between leaves a session that nobody
// knows of, and after replay.Lease the request may be sent again.
//
// A kept answer to a sign-in or an exchange of tokens gives the tokens that the
// first one gave and no newer ones: where the session has gone on or ended,
// they are as stale as they would be in the hands of who got them first.
func claimed[I, O any](a *API, r route, p identity.Policy, do func(context.Context, visit, *I) (*O, error)) func(context.Context, visit, *I) (*O, error) {
	return func(ctx context.Context, c visit, in *I) (*O, error) {
		if c.key.IsZero() {
			return do(ctx, c, in)
		}
		owner, by := r.method+" "+r.path, tenant.Actor{}
		switch {
		case p.OfAccount():
			owner, by = c.Scope.Account().String(), c.Scope.Actor()
		case !c.User.IsZero():
			by = tenant.Actor{Kind: tenant.User, ID: c.User.String()}
			owner = by.String()
		}
		q, err := asked(r, c, owner, by, in)
		if err != nil {
			return nil, err
		}
		// Who goes away in the middle of it would leave a claim that nobody ends.
		claiming, stop := context.WithTimeout(context.WithoutCancel(ctx), claimEnd)
		text, answered, claim, err := a.replay.Claim(claiming, q)
		stop()
		if err != nil {
			return nil, err
		}
		if answered {
			k, err := recall(text)
			return outcome[O]{kept: k}.told(err)
		}
		out, err := do(ctx, c, in)
		return keepOrDrop(ctx, a, r, claim, out, err)
	}
}

// keepOrDrop ends a claim: with the answer, or without when there is none. When
// that cannot be written down the request has been answered all the same.
func keepOrDrop[O any](ctx context.Context, a *API, r route, c replay.Claim, out *O, failed error) (*O, error) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), claimEnd)
	defer stop()
	if failed != nil {
		if err := a.replay.Drop(ctx, c); err != nil {
			a.log.WarnContext(ctx, "claim of an idempotency key not ended", "route", r.method+" "+r.path, "err", err)
		}
		return nil, failed
	}
	text, err := seal(r, out)
	if err != nil {
		return nil, err
	}
	if err := a.replay.Keep(ctx, c, text); err != nil {
		a.log.WarnContext(ctx, "answer not kept", "route", r.method+" "+r.path, "err", err)
	}
	k, err := recall(text)
	return outcome[O]{kept: k}.told(err)
}

// seal is an answer as it is kept.
func seal(r route, out any) ([]byte, error) {
	k := kept{Status: r.success()}
	if status := reflect.ValueOf(out).Elem().FieldByName("Status"); status.IsValid() && !status.IsZero() {
		k.Status = int(status.Int())
	}
	if body := reflect.ValueOf(out).Elem().FieldByName("Body"); body.IsValid() {
		var b bytes.Buffer
		if err := strictJSON.Marshal(&b, body.Interface()); err != nil {
			return nil, fmt.Errorf("keep an answer: %w", err)
		}
		k.Type, k.Text = jsonType, b.Bytes()
	}
	return json.Marshal(k)
}

// recall reads an answer that was kept.
func recall(text []byte) (*kept, error) {
	var k kept
	if err := json.Unmarshal(text, &k); err != nil {
		return nil, fmt.Errorf("read a kept answer: %w", err)
	}
	return &k, nil
}
