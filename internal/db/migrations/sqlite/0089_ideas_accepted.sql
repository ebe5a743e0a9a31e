-- Owned by package planner.
-- +goose Up
-- An idea of which a task was made is accepted.
UPDATE ideas SET status = 'accepted' WHERE status = 'proposed' AND EXISTS (
	SELECT 1 FROM tasks t WHERE t.account_id = ideas.account_id AND t.idea_id = ideas.id);

-- +goose Down
SELECT 1; -- which ideas were accepted by hand is not known any more, and the release before knows accepted ones
