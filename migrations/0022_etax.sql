-- Electronic tax documents: what is issued, how far the bank and the Revenue
-- Department have got with it, the files that came back, and the questions that
-- are put to the bank about them.

-- +goose Up
CREATE TABLE etax_documents (
    id              uuid PRIMARY KEY,
    merchant_id     uuid NOT NULL REFERENCES merchants,
    kind            text NOT NULL CONSTRAINT etax_kind_is_known CHECK (kind IN ('388', 'T01', 'T02', 'T03', 'T04', '80', '81')),
    -- Empty until it is submitted, unless it bears the number of what it is made from.
    number          text NOT NULL CONSTRAINT etax_number_is_short CHECK (length(number) <= 35),
    issued_on       date NOT NULL,
    buyer_name      text NOT NULL,
    buyer_tax_id    text NOT NULL,
    basis_satang    bigint NOT NULL,
    vat_satang      bigint NOT NULL,
    total_satang    bigint NOT NULL CONSTRAINT etax_total_adds_up CHECK (total_satang = basis_satang + vat_satang),
    -- The whole of it, as package etax keeps it.
    content         jsonb NOT NULL,
    -- What the files are locked with. Nobody is ever shown it again.
    password_sealed bytea,
    presentment_id  uuid,
    receipt_id      uuid,
    state           text NOT NULL DEFAULT 'draft' CONSTRAINT etax_state_is_known
                    CHECK (state IN ('draft', 'submitted', 'approved', 'sending', 'accepted', 'generated', 'signed', 'delivered', 'filed',
                        'acknowledged', 'failed', 'refused', 'unknown', 'discarded')),
    state_since     timestamptz NOT NULL DEFAULT now(),
    version         integer NOT NULL DEFAULT 1,
    created_by      uuid NOT NULL REFERENCES people,
    -- Everybody who had a hand in the content. None of them may approve it.
    editors         uuid[] NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    edited_at       timestamptz NOT NULL DEFAULT now(),
    generation_id   uuid,
    bank_reference  text NOT NULL DEFAULT '',
    bank_remark     text NOT NULL DEFAULT '', -- why it failed
    filed_on        date,                     -- handed to the Revenue Department
    -- Seven years instead of five, where the Director-General asks for them.
    held            boolean NOT NULL DEFAULT false,
    -- Until then nothing of it is deleted: from the later of issue and filing.
    retention_until date NOT NULL GENERATED ALWAYS AS
                    ((greatest(issued_on, coalesce(filed_on, issued_on)) + CASE WHEN held THEN interval '7 years' ELSE interval '5 years' END)::date) STORED,
    CONSTRAINT etax_and_merchant UNIQUE (id, merchant_id),
    FOREIGN KEY (generation_id, merchant_id) REFERENCES instructions (id, merchant_id),
    FOREIGN KEY (receipt_id, merchant_id) REFERENCES receipts (id, merchant_id),
    FOREIGN KEY (presentment_id, merchant_id) REFERENCES presentments (id, merchant_id)
);
CREATE UNIQUE INDEX etax_number_is_unique ON etax_documents (merchant_id, kind, number) WHERE number <> '' AND state <> 'discarded';
CREATE INDEX etax_by_date ON etax_documents (merchant_id, issued_on DESC, id DESC);
CREATE INDEX etax_by_state ON etax_documents (merchant_id, state, issued_on DESC, id DESC);
CREATE INDEX etax_by_reference ON etax_documents (bank_reference) WHERE bank_reference <> '';
CREATE INDEX etax_of_presentment ON etax_documents (presentment_id) WHERE presentment_id IS NOT NULL;
CREATE INDEX etax_of_receipt ON etax_documents (receipt_id) WHERE receipt_id IS NOT NULL;

-- Which of our own documents it corrects or replaces.
CREATE TABLE etax_references (
    document_id   uuid NOT NULL,
    merchant_id   uuid NOT NULL,
    referenced_id uuid NOT NULL,
    PRIMARY KEY (document_id, referenced_id),
    CONSTRAINT etax_does_not_refer_to_itself CHECK (document_id <> referenced_id),
    FOREIGN KEY (document_id, merchant_id) REFERENCES etax_documents (id, merchant_id),
    FOREIGN KEY (referenced_id, merchant_id) REFERENCES etax_documents (id, merchant_id)
);
CREATE INDEX etax_referring ON etax_references (referenced_id);

-- A question that somebody puts to the bank; the worker asks it. A question
-- changes nothing at the bank, so that it needs nobody's approval.
CREATE TABLE inquiries (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    operation   text NOT NULL CONSTRAINT inquiry_operation_is_known CHECK (operation IN ('etax.retrieve')),
    subject     text NOT NULL,
    payload     bytea NOT NULL,
    asked_by    uuid NOT NULL REFERENCES people,
    asked_at    timestamptz NOT NULL DEFAULT now(),
    state       text NOT NULL DEFAULT 'waiting' CONSTRAINT inquiry_state_is_known CHECK (state IN ('waiting', 'asking', 'answered', 'failed')),
    deadline    timestamptz, -- of whoever is asking it
    tries       smallint NOT NULL DEFAULT 0,
    answered_at timestamptz,
    -- What came of it, as a short word; the screen has a sentence for it.
    came        text NOT NULL DEFAULT '',
    bank_code   text NOT NULL DEFAULT '',
    message     text NOT NULL DEFAULT '',
    message_th  text NOT NULL DEFAULT '',
    -- What the bank answered, as far as later decisions stand on it.
    bank_reference text NOT NULL DEFAULT '',
    status      text NOT NULL DEFAULT '',
    said_at     timestamptz,
    CONSTRAINT inquiry_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT inquiry_ends_when_answered CHECK ((answered_at IS NULL) = (state IN ('waiting', 'asking')))
);
CREATE INDEX inquiries_of_subject ON inquiries (subject, asked_at DESC);
CREATE INDEX inquiries_to_ask ON inquiries (asked_at, id) WHERE state IN ('waiting', 'asking');
CREATE UNIQUE INDEX one_open_inquiry ON inquiries (subject) WHERE state IN ('waiting', 'asking');

-- How far a document has got, each step standing on the bank's own word: a
-- callback that it signed, or its answer to a question of ours.
CREATE TABLE etax_events (
    document_id uuid NOT NULL,
    merchant_id uuid NOT NULL,
    status      text NOT NULL,
    remark      text NOT NULL,
    said_at     timestamptz NOT NULL, -- by the bank's clock
    callback_id uuid,
    inquiry_id  uuid,
    learned_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (document_id, status),
    CONSTRAINT etax_event_has_one_source CHECK ((callback_id IS NULL) <> (inquiry_id IS NULL)),
    FOREIGN KEY (document_id, merchant_id) REFERENCES etax_documents (id, merchant_id),
    FOREIGN KEY (inquiry_id, merchant_id) REFERENCES inquiries (id, merchant_id)
);

-- The files that the bank made, each as it was first heard of.
CREATE TABLE etax_files (
    document_id uuid NOT NULL,
    merchant_id uuid NOT NULL,
    format      text NOT NULL CONSTRAINT etax_format_is_known CHECK (format IN ('PDF', 'XML')),
    file_id     uuid NOT NULL CONSTRAINT etax_file_is_of_one_document UNIQUE,
    callback_id uuid,
    inquiry_id  uuid,
    got_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (document_id, format),
    CONSTRAINT etax_file_has_one_source CHECK ((callback_id IS NULL) <> (inquiry_id IS NULL)),
    FOREIGN KEY (document_id, merchant_id) REFERENCES etax_documents (id, merchant_id),
    FOREIGN KEY (file_id, merchant_id) REFERENCES files (id, merchant_id),
    FOREIGN KEY (inquiry_id, merchant_id) REFERENCES inquiries (id, merchant_id)
);
-- What the bank made, nobody uploaded.
ALTER TABLE files ALTER COLUMN uploaded_by DROP NOT NULL;

-- Callbacks may be about a tax document, and those bring its files along.
ALTER TABLE callbacks ADD COLUMN etax_id uuid;
ALTER TABLE callbacks ADD CONSTRAINT callback_names_its_document FOREIGN KEY (etax_id, merchant_id) REFERENCES etax_documents (id, merchant_id);
ALTER TABLE callbacks ADD CONSTRAINT callback_is_about_one_thing CHECK (presentment_id IS NULL OR etax_id IS NULL);
ALTER TABLE callbacks DROP CONSTRAINT callback_counts_only_for_somebody;
ALTER TABLE callbacks ADD CONSTRAINT callback_counts_only_for_somebody
    CHECK (state IN ('received', 'quarantined') OR (merchant_id IS NOT NULL AND (presentment_id IS NOT NULL OR etax_id IS NOT NULL)));
ALTER TABLE callbacks DROP CONSTRAINT callback_is_no_larger_than_64_kib;
ALTER TABLE callbacks ADD CONSTRAINT callback_is_no_larger_than_its_product
    CHECK (body_size BETWEEN 0 AND CASE product WHEN 'etax' THEN 15728640 ELSE 65536 END);
CREATE INDEX callbacks_of_etax ON callbacks (etax_id, received_at) WHERE etax_id IS NOT NULL;
CREATE UNIQUE INDEX etax_event_counts_once ON callbacks (etax_id, event_key) WHERE state = 'processed' AND etax_id IS NOT NULL;
ALTER TABLE etax_events ADD FOREIGN KEY (callback_id, merchant_id) REFERENCES callbacks (id, merchant_id);
ALTER TABLE etax_files ADD FOREIGN KEY (callback_id, merchant_id) REFERENCES callbacks (id, merchant_id);

-- The request that asked a question, as the one of an attempt is.
ALTER TABLE exchanges ADD COLUMN inquiry_id uuid REFERENCES inquiries;
CREATE INDEX exchanges_of_inquiry ON exchanges (inquiry_id) WHERE inquiry_id IS NOT NULL;

-- How far a status is, and the state that it means for the document.
-- +goose StatementBegin
CREATE FUNCTION etax_rank(status text) RETURNS integer LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT array_position(ARRAY['ACCEPTED', 'GENERATED', 'SIGNED', 'DELIVERED', 'SUBMITTED_RD', 'ACKNOWLEDGED_RD', 'FAILED'], status)
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION etax_state_of(status text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT (ARRAY['accepted', 'generated', 'signed', 'delivered', 'filed', 'acknowledged', 'failed'])[etax_rank(status)]
$$;
-- +goose StatementEnd

-- Whether the state of a document can follow from its instruction and from what
-- the bank has said since. The program says which does; this keeps it honest.
-- +goose StatementBegin
CREATE FUNCTION etax_state_follows(d etax_documents) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(CASE
        WHEN d.state IN ('draft', 'discarded') THEN i.state IS NULL OR i.state IN ('rejected', 'withdrawn', 'expired')
        WHEN d.state = 'submitted' THEN i.state = 'pending'
        WHEN d.state = 'refused' THEN i.state = 'failed'
        WHEN d.state IN ('approved', 'sending', 'unknown') THEN i.state = d.state
        ELSE i.state = 'done' AND d.state = coalesce(etax_state_of(
            (SELECT e.status FROM etax_events e WHERE e.document_id = d.id ORDER BY etax_rank(e.status) DESC LIMIT 1)), 'accepted')
    END, false)
    FROM (SELECT) AS one LEFT JOIN instructions i ON i.id = d.generation_id
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION etax_changes_as_draft() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' OR NEW.generation_id IS NOT NULL OR NEW.bank_reference <> '' OR NEW.bank_remark <> '' OR NEW.filed_on IS NOT NULL OR NEW.held
           OR NEW.created_by IS DISTINCT FROM acting_person() OR NEW.editors <> ARRAY[NEW.created_by]
           OR NOT coalesce(has_duty(NEW.merchant_id, NEW.created_by, 'maker'), false) THEN
            RAISE EXCEPTION 'a tax document starts as the draft of the acting person' USING ERRCODE = 'check_violation', CONSTRAINT = 'etax_starts_as_draft';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.kind, NEW.number, NEW.issued_on, NEW.buyer_name, NEW.buyer_tax_id, NEW.basis_satang, NEW.vat_satang, NEW.total_satang, NEW.content,
        NEW.password_sealed, NEW.version)
       IS DISTINCT FROM
       (OLD.kind, OLD.number, OLD.issued_on, OLD.buyer_name, OLD.buyer_tax_id, OLD.basis_satang, OLD.vat_satang, OLD.total_satang, OLD.content,
        OLD.password_sealed, OLD.version)
       AND (OLD.state NOT IN ('draft', 'refused') OR NOT coalesce(acting_person() = ANY (NEW.editors), false)) THEN
        RAISE EXCEPTION 'only a draft or a refused document is edited, by an editor' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'etax_is_editable';
    END IF;
    IF NOT NEW.editors @> OLD.editors
       OR (NEW.id, NEW.merchant_id, NEW.created_by, NEW.created_at, NEW.presentment_id, NEW.receipt_id)
          IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.created_by, OLD.created_at, OLD.presentment_id, OLD.receipt_id) THEN
        RAISE EXCEPTION 'who made it, and from what, stays' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'etax_origin_stays';
    END IF;
    IF NEW.generation_id IS DISTINCT FROM OLD.generation_id AND OLD.state NOT IN ('draft', 'refused') THEN
        RAISE EXCEPTION 'a document at the bank keeps its instruction' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'etax_keeps_its_instruction';
    END IF;
    IF NEW.held <> OLD.held AND (OLD.held OR NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'admin'), false)) THEN
        RAISE EXCEPTION 'an administrator has it kept longer, and nobody shorter' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'etax_is_held_on_duty';
    END IF;
    IF NEW.filed_on IS DISTINCT FROM OLD.filed_on AND OLD.filed_on IS NOT NULL THEN
        RAISE EXCEPTION 'it was handed in once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'etax_is_filed_once';
    END IF;
    IF NEW.bank_reference <> coalesce((SELECT i.bank_reference FROM instructions i WHERE i.id = NEW.generation_id), '') THEN
        RAISE EXCEPTION 'a document has the name that the bank gave it' USING ERRCODE = 'check_violation', CONSTRAINT = 'etax_is_named_by_its_instruction';
    END IF;
    IF NEW.state <> OLD.state THEN
        IF NOT etax_state_follows(NEW) THEN
            RAISE EXCEPTION 'a tax document is not % by what is known', NEW.state USING ERRCODE = 'check_violation', CONSTRAINT = 'etax_state_follows';
        END IF;
        IF 'discarded' IN (NEW.state, OLD.state) AND (NEW.state NOT IN ('draft', 'discarded') OR OLD.state NOT IN ('draft', 'discarded')
           OR NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker'), false)) THEN
            RAISE EXCEPTION 'only a draft is discarded, and by a maker' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'only_a_draft_etax_is_discarded';
        END IF;
        NEW.state_since := now();
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER etax_changes_as_draft BEFORE INSERT OR UPDATE ON etax_documents FOR EACH ROW EXECUTE FUNCTION etax_changes_as_draft();

-- What a document refers to is part of its content.
-- +goose StatementBegin
CREATE FUNCTION etax_reference_is_editable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    about uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.document_id ELSE NEW.document_id END;
BEGIN
    IF NOT EXISTS (SELECT FROM etax_documents WHERE id = about AND state IN ('draft', 'refused')) THEN
        RAISE EXCEPTION 'only a draft or a refused document is edited' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'etax_is_editable';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
-- +goose StatementEnd
CREATE TRIGGER etax_reference_is_editable BEFORE INSERT OR UPDATE OR DELETE ON etax_references FOR EACH ROW EXECUTE FUNCTION etax_reference_is_editable();

-- Whoever edited a tax document does not approve it.
-- +goose StatementBegin
CREATE FUNCTION etax_instruction_keeps_its_authors() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO instruction_authors (instruction_id, merchant_id, person_id)
    SELECT NEW.id, NEW.merchant_id, e FROM etax_documents d CROSS JOIN LATERAL unnest(d.editors) AS e
    WHERE d.merchant_id = NEW.merchant_id AND d.id = split_part(NEW.subject, '/', 2)::uuid AND e <> NEW.maker_id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER etax_instruction_keeps_its_authors AFTER INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation = 'etax.generate') EXECUTE FUNCTION etax_instruction_keeps_its_authors();

-- Whether the bank itself said so, to the document and the merchant concerned:
-- in a callback that it signed and that was read just now, or in its answer.
-- +goose StatementBegin
CREATE FUNCTION etax_word_is_the_banks(document uuid, of_merchant uuid, callback uuid, inquiry uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM callbacks c WHERE c.id = callback AND c.merchant_id = of_merchant AND c.etax_id = document AND c.refusal = '' AND c.state = 'processed')
        OR EXISTS (SELECT FROM inquiries q WHERE q.id = inquiry AND q.merchant_id = of_merchant AND q.subject = 'etax/' || document
                   AND q.operation = 'etax.retrieve' AND q.state = 'answered')
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION etax_event_is_the_banks_word() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    d etax_documents;
BEGIN
    SELECT * INTO d FROM etax_documents WHERE id = NEW.document_id FOR UPDATE;
    IF NOT etax_word_is_the_banks(NEW.document_id, NEW.merchant_id, NEW.callback_id, NEW.inquiry_id)
       OR NOT EXISTS (SELECT FROM callbacks c WHERE c.id = NEW.callback_id AND c.bank_reference = d.bank_reference AND c.status = NEW.status AND c.said_at = NEW.said_at
                      UNION ALL
                      SELECT FROM inquiries q WHERE q.id = NEW.inquiry_id AND q.bank_reference = d.bank_reference AND q.status = NEW.status AND q.said_at = NEW.said_at) THEN
        RAISE EXCEPTION 'a step of a tax document stands on the bank''s own word' USING ERRCODE = 'check_violation', CONSTRAINT = 'etax_event_is_the_banks_word';
    END IF;
    IF etax_rank(NEW.status) IS NULL OR d.state NOT IN ('accepted', 'generated', 'signed', 'delivered', 'filed')
       OR EXISTS (SELECT FROM etax_events e WHERE e.document_id = NEW.document_id AND etax_rank(e.status) >= etax_rank(NEW.status)) THEN
        RAISE EXCEPTION 'a tax document does not go from % to %', d.state, NEW.status USING ERRCODE = 'check_violation', CONSTRAINT = 'etax_goes_forward';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION etax_event_is_repeated() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE etax_documents SET state = etax_state_of(NEW.status), bank_remark = NEW.remark,
        filed_on = coalesce(filed_on, CASE WHEN NEW.status IN ('SUBMITTED_RD', 'ACKNOWLEDGED_RD') THEN (NEW.said_at AT TIME ZONE 'Asia/Bangkok')::date END)
    WHERE id = NEW.document_id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER etax_event_is_the_banks_word BEFORE INSERT ON etax_events FOR EACH ROW EXECUTE FUNCTION etax_event_is_the_banks_word();
CREATE TRIGGER etax_event_is_repeated AFTER INSERT ON etax_events FOR EACH ROW EXECUTE FUNCTION etax_event_is_repeated();
CREATE TRIGGER etax_events_are_never_changed BEFORE UPDATE OR DELETE ON etax_events FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- +goose StatementBegin
CREATE FUNCTION etax_file_is_the_banks() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT etax_word_is_the_banks(NEW.document_id, NEW.merchant_id, NEW.callback_id, NEW.inquiry_id)
       OR NOT EXISTS (SELECT FROM files f WHERE f.id = NEW.file_id AND f.uploaded_by IS NULL) THEN
        RAISE EXCEPTION 'a file of a tax document is the bank''s' USING ERRCODE = 'check_violation', CONSTRAINT = 'etax_file_is_the_banks';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER etax_file_is_the_banks BEFORE INSERT ON etax_files FOR EACH ROW EXECUTE FUNCTION etax_file_is_the_banks();
CREATE TRIGGER etax_files_are_never_changed BEFORE UPDATE ON etax_files FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The web process stores what people upload; only the worker what nobody did.
-- +goose StatementBegin
CREATE FUNCTION file_without_a_person_is_the_banks() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF acting_person() IS NOT NULL THEN
        RAISE EXCEPTION 'whoever uploads a file is named' USING ERRCODE = 'check_violation', CONSTRAINT = 'file_without_a_person_is_the_banks';
    END IF;
    IF NEW.size <> (SELECT coalesce(sum(octet_length(data)), 0) FROM file_chunks WHERE file_id = NEW.id) THEN
        RAISE EXCEPTION 'a file is as large as its pieces' USING ERRCODE = 'check_violation', CONSTRAINT = 'file_is_as_large_as_it_says';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- As in 0019, for what people upload: the bank has no quota.
DROP TRIGGER file_is_taken_in ON files;
CREATE TRIGGER file_is_taken_in BEFORE INSERT ON files FOR EACH ROW WHEN (NEW.uploaded_by IS NOT NULL) EXECUTE FUNCTION file_is_taken_in();
CREATE TRIGGER file_without_a_person_is_the_banks BEFORE INSERT ON files FOR EACH ROW WHEN (NEW.uploaded_by IS NULL) EXECUTE FUNCTION file_without_a_person_is_the_banks();

-- A question is put by somebody on duty, and answered once, by the worker.
-- +goose StatementBegin
CREATE FUNCTION inquiry_moves_as_listed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'waiting' OR NEW.tries <> 0 OR NEW.came <> '' OR NEW.asked_by IS DISTINCT FROM acting_person()
           OR NOT coalesce(has_duty(NEW.merchant_id, NEW.asked_by, 'maker') OR has_duty(NEW.merchant_id, NEW.asked_by, 'checker'), false) THEN
            RAISE EXCEPTION 'a question is put by a maker or a checker' USING ERRCODE = 'check_violation', CONSTRAINT = 'inquiry_is_asked_on_duty';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.merchant_id, NEW.operation, NEW.subject, NEW.payload, NEW.asked_by, NEW.asked_at)
       IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.operation, OLD.subject, OLD.payload, OLD.asked_by, OLD.asked_at)
       OR OLD.state IN ('answered', 'failed') OR NEW.state = 'waiting' OR acting_person() IS NOT NULL THEN
        RAISE EXCEPTION 'a question is answered once, by the worker' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'inquiry_is_answered_once';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION inquiry_wakes_the_worker() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('approved', '');
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER inquiry_moves_as_listed BEFORE INSERT OR UPDATE ON inquiries FOR EACH ROW EXECUTE FUNCTION inquiry_moves_as_listed();
CREATE TRIGGER inquiry_wakes_the_worker AFTER INSERT ON inquiries FOR EACH ROW EXECUTE FUNCTION inquiry_wakes_the_worker();
CREATE TRIGGER inquiries_are_not_deleted BEFORE DELETE ON inquiries FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Tax documents are kept for years, with their files, whoever wants them gone.
-- +goose StatementBegin
CREATE FUNCTION etax_is_kept() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    until date;
BEGIN
    IF TG_TABLE_NAME = 'etax_documents' THEN
        until := OLD.retention_until;
    ELSE
        SELECT max(d.retention_until) INTO until FROM etax_files f JOIN etax_documents d ON d.id = f.document_id
        WHERE f.file_id = CASE TG_TABLE_NAME WHEN 'files' THEN (to_jsonb(OLD) ->> 'id')::uuid ELSE (to_jsonb(OLD) ->> 'file_id')::uuid END;
    END IF;
    -- A draft that never got a number was never a document.
    IF until >= current_date AND NOT (TG_TABLE_NAME = 'etax_documents' AND to_jsonb(OLD) ->> 'number' = '') THEN
        RAISE EXCEPTION 'it is kept until %', until USING ERRCODE = 'restrict_violation', CONSTRAINT = 'etax_is_kept';
    END IF;
    RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER etax_is_kept BEFORE DELETE ON etax_documents FOR EACH ROW EXECUTE FUNCTION etax_is_kept();
CREATE TRIGGER etax_is_kept BEFORE DELETE ON etax_files FOR EACH ROW EXECUTE FUNCTION etax_is_kept();
CREATE TRIGGER etax_is_kept BEFORE DELETE ON files FOR EACH ROW EXECUTE FUNCTION etax_is_kept();
CREATE TRIGGER etax_documents_are_not_truncated BEFORE TRUNCATE ON etax_documents FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER etax_files_are_not_truncated BEFORE TRUNCATE ON etax_files FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
-- Pieces of a file are read without its row, which would cost the largest
-- bodies a copy: their own function asks by key.
-- +goose StatementBegin
CREATE FUNCTION etax_piece_is_kept() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM etax_files f JOIN etax_documents d ON d.id = f.document_id WHERE f.file_id = OLD.file_id AND d.retention_until >= current_date) THEN
        RAISE EXCEPTION 'it is kept' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'etax_is_kept';
    END IF;
    RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER etax_piece_is_kept BEFORE DELETE ON file_chunks FOR EACH ROW EXECUTE FUNCTION etax_piece_is_kept();

-- What the list searches, apart for the reason that presentment_search is.
CREATE TABLE etax_search (
    document_id uuid PRIMARY KEY REFERENCES etax_documents ON DELETE CASCADE,
    merchant_id uuid NOT NULL,
    issued_on   date NOT NULL,
    words       text NOT NULL
);
CREATE INDEX etax_search_words ON etax_search USING gin (words gin_trgm_ops);
CREATE INDEX etax_search_by_date ON etax_search (merchant_id, issued_on DESC, document_id DESC);
-- +goose StatementBegin
CREATE FUNCTION etax_is_searchable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO etax_search (document_id, merchant_id, issued_on, words)
    VALUES (NEW.id, NEW.merchant_id, NEW.issued_on, lower(NEW.number || ' ' || NEW.buyer_name || ' ' || NEW.buyer_tax_id || ' ' || NEW.bank_reference))
    ON CONFLICT (document_id) DO UPDATE SET issued_on = excluded.issued_on, words = excluded.words;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER etax_is_searchable AFTER INSERT OR UPDATE OF number, buyer_name, buyer_tax_id, bank_reference, issued_on ON etax_documents
    FOR EACH ROW EXECUTE FUNCTION etax_is_searchable();
-- Ids of the acting merchant's documents whose words match, newest first.
-- +goose StatementBegin
CREATE FUNCTION etax_matching(pattern text, at_most integer) RETURNS TABLE (document_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    merchant uuid := acting_merchant();
BEGIN
    RETURN QUERY SELECT s.document_id FROM etax_search s WHERE s.merchant_id = merchant AND s.words LIKE pattern
        ORDER BY s.issued_on DESC, s.document_id DESC LIMIT at_most;
END $$;
-- +goose StatementEnd

-- As in 0011, and the bank's word on a tax document settles what asked for it:
-- a callback, or its answer to a question that names the very attempt.
ALTER TABLE settlements ADD COLUMN inquiry_id uuid;
ALTER TABLE settlements ADD CONSTRAINT settlement_names_its_inquiry FOREIGN KEY (inquiry_id, merchant_id) REFERENCES inquiries (id, merchant_id);
ALTER TABLE settlements DROP CONSTRAINT settled_by_people_or_by_the_bank;
ALTER TABLE settlements ADD CONSTRAINT settled_by_people_or_by_the_bank CHECK (num_nonnulls(proposed_by, callback_id, inquiry_id) = 1);
ALTER TABLE settlements DROP CONSTRAINT settlement_decision_is_whole;
ALTER TABLE settlements ADD CONSTRAINT settlement_decision_is_whole CHECK (
    (decision IS NULL) = (decided_by IS NULL AND callback_id IS NULL AND inquiry_id IS NULL) AND (decision IS NULL) = (decided_at IS NULL));
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION settlement_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    i instructions;
BEGIN
    SELECT * INTO i FROM instructions WHERE id = NEW.instruction_id FOR UPDATE;
    IF i.state IS DISTINCT FROM 'unknown' THEN
        RAISE EXCEPTION 'only an unknown outcome is settled' USING ERRCODE = 'check_violation', CONSTRAINT = 'settlement_while_unknown';
    END IF;
    IF NEW.callback_id IS NOT NULL THEN
        IF TG_OP <> 'INSERT' OR acting_person() IS NOT NULL OR NEW.outcome <> 'done' OR NEW.decision IS DISTINCT FROM 'confirmed' OR NOT EXISTS (
            SELECT FROM callbacks c WHERE c.id = NEW.callback_id AND c.merchant_id = NEW.merchant_id AND c.refusal = '' AND c.state = 'processed'
                AND c.bank_reference = NEW.bank_reference AND (
                    'presentment/' || c.presentment_id = i.subject AND (c.status = 'CNCL') = (i.operation = 'presentment.cancel')
                    OR 'etax/' || c.etax_id = i.subject AND i.operation = 'etax.generate')) THEN
            RAISE EXCEPTION 'the bank''s word settles only what it is about' USING ERRCODE = 'check_violation', CONSTRAINT = 'settled_by_a_genuine_callback';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.inquiry_id IS NOT NULL THEN
        IF TG_OP <> 'INSERT' OR acting_person() IS NOT NULL OR NEW.outcome <> 'done' OR NEW.decision IS DISTINCT FROM 'confirmed' OR i.operation <> 'etax.generate'
           OR NOT EXISTS (SELECT FROM inquiries q JOIN exchanges x ON x.inquiry_id = q.id JOIN exchange_results r ON r.exchange_id = x.id
                JOIN attempts t ON t.instruction_id = i.id AND t.outcome = 'unknown'
                WHERE q.id = NEW.inquiry_id AND q.merchant_id = NEW.merchant_id AND q.subject = i.subject AND q.state = 'answered'
                    AND q.bank_reference = NEW.bank_reference AND r.outcome = 'done'
                    AND r.body_masked::jsonb ->> 'partnerReference' = t.id::text AND r.body_masked::jsonb ->> 'documentReferenceNumber' = NEW.bank_reference) THEN
            RAISE EXCEPTION 'the bank''s answer settles only what it names' USING ERRCODE = 'check_violation', CONSTRAINT = 'settled_by_an_answer_that_names_it';
        END IF;
        RETURN NEW;
    END IF;
    IF NOT has_duty(NEW.merchant_id, acting_person(), 'checker')
       AND NOT (TG_OP = 'INSERT' AND has_duty(NEW.merchant_id, acting_person(), 'maker')) THEN
        RAISE EXCEPTION 'a maker or a checker proposes, a checker decides' USING ERRCODE = 'check_violation', CONSTRAINT = 'settled_on_duty';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.decision IS NOT NULL OR NEW.proposed_by IS DISTINCT FROM acting_person() THEN
            RAISE EXCEPTION 'a settlement is proposed by the acting person and decided by another'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'settlement_is_proposed_first';
        END IF;
    ELSIF OLD.decision IS NOT NULL OR NEW.decided_by IS DISTINCT FROM acting_person()
          OR (NEW.id, NEW.instruction_id, NEW.outcome, NEW.bank_reference, NEW.note, NEW.proposed_by, NEW.proposed_at, NEW.callback_id, NEW.inquiry_id)
             IS DISTINCT FROM (OLD.id, OLD.instruction_id, OLD.outcome, OLD.bank_reference, OLD.note, OLD.proposed_by, OLD.proposed_at, OLD.callback_id, OLD.inquiry_id) THEN
        RAISE EXCEPTION 'a settlement is decided once, by the acting person, as it was proposed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'settlement_is_decided_once';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION etax_rank, etax_state_of, etax_state_follows, etax_word_is_the_banks, etax_matching FROM PUBLIC;
GRANT EXECUTE ON FUNCTION etax_matching TO portal_web;

SELECT audit_table('etax_documents', 'etax', 'id');
SELECT audit_table(t, 'etax', 'document_id') FROM unnest(ARRAY['etax_references', 'etax_events', 'etax_files']) AS t;
SELECT audit_table('inquiries', 'inquiry', 'id');
SELECT isolate_merchants(t) FROM unnest(ARRAY['etax_documents', 'etax_references', 'etax_events', 'etax_files', 'inquiries']) AS t;

GRANT SELECT ON etax_documents, etax_references, etax_events, etax_files, inquiries TO portal_web, portal_worker;
GRANT INSERT (id, merchant_id, kind, number, issued_on, buyer_name, buyer_tax_id, basis_satang, vat_satang, total_satang, content, password_sealed,
    presentment_id, receipt_id, created_by, editors) ON etax_documents TO portal_web;
GRANT UPDATE (kind, number, issued_on, buyer_name, buyer_tax_id, basis_satang, vat_satang, total_satang, content, password_sealed, state, version,
    edited_at, editors, generation_id, bank_reference, held) ON etax_documents TO portal_web;
GRANT UPDATE (state, bank_reference) ON etax_documents TO portal_worker;
GRANT INSERT, DELETE ON etax_references TO portal_web;
GRANT INSERT ON etax_events, etax_files, files, file_chunks TO portal_worker;
GRANT INSERT (id, merchant_id, operation, subject, payload, asked_by) ON inquiries TO portal_web;
GRANT UPDATE (state, deadline, tries, answered_at, came, bank_code, message, message_th, bank_reference, status, said_at) ON inquiries TO portal_worker;
GRANT UPDATE (etax_id) ON callbacks TO portal_worker;
