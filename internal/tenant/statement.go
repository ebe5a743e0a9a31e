package tenant

import (
	"regexp"
	"strings"
	"sync"
)

// sharedTables belong to no account.
var sharedTables = map[string]bool{
	"plans":                 true,
	"plan_prices":           true,
	"credit_packages":       true,
	"credit_package_prices": true,
	"flags":                 true,
	"credit_failure_rules":  true,
	"prompts":               true,
	"credit_prices":         true,
	"invoice_series":        true,
	"bank_accounts":         true,
	"staff_audit_events":    true,
	"letters":               true,
	"approval_rules":        true,
	"approval_limits":       true,
	"country_bank_accounts": true,
	"company_settings":      true,
	"tax_rules":             true,
	"bank_files":            true,
	"bank_statements":       true,
	"bank_lines":            true,
	"bank_line_names":       true,
	"bank_line_states":      true,
	"bank_ledgers":          true,
	"bank_mappings":         true,
	"bank_settings":         true,
	"webhook_events":        true,
	"vendor_prices":         true,
}

var (
	accountParam = regexp.MustCompile(`\$1(?:\D|$)`)
	tableName    = regexp.MustCompile(`(?i)\b(?:FROM|JOIN|INTO|UPDATE)\s+([a-z_]+)`)
)

// A program has few statements, and each is looked at once.
var (
	bindsMemo  sync.Map // query -> bool
	tablesMemo sync.Map // query -> []string
)

func bindsAccount(query string) bool {
	if known, ok := bindsMemo.Load(query); ok {
		return known.(bool)
	}
	binds := accountParam.MatchString(query)
	if len(query) < memoLimit {
		bindsMemo.Store(query, binds)
	}
	return binds
}

// memoLimit keeps statements built for batches of every size out of memory.
const memoLimit = 2000

func tablesIn(query string) []string {
	if known, ok := tablesMemo.Load(query); ok {
		return known.([]string)
	}
	var tables []string
	for _, m := range tableName.FindAllStringSubmatch(query, -1) {
		if name := strings.ToLower(m[1]); name != "set" {
			tables = append(tables, name)
		}
	}
	tablesMemo.Store(query, tables)
	return tables
}
