// Package assets holds the files that pages load: style sheet, scripts, font,
// mark. They are in the binary, and their address changes with what is in
// them, so that a browser may keep them for ever.
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed dist
var dist embed.FS

// Base is where Handler is mounted.
const Base = "/static/"

// file is one that is served.
type file struct {
	kind    string // its media type
	plain   []byte // nil: it is made of gzipped for who asks for it, which no browser does
	gzipped []byte // nil: it would not be smaller
}

var files, stamp = load()

// Path is the address of a file of dist, such as "app.css". A name that is not
// there is a mistake of ours, found at start or by the first test of a page.
func Path(name string) string {
	if _, ok := files[name]; !ok {
		panic("assets: there is no " + name)
	}
	return Base + stamp + "/" + name
}

// load reads the files and names them by what is in all of them together:
// they refer to each other by their bare names.
func load() (map[string]file, string) {
	sum := sha256.New()
	all := map[string]file{}
	entries, err := fs.ReadDir(dist, "dist")
	if err != nil {
		panic(err) // the folder is in the binary
	}
	for _, e := range entries {
		text, err := dist.ReadFile("dist/" + e.Name())
		if err != nil {
			panic(err)
		}
		if name, packed := strings.CutSuffix(e.Name(), ".gz"); packed {
			all[name] = file{kind: kindOf(name), gzipped: text}
		} else {
			all[name] = newFile(name, text)
		}
		sum.Write([]byte(e.Name()))
		sum.Write(text)
	}
	return all, hex.EncodeToString(sum.Sum(nil))[:12]
}

func newFile(name string, text []byte) file {
	f := file{kind: kindOf(name), plain: text}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(text)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		panic(err) // a buffer takes everything
	}
	if b.Len() < len(text)*9/10 {
		f.gzipped = b.Bytes()
	}
	return f
}

func kindOf(name string) string {
	switch ext := path.Ext(name); ext {
	case ".woff2":
		return "font/woff2" // which not every machine's list has
	default:
		return mime.TypeByExtension(ext)
	}
}

// Handler serves the files under Base. An address of an older release is not
// found: its page is not either.
func Handler() http.Handler {
	return http.StripPrefix(Base+stamp+"/", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		f, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(rw, r)
			return
		}
		h := rw.Header()
		h.Set("Content-Type", f.kind)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		text := f.plain
		if f.gzipped != nil {
			h.Set("Vary", "Accept-Encoding")
			if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				h.Set("Content-Encoding", "gzip")
				text = f.gzipped
			} else if text == nil {
				text = unpacked(f.gzipped)
			}
		}
		http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(text))
	}))
}

// unpacked is what was packed when the program was built.
func unpacked(packed []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(err) // a test reads every file
	}
	text, err := io.ReadAll(z)
	if err != nil {
		panic(err)
	}
	return text
}
