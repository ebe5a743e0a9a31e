package keywordfile

import (
	"slices"
	"strings"
)

// Meaning is what a column holds.
type Meaning string

// What columns can hold.
const (
	KeywordColumn     Meaning = "keyword"
	VolumeColumn      Meaning = "volume"
	DifficultyColumn  Meaning = "difficulty"
	CPCColumn         Meaning = "cpc"
	CurrencyColumn    Meaning = "currency"
	IntentColumn      Meaning = "intent"
	CountryColumn     Meaning = "country"
	ClicksColumn      Meaning = "clicks"
	ImpressionsColumn Meaning = "impressions"
	PositionColumn    Meaning = "position"
	URLColumn         Meaning = "url"
	CTRColumn         Meaning = "ctr" // recognised, not kept: it is clicks by impressions

	// Ahrefs can give each intent its own column of true and false.
	InformationalColumn Meaning = "informational"
	NavigationalColumn  Meaning = "navigational"
	CommercialColumn    Meaning = "commercial"
	TransactionalColumn Meaning = "transactional"
)

// names are the headers of each meaning, as headerKey gives them. Where two
// columns of a file have one meaning, the name that stands first here wins.
//
// Some headers are left out on purpose: Competition and Competitive Density
// speak of advertisements, Global volume is not that of the country, Parent
// Keyword and Seed keyword are other phrases.
var names = map[Meaning][]string{
	KeywordColumn: {
		"keyword", "keywords", "key phrase", "keyphrase", "search term", "search terms",
		"search query", "search queries", "search keyword", "query", "queries", "top queries", "top query",
		"phrase", "term",
		"schlusselwort", "schlagwort", "suchbegriff", "suchbegriffe", "suchanfrage", "suchanfragen", "haufigste suchanfragen", // German
		"mot cle", "mots cles", "mot-cle", "mots-cles", "requete", "requetes", "requetes les plus frequentes", "principales requetes", // French
		"palabra clave", "palabras clave", "consulta", "consultas", "consultas principales", "principales consultas", // Spanish
		"parola chiave", "parole chiave", "query principali", // Italian
		"palavra-chave", "palavras-chave", "principais consultas", // Portuguese
		"zoekwoord", "zoekopdracht", "zoekopdrachten", "populairste zoekopdrachten", // Dutch
		"slowo kluczowe", "zapytanie", "najpopularniejsze zapytania", // Polish
	},
	VolumeColumn: {
		"volume", "search volume", "avg monthly searches", "average monthly searches", "monthly searches",
		"monthly search volume", "monthly volume", "avg search volume", "searches", "sv",
		"suchvolumen", "durchschnittl suchanfragen pro monat", "durchschnittliche suchanfragen pro monat",
		"volume de recherche", "recherches mensuelles moyennes", "nombre moyen de recherches mensuelles",
		"volumen", "volumen de busqueda", "promedio de busquedas mensuales", "media de busquedas mensuales",
	},
	DifficultyColumn: {
		"keyword difficulty", "keyword difficulty index", "difficulty", "kd", "kd %", "kd%", "seo difficulty",
		"keyword difficulty (kd)", "difficulty (kd)", "personal keyword difficulty",
		"schwierigkeit", "difficulte", "dificultad",
	},
	CPCColumn: {
		"cpc", "avg cpc", "average cpc", "cost per click", "top of page bid (low range)", "low top of page bid",
		"top of page bid low range", "klickpreis", "gebot fur obere positionen (unterer bereich)",
		"gebote fur obere positionen (unterer bereich)", "cout par clic", "coste por clic",
		"enchere de haut de page (fourchette inferieure)", "puja por parte superior de la pagina (intervalo bajo)",
	},
	CurrencyColumn:      {"currency", "cpc currency", "currency code", "wahrung", "devise", "moneda"},
	IntentColumn:        {"intent", "intents", "search intent", "keyword intent", "keyword intents", "main intent", "primary intent", "suchintention", "intention", "intencion"},
	CountryColumn:       {"country", "country code", "database", "market", "land", "pays", "pais"},
	ClicksColumn:        {"clicks", "klicks", "clics", "clic", "cliques", "klikken", "klikniecia"},
	ImpressionsColumn:   {"impressions", "impressionen", "impresiones", "impressioni", "impressoes", "vertoningen", "wyswietlenia"},
	PositionColumn:      {"position", "current position", "average position", "avg position", "rank", "durchschnittliche position", "position moyenne", "posicion", "posicion media", "posizione", "posizione media", "posicao", "positie", "pozycja"},
	URLColumn:           {"serp urls", "serp results", "result urls", "ranking urls", "top urls", "top 10 urls", "urls", "url", "current url", "ranking url", "landing page", "page", "suchergebnisse", "ergebnis-urls"},
	CTRColumn:           {"ctr", "klickrate", "url ctr"},
	InformationalColumn: {"informational"},
	NavigationalColumn:  {"navigational"},
	CommercialColumn:    {"commercial"},
	TransactionalColumn: {"transactional"},
}

type alias struct {
	meaning Meaning
	rank    int
}

var aliases = indexNames()

func indexNames() map[string]alias {
	all := make(map[string]alias)
	for m, list := range names {
		for rank, name := range list {
			all[name] = alias{m, rank}
		}
	}
	return all
}

// headerKey is a header without case, accents, underscores and full stops.
func headerKey(header string) string {
	return Key(strings.Map(func(r rune) rune {
		switch r {
		case '_':
			return ' '
		case '.', ':', '*':
			return -1
		}
		return r
	}, header))
}

// meaningOf looks a header up. A currency in brackets, as in "CPC (USD)", is
// taken off first.
func meaningOf(header string) (a alias, currency string, ok bool) {
	if a, ok = aliases[headerKey(header)]; ok {
		return a, "", true
	}
	name, currency := cutBracketCurrency(header)
	a, ok = aliases[headerKey(name)]
	return a, currency, ok
}

func cutBracketCurrency(header string) (name, currency string) {
	name, inside, ok := strings.Cut(strings.TrimSuffix(strings.TrimSpace(header), ")"), "(")
	if !ok {
		return header, ""
	}
	if code, ok := parseCurrency(strings.TrimSpace(inside)); ok {
		return name, code
	}
	return header, ""
}

// header is a header line understood.
type header struct {
	line     int
	columns  []Column
	index    map[Meaning]int
	currency string // of the CPC column, from its header
}

// understand gives each column its meaning.
func understand(r record) header {
	h := header{line: r.line, columns: make([]Column, len(r.cells)), index: make(map[Meaning]int)}
	best := make(map[Meaning]int)
	for i := range r.cells {
		h.columns[i] = Column{Index: i, Header: r.cell(i)}
		a, currency, ok := meaningOf(r.cell(i))
		if rank, taken := best[a.meaning]; !ok || taken && rank <= a.rank {
			continue
		}
		h.index[a.meaning], best[a.meaning] = i, a.rank
		if a.meaning == CPCColumn {
			h.currency = currency
		}
	}
	for m, i := range h.index {
		h.columns[i].Meaning = m
	}
	return h
}

// as is the header with the meanings that a person gave: each is that of one
// column, which loses the one it had.
func (h header) as(given map[int]Meaning) header {
	for i, m := range given {
		if i < 0 || i >= len(h.columns) {
			continue
		}
		for was, at := range h.index {
			if at == i || was == m {
				h.columns[at].Meaning = ""
				delete(h.index, was)
			}
		}
	}
	for i, m := range given {
		if i >= 0 && i < len(h.columns) && m != "" {
			h.columns[i].Meaning, h.index[m] = m, i
			if m == CPCColumn {
				_, h.currency = cutBracketCurrency(h.columns[i].Header)
			}
		}
	}
	return h
}

// IsMeaning is true of what a column can be given as.
func IsMeaning(m Meaning) bool { return len(names[m]) > 0 }

func (h header) has(m Meaning) bool { _, ok := h.index[m]; return ok }

// column is where a meaning stands; -1 where it does not.
func (h header) column(m Meaning) int {
	if i, ok := h.index[m]; ok {
		return i
	}
	return -1
}

// repeats is true of a record that is this header again, as in a file put
// together from several exports.
func (h header) repeats(r record) bool {
	if len(h.index) < 2 {
		return false
	}
	for _, i := range h.index {
		if r.cell(i) != h.columns[i].Header {
			return false
		}
	}
	return true
}

// Format is the tool that wrote a file, as far as its headers tell.
type Format string

// The formats that are told apart.
const (
	SearchConsole  Format = "search_console"
	Semrush        Format = "semrush"
	Ahrefs         Format = "ahrefs"
	KeywordPlanner Format = "keyword_planner"
	Plain          Format = "plain"   // one keyword a line
	Generic        Format = "generic" // any other table
)

// marks are headers that only one tool writes, as headerKey gives them.
var marks = []struct {
	format  Format
	headers []string
}{
	{KeywordPlanner, []string{"avg monthly searches", "top of page bid (low range)", "durchschnittl suchanfragen pro monat"}},
	{Semrush, []string{"competitive density", "keyword difficulty index", "serp features by keyword", "keyword intents", "seed keyword"}},
	{Ahrefs, []string{"parent keyword", "parent topic", "traffic potential", "cps", "global volume", "current organic traffic", "return rate"}},
}

func (h header) format() Format {
	keys := make([]string, len(h.columns))
	for i, c := range h.columns {
		keys[i] = headerKey(c.Header)
	}
	for _, m := range marks {
		if slices.ContainsFunc(m.headers, func(name string) bool { return slices.Contains(keys, name) }) {
			return m.format
		}
	}
	switch {
	case len(h.columns) == 1:
		return Plain
	case slices.Contains(keys, "keyword difficulty") && slices.Contains(keys, "intent"):
		return Semrush
	case h.has(DifficultyColumn) && slices.Contains(keys, "country"):
		return Ahrefs
	case h.has(ImpressionsColumn) && (h.has(CTRColumn) || h.has(PositionColumn)):
		return SearchConsole
	}
	return Generic
}
