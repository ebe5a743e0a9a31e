package offline

import "igny8/internal/ai/internal/provider"

// The lines that drafts are made of. {s} is the subject and {h} the heading.
// They tell an editor what a good text says at this point; none claims a fact.

// intentLines open the sections of an article of one intent.
var intentLines = map[provider.Intent][]string{
	provider.Informational: {
		"A reader who arrives at {h} wants to understand {s}, so begin with the answer and explain it afterwards.",
		"Under {h}, one clear sentence about {s} is worth more than three careful ones.",
		"Treat {h} as a question about {s}, and answer it before anything else.",
	},
	provider.Commercial: {
		"A reader who arrives at {h} is comparing, so name the criteria for {s} before you name any product.",
		"Under {h}, say for whom {s} is right and for whom it is not.",
		"Put the differences that matter for {s} into a small table under {h}: one row for each criterion.",
	},
	provider.Transactional: {
		"A reader who arrives at {h} wants to act, so say what to do about {s} in the first sentence.",
		"Under {h}, put what {s} includes, what it does not, and the button that leads on.",
		"Keep {h} short: somebody who wants {s} now should not have to scroll.",
	},
	provider.Navigational: {
		"A reader who arrives at {h} looks for a place, so link to {s} in the first line.",
		"Under {h}, give the address, the number or the page for {s}, and nothing before it.",
	},
}

var leads = []string{
	"Open {h} with the one thing about {s} that the reader came for.",
	"Begin {h} with a sentence that would make sense to somebody who has never heard of {s}.",
	"In {h}, go from the general to the particular: first what {s} has to do with it, then the details.",
	"Let {h} stand on its own, because many readers of a page about {s} start in the middle.",
	"Say at the start of {h} what the reader will know about {s} at its end.",
}

// bullets go with a keyword of a section.
var bullets = []string{
	"say in two sentences what somebody who searches for this expects to find.",
	"give one concrete example, with the situation and the outcome.",
	"explain the difference to the neighbouring terms on this page.",
	"name the first step, and how long it usually takes.",
	"list what the reader should have ready.",
	"add the detail that your own customers ask about most.",
	"show it in a picture or a table if words take longer.",
	"say who it concerns, and who can skip it.",
	"link to the page that treats it in full.",
	"answer the objection that comes up most often.",
	"write down the terms that are used for it, so that all of them lead here.",
	"mention what has changed lately, with a date and a source.",
}

// answers go with a keyword that is a question.
var answers = []string{
	"answer it in one sentence first, then explain.",
	"give the short answer, and say on what it depends.",
	"answer with yes or no where that is possible, and add the exception.",
	"write the answer as you would say it on the telephone.",
	"answer in at most fifty words, so that it can be quoted whole.",
	"give the answer for the usual case, then for the unusual one.",
}

// body is what a section on any subject can have.
var body = []string{
	"The reader of {h} should learn which part of {s} concerns him.",
	"Explain every term the first time it appears under {h}.",
	"Give an example for {h} that comes from your own experience with {s}.",
	"If there are several kinds of {s}, say under {h} how to tell them apart.",
	"Numbers make {h} believable, but only with their source and their year.",
	"Say openly under {h} what is not known about {s}, or depends on the case.",
	"A short list under {h} helps those who only skim the text about {s}.",
	"Think of the person who has read three other pages about {s}: what does {h} tell him that they did not?",
	"Describe under {h} what happens first, what happens next, and how one can tell that it is done.",
	"Where opinions on {s} differ, let {h} name both sides fairly.",
	"Use the words for {s} that your readers use, not those of the trade, in all of {h}.",
	"Under {h}, separate what everybody should do about {s} from what only some need.",
	"A picture with a caption can replace a paragraph of {h}.",
	"Mention under {h} what {s} does not solve, so that nobody is disappointed later.",
	"If the law or a contract has a say in {s}, {h} should say so and link to the text itself.",
	"End a paragraph of {h} with what the reader can do now.",
	"Keep each paragraph of {h} to one thought about {s}.",
	"Ask a colleague who knows {s} well to read {h} and to cross out what is obvious.",
	"Ask somebody who knows nothing about {s} to read {h} and to mark what is unclear.",
	"Say under {h} how much time {s} takes, if that can be said honestly.",
	"Say what {s} needs from the reader before it can begin, and put it early in {h}.",
	"When something about {s} costs money, {h} should say what the price depends on.",
	"Compare {s} under {h} with something that the reader knows already.",
	"Warn under {h} of the one mistake with {s} that is hard to undo.",
	"Quote somebody under {h} who has done this, with his name and his permission.",
	"Tell in {h} how others found out that {s} was right for them.",
	"Say where help with {s} can be found, and when {h} is not enough.",
	"Repeat nothing in {h} that an earlier section has said about {s}.",
	"If {s} differs from place to place, {h} should say for which place it speaks.",
	"Put the date of the last check of {h} where the reader can see it.",
	"Under {h}, turn each claim about {s} into something that the reader can verify.",
	"Give the reader of {h} two or three questions about {s} to ask himself.",
	"Order the points of {h} by how often they are needed, not by the alphabet.",
	"If {s} is known by several names, let {h} use each of them once.",
	"A table under {h} can show at a glance for whom which kind of {s} is made.",
	"Say under {h} what changes for the reader once {s} is in place.",
	"Describe a case under {h} in which {s} was not the answer, and what was.",
	"Link from {h} to the page of this site that goes deeper into {s}.",
	"Write {h} so that it can be read aloud without stumbling over {s}.",
	"Say what the reader of {h} can leave for later.",
	"Show under {h} how to tell good {s} from the rest.",
	"Make it clear in {h} which statements about {s} are advice and which are rules.",
	"Leave out of {h} whatever would be true of anything other than {s}.",
	"Give {h} a first sentence that still makes sense when a search engine shows it alone.",
	"Collect the objections to {s} that you hear, and let {h} answer the strongest.",
	"If a reader of {h} asks what to do about {s} tomorrow, the text should have told him.",
	"Take one point of {h} and tell it as a story with a beginning and an end.",
	"Say under {h} which tools or papers {s} calls for, and where to get them.",
	"State in {h} what was left out about {s}, and why.",
	"Check that {h} keeps what the title promises about {s}.",
}
