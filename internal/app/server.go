package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"igny8/internal/ai"
	"igny8/internal/api"
	"igny8/internal/automation"
	"igny8/internal/bank"
	"igny8/internal/clock"
	"igny8/internal/config"
	"igny8/internal/credit"
	"igny8/internal/db"
	"igny8/internal/erasure"
	"igny8/internal/fault"
	"igny8/internal/httpx"
	"igny8/internal/identity"
	"igny8/internal/job"
	"igny8/internal/mail"
	"igny8/internal/payment"
	"igny8/internal/plan"
	"igny8/internal/planner"
	"igny8/internal/publish"
	"igny8/internal/renewal"
	"igny8/internal/replay"
	"igny8/internal/subscription"
	"igny8/internal/tenant"
	"igny8/internal/throttle"
	"igny8/internal/web"
	"igny8/internal/writer"
)

// server is the program, built but not started.
type server struct {
	db       *db.DB
	store    *tenant.Store
	identity *identity.Service
	jobs     *job.Queue
	shared   *throttle.Shared // nil: this process counts alone
	handler  http.Handler
	press    *publish.Press
	eraser   *erasure.Eraser
	ending   chan struct{} // closed when serve begins to stop
	log      *slog.Logger
}

// build opens the database, brings its schema up to date, refuses one that
// would not keep accounts apart, seeds what is for sale, and wires the rooms.
// The caller closes the server.
func build(ctx context.Context, cfg config.Config, log *slog.Logger, c clock.Clock) (_ *server, err error) {
	secret, err := openData(cfg.Data)
	if err != nil {
		return nil, err
	}
	d, err := openDatabase(ctx, cfg, c)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close())
		}
	}()
	if err := d.Migrate(ctx); err != nil {
		return nil, err
	}
	if err := d.CheckWall(ctx); err != nil {
		return nil, err
	}
	s := &server{db: d, store: tenant.NewStore(d), log: log, ending: make(chan struct{})}
	if err := s.store.UpdateShared(ctx, seed); err != nil {
		return nil, fmt.Errorf("seed what is for sale: %w", err)
	}
	if err := s.wire(ctx, cfg, secret, c); err != nil {
		return nil, errors.Join(err, s.unshare(ctx))
	}
	return s, nil
}

// openDatabase opens the database as it is.
func openDatabase(ctx context.Context, cfg config.Config, c clock.Clock) (*db.DB, error) {
	d, err := db.Open(ctx, cfg.Database, c)
	if err != nil {
		return nil, err
	}
	if cfg.Migrate != "" {
		if err := d.MigrateAs(cfg.Migrate); err != nil {
			return nil, errors.Join(err, d.Close())
		}
	}
	return d, nil
}

// seed writes the first price list and plans where there are none.
func seed(ctx context.Context, tx *tenant.SharedTx) error {
	if err := credit.SeedPrices(ctx, tx); err != nil {
		return err
	}
	return plan.Seed(ctx, tx)
}

func (s *server) wire(ctx context.Context, cfg config.Config, secret config.Secret, c clock.Clock) error {
	keys, err := openKeyring(cfg.Data, secret)
	if err != nil {
		return err
	}
	answers, err := derive(secret, "answers")
	if err != nil {
		return err
	}
	letters, err := derive(secret, "letters")
	if err != nil {
		return err
	}
	messages, err := derive(secret, "messages of payment providers")
	if err != nil {
		return err
	}
	factors, err := derive(secret, "second factors")
	if err != nil {
		return err
	}
	sites, err := derive(secret, "passwords of sites")
	if err != nil {
		return err
	}
	models, err := derive(secret, "keys of AI providers")
	if err != nil {
		return err
	}
	s.jobs, err = job.New(s.db, s.log, job.Options{Admit: subscription.Standing, UIPath: web.QueuePath})
	if err != nil {
		return err
	}
	sender := mail.LogSender(s.log)
	if !cfg.SMTP.Empty() {
		if sender, err = mail.SMTP(cfg.SMTP, cfg.MailFrom); err != nil {
			return err
		}
	}
	post, err := mail.New(s.store, s.jobs, mail.Options{BaseURL: cfg.BaseURL, Key: letters, Sender: sender, Log: s.log})
	if err != nil {
		return err
	}
	s.identity, err = identity.New(s.store, s.db, identity.Options{
		Keys: keys.read, Issuer: cfg.BaseURL, Log: s.log, Standing: termsOf, Unpaid: api.Unpaid,
		Seats: limit(subscription.Users), Mail: post, Jobs: s.jobs, Seal: factors,
	})
	if err != nil {
		return err
	}
	desk := payment.NewDesk(s.identity)
	err = desk.Connect(s.store, s.jobs, payment.Vendors{Stripe: cfg.Stripe, PayPal: cfg.PayPal, BaseURL: cfg.BaseURL, Clock: c, Key: messages})
	if err != nil {
		return err
	}
	keeper := renewal.New(desk, s.identity)
	s.jobs.Patrol(keeper.Round())
	s.jobs.Patrol(keeper.Packages())
	s.jobs.Patrol(credit.UsageRound())
	s.jobs.Patrol(credit.AlertRound(s.identity))
	kept, err := replay.New(s.db, answers)
	if err != nil {
		return err
	}
	for _, c := range []job.Chore{post.Chore(), s.identity.Chore(), kept.Chore()} {
		s.jobs.Tend(c)
	}
	gate, err := modelsOf(s.store, cfg.AI)
	if err != nil {
		return err
	}
	if err := gate.AllowOwn(ai.OwnOptions{Key: models, AllowPrivate: cfg.PrivateSites}); err != nil {
		return err
	}
	p := planner.New(s.store, gate, s.jobs, limit(subscription.Keywords))
	p.Register()
	s.jobs.Patrol(planner.Round())
	w := writer.New(s.store, gate, s.jobs)
	w.Register()
	s.press, err = publish.New(s.store, s.jobs, publish.Options{Key: sites, AllowPrivate: cfg.PrivateSites})
	if err != nil {
		return err
	}
	s.press.Register()
	s.jobs.Patrol(s.press.Round())
	pipelines := automation.New(automation.Rooms{Planner: p, Writer: w, Press: s.press, Admit: subscription.Standing})
	s.jobs.Patrol(pipelines.Round())
	s.eraser = erasure.New(erasure.Rooms{Identity: s.identity, Desk: desk, Jobs: s.jobs})
	s.jobs.Patrol(s.eraser.Round())
	often, err := s.throttle(ctx, cfg, c)
	if err != nil {
		return err
	}
	statements := bank.NewOffice(s.identity, desk)
	a := api.New(api.Rooms{
		Store: s.store, Identity: s.identity, Replay: kept, Teller: credit.NewTeller(s.store), Desk: desk, Bank: statements, Jobs: s.jobs, Models: gate, Planner: p, Writer: w, Pipelines: pipelines, Press: s.press, Eraser: s.eraser,
		Sites: limit(subscription.Sites), Throttle: often, Proxies: cfg.TrustedProxies, Log: s.log, Version: Version,
		Ending: s.ending,
	})
	s.handler = s.routes(a, web.New(web.Rooms{
		Store: s.store, Identity: s.identity, Desk: desk, Bank: statements, Jobs: s.jobs, Planner: p, Writer: w, Pipelines: pipelines, Press: s.press, Models: gate, Eraser: s.eraser,
		Sites: limit(subscription.Sites), Replay: kept, Throttle: often, Proxies: cfg.TrustedProxies,
		BaseURL: cfg.BaseURL, Log: s.log,
	}), c)
	return nil
}

// termsOf is how the gate learns of account, subscription and plan.
func termsOf(ctx context.Context, r tenant.Reader) (identity.Terms, error) {
	return subscription.TermsOf(ctx, r)
}

// limit asks the plan whether there may be more of something.
func limit(what subscription.Resource) func(ctx context.Context, r tenant.Reader, have, more int64) error {
	return func(ctx context.Context, r tenant.Reader, have, more int64) error {
		return subscription.Allow(ctx, r, what, have, more)
	}
}

// models is the door to the models that the settings name.
func modelsOf(st *tenant.Store, c config.AI) (*ai.Gateway, error) {
	vendor := ai.VendorOptions{BaseURL: c.BaseURL, Key: c.Key, Model: c.Model, Embeddings: c.Embeddings}
	switch c.Provider {
	case config.OpenAI:
		return ai.NewOpenAI(st, vendor)
	case config.Anthropic:
		return ai.NewAnthropic(st, vendor)
	case config.Offline:
		return ai.NewOffline(st), nil
	default:
		return nil, fmt.Errorf("there is no AI provider %q", c.Provider)
	}
}

var errNotReady = fault.New(fault.Unavailable, "server.not_ready", "The database does not answer.")

func (s *server) routes(a *api.API, pages *web.Web, c clock.Clock) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(api.Base+"/", a)
	mux.HandleFunc("GET /healthz", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /readyz", func(rw http.ResponseWriter, r *http.Request) {
		if err := s.db.Ping(r.Context()); err != nil {
			httpx.WriteProblem(rw, r, s.log, fmt.Errorf("%w (%w)", errNotReady, err))
			return
		}
		rw.WriteHeader(http.StatusNoContent)
	})
	mux.Handle("/", pages)
	return httpx.Trace(mux, s.log, c)
}

func (s *server) close() error {
	ending, stop := context.WithTimeout(context.Background(), farewell)
	defer stop()
	return errors.Join(s.unshare(ending), s.db.Close())
}

// listen takes the address, or says who to ask.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("another program listens on %s already: stop it, or choose another address, as in IGNY8_ADDR=127.0.0.1:8081", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: choose another address with IGNY8_ADDR", err)
	}
	return ln, nil
}

// How long a stopping server waits for requests, and then for jobs.
const (
	requestsEnd = 10 * time.Second
	jobsEnd     = 20 * time.Second
)

// serve answers requests and runs jobs until ctx ends, and then finishes what
// it began. A job that takes longer goes on at the next start.
func (s *server) serve(ctx context.Context, ln net.Listener) error {
	h := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	// The queue is stopped by Stop, which lets jobs finish.
	if err := s.jobs.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	beating, still := context.WithCancel(context.WithoutCancel(ctx))
	var heart sync.WaitGroup
	heart.Go(func() { s.identity.NoteUses(beating) })
	if s.shared != nil {
		heart.Go(func() { s.shared.Beat(beating) })
	}
	defer heart.Wait()
	defer still()
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(ln) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		close(s.ending)
		ending, stop := context.WithTimeout(context.WithoutCancel(ctx), requestsEnd)
		err = h.Shutdown(ending)
		stop()
		if served := <-failed; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
	}
	ending, stop := context.WithTimeout(context.WithoutCancel(ctx), jobsEnd)
	defer stop()
	return errors.Join(err, s.jobs.Stop(ending))
}
