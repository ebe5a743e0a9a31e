package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "igny8/"

// source is one file that is built into the program.
type source struct {
	pkg     string // path below internal, such as "ai/internal/cluster"
	path    string // such as "credit/hold.go"
	file    *ast.File
	imports map[string]string // by the name that the file calls it
}

// house is every source below internal, tests left out.
type house []source

// readHouse parses the tree that the test stands in.
func readHouse(t *testing.T) house {
	t.Helper()
	var h house
	root := ".."
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err == nil {
			h = append(h, parse(t, filepath.ToSlash(rel), string(text)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func parse(t *testing.T, path, text string) source {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	s := source{pkg: filepath.ToSlash(filepath.Dir(path)), path: path, file: f, imports: map[string]string{}}
	for _, i := range f.Imports {
		target := literal(i.Path)
		name := target[strings.LastIndexByte(target, '/')+1:]
		if i.Name != nil {
			name = i.Name.Name
		}
		s.imports[name] = target
	}
	return s
}

func literal(l *ast.BasicLit) string {
	s, err := strconv.Unquote(l.Value)
	if err != nil {
		return l.Value
	}
	return s
}

// room is the package that a package below belongs to: the compiler keeps
// everybody else out of its inner ones.
func room(pkg string) string {
	name, _, _ := strings.Cut(pkg, "/")
	return name
}

// own is the path below internal of an import of ours.
func own(path string) (string, bool) {
	return strings.CutPrefix(path, module+"internal/")
}

// says calls fn for every use of something that another package exports, as in
// tenant.Mint.
func (s source) says(fn func(path, name string)) {
	ast.Inspect(s.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok {
			if path, imported := s.imports[x.Name]; imported {
				fn(path, sel.Sel.Name)
			}
		}
		return true
	})
}

// texts is the string literals of a file.
func (s source) texts() []string {
	var all []string
	ast.Inspect(s.file, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			all = append(all, literal(l))
		}
		return true
	})
	return all
}
