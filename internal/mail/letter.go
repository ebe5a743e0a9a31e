package mail

import (
	"bytes"
	"embed"
	"fmt"
	"net/url"
	"strings"
	"text/template"
	"time"
)

//go:embed templates/*.txt
var texts embed.FS

// writer turns a message into the text of a letter. Links begin with the
// address that the operator configured, and with nothing that a request said.
type writer struct {
	home      string
	templates *template.Template
}

func newWriter(home string) (writer, error) {
	w := writer{home: strings.TrimRight(home, "/")}
	t, err := template.New("").Option("missingkey=error").Funcs(template.FuncMap{
		"link": func(path, token string) string { return w.home + path + "?token=" + url.QueryEscape(token) },
		"time": func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") },
	}).ParseFS(texts, "templates/*.txt")
	if err != nil {
		return writer{}, fmt.Errorf("mail: %w", err)
	}
	w.templates = t
	return w, nil
}

const subjectHead = "Subject: "

// write is the subject and the text of a message. The first line of its
// template is the subject.
func (w writer) write(m Message) (subject, text string, err error) {
	var b bytes.Buffer
	err = w.templates.ExecuteTemplate(&b, string(m.Kind())+".txt", struct {
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
