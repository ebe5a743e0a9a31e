package app

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"igny8/internal/web/webtest"
)

// await looks at a page again and again until it shows a text, as somebody does
// who has no scripts.
func await(b *webtest.Browser, text string) {
	path := b.At("location.pathname + location.search")
	for range 200 {
		if strings.Contains(b.Text(), text) {
			return
		}
		time.Sleep(50 * time.Millisecond)
		b.Go(path)
	}
	b.Is(path, text)
}

// TestBrowserFromASiteToClusters adds a site, imports a file after a look at it,
// finds keywords and groups them, by hand in a browser.
func TestBrowserFromASiteToClusters(t *testing.T) {
	t.Parallel()
	h := openPages(t)
	list := "Keyword,Wie oft,KD,Search Intent\nhoney cake recipe,900,12,informational\nhoney cake,2400,30,informational\nbuy honey,700,40,transactional\n" +
		"bee hotel,500,8,informational\nbee hotel kit,90,9,transactional\nbuild a bee hotel,80,3,informational\nwax candle,400,9,commercial\nbeeswax candle,300,9,commercial\nwax candle kit,20,9,commercial\n,100,5,informational\n"
	file := filepath.Join(t.TempDir(), "keywords.csv")
	if err := os.WriteFile(file, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	across(t, []string{"desktop", "telephone without scripts"}, func(t *testing.T, name string, o webtest.Options) {
		p := someone("trial", "")
		h.send("POST", "/auth/register", "", p).is(http.StatusCreated)
		b := webtest.Open(t, h.base, o)
		b.Go("/sign-in").Type("email", p["email"].(string)).Type("password", p["password"].(string)).Submit("Sign in")
		look(b.Is("/home", "Your first article", "0 of 7 steps", "Add a site", "Nothing runs", "Nothing is scheduled"), name+" first steps")
		look(b.Go("/keywords").Is("/keywords", "No site yet"), name+" keywords without a site")
		look(b.Go("/sites").Is("/sites", "No site yet").Press(`main a[href="/sites/new"]`).Is("/sites/new", "New site"), name+" new site")
		look(b.Type("name", "Bees").Type("domain", "http://").Submit("Add the site").Is("/sites/new", "is not a domain"), name+" new site refused")
		b.Type("domain", "bees.example").Submit("Add the site")
		site := strings.TrimPrefix(b.At("location.search"), "?site=")
		at := "/keywords?site=" + site
		look(b.Is(at, "The site is there", "No keywords yet", "Import a file"), name+" no keywords")
		look(b.Type("keywords", "honey\n\"\"").Submit("Add").Is("/keywords", "Line 2: A keyword has 1 to 200"), name+" keyword refused")
		b.Go(at).Type("keywords", "honey cake\nhoney cake\nbee hotel").Submit("Add").Is(at, "2 added")
		look(b.Attach("file", file).Submit("Look at the file"), name+" import")
		preview := b.At("location.pathname")
		look(b.Choose("c1", "volume").Submit("Look again").Is(b.At("location.pathname + location.search"), "would be added", "Rows that are left out"), name+" import with a column")
		if b.At("location.pathname") != preview {
			t.Errorf("looked again at %s", b.At("location.pathname"))
		}
		b.Press(`main form[method="post"] button:not([formmethod])`)
		await(b, "The file is imported")
		look(b, name+" imported")
		b.Press(`main a[href="/keywords"]`).Is("/keywords", "In no cluster", "Group")
		look(b.Go(at), name+" keywords")
		b.Type("q", "HONEY").Type("min_volume", "lots").Submit("Show")
		look(b.Is(b.At("location.pathname + location.search"), "A limit is a whole number"), name+" keywords not found")
		if b.Status() != http.StatusUnprocessableEntity {
			t.Errorf("a filter that cannot be read: %d", b.Status())
		}
		b.Type("min_volume", "800").Submit("Show")
		look(b.Is(b.At("location.pathname + location.search"), "honey cake", "All 2 that the list has"), name+" keywords found")
		b.Press(`button[value="delete"]`)
		look(b.Is("/keywords/choice", "Choose keywords first"), name+" no keyword chosen")
		b.Click(`[name="all"]`).Press(`button[value="delete"]`)
		look(b.Is("/keywords/choice", "Delete the chosen keywords?", "2 keywords: ", "cannot be undone"), name+" keywords to delete")
		b.Go(at).Click(`input[name="keyword"]`).Press(`button[value="cluster"]`)
		look(b.Is("/keywords/choice", "1 keyword: honey cake", "It costs"), name+" keywords to group")
		look(b.Go(at).Press(`a[href^="/keywords/group"]`).Is("/keywords/group?site="+site, "It costs", "You have", "credits"), name+" grouping")
		b.Press(`main form[method="post"] button`)
		await(b, "The keywords are grouped")
		look(b, name+" grouped")
		b.Press(`main a[href="/clusters"]`).Is("/clusters", "Choose clusters", "Find ideas")
		look(b, name+" clusters")
		b.Go(at).Type("q", "bee").Submit("Show").Click(`[name="all"]`).Press(`button[value="move"]`)
		look(b.Is("/keywords/choice", "Move the chosen keywords", "bee hotel"), name+" keywords to move")
		b.Eval(`document.querySelector('select[name="cluster"]').required = false`, nil)
		b.Submit("Move them").Is("/keywords/move", "Choose the cluster that gets them")
		b.Choose("cluster", b.At(`document.querySelector('select[name="cluster"]').options[1].value`)).Submit("Move them")
		b.Is(b.At("location.pathname"), "Moved. The cluster has")
		b.Go("/clusters")
		look(b.Submit("Find ideas").Is("/clusters/ideas", "Name at least one"), name+" no cluster chosen")
		cluster := b.Go("/clusters").At(`document.querySelector('input[name="cluster"]').value`)
		look(b.Go("/clusters/"+cluster).Is("/clusters/"+cluster, "Keywords", "Alike", "Merge it into"), name+" cluster")
		look(b.Type("name", "All of it").Submit("Save").Is("/clusters/"+cluster, "All of it", "Saved"), name+" cluster renamed")
		b.Go("/clusters").Click(`input[name="cluster"]`)
		b.Submit("Find ideas")
		await(b, "To the ideas")
		look(b, name+" ideas found")
		look(b.Press(`main a[href="/ideas"]`).Is("/ideas", "Write the articles", "To decide"), name+" ideas")
		idea := b.At(`document.querySelector('input[name="idea"]').value`)
		look(b.Go("/ideas/"+idea).Is("/ideas/"+idea, "Outline", "Questions", "Dismiss"), name+" idea")
		b.Submit("Dismiss").Is("/ideas/"+idea, "Take it up again").Submit("Take it up again").Is("/ideas/"+idea, "Write the article")
		b.Submit("Change the brief first")
		task := b.At("location.pathname")
		look(b.Is(task, "The task is there", "To write", "credits at most", "Outline"), name+" task")
		look(b.Type("words", "9").Submit("Save").Is(task, "Must be 100 to 5000"), name+" task refused")
		b.Type("words", "300").Type("outline", "What it is | honey cake\nHow to bake it").Submit("Save").Is(task, "Saved.")
		if got := b.Value("outline"); got != "What it is | honey cake\nHow to bake it\n" {
			t.Errorf("the outline is %q", got)
		}
		look(b.Go("/tasks").Is("/tasks", "To write", "300"), name+" tasks")
		look(b.Go("/tasks/new?site="+site).Is("/tasks/new?site="+site, "Angle"), name+" new task")
		b.Go(task).Submit("Write the article")
		await(b, "1 written")
		look(b, name+" written")
		article := strings.TrimPrefix(b.At(`document.querySelector('main a[href^="/articles/"]').getAttribute('href')`), "/articles/")
		look(b.Go("/articles").Is("/articles", "Draft"), name+" articles")
		look(b.Go("/articles/"+article).Is("/articles/"+article, "Checks", "Approve", "Write a section anew"), name+" article")
		look(b.Press(`main a[href$="/edit"]`).Is("/articles/"+article+"/edit", "Meta description", "Save"), name+" edit")
		b.Type("markdown", "## Honey\n\nIt is *sweet*, and keeps for ever.")
		if !o.NoScripts {
			b.Until(`document.querySelector("#preview em")?.textContent === "sweet"`)
		}
		b.Type("faq[0].question", "Is it sweet?").Type("faq[0].answer", "Very **much** so.")
		if !o.NoScripts {
			b.Until(`document.querySelector("#preview strong")?.textContent === "much"`)
		}
		look(b.Type("slug", "Not An Address").Submit("Save").Is("/articles/"+article+"/edit", "lower-case letters"), name+" edit refused")
		b.Type("slug", "honey-again").Submit("Save").Is("/articles/"+article, "Saved as a new version", "keeps for ever", "Frequently asked questions", "Very much so.")
		look(b.Go("/articles/"+article+"/versions").Is("/articles/"+article+"/versions", "current", "a model", "a person", "taken out"), name+" versions")
		b.Submit("Restore").Is("/articles/"+article, "The earlier version is the current one now")
		look(b.Submit("Approve").Is("/articles/"+article, "Approved. It can be published now.", "connect the site's WordPress"), name+" approved")
		look(b.Go("/ai-provider").Is("/ai-provider", "The operator's models do the work"), name+" no provider")
		b.Choose("provider", "openai").Type("base_url", "https://127.0.0.1:9/v1").Type("model", "small").Type("api_key", "key with blanks").Submit("Save")
		look(b.Is("/ai-provider", "without blanks"), name+" provider refused")
		b.Type("api_key", "secret-key-of-ours").Submit("Save").Is("/ai-provider", "Kept. Test it", "It ends in ours").Submit("Test it")
		look(b.Is("/ai-provider", "not a public one", "Does not work"), name+" provider")
		b.Go("/ai-provider/drop").Submit("Forget it and its key").Is("/ai-provider", "The operator's models do the work")
		b.Go("/home").Is("/home", "5 of 7 steps", "1 approved article is not published yet: Bees")
		look(b.Go("/calendar").Is("/calendar", "Today"), name+" calendar of nothing")
		token := h.send("POST", "/auth/login", "", object{"email": p["email"], "password": p["password"]}).is(http.StatusOK).text("access_token")
		h.send("PUT", "/sites/"+site+"/wordpress", token, object{"way": "bridge"}).is(http.StatusOK)
		b.Go("/articles/" + article).Click(`input[name="draft"]`)
		b.Eval(`document.querySelector('input[name="at"]').value = "2099-01-31T09:00"`, nil)
		look(b.Submit("Publish").Is("/articles/"+article+"/publish", "A draft has no time"), name+" scheduled as a draft")
		b.Go("/articles/"+article).Eval(`document.querySelector('input[name="at"]').value = new Date(Date.now() + 86400000).toISOString().slice(0, 16)`, nil)
		b.Type("categories", "Baking, Bees")
		look(b.Submit("Publish").Is("/articles/"+article, "It is on its way to the site."), name+" scheduled")
		look(b.Go("/home").Is("/home", "6 of 7 steps", "appears"), name+" dashboard")
		if got := b.Go("/articles/" + article).Value("categories"); got != "Baking, Bees" {
			t.Errorf("the categories are %q", got)
		}
		look(b.Go("/calendar?month="+time.Now().UTC().AddDate(0, 0, 1).Format("2006-01")).Is(b.At("location.pathname + location.search"), "Queued"), name+" calendar")
		h.send("DELETE", "/sites/"+site+"/wordpress", token, nil).is(http.StatusNoContent)
		b.Go("/articles/" + article)
		b.Submit("Write it anew")
		await(b, "The section is written anew")
		look(b.Go("/jobs").Is("/jobs", "Write a section anew", "Group keywords", "Import keywords"), name+" jobs")
		look(b.Go("/sites/"+site).Is("/sites/"+site, "WordPress", "Sectors", "General"), name+" site")
		b.Type("tone", "friendly").Type("words", "9").Submit("Save")
		look(b.Is("/sites/"+site, "100 to 5000"), name+" site refused")
		b.Type("words", "900").Submit("Save").Is("/sites/"+site, "Saved")
		look(b.Submit("Use the bridge plugin").Is("/sites/"+site, "Connected", "by the plugin").Submit("Test the connection").Is("/sites/"+site+"/wordpress/test", "The plugin has not asked yet"), name+" site tested")
		pipeline := "/sites/" + site + "/pipeline"
		look(b.Press(`main a[href$="/pipeline"]`).Is(pipeline, "Start the pipeline"), name+" no pipeline")
		b.Type("ideas_per_day", "many").Submit("Start the pipeline")
		look(b.Is(pipeline, "whole number"), name+" pipeline refused")
		b.Type("ideas_per_day", "3").Type("budget", "40").Submit("Start the pipeline")
		look(b.Is(pipeline, "It looks for work", "Runs by itself", "Would order next"), name+" pipeline")
		b.Submit("Pause it").Is(pipeline, "orders nothing more", "Paused").Submit("Let it go on").Is(pipeline, "Runs by itself")
		await(b, "What it has ordered")
		look(b, name+" pipeline at work")
		b.Submit("Pause it")
		b.Go("/sites/"+site+"/wordpress/disconnect").Submit("Disconnect").Is("/sites/"+site, "Disconnected")
	})
}
