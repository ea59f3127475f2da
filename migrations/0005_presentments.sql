-- Presentments (bills to buyers), their lines and documents, and the files.

-- +goose Up
CREATE TABLE presentments (
    id                uuid PRIMARY KEY,
    merchant_id       uuid NOT NULL REFERENCES merchants,
    document_type     text NOT NULL CONSTRAINT presentment_type_is_known CHECK (document_type IN ('380', '388', 'T02')),
    document_number   text NOT NULL,
    document_on       date NOT NULL,
    due_on            date NOT NULL,
    buyer_name        text NOT NULL,
    buyer_tax_id      text NOT NULL CONSTRAINT buyer_tax_id_has_13_digits CHECK (buyer_tax_id ~ '^[0-9]{13}$'),
    buyer_branch      text NOT NULL CONSTRAINT buyer_branch_has_5_digits CHECK (buyer_branch ~ '^[0-9]{5}$'),
    buyer_address     text NOT NULL,
    remark            text NOT NULL,
    before_tax_satang bigint NOT NULL,
    vat_rate          numeric(5, 2) NOT NULL, -- percent, of standard-rated lines
    vat_satang        bigint NOT NULL,
    total_satang      bigint NOT NULL CONSTRAINT presentment_total_adds_up CHECK (total_satang = before_tax_satang + vat_satang),
    state             text NOT NULL DEFAULT 'draft' CONSTRAINT presentment_state_is_known
                      CHECK (state IN ('draft', 'submitted', 'approved', 'sending', 'presented', 'incomplete', 'refused', 'unknown', 'cancelled')),
    state_since       timestamptz NOT NULL DEFAULT now(),
    -- Raised by every edit, so that two tabs never overwrite each other silently.
    version           integer NOT NULL DEFAULT 1,
    created_by        uuid NOT NULL REFERENCES people,
    -- Everybody who had a hand in the content. None of them may approve it.
    editors           uuid[] NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    edited_at         timestamptz NOT NULL DEFAULT now(),
    -- The instruction that presents it, and the one that cancels it.
    entry_id          uuid,
    cancellation_id   uuid,
    bank_reference    text NOT NULL DEFAULT '',
    CONSTRAINT due_date_is_not_before_document_date CHECK (due_on >= document_on),
    CONSTRAINT presentment_and_merchant UNIQUE (id, merchant_id),
    FOREIGN KEY (entry_id, merchant_id) REFERENCES instructions (id, merchant_id),
    FOREIGN KEY (cancellation_id, merchant_id) REFERENCES instructions (id, merchant_id)
);
CREATE UNIQUE INDEX presentment_number_is_unique ON presentments (merchant_id, document_number) WHERE state <> 'cancelled';
CREATE INDEX presentments_by_date ON presentments (merchant_id, document_on DESC, id DESC);
CREATE INDEX presentments_by_state ON presentments (merchant_id, state, document_on DESC, id DESC);

CREATE TABLE presentment_lines (
    presentment_id uuid NOT NULL,
    merchant_id    uuid NOT NULL,
    line_no        smallint NOT NULL,
    description    text NOT NULL,
    quantity       numeric(14, 4) NOT NULL CONSTRAINT line_quantity_is_positive CHECK (quantity > 0),
    unit_price     numeric(16, 4) NOT NULL CONSTRAINT line_price_is_not_negative CHECK (unit_price >= 0),
    vat            text NOT NULL CONSTRAINT line_vat_is_known CHECK (vat IN ('standard', 'zero', 'exempt')),
    amount_satang  bigint NOT NULL,
    PRIMARY KEY (presentment_id, line_no),
    FOREIGN KEY (presentment_id, merchant_id) REFERENCES presentments (id, merchant_id)
);

CREATE TABLE files (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    name        text NOT NULL,
    media_type  text NOT NULL,
    size        integer NOT NULL CONSTRAINT file_is_not_empty CHECK (size > 0),
    sha256      bytea NOT NULL CONSTRAINT file_hash_has_32_bytes CHECK (length(sha256) = 32),
    uploaded_by uuid NOT NULL REFERENCES people,
    uploaded_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT file_and_merchant UNIQUE (id, merchant_id)
);
CREATE INDEX files_by_hash ON files (merchant_id, sha256);

-- Pieces of 1 MiB: the only shape in which Postgres takes a file without
-- holding all of it in memory on either side.
CREATE TABLE file_chunks (
    file_id     uuid NOT NULL,
    merchant_id uuid NOT NULL,
    no          smallint NOT NULL,
    data        bytea NOT NULL,
    PRIMARY KEY (file_id, no),
    FOREIGN KEY (file_id, merchant_id) REFERENCES files (id, merchant_id) DEFERRABLE INITIALLY DEFERRED
);
-- PDFs do not compress.
ALTER TABLE file_chunks ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE presentment_documents (
    presentment_id uuid NOT NULL,
    merchant_id    uuid NOT NULL,
    file_id        uuid NOT NULL,
    position       smallint NOT NULL,
    PRIMARY KEY (presentment_id, file_id),
    FOREIGN KEY (presentment_id, merchant_id) REFERENCES presentments (id, merchant_id),
    FOREIGN KEY (file_id, merchant_id) REFERENCES files (id, merchant_id)
);

-- What the list searches. It stands apart because a row-level policy keeps
-- LIKE from using an index (LIKE is not leakproof); nobody but the function
-- below may read it, and the function sees the acting merchant's rows only.
CREATE TABLE presentment_search (
    presentment_id uuid PRIMARY KEY REFERENCES presentments,
    merchant_id    uuid NOT NULL,
    state          text NOT NULL,
    document_on    date NOT NULL,
    words          text NOT NULL
);
CREATE INDEX presentment_search_words ON presentment_search USING gin (words gin_trgm_ops);
CREATE INDEX presentment_search_by_date ON presentment_search (merchant_id, document_on DESC, presentment_id DESC);

-- +goose StatementBegin
CREATE FUNCTION presentment_is_searchable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO presentment_search (presentment_id, merchant_id, state, document_on, words)
    VALUES (NEW.id, NEW.merchant_id, NEW.state, NEW.document_on,
            lower(NEW.document_number || ' ' || NEW.buyer_name || ' ' || NEW.buyer_tax_id || ' ' || NEW.bank_reference))
    ON CONFLICT (presentment_id) DO UPDATE SET state = excluded.state, document_on = excluded.document_on, words = excluded.words;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER presentment_is_searchable AFTER INSERT OR UPDATE ON presentments FOR EACH ROW EXECUTE FUNCTION presentment_is_searchable();

-- Ids of the acting merchant's presentments whose words match, newest first,
-- after the given place in that order. A custom plan, since a rare and a
-- common word want different ones.
-- +goose StatementBegin
CREATE FUNCTION presentments_matching(pattern text, of_state text, before_on date, before_id uuid, at_most integer)
RETURNS TABLE (presentment_id uuid, document_on date)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    merchant uuid := acting_merchant();
BEGIN
    RETURN QUERY
        SELECT s.presentment_id, s.document_on FROM presentment_search s
        WHERE s.merchant_id = merchant AND s.words LIKE pattern AND (of_state = '' OR s.state = of_state)
          AND (s.document_on, s.presentment_id) < (before_on, before_id)
        ORDER BY s.document_on DESC, s.presentment_id DESC LIMIT at_most;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION presentments_matching FROM PUBLIC;
GRANT EXECUTE ON FUNCTION presentments_matching TO portal_web;

-- A presentment is edited as a draft or after a refusal, by somebody who then
-- stands among its editors; and its state is what its instructions say.
-- +goose StatementBegin
CREATE FUNCTION presentment_changes_as_draft() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' OR NEW.entry_id IS NOT NULL OR NEW.cancellation_id IS NOT NULL
           OR NEW.created_by IS DISTINCT FROM acting_person() OR NOT NEW.created_by = ANY (NEW.editors) THEN
            RAISE EXCEPTION 'a presentment starts as the draft of the acting person' USING ERRCODE = 'check_violation', CONSTRAINT = 'presentment_starts_as_draft';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.document_type, NEW.document_number, NEW.document_on, NEW.due_on, NEW.buyer_name, NEW.buyer_tax_id, NEW.buyer_branch,
        NEW.buyer_address, NEW.remark, NEW.before_tax_satang, NEW.vat_rate, NEW.vat_satang, NEW.total_satang, NEW.version)
       IS DISTINCT FROM
       (OLD.document_type, OLD.document_number, OLD.document_on, OLD.due_on, OLD.buyer_name, OLD.buyer_tax_id, OLD.buyer_branch,
        OLD.buyer_address, OLD.remark, OLD.before_tax_satang, OLD.vat_rate, OLD.vat_satang, OLD.total_satang, OLD.version)
       AND (OLD.state NOT IN ('draft', 'refused') OR NOT coalesce(acting_person() = ANY (NEW.editors), false)) THEN
        RAISE EXCEPTION 'only a draft or a refused presentment is edited, by an editor'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'presentment_is_editable';
    END IF;
    IF NOT NEW.editors @> OLD.editors OR NEW.created_by <> OLD.created_by THEN
        RAISE EXCEPTION 'who had a hand in it stays' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'editors_stay';
    END IF;
    IF NEW.entry_id IS DISTINCT FROM OLD.entry_id AND OLD.state NOT IN ('draft', 'refused') THEN
        RAISE EXCEPTION 'a presentment at the bank keeps its entry' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'presentment_keeps_its_entry';
    END IF;
    IF NEW.state <> OLD.state THEN
        IF NOT presentment_state_follows(NEW) THEN
            RAISE EXCEPTION 'a presentment is not % by what its instructions say', NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'presentment_state_follows';
        END IF;
        NEW.state_since := now();
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- Whether the state of a presentment can follow from its instructions. The
-- program says which state does; this keeps it from claiming one that cannot.
-- +goose StatementBegin
CREATE FUNCTION presentment_state_follows(p presentments) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(CASE p.state
        WHEN 'draft'      THEN e.state IS NULL OR e.state IN ('rejected', 'withdrawn', 'expired')
        WHEN 'submitted'  THEN e.state = 'pending'
        WHEN 'approved'   THEN e.state = 'approved'
        WHEN 'sending'    THEN e.state IN ('sending', 'done')
        WHEN 'presented'  THEN e.state = 'done' AND NOT EXISTS (SELECT FROM instructions i WHERE i.lead_id = e.id AND i.state <> 'done')
        WHEN 'incomplete' THEN e.state = 'done' AND EXISTS (SELECT FROM instructions i WHERE i.lead_id = e.id AND i.state IN ('failed', 'expired', 'withdrawn'))
        WHEN 'refused'    THEN e.state = 'failed'
        WHEN 'unknown'    THEN c.state = 'unknown' OR EXISTS (SELECT FROM instructions i WHERE i.lead_id = e.id AND i.state = 'unknown')
        WHEN 'cancelled'  THEN c.state = 'done'
    END, false)
    FROM (SELECT) AS one
        LEFT JOIN instructions e ON e.id = p.entry_id
        LEFT JOIN instructions c ON c.id = p.cancellation_id
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION presentment_state_follows FROM PUBLIC;
CREATE TRIGGER presentment_changes_as_draft BEFORE INSERT OR UPDATE ON presentments FOR EACH ROW EXECUTE FUNCTION presentment_changes_as_draft();

-- Whoever had a hand in what an instruction asks for is written down with it:
-- the maker, and for a bill everybody who edited it or attached a document.
-- +goose StatementBegin
CREATE FUNCTION instruction_keeps_its_authors() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO instruction_authors (instruction_id, merchant_id, person_id)
    SELECT NEW.id, NEW.merchant_id, NEW.maker_id
    UNION
    SELECT NEW.id, NEW.merchant_id, unnest(p.editors) FROM presentments p
    WHERE NEW.operation IN ('presentment.create', 'presentment.document.upload')
      AND p.merchant_id = NEW.merchant_id AND p.id = split_part(NEW.subject, '/', 2)::uuid;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER instruction_keeps_its_authors AFTER INSERT ON instructions FOR EACH ROW EXECUTE FUNCTION instruction_keeps_its_authors();

-- What was submitted is edited no more: lines and documents follow the bill.
-- +goose StatementBegin
CREATE FUNCTION presentment_is_editable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    about uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.presentment_id ELSE NEW.presentment_id END;
BEGIN
    IF NOT EXISTS (SELECT FROM presentments WHERE id = about AND state IN ('draft', 'refused')) THEN
        RAISE EXCEPTION 'only a draft or a refused presentment is edited'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'presentment_is_editable';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
-- +goose StatementEnd
CREATE TRIGGER presentment_is_editable BEFORE INSERT OR UPDATE OR DELETE ON presentment_lines FOR EACH ROW EXECUTE FUNCTION presentment_is_editable();
CREATE TRIGGER presentment_is_editable BEFORE INSERT OR UPDATE OR DELETE ON presentment_documents FOR EACH ROW EXECUTE FUNCTION presentment_is_editable();
CREATE TRIGGER files_are_never_changed BEFORE UPDATE ON files FOR EACH ROW EXECUTE FUNCTION refuse_change();
-- +goose StatementBegin
CREATE FUNCTION file_is_being_written() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM files WHERE id = NEW.file_id) THEN
        RAISE EXCEPTION 'a finished file gets no more pieces' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'file_is_finished';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER file_is_being_written BEFORE INSERT ON file_chunks FOR EACH ROW EXECUTE FUNCTION file_is_being_written();
CREATE TRIGGER file_chunks_are_never_changed BEFORE UPDATE ON file_chunks FOR EACH ROW EXECUTE FUNCTION refuse_change();

SELECT audit_table('presentments', 'presentment', 'id');
SELECT audit_table('presentment_lines', 'presentment', 'presentment_id');
SELECT audit_table('presentment_documents', 'presentment', 'presentment_id');
-- The chunks of a file are bound to it by key and proven by the hash in its leaf.
SELECT audit_table('files', 'file', 'id');
SELECT isolate_merchants(t) FROM unnest(ARRAY['presentments', 'presentment_lines', 'presentment_documents', 'files', 'file_chunks']) AS t;

GRANT SELECT ON presentments, presentment_lines, presentment_documents, files, file_chunks TO portal_web, portal_worker;
GRANT INSERT ON presentments, presentment_lines, presentment_documents, files, file_chunks TO portal_web;
GRANT DELETE ON presentment_lines, presentment_documents TO portal_web;
GRANT UPDATE (document_type, document_number, document_on, due_on, buyer_name, buyer_tax_id, buyer_branch, buyer_address, remark,
    before_tax_satang, vat_rate, vat_satang, total_satang, state, version, edited_at, editors, entry_id, cancellation_id, bank_reference) ON presentments TO portal_web;
GRANT UPDATE (state, bank_reference) ON presentments TO portal_worker;
