package mail

import "time"

// ChargeFailed tells that a vendor could not take what it takes each interval.
type ChargeFailed struct {
	Vendor string `json:"vendor"` // as people know it
}

// Kind implements Message.
func (ChargeFailed) Kind() Kind { return KindChargeFailed }

func (ChargeFailed) until(now time.Time) time.Time { return now.Add(keepBilling) }
