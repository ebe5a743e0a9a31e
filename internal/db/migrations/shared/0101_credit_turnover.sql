-- Owned by package credit.
-- What the operator's overview adds up: what was spent, and given, since a day.
-- +goose Up
CREATE INDEX credit_usage_by_day ON credit_usage (day, credits);
CREATE INDEX credit_lots_by_time ON credit_lots (created_at, source, amount);

-- +goose Down
DROP INDEX credit_lots_by_time;
DROP INDEX credit_usage_by_day;
