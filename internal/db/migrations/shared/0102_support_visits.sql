-- Owned by package identity.
-- A visit is one of the operator's people in an account, as support: why, what he
-- may do there, and until when. It belongs to the session of one browser;
-- browser_visits says which visit that is on, or has been on, until he goes on
-- from there. It is no account's, since it is found by the cookie, and only then
-- is known whose rows to open; it goes with its cookie, also where the release
-- before this one puts that away. family_id refers to nothing, since a session is
-- put away when it has been over for long, and a visit is kept.
-- +goose Up
CREATE TABLE support_visits (
	account_id  TEXT NOT NULL REFERENCES accounts (id),
	id          TEXT NOT NULL,
	user_id     TEXT NOT NULL REFERENCES users (id),
	family_id   TEXT NOT NULL,
	reason      TEXT NOT NULL,
	permissions TEXT NOT NULL,
	created_at  BIGINT NOT NULL,
	ends_at     BIGINT NOT NULL,
	ended_at    BIGINT,
	ended_by    TEXT,
	PRIMARY KEY (account_id, id),
	CHECK (ends_at > created_at),
	CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);

CREATE TABLE browser_visits (
	family_id  TEXT PRIMARY KEY REFERENCES browser_sessions (family_id) ON DELETE CASCADE,
	visited_id TEXT NOT NULL,
	visit_id   TEXT NOT NULL,
	FOREIGN KEY (visited_id, visit_id) REFERENCES support_visits (account_id, id)
);

-- +goose Down
DROP TABLE browser_visits;
DROP TABLE support_visits;
