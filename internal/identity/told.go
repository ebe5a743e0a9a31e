package identity

import "igny8/internal/tenant"

// Told is the scope of a vendor whose message about an account was signed, and
// who said the same when he was asked. It has no permission: money is recorded
// by whoever can prove it. Only payment may call it, which has seen the proof.
func Told(vendor string, acc tenant.AccountID) tenant.Scope {
	return tenant.Mint(acc, tenant.Actor{Kind: tenant.System, ID: vendor}, 0)
}
