package identity

import (
	"context"
	"fmt"
	"strings"
	"time"

	"igny8/internal/account"
	"igny8/internal/clock"
	"igny8/internal/db"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Registration is what a new person gives. Who has one name only leaves
// LastName empty. It does not print the password.
type Registration struct {
	Email               string
	Password            string `json:"-"`
	FirstName, LastName string
	Language            words.Language // of the letters to the person
	AccountName         string         // of the account to be founded, if any: no password is made of it
}

// Prepared is a registration that makes sense, with its password hashed and
// the person's id made. Only Prepare makes one.
type Prepared struct {
	user        UserID
	email       email
	hash        string
	first, last string
	language    words.Language
}

// User is the id that the person will have.
func (p Prepared) User() UserID { return p.user }

// Email is the address that the person will have, in one spelling.
func (p Prepared) Email() string { return p.email.text }

// Prepare reads a registration and hashes its password. That takes a while
// and may have to wait for its turn, so it belongs before the transaction.
func (s *Service) Prepare(ctx context.Context, r Registration) (Prepared, error) {
	p := Prepared{user: account.NewUserID(), language: r.Language}
	var err error
	if p.email, err = parseEmail(r.Email); err != nil {
		return Prepared{}, err
	}
	if err := checkPassword(r.Password, about{email: p.email, words: []string{r.FirstName, r.LastName, r.AccountName}}); err != nil {
		return Prepared{}, err
	}
	if p.first, err = parseName(r.FirstName, "body.first_name"); err != nil {
		return Prepared{}, err
	}
	if strings.TrimSpace(r.LastName) != "" {
		if p.last, err = parseName(r.LastName, "body.last_name"); err != nil {
			return Prepared{}, err
		}
	}
	p.hash, err = s.hash(ctx, r.Password)
	return p, err
}

func parseName(s, location string) (string, error) {
	name, ok := account.Printable(s, 100)
	if !ok {
		return "", ErrInvalidName.At(location, "1 to 100 printable characters", nil)
	}
	return name, nil
}

// NewAccount is the scope of an account that does not exist yet, for the
// person who founds it.
func (s *Service) NewAccount(p Prepared) tenant.Scope {
	return tenant.Mint(tenant.NewAccountID(), tenant.Actor{Kind: tenant.User, ID: p.user.String()}, tenant.AllPermissions)
}

// CreateOwner makes the person, and owner of the account that tx has just
// made, and sends him the letter that verifies his address. ErrEmailTaken when somebody has the address, also when both come at
// once.
func (s *Service) CreateOwner(ctx context.Context, tx *tenant.Tx, p Prepared) (User, error) {
	u, err := s.insertUser(ctx, tenant.Raw(tx), p)
	if err != nil {
		return User{}, err
	}
	return u, account.AddMember(ctx, tx, u.ID, account.Owner)
}

// insertUser makes a person, and sends the letter that verifies the address.
func (s *Service) insertUser(ctx context.Context, tx *db.Tx, p Prepared) (User, error) {
	u, err := insertPerson(ctx, tx, p, time.Time{})
	if err != nil {
		return User{}, err
	}
	return u, s.askToVerify(ctx, tx, u)
}

// insertPerson makes a person, whose address is verified already unless
// verified is zero.
func insertPerson(ctx context.Context, tx *db.Tx, p Prepared, verified time.Time) (User, error) {
	u := User{ID: p.user, Email: p.email.text, FirstName: p.first, LastName: p.last, Verified: verified, Created: tx.Now()}
	n, err := tx.Exec(ctx, `
		INSERT INTO users (id, email, email_key, password_hash, first_name, last_name, language, verified_at, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (email_key) DO NOTHING`,
		u.ID, u.Email, p.email.key, p.hash, u.FirstName, u.LastName, p.language.Tag(), clock.MicrosOrNull(verified), clock.Micros(u.Created))
	if err != nil {
		return User{}, fmt.Errorf("create user %s: %w", u.ID, err)
	}
	if n == 0 {
		return User{}, fmt.Errorf("create user: %w", ErrEmailTaken.At("body.email", "is registered already", nil))
	}
	return u, nil
}
