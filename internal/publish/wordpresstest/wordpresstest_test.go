package wordpresstest_test

import (
	"net/http"
	"testing"

	"igny8/internal/publish/wordpresstest"
)

func TestStart(t *testing.T) {
	t.Parallel()
	s := wordpresstest.Start(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/?rest_route=/wp/v2/users/me", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(s.User, s.Password)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		t.Errorf("the administrator is answered %s", res.Status)
	}
	if all := s.Posts("Welcome to WordPress"); len(all) != 1 || all[0].Status != "publish" || len(all[0].Categories) != 1 {
		t.Errorf("the first post is %+v", all)
	}
}
