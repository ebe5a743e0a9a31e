package identity

import (
	"context"
	"errors"

	"igny8/internal/account"
	"igny8/internal/db"
	"igny8/internal/mail"
	"igny8/internal/tenant"
	"igny8/internal/words"
)

// Invite keeps a place in the account for whoever has an address, and sends him
// the letter with which he takes it. Who invites learns nothing of whether
// somebody is registered with the address: what happens is the same, until a
// member has it (account.ErrMember), whom he sees in the list anyway.
func (s *Service) Invite(ctx context.Context, tx *tenant.Tx, address string, r account.Role) (account.Invitation, error) {
	e, err := parseEmail(address)
	if err != nil {
		return account.Invitation{}, err
	}
	token := newInvitation(tx.Scope().Account())
	i, err := account.Invite(ctx, tx, account.NewInvitation{Email: e.text, EmailKey: e.key, Role: r, Hash: digest(token)}, s.seats)
	if err != nil {
		return account.Invitation{}, err
	}
	// Asked after the account is locked: who accepts at this moment waits, or
	// is a member by now.
	there, err := among(ctx, tx, e)
	if err != nil {
		return account.Invitation{}, err
	}
	if there {
		return account.Invitation{}, account.ErrMember.At("body.email", "is a member's already", nil)
	}
	return i, s.postInvitation(ctx, tx, i, token)
}

// InviteAgain sends the letter of an invitation again: with another link, which
// is good for the whole time. The link of the one before opens nothing any more.
func (s *Service) InviteAgain(ctx context.Context, tx *tenant.Tx, iid account.InvitationID) (account.Invitation, error) {
	token := newInvitation(tx.Scope().Account())
	i, err := account.Renew(ctx, tx, iid, digest(token), s.seats)
	if err != nil {
		return account.Invitation{}, err
	}
	return i, s.postInvitation(ctx, tx, i, token)
}

func (s *Service) postInvitation(ctx context.Context, tx *tenant.Tx, i account.Invitation, token string) error {
	return s.post(ctx, tenant.Raw(tx), i.Email, mail.Invited{Token: token, Role: string(i.Role), Until: i.Expires})
}

// errNoInvitation is an invitation's token that does not count.
func errNoInvitation() error {
	return ErrLink.At("body.token", "is not valid, or not any more", nil)
}

// Invited is an invitation as its letter opens it.
type Invited struct {
	account.Invitation
	Account    account.Account
	Registered bool // somebody has the address, and shows that he is the one
}

// Invited reads what a letter invites to. ErrLink when its token does not count.
func (s *Service) Invited(ctx context.Context, token string) (Invited, error) {
	acc, err := invitationAccount(token)
	if err != nil {
		return Invited{}, err
	}
	var i Invited
	unnamed := tenant.Mint(acc, tenant.Actor{Kind: tenant.User}, 0)
	err = s.st.View(ctx, unnamed, func(ctx context.Context, v *tenant.View) (err error) {
		if i.Invitation, err = account.InvitationOf(ctx, v, digest(token)); err != nil {
			return err
		}
		i.Account, err = account.Load(ctx, v)
		return err
	})
	if err != nil {
		return Invited{}, invitationError(err)
	}
	known, _, err := s.passwordOf(ctx, i.Email)
	i.Registered = !known.IsZero()
	return i, err
}

func invitationError(err error) error {
	if errors.Is(err, account.ErrNotInvited) {
		return errNoInvitation()
	}
	return err
}

// Acceptance is what somebody gives who has got an invitation: his password;
// who is new, his name as well and the password that he chooses; and who was
// told ErrSecondFactor, the challenge and a code in place of the password. It
// does not print them.
type Acceptance struct {
	Token               string `json:"-"`
	FirstName, LastName string
	Password            string         `json:"-"`
	Challenge, Code     string         `json:"-"`
	Language            words.Language // of the letters to who is new
}

// AcceptInvitation makes who has got a letter a member of the account that it
// invites to, and signs him in to it. The letter shows that the address is his.
//
// ErrLink when the token does not count; the faults of Login for who is
// registered and of Prepare for who is not; the fault of Options.Standing when
// the account may not work, and of Options.Seats when its plan has no seat left.
// None of them uses the invitation up.
func (s *Service) AcceptInvitation(ctx context.Context, a Acceptance, from Client) (Tokens, User, error) {
	i, err := s.Invited(ctx, a.Token)
	switch {
	case err != nil:
		return Tokens{}, User{}, err
	case a.Challenge != "":
		return s.acceptByCode(ctx, i, a, from)
	case i.Registered:
		return s.acceptByPassword(ctx, i, a, from)
	}
	return s.acceptAsNew(ctx, i, a, from)
}

func (s *Service) acceptAsNew(ctx context.Context, i Invited, a Acceptance, from Client) (t Tokens, u User, err error) {
	p, err := s.Prepare(ctx, Registration{
		Email: i.Email, Password: a.Password, FirstName: a.FirstName, LastName: a.LastName, AccountName: i.Account.Name, Language: a.Language,
	})
	if err != nil {
		return Tokens{}, User{}, err
	}
	err = s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if u, err = insertPerson(ctx, tx, p, tx.Now()); err != nil {
			return err
		}
		t, err = s.join(ctx, tx, u, i, a.Token, from)
		return err
	})
	return t, u, err
}

func (s *Service) acceptByPassword(ctx context.Context, i Invited, a Acceptance, from Client) (t Tokens, u User, err error) {
	known, hash, err := s.byPassword(ctx, i.Email, a.Password)
	if err != nil {
		return Tokens{}, User{}, err
	}
	var owes string
	err = s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if u, owes, err = proven(ctx, tx, known, hash); err != nil || owes != "" {
			return err
		}
		t, u, err = s.joinKnown(ctx, tx, u, i, a.Token, from)
		return err
	})
	if err == nil && owes != "" {
		return Tokens{}, User{}, ErrSecondFactor.With("challenge", owes)
	}
	return t, u, err
}

func (s *Service) acceptByCode(ctx context.Context, i Invited, a Acceptance, from Client) (t Tokens, u User, err error) {
	if !intact(a.Challenge, challengePrefix, 0) {
		return Tokens{}, User{}, ErrInvalid
	}
	var refused error
	err = s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if u, refused, err = s.useChallenge(ctx, tx, a.Challenge, a.Code); err != nil || refused != nil {
			return err
		}
		t, u, err = s.joinKnown(ctx, tx, u, i, a.Token, from)
		return err
	})
	return t, u, errors.Join(err, refused)
}

// Join is AcceptInvitation for who is signed in, to another account or to none.
// ErrOtherPerson when the letter went to another address than his.
func (s *Service) Join(ctx context.Context, c Caller, token string, from Client) (t Tokens, u User, err error) {
	i, err := s.Invited(ctx, token)
	if err != nil {
		return Tokens{}, User{}, err
	}
	err = s.d.Update(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := stillIn(ctx, tx, c); err != nil {
			return err
		}
		if u, err = userOf(ctx, tx, c.User); err != nil {
			return err
		}
		t, u, err = s.joinKnown(ctx, tx, u, i, token, from)
		return err
	})
	return t, u, err
}

// joinKnown is join for a person who was there before, and whom the caller has
// locked.
func (s *Service) joinKnown(ctx context.Context, tx *db.Tx, u User, i Invited, token string, from Client) (Tokens, User, error) {
	his, err := sameAddress(u, i.Email)
	if err != nil {
		return Tokens{}, User{}, err
	}
	if !his {
		return Tokens{}, User{}, ErrOtherPerson
	}
	if u, err = verifiedBy(ctx, tx, u); err != nil {
		return Tokens{}, User{}, err
	}
	t, err := s.join(ctx, tx, u, i, token, from)
	return t, u, err
}

// join uses an invitation up, and begins a session in its account. It narrows
// the transaction to that account.
func (s *Service) join(ctx context.Context, tx *db.Tx, u User, i Invited, token string, from Client) (Tokens, error) {
	bound, err := tenant.Bind(ctx, tx, tenant.Mint(i.Account.ID, tenant.Actor{Kind: tenant.User, ID: u.ID.String()}, 0))
	if err != nil {
		return Tokens{}, err
	}
	terms, err := s.standing(ctx, bound)
	if err == nil {
		_, err = terms.Standing(bound.Now())
	}
	if err != nil {
		return Tokens{}, err
	}
	if _, err := account.Accept(ctx, bound, u.ID, digest(token), s.seats); err != nil {
		return Tokens{}, invitationError(err)
	}
	return s.StartSession(ctx, bound, u.ID, from)
}
