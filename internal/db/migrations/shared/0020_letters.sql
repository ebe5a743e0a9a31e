-- Owned by package mail.
-- Letters belong to people, not to accounts: who has no account, or whose
-- account is suspended, gets his all the same. sealed is what the letter
-- says, closed with a key that is not in the database, and is dropped when
-- the letter has gone: it may hold a link that opens something.
-- +goose Up
CREATE TABLE letters (
	id         TEXT PRIMARY KEY,
	kind       TEXT NOT NULL,
	recipient  TEXT NOT NULL,
	state      TEXT NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
	sealed     BYTEA,
	tries      BIGINT NOT NULL DEFAULT 0,
	error      TEXT NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	done_at    BIGINT,
	CHECK ((state = 'queued') = (sealed IS NOT NULL)),
	CHECK ((state = 'queued') = (done_at IS NULL))
);

-- +goose Down
DROP TABLE letters;
