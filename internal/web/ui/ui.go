// Package ui is what all pages are made of: the shell around them, and the
// components within. It knows nothing of the business and asks nobody: a page
// hands it what it shows.
package ui

import (
	"context"
	"strings"
	"time"

	"igny8/internal/words"
)

// Icon names a drawing of lucide's. See icons.go for which there are.
type Icon string

// Tone is what a status or a message means to who reads it, in a colour that
// never says it alone.
type Tone string

// The tones.
const (
	Quiet Tone = "quiet" // nothing to do
	Note  Tone = "note"  // good to know
	Good  Tone = "good"
	Warn  Tone = "warn" // somebody should act
	Bad   Tone = "bad"
)

// icon is the drawing that goes with a tone.
func (t Tone) icon() Icon {
	switch t {
	case Good:
		return IconCircleCheck
	case Warn:
		return IconTriangleAlert
	case Bad:
		return IconCircleAlert
	case Note, Quiet:
		return IconInfo
	}
	return IconInfo
}

// class is the colour of a tone.
func (t Tone) class() string {
	switch t {
	case Good:
		return "text-good"
	case Warn:
		return "text-warn"
	case Bad:
		return "text-destructive"
	case Note:
		return "text-note"
	case Quiet:
	}
	return "text-muted-foreground"
}

// alert is Basecoat's name for a message of a tone.
func (t Tone) alert() string {
	if t == Bad {
		return "destructive"
	}
	return string(t)
}

// tones is what each status of an account, a subscription, an invoice, a
// payment or a job means.
var tones = map[string]Tone{
	"trial": Note, "trialing": Note, "pending_payment": Warn, "active": Good, "past_due": Warn, "suspended": Bad, "cancelled": Quiet,
	"expired": Quiet, "draft": Quiet, "open": Warn, "paid": Good, "void": Quiet, "uncollectible": Bad,
	"pending": Quiet, "pending_review": Warn, "awaiting_approval": Warn, "succeeded": Good, "rejected": Bad, "refunded": Quiet, "reversed": Bad,
	"queued": Quiet, "running": Note, "done": Good, "failed": Bad,
}

// toneOf is the tone of a status; Quiet for one that is new.
func toneOf(status string) Tone {
	if t, ok := tones[status]; ok {
		return t
	}
	return Quiet
}

// say is words.In, for components.
func say(ctx context.Context, t words.Text, args ...any) string { return words.In(ctx, t, args...) }

// Message is said once, at the top of the next page.
type Message struct {
	Tone Tone
	Text words.Text
}

// Place is an entry of the navigation.
type Place struct {
	Name words.Text
	Path string
	Icon Icon
}

// Shell is which frame a page stands in.
type Shell string

// The shells. A page that names none is Public.
const (
	Public Shell = ""       // the site that everybody sees
	Door   Shell = "door"   // one form in the middle: signing in and the like
	Tenant Shell = "tenant" // a member at work in an account
	Staff  Shell = "staff"  // the operator's people
)

// Page is what the shell needs to know of every page; each page's struct
// embeds it.
type Page struct {
	Title   words.Text // the h1, and the first half of the window's title
	Lead    words.Text // a sentence below it; empty: none
	Shell   Shell
	Path    string // of the request, to mark the place in the navigation
	Places  []Place
	Own     []Place  // what is the person's own, and other shells to enter
	Account string   // whose pages these are; empty: nobody's
	Person  string   // who is signed in; empty: nobody
	Known   bool     // the browser holds a session, good or not
	Message *Message // nil: none
	Visit   *Visit   // nil: who sees it is in nobody else's account
	Ending  *Ending  // nil: the account stays
	Locale  Locale
}

// Ending is that the account whose pages these are is to be deleted.
type Ending struct {
	At   time.Time
	Keep bool // who looks may keep it
}

// Visit is what one of the operator's people is told on every page while he is in
// somebody's account.
type Visit struct {
	Account string // its name
	Reason  string
	Works   bool // he may change something
	Until   time.Time
}

// here tells whether a place is the one that is shown, or what is shown lies
// below it. Below the first place lies everything: it is shown or it is not.
func (p Page) here(at string) bool {
	first := len(p.Places) > 0 && p.Places[0].Path == at
	return p.Path == at || !first && strings.HasPrefix(p.Path, at+"/")
}

// current is aria-current's value for a place.
func (p Page) current(at string) string {
	if p.here(at) {
		return "page"
	}
	return "false"
}
