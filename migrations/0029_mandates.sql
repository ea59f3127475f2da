-- Payers, whose accounts a merchant may collect from, and their mandates: each
-- one registration, from the wish to the bank's word that it has ended. What
-- the bank says of them comes as callbacks, as answers to questions and as its
-- own list, which is compared with ours.

-- +goose Up
CREATE TABLE payers (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    -- What the bank knows the payer by: the first reference of all that is asked for.
    code        text NOT NULL CONSTRAINT payer_code_has_letters_and_digits CHECK (code ~ '^[A-Za-z0-9]{1,20}$'),
    name        text NOT NULL CONSTRAINT payer_has_a_name CHECK (name <> ''),
    name_en     text NOT NULL DEFAULT '',
    tax_id      text NOT NULL DEFAULT '' CONSTRAINT payer_tax_id_has_13_digits CHECK (tax_id ~ '^([0-9]{13})?$'),
    mobile      text NOT NULL DEFAULT '' CONSTRAINT payer_mobile_has_digits CHECK (mobile ~ '^(0[0-9]{8,9})?$'),
    email       text NOT NULL DEFAULT '',
    contact     text NOT NULL DEFAULT '',
    buyer_id    uuid,
    -- The day of the month on which money comes in. Null: not known.
    payday      smallint CONSTRAINT payday_is_a_day CHECK (payday BETWEEN 1 AND 31),
    note        text NOT NULL DEFAULT '',
    state       text NOT NULL DEFAULT 'active' CONSTRAINT payer_state_is_known CHECK (state IN ('active', 'archived')),
    version     integer NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    edited_at   timestamptz NOT NULL DEFAULT now(),
    sort_name   text COLLATE "C" NOT NULL GENERATED ALWAYS AS (buyer_order(name)) STORED,
    CONSTRAINT payer_and_merchant UNIQUE (id, merchant_id),
    FOREIGN KEY (buyer_id, merchant_id) REFERENCES buyers (id, merchant_id)
);
-- The bank keeps a code for ever, so that an archived payer keeps it, too.
CREATE UNIQUE INDEX payer_code_is_unique ON payers (merchant_id, upper(code));
CREATE INDEX payers_by_name ON payers (merchant_id, state, sort_name, id);
CREATE INDEX payers_of_buyer ON payers (buyer_id) WHERE buyer_id IS NOT NULL;
CREATE INDEX payers_by_tax_id ON payers (merchant_id, tax_id) WHERE tax_id <> '';

CREATE TABLE mandates (
    id               uuid PRIMARY KEY,
    merchant_id      uuid NOT NULL REFERENCES merchants,
    payer_id         uuid NOT NULL,
    -- What the bank is given beside the payer's code, so that this very
    -- registration is known again.
    reference        text NOT NULL CONSTRAINT mandate_reference_is_short CHECK (reference ~ '^[A-Z0-9]{1,20}$'),
    channel          text NOT NULL CONSTRAINT mandate_channel_is_known CHECK (channel IN ('consent', 'deeplink', 'bank')),
    creditor_account text NOT NULL,
    state            text NOT NULL DEFAULT 'waiting' CONSTRAINT mandate_state_is_known
                     CHECK (state IN ('waiting', 'active', 'refused', 'cancelled', 'expired', 'suspended', 'abandoned')),
    state_since      timestamptz NOT NULL DEFAULT now(),
    cause            text NOT NULL DEFAULT '', -- a short word; the screen has a sentence for it
    started_by       uuid REFERENCES people,   -- nobody, where the bank's own list told of it
    started_at       timestamptz NOT NULL DEFAULT now(),
    terms_version    text NOT NULL,            -- what the payer was told of it by us
    send_to          text NOT NULL DEFAULT '', -- the address that the link goes to as soon as there is one
    context_id       text NOT NULL DEFAULT '',
    journey_id       text NOT NULL DEFAULT '',
    link             text NOT NULL DEFAULT '',
    link_expires_at  timestamptz,
    bank_token       text NOT NULL DEFAULT '',
    drawer_account   text NOT NULL DEFAULT '', -- masked by the bank
    drawer_name      text NOT NULL DEFAULT '',
    bank_channel     text NOT NULL DEFAULT '', -- where the payer agreed
    -- What the bank says, and when it was asked last.
    bank_status      text NOT NULL DEFAULT '',
    bank_said_at     timestamptz,
    bank_asked_at    timestamptz,
    registered_at    timestamptz,              -- the payer's consent, by the bank's clock
    expires_on       date,
    -- The bank's words that its consent and its state stand on.
    consent_callback_id uuid,
    consent_inquiry_id  uuid,
    callback_id      uuid,
    inquiry_id       uuid,
    cancellation_id  uuid,
    CONSTRAINT mandate_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT mandate_reference_is_unique UNIQUE (merchant_id, reference),
    CONSTRAINT mandate_in_force_has_a_token CHECK (state NOT IN ('active', 'suspended') OR bank_token <> ''),
    FOREIGN KEY (payer_id, merchant_id) REFERENCES payers (id, merchant_id),
    FOREIGN KEY (consent_callback_id, merchant_id) REFERENCES callbacks (id, merchant_id),
    FOREIGN KEY (consent_inquiry_id, merchant_id) REFERENCES inquiries (id, merchant_id),
    FOREIGN KEY (callback_id, merchant_id) REFERENCES callbacks (id, merchant_id),
    FOREIGN KEY (inquiry_id, merchant_id) REFERENCES inquiries (id, merchant_id),
    FOREIGN KEY (cancellation_id, merchant_id) REFERENCES instructions (id, merchant_id)
);
CREATE UNIQUE INDEX one_mandate_in_force ON mandates (payer_id, creditor_account) WHERE state IN ('active', 'suspended');
CREATE UNIQUE INDEX mandate_token_is_unique ON mandates (merchant_id, bank_token) WHERE bank_token <> '';
CREATE INDEX mandates_by_token ON mandates (bank_token) WHERE bank_token <> '';
CREATE INDEX mandates_by_journey ON mandates (journey_id) WHERE journey_id <> '';
CREATE INDEX mandates_of_payer ON mandates (payer_id, id DESC);
CREATE INDEX mandates_newest ON mandates (merchant_id, id DESC);
CREATE INDEX mandates_by_state ON mandates (merchant_id, state, id DESC);
CREATE INDEX mandates_to_let_go ON mandates (link_expires_at) WHERE state = 'waiting';

-- The state that a status of the bank means.
-- +goose StatementBegin
CREATE FUNCTION mandate_state_of(status text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT CASE status WHEN 'PDNG' THEN 'waiting' WHEN 'ACTV' THEN 'active' WHEN 'RJCT' THEN 'refused' WHEN 'CANC' THEN 'cancelled'
        WHEN 'EXPD' THEN 'expired' WHEN 'SUSP' THEN 'suspended' END
$$;
-- +goose StatementEnd

-- One way back from the bank's consent page: whoever comes back must carry the
-- nonce, in the very session that went there. It serves once.
CREATE TABLE consent_returns (
    nonce_hash  bytea PRIMARY KEY CONSTRAINT nonce_hash_has_32_bytes CHECK (length(nonce_hash) = 32),
    merchant_id uuid NOT NULL,
    mandate_id  uuid NOT NULL,
    session_id  uuid NOT NULL,
    person_id   uuid NOT NULL REFERENCES people,
    made_at     timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL CONSTRAINT return_is_soon CHECK (expires_at <= made_at + interval '1 hour'),
    used_at     timestamptz,
    -- What the bank handed over, until the worker has exchanged it.
    code_sealed bytea,
    FOREIGN KEY (mandate_id, merchant_id) REFERENCES mandates (id, merchant_id)
);
CREATE INDEX consent_returns_of_mandate ON consent_returns (mandate_id, made_at DESC);
-- +goose StatementBegin
CREATE FUNCTION consent_return_serves_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.person_id IS DISTINCT FROM acting_person() OR NEW.used_at IS NOT NULL OR NEW.code_sealed IS NOT NULL THEN
            RAISE EXCEPTION 'whoever goes to the bank comes back' USING ERRCODE = 'check_violation', CONSTRAINT = 'return_is_the_acting_persons';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.nonce_hash, NEW.merchant_id, NEW.mandate_id, NEW.session_id, NEW.person_id, NEW.made_at, NEW.expires_at)
       IS DISTINCT FROM (OLD.nonce_hash, OLD.merchant_id, OLD.mandate_id, OLD.session_id, OLD.person_id, OLD.made_at, OLD.expires_at)
       OR OLD.used_at IS NULL AND (NEW.used_at IS NULL OR now() > NEW.expires_at OR acting_person() IS DISTINCT FROM NEW.person_id)
       OR OLD.used_at IS NOT NULL AND (NEW.used_at <> OLD.used_at OR NEW.code_sealed IS NOT NULL) THEN
        RAISE EXCEPTION 'a way back serves once, and in time' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'consent_return_serves_once';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER consent_return_serves_once BEFORE INSERT OR UPDATE ON consent_returns FOR EACH ROW EXECUTE FUNCTION consent_return_serves_once();

-- In what the bank's list of mandates and ours do not agree, until it is
-- adopted, dismissed, or gone.
CREATE TABLE mandate_differences (
    id             uuid PRIMARY KEY,
    merchant_id    uuid NOT NULL REFERENCES merchants,
    kind           text NOT NULL CONSTRAINT difference_kind_is_known CHECK (kind IN ('unknown_here', 'other_state', 'missing_there')),
    mandate_id     uuid,
    payer_id       uuid,
    bank_token     text NOT NULL,
    bank_status    text NOT NULL, -- empty where the bank's list does not have it
    ref1           text NOT NULL DEFAULT '',
    ref2           text NOT NULL DEFAULT '',
    drawer_account text NOT NULL DEFAULT '',
    drawer_name    text NOT NULL DEFAULT '',
    bank_channel   text NOT NULL DEFAULT '',
    bank_created_at timestamptz,
    expires_on     date,
    our_state      text NOT NULL DEFAULT '',
    inquiry_id     uuid NOT NULL, -- the newest list that shows it
    found_at       timestamptz NOT NULL DEFAULT now(),
    state          text NOT NULL DEFAULT 'open' CONSTRAINT difference_state_is_known CHECK (state IN ('open', 'adopted', 'dismissed', 'gone')),
    decided_by     uuid REFERENCES people,
    decided_at     timestamptz,
    reason         text NOT NULL DEFAULT '',
    CONSTRAINT difference_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT difference_names_its_mandate CHECK ((mandate_id IS NULL) = (kind = 'unknown_here')),
    CONSTRAINT difference_is_dismissed_with_a_reason CHECK (state <> 'dismissed' OR reason <> ''),
    CONSTRAINT difference_is_decided_by_somebody CHECK ((decided_by IS NULL) = (state IN ('open', 'gone')) AND (decided_at IS NULL) = (state = 'open')),
    FOREIGN KEY (mandate_id, merchant_id) REFERENCES mandates (id, merchant_id),
    FOREIGN KEY (payer_id, merchant_id) REFERENCES payers (id, merchant_id),
    FOREIGN KEY (inquiry_id, merchant_id) REFERENCES inquiries (id, merchant_id)
);
CREATE UNIQUE INDEX one_open_difference ON mandate_differences (merchant_id, bank_token) WHERE state = 'open';
CREATE INDEX differences_by_state ON mandate_differences (merchant_id, state, id DESC);
CREATE INDEX differences_of_mandate ON mandate_differences (mandate_id) WHERE mandate_id IS NOT NULL;
-- +goose StatementBegin
CREATE FUNCTION difference_moves_as_listed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'open' OR acting_person() IS NOT NULL OR NOT EXISTS (
            SELECT FROM inquiries q WHERE q.id = NEW.inquiry_id AND q.operation = 'mandate.list' AND q.state = 'answered') THEN
            RAISE EXCEPTION 'the bank''s list shows a difference' USING ERRCODE = 'check_violation', CONSTRAINT = 'difference_is_shown_by_the_bank';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.state <> 'open'
       OR (NEW.id, NEW.merchant_id, NEW.kind, NEW.mandate_id, NEW.bank_token, NEW.bank_status, NEW.found_at)
          IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.kind, OLD.mandate_id, OLD.bank_token, OLD.bank_status, OLD.found_at)
       OR NEW.state IN ('adopted', 'dismissed') AND (NEW.decided_by IS DISTINCT FROM acting_person()
          OR NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker') OR has_duty(NEW.merchant_id, acting_person(), 'checker'), false))
       OR NEW.state IN ('open', 'gone') AND acting_person() IS NOT NULL THEN
        RAISE EXCEPTION 'an open difference is decided once, on duty' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'difference_moves_as_listed';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER difference_moves_as_listed BEFORE INSERT OR UPDATE ON mandate_differences FOR EACH ROW EXECUTE FUNCTION difference_moves_as_listed();
CREATE TRIGGER differences_are_not_deleted BEFORE DELETE ON mandate_differences FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Callbacks may be about anything that has a subject of its own.
ALTER TABLE callbacks ADD COLUMN subject text NOT NULL DEFAULT '';
ALTER TABLE callbacks DROP CONSTRAINT callback_is_about_one_thing;
ALTER TABLE callbacks ADD CONSTRAINT callback_is_about_one_thing CHECK (num_nonnulls(presentment_id, etax_id, nullif(subject, '')) <= 1);
ALTER TABLE callbacks DROP CONSTRAINT callback_counts_only_for_somebody;
ALTER TABLE callbacks ADD CONSTRAINT callback_counts_only_for_somebody CHECK (
    state IN ('received', 'quarantined') OR (merchant_id IS NOT NULL AND (presentment_id IS NOT NULL OR etax_id IS NOT NULL OR subject <> '')));
CREATE INDEX callbacks_of_subject ON callbacks (subject, received_at) WHERE subject <> '';
CREATE UNIQUE INDEX subject_event_counts_once ON callbacks (subject, event_key) WHERE state = 'processed' AND subject <> '';
GRANT UPDATE (subject) ON callbacks TO portal_worker;

-- Questions are put by the worker, too, and about other things than documents.
-- Those that nobody sits and waits for come after all others.
ALTER TABLE inquiries ALTER COLUMN asked_by DROP NOT NULL;
ALTER TABLE inquiries ADD COLUMN patient boolean NOT NULL DEFAULT false;
ALTER TABLE inquiries DROP CONSTRAINT inquiry_operation_is_known;
ALTER TABLE inquiries ADD CONSTRAINT inquiry_operation_is_known CHECK (operation IN ('etax.retrieve', 'consent.prepare', 'consent.retrieve',
    'mandate.deeplink', 'mandate.status', 'mandate.list', 'debit.status', 'debit.list', 'schedule.list'));
CREATE INDEX inquiries_in_turn ON inquiries (patient, asked_at, id) WHERE state IN ('waiting', 'asking');
CREATE INDEX inquiries_newest ON inquiries (merchant_id, subject, asked_at DESC);
DROP INDEX inquiries_to_ask;
-- As in 0022, but for the worker.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION inquiry_moves_as_listed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'waiting' OR NEW.tries <> 0 OR NEW.came <> '' OR NEW.asked_by IS DISTINCT FROM acting_person()
           OR NEW.asked_by IS NOT NULL
              AND NOT coalesce(has_duty(NEW.merchant_id, NEW.asked_by, 'maker') OR has_duty(NEW.merchant_id, NEW.asked_by, 'checker'), false) THEN
            RAISE EXCEPTION 'a question is put by a maker, a checker or the worker' USING ERRCODE = 'check_violation', CONSTRAINT = 'inquiry_is_asked_on_duty';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.merchant_id, NEW.operation, NEW.subject, NEW.payload, NEW.asked_by, NEW.asked_at, NEW.patient)
       IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.operation, OLD.subject, OLD.payload, OLD.asked_by, OLD.asked_at, OLD.patient)
       OR OLD.state IN ('answered', 'failed') OR NEW.state = 'waiting' OR acting_person() IS NOT NULL THEN
        RAISE EXCEPTION 'a question is answered once, by the worker' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'inquiry_is_answered_once';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
GRANT INSERT (id, merchant_id, operation, subject, payload, patient) ON inquiries TO portal_worker;
GRANT INSERT (patient) ON inquiries TO portal_web;

-- Which of the bank's words end an instruction whose outcome is unknown, and
-- how: in a callback about its subject, or in the answer to a question about it.
CREATE TABLE settling_words (
    operation text NOT NULL, -- of the instruction
    source    text NOT NULL, -- 'callback', or the operation that asks
    status    text NOT NULL,
    outcome   text NOT NULL CONSTRAINT word_settles CHECK (outcome IN ('done', 'failed')),
    PRIMARY KEY (operation, source, status)
);
INSERT INTO settling_words VALUES ('mandate.cancel', 'callback', 'CANC', 'done'), ('mandate.cancel', 'mandate.status', 'CANC', 'done');

-- As in 0022, and what settling_words lists.
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
        IF TG_OP <> 'INSERT' OR acting_person() IS NOT NULL OR NEW.decision IS DISTINCT FROM 'confirmed' OR NOT EXISTS (
            SELECT FROM callbacks c WHERE c.id = NEW.callback_id AND c.merchant_id = NEW.merchant_id AND c.refusal = '' AND c.state = 'processed'
                AND c.bank_reference = NEW.bank_reference AND (
                    NEW.outcome = 'done' AND 'presentment/' || c.presentment_id = i.subject AND (c.status = 'CNCL') = (i.operation = 'presentment.cancel')
                    OR NEW.outcome = 'done' AND 'etax/' || c.etax_id = i.subject AND i.operation = 'etax.generate'
                    OR c.subject = i.subject AND EXISTS (SELECT FROM settling_words w
                        WHERE w.operation = i.operation AND w.source = 'callback' AND w.status = c.status AND w.outcome = NEW.outcome))) THEN
            RAISE EXCEPTION 'the bank''s word settles only what it is about' USING ERRCODE = 'check_violation', CONSTRAINT = 'settled_by_a_genuine_callback';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.inquiry_id IS NOT NULL THEN
        IF TG_OP <> 'INSERT' OR acting_person() IS NOT NULL OR NEW.decision IS DISTINCT FROM 'confirmed' OR NOT (
           NEW.outcome = 'done' AND i.operation = 'etax.generate'
           AND EXISTS (SELECT FROM inquiries q JOIN exchanges x ON x.inquiry_id = q.id JOIN exchange_results r ON r.exchange_id = x.id
                JOIN attempts t ON t.instruction_id = i.id AND t.outcome = 'unknown'
                WHERE q.id = NEW.inquiry_id AND q.merchant_id = NEW.merchant_id AND q.subject = i.subject AND q.state = 'answered'
                    AND q.bank_reference = NEW.bank_reference AND r.outcome = 'done'
                    AND r.body_masked::jsonb ->> 'partnerReference' = t.id::text AND r.body_masked::jsonb ->> 'documentReferenceNumber' = NEW.bank_reference)
           -- An answer to what was asked before the attempt says nothing of it.
           OR EXISTS (SELECT FROM inquiries q JOIN settling_words w ON w.operation = i.operation AND w.source = q.operation AND w.status = q.status
                WHERE q.id = NEW.inquiry_id AND q.merchant_id = NEW.merchant_id AND q.subject = i.subject AND q.state = 'answered'
                    AND q.bank_reference = NEW.bank_reference AND w.outcome = NEW.outcome
                    AND q.asked_at > (SELECT max(t.claimed_at) FROM attempts t WHERE t.instruction_id = i.id))) THEN
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

-- A payer's code stands at the bank from the first registration on.
-- +goose StatementBegin
CREATE FUNCTION payer_code_stays() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM mandates m WHERE m.payer_id = NEW.id) THEN
        RAISE EXCEPTION 'the bank knows this payer by its code' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'payer_code_stays';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER payer_code_stays BEFORE UPDATE ON payers FOR EACH ROW WHEN (NEW.code <> OLD.code) EXECUTE FUNCTION payer_code_stays();
CREATE TRIGGER payers_are_not_deleted BEFORE DELETE ON payers FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Whether the bank itself said so of this mandate: in a callback that it signed
-- and that was read just now, or in an answer.
-- +goose StatementBegin
CREATE FUNCTION mandate_word_is_the_banks(m mandates) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM callbacks c WHERE c.id = m.callback_id AND c.merchant_id = m.merchant_id AND c.subject = 'mandate/' || m.id
            AND c.refusal = '' AND c.state = 'processed' AND c.status = m.bank_status)
        OR EXISTS (SELECT FROM inquiries q WHERE q.id = m.inquiry_id AND q.merchant_id = m.merchant_id AND q.subject = 'mandate/' || m.id
            AND q.operation IN ('mandate.status', 'mandate.list', 'consent.retrieve') AND q.state = 'answered' AND q.status = m.bank_status)
        -- Somebody adopted, just now, what the bank's list says.
        OR EXISTS (SELECT FROM mandate_differences d WHERE d.merchant_id = m.merchant_id AND d.inquiry_id = m.inquiry_id AND d.bank_token = m.bank_token
            AND d.bank_status = m.bank_status AND d.state = 'adopted' AND d.decided_at = now() AND (d.mandate_id = m.id OR d.mandate_id IS NULL))
$$;
-- +goose StatementEnd

-- A mandate starts as somebody's wish, or as what the bank told of; from then
-- on only the bank's word brings it into force or ends it.
-- +goose StatementBegin
CREATE FUNCTION mandate_moves_as_listed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.started_by IS DISTINCT FROM acting_person() OR NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker'), false)
           OR NEW.cancellation_id IS NOT NULL
           OR NOT (CASE NEW.channel WHEN 'bank' THEN NEW.state = mandate_state_of(NEW.bank_status) AND mandate_word_is_the_banks(NEW)
                  ELSE NEW.state = 'waiting' AND NEW.bank_token = '' AND NEW.bank_status = '' AND NEW.callback_id IS NULL AND NEW.inquiry_id IS NULL END) THEN
            RAISE EXCEPTION 'a mandate starts with a maker, or at the bank' USING ERRCODE = 'check_violation', CONSTRAINT = 'mandate_starts_as_a_wish';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.merchant_id, NEW.payer_id, NEW.reference, NEW.channel, NEW.creditor_account, NEW.started_by, NEW.started_at, NEW.terms_version)
       IS DISTINCT FROM
       (OLD.id, OLD.merchant_id, OLD.payer_id, OLD.reference, OLD.channel, OLD.creditor_account, OLD.started_by, OLD.started_at, OLD.terms_version)
       OR OLD.bank_token <> '' AND NEW.bank_token <> OLD.bank_token OR OLD.journey_id <> '' AND NEW.journey_id <> OLD.journey_id
       OR OLD.registered_at IS NOT NULL AND (NEW.registered_at, NEW.consent_callback_id, NEW.consent_inquiry_id)
          IS DISTINCT FROM (OLD.registered_at, OLD.consent_callback_id, OLD.consent_inquiry_id) THEN
        RAISE EXCEPTION 'how a mandate came about stays' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'mandate_origin_stays';
    END IF;
    IF (NEW.bank_status, NEW.bank_token, NEW.registered_at) IS DISTINCT FROM (OLD.bank_status, OLD.bank_token, OLD.registered_at)
       AND NOT mandate_word_is_the_banks(NEW)
       AND NOT (NEW.bank_status = 'CANC' AND EXISTS (SELECT FROM instructions i WHERE i.id = NEW.cancellation_id AND i.state = 'done')) THEN
        RAISE EXCEPTION 'only the bank says how a mandate stands there' USING ERRCODE = 'check_violation', CONSTRAINT = 'mandate_status_is_the_banks_word';
    END IF;
    IF NEW.state = OLD.state THEN
        RETURN NEW;
    END IF;
    IF NOT (CASE NEW.state
        WHEN 'abandoned' THEN OLD.state = 'waiting' AND coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker'), false)
        -- A link that ran out is over by itself; any other end is the bank's.
        WHEN 'expired' THEN OLD.state IN ('waiting', 'active', 'suspended')
            AND (NEW.bank_status = 'EXPD' OR OLD.state = 'waiting' AND acting_person() IS NULL AND NEW.link_expires_at < now())
        WHEN 'active' THEN OLD.state IN ('waiting', 'abandoned', 'expired', 'suspended') AND NEW.bank_status = 'ACTV'
        WHEN 'suspended' THEN OLD.state IN ('waiting', 'abandoned', 'expired', 'active') AND NEW.bank_status = 'SUSP'
        WHEN 'refused' THEN OLD.state IN ('waiting', 'abandoned', 'expired')
            AND (NEW.bank_status = 'RJCT' OR OLD.state = 'waiting' AND NEW.channel = 'consent' AND coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker'), false))
        WHEN 'cancelled' THEN OLD.state IN ('waiting', 'abandoned', 'expired', 'active', 'suspended') AND NEW.bank_status = 'CANC'
        ELSE false END) THEN
        RAISE EXCEPTION 'a mandate does not move from % to % by what is known', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'mandate_moves_as_listed';
    END IF;
    NEW.state_since := now();
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER mandate_moves_as_listed BEFORE INSERT OR UPDATE ON mandates FOR EACH ROW EXECUTE FUNCTION mandate_moves_as_listed();
CREATE TRIGGER mandates_are_not_deleted BEFORE DELETE ON mandates FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER follows_its_own_cancellation BEFORE UPDATE ON mandates FOR EACH ROW
    WHEN (NEW.cancellation_id IS DISTINCT FROM OLD.cancellation_id) EXECUTE FUNCTION follows_its_own_entry('mandate.cancel', 'cancellation_id');

-- What is cancelled at the bank is the mandate that people see.
-- +goose StatementBegin
CREATE FUNCTION cancellation_is_of_its_mandate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    m mandates;
BEGIN
    SELECT * INTO m FROM mandates WHERE id = split_part(NEW.subject, '/', 2)::uuid AND merchant_id = NEW.merchant_id;
    IF split_part(NEW.subject, '/', 1) <> 'mandate' OR coalesce(m.bank_token, '') = '' OR NOT content_names_once(convert_from(NEW.payload, 'UTF8')::json)
       OR convert_from(NEW.payload, 'UTF8')::jsonb ->> 'paymentToken' IS DISTINCT FROM m.bank_token THEN
        RAISE EXCEPTION 'the bank is asked to end the mandate that it is about' USING ERRCODE = 'check_violation', CONSTRAINT = 'cancellation_is_of_its_mandate';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER cancellation_is_of_its_mandate BEFORE INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation = 'mandate.cancel') EXECUTE FUNCTION cancellation_is_of_its_mandate();
-- +goose StatementBegin
CREATE FUNCTION mandate_knows_its_cancellation() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM mandates m WHERE m.merchant_id = NEW.merchant_id AND 'mandate/' || m.id = NEW.subject AND m.cancellation_id = NEW.id) THEN
        RAISE EXCEPTION 'its mandate knows nothing of it' USING ERRCODE = 'check_violation', CONSTRAINT = 'mandate_knows_its_cancellation';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER mandate_knows_its_cancellation AFTER INSERT ON instructions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.operation = 'mandate.cancel') EXECUTE FUNCTION mandate_knows_its_cancellation();

-- Whether money may be taken under a mandate now: it is in force by all that is
-- known, nobody has agreed to end it, and the bank's own list says nothing else.
-- +goose StatementBegin
CREATE FUNCTION mandate_is_live(mandate uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM mandates m WHERE m.id = mandate AND (acting_merchant() IS NULL OR m.merchant_id = acting_merchant())
        AND m.state = 'active' AND (m.expires_on IS NULL OR m.expires_on >= (now() AT TIME ZONE 'Asia/Bangkok')::date)
        AND NOT EXISTS (SELECT FROM instructions i WHERE i.id = m.cancellation_id AND i.state IN ('approved', 'sending', 'unknown'))
        AND NOT EXISTS (SELECT FROM mandate_differences d WHERE d.mandate_id = m.id AND d.state = 'open' AND d.bank_status <> 'ACTV'))
$$;
-- +goose StatementEnd

-- What the list of payers reads and searches: apart for the reason that
-- buyer_search is, and with where the payer's mandates stand altogether.
CREATE TABLE payer_search (
    payer_id    uuid PRIMARY KEY REFERENCES payers,
    merchant_id uuid NOT NULL,
    state       text NOT NULL,
    mandate     text NOT NULL DEFAULT 'none',
    sort_name   text COLLATE "C" NOT NULL,
    sort_code   text COLLATE "C" NOT NULL,
    words       text NOT NULL
);
CREATE INDEX payer_search_words ON payer_search USING gin (words gin_trgm_ops);
CREATE INDEX payer_search_by_name ON payer_search (merchant_id, state, sort_name, payer_id);
CREATE INDEX payer_search_by_code ON payer_search (merchant_id, state, sort_code, payer_id);
CREATE INDEX payer_search_newest ON payer_search (merchant_id, state, payer_id DESC);
CREATE INDEX payer_search_by_mandate ON payer_search (merchant_id, state, mandate, sort_name, payer_id);
-- +goose StatementBegin
CREATE FUNCTION payer_is_searchable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO payer_search (payer_id, merchant_id, state, sort_name, sort_code, words)
    VALUES (NEW.id, NEW.merchant_id, NEW.state, NEW.sort_name, upper(NEW.code),
            concat_ws(' ', buyer_words(NEW.name), buyer_words(NEW.name_en), lower(NEW.code), NEW.tax_id, NEW.mobile, buyer_words(NEW.email), buyer_words(NEW.contact)))
    ON CONFLICT (payer_id) DO UPDATE SET state = excluded.state, sort_name = excluded.sort_name, sort_code = excluded.sort_code, words = excluded.words;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER payer_is_searchable AFTER INSERT OR UPDATE ON payers FOR EACH ROW EXECUTE FUNCTION payer_is_searchable();
-- +goose StatementBegin
CREATE FUNCTION payer_follows_its_mandates() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE payer_search s SET mandate = coalesce((
        SELECT CASE m.state WHEN 'active' THEN 'active' WHEN 'suspended' THEN 'suspended' WHEN 'waiting' THEN 'waiting' ELSE 'ended' END
        FROM mandates m WHERE m.payer_id = NEW.payer_id
        ORDER BY coalesce(array_position(ARRAY['active', 'suspended', 'waiting'], m.state), 4), m.id DESC LIMIT 1), 'none')
    WHERE s.payer_id = NEW.payer_id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER payer_follows_its_mandates AFTER INSERT OR UPDATE OF state ON mandates FOR EACH ROW EXECUTE FUNCTION payer_follows_its_mandates();

-- A page of ids of the acting merchant's payers, in order, after the given
-- place. The filter has state, mandate and words; sorted is 'name', 'code' or 'new'.
-- +goose StatementBegin
CREATE FUNCTION payers_matching(typed text, of_state text, of_mandate text, sorted text, after_key text, after_id uuid, at_most integer)
RETURNS TABLE (payer_id uuid, place bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    patterns text[] := buyer_patterns(typed);
    -- Each of the two is one of three texts, and none is what somebody typed.
    after text := CASE sorted WHEN 'code' THEN '(s.sort_code, s.payer_id) > ($5, $6)' WHEN 'new' THEN '($6 = $7 OR s.payer_id < $6)' ELSE '(s.sort_name, s.payer_id) > ($5, $6)' END;
    ordered text := CASE sorted WHEN 'code' THEN 's.sort_code, s.payer_id' WHEN 'new' THEN 's.payer_id DESC' ELSE 's.sort_name, s.payer_id' END;
BEGIN
    RETURN QUERY EXECUTE format('SELECT s.payer_id, row_number() OVER (ORDER BY %2$s) FROM payer_search s WHERE s.merchant_id = $1 AND s.state = $2%3$s%4$s AND %1$s ORDER BY %2$s LIMIT $8',
            after, ordered, CASE WHEN of_mandate <> '' THEN ' AND s.mandate = $3' ELSE '' END,
            CASE WHEN patterns <> '{}' THEN ' AND s.words LIKE $4[1] AND s.words LIKE ALL ($4)' ELSE '' END)
        USING acting_merchant(), of_state, of_mandate, patterns, after_key, after_id, '00000000-0000-0000-0000-000000000000'::uuid, at_most;
END $$;
-- +goose StatementEnd
-- How many payers there are of each mandate's state, up to one more than a thousand.
-- Of a state that hardly any payer has, a scan of the table would read them all.
-- +goose StatementBegin
CREATE FUNCTION payers_counted() RETURNS TABLE (mandate text, number bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
    SELECT k.mandate, (SELECT count(*) FROM (SELECT FROM payer_search s
        WHERE s.merchant_id = acting_merchant() AND s.state = 'active' AND s.mandate = k.mandate LIMIT 1001) AS counted)
    FROM unnest(ARRAY['none', 'waiting', 'active', 'suspended', 'ended']) AS k (mandate)
$$;
-- +goose StatementEnd

-- Mails to payers, who are no people of ours. The queue holds no text: a mail
-- is written when it is sent, by its kind and its subject.
CREATE TABLE payer_mails (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    payer_id    uuid NOT NULL,
    kind        text NOT NULL CONSTRAINT payer_mail_kind_is_a_word CHECK (kind ~ '^[a-z_]+$'),
    subject     text NOT NULL,
    send_to     text NOT NULL CONSTRAINT payer_mail_has_an_address CHECK (send_to LIKE '%_@_%'),
    asked_by    uuid REFERENCES people,
    created_at  timestamptz NOT NULL DEFAULT now(),
    next_at     timestamptz NOT NULL DEFAULT now(),
    tries       smallint NOT NULL DEFAULT 0,
    sent_at     timestamptz,
    dead_at     timestamptz,
    error       text NOT NULL DEFAULT '',
    CONSTRAINT payer_mail_ends_once CHECK (sent_at IS NULL OR dead_at IS NULL),
    FOREIGN KEY (payer_id, merchant_id) REFERENCES payers (id, merchant_id)
);
CREATE INDEX payer_mails_to_send ON payer_mails (next_at, id) WHERE sent_at IS NULL AND dead_at IS NULL;
CREATE INDEX payer_mails_of_subject ON payer_mails (subject, id DESC);
-- One that waits is enough.
CREATE UNIQUE INDEX one_payer_mail_waits ON payer_mails (kind, subject) WHERE sent_at IS NULL AND dead_at IS NULL;

SELECT audit_table('payers', 'payer', 'id'), audit_table('mandates', 'mandate', 'id'), audit_table('mandate_differences', 'mandate_difference', 'id');
SELECT isolate_merchants(t) FROM unnest(ARRAY['payers', 'mandates', 'consent_returns', 'mandate_differences', 'payer_mails']) AS t;
REVOKE ALL ON FUNCTION mandate_word_is_the_banks, mandate_is_live, payers_matching, payers_counted FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mandate_is_live TO portal_web, portal_worker;
GRANT EXECUTE ON FUNCTION payers_matching, payers_counted TO portal_web;

GRANT SELECT ON payers, mandates, consent_returns, mandate_differences, payer_mails, settling_words TO portal_web, portal_worker;
GRANT INSERT (id, merchant_id, code, name, name_en, tax_id, mobile, email, contact, buyer_id, payday, note) ON payers TO portal_web;
GRANT UPDATE (code, name, name_en, tax_id, mobile, email, contact, buyer_id, payday, note, state, version, edited_at) ON payers TO portal_web;
GRANT INSERT (id, merchant_id, payer_id, reference, channel, creditor_account, state, started_by, terms_version, send_to, bank_token, drawer_account, drawer_name,
    bank_channel, bank_status, bank_said_at, bank_asked_at, registered_at, expires_on, inquiry_id, consent_inquiry_id) ON mandates TO portal_web;
-- Who adopts what the bank's list says writes it down; the triggers see to it that it says so.
GRANT UPDATE (state, cause, send_to, journey_id, bank_token, drawer_account, drawer_name, bank_channel, bank_status, bank_said_at, bank_asked_at, registered_at,
    expires_on, consent_callback_id, consent_inquiry_id, callback_id, inquiry_id, cancellation_id) ON mandates TO portal_web;
GRANT UPDATE (state, cause, context_id, journey_id, link, link_expires_at, bank_token, drawer_account, drawer_name, bank_channel, bank_status, bank_said_at,
    bank_asked_at, registered_at, expires_on, consent_callback_id, consent_inquiry_id, callback_id, inquiry_id) ON mandates TO portal_worker;
GRANT INSERT (nonce_hash, merchant_id, mandate_id, session_id, person_id, expires_at) ON consent_returns TO portal_web;
GRANT UPDATE (used_at, code_sealed) ON consent_returns TO portal_web;
GRANT UPDATE (code_sealed) ON consent_returns TO portal_worker;
GRANT INSERT ON mandate_differences TO portal_worker;
GRANT UPDATE (inquiry_id, state, decided_at, payer_id, drawer_account, drawer_name, expires_on) ON mandate_differences TO portal_worker;
GRANT UPDATE (state, decided_by, decided_at, reason, payer_id) ON mandate_differences TO portal_web;
GRANT INSERT (id, merchant_id, payer_id, kind, subject, send_to, asked_by) ON payer_mails TO portal_web, portal_worker;
GRANT UPDATE (next_at, tries, sent_at, dead_at, error) ON payer_mails TO portal_worker;
