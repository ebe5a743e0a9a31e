package bank

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/audit"
	"igny8/internal/bank/internal/csvfile"
	"igny8/internal/bank/internal/statement"
	"igny8/internal/clock"
	"igny8/internal/tenant"
)

// Mapping says what the columns of a bank's CSV files are, and of which of our
// bank accounts such a file is where no column says so. It is kept under a name
// and used for all files of the bank.
type Mapping struct {
	IBAN    string  `json:"iban,omitempty" maxLength:"60" doc:"Of our bank account, where the file has no column for it."`
	Columns Columns `json:"columns"`
}

// Columns says which column holds what; see csvfile.Mapping.
type Columns csvfile.Mapping

// SavedMapping is a mapping with its name.
type SavedMapping struct {
	Name string
	Mapping
	ChangedBy string
	Changed   time.Time
}

// read reads a CSV file by the mapping.
func (m *Mapping) read(body []byte) ([]statement.Statement, error) {
	all, err := csvfile.Parse(body, csvfile.Mapping(m.Columns))
	for i := range all {
		if all[i].Account.Number() == "" {
			all[i].Account = statement.ParseAccount(m.IBAN)
		}
	}
	return all, err
}

// parse is ErrInvalidMapping for a mapping with which no file can be read.
func (m Mapping) parse() (Mapping, error) {
	if err := csvfile.Mapping(m.Columns).Check(); err != nil {
		return Mapping{}, err
	}
	if m.IBAN == "" {
		return m, nil
	}
	iban, ok := statement.ParseIBAN(m.IBAN)
	if !ok {
		return Mapping{}, ErrInvalidMapping.At("body.iban", "is not an IBAN: its check digits do not fit", nil)
	}
	m.IBAN = iban
	return m, nil
}

// ProposeMapping reads the headings of a CSV file and says what they seem to
// hold. Somebody has to look at it: what was not recognised is empty.
func ProposeMapping(body []byte) (Mapping, []string, error) {
	if err := statement.CheckSize(body); err != nil {
		return Mapping{}, nil, err
	}
	c, headings, err := csvfile.Guess(body)
	return Mapping{Columns: Columns(c)}, headings, err
}

// SetMapping keeps a mapping under a name.
func SetMapping(ctx context.Context, tx *tenant.SharedTx, name string, m Mapping) (SavedMapping, error) {
	name, ok := account.Printable(name, 60)
	if !ok {
		return SavedMapping{}, ErrInvalidMapping.At("path.name", "1 to 60 printable characters", nil)
	}
	m, err := m.parse()
	if err != nil {
		return SavedMapping{}, err
	}
	text, err := json.Marshal(m)
	if err != nil {
		return SavedMapping{}, fmt.Errorf("mapping %q: %w", name, err)
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO bank_mappings (name, mapping, changed_by, changed_at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (name) DO UPDATE SET mapping = $2, changed_by = $3, changed_at = $4`,
		name, string(text), tx.Operator().Actor().String(), clock.Micros(tx.Now()))
	if err != nil {
		return SavedMapping{}, fmt.Errorf("mapping %q: %w", name, err)
	}
	if err := audit.RecordShared(ctx, tx, tx.Operator().Actor(), "bank_mapping.set", name, m); err != nil {
		return SavedMapping{}, err
	}
	return LoadMapping(ctx, tx.Shared, name)
}

// LoadMapping reads a mapping by its name, or is ErrNoMapping.
func LoadMapping(ctx context.Context, r tenant.Shared, name string) (SavedMapping, error) {
	all, err := mappings(ctx, r, `WHERE name = $1`, name)
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("mapping %q: %w", name, ErrNoMapping)
	}
	if err != nil {
		return SavedMapping{}, err
	}
	return all[0], nil
}

// Mappings lists them by name.
func Mappings(ctx context.Context, r tenant.Shared) ([]SavedMapping, error) {
	return mappings(ctx, r, `ORDER BY name`)
}

func mappings(ctx context.Context, r tenant.Shared, where string, args ...any) ([]SavedMapping, error) {
	var all []SavedMapping
	err := r.Each(ctx, `SELECT name, mapping, changed_by, changed_at FROM bank_mappings `+where, args, func(scan tenant.Scan) error {
		var m SavedMapping
		var text string
		var changed int64
		if err := scan(&m.Name, &text, &m.ChangedBy, &changed); err != nil {
			return err
		}
		m.Changed = clock.FromMicros(changed)
		all = append(all, m)
		return json.Unmarshal([]byte(text), &all[len(all)-1].Mapping)
	})
	if err != nil {
		return nil, fmt.Errorf("mappings: %w", err)
	}
	return all, nil
}
