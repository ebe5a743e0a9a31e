package keywordfile

import (
	"errors"
	"fmt"

	"igny8/internal/fault"
	"igny8/internal/words"
)

// Why a whole file is refused. Read gives a copy of one of these with a sentence
// for this file and, where one line is at fault, a field at "line 12".
var (
	ErrEmpty           = fault.New(fault.Invalid, "keyword_file.empty", "The file is empty. Export it again and check that the export holds keywords.")
	ErrTooLarge        = fault.New(fault.TooLarge, "keyword_file.too_large", "The file is too large. Split it and import the parts one after the other.")
	ErrNotText         = fault.New(fault.Invalid, "keyword_file.not_text", "This is not a CSV or text file. Export the keywords as CSV and import that file.")
	ErrEncoding        = fault.New(fault.Invalid, "keyword_file.encoding", "The file holds characters that cannot be read. Save it as CSV in UTF-8 and import it again.")
	ErrNoKeywordColumn = fault.New(fault.Invalid, "keyword_file.no_keyword_column", "No column holds the keywords. Name one column Keyword.")
	ErrUnclosedQuote   = fault.New(fault.Invalid, "keyword_file.unclosed_quote", "A quotation mark is opened and never closed. Close it or remove it.")
	ErrLineTooLong     = fault.New(fault.Invalid, "keyword_file.line_too_long", "A line is longer than 1 MB. Put one keyword on each line.")
)

// refuse is a refusal with a sentence for this file, at a line unless that is 0.
func refuse(why *fault.Fault, line int, format words.Text, args ...any) error {
	f := why.Sayf(format, args...)
	if line > 0 {
		f = f.At(fmt.Sprintf("line %d", line), f.Msg, nil)
	}
	return f
}

// inputError leaves a refusal as it is, and says of any other error what was
// being done.
func inputError(err error) error {
	if _, ok := errors.AsType[*fault.Fault](err); ok {
		return err
	}
	return fmt.Errorf("read keyword file: %w", err)
}
