package site

import (
	"context"
	"fmt"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/id"
	"igny8/internal/tenant"
)

type sectorKind struct{}

func (sectorKind) Prefix() string { return "sec" }

// SectorID names a sector.
type SectorID = id.ID[sectorKind]

// ParseSectorID reads a sector's id.
func ParseSectorID(s string) (SectorID, error) { return id.Parse[sectorKind](s) }

// Sector is a subject area within a site. Every site has one at least.
type Sector struct {
	ID      SectorID
	Site    ID
	Name    string
	Created time.Time
}

// maxSectors is how many sectors a site may have: more is a mistake of a
// program, and the list is given whole.
const maxSectors = 100

// Sectors lists the sectors of a site, the first of it first. It is ErrNotFound
// for a site that is not there: every other has one.
func Sectors(ctx context.Context, r tenant.Reader, sid ID) ([]Sector, error) {
	var all []Sector
	err := r.Each(ctx, `SELECT id, site_id, name, created_at FROM sectors WHERE account_id = $1 AND site_id = $2 ORDER BY id`,
		[]any{sid}, func(scan tenant.Scan) error {
			var s Sector
			var created int64
			err := scan(&s.ID, &s.Site, &s.Name, &created)
			s.Created = clock.FromMicros(created)
			all = append(all, s)
			return err
		})
	if err == nil && len(all) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("sectors of site %s: %w", sid, err)
	}
	return all, nil
}

// AddSector adds a sector to a site.
func AddSector(ctx context.Context, tx *tenant.Tx, sid ID, name string) (Sector, error) {
	if _, err := Load(ctx, tx, sid); err != nil {
		return Sector{}, err
	}
	name, ok := account.Printable(name, 120)
	if !ok {
		return Sector{}, ErrInvalidName.At("body.name", "1 to 120 printable characters", nil)
	}
	var have int
	if err := tx.Get(ctx, `SELECT count(*) FROM sectors WHERE account_id = $1 AND site_id = $2`, []any{sid}, &have); err != nil {
		return Sector{}, fmt.Errorf("count sectors: %w", err)
	}
	if have >= maxSectors {
		return Sector{}, ErrTooManySectors
	}
	s := Sector{ID: id.New[sectorKind](), Site: sid, Name: name, Created: tx.Now()}
	added, err := tx.Exec(ctx, `
		INSERT INTO sectors (account_id, id, site_id, name, created_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (account_id, site_id, name) DO NOTHING`, s.ID, sid, name, clock.Micros(s.Created))
	if err != nil {
		return Sector{}, fmt.Errorf("add sector %q: %w", name, err)
	}
	if added == 0 {
		return Sector{}, ErrSectorExists.At("body.name", "is a sector of this site already", name)
	}
	return s, nil
}

// FirstSector is where what names no sector of the site belongs.
func FirstSector(ctx context.Context, r tenant.Reader, sid ID) (SectorID, error) {
	return FindSector(ctx, r, sid, SectorID{})
}

// FindSector is the sector with an id, if it is one of the site's; for the
// zero id, the site's first.
func FindSector(ctx context.Context, r tenant.Reader, sid ID, sec SectorID) (SectorID, error) {
	all, err := Sectors(ctx, r, sid)
	if err != nil {
		return SectorID{}, err
	}
	for _, s := range all {
		if sec.IsZero() || s.ID == sec {
			return s.ID, nil
		}
	}
	return SectorID{}, fmt.Errorf("sector %s of site %s: %w", sec, sid, ErrSectorNotFound)
}
