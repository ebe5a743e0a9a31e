-- Owned by package automation. Behind the tables of 0088 stands the wall of 0030.
-- +goose Up
ALTER TABLE ideas NO FORCE ROW LEVEL SECURITY;
ALTER TABLE tasks NO FORCE ROW LEVEL SECURITY;
-- An idea of which a task was made is accepted.
UPDATE ideas SET status = 'accepted' WHERE status = 'proposed' AND EXISTS (
	SELECT 1 FROM tasks t WHERE t.account_id = ideas.account_id AND t.idea_id = ideas.id);
ALTER TABLE tasks FORCE ROW LEVEL SECURITY;
ALTER TABLE ideas FORCE ROW LEVEL SECURITY;
SELECT igny8_guard('pipelines');
SELECT igny8_guard('pipeline_runs');

-- +goose Down
SELECT igny8_unguard('pipeline_runs');
SELECT igny8_unguard('pipelines');
