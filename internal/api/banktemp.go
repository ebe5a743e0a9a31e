package api

import (
	"context"
	"net/http"

	"igny8/internal/payment"
	"igny8/internal/tenant"
)

type replyAs[T any] struct {
	Status int
	Body   T
}

func confirmedAs(ctx context.Context, tx *tenant.Tx, c payment.Confirmation) (*replyAs[confirmedView], error) {
	v, err := showConfirmed(ctx, tx, c)
	return &replyAs[confirmedView]{Status: http.StatusOK, Body: v}, err
}
