package api

import (
	"context"
	"encoding/json"

	"igny8/internal/job"
	"igny8/internal/planner"
	"igny8/internal/tenant"
)

type columnView struct {
	Index   int     `json:"index" doc:"From 0: how columns names it when it is to mean something else."`
	Header  string  `json:"header"`
	Meaning *string `json:"meaning" doc:"What is read from it, such as keyword or volume. Null: nothing."`
}

type fileIssueView struct {
	Line   int    `json:"line"`
	Column string `json:"column" doc:"Empty: the whole row is meant."`
	Value  string `json:"value"`
	Reason string `json:"reason"`
	Detail string `json:"detail"`
}

func showIssues(all []planner.FileIssue) []fileIssueView {
	out := []fileIssueView{}
	for _, i := range all {
		out = append(out, fileIssueView{i.Line, i.Column, i.Value, i.Reason, i.Detail.String()})
	}
	return out
}

type sampleView struct {
	Line       int     `json:"line"`
	Phrase     string  `json:"phrase"`
	Volume     *int64  `json:"volume"`
	Difficulty *int64  `json:"difficulty"`
	CPCMicros  *int64  `json:"cpc_micros"`
	Currency   *string `json:"cpc_currency"`
	Intent     *string `json:"intent"`
	Country    *string `json:"country"`
}

type previewView struct {
	Format     string          `json:"format" doc:"Which tool has written it, such as semrush."`
	Encoding   string          `json:"encoding"`
	Delimiter  *string         `json:"delimiter"`
	Sheet      *string         `json:"sheet" doc:"Of a workbook: the one that is read."`
	Columns    []columnView    `json:"columns"`
	Rows       int64           `json:"rows"`
	New        int64           `json:"new" doc:"Keywords that would be added."`
	Duplicates int64           `json:"duplicates" doc:"Of each other, or of keywords that are there: those have the better of both numbers then."`
	Rejected   int64           `json:"rejected"`
	Rejections []fileIssueView `json:"rejections" doc:"The first hundred."`
	Warnings   []fileIssueView `json:"warnings" doc:"Cells that would be left out of rows that are kept, the first hundred."`
	WarningsOf int64           `json:"warning_count"`
	Sample     []sampleView    `json:"sample" doc:"The first keywords, as they are understood."`
}

func showPreview(p planner.Preview) previewView {
	v := previewView{
		Format: p.Format, Encoding: p.Encoding, Delimiter: text(p.Delimiter), Sheet: text(p.Sheet), Columns: []columnView{}, Rows: p.Rows, New: p.New,
		Duplicates: p.Duplicates, Rejected: p.Rejected, Rejections: showIssues(p.Rejections), Warnings: showIssues(p.Warnings), WarningsOf: p.WarningsOf, Sample: []sampleView{},
	}
	for _, c := range p.Columns {
		v.Columns = append(v.Columns, columnView{c.Index, c.Header, text(c.Meaning)})
	}
	for _, r := range p.Sample {
		v.Sample = append(v.Sample, sampleView{r.Line, r.Phrase, r.Volume, r.Difficulty, r.CPCMicros, text(r.Currency), text(r.Intent), text(r.Country)})
	}
	return v
}

// columnsOf reads what a person says that columns mean.
func columnsOf(s string) (planner.Columns, error) {
	if s == "" {
		return nil, nil
	}
	var all planner.Columns
	if err := json.Unmarshal([]byte(s), &all); err != nil {
		return nil, planner.ErrInvalidColumns.At("body.columns", "must be a JSON object of indexes and meanings", nil)
	}
	return all, nil
}

func (a *API) previewImport(ctx context.Context, c visit, in *importInput) (out *reply[previewView], err error) {
	d := in.RawBody.Data()
	sid, sec, err := place(d.Site, d.Sector)
	if err != nil {
		return nil, err
	}
	columns, err := columnsOf(d.Means)
	if err != nil {
		return nil, err
	}
	err = a.st.View(ctx, c.Scope, func(ctx context.Context, v *tenant.View) error {
		p, err := a.planner.Preview(ctx, v, planner.Upload{Site: sid, Sector: sec, Name: d.File.Filename, Body: in.content, Columns: columns})
		out = &reply[previewView]{Body: showPreview(p)}
		return err
	})
	return out, err
}

func (a *API) importRejections(ctx context.Context, c visit, in *IDInput) (*file, error) {
	jid, err := named(job.ParseID, in.ID, job.ErrNotFound)
	if err != nil {
		return nil, err
	}
	var content []byte
	err = a.st.View(ctx, c.Scope, func(ctx context.Context, v *tenant.View) error {
		content, err = planner.Rejections(ctx, v, jid)
		return err
	})
	return attachment("text/csv; charset=utf-8", "rejected.csv", content), err
}
