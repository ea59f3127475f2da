-- What a witness outside signed of our checkpoints, kept beside them. The
-- witness keeps its own history; this copy is what the worker asks before it
-- sends anything, and what goes along with a proof.

-- +goose Up
CREATE TABLE audit_cosignatures (
    size      bigint NOT NULL REFERENCES audit_checkpoints,
    -- The signature line of a signed note: the witness's name, and its signature.
    signature text NOT NULL CONSTRAINT cosignature_is_a_line CHECK (signature ~ '^— [^\n ]+ [^\n ]+\n$'),
    at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (size, signature)
);
CREATE TRIGGER cosignature_is_not_changed BEFORE UPDATE OR DELETE ON audit_cosignatures FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER cosignatures_are_not_truncated BEFORE TRUNCATE ON audit_cosignatures FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT ON audit_cosignatures TO portal_web, portal_worker, portal_sequencer;
GRANT INSERT (size, signature) ON audit_cosignatures TO portal_sequencer;
