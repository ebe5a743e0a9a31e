package config

import (
	"net"
	"net/mail"
	"net/url"
	"strings"
)

// smtp is where letters are handed in. The value is not repeated in a fault:
// it may hold a password.
func (r *reader) smtp(name string) Secret {
	v := r.env[name]
	if v == "" {
		return Secret{}
	}
	u, err := url.Parse(v)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		r.fault("%s must be smtp://USER:PASSWORD@HOST:PORT, or smtps:// for TLS from the first byte", name)
		return Secret{}
	}
	return NewSecret(v)
}

// mailbox is an address that letters are from.
func (r *reader) mailbox(name, baseURL string) string {
	v := r.env[name]
	if v == "" {
		return "igny8@" + mailHost(baseURL)
	}
	a, err := mail.ParseAddress(v)
	if err != nil {
		r.fault("%s must be an e-mail address, such as igny8@example.com or Igny8 <igny8@example.com>", name)
		return ""
	}
	return a.String()
}

// mailHost is the domain of an address at the host of a URL. An IP address is
// none.
func mailHost(baseURL string) string {
	u, err := url.Parse(baseURL)
	if err != nil || u.Hostname() == "" || net.ParseIP(u.Hostname()) != nil {
		return "localhost"
	}
	return u.Hostname()
}
