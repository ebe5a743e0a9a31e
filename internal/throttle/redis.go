package throttle

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// prefix keeps our keys apart from whatever else is in the same Redis.
const prefix = "igny8:throttle:"

// patience is how long a request waits for Redis, unless the URL says another
// read_timeout, write_timeout, pool_timeout or dial_timeout.
const patience = 250 * time.Millisecond

// takeScript is Rate.take. The time is the server's, so that processes whose
// clocks differ agree. A number of microseconds fits into the 53 bits of Lua's.
var takeScript = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local cost, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local debt = (tonumber(redis.call('GET', KEYS[1])) or now) - now
if debt < 0 then debt = 0 end
local set_back = debt > most
if set_back then debt = most end
local allowed = debt + cost <= most
if allowed then debt = debt + cost end
if allowed or set_back then
	redis.call('SET', KEYS[1], string.format('%.0f', now + debt), 'PX', math.ceil(debt / 1000))
end
return {allowed and 1 or 0, debt}
`)

// beatScript says that a process is alive, and counts those that are.
var beatScript = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local lease = tonumber(ARGV[2])
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - lease)
redis.call('PEXPIRE', KEYS[1], lease)
return redis.call('ZCARD', KEYS[1])
`)

var errURL = errors.New("the address of Redis must be redis://HOST:PORT/DB or rediss://..., with options that the client knows")

// buckets is the buckets in Redis. Unlike a Store it can fail.
type buckets struct{ c *redis.Client }

// quiet keeps the client's own log away: what matters of it comes as an error,
// and is said once by Shared. The client has one logger for the process.
var quiet = sync.OnceFunc(func() { redis.SetLogger(silence{}) })

type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

func openRedis(url string) (buckets, error) {
	quiet()
	o, err := redis.ParseURL(url)
	if err != nil {
		return buckets{}, errURL // err may hold the password
	}
	for _, t := range []*time.Duration{&o.DialTimeout, &o.ReadTimeout, &o.WriteTimeout, &o.PoolTimeout} {
		if *t == 0 {
			*t = patience
		}
	}
	// A script that was sent twice would count twice, and who waits for a
	// second try could as well have been answered from memory.
	o.MaxRetries, o.DialerRetries = -1, 1
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	o.DisableIdentity = true
	return buckets{redis.NewClient(o)}, nil
}

func (b buckets) take(ctx context.Context, k Key, r Rate) (Decision, error) {
	if r.nothing() {
		_, d := r.take(0, 0)
		d.Scope = k.scope
		return d, nil
	}
	cost := r.interval()
	got, err := takeScript.Run(ctx, b.c, []string{prefix + k.text()}, cost, cost*r.burst()).Int64Slice()
	if err == nil && len(got) != 2 {
		err = fmt.Errorf("answered %d numbers, want 2", len(got))
	}
	if err != nil {
		return Decision{}, fmt.Errorf("take from Redis: %w", err)
	}
	d := r.tell(got[1], got[0] == 1)
	d.Scope = k.scope
	return d, nil
}

// beat is how many processes are alive, this one included.
func (b buckets) beat(ctx context.Context, process string, lease time.Duration) (int64, error) {
	n, err := beatScript.Run(ctx, b.c, []string{prefix + "processes"}, process, lease.Milliseconds()).Int64()
	if err != nil {
		return 0, fmt.Errorf("beat in Redis: %w", err)
	}
	return n, nil
}

// leave is the last beat.
func (b buckets) leave(ctx context.Context, process string) error {
	return b.c.ZRem(ctx, prefix+"processes", process).Err()
}
