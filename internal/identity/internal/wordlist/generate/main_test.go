package main

import (
	"bytes"
	"os"
	"testing"
)

func TestTheListIsWhatTheGeneratorMakes(t *testing.T) {
	got, err := os.ReadFile("../words.bin")
	if err != nil {
		t.Fatal(err)
	}
	if want := list(); !bytes.Equal(got, want) {
		t.Errorf("words.bin has %d bytes, want %d: run go generate", len(got), len(want))
	}
	if len(got) < 100<<10 || len(got) > 300<<10 {
		t.Errorf("the list has %d bytes", len(got))
	}
}
