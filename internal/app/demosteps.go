package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"igny8/internal/money"
)

// object is a JSON body that is small enough to read where it is sent.
type object map[string]any

// registered is what registration answers, as far as the demo needs it.
type registered struct {
	Account struct {
		ID     string `json:"id"`
		Name   string `json:"name"`
		Status string `json:"status"`
	} `json:"account"`
	Subscription struct {
		ID   string `json:"id"`
		Plan string `json:"plan"`
	} `json:"subscription"`
	Credits struct {
		Available int64 `json:"available"`
	} `json:"credits"`
	Invoice *struct {
		ID          string      `json:"id"`
		Number      string      `json:"number"`
		Reference   string      `json:"reference"`
		AmountDue   money.Money `json:"amount_due"`
		BankDetails *struct {
			IBAN string `json:"iban"`
		} `json:"bank_details"`
	} `json:"invoice"`
	AccessToken string `json:"access_token"`
}

func person(email, account, plan, method string) object {
	o := object{
		"email": email, "password": rand.Text(), "first_name": "Dora", "last_name": "Demo",
		"account_name": account, "country": "DE", "plan": plan,
	}
	if method != "" {
		o["payment_method"] = method
	}
	return o
}

func (d *demo) register(ctx context.Context, _ progress) error {
	var r registered
	if err := d.anyone.post(ctx, "/auth/register", person("dora@example.com", "Dora's Agency", "trial", ""), &r); err != nil {
		return err
	}
	d.tenant = d.anyone.with(r.AccessToken)
	d.report.Tenant = reportTenant{ID: r.Account.ID, Name: r.Account.Name, Status: r.Account.Status, Plan: r.Subscription.Plan}
	return expect("the credits of a new trial", r.Credits.Available > 0, r.Credits.Available)
}

func (d *demo) addSite(ctx context.Context, _ progress) error {
	var s struct {
		ID string `json:"id"`
	}
	err := d.tenant.post(ctx, "/sites", object{"name": "Demo", "domain": "demo.example.com", "language": "en"}, &s)
	d.site = s.ID
	return err
}

func (d *demo) importFile(ctx context.Context, p progress, name string, content []byte) error {
	var j shownJob
	if err := d.tenant.upload(ctx, name, content, d.site, &j); err != nil {
		return err
	}
	k := &d.report.Keywords
	if err := d.tenant.wait(ctx, j.ID, p, k); err != nil {
		return err
	}
	if err := expect("rows that are accounted for", k.Rows == k.Imported+k.Duplicates+k.Rejected, *k); err != nil {
		return err
	}
	return expect("keywords imported", k.Imported > 0, *k)
}

// ordered is what the API answers to work that is paid for.
type ordered struct {
	Job   shownJob `json:"job"`
	Quote int64    `json:"quote"`
}

func (d *demo) cluster(ctx context.Context, p progress) error {
	var o ordered
	if err := d.tenant.post(ctx, "/planner/keywords/auto_cluster", object{"site_id": d.site}, &o); err != nil {
		return err
	}
	var result struct {
		Clusters int64 `json:"clusters"`
	}
	if err := d.tenant.wait(ctx, o.Job.ID, p, &result); err != nil {
		return err
	}
	var page struct {
		Items []reportCluster `json:"items"`
	}
	if err := d.tenant.get(ctx, "/planner/clusters?limit=200&site_id="+url.QueryEscape(d.site), &page); err != nil {
		return err
	}
	if err := expect("clusters", result.Clusters > 0 && len(page.Items) > 0, result.Clusters); err != nil {
		return err
	}
	d.report.Clusters = clustersOf(result.Clusters, page.Items)
	return nil
}

func (d *demo) ideas(ctx context.Context, p progress) error {
	var o ordered
	err := d.tenant.post(ctx, "/planner/clusters/generate_ideas",
		object{"cluster_ids": []string{d.report.Clusters.Largest.ID}, "count": 5}, &o)
	if err != nil {
		return err
	}
	if err := d.tenant.wait(ctx, o.Job.ID, p, &object{}); err != nil {
		return err
	}
	var page struct {
		Items []reportIdea `json:"items"`
	}
	if err := d.tenant.get(ctx, "/planner/ideas?cluster_id="+url.QueryEscape(d.report.Clusters.Largest.ID), &page); err != nil {
		return err
	}
	if err := expect("ideas", len(page.Items) > 0, len(page.Items)); err != nil {
		return err
	}
	d.report.Ideas, d.report.titles, d.idea = len(page.Items), page.Items, page.Items[0].ID
	return nil
}

func (d *demo) article(ctx context.Context, p progress) error {
	var task struct {
		ID string `json:"id"`
	}
	if err := d.tenant.post(ctx, "/writer/tasks", object{"site_id": d.site, "idea_id": d.idea, "words": 1000}, &task); err != nil {
		return err
	}
	var o ordered
	if err := d.tenant.post(ctx, "/writer/tasks/generate_content", object{"task_ids": []string{task.ID}}, &o); err != nil {
		return err
	}
	var result struct {
		Contents []string `json:"contents"`
	}
	if err := d.tenant.wait(ctx, o.Job.ID, p, &result); err != nil {
		return err
	}
	if err := expect("articles", len(result.Contents) == 1, result.Contents); err != nil {
		return err
	}
	var a struct {
		reportArticle
		Markdown string `json:"markdown"`
	}
	if err := d.tenant.get(ctx, "/writer/content/"+result.Contents[0], &a); err != nil {
		return err
	}
	d.report.Article, d.report.markdown = a.reportArticle, a.Markdown
	return expect("words in the article", a.Title != "" && a.Words > 100 && a.Markdown != "", a.Words)
}

// ledger reads every entry and checks that the balance is their sum.
func (d *demo) ledger(ctx context.Context, _ progress) error {
	c := &d.report.Credits
	if err := d.tenant.get(ctx, "/billing/credits", c); err != nil {
		return err
	}
	for cursor := ""; ; {
		var page struct {
			Items      []reportEntry `json:"items"`
			NextCursor string        `json:"next_cursor"`
		}
		if err := d.tenant.get(ctx, "/billing/credits/entries?limit=200&cursor="+url.QueryEscape(cursor), &page); err != nil {
			return err
		}
		d.report.entries = append(d.report.entries, page.Items...)
		if cursor = page.NextCursor; cursor == "" {
			break
		}
	}
	var sum, held int64
	for _, e := range d.report.entries {
		sum, held = sum+e.Amount, held+e.HeldChange
		if e.Kind == "grant" {
			c.Granted += e.Amount
		} else {
			c.Spent -= e.Amount + e.HeldChange
		}
	}
	c.Entries = len(d.report.entries)
	ok := sum == c.Available && held == c.Held && c.Held == 0 && c.Spent > 0 && c.Granted-c.Spent == c.Available
	return expect("a balance that is the sum of the ledger", ok, *c)
}

// bankTransfer is the life of a paying tenant, as the gate sees it.
func (d *demo) bankTransfer(ctx context.Context, _ progress) error {
	operator, err := d.operator(ctx)
	if err != nil {
		return err
	}
	var r registered
	if err := d.anyone.post(ctx, "/auth/register", person("paula@example.com", "Paula Pays", "growth", "bank_transfer"), &r); err != nil {
		return err
	}
	if err := expect("an invoice with bank details", r.Invoice != nil && r.Invoice.BankDetails != nil, r.Account.Status); err != nil {
		return err
	}
	paula := d.anyone.with(r.AccessToken)
	if err := d.knock(ctx, paula, http.StatusPaymentRequired); err != nil {
		return err
	}
	transfer := object{
		"account_id": r.Account.ID, "external_payment_id": "DEMO-" + r.Invoice.Reference, "amount": r.Invoice.AmountDue,
		"payer_name": "Paula Pays", "proof_url": "https://bank.example.com/statement/1",
	}
	if err := operator.post(ctx, "/billing/confirm-bank-transfer/", transfer, nil); err != nil {
		return err
	}
	var key struct {
		Key string `json:"key"`
	}
	if err := paula.post(ctx, "/account/api-keys", object{"name": "demo", "scopes": []string{"content.read"}}, &key); err != nil {
		return err
	}
	program := d.anyone.with(key.Key)
	if err := d.knock(ctx, program, http.StatusOK); err != nil {
		return err
	}
	if err := operator.post(ctx, "/admin/accounts/"+r.Account.ID+"/suspend", object{"reason": "demo"}, nil); err != nil {
		return err
	}
	return d.knock(ctx, program, http.StatusForbidden)
}

// operator becomes the first of the staff and says where money goes.
func (d *demo) operator(ctx context.Context) (caller, error) {
	var first struct {
		AccessToken string `json:"access_token"`
	}
	err := d.anyone.post(ctx, "/auth/first-staff", object{
		"token": d.setup, "email": "olga@example.com", "password": rand.Text(), "first_name": "Olga", "last_name": "Operator",
	}, &first)
	if err != nil {
		return caller{}, err
	}
	olga := d.anyone.with(first.AccessToken)
	return olga, olga.put(ctx, "/admin/bank-accounts/EUR", object{
		"holder": "Igny8 Demo", "iban": "DE89 3704 0044 0532 0130 00", "bic": "COBADEFFXXX", "bank_name": "Demo Bank",
	}, nil)
}

// knock is a request of a tenant, and what the gate should say to it.
func (d *demo) knock(ctx context.Context, c caller, want int) error {
	got, err := c.status(ctx, "/sites")
	if err != nil {
		return err
	}
	d.report.Gate = append(d.report.Gate, got)
	return expect(fmt.Sprintf("the gate to answer %d", want), got == want, got)
}

var errUnexpected = errors.New("not as expected")

// expect ends a step that did not do what it should.
func expect(what string, holds bool, got any) error {
	if holds {
		return nil
	}
	return fmt.Errorf("%w: %s; got %s", errUnexpected, what, strings.TrimSpace(fmt.Sprintf("%+v", got)))
}
