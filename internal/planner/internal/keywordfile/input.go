package keywordfile

import (
	"fmt"
	"io"
)

// limited gives at most max bytes and then refuses the file. Unlike
// io.LimitReader it does not pass a cut file off as a whole one.
type limited struct {
	src       io.Reader
	left, max int64
	failed    error
}

func (l *limited) Read(p []byte) (int, error) {
	if l.failed != nil {
		return 0, l.failed
	}
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.src.Read(p)
	if int64(n) > l.left {
		n = int(l.left)
		l.failed = refuse(ErrTooLarge, 0, "The file is larger than %s. Split it and import the parts one after the other.", bytesText(l.max))
		err = l.failed
	}
	l.left -= int64(n)
	return n, err
}

func bytesText(n int64) string {
	if n >= 1<<20 {
		return fmt.Sprintf("%d MB", n>>20)
	}
	return fmt.Sprintf("%d bytes", n)
}
