package bank

import (
	"context"

	"igny8/internal/bank/internal/statement"
	"igny8/internal/tenant"
)

// Mapping says what the columns of a bank's CSV files are.
type Mapping struct{}

func (m *Mapping) read([]byte) ([]statement.Statement, error) { return nil, ErrFormat }

// LoadMapping reads a mapping by its name, or is ErrNoMapping.
func LoadMapping(context.Context, tenant.Shared, string) (*Mapping, error) { return nil, ErrNoMapping }
