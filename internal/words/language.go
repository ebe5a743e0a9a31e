package words

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"strings"

	"golang.org/x/text/language"
)

//go:embed languages/*.json
var files embed.FS

// Language is one that the program speaks. The zero Language is English.
type Language struct {
	tag   language.Tag
	name  string // what it calls itself
	texts map[Text]string
	mark  bool // the pseudo language
}

// English is the language that everything is written in.
func English() Language { return Language{} }

// languages is those that the program speaks, with their catalogues: read at the
// start, so that one that cannot be read stops it there.
var languages = []Language{English(), {tag: language.German, name: "Deutsch", texts: read("de")}}

func read(tag string) map[Text]string {
	raw, err := files.ReadFile("languages/" + tag + ".json")
	var all map[Text]string
	if err == nil {
		err = json.Unmarshal(raw, &all)
	}
	if err != nil {
		panic(fmt.Sprintf("words: the catalogue of %s: %v", tag, err))
	}
	return all
}

// Languages is those that the program speaks, English first.
func Languages() []Language { return languages }

// pseudo is the language that CLDR calls so: English with a bracket before and
// one behind each text, by which a test, and who translates, sees what is said
// without being a text.
const pseudo = "en-XA"

// Tag is the BCP 47 name, such as "de".
func (l Language) Tag() string {
	if l.tag == language.Und {
		return "en"
	}
	return l.tag.String()
}

// Name is what the language calls itself.
func (l Language) Name() string {
	if l.name == "" {
		return "English"
	}
	return l.name
}

// Texts is the catalogue: by the English, what is said instead. It is nil for
// English, which has none, and is not to be changed.
func (l Language) Texts() map[Text]string { return l.texts }

// Match is the language for a BCP 47 name such as "de-AT": English for one that
// is not spoken.
func Match(tag string) Language {
	if tag == pseudo {
		return Language{mark: true}
	}
	base, _ := language.Make(tag).Base()
	for _, l := range Languages() {
		if l.Tag() == base.String() {
			return l
		}
	}
	return English()
}

// Say is a text in the language. args are those of a text that has none yet.
func (l Language) Say(t Text, args ...any) string {
	if len(args) == 0 {
		t, args = t.split()
		if t == "" {
			return l.join(args)
		}
	}
	said, ok := l.texts[t]
	if !ok {
		said = string(t)
	}
	if len(args) > 0 {
		said = fmt.Sprintf(said, l.own(args)...)
	}
	if l.mark {
		return "⟦" + said + "⟧"
	}
	return said
}

// own is args with the texts among them said.
func (l Language) own(args []any) []any {
	all := make([]any, len(args))
	for i, arg := range args {
		if t, ok := arg.(Text); ok {
			arg = l.Say(t)
		}
		all[i] = arg
	}
	return all
}

// join is arguments without words around them.
func (l Language) join(args []any) string {
	var b strings.Builder
	for _, arg := range l.own(args) {
		_, _ = fmt.Fprint(&b, arg) // to memory
	}
	return b.String()
}

type spoken struct{}

// Into is ctx for a person who reads the language.
func Into(ctx context.Context, l Language) context.Context {
	return context.WithValue(ctx, spoken{}, l)
}

// In is a text for the person of ctx, in English where it does not say: see
// Language.Say.
func In(ctx context.Context, t Text, args ...any) string {
	l, _ := ctx.Value(spoken{}).(Language)
	return l.Say(t, args...)
}
