package offline

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"igny8/internal/ai/internal/provider"
)

// notice is the first line of every draft.
const notice = "*Offline draft: no model wrote this text. It says what to cover and in which order; add the facts, and check every one of them, before you publish it.*"

// usualWords is the length of a draft when the brief names none.
const usualWords = 1000

// draft writes an article of about the length that the brief asks for. The
// outline's headings come in their order; a section covers its keywords one by
// one and then says what a good section on this subject has. No sentence
// stands twice.
func draft(in provider.ArticleBrief) provider.Article {
	if in.Words <= 0 {
		in.Words = usualWords
	}
	d := &drafting{target: in.Words, said: map[string]bool{}}
	faq := d.faq(in.Questions)
	subject := in.Title
	if len(in.Keywords) > 0 {
		subject = in.Keywords[0].Text
	}
	subject = plain(subject)
	sections := sectionsOf(in, subject)
	d.write(notice)
	d.introduce(in, subject)
	for n, s := range sections {
		d.section(s, (d.target-d.words-closing)/(len(sections)-n), intentLines[in.Intent])
	}
	d.close(subject, in.Links)
	title := plain(in.Title)
	return provider.Article{
		Title: title, Slug: provider.Slug(title), MetaDescription: meta(title, in.Angle), Excerpt: excerpt(title, in.Angle), Markdown: d.text.String(), FAQ: faq,
	}
}

// sectionWords is how long a section may get before there is another one.
const sectionWords = 450

// part is one section, with its subject and the keywords that it covers.
type part struct {
	heading  string
	subject  string
	keywords []string
}

// sectionsOf is the outline with every keyword of the brief in one section.
// Where the outline is too short for the length, the frames of the intent go
// on with it.
func sectionsOf(in provider.ArticleBrief, subject string) []part {
	var out []part
	placed := map[string]bool{}
	for _, o := range in.Outline {
		p := part{heading: plain(o.Heading), subject: subject}
		for _, k := range o.Keywords {
			if !placed[k] {
				placed[k] = true
				p.keywords = append(p.keywords, plain(k))
			}
		}
		out = append(out, p)
	}
	for _, f := range framesOf(in.Intent) {
		for _, h := range f.outline {
			p := part{heading: fill(h, quoted(subject)), subject: subject}
			if len(out)*sectionWords < in.Words && !slices.ContainsFunc(out, func(o part) bool { return o.heading == p.heading }) {
				out = append(out, p)
			}
		}
	}
	n := 0
	for _, k := range in.Keywords {
		if !placed[k.Text] {
			placed[k.Text] = true
			p := &out[n%len(out)]
			p.keywords = append(p.keywords, plain(k.Text))
			n++
		}
	}
	return out
}

// closing is about how many words the end takes.
const closing = 45

// drafting is a draft that is being written.
type drafting struct {
	text   strings.Builder
	words  int
	target int
	said   map[string]bool
	at     int // where in the lines the next search begins: variety without chance
}

// write adds a block.
func (d *drafting) write(block string) {
	if d.text.Len() > 0 {
		d.text.WriteString("\n\n")
	}
	d.text.WriteString(block)
	d.words += provider.Words(block)
}

func (d *drafting) introduce(in provider.ArticleBrief, subject string) {
	s := safe(quoted(subject))
	intro := fmt.Sprintf("This article is about %s.", s)
	if a := plain(in.Angle); a != "" {
		intro += fmt.Sprintf(" What sets it apart: %s.", safe(strings.TrimRight(a, ".")))
	}
	if a := plain(in.Audience); a != "" {
		intro += fmt.Sprintf(" It is written for this reader: %s.", safe(strings.TrimRight(a, ".")))
	}
	d.write(intro)
}

// slack is how far over its budget a section may go with one more sentence.
const slack = 8

// section writes one section within a budget of words.
func (d *drafting) section(p part, budget int, own []string) {
	end := d.words + budget
	d.write("## " + safe(p.heading))
	about := safe(quoted(p.subject))
	for _, k := range p.keywords {
		end -= provider.Words(k) // kept free: what is left out when it gets tight is advice, not a keyword
	}
	if lead := d.next(slices.Concat(own, leads), about, p.heading); d.words+provider.Words(lead) <= end {
		d.write(lead)
	}
	var bullets []string
	room := end - d.words
	for _, k := range p.keywords {
		line := "- **" + safe(k) + "**"
		if l := d.next(bulletLines(k), safe(quoted(k)), k); l != "" && provider.Words(l) <= room {
			line += ": " + l
			room -= provider.Words(l)
		}
		bullets = append(bullets, line)
		end += provider.Words(k)
	}
	if len(bullets) > 0 {
		d.write(strings.Join(bullets, "\n"))
	}
	for d.words < end-slack {
		var para []string
		n := 0
		for len(para) < 4 && d.words+n < end-slack {
			l := d.next(body, about, p.heading)
			if l == "" {
				break
			}
			para = append(para, l)
			n += provider.Words(l)
		}
		if len(para) == 0 {
			return
		}
		d.write(strings.Join(para, " "))
	}
}

// next is the first line, from where the last search ended, that has not been
// said in these words. It is empty when all have been.
func (d *drafting) next(lines []string, subject, heading string) string {
	words := strings.NewReplacer("{s}", subject, "{h}", "“"+safe(heading)+"”")
	for i := range lines {
		l := words.Replace(lines[(d.at+i)%len(lines)])
		if !d.said[l] {
			d.said[l] = true
			d.at += i + 1
			return l
		}
	}
	return ""
}

func bulletLines(k string) []string {
	if question(k) {
		return answers
	}
	return bullets
}

// again is the text of one section, with other lines than it has: the search for
// them begins where what is there now ended.
func again(in provider.RewriteBrief) string {
	d := &drafting{target: in.Words, said: map[string]bool{}, at: provider.Words(in.Text)}
	p := part{heading: plain(cmp.Or(in.Heading, in.Title)), subject: plain(in.Title)}
	for _, k := range in.Keywords {
		p.keywords = append(p.keywords, plain(k))
	}
	d.write(notice)
	d.section(p, in.Words-d.words, nil)
	return provider.Inside(strings.Replace(d.text.String(), "## "+safe(p.heading), "", 1), "")
}

// faq says of each question how to answer it, as long as there are ways.
func (d *drafting) faq(questions []string) []provider.Answer {
	var all []provider.Answer
	for _, q := range questions {
		q = plain(q)
		how := d.next(answers, safe(quoted(q)), q)
		if how == "" {
			break
		}
		a := provider.Answer{Question: q, Answer: capital(how)}
		all = append(all, a)
		d.words += provider.Words(a.Question) + provider.Words(a.Answer)
	}
	return all
}

func (d *drafting) close(subject string, links []provider.Link) {
	if len(links) > 0 {
		var all []string
		for _, l := range links {
			all = append(all, fmt.Sprintf("- [%s](<%s>)", safe(plain(l.Title)), l.URL))
		}
		d.write("## Read next\n\n" + strings.Join(all, "\n"))
	}
	d.write("## Before you publish")
	d.write(fmt.Sprintf("- Check every fact about %s against a source that you can name.\n- Add one example from your own work, and a picture that shows it.\n- Link to the page that a reader needs next, and say in the link what it is.",
		safe(quoted(subject))))
}
