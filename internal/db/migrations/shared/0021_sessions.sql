-- Owned by package identity.
-- What a person needs in order to tell his sessions apart: where each was
-- begun and when it was last used.
-- +goose Up
ALTER TABLE token_families ADD COLUMN user_agent TEXT NOT NULL DEFAULT '';
ALTER TABLE token_families ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE token_families ADD COLUMN last_used_at BIGINT;
UPDATE token_families SET last_used_at = (SELECT max(r.created_at) FROM refresh_tokens r WHERE r.family_id = token_families.id);
CREATE INDEX one_time_tokens_by_user ON one_time_tokens (user_id);

-- +goose Down
DROP INDEX one_time_tokens_by_user;
ALTER TABLE token_families DROP COLUMN last_used_at;
ALTER TABLE token_families DROP COLUMN address;
ALTER TABLE token_families DROP COLUMN user_agent;
