-- Direct debits: money that is taken from a payer's account under a mandate,
-- alone or many together; the rules they are taken by; what the bank's own list
-- of a day says; and the payments that they become.

-- +goose Up

-- The rules that a merchant takes debits by. One person proposes a version,
-- another puts it in force; before the first, the defaults of
-- debit_rules_in_force hold.
CREATE TABLE debit_rules (
    id            uuid PRIMARY KEY,
    merchant_id   uuid NOT NULL REFERENCES merchants,
    base_version  integer NOT NULL,
    -- That it became.
    version       integer,
    min_satang    bigint NOT NULL,
    max_satang    bigint NOT NULL,
    -- From when on the value date the worker sends, and until when.
    send_at       text NOT NULL CONSTRAINT debit_send_at_is_a_time CHECK (send_at ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
    cut_off       text NOT NULL CONSTRAINT debit_cut_off_is_a_time CHECK (cut_off ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
    -- What happens to a debit for what is collected, or being collected, another way.
    collision     text NOT NULL CONSTRAINT debit_collision_is_known CHECK (collision IN ('warn', 'block')),
    -- How many retries one mandate may have within 31 days, and for which
    -- reason how often and when: {"B012": {"times": 2, "days": 3, "payday": false}}.
    retry_cap     smallint NOT NULL CONSTRAINT debit_retry_cap_is_small CHECK (retry_cap BETWEEN 0 AND 10),
    retries       jsonb NOT NULL CONSTRAINT debit_retries_are_an_object CHECK (jsonb_typeof(retries) = 'object'),
    note          text NOT NULL CONSTRAINT debit_rules_have_a_reason CHECK (length(note) BETWEEN 1 AND 300),
    proposed_by   uuid NOT NULL REFERENCES people,
    proposed_at   timestamptz NOT NULL DEFAULT now(),
    decision      text CONSTRAINT debit_rules_decision_is_known CHECK (decision IN ('approved', 'rejected', 'withdrawn')),
    decided_by    uuid REFERENCES people,
    decided_at    timestamptz,
    CONSTRAINT debit_limits_are_ordered CHECK (min_satang > 0 AND max_satang >= min_satang),
    CONSTRAINT debit_is_sent_before_the_cut_off CHECK (send_at < cut_off),
    CONSTRAINT debit_rules_are_decided_by_another CHECK ((decided_by = proposed_by) = (decision = 'withdrawn')),
    CONSTRAINT debit_rules_decision_is_whole CHECK ((decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL)),
    CONSTRAINT approved_debit_rules_have_a_version CHECK ((version IS NOT NULL) = coalesce(decision = 'approved', false)),
    CONSTRAINT debit_rules_version_is_unique UNIQUE (merchant_id, version)
);
CREATE UNIQUE INDEX one_open_debit_rules_proposal ON debit_rules (merchant_id) WHERE decision IS NULL;
CREATE INDEX debit_rules_of_merchant ON debit_rules (merchant_id, proposed_at DESC, id DESC);

-- +goose StatementBegin
CREATE FUNCTION debit_rules_in_force(merchant uuid) RETURNS debit_rules LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    r debit_rules;
BEGIN
    SELECT * INTO r FROM debit_rules d WHERE d.merchant_id = merchant AND d.version IS NOT NULL ORDER BY d.version DESC LIMIT 1;
    IF NOT FOUND THEN
        r.merchant_id := merchant;
        r.version := 0;
        r.min_satang := 2000;
        r.max_satang := 70000000;
        r.send_at := '08:00';
        r.cut_off := '21:00';
        r.collision := 'warn';
        r.retry_cap := 3;
        r.retries := '{"B012": {"times": 2, "days": 3, "payday": true}, "B016": {"times": 1, "days": 1, "payday": false}, "B017": {"times": 2, "days": 1, "payday": false}}';
        r.note := '';
    END IF;
    RETURN r;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION debit_rules_are_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    newest integer;
BEGIN
    PERFORM FROM merchants WHERE id = NEW.merchant_id FOR NO KEY UPDATE;
    newest := (SELECT coalesce(max(version), 0) FROM debit_rules WHERE merchant_id = NEW.merchant_id);
    IF TG_OP = 'INSERT' THEN
        IF NEW.decision IS NOT NULL OR NEW.proposed_by IS DISTINCT FROM acting_person()
           OR NOT coalesce(has_duty(NEW.merchant_id, NEW.proposed_by, 'admin') OR has_duty(NEW.merchant_id, NEW.proposed_by, 'maker'), false) THEN
            RAISE EXCEPTION 'rules are proposed by the acting maker or administrator' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_rules_are_proposed_first';
        END IF;
        NEW.proposed_at := now();
    ELSE
        IF OLD.decision IS NOT NULL OR NEW.decision IS NULL OR NEW.decided_by IS DISTINCT FROM acting_person()
           OR (to_jsonb(NEW) - '{decision,decided_by,decided_at,version}'::text[]) <> (to_jsonb(OLD) - '{decision,decided_by,decided_at,version}'::text[]) THEN
            RAISE EXCEPTION 'rules are decided once, by the acting person, as they were proposed'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'debit_rules_are_decided_once';
        END IF;
        IF NEW.decision <> 'withdrawn' AND (NOT coalesce(has_duty(NEW.merchant_id, NEW.decided_by, 'checker'), false) OR NOT decides_by_now(NEW.merchant_id, NEW.decided_by)) THEN
            RAISE EXCEPTION 'a checker decides on rules' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_rules_are_decided_on_duty';
        END IF;
        NEW.decided_at := now();
    END IF;
    IF (TG_OP = 'INSERT' OR NEW.decision = 'approved') AND NEW.base_version <> newest THEN
        RAISE EXCEPTION 'other rules came into force meanwhile' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_rules_are_current';
    END IF;
    NEW.version := CASE WHEN NEW.decision = 'approved' THEN newest + 1 END;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER debit_rules_are_allowed BEFORE INSERT OR UPDATE ON debit_rules FOR EACH ROW EXECUTE FUNCTION debit_rules_are_allowed();
CREATE TRIGGER debit_rules_are_not_deleted BEFORE DELETE ON debit_rules FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Debits that are looked at, asked for and watched together: those that one
-- list wants taken on one day, or retries of what failed.
CREATE TABLE debit_batches (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    name        text NOT NULL CONSTRAINT debit_batch_name_is_short CHECK (length(name) BETWEEN 1 AND 200),
    debit_on    date NOT NULL,
    import_id   uuid,
    created_by  uuid NOT NULL REFERENCES people,
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT debit_batch_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT list_makes_one_batch_a_day UNIQUE (import_id, debit_on),
    FOREIGN KEY (import_id, merchant_id) REFERENCES imports (id, merchant_id)
);
CREATE INDEX debit_batches_of_merchant ON debit_batches (merchant_id, debit_on DESC, id DESC);
-- +goose StatementBegin
CREATE FUNCTION debit_batch_is_made_on_duty() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.created_by IS DISTINCT FROM acting_person() OR NOT coalesce(has_duty(NEW.merchant_id, NEW.created_by, 'maker'), false) THEN
        RAISE EXCEPTION 'a batch of debits is made by the acting maker' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_batch_is_made_on_duty';
    END IF;
    NEW.created_at := now();
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER debit_batch_is_made_on_duty BEFORE INSERT ON debit_batches FOR EACH ROW EXECUTE FUNCTION debit_batch_is_made_on_duty();
CREATE TRIGGER debit_batches_never_change BEFORE UPDATE OR DELETE ON debit_batches FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TABLE debits (
    id              uuid PRIMARY KEY,
    merchant_id     uuid NOT NULL REFERENCES merchants,
    payer_id        uuid NOT NULL,
    mandate_id      uuid NOT NULL,
    -- As the payer was called when it was written: what people approved.
    payer_name      text NOT NULL,
    payer_code      text NOT NULL,
    amount_satang   bigint NOT NULL CONSTRAINT debit_is_above_zero CHECK (amount_satang > 0),
    reference       text NOT NULL CONSTRAINT debit_reference_is_short CHECK (reference ~ '^[A-Za-z0-9]{1,20}$'),
    invoice_number  text NOT NULL CONSTRAINT debit_invoice_number_is_short CHECK (length(invoice_number) <= 35),
    presentment_id  uuid,
    debit_on        date NOT NULL,
    note            text NOT NULL CONSTRAINT debit_note_is_short CHECK (length(note) <= 300),
    -- Why it is right although there is one like it, in the words of a person.
    repeat_reason   text NOT NULL DEFAULT '' CONSTRAINT debit_repeat_reason_is_short CHECK (length(repeat_reason) <= 300),
    state           text NOT NULL DEFAULT 'draft' CONSTRAINT debit_state_is_known
                    CHECK (state IN ('draft', 'submitted', 'approved', 'sending', 'taken', 'failed', 'unknown', 'discarded')),
    state_since     timestamptz NOT NULL DEFAULT now(),
    version         integer NOT NULL DEFAULT 1,
    created_by      uuid REFERENCES people, -- nobody, where the bank took it by a schedule
    editors         uuid[] NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    edited_at       timestamptz NOT NULL DEFAULT now(),
    instruction_id  uuid,
    -- The bank's name for it, when it took it, and why it did not.
    bank_reference  text NOT NULL DEFAULT '',
    fee_satang      bigint NOT NULL DEFAULT 0 CONSTRAINT debit_fee_is_not_negative CHECK (fee_satang >= 0),
    failure_code    text NOT NULL DEFAULT '',
    schedule_id     uuid,
    run_on          date,
    batch_id        uuid,
    -- The failed debit that this one tries again, and for which time.
    retry_of        uuid,
    retry_no        smallint NOT NULL DEFAULT 0,
    -- The payment that it became.
    payment_id      uuid,
    -- How often the bank was asked by itself what became of it, and when it will be again.
    asks            smallint NOT NULL DEFAULT 0,
    ask_at          timestamptz,
    -- When the payer was told that it failed.
    dunned_at       timestamptz,
    words           text NOT NULL GENERATED ALWAYS AS (lower(payer_name || ' ' || payer_code || ' ' || reference || ' ' || invoice_number || ' ' || bank_reference)) STORED,
    CONSTRAINT debit_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT debit_of_a_schedule_has_a_run CHECK ((schedule_id IS NULL) = (run_on IS NULL)),
    CONSTRAINT debit_has_a_maker_or_a_schedule CHECK ((created_by IS NULL) = (schedule_id IS NOT NULL)),
    CONSTRAINT debit_retry_counts CHECK ((retry_of IS NULL) = (retry_no = 0)),
    CONSTRAINT debit_run_is_taken_once UNIQUE (schedule_id, run_on),
    FOREIGN KEY (payer_id, merchant_id) REFERENCES payers (id, merchant_id),
    FOREIGN KEY (mandate_id, merchant_id) REFERENCES mandates (id, merchant_id),
    FOREIGN KEY (presentment_id, merchant_id) REFERENCES presentments (id, merchant_id),
    FOREIGN KEY (instruction_id, merchant_id) REFERENCES instructions (id, merchant_id),
    FOREIGN KEY (batch_id, merchant_id) REFERENCES debit_batches (id, merchant_id),
    FOREIGN KEY (retry_of, merchant_id) REFERENCES debits (id, merchant_id),
    FOREIGN KEY (payment_id, merchant_id) REFERENCES payments (id, merchant_id)
);

-- Two that race to be the second of their kind: one of them is refused.
CREATE UNIQUE INDEX debit_is_not_repeated ON debits (merchant_id, payer_id, debit_on, amount_satang, reference)
    WHERE repeat_reason = '' AND schedule_id IS NULL AND state NOT IN ('draft', 'discarded', 'failed');
CREATE INDEX debits_alike ON debits (merchant_id, payer_id, debit_on, amount_satang);
CREATE UNIQUE INDEX debit_is_retried_once ON debits (retry_of) WHERE retry_of IS NOT NULL AND state <> 'discarded';
CREATE INDEX debits_by_date ON debits (merchant_id, debit_on, id);
CREATE INDEX debits_by_state ON debits (merchant_id, state, debit_on, id);
CREATE INDEX debits_by_amount ON debits (merchant_id, amount_satang, id);
CREATE INDEX debits_of_payer ON debits (merchant_id, payer_id, debit_on, id);
CREATE INDEX debits_of_mandate ON debits (mandate_id, debit_on);
CREATE INDEX debits_of_batch ON debits (batch_id, state, id) WHERE batch_id IS NOT NULL;
CREATE INDEX debits_of_invoice ON debits (merchant_id, invoice_number) WHERE invoice_number <> '';
CREATE INDEX debits_of_bill ON debits (presentment_id) WHERE presentment_id IS NOT NULL;
CREATE INDEX debits_failed ON debits (merchant_id, failure_code, debit_on, id) WHERE state = 'failed';
CREATE INDEX debits_to_book ON debits (merchant_id, id) WHERE state = 'taken' AND payment_id IS NULL;
CREATE INDEX debits_to_ask_about ON debits (ask_at) WHERE state = 'unknown';
CREATE INDEX debits_words ON debits USING gin (words gin_trgm_ops);

-- The states in which a debit counts: money was taken, or may be, or will be as
-- soon as people agree.
-- +goose StatementBegin
CREATE FUNCTION debit_counts(state text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT state NOT IN ('draft', 'discarded', 'failed')
$$;
-- +goose StatementEnd

-- What else collects, or has collected, what a debit is for: the same bill or
-- invoice of the same payer. Of a bill that the debit itself names, only that it
-- is paid already counts.
-- +goose StatementBegin
CREATE FUNCTION debit_collisions(d debits) RETURNS TABLE (kind text, id uuid, name text, state text, satang bigint)
LANGUAGE plpgsql STABLE ROWS 2 SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT 'debit', o.id, o.payer_name, o.state, o.amount_satang FROM debits o
        WHERE o.merchant_id = d.merchant_id AND o.id <> d.id AND debit_counts(o.state)
          AND (o.presentment_id = d.presentment_id OR d.invoice_number <> '' AND o.invoice_number = d.invoice_number AND o.payer_id = d.payer_id)
        UNION ALL
        SELECT CASE WHEN coalesce(s.received_satang + s.withheld_satang + s.fee_satang, 0) > 0 OR b.buyer_decision = 'paid' THEN 'paid' ELSE 'open' END,
            b.id, b.document_number, b.state, b.total_satang
        FROM presentments b LEFT JOIN presentment_payments s ON s.presentment_id = b.id
        WHERE b.merchant_id = d.merchant_id AND b.state NOT IN ('draft', 'discarded', 'cancelled', 'replaced', 'refused')
          AND (b.id = d.presentment_id AND (b.buyer_decision = 'paid' OR coalesce(s.received_satang + s.withheld_satang + s.fee_satang, 0) + d.amount_satang > b.total_satang)
            OR b.id IS DISTINCT FROM d.presentment_id AND d.invoice_number <> '' AND b.document_number = d.invoice_number
               AND EXISTS (SELECT FROM payers p WHERE p.id = d.payer_id AND p.tax_id <> '' AND p.tax_id = b.buyer_tax_id));
END $$;
-- +goose StatementEnd

-- What of a debit is its content. A column that says something must be named
-- here, or it could be changed after approval.
-- +goose StatementBegin
CREATE FUNCTION debit_content_differs(a debits, b debits) RETURNS boolean LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (a.payer_id, a.mandate_id, a.payer_name, a.payer_code, a.amount_satang, a.reference, a.invoice_number, a.presentment_id, a.debit_on, a.note, a.version)
        IS DISTINCT FROM
           (b.payer_id, b.mandate_id, b.payer_name, b.payer_code, b.amount_satang, b.reference, b.invoice_number, b.presentment_id, b.debit_on, b.note, b.version);
END $$;
-- +goose StatementEnd

-- Whether the state of a debit can follow from its instruction. What a schedule
-- of the bank took has none: the worker says what the bank told.
-- +goose StatementBegin
CREATE FUNCTION debit_state_follows(d debits) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked text := (SELECT i.state FROM instructions i WHERE i.id = d.instruction_id);
BEGIN
    IF d.schedule_id IS NOT NULL THEN
        RETURN acting_person() IS NULL AND d.state IN ('taken', 'failed', 'unknown');
    END IF;
    RETURN coalesce(CASE d.state
        WHEN 'draft'     THEN asked IS NULL OR asked IN ('rejected', 'withdrawn', 'expired')
        WHEN 'discarded' THEN asked IS NULL OR asked IN ('rejected', 'withdrawn', 'expired')
        WHEN 'submitted' THEN asked = 'pending'
        WHEN 'approved'  THEN asked = 'approved'
        WHEN 'sending'   THEN asked = 'sending'
        WHEN 'taken'     THEN asked = 'done'
        WHEN 'failed'    THEN asked = 'failed'
        WHEN 'unknown'   THEN asked = 'unknown'
    END, false);
END $$;
-- +goose StatementEnd

-- When the bank may be asked for a debit of a day: from the hour of sending to
-- the cut-off, by the rules in force.
-- +goose StatementBegin
CREATE FUNCTION debit_window(merchant uuid, on_day date, OUT opens timestamptz, OUT closes timestamptz) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    r debit_rules := debit_rules_in_force(merchant);
BEGIN
    opens := (on_day + r.send_at::time) AT TIME ZONE 'Asia/Bangkok';
    closes := (on_day + r.cut_off::time) AT TIME ZONE 'Asia/Bangkok';
END $$;
-- +goose StatementEnd

-- What a debit must be when it is asked for.
-- +goose StatementBegin
CREATE FUNCTION debit_may_be_asked_for(d debits) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    r debit_rules := debit_rules_in_force(d.merchant_id);
BEGIN
    IF NOT EXISTS (SELECT FROM mandates m WHERE m.id = d.mandate_id AND m.merchant_id = d.merchant_id AND m.payer_id = d.payer_id)
       OR NOT mandate_is_live(d.mandate_id) THEN
        RAISE EXCEPTION 'the mandate is not in force' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_has_a_live_mandate';
    END IF;
    IF d.amount_satang NOT BETWEEN r.min_satang AND r.max_satang THEN
        RAISE EXCEPTION 'the amount is outside the limits' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_is_within_limits';
    END IF;
    IF (SELECT w.closes FROM debit_window(d.merchant_id, d.debit_on) AS w) <= now() THEN
        RAISE EXCEPTION 'its day is over' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_is_in_time';
    END IF;
    IF d.retry_of IS NOT NULL AND NOT EXISTS (SELECT FROM debits o WHERE o.id = d.retry_of AND o.state = 'failed' AND o.payer_id = d.payer_id AND o.amount_satang = d.amount_satang) THEN
        RAISE EXCEPTION 'only what failed is tried again' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_retries_what_failed';
    END IF;
    -- Debits of one payer take turns here.
    PERFORM pg_advisory_xact_lock(7221130, hashtext(d.payer_id::text));
    IF d.repeat_reason = '' AND EXISTS (SELECT FROM debits o WHERE o.merchant_id = d.merchant_id AND o.payer_id = d.payer_id AND o.debit_on = d.debit_on
            AND o.amount_satang = d.amount_satang AND o.reference = d.reference AND o.id <> d.id AND debit_counts(o.state)) THEN
        RAISE EXCEPTION 'there is one like it' USING ERRCODE = 'unique_violation', CONSTRAINT = 'debit_is_not_repeated';
    END IF;
    IF r.collision = 'block' AND EXISTS (SELECT FROM debit_collisions(d)) THEN
        RAISE EXCEPTION 'it is collected another way' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_collects_once';
    END IF;
END $$;
-- +goose StatementEnd

-- A debit is edited as a draft, by somebody who then stands among its editors,
-- its state is what its instruction says.
-- +goose StatementBegin
CREATE FUNCTION debit_changes_as_draft() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.payment_id IS NOT NULL OR NEW.dunned_at IS NOT NULL OR NEW.asks <> 0 THEN
            RAISE EXCEPTION 'nothing has come of it yet' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_starts_as_draft';
        END IF;
        IF NEW.schedule_id IS NOT NULL THEN
            IF acting_person() IS NOT NULL OR NEW.state NOT IN ('taken', 'failed', 'unknown') OR NEW.instruction_id IS NOT NULL OR NEW.editors <> '{}' THEN
                RAISE EXCEPTION 'what a schedule took is recorded by the worker' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_starts_as_draft';
            END IF;
            RETURN NEW;
        END IF;
        IF NEW.state <> 'draft' OR NEW.instruction_id IS NOT NULL OR NEW.bank_reference <> '' OR NEW.failure_code <> '' OR NEW.fee_satang <> 0
           OR NEW.created_by IS DISTINCT FROM acting_person() OR NOT NEW.created_by = ANY (NEW.editors)
           OR NOT coalesce(has_duty(NEW.merchant_id, NEW.created_by, 'maker'), false) THEN
            RAISE EXCEPTION 'a debit starts as the draft of the acting maker' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_starts_as_draft';
        END IF;
        RETURN NEW;
    END IF;
    IF (debit_content_differs(NEW, OLD) OR NEW.repeat_reason <> OLD.repeat_reason)
       AND (OLD.state <> 'draft' OR NOT coalesce(acting_person() = ANY (NEW.editors), false)) THEN
        RAISE EXCEPTION 'only a draft is edited, by an editor' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'debit_is_editable';
    END IF;
    IF NOT NEW.editors @> OLD.editors OR NOT OLD.editors || coalesce(acting_person(), OLD.created_by) @> NEW.editors
       OR (NEW.created_by, NEW.created_at, NEW.merchant_id, NEW.batch_id, NEW.retry_of, NEW.retry_no, NEW.schedule_id, NEW.run_on)
          IS DISTINCT FROM (OLD.created_by, OLD.created_at, OLD.merchant_id, OLD.batch_id, OLD.retry_of, OLD.retry_no, OLD.schedule_id, OLD.run_on) THEN
        RAISE EXCEPTION 'who had a hand in it, and where it comes from, stays' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'debit_keeps_its_origin';
    END IF;
    IF NEW.instruction_id IS DISTINCT FROM OLD.instruction_id AND OLD.state <> 'draft' THEN
        RAISE EXCEPTION 'what was asked for keeps its instruction' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'debit_keeps_its_instruction';
    END IF;
    IF NEW.payment_id IS DISTINCT FROM OLD.payment_id AND (OLD.payment_id IS NOT NULL OR NEW.state <> 'taken') THEN
        RAISE EXCEPTION 'a taken debit becomes one payment' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'debit_becomes_one_payment';
    END IF;
    IF NEW.schedule_id IS NULL AND NEW.bank_reference <> OLD.bank_reference
       AND NEW.bank_reference <> coalesce((SELECT i.bank_reference FROM instructions i WHERE i.id = NEW.instruction_id), '') THEN
        RAISE EXCEPTION 'a debit has the name that the bank gave it' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_is_named_by_its_instruction';
    END IF;
    IF NEW.state <> OLD.state THEN
        IF NOT debit_state_follows(NEW) THEN
            RAISE EXCEPTION 'a debit is not % by what its instruction says', NEW.state USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_state_follows';
        END IF;
        IF 'discarded' IN (NEW.state, OLD.state)
           AND (OLD.state NOT IN ('draft', 'discarded') OR NEW.state NOT IN ('draft', 'discarded')
                OR NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker'), false)) THEN
            RAISE EXCEPTION 'a maker discards a draft' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'only_a_draft_debit_is_discarded';
        END IF;
        IF NEW.state = 'submitted' THEN
            PERFORM debit_may_be_asked_for(NEW);
        END IF;
        -- The bank is asked ten seconds after it left us in doubt.
        NEW.ask_at := CASE WHEN NEW.state = 'unknown' THEN now() + interval '10 seconds' END;
        NEW.state_since := now();
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER debit_changes_as_draft BEFORE INSERT OR UPDATE ON debits FOR EACH ROW EXECUTE FUNCTION debit_changes_as_draft();
CREATE TRIGGER debits_are_not_deleted BEFORE DELETE ON debits FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER debits_are_not_truncated BEFORE TRUNCATE ON debits FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER follows_its_own_instruction BEFORE UPDATE ON debits FOR EACH ROW
    WHEN (NEW.instruction_id IS DISTINCT FROM OLD.instruction_id) EXECUTE FUNCTION follows_its_own_entry('debit.create', 'instruction_id');

-- What asks for a debit asks for the debit as it is, from the account of its
-- mandate to the merchant's own. It waits for the debit's day, is decided on and
-- sent by the cut-off of that day, and whoever had a hand in the debit is among
-- its authors.
-- +goose StatementBegin
CREATE FUNCTION instruction_says_its_debit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked  jsonb := convert_from(NEW.payload, 'UTF8')::jsonb;
    d      debits;
    opens  timestamptz;
    closes timestamptz;
BEGIN
    SELECT * INTO d FROM debits WHERE NEW.subject = 'debit/' || id AND id = split_part(NEW.subject, '/', 2)::uuid AND merchant_id = NEW.merchant_id;
    IF NEW.part <> 0 OR d.id IS NULL OR NEW.amount_satang <> d.amount_satang OR NOT content_names_once(convert_from(NEW.payload, 'UTF8')::json)
       OR ((asked ->> 'amount')::numeric * 100, asked ->> 'ref1', (asked ->> 'debitDate')::date, (asked ->> 'payer')::uuid, asked ->> 'paymentToken', asked ->> 'creditorAccountNumber')
          IS DISTINCT FROM
          (d.amount_satang::numeric, d.reference, d.debit_on, d.payer_id, (SELECT m.bank_token FROM mandates m WHERE m.id = d.mandate_id),
           (SELECT o.account_number FROM merchants o WHERE o.id = NEW.merchant_id)) THEN
        RAISE EXCEPTION 'the bank is asked for the debit as it is' USING ERRCODE = 'check_violation', CONSTRAINT = 'instruction_says_its_debit';
    END IF;
    SELECT w.opens, w.closes INTO opens, closes FROM debit_window(NEW.merchant_id, d.debit_on) AS w;
    NEW.not_before := greatest(opens, now());
    NEW.expires_at := closes;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- After instruction_starts_pending, whose word about the time it replaces.
CREATE TRIGGER instruction_to_debit_says_it BEFORE INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation = 'debit.create') EXECUTE FUNCTION instruction_says_its_debit();
DROP TRIGGER instruction_suits_its_subject ON instructions;
CREATE TRIGGER instruction_suits_its_subject BEFORE INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation NOT IN ('debit.create', 'mandate.cancel')) EXECUTE FUNCTION instruction_suits_its_subject();

-- +goose StatementBegin
CREATE FUNCTION debit_knows_its_instruction() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM debits d WHERE d.id = split_part(NEW.subject, '/', 2)::uuid AND d.merchant_id = NEW.merchant_id AND d.instruction_id = NEW.id) THEN
        RAISE EXCEPTION 'its subject knows nothing of it' USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_is_its_subjects';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER debit_knows_its_instruction AFTER INSERT ON instructions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.operation = 'debit.create') EXECUTE FUNCTION debit_knows_its_instruction();

-- +goose StatementBegin
CREATE FUNCTION debit_keeps_its_authors() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO instruction_authors (instruction_id, merchant_id, person_id)
    SELECT NEW.id, NEW.merchant_id, unnest(d.editors) FROM debits d WHERE d.id = split_part(NEW.subject, '/', 2)::uuid AND d.merchant_id = NEW.merchant_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- After the maker is among them, as with receipts.
CREATE TRIGGER its_debit_keeps_its_authors AFTER INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation = 'debit.create') EXECUTE FUNCTION debit_keeps_its_authors();

-- Neither approved nor sent is what its payer no longer allows. When it is
-- asked for, debit_may_be_asked_for looks.
-- +goose StatementBegin
CREATE FUNCTION debit_is_still_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM debits d WHERE d.id = split_part(NEW.subject, '/', 2)::uuid AND mandate_is_live(d.mandate_id)) THEN
        RAISE EXCEPTION 'the mandate is not in force' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_has_a_live_mandate';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER debit_is_still_allowed BEFORE UPDATE OF state ON instructions FOR EACH ROW
    WHEN (NEW.operation = 'debit.create' AND NEW.state <> OLD.state AND (NEW.state = 'sending' OR NEW.state = 'approved' AND OLD.state = 'pending'))
    EXECUTE FUNCTION debit_is_still_allowed();

-- Why an approved instruction must not be sent now, for what no column of its
-- own says; nothing, if it may.
-- +goose StatementBegin
CREATE FUNCTION instruction_obstacle(i instructions) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF i.operation = 'debit.create' AND NOT EXISTS (SELECT FROM debits d WHERE d.id = split_part(i.subject, '/', 2)::uuid AND mandate_is_live(d.mandate_id)) THEN
        RETURN 'mandate_dead';
    END IF;
    RETURN '';
END $$;
-- +goose StatementEnd

-- A debit whose outcome is unknown is settled by the bank's answer about the
-- very attempt, or by two people. A callback settles none: it has the bank asked.
INSERT INTO settling_words VALUES ('debit.create', 'debit.status', 'SUCC', 'done'), ('debit.create', 'debit.status', 'FAIL', 'failed');
-- +goose StatementBegin
CREATE FUNCTION debit_is_settled_by_its_answer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    i instructions;
BEGIN
    SELECT * INTO i FROM instructions WHERE id = NEW.instruction_id;
    IF i.operation = 'debit.create' AND NOT EXISTS (
        SELECT FROM exchanges x JOIN exchange_results r ON r.exchange_id = x.id JOIN attempts t ON t.instruction_id = i.id AND t.outcome = 'unknown'
        WHERE x.inquiry_id = NEW.inquiry_id AND r.outcome = 'done' AND r.body_masked::jsonb ->> 'transactionIdentification' = t.id::text
            AND r.body_masked::jsonb ->> 'transactionStatus' = CASE NEW.outcome WHEN 'done' THEN 'SUCC' ELSE 'FAIL' END
            AND (r.body_masked::jsonb ->> 'amount')::numeric * 100 = i.amount_satang
            AND (NEW.outcome = 'failed' OR r.body_masked::jsonb ->> 'bankReferenceNumber' = NEW.bank_reference)) THEN
        RAISE EXCEPTION 'the bank''s answer settles only what it names' USING ERRCODE = 'check_violation', CONSTRAINT = 'settled_by_an_answer_that_names_it';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER debit_is_settled_by_its_answer BEFORE INSERT ON settlements FOR EACH ROW
    WHEN (NEW.inquiry_id IS NOT NULL) EXECUTE FUNCTION debit_is_settled_by_its_answer();

-- A question is about a debit of one's own, by the name of an attempt at it, or
-- about a day.
-- +goose StatementBegin
CREATE FUNCTION inquiry_is_about_ones_own_debits() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    about uuid := split_part(NEW.subject, '/', 2)::uuid;
    asked jsonb := convert_from(NEW.payload, 'UTF8')::jsonb;
BEGIN
    IF NOT content_names_once(convert_from(NEW.payload, 'UTF8')::json) OR NOT (CASE NEW.operation
        WHEN 'debit.status' THEN EXISTS (SELECT FROM debits d JOIN attempts t ON t.instruction_id = d.instruction_id
            WHERE d.id = about AND NEW.subject = 'debit/' || d.id AND d.merchant_id = NEW.merchant_id AND asked ->> 'transactionIdentification' = t.id::text)
        ELSE EXISTS (SELECT FROM debit_days y WHERE y.id = about AND NEW.subject = 'debitday/' || y.id AND y.merchant_id = NEW.merchant_id) END)
       OR asked ->> 'creditorAccountNumber' IS DISTINCT FROM (SELECT m.account_number FROM merchants m WHERE m.id = NEW.merchant_id) THEN
        RAISE EXCEPTION 'a question is about debits of one''s own' USING ERRCODE = 'check_violation', CONSTRAINT = 'inquiry_is_about_ones_own';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
DROP TRIGGER inquiry_is_about_ones_own ON inquiries;
CREATE TRIGGER inquiry_is_about_ones_own BEFORE INSERT ON inquiries FOR EACH ROW
    WHEN (NEW.operation = 'etax.retrieve') EXECUTE FUNCTION inquiry_is_about_ones_own();
CREATE TRIGGER inquiry_is_about_ones_own_debits BEFORE INSERT ON inquiries FOR EACH ROW
    WHEN (NEW.operation = 'debit.status' OR NEW.operation = 'debit.list' AND NEW.subject LIKE 'debitday/%') EXECUTE FUNCTION inquiry_is_about_ones_own_debits();

-- What the bank said, when it was asked, about all debits of a day.
CREATE TABLE debit_days (
    id           uuid PRIMARY KEY,
    merchant_id  uuid NOT NULL REFERENCES merchants,
    on_day       date NOT NULL,
    asked_at     timestamptz NOT NULL DEFAULT now(),
    answered_at  timestamptz,
    page         integer NOT NULL DEFAULT 0,
    number       integer NOT NULL DEFAULT 0,
    sum_satang   bigint NOT NULL DEFAULT 0,
    CONSTRAINT debit_day_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT debit_day_is_kept_once UNIQUE (merchant_id, on_day)
);
CREATE TABLE debit_day_rows (
    day_id         uuid NOT NULL,
    merchant_id    uuid NOT NULL,
    -- The bank's or our name for the transaction: the attempt's id, where it was ours.
    transaction_id text NOT NULL,
    status         text NOT NULL,
    amount_satang  bigint NOT NULL,
    reference      text NOT NULL,
    bank_reference text NOT NULL,
    schedule_id    text NOT NULL,
    processed_at   timestamptz,
    debit_id       uuid,
    PRIMARY KEY (day_id, transaction_id),
    FOREIGN KEY (day_id, merchant_id) REFERENCES debit_days (id, merchant_id),
    FOREIGN KEY (debit_id, merchant_id) REFERENCES debits (id, merchant_id)
);
CREATE INDEX debit_day_rows_of_debit ON debit_day_rows (debit_id) WHERE debit_id IS NOT NULL;

-- A taken debit is money that came in.
ALTER TABLE payments DROP CONSTRAINT payment_source_is_known, DROP CONSTRAINT payment_says_where_it_comes_from;
ALTER TABLE payments ADD COLUMN debit_id uuid CONSTRAINT debit_is_one_payment UNIQUE,
    ADD CONSTRAINT payment_names_its_debit FOREIGN KEY (debit_id, merchant_id) REFERENCES debits (id, merchant_id),
    ADD CONSTRAINT payment_source_is_known CHECK (source IN ('callback', 'file', 'hand', 'debit')),
    ADD CONSTRAINT payment_says_where_it_comes_from CHECK ((source = 'callback') = (callback_id IS NOT NULL) AND (source = 'debit') = (debit_id IS NOT NULL)
        AND (source IN ('callback', 'debit')) = (recorded_by IS NULL) AND (source = 'file') = (import_id IS NOT NULL) AND (import_id IS NULL) = (import_row IS NULL));
-- +goose StatementBegin
CREATE FUNCTION payment_is_of_its_debit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM debits d WHERE d.id = NEW.debit_id AND d.merchant_id = NEW.merchant_id AND d.state = 'taken' AND d.amount_satang = NEW.amount_satang)
       OR acting_person() IS NOT NULL THEN
        RAISE EXCEPTION 'the worker records what was taken, as it was taken' USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_is_of_its_debit';
    END IF;
    IF NEW.booked_on <> greatest(NEW.paid_on, (SELECT max(c.through) + 1 FROM payment_closings c WHERE c.merchant_id = NEW.merchant_id)) THEN
        RAISE EXCEPTION 'a payment is booked on its day, or the first open one' USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_is_booked_on_its_day';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER payment_stays_of_its_debit BEFORE INSERT ON payments FOR EACH ROW WHEN (NEW.source = 'debit') EXECUTE FUNCTION payment_is_of_its_debit();
CREATE TRIGGER payment_keeps_its_debit BEFORE UPDATE ON payments FOR EACH ROW
    WHEN (NEW.debit_id IS DISTINCT FROM OLD.debit_id) EXECUTE FUNCTION refuse_change();
-- After payment_stays_as_told, which locks the books; hence the names.
DROP TRIGGER payment_stays_in_its_books ON payments;
CREATE TRIGGER payment_stays_in_its_books BEFORE UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION payment_is_in_its_books();
CREATE TRIGGER payment_stays_in_its_books_new BEFORE INSERT ON payments FOR EACH ROW WHEN (NEW.source <> 'debit') EXECUTE FUNCTION payment_is_in_its_books();

-- The list, as payments are listed (0021). No value of the filter becomes part
-- of the SQL.
-- +goose StatementBegin
CREATE FUNCTION debit_conditions(filter jsonb) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT 'd.merchant_id = $1' || coalesce(string_agg(' AND ' || c.condition, '' ORDER BY c.key), '') FROM (VALUES
        ('pattern', 'd.words LIKE ($2 ->> ''pattern'')'),
        ('on_from', 'd.debit_on >= ($2 ->> ''on_from'')::date'),
        ('on_to', 'd.debit_on <= ($2 ->> ''on_to'')::date'),
        ('amount_from', 'd.amount_satang >= ($2 ->> ''amount_from'')::bigint'),
        ('amount_to', 'd.amount_satang <= ($2 ->> ''amount_to'')::bigint'),
        ('batch', 'd.batch_id = ($2 ->> ''batch'')::uuid'),
        ('payer', 'd.payer_id = ($2 ->> ''payer'')::uuid'),
        ('failure', 'd.failure_code = ($2 ->> ''failure'')'),
        ('state', 'd.state = ($2 ->> ''state'')')
    ) AS c (key, condition) WHERE filter ? c.key
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION debits_listed(filter jsonb, sort text, descending boolean, place text, place_id uuid, at_most integer) RETURNS TABLE (debit_id uuid)
LANGUAGE plpgsql STABLE ROWS 60 SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
    sorted  text := CASE sort WHEN 'date' THEN 'debit_on' WHEN 'amount' THEN 'amount_satang' END;
    of_type text := CASE sort WHEN 'date' THEN 'date' WHEN 'amount' THEN 'bigint' END;
    wanted  text := debit_conditions(filter);
BEGIN
    IF sorted IS NULL OR at_most IS NULL THEN
        RAISE EXCEPTION 'no such list' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT filter ? 'state' THEN
        wanted := wanted || ' AND d.state <> ''discarded''';
    END IF;
    IF place_id IS NOT NULL THEN
        wanted := wanted || format(' AND (d.%I, d.id) %s ($3::%s, $4)', sorted, CASE WHEN descending THEN '<' ELSE '>' END, of_type);
    END IF;
    RETURN QUERY EXECUTE format('SELECT d.id FROM debits d WHERE %s ORDER BY d.%I %3$s, d.id %3$s LIMIT $5', wanted, sorted, CASE WHEN descending THEN 'DESC' ELSE 'ASC' END)
        USING acting_merchant(), filter, place, place_id, at_most;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION debits_counted(filter jsonb, at_most integer) RETURNS TABLE (number bigint, sum_satang bigint)
LANGUAGE plpgsql STABLE ROWS 1 SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT count(*), coalesce(sum(l.amount_satang), 0)::bigint FROM (SELECT d.amount_satang FROM debits d WHERE %s %s LIMIT $3) l',
            debit_conditions(filter), CASE WHEN filter ? 'state' THEN '' ELSE 'AND d.state <> ''discarded''' END)
        USING acting_merchant(), filter, at_most;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION debit_rules_in_force, debit_counts, debit_collisions, debit_content_differs, debit_state_follows, debit_window, debit_may_be_asked_for,
    instruction_obstacle, debit_conditions, debits_listed, debits_counted FROM PUBLIC;
GRANT EXECUTE ON FUNCTION debit_rules_in_force, debit_counts, debit_collisions, debit_window TO portal_web, portal_worker;
GRANT EXECUTE ON FUNCTION debits_listed, debits_counted TO portal_web;
GRANT EXECUTE ON FUNCTION instruction_obstacle TO portal_worker;

SELECT audit_table('debit_rules', 'debitrules', 'id');
SELECT audit_table('debit_batches', 'debitbatch', 'id');
SELECT audit_table('debits', 'debit', 'id');
SELECT audit_table('debit_days', 'debitday', 'id');
SELECT isolate_merchants(t) FROM unnest(ARRAY['debit_rules', 'debit_batches', 'debits', 'debit_days', 'debit_day_rows']) AS t;
GRANT SELECT ON debit_rules, debit_batches, debits, debit_days, debit_day_rows TO portal_web, portal_worker;
GRANT INSERT (id, merchant_id, base_version, min_satang, max_satang, send_at, cut_off, collision, retry_cap, retries, note, proposed_by),
    UPDATE (decision, decided_by) ON debit_rules TO portal_web;
GRANT INSERT ON debit_batches TO portal_web;
GRANT INSERT (id, merchant_id, payer_id, mandate_id, payer_name, payer_code, amount_satang, reference, invoice_number, presentment_id, debit_on, note,
    repeat_reason, created_by, editors, batch_id, retry_of, retry_no) ON debits TO portal_web;
GRANT UPDATE (payer_id, mandate_id, payer_name, payer_code, amount_satang, reference, invoice_number, presentment_id, debit_on, note, repeat_reason, state, version,
    edited_at, editors, instruction_id, bank_reference, failure_code, dunned_at) ON debits TO portal_web;
GRANT INSERT (id, merchant_id, payer_id, mandate_id, payer_name, payer_code, amount_satang, reference, invoice_number, debit_on, note, state, editors,
    bank_reference, fee_satang, failure_code, schedule_id, run_on) ON debits TO portal_worker;
GRANT UPDATE (state, bank_reference, fee_satang, failure_code, payment_id, asks, ask_at) ON debits TO portal_worker;
GRANT INSERT (id, merchant_id, on_day) ON debit_days TO portal_web;
GRANT UPDATE (answered_at, page, number, sum_satang) ON debit_days TO portal_worker;
GRANT UPDATE (asked_at, answered_at, page) ON debit_days TO portal_web;
GRANT INSERT, DELETE ON debit_day_rows TO portal_worker;
GRANT INSERT ON payments TO portal_worker;
-- The statement names the column for everybody; only the worker takes a debit as a payment.
GRANT INSERT (debit_id) ON payments TO portal_web;
CREATE POLICY debits_are_the_workers ON payments AS RESTRICTIVE FOR INSERT TO portal_web WITH CHECK (debit_id IS NULL);

-- The worker looks for the bill that a debit paid.
GRANT EXECUTE ON FUNCTION bills_a_payment_may_be_for TO portal_worker;

-- Lists of debits are imported as bills and buyers are, and many are asked for
-- and approved together.
ALTER TABLE import_items ADD COLUMN debit_id uuid, ADD FOREIGN KEY (debit_id, merchant_id) REFERENCES debits (id, merchant_id),
    ADD COLUMN payer_id uuid, ADD FOREIGN KEY (payer_id, merchant_id) REFERENCES payers (id, merchant_id);
GRANT UPDATE (debit_id, payer_id) ON import_items TO portal_web;
ALTER TABLE imports DROP CONSTRAINT import_kind_is_known;
ALTER TABLE imports ADD CONSTRAINT import_kind_is_known CHECK (kind IN ('bills', 'buyers', 'payments', 'payers', 'debits'));
ALTER TABLE import_items DROP CONSTRAINT import_item_is_made_or_not;
ALTER TABLE import_items ADD CONSTRAINT import_item_is_made_or_not CHECK ((standing = 'made') = (num_nonnulls(presentment_id, buyer_id, payment_id, debit_id, payer_id) = 1));
ALTER TABLE batches DROP CONSTRAINT batch_size_is_bounded;
ALTER TABLE batches ADD CONSTRAINT batch_size_is_bounded CHECK (total BETWEEN 1 AND 10000);
