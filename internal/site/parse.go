package site

import (
	"net/url"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/text/language"

	"igny8/internal/account"
)

// parse is the site that was meant, or the fault that says what cannot be.
func (n New) parse() (Site, error) {
	var s Site
	var ok bool
	if s.Name, ok = account.Printable(n.Name, 120); !ok {
		return Site{}, ErrInvalidName.At("body.name", "1 to 120 printable characters", nil)
	}
	if s.Domain, ok = parseDomain(n.Domain); !ok {
		return Site{}, ErrInvalidDomain.At("body.domain", "is not a domain such as example.com", nil)
	}
	if n.Language == "" {
		n.Language = "en"
	}
	tag, err := language.Parse(strings.TrimSpace(n.Language))
	if err != nil || tag == language.Und {
		return Site{}, ErrInvalidLanguage.At("body.language", "is not a language tag such as en", nil)
	}
	s.Language = tag.String()
	if strings.TrimSpace(n.Industry) != "" {
		if s.Industry, ok = account.Printable(n.Industry, 120); !ok {
			return Site{}, ErrInvalidIndustry.At("body.industry", "at most 120 printable characters", nil)
		}
	}
	return s, nil
}

// parseDomain takes what people paste (an address of a page, a port, capitals,
// a trailing dot) and gives the domain as DNS writes it (RFC 5891).
func parseDomain(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if _, rest, found := strings.Cut(s, "://"); found {
		u, err := url.Parse("https://" + rest)
		if err != nil || u.User != nil {
			return "", false
		}
		s = u.Hostname()
	} else {
		if i := strings.IndexAny(s, "/?#"); i >= 0 {
			s = s[:i]
		}
		host, port, _ := strings.Cut(s, ":")
		if strings.Trim(port, "0123456789") != "" {
			return "", false
		}
		s = host
	}
	d, err := idna.Lookup.ToASCII(strings.TrimSuffix(s, "."))
	if err != nil || len(d) > 253 {
		return "", false
	}
	labels := strings.Split(d, ".")
	last := labels[len(labels)-1]
	if len(labels) < 2 || strings.Trim(last, "0123456789") == "" { // the last: an IP address is no domain
		return "", false
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return "", false
		}
	}
	return d, true
}

// The lengths that an article of a site may have, in words.
const (
	leastWords = 100
	mostWords  = 5000
	maxTone    = 200
)

func parseTone(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	tone, ok := account.Printable(s, maxTone)
	if !ok {
		return "", ErrInvalidTone.At("body.tone", "at most 200 printable characters", s)
	}
	return tone, nil
}

func parseWords(n int64) (int64, error) {
	if n != 0 && (n < leastWords || n > mostWords) {
		return 0, ErrInvalidWords.At("body.words", "must be 100 to 5000, or 0", n)
	}
	return n, nil
}
