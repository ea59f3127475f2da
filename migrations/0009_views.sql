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
        NEW.created_at := now();
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
    -- Whoever starts it does not say when.
    NEW.started_at := CASE WHEN OLD.started_at IS NULL AND NEW.started_at IS NOT NULL THEN now() ELSE NEW.started_at END;
    NEW.finished_at := CASE WHEN NEW.finished_at IS NOT NULL THEN now() END;
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
    IF TG_OP = 'INSERT' THEN
        -- The start, which counts the rows, waits for whoever is adding one.
        SELECT * INTO b FROM batches WHERE id = NEW.batch_id FOR SHARE;
    ELSE
        SELECT * INTO b FROM batches WHERE id = NEW.batch_id;
    END IF;
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

-- All that the list filters and sorts by stands in the table that it searches.
-- One index for each sort within each state, since a sort over several states
-- is a merge of theirs: whatever is filtered, a page costs what it shows.
ALTER TABLE presentment_search
    ADD COLUMN due_on          date,
    ADD COLUMN document_number text,
    ADD COLUMN buyer_name      text,
    ADD COLUMN buyer_tax_id    text,
    ADD COLUMN total_satang    bigint,
    ADD COLUMN state_since     timestamptz,
    ADD COLUMN created_by      uuid;

-- +goose StatementBegin
CREATE OR REPLACE FUNCTION presentment_is_searchable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO presentment_search (presentment_id, merchant_id, state, document_on, words, due_on, document_number, buyer_name, buyer_tax_id,
        total_satang, state_since, created_by)
    VALUES (NEW.id, NEW.merchant_id, NEW.state, NEW.document_on,
            lower(NEW.document_number || ' ' || NEW.buyer_name || ' ' || NEW.buyer_tax_id || ' ' || NEW.bank_reference),
            NEW.due_on, NEW.document_number, NEW.buyer_name, NEW.buyer_tax_id, NEW.total_satang, NEW.state_since, NEW.created_by)
    ON CONFLICT (presentment_id) DO UPDATE SET state = excluded.state, document_on = excluded.document_on, words = excluded.words,
        due_on = excluded.due_on, document_number = excluded.document_number, buyer_name = excluded.buyer_name, buyer_tax_id = excluded.buyer_tax_id,
        total_satang = excluded.total_satang, state_since = excluded.state_since;
    RETURN NULL;
END $$;
-- +goose StatementEnd
UPDATE presentment_search s SET due_on = p.due_on, document_number = p.document_number, buyer_name = p.buyer_name, buyer_tax_id = p.buyer_tax_id,
    total_satang = p.total_satang, state_since = p.state_since, created_by = p.created_by
FROM presentments p WHERE p.id = s.presentment_id;
ALTER TABLE presentment_search
    ALTER COLUMN due_on SET NOT NULL, ALTER COLUMN document_number SET NOT NULL, ALTER COLUMN buyer_name SET NOT NULL,
    ALTER COLUMN buyer_tax_id SET NOT NULL, ALTER COLUMN total_satang SET NOT NULL, ALTER COLUMN state_since SET NOT NULL,
    ALTER COLUMN created_by SET NOT NULL;
CREATE INDEX presentment_search_date ON presentment_search (merchant_id, state, document_on, presentment_id);
CREATE INDEX presentment_search_due ON presentment_search (merchant_id, state, due_on, presentment_id);
CREATE INDEX presentment_search_number ON presentment_search (merchant_id, state, document_number, presentment_id);
CREATE INDEX presentment_search_buyer ON presentment_search (merchant_id, state, buyer_name, presentment_id);
CREATE INDEX presentment_search_amount ON presentment_search (merchant_id, state, total_satang, presentment_id);
CREATE INDEX presentment_search_since ON presentment_search (merchant_id, state, state_since, presentment_id);
CREATE INDEX presentment_search_tax_id ON presentment_search (merchant_id, buyer_tax_id);
CREATE INDEX presentment_search_maker ON presentment_search (merchant_id, created_by, document_on);

-- The conditions of a filter, as SQL about $1, the merchant, and $2, the
-- filter. No value of the filter becomes part of the SQL.
-- +goose StatementBegin
CREATE FUNCTION presentment_conditions(filter jsonb) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT 's.merchant_id = $1' || coalesce(string_agg(' AND ' || c.condition, '' ORDER BY c.key), '') FROM (VALUES
        ('pattern', 's.words LIKE ($2 ->> ''pattern'')'),
        ('tax_id', 's.buyer_tax_id = ($2 ->> ''tax_id'')'),
        ('on_from', 's.document_on >= ($2 ->> ''on_from'')::date'),
        ('on_to', 's.document_on <= ($2 ->> ''on_to'')::date'),
        ('due_from', 's.due_on >= ($2 ->> ''due_from'')::date'),
        ('due_to', 's.due_on <= ($2 ->> ''due_to'')::date'),
        ('amount_from', 's.total_satang >= ($2 ->> ''amount_from'')::bigint'),
        ('amount_to', 's.total_satang <= ($2 ->> ''amount_to'')::bigint'),
        ('made_by', 's.created_by = ($2 ->> ''made_by'')::uuid')
    ) AS c (key, condition) WHERE filter ? c.key
$$;
-- +goose StatementEnd

-- Ids of the acting merchant's presentments in the given states that pass the
-- filter, in order of a sort, from a place on. The SQL is put together from
-- the pieces here and planned for the values at hand, since a rare and a common
-- one want different plans. Each state is read in its own order, and the
-- heads are merged.
-- +goose StatementBegin
CREATE FUNCTION presentments_listed(filter jsonb, states text[], sort text, descending boolean, place text, place_id uuid, at_most integer)
RETURNS TABLE (presentment_id uuid)
LANGUAGE plpgsql STABLE ROWS 60 SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
    merchant uuid := acting_merchant();
    sorted   text := CASE sort WHEN 'date' THEN 'document_on' WHEN 'due' THEN 'due_on' WHEN 'number' THEN 'document_number'
                     WHEN 'buyer' THEN 'buyer_name' WHEN 'amount' THEN 'total_satang' WHEN 'since' THEN 'state_since' END;
    of_type  text := CASE sort WHEN 'date' THEN 'date' WHEN 'due' THEN 'date' WHEN 'amount' THEN 'bigint' WHEN 'since' THEN 'timestamptz' ELSE 'text' END;
    wanted   text := presentment_conditions(filter);
    ordered  text;
    heads    text[] := '{}';
BEGIN
    IF sorted IS NULL OR at_most IS NULL OR cardinality(states) = 0 THEN
        RAISE EXCEPTION 'no such list' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    ordered := format('ORDER BY place %1$s, presentment_id %1$s LIMIT $6', CASE WHEN descending THEN 'DESC' ELSE 'ASC' END);
    IF place_id IS NOT NULL THEN
        wanted := wanted || format(' AND (s.%I, s.presentment_id) %s ($4::%s, $5)', sorted, CASE WHEN descending THEN '<' ELSE '>' END, of_type);
    END IF;
    FOR n IN 1 .. cardinality(states) LOOP
        heads := heads || format('(SELECT s.presentment_id, s.%I AS place FROM presentment_search s WHERE s.state = ($3)[%s] AND %s %s)', sorted, n, wanted, ordered);
    END LOOP;
    RETURN QUERY EXECUTE 'SELECT h.presentment_id FROM (' || array_to_string(heads, ' UNION ALL ') || ') h ' || ordered
        USING merchant, filter, states, place, place_id, at_most;
END $$;
-- +goose StatementEnd

-- How many pass a filter, and what they come to: of at_most of them, or of all
-- without it.
-- +goose StatementBegin
CREATE FUNCTION presentments_counted(filter jsonb, states text[], at_most integer)
RETURNS TABLE (number bigint, sum_satang bigint)
LANGUAGE plpgsql STABLE ROWS 1 SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
    merchant uuid := acting_merchant();
    heads    text[] := '{}';
BEGIN
    FOR n IN 1 .. cardinality(states) LOOP
        heads := heads || format('(SELECT s.total_satang FROM presentment_search s WHERE s.state = ($3)[%s] AND %s LIMIT $4)', n, presentment_conditions(filter));
    END LOOP;
    RETURN QUERY EXECUTE 'SELECT count(*), coalesce(sum(h.total_satang), 0)::bigint FROM (SELECT * FROM (' || array_to_string(heads, ' UNION ALL ') || ') a LIMIT $4) h'
        USING merchant, filter, states, at_most;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION presentment_conditions, presentments_listed, presentments_counted FROM PUBLIC;
GRANT EXECUTE ON FUNCTION presentments_listed, presentments_counted TO portal_web;

-- A view is a filter, a sort and columns under a name: a person's own, or
-- everybody's who works for the merchant. The query is that of the list's
-- address, read again each time, so that "this month" is always this one.
CREATE TABLE list_views (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    person_id   uuid NOT NULL REFERENCES people,
    name        text NOT NULL CONSTRAINT view_name_is_short CHECK (length(name) BETWEEN 1 AND 60),
    query       text NOT NULL CONSTRAINT view_query_is_short CHECK (length(query) <= 2000),
    columns     text[] NOT NULL DEFAULT '{}',
    shared      boolean NOT NULL DEFAULT false,
    -- Among the views of its person, the least first.
    position    integer NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT view_and_merchant UNIQUE (id, merchant_id)
);
CREATE UNIQUE INDEX view_name_is_unique ON list_views (merchant_id, person_id, name);

-- How a person wants the list: columns, and the view it opens with.
CREATE TABLE list_settings (
    merchant_id uuid NOT NULL REFERENCES merchants,
    person_id   uuid NOT NULL REFERENCES people,
    columns     text[] NOT NULL DEFAULT '{}',
    view_id     uuid,
    PRIMARY KEY (merchant_id, person_id),
    FOREIGN KEY (view_id, merchant_id) REFERENCES list_views (id, merchant_id) ON DELETE SET NULL (view_id)
);
SELECT isolate_merchants(t) FROM unnest(ARRAY['list_views', 'list_settings']) AS t;
-- What somebody shares others may see; nobody changes what is another's.
CREATE POLICY own_or_shared ON list_views AS RESTRICTIVE FOR SELECT TO portal_web USING (shared OR person_id = (SELECT acting_person()));
CREATE POLICY own_added ON list_views AS RESTRICTIVE FOR INSERT TO portal_web WITH CHECK (person_id = (SELECT acting_person()));
CREATE POLICY own_changed ON list_views AS RESTRICTIVE FOR UPDATE TO portal_web USING (person_id = (SELECT acting_person()));
CREATE POLICY own_removed ON list_views AS RESTRICTIVE FOR DELETE TO portal_web USING (person_id = (SELECT acting_person()));
CREATE POLICY own ON list_settings AS RESTRICTIVE TO portal_web USING (person_id = (SELECT acting_person()));
GRANT SELECT, INSERT, DELETE, UPDATE (name, query, columns, shared, position) ON list_views TO portal_web;
GRANT SELECT, INSERT, UPDATE (columns, view_id) ON list_settings TO portal_web;
