-- What is done to many things at once.

-- +goose Up

-- A batch is one person's wish about many things in the order in which they
-- saw them. It is first looked at, then started by the same person, and then
-- done row by row under that person's own session, each row in a transaction
-- of its own. What a row asks for is asked for like any single thing: a batch
-- is a list of errands and never a way around a check.
CREATE TABLE batches (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    person_id   uuid NOT NULL REFERENCES people,
    -- The portal knows which kinds there are, and who may what.
    kind        text NOT NULL CONSTRAINT batch_kind_is_a_word CHECK (kind ~ '^[a-z_]{1,40}$'),
    -- The key of the form that made it: sent twice it makes one batch.
    key         text NOT NULL,
    -- The reason that is asked once for all rows.
    note        text NOT NULL DEFAULT '',
    total       integer NOT NULL CONSTRAINT batch_size_is_bounded CHECK (total BETWEEN 1 AND 2000),
    -- Of the ordered list: what each row is and how the person saw it.
    fingerprint bytea NOT NULL CONSTRAINT batch_fingerprint_has_32_bytes CHECK (length(fingerprint) = 32),
    created_at  timestamptz NOT NULL DEFAULT now(),
    started_at  timestamptz,
    finished_at timestamptz,
    CONSTRAINT batch_finishes_after_its_start CHECK (finished_at IS NULL OR started_at IS NOT NULL),
    CONSTRAINT batch_starts_soon CHECK (started_at <= created_at + interval '72 hours'),
    CONSTRAINT batch_key_is_used_once UNIQUE (merchant_id, person_id, key),
    CONSTRAINT batch_and_merchant UNIQUE (id, merchant_id)
);

CREATE TABLE batch_rows (
    batch_id       uuid NOT NULL,
    merchant_id    uuid NOT NULL,
    position       integer NOT NULL CONSTRAINT batch_position_counts_from_one CHECK (position >= 1),
    item_id        uuid NOT NULL,
    -- How the person saw it: a version, or the fingerprint of a payload.
    seen           text NOT NULL,
    title          text NOT NULL,
    amount_satang  bigint NOT NULL,
    state          text NOT NULL DEFAULT 'waiting' CONSTRAINT batch_row_state_is_known CHECK (state IN ('waiting', 'done', 'refused', 'changed')),
    -- The key of the sentence that says why it was left out, and its words.
    message        text NOT NULL DEFAULT '',
    words          text[] NOT NULL DEFAULT '{}',
    instruction_id uuid,
    at             timestamptz,
    PRIMARY KEY (batch_id, position),
    CONSTRAINT batch_names_a_thing_once UNIQUE (batch_id, item_id),
    FOREIGN KEY (batch_id, merchant_id) REFERENCES batches (id, merchant_id),
    FOREIGN KEY (instruction_id, merchant_id) REFERENCES instructions (id, merchant_id),
    CONSTRAINT batch_row_ends_with_its_time CHECK ((state = 'waiting') = (at IS NULL))
);
CREATE INDEX batch_rows_waiting ON batch_rows (batch_id, position) WHERE state = 'waiting';

-- A batch belongs to the person who made it; it is started once, finished
-- once, and nothing else of it ever changes.
-- +goose StatementBegin
CREATE FUNCTION batch_goes_on() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.person_id IS DISTINCT FROM acting_person() THEN
        RAISE EXCEPTION 'a batch is its maker''s own' USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_is_ones_own';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.started_at IS NOT NULL THEN
            RAISE EXCEPTION 'a batch is looked at before it is started' USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_is_seen_first';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.merchant_id, NEW.person_id, NEW.kind, NEW.key, NEW.total, NEW.fingerprint, NEW.created_at)
       IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.person_id, OLD.kind, OLD.key, OLD.total, OLD.fingerprint, OLD.created_at)
       OR OLD.started_at IS NOT NULL AND (NEW.started_at, NEW.note) IS DISTINCT FROM (OLD.started_at, OLD.note)
       OR OLD.finished_at IS NOT NULL THEN
        RAISE EXCEPTION 'a batch is what it was when it was looked at' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'batch_never_changes';
    END IF;
    IF NEW.started_at IS NOT NULL AND OLD.started_at IS NULL AND (
       (SELECT count(*) FROM batch_rows WHERE batch_id = NEW.id) <> NEW.total
       OR (SELECT sha256(convert_to(string_agg(item_id || ' ' || seen, E'\n' ORDER BY position), 'UTF8')) FROM batch_rows WHERE batch_id = NEW.id) <> NEW.fingerprint) THEN
        RAISE EXCEPTION 'the rows are not those of the fingerprint' USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_is_as_seen';
    END IF;
    IF NEW.finished_at IS NOT NULL AND EXISTS (SELECT FROM batch_rows WHERE batch_id = NEW.id AND state = 'waiting') THEN
        RAISE EXCEPTION 'rows are still waiting' USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_finishes_last';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER batch_goes_on BEFORE INSERT OR UPDATE ON batches FOR EACH ROW EXECUTE FUNCTION batch_goes_on();
CREATE TRIGGER batches_are_not_deleted BEFORE DELETE ON batches FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A row is added before the start and gets its outcome once, after it.
-- +goose StatementBegin
CREATE FUNCTION batch_row_ends_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    b batches;
BEGIN
    SELECT * INTO b FROM batches WHERE id = NEW.batch_id;
    IF b.person_id IS DISTINCT FROM acting_person() THEN
        RAISE EXCEPTION 'a batch is its maker''s own' USING ERRCODE = 'check_violation', CONSTRAINT = 'batch_is_ones_own';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'waiting' OR b.started_at IS NOT NULL THEN
            RAISE EXCEPTION 'a batch that was started gets no more rows' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'batch_never_changes';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state <> 'waiting' OR NEW.state = 'waiting' OR b.started_at IS NULL
       OR (NEW.batch_id, NEW.merchant_id, NEW.position, NEW.item_id, NEW.seen, NEW.title, NEW.amount_satang)
          IS DISTINCT FROM (OLD.batch_id, OLD.merchant_id, OLD.position, OLD.item_id, OLD.seen, OLD.title, OLD.amount_satang) THEN
        RAISE EXCEPTION 'a row of a batch ends once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'batch_row_ends_once';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER batch_row_ends_once BEFORE INSERT OR UPDATE ON batch_rows FOR EACH ROW EXECUTE FUNCTION batch_row_ends_once();
CREATE TRIGGER batch_rows_are_not_deleted BEFORE DELETE ON batch_rows FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The rows are bound to their batch by its fingerprint, which is in its leaf.
-- What came of a row is in the leaves of the instruction it led to.
SELECT audit_table('batches', 'batch', 'id');
SELECT isolate_merchants(t) FROM unnest(ARRAY['batches', 'batch_rows']) AS t;
GRANT SELECT, INSERT ON batches, batch_rows TO portal_web;
GRANT UPDATE (note, started_at, finished_at) ON batches TO portal_web;
GRANT UPDATE (state, message, words, instruction_id, at) ON batch_rows TO portal_web;
