-- Owned by package writer.
-- +goose Up
UPDATE contents SET slug = coalesce((
	SELECT v.slug FROM content_versions v WHERE v.account_id = contents.account_id AND v.content_id = contents.id AND v.version = contents.version), '');
UPDATE contents SET slug = '' WHERE EXISTS (
	SELECT 1 FROM contents o WHERE o.account_id = contents.account_id AND o.site_id = contents.site_id AND o.slug = contents.slug AND o.id < contents.id);
UPDATE contents SET url = coalesce((
	SELECT p.url FROM publications p WHERE p.account_id = contents.account_id AND p.content_id = contents.id AND p.state = 'published'), '')
WHERE status = 'published';
CREATE UNIQUE INDEX contents_slug ON contents (account_id, site_id, slug) WHERE slug <> '';

-- +goose Down
DROP INDEX contents_slug;
