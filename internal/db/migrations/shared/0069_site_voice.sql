-- Owned by package site.
-- How articles for a site are written: their tone, in the account's own words,
-- and how long they are when nobody says; 0: the house's usual length.
-- +goose Up
ALTER TABLE sites ADD COLUMN tone TEXT NOT NULL DEFAULT '';
ALTER TABLE sites ADD COLUMN words BIGINT NOT NULL DEFAULT 0 CHECK (words >= 0);

-- +goose Down
ALTER TABLE sites DROP COLUMN words;
ALTER TABLE sites DROP COLUMN tone;
