// Command igny8 is the whole product: the server, its demo and its tools.
package main

import (
	"context"
	"os"

	"igny8/internal/app"
)

func main() {
	os.Exit(app.Main(context.Background(), os.Args[1:], os.Environ(), app.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
