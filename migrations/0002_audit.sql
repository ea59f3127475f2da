-- The audit trail: leaves that are only ever inserted, numbered after commit
-- by one sequencer, hashed into an RFC 6962 Merkle tree whose signed heads
-- leave the database.

-- +goose Up
CREATE TABLE audit_leaves (
    id          uuid PRIMARY KEY,
    at          timestamptz NOT NULL DEFAULT now(),
    xid         xid8 NOT NULL DEFAULT pg_current_xact_id(),
    merchant_id uuid REFERENCES merchants,
    person_id   uuid REFERENCES people,
    session_id  text NOT NULL,
    request_id  text NOT NULL,
    address     text NOT NULL,
    -- Collated by bytes, so that its index serves "begins with".
    action      text COLLATE "C" NOT NULL,
    subject     text NOT NULL,
    -- What is hashed. Every readable column above is a projection of it, and
    -- verify compares them, so that nobody can edit what people read and
    -- leave what is proven.
    bytes       bytea NOT NULL,
    leaf_hash   bytea NOT NULL GENERATED ALWAYS AS (sha256('\x00'::bytea || bytes)) STORED,
    idx         bigint CONSTRAINT audit_leaf_index_is_unique UNIQUE,
    CONSTRAINT audit_leaf_is_json CHECK (json_typeof(convert_from(bytes, 'UTF8')::json) = 'object')
);
ALTER TABLE audit_leaves ALTER COLUMN bytes SET STORAGE EXTENDED;
-- Serves the deferred check below and the story of one subject.
CREATE INDEX audit_leaves_of_subject ON audit_leaves (subject, xid);
CREATE INDEX audit_leaves_of_merchant ON audit_leaves (merchant_id, at DESC, id DESC);
CREATE INDEX audit_leaves_of_person ON audit_leaves (merchant_id, person_id, at DESC, id DESC);
CREATE INDEX audit_leaves_by_action ON audit_leaves (merchant_id, action, at DESC, id DESC);
-- Ids are handed out before commit, so "greater than the last one seen" loses
-- rows; what has no number yet is found by exactly that.
CREATE INDEX audit_leaves_unsequenced ON audit_leaves (at, id) WHERE idx IS NULL;

CREATE TABLE audit_hashes (
    i    bigint PRIMARY KEY,
    hash bytea NOT NULL CONSTRAINT audit_hash_has_32_bytes CHECK (length(hash) = 32)
);

CREATE TABLE audit_checkpoints (
    size         bigint PRIMARY KEY,
    root         bytea NOT NULL,
    note         text NOT NULL,
    at           timestamptz NOT NULL DEFAULT now(),
    -- Set once this note, or that of a larger tree, stands outside the database.
    published_at timestamptz
);
CREATE INDEX audit_checkpoints_published ON audit_checkpoints (size) WHERE published_at IS NOT NULL;
CREATE INDEX audit_checkpoints_unpublished ON audit_checkpoints (size) WHERE published_at IS NULL;

-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is never allowed', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_TABLE_NAME || '_are_never_changed';
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION leaf_is_numbered_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.idx IS NOT NULL OR NEW.idx IS NULL
       OR (NEW.id, NEW.at, NEW.xid, NEW.merchant_id, NEW.person_id, NEW.session_id, NEW.request_id, NEW.address, NEW.action, NEW.subject, NEW.bytes)
          IS DISTINCT FROM
          (OLD.id, OLD.at, OLD.xid, OLD.merchant_id, OLD.person_id, OLD.session_id, OLD.request_id, OLD.address, OLD.action, OLD.subject, OLD.bytes) THEN
        RAISE EXCEPTION 'an audit leaf is numbered once and never changed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_leaves_are_never_changed';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION checkpoint_is_published_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.published_at IS NOT NULL OR NEW.published_at IS NULL
       OR (NEW.size, NEW.root, NEW.note, NEW.at) IS DISTINCT FROM (OLD.size, OLD.root, OLD.note, OLD.at) THEN
        RAISE EXCEPTION 'a checkpoint is published once and never changed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'audit_checkpoints_are_never_changed';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER leaf_is_numbered_once BEFORE UPDATE ON audit_leaves FOR EACH ROW EXECUTE FUNCTION leaf_is_numbered_once();
CREATE TRIGGER leaf_is_not_deleted BEFORE DELETE ON audit_leaves FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER leaves_are_not_truncated BEFORE TRUNCATE ON audit_leaves FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER hash_is_not_changed BEFORE UPDATE OR DELETE ON audit_hashes FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER hashes_are_not_truncated BEFORE TRUNCATE ON audit_hashes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER checkpoint_is_published_once BEFORE UPDATE ON audit_checkpoints FOR EACH ROW EXECUTE FUNCTION checkpoint_is_published_once();
CREATE TRIGGER checkpoint_is_not_deleted BEFORE DELETE ON audit_checkpoints FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER checkpoints_are_not_truncated BEFORE TRUNCATE ON audit_checkpoints FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Which tables are under audit, and by what subject; verify reads it to find
-- rows that no leaf speaks of.
CREATE TABLE audited_tables (
    name      text PRIMARY KEY,
    kind      text NOT NULL,
    id_column text NOT NULL
);

-- Puts a table under audit: at COMMIT, a changed row must have a leaf that this
-- same transaction wrote about the same subject, which is the kind and the id
-- in the given column. Deferred, so that the order of statements is free, and
-- a constraint trigger, so that it cannot be put off any further. Each table
-- gets a function of its own, because reading a column by a name known only
-- at run time would copy the whole row, bodies and files included.
-- +goose StatementBegin
CREATE FUNCTION audit_table(audited text, kind text, id_column text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audited_tables VALUES (audited, kind, id_column);
    EXECUTE format($f$
        CREATE FUNCTION %1$I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $body$
        DECLARE
            about text;
        BEGIN
            IF TG_OP = 'DELETE' THEN about := %2$L || OLD.%3$I; ELSE about := %2$L || NEW.%3$I; END IF;
            IF NOT EXISTS (SELECT FROM audit_leaves WHERE subject = about AND xid = pg_current_xact_id() AND at = now()) THEN
                RAISE EXCEPTION '%% on %% about %% has no audit leaf', TG_OP, TG_TABLE_NAME, about
                    USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'change_needs_leaf';
            END IF;
            RETURN NULL;
        END $body$ $f$, audited || '_need_leaf', kind || '/', id_column);
    EXECUTE format('CREATE CONSTRAINT TRIGGER change_needs_leaf AFTER INSERT OR UPDATE OR DELETE ON %I
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION %I()', audited, audited || '_need_leaf');
END $$;
-- +goose StatementEnd

-- Gives a table of one merchant's rows its row-level security. The web role
-- sees the acting merchant only; the worker serves every merchant; the owner
-- migrates, restores and verifies, and is itself proven against by the
-- checkpoints outside the database.
-- +goose StatementBegin
CREATE FUNCTION isolate_merchants(isolated text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', isolated);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', isolated);
    EXECUTE format('CREATE POLICY merchant ON %I TO portal_web USING (merchant_id = (SELECT acting_merchant()))', isolated);
    EXECUTE format('CREATE POLICY worker ON %I TO portal_worker USING (true)', isolated);
    EXECUTE format('CREATE POLICY owner_maintains ON %I TO %I USING (true)', isolated, current_user);
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION audit_table, isolate_merchants FROM PUBLIC;

SELECT audit_table('merchants', 'merchant', 'id');
SELECT audit_table('policies', 'merchant', 'merchant_id');
SELECT audit_table('people', 'person', 'id');
SELECT audit_table('accounts', 'person', 'person_id');
SELECT audit_table('memberships', 'person', 'person_id');

SELECT isolate_merchants('policies');

ALTER TABLE audit_leaves ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_leaves FORCE ROW LEVEL SECURITY;
CREATE POLICY merchant_reads ON audit_leaves FOR SELECT TO portal_web USING (merchant_id = (SELECT acting_merchant()));
CREATE POLICY merchant_writes ON audit_leaves FOR INSERT TO portal_web
    WITH CHECK (merchant_id IS NULL OR merchant_id = (SELECT acting_merchant()));
CREATE POLICY worker_writes ON audit_leaves FOR INSERT TO portal_worker WITH CHECK (true);
CREATE POLICY worker_reads ON audit_leaves FOR SELECT TO portal_worker USING (true);
CREATE POLICY sequencer_reads ON audit_leaves FOR SELECT TO portal_sequencer USING (true);
CREATE POLICY sequencer_numbers ON audit_leaves FOR UPDATE TO portal_sequencer USING (true);
-- +goose StatementBegin
DO $$ BEGIN EXECUTE format('CREATE POLICY owner_maintains ON audit_leaves TO %I USING (true)', current_user); END $$;
-- +goose StatementEnd

-- The web and worker roles may set neither the time, nor the transaction, nor
-- the number of a leaf.
GRANT INSERT (id, merchant_id, person_id, session_id, request_id, address, action, subject, bytes) ON audit_leaves TO portal_web, portal_worker;
GRANT SELECT ON audit_leaves, audit_checkpoints, audit_hashes TO portal_web, portal_worker, portal_sequencer;
GRANT UPDATE (idx) ON audit_leaves TO portal_sequencer;
GRANT INSERT ON audit_hashes, audit_checkpoints TO portal_sequencer;
GRANT UPDATE (published_at) ON audit_checkpoints TO portal_sequencer;
