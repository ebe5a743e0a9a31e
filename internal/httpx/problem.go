// Package httpx holds what every HTTP edge shares: coming in, how an error is
// told (RFC 9457); going out, a client that cannot be led astray.
package httpx

import (
	"encoding/json"
	"log/slog"
	"net/http"

	"igny8/internal/fault"
)

// statuses is the one table that turns kinds of trouble into HTTP statuses.
var statuses = map[fault.Kind]int{
	fault.Internal:        http.StatusInternalServerError,
	fault.Invalid:         http.StatusUnprocessableEntity,
	fault.Malformed:       http.StatusBadRequest,
	fault.NotAllowed:      http.StatusMethodNotAllowed,
	fault.NotAcceptable:   http.StatusNotAcceptable,
	fault.TooSlow:         http.StatusRequestTimeout,
	fault.WrongType:       http.StatusUnsupportedMediaType,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.PaymentRequired: http.StatusPaymentRequired,
	fault.Forbidden:       http.StatusForbidden,
	fault.NotFound:        http.StatusNotFound,
	fault.Conflict:        http.StatusConflict,
	fault.TooLarge:        http.StatusRequestEntityTooLarge,
	fault.TooMany:         http.StatusTooManyRequests,
	fault.Unavailable:     http.StatusServiceUnavailable,
}

// Status is the HTTP status of err's face.
func Status(err error) int { return statuses[fault.Of(err).Kind] }

// ProblemType is the media type of problem details (RFC 9457).
const ProblemType = "application/problem+json"

// Problem is problem details (RFC 9457) with a code for programs and the id
// of the request for people who ask us.
type Problem struct {
	Type      string  `json:"type" doc:"A URN made of the code." example:"urn:igny8:problem:credit.insufficient"`
	Title     string  `json:"title" doc:"The status in words." example:"Payment Required"`
	Status    int     `json:"status" example:"402"`
	Detail    string  `json:"detail" doc:"What went wrong, in a sentence that can be shown to a person."`
	Code      string  `json:"code" doc:"Stable, for programs; docs/errors.md lists all." example:"credit.insufficient"`
	RequestID string  `json:"request_id,omitempty" doc:"Names the request in our log."`
	Errors    []Where `json:"errors,omitempty" doc:"What is wrong with which part of the input."`

	extra map[string]any
}

// Where says what is wrong with one part of the input.
type Where struct {
	Location string `json:"location" example:"body.email"`
	Message  string `json:"message"`
	Value    any    `json:"value,omitempty"`
}

// ProblemOf is err as it is told to a stranger.
func ProblemOf(err error, requestID string) *Problem {
	f := fault.Of(err)
	status := statuses[f.Kind]
	p := &Problem{
		Type: "urn:igny8:problem:" + f.Code, Title: http.StatusText(status), Status: status,
		Detail: f.Msg.String(), Code: f.Code, RequestID: requestID, extra: f.Extra,
	}
	for _, w := range f.Fields {
		p.Errors = append(p.Errors, Where{Location: w.Location, Message: w.Msg.String(), Value: w.Value})
	}
	return p
}

// plain is a Problem that marshals by its fields alone.
type plain Problem

// MarshalJSON puts the members that a fault carries beside the standard ones
// (RFC 9457, section 3.2), which they never replace.
func (p *Problem) MarshalJSON() ([]byte, error) {
	standard, err := json.Marshal((*plain)(p))
	if err != nil || len(p.extra) == 0 {
		return standard, err
	}
	all := make(map[string]json.RawMessage, len(p.extra)+8)
	for name, v := range p.extra {
		if all[name], err = json.Marshal(v); err != nil {
			return nil, err
		}
	}
	if err := json.Unmarshal(standard, &all); err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

// Error makes a Problem an error.
func (p *Problem) Error() string { return p.Code + ": " + p.Detail }

// GetStatus tells huma the status.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType tells huma the media type.
func (p *Problem) ContentType(string) string { return ProblemType }

// WriteProblem answers a request with err's face, and logs what has none,
// unless the client went away, which is why most things fail then.
func WriteProblem(rw http.ResponseWriter, r *http.Request, log *slog.Logger, err error) {
	p := ProblemOf(err, RequestID(r.Context()))
	if p.Status == http.StatusInternalServerError && r.Context().Err() == nil {
		log.ErrorContext(r.Context(), "request failed", "route", r.Pattern, "request_id", p.RequestID, "err", err)
	}
	body, err := json.Marshal(p)
	if err != nil {
		log.ErrorContext(r.Context(), "problem not told", "code", p.Code, "err", err)
	}
	rw.Header().Set("Content-Type", ProblemType)
	rw.WriteHeader(p.Status)
	if _, err := rw.Write(body); err != nil {
		log.DebugContext(r.Context(), "client went away", "err", err)
	}
}
