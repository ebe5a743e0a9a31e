package keywordfile

import (
	"net/url"
	"strings"

	"golang.org/x/text/language"
)

const (
	maxURLs     = 20
	maxURLBytes = 2048
)

// parseCountry reads "us", "USA" and "UK". The whole world is "", which is no
// mistake; it is false for what is no country code.
func parseCountry(cell string) (string, bool) {
	switch strings.ToLower(cell) {
	case "worldwide", "global", "all", "all countries", "world":
		return "", true
	}
	region, err := language.ParseRegion(cell)
	if err != nil || !region.IsCountry() {
		return "", false
	}
	return region.Canonicalize().String(), true
}

// parseURLs reads pages with blanks, line breaks or "|" between them. It is
// false if one of them is no web address; the others are given all the same.
func parseURLs(cell string) (urls []string, ok bool) {
	ok = true
	for part := range strings.FieldsFuncSeq(cell, isURLBreak) {
		if !isWebAddress(part) {
			ok = false
			continue
		}
		if len(urls) < maxURLs {
			urls = append(urls, strings.Clone(part))
		}
	}
	return urls, ok
}

func isURLBreak(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '|' }

func isWebAddress(s string) bool {
	if len(s) > maxURLBytes {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}
