-- Owned by package writer.
-- +goose Up
-- The last part of an article's address, as far as it is its alone on the site:
-- empty where another had it first, before this was looked at.
ALTER TABLE contents ADD COLUMN slug TEXT NOT NULL DEFAULT '';
-- Where it can be read on its site; empty where it cannot.
ALTER TABLE contents ADD COLUMN url TEXT NOT NULL DEFAULT '';
-- Questions of readers with their answers, as JSON.
ALTER TABLE content_versions ADD COLUMN faq TEXT NOT NULL DEFAULT '[]';
-- What a model has written it for, the hold, and by which version of its prompt;
-- zero: the program's. NULL: a person wrote it.
ALTER TABLE content_versions ADD COLUMN hold_id TEXT;
ALTER TABLE content_versions ADD COLUMN prompt BIGINT;

-- +goose Down
ALTER TABLE content_versions DROP COLUMN prompt;
ALTER TABLE content_versions DROP COLUMN hold_id;
ALTER TABLE content_versions DROP COLUMN faq;
ALTER TABLE contents DROP COLUMN url;
ALTER TABLE contents DROP COLUMN slug;
