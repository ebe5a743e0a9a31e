package keywordfile

import "fmt"

// Error is the refusal of a whole file. Errors of one Code are the same to
// errors.Is, so a caller compares with the sentinels below and shows Msg.
type Error struct {
	Code string // stable
	Line int    // where, from 1; 0 where no one line is at fault
	Msg  string // a sentence that says what was wrong and what to do
}

func (e *Error) Error() string { return e.Msg }

// Is reports whether target refuses for the same reason.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// at is e on a line, with a sentence that may name it.
func (e *Error) at(line int, format string, args ...any) *Error {
	return &Error{Code: e.Code, Line: line, Msg: fmt.Sprintf(format, args...)}
}

// The reasons for which a whole file is refused.
var (
	ErrEmpty           = &Error{Code: "keyword_file.empty", Msg: "The file is empty. Export it again and check that the export holds keywords."}
	ErrTooLarge        = &Error{Code: "keyword_file.too_large", Msg: "The file is too large. Split it and import the parts one after the other."}
	ErrNotText         = &Error{Code: "keyword_file.not_text", Msg: "This is not a CSV or text file. Export the keywords as CSV and import that file."}
	ErrEncoding        = &Error{Code: "keyword_file.encoding", Msg: "The file holds characters that cannot be read. Save it as CSV in UTF-8 and import it again."}
	ErrNoKeywordColumn = &Error{Code: "keyword_file.no_keyword_column", Msg: "No column holds the keywords. Name one column Keyword."}
	ErrUnclosedQuote   = &Error{Code: "keyword_file.unclosed_quote", Msg: "A quotation mark is opened and never closed. Close it or remove it."}
	ErrLineTooLong     = &Error{Code: "keyword_file.line_too_long", Msg: "A line is longer than 1 MB. Put one keyword on each line."}
)
