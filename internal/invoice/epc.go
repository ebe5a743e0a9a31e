package invoice

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"strings"

	"github.com/boombuler/barcode/qr"

	"igny8/internal/fault"
	"igny8/internal/money"
)

// ErrNoCode is an invoice that no banking app can read: it is not paid by bank
// transfer, in another currency than the euro or not within SEPA, or nothing is
// due.
var ErrNoCode = fault.New(fault.NotFound, "invoice.no_qr_code", "There is no QR code for this invoice. Pay by its bank details.")

// sepa is the countries whose IBANs a SEPA credit transfer reaches.
const sepa = " AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS SE SI SK SM VA "

// epcLimits are those of EPC069-12.
const (
	epcBytes  = 331
	epcAmount = 999_999_999_99
)

// EPC is the text of a SEPA credit transfer's QR code (EPC069-12): twelve
// lines, each in its place, an empty one too. It says the structured
// reference, never a text beside it. note is for the payer to read. False when
// such a code cannot ask for this amount, or not for this account.
func EPC(b BankAccount, due money.Money, reference, note string) (string, bool) {
	if due.Currency != "EUR" || due.Amount <= 0 || due.Amount > epcAmount || len(b.IBAN) < 2 || !strings.Contains(sepa, " "+b.IBAN[:2]+" ") {
		return "", false
	}
	text := strings.Join([]string{
		"BCD", "002", "1", "SCT", // version 2, UTF-8, SEPA credit transfer
		b.BIC, cutTo(b.Holder, 70), b.IBAN,
		fmt.Sprintf("EUR%d.%02d", due.Amount/100, due.Amount%100),
		"", // purpose
		reference,
		"", // text, instead of a reference
		cutTo(note, 70),
	}, "\n")
	return text, len(text) <= epcBytes
}

func cutTo(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most])
	}
	return s
}

// modulePixels is how large a module of a code is in its picture, and
// quietModules the white around it that scanners need.
const (
	modulePixels = 8
	quietModules = 4
)

// QR is the picture of a code, as PNG.
func QR(text string) ([]byte, error) {
	code, err := qr.Encode(text, qr.M, qr.Unicode) // EPC069-12: level M
	if err != nil {
		return nil, fmt.Errorf("QR code: %w", err)
	}
	n := code.Bounds().Dx()
	side := (n + 2*quietModules) * modulePixels
	img := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range n * modulePixels {
		for x := range n * modulePixels {
			if r, _, _, _ := code.At(x/modulePixels, y/modulePixels).RGBA(); r == 0 {
				img.SetColorIndex(x+quietModules*modulePixels, y+quietModules*modulePixels, 1)
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, fmt.Errorf("QR code: %w", err)
	}
	return b.Bytes(), nil
}
