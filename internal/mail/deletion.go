package mail

import "time"

// DeletionOrdered tells that an account is to be deleted, and how to keep it.
type DeletionOrdered struct {
	Account string    `json:"account"` // its id
	At      time.Time `json:"at"`
	Due     time.Time `json:"due"`
}

// Kind implements Message.
func (DeletionOrdered) Kind() Kind { return KindDeletionOrdered }

func (m DeletionOrdered) until(time.Time) time.Time { return m.Due }

// DeletionNear reminds of a deletion that is near.
type DeletionNear struct {
	Account string    `json:"account"` // its id
	Due     time.Time `json:"due"`
}

// Kind implements Message.
func (DeletionNear) Kind() Kind { return KindDeletionNear }

func (m DeletionNear) until(time.Time) time.Time { return m.Due }

// AccountKept tells that an account is not to be deleted after all.
type AccountKept struct {
	Account string    `json:"account"` // its id
	At      time.Time `json:"at"`
}

// Kind implements Message.
func (AccountKept) Kind() Kind { return KindAccountKept }

func (AccountKept) until(now time.Time) time.Time { return now.Add(keepBilling) }

// AccountDeleted tells who was a member of an account that it is there no more.
type AccountDeleted struct {
	Account string    `json:"account"` // its id
	At      time.Time `json:"at"`
}

// Kind implements Message.
func (AccountDeleted) Kind() Kind { return KindAccountDeleted }

func (AccountDeleted) until(now time.Time) time.Time { return now.Add(keepBilling) }
