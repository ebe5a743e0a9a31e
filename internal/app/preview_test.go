package app

import (
	"bytes"
	"encoding/csv"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"igny8/internal/clock"
)

// upload is a form with a file of keywords.
type upload struct {
	site, name string
	content    []byte
}

// encode is the form and its media type.
func (u upload) encode(t testing.TB) (io.Reader, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("file", u.name)
	if err == nil {
		_, err = part.Write(u.content)
	}
	if err == nil {
		err = w.WriteField("site_id", u.site)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return &b, w.FormDataContentType()
}

// TestPreviewIsWhatTheImportDoes looks at a file, imports it, and reads what was
// left out.
func TestPreviewIsWhatTheImportDoes(t *testing.T) {
	t.Parallel()
	h := open(t, clock.Clock{})
	token := h.member()
	site := h.site(token)
	list := coffee + "\"=HYPERLINK(\"\"http://evil\"\")\x01\",5,,,\n"
	form := upload{site, "list.csv", []byte(list)}
	p := h.send("POST", "/planner/keywords/import/preview", token, form).is(http.StatusOK)
	if p.number("rows") != 11 || p.number("new") != 8 || p.number("duplicates") != 1 || p.number("rejected") != 2 || p.text("encoding") != "utf-8" || p.text("delimiter") != "," {
		t.Errorf("foreseen: %s", p.body)
	}
	first := p.get("sample").([]any)[0].(map[string]any)
	column := p.get("columns").([]any)[1].(map[string]any)
	if first["phrase"] != "coffee grinder" || first["volume"] != 1000.0 || column["header"] != "Volume" || column["meaning"] != "volume" {
		t.Errorf("understood: %v, %v", first, column)
	}
	if n := len(h.send("GET", "/planner/keywords", token, nil).get("items").([]any)); n != 0 {
		t.Errorf("%d keywords were stored", n)
	}
	j := h.send("POST", "/planner/keywords/import", token, form).is(http.StatusAccepted)
	done := h.done(token, j.text("id"))
	for foreseen, was := range map[string]string{"new": "imported", "duplicates": "duplicates", "rejected": "rejected"} {
		if float64(p.number(foreseen)) != done[was] {
			t.Errorf("%s was foreseen as %d, and is %v", was, p.number(foreseen), done[was])
		}
	}
	left := h.send("GET", "/planner/imports/"+j.text("id")+"/rejected", token, nil).is(http.StatusOK)
	rows, err := csv.NewReader(bytes.NewReader(left.body)).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][0] != "11" || rows[1][1] != "no_keyword" || !strings.HasPrefix(rows[2][3], "'=HYPERLINK") {
		t.Errorf("left out: %q, %v", rows, err)
	}
	if !strings.Contains(left.header.Get("Content-Disposition"), "attachment") || !strings.HasPrefix(left.header.Get("Content-Type"), "text/csv") {
		t.Errorf("the file comes as %v", left.header)
	}
	again := h.send("POST", "/planner/keywords/import/preview", token, form).is(http.StatusOK)
	if again.number("new") != 0 || again.number("duplicates") != 9 {
		t.Errorf("once it is imported: %s", again.body)
	}
	h.send("POST", "/planner/keywords/import/preview", token, upload{site, "x.csv", []byte("Foo,Bar\n1,2\n")}).fault(http.StatusUnprocessableEntity, "keyword_file.no_keyword_column")
	h.send("GET", "/planner/imports/"+h.send("POST", "/planner/keywords/auto_cluster", token, object{"site_id": site}).text("job.id")+"/rejected", token, nil).
		fault(http.StatusNotFound, "import.no_rejections")
}
