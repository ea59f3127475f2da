-- What the bank tells by itself: an inbox that keeps every callback before
-- anybody reads it; what the buyer decided, each decision standing on a genuine
-- callback; and which bill takes the place of a disputed one.

-- +goose Up
CREATE TABLE callbacks (
    id             uuid PRIMARY KEY,
    -- Whose it is, once the worker has found out; of some nobody ever does.
    merchant_id    uuid REFERENCES merchants,
    product        text NOT NULL,
    received_at    timestamptz NOT NULL DEFAULT now(),
    address        text NOT NULL,
    headers        text NOT NULL,
    body_sealed    bytea,
    body_hash      bytea NOT NULL CONSTRAINT callback_hash_has_32_bytes CHECK (length(body_hash) = 32),
    body_size      integer NOT NULL CONSTRAINT callback_is_no_larger_than_64_KiB CHECK (body_size BETWEEN 0 AND 65536),
    -- Empty when the bank signed it; otherwise why it does not count as the bank's.
    refusal        text NOT NULL CONSTRAINT callback_refusal_is_known CHECK (refusal IN ('', 'unsigned', 'digest', 'signature', 'time')),
    state          text NOT NULL DEFAULT 'received' CONSTRAINT callback_state_is_known
                   CHECK (state IN ('received', 'processed', 'duplicate', 'ignored', 'quarantined')),
    state_since    timestamptz NOT NULL DEFAULT now(),
    reason         text NOT NULL DEFAULT '',
    -- One that came before our own answer was stored waits for it.
    not_before     timestamptz NOT NULL DEFAULT now(),
    tries          smallint NOT NULL DEFAULT 0,
    -- What it says, as far as it could be read.
    presentment_id uuid,
    bank_reference text NOT NULL DEFAULT '',
    status         text NOT NULL DEFAULT '',
    said_at        timestamptz,
    event_key      text NOT NULL DEFAULT '',
    body_masked    text NOT NULL DEFAULT '',
    CONSTRAINT callback_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT callback_counts_only_if_signed CHECK (state IN ('received', 'quarantined') OR refusal = ''),
    CONSTRAINT callback_counts_only_for_somebody CHECK (state IN ('received', 'quarantined') OR (merchant_id IS NOT NULL AND presentment_id IS NOT NULL)),
    FOREIGN KEY (presentment_id, merchant_id) REFERENCES presentments (id, merchant_id)
);
CREATE INDEX callbacks_to_read ON callbacks (not_before, id) WHERE state = 'received';
CREATE INDEX callbacks_of_merchant ON callbacks (merchant_id, received_at DESC, id DESC);
CREATE INDEX callbacks_by_state ON callbacks (merchant_id, state, received_at DESC, id DESC);
CREATE INDEX callbacks_of_presentment ON callbacks (presentment_id, received_at) WHERE presentment_id IS NOT NULL;
-- The operator looks for what nobody owns.
CREATE INDEX callbacks_of_nobody ON callbacks (received_at DESC, id DESC) WHERE merchant_id IS NULL;
CREATE INDEX callbacks_forged ON callbacks (received_at) INCLUDE (body_size) WHERE refusal <> '';
-- One event has one effect, however often it is told and whoever reads it.
CREATE UNIQUE INDEX event_counts_once ON callbacks (presentment_id, event_key) WHERE state = 'processed';
CREATE INDEX presentments_by_reference ON presentments (bank_reference) WHERE bank_reference <> '';

-- What anybody may send must not fill the disk: so much an hour, no more.
-- +goose StatementBegin
CREATE FUNCTION callback_is_taken_in() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    number bigint;
    bytes  bigint;
BEGIN
    IF NEW.state <> 'received' OR NEW.merchant_id IS NOT NULL OR NEW.presentment_id IS NOT NULL OR NEW.event_key <> '' OR NEW.tries <> 0 THEN
        RAISE EXCEPTION 'a callback is taken in unread' USING ERRCODE = 'check_violation', CONSTRAINT = 'callback_starts_unread';
    END IF;
    IF NEW.refusal <> '' THEN
        SELECT count(*), coalesce(sum(body_size), 0) INTO number, bytes FROM callbacks
        WHERE refusal <> '' AND received_at > now() - interval '1 hour';
        IF number >= 2000 OR bytes + NEW.body_size > 8 << 20 THEN
            RAISE EXCEPTION 'too much that is not the bank''s in this hour' USING ERRCODE = 'check_violation', CONSTRAINT = 'callbacks_do_not_flood';
        END IF;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- The worker reads a callback, once; a person who may puts a quarantined one
-- back. What was received never changes.
-- +goose StatementBegin
CREATE FUNCTION callback_moves_as_listed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.product, NEW.received_at, NEW.address, NEW.headers, NEW.body_sealed, NEW.body_hash, NEW.body_size, NEW.refusal)
       IS DISTINCT FROM
       (OLD.id, OLD.product, OLD.received_at, OLD.address, OLD.headers, OLD.body_sealed, OLD.body_hash, OLD.body_size, OLD.refusal)
       OR OLD.merchant_id IS NOT NULL AND NEW.merchant_id IS DISTINCT FROM OLD.merchant_id THEN
        RAISE EXCEPTION 'what was received never changes' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'callback_never_changes';
    END IF;
    IF OLD.state = 'received' THEN
        IF acting_person() IS NOT NULL OR acting_merchant() IS NOT NULL THEN
            RAISE EXCEPTION 'callbacks are read by the worker' USING ERRCODE = 'check_violation', CONSTRAINT = 'callback_is_read_by_the_worker';
        END IF;
    ELSIF OLD.state = 'quarantined' AND NEW.state = 'received' AND OLD.refusal = '' THEN
        IF NOT has_duty(NEW.merchant_id, acting_person(), 'checker') AND NOT has_duty(NEW.merchant_id, acting_person(), 'admin') THEN
            RAISE EXCEPTION 'a checker or an administrator has a callback read again'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'callback_is_reread_on_duty';
        END IF;
    ELSE
        RAISE EXCEPTION 'a callback does not move from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'callback_moves_as_listed';
    END IF;
    IF NEW.state <> OLD.state THEN
        NEW.state_since := now();
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION callback_wakes_the_reader() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state = 'received' THEN
        PERFORM pg_notify('callback', '');
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER callback_is_taken_in BEFORE INSERT ON callbacks FOR EACH ROW EXECUTE FUNCTION callback_is_taken_in();
CREATE TRIGGER callback_moves_as_listed BEFORE UPDATE ON callbacks FOR EACH ROW EXECUTE FUNCTION callback_moves_as_listed();
CREATE TRIGGER callback_wakes_the_reader AFTER INSERT OR UPDATE OF state ON callbacks FOR EACH ROW EXECUTE FUNCTION callback_wakes_the_reader();
CREATE TRIGGER callbacks_are_not_deleted BEFORE DELETE ON callbacks FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER callbacks_are_not_truncated BEFORE TRUNCATE ON callbacks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- By the bank's name callbacks find their bill, and a buyer counts as billed
-- before, so a bill has the name that its entry was given, and no other.
-- +goose StatementBegin
CREATE FUNCTION presentment_is_named_by_its_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.bank_reference <> coalesce((SELECT e.bank_reference FROM instructions e WHERE e.id = NEW.entry_id), '') THEN
        RAISE EXCEPTION 'a bill has the name that the bank gave its entry' USING ERRCODE = 'check_violation', CONSTRAINT = 'presentment_is_named_by_its_entry';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER presentment_is_named_by_its_entry BEFORE INSERT OR UPDATE OF bank_reference ON presentments
    FOR EACH ROW EXECUTE FUNCTION presentment_is_named_by_its_entry();

-- What the buyer decided, or time did. Rows are only added; the newest counts.
CREATE TABLE presentment_decision_pairs (
    from_decision text NOT NULL,
    to_decision   text NOT NULL,
    PRIMARY KEY (from_decision, to_decision)
);
INSERT INTO presentment_decision_pairs VALUES
    ('', 'accepted'), ('', 'disputed'), ('', 'expired'),
    -- Payment implies acceptance, whose own callback may be late.
    ('', 'paid'), ('accepted', 'paid');

CREATE TABLE presentment_decisions (
    presentment_id uuid NOT NULL,
    merchant_id    uuid NOT NULL,
    decision       text NOT NULL CONSTRAINT decision_is_known CHECK (decision IN ('accepted', 'disputed', 'expired', 'paid')),
    remark         text NOT NULL,
    decided_at     timestamptz NOT NULL, -- by the bank's clock
    callback_id    uuid NOT NULL CONSTRAINT one_callback_tells_one_decision UNIQUE,
    learned_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (presentment_id, decision),
    FOREIGN KEY (presentment_id, merchant_id) REFERENCES presentments (id, merchant_id),
    FOREIGN KEY (callback_id, merchant_id) REFERENCES callbacks (id, merchant_id)
);
-- The newest decision, repeated where the lists look for it.
ALTER TABLE presentments
    ADD COLUMN buyer_decision text NOT NULL DEFAULT '',
    ADD COLUMN buyer_remark   text NOT NULL DEFAULT '',
    ADD COLUMN decided_at     timestamptz;
CREATE INDEX presentments_disputed ON presentments (merchant_id, decided_at, id) WHERE buyer_decision = 'disputed' AND state IN ('presented', 'incomplete', 'unknown');

-- +goose StatementBegin
CREATE FUNCTION decision_stands_on_a_callback() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    bill presentments;
BEGIN
    SELECT * INTO bill FROM presentments WHERE id = NEW.presentment_id FOR UPDATE;
    IF NOT EXISTS (SELECT FROM callbacks c WHERE c.id = NEW.callback_id AND c.merchant_id = NEW.merchant_id AND c.presentment_id = NEW.presentment_id
                   AND c.refusal = '' AND c.state = 'processed' AND c.bank_reference = bill.bank_reference AND c.said_at = NEW.decided_at
                   AND c.status = CASE NEW.decision WHEN 'accepted' THEN 'FNLD' WHEN 'disputed' THEN 'RFSD' WHEN 'expired' THEN 'EXPD' WHEN 'paid' THEN 'PAID' END) THEN
        RAISE EXCEPTION 'a buyer''s decision stands on a genuine callback' USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_stands_on_a_callback';
    END IF;
    IF NOT EXISTS (SELECT FROM presentment_decision_pairs WHERE from_decision = bill.buyer_decision AND to_decision = NEW.decision) THEN
        RAISE EXCEPTION 'a buyer does not go from % to %', bill.buyer_decision, NEW.decision
            USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_moves_as_listed';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION decision_is_repeated() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE presentments SET buyer_decision = NEW.decision, buyer_remark = NEW.remark, decided_at = NEW.decided_at WHERE id = NEW.presentment_id;
    UPDATE presentment_search SET buyer_decision = NEW.decision WHERE presentment_id = NEW.presentment_id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION presentment_repeats_its_decision() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' AND (NEW.buyer_decision, NEW.buyer_remark, NEW.decided_at) IS NOT DISTINCT FROM ('', '', NULL)
       OR TG_OP = 'UPDATE' AND EXISTS (SELECT FROM presentment_decisions d WHERE d.presentment_id = NEW.id
            AND (d.decision, d.remark, d.decided_at) = (NEW.buyer_decision, NEW.buyer_remark, NEW.decided_at)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a bill repeats what its buyer decided' USING ERRCODE = 'check_violation', CONSTRAINT = 'presentment_repeats_its_decision';
END $$;
-- +goose StatementEnd
CREATE TRIGGER decision_stands_on_a_callback BEFORE INSERT ON presentment_decisions FOR EACH ROW EXECUTE FUNCTION decision_stands_on_a_callback();
CREATE TRIGGER decision_is_repeated AFTER INSERT ON presentment_decisions FOR EACH ROW EXECUTE FUNCTION decision_is_repeated();
CREATE TRIGGER decisions_are_never_changed BEFORE UPDATE OR DELETE ON presentment_decisions FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER presentment_starts_undecided BEFORE INSERT ON presentments FOR EACH ROW EXECUTE FUNCTION presentment_repeats_its_decision();
CREATE TRIGGER presentment_repeats_its_decision BEFORE UPDATE OF buyer_decision, buyer_remark, decided_at ON presentments
    FOR EACH ROW EXECUTE FUNCTION presentment_repeats_its_decision();

-- The list is filtered by it. Most bills are undecided or paid, so that an index
-- of its own finds the disputed among many.
ALTER TABLE presentment_search ADD COLUMN buyer_decision text NOT NULL DEFAULT '';
CREATE INDEX presentment_search_decision ON presentment_search (merchant_id, buyer_decision, state, document_on, presentment_id) WHERE buyer_decision <> '';
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION presentment_conditions(filter jsonb) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT 's.merchant_id = $1' || coalesce(string_agg(' AND ' || c.condition, '' ORDER BY c.key), '') FROM (VALUES
        ('pattern', 's.words LIKE ($2 ->> ''pattern'')'),
        ('tax_id', 's.buyer_tax_id = ($2 ->> ''tax_id'')'),
        ('on_from', 's.document_on >= ($2 ->> ''on_from'')::date'),
        ('on_to', 's.document_on <= ($2 ->> ''on_to'')::date'),
        ('due_from', 's.due_on >= ($2 ->> ''due_from'')::date'),
        ('due_to', 's.due_on <= ($2 ->> ''due_to'')::date'),
        ('amount_from', 's.total_satang >= ($2 ->> ''amount_from'')::bigint'),
        ('amount_to', 's.total_satang <= ($2 ->> ''amount_to'')::bigint'),
        ('made_by', 's.created_by = ($2 ->> ''made_by'')::uuid'),
        ('decided', 's.buyer_decision = ANY (string_to_array($2 ->> ''decided'', '' ''))'),
        ('unpaid', 's.buyer_decision <> ''paid''')
    ) AS c (key, condition) WHERE filter ? c.key
$$;
-- +goose StatementEnd

-- An unknown outcome may also be settled by the bank's own word, if that word
-- was signed, matches, and says that the thing was done.
ALTER TABLE settlements ADD COLUMN callback_id uuid;
ALTER TABLE settlements ALTER COLUMN proposed_by DROP NOT NULL;
ALTER TABLE settlements ADD CONSTRAINT settled_by_people_or_by_the_bank CHECK ((proposed_by IS NULL) = (callback_id IS NOT NULL));
ALTER TABLE settlements ADD CONSTRAINT settlement_names_its_callback FOREIGN KEY (callback_id, merchant_id) REFERENCES callbacks (id, merchant_id);
ALTER TABLE settlements DROP CONSTRAINT settlement_decision_is_whole;
ALTER TABLE settlements ADD CONSTRAINT settlement_decision_is_whole
    CHECK ((decision IS NULL) = (decided_by IS NULL AND callback_id IS NULL) AND (decision IS NULL) = (decided_at IS NULL));
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
                AND c.bank_reference = NEW.bank_reference AND 'presentment/' || c.presentment_id = i.subject
                AND (c.status = 'CNCL') = (i.operation = 'presentment.cancel')) THEN
            RAISE EXCEPTION 'the bank''s word settles only what it is about' USING ERRCODE = 'check_violation', CONSTRAINT = 'settled_by_a_genuine_callback';
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
          OR (NEW.id, NEW.instruction_id, NEW.outcome, NEW.bank_reference, NEW.note, NEW.proposed_by, NEW.proposed_at, NEW.callback_id)
             IS DISTINCT FROM (OLD.id, OLD.instruction_id, OLD.outcome, OLD.bank_reference, OLD.note, OLD.proposed_by, OLD.proposed_at, OLD.callback_id) THEN
        RAISE EXCEPTION 'a settlement is decided once, by the acting person, as it was proposed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'settlement_is_decided_once';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- A bill that takes the place of one its buyer disputed. At the bank the old
-- one is replaced by the entry of the new one, in one step.
CREATE TABLE presentment_replacements (
    replacement_id uuid PRIMARY KEY,
    replaced_id    uuid NOT NULL CONSTRAINT one_replacement_for_one_bill UNIQUE,
    merchant_id    uuid NOT NULL,
    reason         text NOT NULL CONSTRAINT replacement_reason_is_known
                   CHECK (reason IN ('name', 'address', 'amount', 'items', 'reference', 'other')),
    note           text NOT NULL,
    made_by        uuid NOT NULL REFERENCES people,
    made_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT bill_does_not_replace_itself CHECK (replacement_id <> replaced_id),
    FOREIGN KEY (replacement_id, merchant_id) REFERENCES presentments (id, merchant_id),
    FOREIGN KEY (replaced_id, merchant_id) REFERENCES presentments (id, merchant_id)
);
CREATE INDEX replacements_by_time ON presentment_replacements (merchant_id, made_at);
-- +goose StatementBegin
CREATE FUNCTION replacement_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    old_bill presentments;
    new_bill presentments;
BEGIN
    SELECT * INTO old_bill FROM presentments WHERE id = NEW.replaced_id FOR UPDATE;
    SELECT * INTO new_bill FROM presentments WHERE id = NEW.replacement_id;
    IF old_bill.buyer_decision <> 'disputed' OR old_bill.state NOT IN ('presented', 'incomplete') THEN
        RAISE EXCEPTION 'only a disputed bill is replaced' USING ERRCODE = 'check_violation', CONSTRAINT = 'only_a_disputed_bill_is_replaced';
    END IF;
    IF new_bill.state <> 'draft' OR new_bill.entry_id IS NOT NULL OR NEW.made_by IS DISTINCT FROM acting_person()
       OR (new_bill.buyer_tax_id, new_bill.document_type) <> (old_bill.buyer_tax_id, old_bill.document_type) THEN
        RAISE EXCEPTION 'a replacement starts as a draft of the same kind to the same buyer'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'replacement_starts_as_draft';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER replacement_is_allowed BEFORE INSERT ON presentment_replacements FOR EACH ROW EXECUTE FUNCTION replacement_is_allowed();
CREATE TRIGGER replacements_are_never_changed BEFORE UPDATE OR DELETE ON presentment_replacements FOR EACH ROW EXECUTE FUNCTION refuse_change();

ALTER TABLE presentments DROP CONSTRAINT presentment_state_is_known;
ALTER TABLE presentments ADD CONSTRAINT presentment_state_is_known
    CHECK (state IN ('draft', 'submitted', 'approved', 'sending', 'presented', 'incomplete', 'refused', 'unknown', 'cancelled', 'replaced'));
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION presentment_state_follows(p presentments) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
        WHEN 'replaced'   THEN EXISTS (SELECT FROM presentment_replacements r JOIN presentments n ON n.id = r.replacement_id
                                       JOIN instructions ne ON ne.id = n.entry_id WHERE r.replaced_id = p.id AND ne.state = 'done')
    END, false)
    FROM (SELECT) AS one
        LEFT JOIN instructions e ON e.id = p.entry_id
        LEFT JOIN instructions c ON c.id = p.cancellation_id
$$;
-- +goose StatementEnd

SELECT audit_table('callbacks', 'callback', 'id');
SELECT audit_table('presentment_decisions', 'presentment', 'presentment_id');
SELECT audit_table('presentment_replacements', 'presentment', 'replacement_id');
SELECT isolate_merchants(t) FROM unnest(ARRAY['presentment_decisions', 'presentment_replacements']) AS t;
-- A callback arrives before anybody knows whose it is, so the web process may
-- leave what it will not be able to see.
ALTER TABLE callbacks ENABLE ROW LEVEL SECURITY;
ALTER TABLE callbacks FORCE ROW LEVEL SECURITY;
CREATE POLICY merchant_reads ON callbacks FOR SELECT TO portal_web USING (merchant_id = (SELECT acting_merchant()));
CREATE POLICY merchant_has_it_reread ON callbacks FOR UPDATE TO portal_web USING (merchant_id = (SELECT acting_merchant()));
CREATE POLICY bank_leaves ON callbacks FOR INSERT TO portal_web WITH CHECK (merchant_id IS NULL);
CREATE POLICY worker ON callbacks TO portal_worker USING (true);
-- +goose StatementBegin
DO $$ BEGIN EXECUTE format('CREATE POLICY owner_maintains ON callbacks TO %I USING (true)', current_user); END $$;
-- +goose StatementEnd

GRANT SELECT ON callbacks, presentment_decisions, presentment_replacements TO portal_web, portal_worker;
GRANT SELECT ON presentment_decision_pairs TO portal_web, portal_worker;
GRANT INSERT (id, product, address, headers, body_sealed, body_hash, body_size, refusal) ON callbacks TO portal_web;
GRANT UPDATE (state, reason, not_before, tries) ON callbacks TO portal_web;
GRANT UPDATE (merchant_id, state, reason, not_before, tries, presentment_id, bank_reference, status, said_at, event_key, body_masked) ON callbacks TO portal_worker;
GRANT INSERT ON presentment_decisions, settlements TO portal_worker;
GRANT INSERT ON presentment_replacements TO portal_web;
