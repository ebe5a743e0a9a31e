package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"igny8/internal/config"
)

// SMTP hands letters in at a server, given as smtp://USER:PASSWORD@HOST:PORT,
// or smtps:// for TLS from the first byte. With smtp:// the connection is
// encrypted when the server offers it, and always before a password is sent
// anywhere but to this machine. from is whom the letters are from.
func SMTP(at config.Secret, from string) (Sender, error) {
	u, err := url.Parse(at.Reveal())
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("mail: IGNY8_SMTP_URL is not an address") // which may hold a password
	}
	sender, err := mail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("mail: IGNY8_MAIL_FROM: %w", err)
	}
	user, password := u.User.Username(), ""
	if u.User != nil {
		password, _ = u.User.Password()
	}
	opts := []gomail.Option{gomail.WithTimeout(sendTime / 2), gomail.WithTLSPolicy(gomail.TLSOpportunistic)}
	port := 25
	switch {
	case u.Scheme == "smtps":
		port, opts = 465, append(opts, gomail.WithSSL())
	case user != "":
		port = 587
		if !here(u.Hostname()) {
			opts = append(opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
		}
	}
	if p := u.Port(); p != "" {
		if port, err = strconv.Atoi(p); err != nil {
			return nil, fmt.Errorf("mail: the port of IGNY8_SMTP_URL: %w", err)
		}
	}
	opts = append(opts, gomail.WithPort(port))
	if user != "" {
		opts = append(opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(user), gomail.WithPassword(password))
	}
	s := smtpSender{host: u.Hostname(), opts: opts, from: sender, implicitTLS: u.Scheme == "smtps"}
	_, err = gomail.NewClient(s.host, s.opts...)
	if err != nil {
		return nil, fmt.Errorf("mail: %w", err)
	}
	return s, nil
}

func here(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

type smtpSender struct {
	host string
	opts []gomail.Option
	from *mail.Address

	implicitTLS bool
}

// Send implements Sender. Each letter has a connection of its own: there are
// few of them.
func (s smtpSender) Send(ctx context.Context, e Envelope) error {
	m := gomail.NewMsg()
	m.FromMailAddress(s.from)
	if err := m.To(e.To); err != nil {
		return fmt.Errorf("%w: its address: %w", ErrRefused, err)
	}
	_, domain, _ := strings.Cut(s.from.Address, "@")
	m.SetMessageIDWithValue(e.ID.String() + "@" + domain)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no holiday notes, please
	m.SetDate()
	m.Subject(e.Subject)
	m.SetBodyString(gomail.TypeTextPlain, e.Text)
	opts := slices.Clone(s.opts)
	if !s.implicitTLS {
		// go-mail leaves the connection open when a server turns us away
		// before it has signed us in. With TLS from the first byte it has to
		// dial itself, or it would not know that the line is safe.
		var line net.Conn
		opts = append(opts, gomail.WithDialContextFunc(func(ctx context.Context, network, address string) (_ net.Conn, err error) {
			line, err = (&net.Dialer{}).DialContext(ctx, network, address)
			return line, err
		}))
		defer func() {
			if line != nil {
				_ = line.Close() // closed already when all went well
			}
		}()
	}
	c, err := gomail.NewClient(s.host, opts...)
	if err != nil {
		return fmt.Errorf("SMTP: %w", err)
	}
	err = c.DialAndSendWithContext(ctx, m)
	var refused *gomail.SendError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &refused) && refused.ErrorCode() >= 500 && forGood(refused.Reason):
		return fmt.Errorf("%w: %w", ErrRefused, err)
	default:
		return fmt.Errorf("SMTP: %w", err)
	}
}

// forGood tells whether a permanent error is about this letter. One about the
// server's settings, such as a wrong password, is mended by the operator, and
// the letter waits for that.
func forGood(r gomail.SendErrReason) bool {
	return r == gomail.ErrSMTPRcptTo || r == gomail.ErrSMTPData || r == gomail.ErrSMTPDataClose
}
