package arch

import (
	"cmp"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	templ "github.com/a-h/templ/parser/v2"
	"golang.org/x/tools/go/packages"

	"igny8/internal/words"
)

const wordsPath = module + "internal/words"

// said is what the sources say to people.
type said struct {
	texts  map[words.Text]string // where each stands
	crimes []string              // what would not be in the language of who reads it
}

// TestEveryTextIsTranslated holds the catalogues against the sources: what is
// said to people is a text, and each text is in each of the languages, with the
// same verbs, and nothing else is. With -update it writes catalogues anew, with
// nothing for a text that is new: that has to be filled in.
func TestEveryTextIsTranslated(t *testing.T) {
	s := &said{texts: map[words.Text]string{}}
	all, err := packages.Load(&packages.Config{Mode: packages.LoadSyntax, Dir: "../.."}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		if len(p.Errors) > 0 {
			t.Fatalf("%s: %v", p.PkgPath, p.Errors)
		}
		if p.PkgPath != wordsPath {
			s.hear(p)
		}
	}
	slices.Sort(s.crimes)
	for _, c := range slices.Compact(s.crimes) {
		t.Error(c)
	}
	for _, l := range words.Languages()[1:] {
		path := "../words/languages/" + l.Tag() + ".json"
		if *update {
			s.write(t, path, l.Texts())
			continue
		}
		for _, wrong := range s.compare(l.Texts()) {
			t.Errorf("%s: %s", path, wrong)
		}
	}
}

// hear collects the texts of a package, and what is wrong with how it says them.
func (s *said) hear(p *packages.Package) {
	place := func(n ast.Node) string {
		at := p.Fset.Position(n.Pos())
		_, rel, _ := strings.Cut(at.Filename, "/internal/")
		return fmt.Sprintf("%s:%d", cmp.Or(rel, at.Filename), at.Line)
	}
	for _, f := range p.Syntax {
		ast.Inspect(f, func(n ast.Node) bool {
			if a, ok := n.(*ast.AssignStmt); ok && a.Tok == token.ADD_ASSIGN && isText(p.TypesInfo.Types[a.Lhs[0]].Type) {
				s.crimes = append(s.crimes, place(a)+": "+put)
			}
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			tv := p.TypesInfo.Types[e]
			if isText(tv.Type) && tv.Value != nil && tv.Value.Kind() == constant.String {
				if text := words.Text(constant.StringVal(tv.Value)); spoken(string(text)) {
					s.texts[text] = place(e)
				}
				return false
			}
			if wrong := s.wrong(p.TypesInfo, e, tv); wrong != "" {
				s.crimes = append(s.crimes, place(e)+": "+wrong)
			}
			return true
		})
	}
}

const put = "texts are not put together with +, because no language is made of the pieces of another: use words.With or words.Join"

// wrong tells what keeps an expression from being said in a language, empty
// where nothing does.
func (s *said) wrong(info *types.Info, e ast.Expr, tv types.TypeAndValue) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		if e.Op == token.ADD && isText(tv.Type) {
			return put
		}
	case *ast.CallExpr:
		if info.Types[e.Fun].IsType() && len(e.Args) == 1 {
			if isText(tv.Type) && info.Types[e.Args[0]].Value == nil {
				return "what is no constant does not become a text: use words.Verbatim for what somebody typed"
			}
			if isText(info.Types[e.Args[0]].Type) && isString(tv.Type) {
				return "a text has no language yet: use words.In, its String for English, or its Packed to keep it"
			}
		}
		if f, ok := e.Fun.(*ast.SelectorExpr); ok && (f.Sel.Name == "JoinStringErrs" || f.Sel.Name == "NewAttributeExpression") && isText(info.Types[e.Args[0]].Type) {
			return "a template shows a text with say(ctx, …)"
		}
	}
	return ""
}

func isText(t types.Type) bool {
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Name() == "Text" && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == wordsPath
}

func isString(t types.Type) bool {
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Kind() == types.String && !isText(t)
}

var verb = regexp.MustCompile(`%(?:\[\d+\])?[-+# 0]*(?:\d+|\*)?(?:\.\d+)?[a-zA-Z%]|\{[1-9]\}`)

// spoken tells whether there are words in a text besides its verbs.
func spoken(text string) bool {
	return strings.ContainsFunc(verb.ReplaceAllString(text, ""), unicode.IsLetter)
}

// compare tells how a catalogue differs from what the sources say.
func (s *said) compare(translated map[words.Text]string) []string {
	var all []string
	for _, text := range slices.Sorted(maps.Keys(s.texts)) {
		switch other, ok := translated[text]; {
		case !ok || other == "":
			all = append(all, fmt.Sprintf("%q (%s) is not translated", string(text), s.texts[text]))
		case !slices.Equal(verbs(string(text)), verbs(other)):
			all = append(all, fmt.Sprintf("%q (%s) has other verbs than %q", string(text), s.texts[text], other))
		}
	}
	for text := range translated {
		if _, ok := s.texts[text]; !ok && spoken(string(text)) {
			all = append(all, fmt.Sprintf("%q is said nowhere", string(text)))
		}
	}
	return all
}

// verbs is the verbs of a text, sorted: those of another language may stand in
// another order, which they say by their numbers.
func verbs(text string) []string {
	var all []string
	n := 0
	for _, v := range verb.FindAllString(text, -1) {
		switch {
		case v == "%%":
			continue
		case strings.HasPrefix(v, "%") && !strings.Contains(v, "["):
			n++
			v = fmt.Sprintf("%%[%d]%s", n, v[1:])
		}
		all = append(all, v)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// write writes a catalogue with what the sources say: what is translated, and
// nothing beside what is not.
func (s *said) write(t *testing.T, path string, translated map[words.Text]string) {
	all := map[words.Text]string{}
	for text := range s.texts {
		all[text] = translated[text]
	}
	for text, other := range translated {
		if !spoken(string(text)) { // a pattern, such as that of a date
			all[text] = other
		}
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	if err := e.Encode(plainly(all)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// plainly is a catalogue whose keys are as they are: a Text marshals without its
// verbs.
func plainly(all map[words.Text]string) map[string]string {
	plain := map[string]string{}
	for text, other := range all {
		plain[string(text)] = other
	}
	return plain
}

// TestTemplatesSayTexts finds words that stand in a template as they are: they
// would be English in every language.
func TestTemplatesSayTexts(t *testing.T) {
	err := filepath.WalkDir("../web", func(path string, d fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".templ" {
			return err
		}
		file, err := templ.Parse(path)
		if err != nil {
			return err
		}
		look := func(what, text string, line uint32) {
			if spoken(text) && !untranslated[text] {
				t.Errorf("%s:%d: the %s %q is not said with say(ctx, …)", path, line+1, what, text)
			}
		}
		for _, n := range file.Nodes {
			if h, ok := n.(*templ.HTMLTemplate); ok {
				lookInto(h.Children, look)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// untranslated is what is the same in every language.
var untranslated = map[string]bool{"Igny8": true, "· Igny8": true}

// heard is the attributes that people read or hear.
var heard = map[string]bool{"aria-label": true, "aria-description": true, "title": true, "alt": true, "placeholder": true, "label": true, "summary": true, "data-label": true}

// lookInto goes through a template.
func lookInto(nodes []templ.Node, look func(what, text string, line uint32)) {
	for _, n := range nodes {
		switch n := n.(type) {
		case *templ.Text:
			look("text", n.Value, n.Range.From.Line)
		case *templ.Element:
			for _, a := range n.Attributes {
				if c, ok := a.(*templ.ConstantAttribute); ok && heard[c.Key.String()] {
					look(c.Key.String(), c.Value, c.Range.From.Line)
				}
			}
			lookInto(n.Children, look)
		case *templ.IfExpression:
			lookInto(n.Then, look)
			for _, e := range n.ElseIfs {
				lookInto(e.Then, look)
			}
			lookInto(n.Else, look)
		case *templ.SwitchExpression:
			for _, c := range n.Cases {
				lookInto(c.Children, look)
			}
		case templ.CompositeNode:
			lookInto(n.ChildNodes(), look)
		}
	}
}
