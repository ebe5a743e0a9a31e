-- Owned by packages identity and mail.
-- +goose Up
-- BCP 47; empty is English.
ALTER TABLE users ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE letters ADD COLUMN language TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE letters DROP COLUMN language;
ALTER TABLE users DROP COLUMN language;
