package keywordfile

import (
	"bytes"

	"igny8/internal/words"
)

const saveAsCSV words.Text = "Export the keywords as CSV and import that file."

// signatures are how files begin that people upload in place of a CSV.
var signatures = []struct {
	magic        string
	what, advice words.Text
}{
	{"%PDF-", "a PDF document", saveAsCSV},
	{"\x89PNG", "a PNG image", saveAsCSV},
	{"\xff\xd8\xff", "a JPEG image", saveAsCSV},
	{"GIF8", "a GIF image", saveAsCSV},
	{"RIFF", "a media file", saveAsCSV},
	{"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls)", "Open it, save it as CSV UTF-8 and import that file."},
	{"\x1f\x8b", "a gzip archive", "Unpack it and import the CSV file inside."},
	{"BZh", "a bzip2 archive", "Unpack it and import the CSV file inside."},
	{"\x28\xb5\x2f\xfd", "a Zstandard archive", "Unpack it and import the CSV file inside."},
	{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "Unpack it and import the CSV file inside."},
	{"Rar!\x1a", "a RAR archive", "Unpack it and import the CSV file inside."},
	{"SQLite format 3\x00", "a SQLite database", saveAsCSV},
	{"{\\rtf", "a rich text document", saveAsCSV},
	{"PAR1", "a Parquet file", saveAsCSV},
}

// documents are texts that are not tables: how they begin, in lower case,
// after white space.
var documents = []struct {
	magic string
	what  words.Text
}{
	{"<!doctype html", "a web page (HTML)"},
	{"<html", "a web page (HTML)"},
	{"<?xml", "an XML document"},
	{`[{"`, "a JSON document"},
	{`{"`, "a JSON document"},
	{"{\n", "a JSON document"},
	{"{\r\n", "a JSON document"},
	{"[\n", "a JSON document"},
}

// checkText refuses a file whose first bytes say that it is something other
// than text, and names what it is.
func checkText(head []byte) error {
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return zipError(head)
	}
	for _, s := range signatures {
		if bytes.HasPrefix(head, []byte(s.magic)) {
			return notText(s.what, s.advice)
		}
	}
	start := bytes.ToLower(bytes.TrimSpace(head[:min(len(head), 512)]))
	for _, d := range documents {
		if bytes.HasPrefix(start, []byte(d.magic)) {
			return notText(d.what, saveAsCSV)
		}
	}
	return nil
}

func zipError(head []byte) error {
	const workbook = "Open it, choose the sheet with the keywords, save it as CSV UTF-8 and import that file."
	switch {
	case bytes.Contains(head, []byte("opendocument.spreadsheet")):
		return notText("an OpenDocument spreadsheet (.ods)", workbook)
	case bytes.Contains(head, []byte("word/")):
		return notText("a Word document (.docx)", saveAsCSV)
	case bytes.Contains(head, []byte("xl/")), bytes.Contains(head, []byte("[Content_Types].xml")):
		return notText("an Excel workbook (.xlsx)", workbook)
	default:
		return notText("a ZIP archive", "Unpack it and import the CSV file inside; of a Search Console export that is Queries.csv.")
	}
}

func notText(what, advice words.Text) error {
	return refuse(ErrNotText, 0, "This file is %s, not a CSV or text file. %s", what, advice)
}
