package keywordfile

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// shared is a real export. These files are nobody's to copy, so they stay where
// they are: in keywords/ below IGNY8_SHARED_DATA, or in shared/data/ beside a
// folder above this one.
func shared(t testing.TB, name string) []byte {
	t.Helper()
	for _, dir := range sharedFolders(t) {
		if b, err := os.ReadFile(filepath.Join(dir, "keywords", name)); err == nil {
			return b
		}
	}
	t.Skipf("%s is not here: set IGNY8_SHARED_DATA to the folder that holds keywords/", name)
	return nil
}

func sharedFolders(t testing.TB) []string {
	t.Helper()
	if dir := os.Getenv("IGNY8_SHARED_DATA"); dir != "" {
		return []string{dir}
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for {
		all = append(all, filepath.Join(dir, "shared", "data"))
		up := filepath.Dir(dir)
		if up == dir {
			return all
		}
		dir = up
	}
}

// figures are sums over a file, to compare with those of another CSV reader.
type figures struct {
	rows, keys                              int
	volume, difficulty, cpc, clicks, seen   int64
	difficulties, informational, positioned int
}

func (f *figures) add(r Row) {
	f.rows++
	for sum, n := range map[*int64]*int64{&f.volume: r.Volume, &f.cpc: r.CPC, &f.clicks: r.Clicks, &f.seen: r.Impressions} {
		if n != nil {
			*sum += *n
		}
	}
	if r.Difficulty != nil {
		f.difficulties++
		f.difficulty += int64(*r.Difficulty)
	}
	if r.Intent == Informational {
		f.informational++
	}
	if r.Position != nil {
		f.positioned++
	}
}

func TestRealExports(t *testing.T) {
	for _, tt := range []struct {
		file   string
		format Format
		want   figures
	}{
		{"search-console-queries.csv", SearchConsole, figures{rows: 795, keys: 793, clicks: 346, seen: 32_433, positioned: 795}},
		{"semrush-keywords.csv", Semrush, figures{
			rows: 17_606, keys: 17_595, volume: 4_324_590, difficulty: 819_776, difficulties: 16_640,
			cpc: 17_536_620_000, informational: 14_926,
		}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			var got figures
			keys := make(map[string]bool)
			rep, err := Read(bytes.NewReader(shared(t, tt.file)), Options{}, func(r Row) error {
				got.add(r)
				keys[Key(r.Phrase)] = true
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			got.keys = len(keys)
			if got != tt.want || rep.Format != tt.format {
				t.Errorf("got %+v in %s, want %+v in %s", got, rep.Format, tt.want, tt.format)
			}
			if rep.RejectedCount+rep.WarningCount != 0 {
				t.Errorf("rejected %q, warnings %q", issues(rep.Rejected), issues(rep.Warnings))
			}
		})
	}
}

func BenchmarkReadSemrush(b *testing.B) {
	file := shared(b, "semrush-keywords.csv")
	b.SetBytes(int64(len(file)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(bytes.NewReader(file), Options{}, func(Row) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkKey(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		Key("how to choose running shoes")
		Key("Café  Paris")
	}
}
