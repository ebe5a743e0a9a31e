package offline

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"igny8/internal/ai/internal/provider"
)

// frame is an article in outline, for any subject. {s} is the subject, {S} the
// same at the beginning of a sentence, {a} another keyword of the cluster.
type frame struct {
	title    string
	angle    string
	audience string
	outline  []string
}

var frames = map[provider.Intent][]frame{
	provider.Informational: {
		{
			"{S}: a complete guide", "Answers the whole question in one place, from the first definition to the next step.", "People who meet {s} for the first time",
			[]string{"{S} in plain words", "Why it matters", "{S} in practice", "Common mistakes with {s}", "Questions people ask about {s}", "Where to go from here"},
		},
		{
			"{S} explained step by step", "Turns a broad subject into steps that can be followed in order.", "People who want to do it themselves",
			[]string{"Before you start with {s}", "The first steps", "What to watch along the way", "When {s} does not go as planned", "A short checklist"},
		},
		{
			"{S}: the questions people ask, answered", "Takes the searches themselves as headings, and answers each in two or three sentences.", "People who search with a question in mind",
			[]string{"{S} in one paragraph", "The most frequent questions", "What is often misunderstood about {s}", "When to ask a professional"},
		},
		{
			"{S} checklist: what to know and what to do", "Short enough to be printed, complete enough to be trusted.", "People who want to be sure that nothing is missing",
			[]string{"How to use this checklist", "What to know about {s}", "What to prepare", "What to do", "What to check afterwards"},
		},
		{
			"Common mistakes with {s}, and how to avoid them", "Starts from what goes wrong, which is what most guides leave out.", "People who have tried it once already",
			[]string{"Why {s} goes wrong", "Mistakes at the beginning", "Mistakes that show later", "How to put it right", "A better way to plan {s}"},
		},
	},
	provider.Commercial: {
		{
			"{S} compared: how to choose", "Compares by the criteria that decide, not by a list of features.", "People who are choosing between several offers",
			[]string{"What to compare in {s}", "Criteria that decide", "A comparison table", "Which {s} suits whom", "What to ask before you decide"},
		},
		{
			"The best {s}: what to look for", "Says first how the choice was made, so that the reader can make it too.", "People who are close to a decision",
			[]string{"How we look at {s}", "What good {s} have in common", "What to avoid", "Questions for the provider", "Making the decision"},
		},
		{
			"Alternatives to {s}", "Shows what else solves the same problem, and for whom it does.", "People who are not sure that this is the right kind of solution",
			[]string{"When {s} is not the right choice", "What else there is", "How the alternatives differ", "How to change from one to another"},
		},
		{
			"{S}: a buyer's guide", "Leads from the need to the decision in the order in which buyers think.", "People who buy this for the first time",
			[]string{"Do you need {s}?", "What it involves", "How to compare offers for {s}", "What the contract should say", "After the purchase"},
		},
	},
	provider.Transactional: {
		{
			"{S}: prices, options and how to order", "Puts what a buyer needs to know on one page, in the order in which he needs it.", "People who are ready to buy",
			[]string{"What you get with {s}", "What the price depends on", "How to order", "What happens next", "Questions before you order"},
		},
		{
			"How to get {s} without surprises", "Says what can go wrong between order and delivery, and how to prevent it.", "People who want to order today",
			[]string{"What to have ready", "Ordering {s}", "Delivery and start", "If something is not right", "A short checklist"},
		},
		{
			"What {s} costs, and what the price depends on", "Explains what makes the price, so that offers can be compared.", "People who compare prices",
			[]string{"What makes the price of {s}", "What is included", "What is usually extra", "How to compare offers", "How to save without regret"},
		},
	},
	provider.Navigational: {
		{
			"{S}: where to find what you need", "Takes people who know where they want to go there, in one step.", "People who know the name and look for the place",
			[]string{"The short answer", "What you find there", "If you looked for something else", "Getting help with {s}"},
		},
		{
			"{S}: contact, access and first steps", "Collects what is otherwise spread over several pages.", "Customers who come back",
			[]string{"How to reach {s}", "Getting access", "First steps", "Frequent problems and their solution"},
		},
	},
}

// framesOf is the frames of an intent, and after them those that suit any.
func framesOf(i provider.Intent) []frame {
	if i == "" || i == provider.Informational {
		return frames[provider.Informational]
	}
	return append(slices.Clone(frames[i]), frames[provider.Informational]...)
}

// mostKeywords is how many keywords an idea targets.
const mostKeywords = 8

// ideasFor goes through the cluster's keywords, best first, and the frames at
// once, so that two ideas differ in both. A keyword that is a question is an
// article by itself.
func ideasFor(in provider.IdeasBrief) []provider.Idea {
	taken := map[string]bool{}
	for _, t := range in.Avoid {
		taken[key(t)] = true
	}
	kws := in.Keywords
	if len(kws) == 0 {
		kws = []provider.Keyword{{Text: in.Cluster, Intent: in.Intent}}
	}
	var out []provider.Idea
	used := map[string]int{} // how often a frame's title was used
	for round := 0; len(out) < in.Count && round < len(kws)+8; round++ {
		k := kws[round%len(kws)]
		intent := k.Intent
		if intent == "" {
			intent = in.Intent
		}
		for _, f := range leastUsed(framesOf(intent), used) {
			idea := f.idea(k, intent, kws)
			if taken[key(idea.Title)] || stutters(f.title, k.Text) {
				continue
			}
			taken[key(idea.Title)] = true
			used[f.title]++
			out = append(out, idea)
			break
		}
	}
	return out
}

// stutters tells whether a frame says a word that the subject says already, as
// in "checklist: a checklist".
func stutters(title, subject string) bool {
	own := strings.Fields(key(subject))
	return slices.ContainsFunc(strings.Fields(key(title)), func(w string) bool { return len(w) > 3 && slices.Contains(own, w) })
}

// leastUsed is the frames, those first that were used least.
func leastUsed(all []frame, used map[string]int) []frame {
	out := slices.Clone(all)
	slices.SortStableFunc(out, func(a, b frame) int { return used[a.title] - used[b.title] })
	return out
}

func (f frame) idea(k provider.Keyword, intent provider.Intent, kws []provider.Keyword) provider.Idea {
	subject := plain(k.Text)
	title := fill(f.title, subject)
	if question(subject) {
		title = capital(strings.TrimRight(subject, "? ")) + "?"
		subject = strings.TrimRight(subject, "? ")
	}
	if intent == "" {
		intent = provider.Informational
	}
	i := provider.Idea{Title: title, Angle: fill(f.angle, subject), Audience: fill(f.audience, quoted(subject)), Intent: intent, Keywords: near(k, kws)}
	i.Questions = questionsOf(i.Keywords, subject)
	for _, h := range f.outline {
		i.Outline = append(i.Outline, provider.Section{Heading: fill(h, quoted(subject))})
	}
	for n, kw := range i.Keywords {
		s := &i.Outline[n%len(i.Outline)]
		s.Keywords = append(s.Keywords, kw)
	}
	return i
}

// questionsOf is what people ask: the keywords that are questions, and what one
// asks of any subject.
func questionsOf(keywords []string, subject string) []string {
	var all []string
	for _, k := range keywords {
		if k = plain(k); question(k) {
			all = append(all, capital(strings.TrimRight(k, "? "))+"?")
		}
	}
	if !question(subject) {
		all = append(all, fill("What should I know about {s} first?", subject), fill("What do people get wrong about {s}?", subject), fill("Where can I learn more about {s}?", subject))
	}
	return all[:min(len(all), 4)]
}

// quoted is a subject inside a sentence: a question needs quotation marks.
func quoted(subject string) string {
	if question(subject) {
		return "“" + subject + "”"
	}
	return subject
}

// near is the keywords that share most words with k, itself first.
func near(k provider.Keyword, all []provider.Keyword) []string {
	own := strings.Fields(strings.ToLower(k.Text))
	type ranked struct {
		text   string
		shared int
	}
	var rank []ranked
	for _, o := range all {
		if o.Text == k.Text {
			continue
		}
		n := 0
		for _, w := range strings.Fields(strings.ToLower(o.Text)) {
			if slices.Contains(own, w) {
				n++
			}
		}
		rank = append(rank, ranked{o.Text, n})
	}
	slices.SortStableFunc(rank, func(a, b ranked) int { return b.shared - a.shared })
	out := []string{k.Text}
	for _, r := range rank[:min(len(rank), mostKeywords-1)] {
		out = append(out, r.text)
	}
	return out
}

var askers = []string{"how", "what", "why", "when", "where", "who", "which", "can", "does", "do", "is", "are", "should", "will"}

// question tells whether a phrase asks something.
func question(s string) bool {
	w, _, more := strings.Cut(strings.ToLower(s), " ")
	return more && slices.Contains(askers, w) || strings.HasSuffix(s, "?")
}

// fill puts a subject into a frame.
func fill(s, subject string) string {
	return strings.NewReplacer("{s}", subject, "{S}", capital(subject)).Replace(s)
}

func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToTitle(r)) + s[n:]
}

// plain is text on one line, without what cannot be seen.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// key is what two spellings of one title share.
func key(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(provider.Fold(s)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }), " ")
}
