package mail

import (
	"bytes"
	"embed"
	"fmt"
	"net/url"
	"strings"
	"text/template"
	"time"

	"igny8/internal/words"
)

//go:embed templates/*/*.txt
var texts embed.FS

// writer turns a message into the text of a letter. Links begin with the
// address that the operator configured, and with nothing that a request said.
type writer struct {
	home      string
	templates map[string]*template.Template // by the language
}

// moments is how a moment is written, by the language.
var moments = map[string]string{"en": "2 January 2006, 15:04 UTC", "de": "02.01.2006, 15:04 Uhr (UTC)"}

func newWriter(home string) (writer, error) {
	w := writer{home: strings.TrimRight(home, "/"), templates: map[string]*template.Template{}}
	for _, l := range words.Languages() {
		t, err := template.New("").Option("missingkey=error").Funcs(template.FuncMap{
			"link": func(path, token string) string { return w.home + path + "?token=" + url.QueryEscape(token) },
			"time": func(t time.Time) string { return t.UTC().Format(moments[l.Tag()]) },
			"say":  func(packed string) string { return l.Say(words.Unpack(packed)) },
		}).ParseFS(texts, "templates/"+l.Tag()+"/*.txt")
		if err != nil {
			return writer{}, fmt.Errorf("mail: %w", err)
		}
		w.templates[l.Tag()] = t
	}
	return w, nil
}

const subjectHead = "Subject: "

// write is the subject and the text of a message in a language. The first line
// of its template is the subject.
func (w writer) write(l words.Language, m Message) (subject, text string, err error) {
	var b bytes.Buffer
	err = w.templates[l.Tag()].ExecuteTemplate(&b, string(m.Kind())+".txt", struct {
		Home    string
		Message Message
	}{w.home, m})
	if err != nil {
		return "", "", fmt.Errorf("write a letter: %w", err)
	}
	head, text, _ := strings.Cut(b.String(), "\n\n")
	subject, ok := strings.CutPrefix(head, subjectHead)
	if !ok || subject == "" || strings.ContainsAny(subject, "\r\n") || text == "" {
		return "", "", fmt.Errorf("write a letter: the template %s has no subject or no text", m.Kind())
	}
	return subject, text, nil
}
