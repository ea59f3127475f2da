-- Lists of senders to be blocked come from files, and are submitted and approved
-- together.

-- +goose Up

CREATE INDEX blocks_of_import ON blocks (import_id, id) WHERE import_id IS NOT NULL AND state IN ('draft', 'failed', 'submitted');
