package api

import (
	"context"
	"time"

	"igny8/internal/mail"
	"igny8/internal/tenant"
)

type outboxView struct {
	ID      string     `json:"id"`
	Kind    string     `json:"kind"`
	To      string     `json:"to"`
	State   string     `json:"state" enum:"queued,sent,failed" doc:"Without an SMTP server, sent means written to the server's log."`
	Tries   int64      `json:"tries"`
	Error   *string    `json:"error" doc:"Why the last try failed."`
	Created time.Time  `json:"created_at"`
	Done    *time.Time `json:"done_at" doc:"When it was sent or given up."`
}

func adminLetters(ctx context.Context, s *tenant.Survey, in *Window) (*reply[page[outboxView]], error) {
	after, err := cursorOf(mail.ParseID, in.Cursor)
	if err != nil {
		return nil, err
	}
	all, err := mail.Page(ctx, s, after, in.Limit+1)
	return part(all, in.Limit, func(l mail.Letter) outboxView {
		return outboxView{
			ID: l.ID.String(), Kind: string(l.Kind), To: l.To, State: string(l.State), Tries: l.Tries, Error: text(l.Error),
			Created: l.Created, Done: moment(l.Done),
		}
	}, func(l mail.Letter) string { return l.ID.String() }), err
}
