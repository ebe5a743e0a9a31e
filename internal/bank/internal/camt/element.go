package camt

import "igny8/internal/bank/internal/statement"

// element is an XML element with all that is in it. Its methods work on nil,
// an element that is not there.
type element struct {
	name     string // without its prefix
	text     string // of an element without others in it, cleaned
	currency string // the attribute Ccy
	line     int    // of the file, from 1

	first, last, next *element // the elements in it, and the one after it
}

func (e *element) append(child *element) {
	if e.last == nil {
		e.first = child
	} else {
		e.last.next = child
	}
	e.last = child
}

// at is the first element at the end of a path.
func (e *element) at(path ...string) *element {
	for _, name := range path {
		if e = e.child(name); e == nil {
			return nil
		}
	}
	return e
}

func (e *element) child(name string) *element {
	if e == nil {
		return nil
	}
	for c := e.first; c != nil; c = c.next {
		if c.name == name {
			return c
		}
	}
	return nil
}

// say is the text at the end of a path, "" where there is none.
func (e *element) say(path ...string) string {
	if e = e.at(path...); e == nil {
		return ""
	}
	return e.text
}

// saying is the first text that is not empty.
func saying(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}

// all gives out the elements of a name.
func (e *element) all(name string) func(yield func(*element) bool) {
	return func(yield func(*element) bool) {
		if e == nil {
			return
		}
		for c := e.first; c != nil; c = c.next {
			if c.name == name && !yield(c) {
				return
			}
		}
	}
}

// identity is a text that names something; "" when it says that there is no
// name.
func (e *element) identity(path ...string) string {
	return statement.Identity(e.say(path...))
}
