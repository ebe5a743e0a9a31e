package arch

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"os"
	"slices"
	"strings"
	"testing"

	"igny8/internal/fault"
	"igny8/internal/httpx"
)

var update = flag.Bool("update", false, "write docs/errors.md anew")

const errorsFile = "../../docs/errors.md"

const errorsHead = `# Errors

Every error of the API is a problem document (RFC 9457): ` + "`application/problem+json`" + ` with ` + "`type`" + `,
` + "`title`" + `, ` + "`status`" + `, ` + "`detail`" + `, ` + "`code`" + ` and ` + "`request_id`" + `; for bad input also ` + "`errors`" + `, one for
each place. ` + "`code`" + ` is for programs and does not change. ` + "`detail`" + ` is for people, and is often more
particular than the sentence here. ` + "`request_id`" + ` names the request in the server's log.

This list is made from the sources: ` + "`go test ./internal/arch -run TestErrorsAreDocumented -update`" + `.

| code | status | says |
|---|---|---|
`

// face is one fault.New of the sources.
type face struct{ code, kind, msg, path string }

func (h house) faces() []face {
	var all []face
	for _, s := range h {
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 3 {
				return true
			}
			name := ""
			switch f := call.Fun.(type) {
			case *ast.SelectorExpr:
				if x, ok := f.X.(*ast.Ident); ok && s.imports[x.Name] == module+"internal/fault" {
					name = f.Sel.Name
				}
			case *ast.Ident:
				if s.pkg == "fault" {
					name = f.Name
				}
			}
			if name == "New" {
				all = append(all, face{text(call.Args[1]), lastName(call.Args[0]), text(call.Args[2]), s.path})
			}
			return true
		})
	}
	slices.SortFunc(all, func(a, b face) int { return cmp.Or(strings.Compare(a.code, b.code), strings.Compare(a.path, b.path)) })
	return all
}

// text is a literal, or a sum of them; what is computed is shown as "...".
func text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		return literal(e)
	case *ast.BinaryExpr:
		return text(e.X) + text(e.Y)
	}
	return "..."
}

func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.SelectorExpr:
		return e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// kinds is by the name of the constant.
var kinds = map[string]fault.Kind{
	"Internal": fault.Internal, "Invalid": fault.Invalid, "Malformed": fault.Malformed, "Unauthenticated": fault.Unauthenticated,
	"PaymentRequired": fault.PaymentRequired, "Forbidden": fault.Forbidden, "NotFound": fault.NotFound, "Conflict": fault.Conflict,
	"TooLarge": fault.TooLarge, "TooMany": fault.TooMany, "NotAllowed": fault.NotAllowed,
	"NotAcceptable": fault.NotAcceptable, "TooSlow": fault.TooSlow, "WrongType": fault.WrongType, "Unavailable": fault.Unavailable,
}

// TestErrorsAreDocumented compares docs/errors.md with the sources. A code
// means one thing: where it is made twice, it says the same.
func TestErrorsAreDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString(errorsHead)
	said := map[string]face{}
	for _, f := range readHouse(t).faces() {
		kind, ok := kinds[f.kind]
		if !ok {
			t.Errorf("%s: %s has no kind of fault that this test knows: %s", f.path, f.code, f.kind)
		}
		if first, twice := said[f.code]; twice {
			if first.kind != f.kind || first.msg != f.msg {
				t.Errorf("%s and %s both say %s, and mean two things", first.path, f.path, f.code)
			}
			continue
		}
		said[f.code] = f
		fmt.Fprintf(&b, "| `%s` | %d | %s |\n", f.code, httpx.Status(fault.New(kind, "", "")), strings.ReplaceAll(f.msg, "|", `\|`))
	}
	if *update {
		if err := os.WriteFile(errorsFile, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(errorsFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != b.String() {
		t.Errorf("docs/errors.md is not what the sources say; run this test with -update")
	}
}
