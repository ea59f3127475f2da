-- PromptPay Alert, sending: our own PromptPay ids, and requests to pay that go
-- out under them. A request that the bank has is never taken back, so that all
-- that can be known before is looked at before.

-- +goose Up

-- Whether a value is a PromptPay id of a kind, as internal/app/promptpay reads it.
-- +goose StatementBegin
CREATE FUNCTION promptpay_id_is_well_formed(kind text, value text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp AS $$
    SELECT coalesce(CASE kind
        WHEN 'mobile'   THEN value ~ '^0[689][0-9]{8}$'
        WHEN 'national' THEN value ~ '^[1-9][0-9]{12}$'
        WHEN 'tax'      THEN value ~ '^0[0-9]{12}$'
        WHEN 'ewallet'  THEN value ~ '^[0-9]{15}$'
        WHEN 'biller'   THEN value ~ '^[0-9]{15}$'
    END, false)
$$;
-- +goose StatementEnd

-- The PromptPay ids that are the merchant's own. An administrator names one, a
-- checker confirms it; and in the same way it ends.
CREATE TABLE promptpay_ids (
    id            uuid PRIMARY KEY,
    merchant_id   uuid NOT NULL REFERENCES merchants,
    kind          text NOT NULL,
    value         text NOT NULL,
    label         text NOT NULL CONSTRAINT promptpay_id_has_a_label CHECK (length(label) BETWEEN 1 AND 80),
    -- What it is registered for at the bank: to send requests, to receive alerts.
    sends         boolean NOT NULL,
    receives      boolean NOT NULL,
    proposed_by   uuid NOT NULL REFERENCES people,
    proposed_at   timestamptz NOT NULL DEFAULT now(),
    decision      text CONSTRAINT promptpay_id_decision_is_known CHECK (decision IN ('approved', 'rejected', 'withdrawn')),
    decided_by    uuid REFERENCES people,
    decided_at    timestamptz,
    active_from   timestamptz,
    end_asked_by  uuid REFERENCES people,
    end_asked_at  timestamptz,
    ended_by      uuid REFERENCES people,
    ended_at      timestamptz,
    CONSTRAINT promptpay_id_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT promptpay_id_is_well_formed CHECK (promptpay_id_is_well_formed(kind, value)),
    CONSTRAINT promptpay_id_is_good_for_something CHECK (sends OR receives),
    CONSTRAINT promptpay_id_is_decided_by_another CHECK ((decided_by = proposed_by) = (decision = 'withdrawn')),
    CONSTRAINT promptpay_id_decision_is_whole CHECK ((decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL)),
    CONSTRAINT approved_promptpay_id_is_active CHECK ((active_from IS NOT NULL) = coalesce(decision = 'approved', false)),
    CONSTRAINT promptpay_id_ends_by_two CHECK (ended_by <> end_asked_by AND (ended_at IS NULL) = (ended_by IS NULL) AND (end_asked_at IS NULL) = (end_asked_by IS NULL)
        AND (ended_at IS NULL OR end_asked_at IS NOT NULL) AND (end_asked_at IS NULL OR active_from IS NOT NULL))
);
-- At the bank an id is registered once; two merchants cannot both have it.
CREATE UNIQUE INDEX promptpay_id_is_kept_once ON promptpay_ids (value) WHERE active_from IS NOT NULL AND ended_at IS NULL;
CREATE UNIQUE INDEX one_open_promptpay_id_proposal ON promptpay_ids (merchant_id, value) WHERE decision IS NULL;
CREATE INDEX promptpay_ids_of_merchant ON promptpay_ids (merchant_id, proposed_at DESC, id DESC);

-- +goose StatementBegin
CREATE FUNCTION promptpay_id_is_kept_by_two() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.decision IS NOT NULL OR NEW.end_asked_by IS NOT NULL OR NEW.proposed_by IS DISTINCT FROM acting_person()
           OR NOT coalesce(has_duty(NEW.merchant_id, NEW.proposed_by, 'admin'), false) THEN
            RAISE EXCEPTION 'an administrator names a PromptPay id' USING ERRCODE = 'check_violation', CONSTRAINT = 'promptpay_id_is_proposed_first';
        END IF;
        NEW.proposed_at := now();
        RETURN NEW;
    END IF;
    IF (to_jsonb(NEW) - '{decision,decided_by,decided_at,active_from,end_asked_by,end_asked_at,ended_by,ended_at}'::text[])
       <> (to_jsonb(OLD) - '{decision,decided_by,decided_at,active_from,end_asked_by,end_asked_at,ended_by,ended_at}'::text[])
       OR OLD.ended_at IS NOT NULL OR OLD.decision IN ('rejected', 'withdrawn') THEN
        RAISE EXCEPTION 'a PromptPay id stays as it was proposed' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'promptpay_id_stays_as_proposed';
    END IF;
    IF NEW.decision IS DISTINCT FROM OLD.decision OR NEW.decided_by IS DISTINCT FROM OLD.decided_by THEN
        IF OLD.decision IS NOT NULL OR NEW.decision IS NULL OR NEW.decided_by IS DISTINCT FROM acting_person() OR NEW.end_asked_by IS NOT NULL
           OR NEW.decision <> 'withdrawn' AND (NOT coalesce(has_duty(NEW.merchant_id, NEW.decided_by, 'checker'), false) OR NOT decides_by_now(NEW.merchant_id, NEW.decided_by)) THEN
            RAISE EXCEPTION 'a checker confirms a PromptPay id, once' USING ERRCODE = 'check_violation', CONSTRAINT = 'promptpay_id_is_confirmed_on_duty';
        END IF;
        NEW.decided_at := now();
        NEW.active_from := CASE WHEN NEW.decision = 'approved' THEN now() END;
        RETURN NEW;
    END IF;
    NEW.decided_at := OLD.decided_at;
    NEW.active_from := OLD.active_from;
    IF NEW.end_asked_by IS DISTINCT FROM OLD.end_asked_by THEN
        -- Asked for by an administrator, or taken back by whoever asked.
        IF OLD.active_from IS NULL OR NEW.ended_by IS NOT NULL
           OR NOT coalesce(CASE WHEN OLD.end_asked_by IS NULL THEN NEW.end_asked_by = acting_person() AND has_duty(NEW.merchant_id, NEW.end_asked_by, 'admin')
                ELSE NEW.end_asked_by IS NULL AND (OLD.end_asked_by = acting_person() OR has_duty(NEW.merchant_id, acting_person(), 'checker')) END, false) THEN
            RAISE EXCEPTION 'an administrator asks to end a PromptPay id' USING ERRCODE = 'check_violation', CONSTRAINT = 'promptpay_id_end_is_asked_for';
        END IF;
        NEW.end_asked_at := CASE WHEN NEW.end_asked_by IS NOT NULL THEN now() END;
    ELSIF NEW.ended_by IS NOT NULL THEN
        IF NEW.ended_by IS DISTINCT FROM acting_person() OR NOT coalesce(has_duty(NEW.merchant_id, NEW.ended_by, 'checker'), false)
           OR NOT decides_by_now(NEW.merchant_id, NEW.ended_by) THEN
            RAISE EXCEPTION 'a checker ends a PromptPay id' USING ERRCODE = 'check_violation', CONSTRAINT = 'promptpay_id_is_confirmed_on_duty';
        END IF;
        NEW.ended_at := now();
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER promptpay_id_is_kept_by_two BEFORE INSERT OR UPDATE ON promptpay_ids FOR EACH ROW EXECUTE FUNCTION promptpay_id_is_kept_by_two();
CREATE TRIGGER promptpay_ids_are_not_deleted BEFORE DELETE ON promptpay_ids FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- +goose StatementBegin
CREATE FUNCTION promptpay_id_sends(own uuid, merchant uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM promptpay_ids o WHERE o.id = own AND o.merchant_id = merchant AND o.sends AND o.active_from IS NOT NULL AND o.ended_at IS NULL);
END $$;
-- +goose StatementEnd

-- The rules that a merchant requests payment by. One person proposes a version,
-- another puts it in force; before the first, the defaults hold.
CREATE TABLE request_rules (
    id            uuid PRIMARY KEY,
    merchant_id   uuid NOT NULL REFERENCES merchants,
    base_version  integer NOT NULL,
    -- That it became.
    version       integer,
    min_satang    bigint NOT NULL,
    max_satang    bigint NOT NULL,
    -- For how many days a request is open where nobody says otherwise.
    open_days     smallint NOT NULL CONSTRAINT request_is_open_for_days CHECK (open_days BETWEEN 1 AND 29),
    -- What happens to a request for what is collected, or being collected, another way.
    collision     text NOT NULL CONSTRAINT request_collision_is_known CHECK (collision IN ('warn', 'block')),
    note          text NOT NULL CONSTRAINT request_rules_have_a_reason CHECK (length(note) BETWEEN 1 AND 300),
    proposed_by   uuid NOT NULL REFERENCES people,
    proposed_at   timestamptz NOT NULL DEFAULT now(),
    decision      text CONSTRAINT request_rules_decision_is_known CHECK (decision IN ('approved', 'rejected', 'withdrawn')),
    decided_by    uuid REFERENCES people,
    decided_at    timestamptz,
    -- 200,000 baht is as much as the bank takes at once.
    CONSTRAINT request_limits_are_ordered CHECK (min_satang > 0 AND max_satang >= min_satang AND max_satang <= 20000000),
    CONSTRAINT request_rules_are_decided_by_another CHECK ((decided_by = proposed_by) = (decision = 'withdrawn')),
    CONSTRAINT request_rules_decision_is_whole CHECK ((decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL)),
    CONSTRAINT approved_request_rules_have_a_version CHECK ((version IS NOT NULL) = coalesce(decision = 'approved', false)),
    CONSTRAINT request_rules_version_is_unique UNIQUE (merchant_id, version)
);
CREATE UNIQUE INDEX one_open_request_rules_proposal ON request_rules (merchant_id) WHERE decision IS NULL;
CREATE INDEX request_rules_of_merchant ON request_rules (merchant_id, proposed_at DESC, id DESC);

-- +goose StatementBegin
CREATE FUNCTION request_rules_in_force(merchant uuid) RETURNS request_rules LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    r request_rules;
BEGIN
    SELECT * INTO r FROM request_rules d WHERE d.merchant_id = merchant AND d.version IS NOT NULL ORDER BY d.version DESC LIMIT 1;
    IF NOT FOUND THEN
        r.merchant_id := merchant;
        r.version := 0;
        r.min_satang := 100;
        r.max_satang := 20000000;
        r.open_days := 7;
        r.collision := 'warn';
        r.note := '';
    END IF;
    RETURN r;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION request_rules_are_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    newest integer;
BEGIN
    PERFORM FROM merchants WHERE id = NEW.merchant_id FOR NO KEY UPDATE;
    newest := (SELECT coalesce(max(version), 0) FROM request_rules WHERE merchant_id = NEW.merchant_id);
    IF TG_OP = 'INSERT' THEN
        IF NEW.decision IS NOT NULL OR NEW.proposed_by IS DISTINCT FROM acting_person()
           OR NOT coalesce(has_duty(NEW.merchant_id, NEW.proposed_by, 'admin') OR has_duty(NEW.merchant_id, NEW.proposed_by, 'maker'), false) THEN
            RAISE EXCEPTION 'rules are proposed by the acting maker or administrator' USING ERRCODE = 'check_violation', CONSTRAINT = 'request_rules_are_proposed_first';
        END IF;
        NEW.proposed_at := now();
    ELSE
        IF OLD.decision IS NOT NULL OR NEW.decision IS NULL OR NEW.decided_by IS DISTINCT FROM acting_person()
           OR (to_jsonb(NEW) - '{decision,decided_by,decided_at,version}'::text[]) <> (to_jsonb(OLD) - '{decision,decided_by,decided_at,version}'::text[]) THEN
            RAISE EXCEPTION 'rules are decided once, by the acting person, as they were proposed'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'request_rules_are_decided_once';
        END IF;
        IF NEW.decision <> 'withdrawn' AND (NOT coalesce(has_duty(NEW.merchant_id, NEW.decided_by, 'checker'), false) OR NOT decides_by_now(NEW.merchant_id, NEW.decided_by)) THEN
            RAISE EXCEPTION 'a checker decides on rules' USING ERRCODE = 'check_violation', CONSTRAINT = 'request_rules_are_decided_on_duty';
        END IF;
        NEW.decided_at := now();
    END IF;
    IF (TG_OP = 'INSERT' OR NEW.decision = 'approved') AND NEW.base_version <> newest THEN
        RAISE EXCEPTION 'other rules came into force meanwhile' USING ERRCODE = 'check_violation', CONSTRAINT = 'request_rules_are_current';
    END IF;
    NEW.version := CASE WHEN NEW.decision = 'approved' THEN newest + 1 END;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER request_rules_are_allowed BEFORE INSERT OR UPDATE ON request_rules FOR EACH ROW EXECUTE FUNCTION request_rules_are_allowed();
CREATE TRIGGER request_rules_are_not_deleted BEFORE DELETE ON request_rules FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A request to pay. Until the bank has it, its state is what its instruction
-- says; from then on, what the bank says.
CREATE TABLE pay_requests (
    id                uuid PRIMARY KEY,
    merchant_id       uuid NOT NULL REFERENCES merchants,
    sender_id         uuid NOT NULL,
    receiver_kind     text NOT NULL,
    receiver_value    text NOT NULL,
    receiver_name     text NOT NULL CONSTRAINT request_receiver_has_a_name CHECK (length(receiver_name) BETWEEN 1 AND 140),
    amount_satang     bigint NOT NULL CONSTRAINT request_is_above_zero CHECK (amount_satang > 0),
    reference         text NOT NULL CONSTRAINT request_reference_is_short CHECK (reference ~ '^[A-Z0-9]{1,20}$'),
    reference2        text NOT NULL CONSTRAINT request_reference2_is_short CHECK (reference2 ~ '^[A-Z0-9]{0,20}$'),
    message           text NOT NULL CONSTRAINT request_message_is_short CHECK (length(message) <= 140),
    invoice_number    text NOT NULL CONSTRAINT request_invoice_number_is_short CHECK (length(invoice_number) <= 35),
    presentment_id    uuid,
    -- When the bank is to send it: as soon as it has it, or on a day and from an hour on.
    send_on           date,
    send_at           text NOT NULL CONSTRAINT request_send_at_is_a_time CHECK (send_at ~ '^(([01][0-9]|2[0-3]):[0-5][0-9])?$'),
    -- The last day on which it can be paid, until a minute before midnight.
    ends_on           date NOT NULL,
    -- Why it is right although there is one like it, in the words of a person.
    repeat_reason     text NOT NULL DEFAULT '' CONSTRAINT request_repeat_reason_is_short CHECK (length(repeat_reason) <= 300),
    -- The one that came to nothing, and that this one is sent instead of.
    resend_of         uuid,
    import_id         uuid,
    state             text NOT NULL DEFAULT 'draft' CONSTRAINT request_state_is_known CHECK (state IN ('draft', 'discarded', 'submitted', 'approved', 'sending', 'unknown',
                          'scheduled', 'sent', 'acknowledged', 'paid', 'declined', 'expired', 'blocked', 'failed')),
    state_since       timestamptz NOT NULL DEFAULT now(),
    version           integer NOT NULL DEFAULT 1,
    created_by        uuid NOT NULL REFERENCES people,
    editors           uuid[] NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    edited_at         timestamptz NOT NULL DEFAULT now(),
    instruction_id    uuid,
    -- The bank's name for it, its last word, and what came of it.
    bank_reference    text NOT NULL DEFAULT '',
    bank_status       text NOT NULL DEFAULT '',
    bank_said_at      timestamptz,
    failure_code      text NOT NULL DEFAULT '',
    failure_reason    text NOT NULL DEFAULT '',
    payment_reference text NOT NULL DEFAULT '',
    paid_at           timestamptz,
    -- How often the bank was asked by itself where it stands, and when it will be again.
    asks              smallint NOT NULL DEFAULT 0,
    ask_at            timestamptz,
    words             text NOT NULL GENERATED ALWAYS AS (lower(receiver_name || ' ' || receiver_value || ' ' || reference || ' ' || reference2 || ' ' || invoice_number || ' ' || bank_reference)) STORED,
    CONSTRAINT request_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT request_receiver_is_well_formed CHECK (promptpay_id_is_well_formed(receiver_kind, receiver_value)),
    CONSTRAINT request_hour_is_of_a_day CHECK (send_on IS NOT NULL OR send_at = ''),
    CONSTRAINT request_ends_after_it_is_sent CHECK (ends_on >= coalesce(send_on, ends_on)),
    FOREIGN KEY (sender_id, merchant_id) REFERENCES promptpay_ids (id, merchant_id),
    FOREIGN KEY (presentment_id, merchant_id) REFERENCES presentments (id, merchant_id),
    FOREIGN KEY (instruction_id, merchant_id) REFERENCES instructions (id, merchant_id),
    FOREIGN KEY (import_id, merchant_id) REFERENCES imports (id, merchant_id),
    FOREIGN KEY (resend_of, merchant_id) REFERENCES pay_requests (id, merchant_id)
);

-- Whether a request in this state may bring money, or has: as long as one does,
-- there is no second for the same.
-- +goose StatementBegin
CREATE FUNCTION request_counts(state text) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp AS $$
    SELECT state NOT IN ('draft', 'discarded', 'declined', 'expired', 'blocked', 'failed')
$$;
-- +goose StatementEnd
CREATE UNIQUE INDEX request_is_not_repeated ON pay_requests (merchant_id, receiver_value, amount_satang, reference)
    WHERE repeat_reason = '' AND state NOT IN ('draft', 'discarded', 'declined', 'expired', 'blocked', 'failed');
CREATE INDEX requests_alike ON pay_requests (merchant_id, receiver_value, amount_satang);
CREATE UNIQUE INDEX request_is_resent_once ON pay_requests (resend_of) WHERE resend_of IS NOT NULL AND state <> 'discarded';
CREATE UNIQUE INDEX request_at_bank ON pay_requests (bank_reference) WHERE bank_reference <> '';
CREATE INDEX requests_by_date ON pay_requests (merchant_id, created_at, id);
CREATE INDEX requests_by_state ON pay_requests (merchant_id, state, created_at, id);
CREATE INDEX requests_by_amount ON pay_requests (merchant_id, amount_satang, id);
CREATE INDEX requests_by_end ON pay_requests (merchant_id, ends_on, id);
CREATE INDEX requests_waiting ON pay_requests (merchant_id, send_on, id) WHERE send_on IS NOT NULL;
CREATE INDEX requests_of_import ON pay_requests (import_id, id) WHERE import_id IS NOT NULL;
CREATE INDEX requests_of_invoice ON pay_requests (merchant_id, invoice_number) WHERE invoice_number <> '';
CREATE INDEX requests_of_bill ON pay_requests (presentment_id) WHERE presentment_id IS NOT NULL;
CREATE INDEX requests_to_ask_about ON pay_requests (ask_at) WHERE ask_at IS NOT NULL;
CREATE INDEX requests_words ON pay_requests USING gin (words gin_trgm_ops);

-- When a request is to be sent, if not at once, and until when it can be paid.
-- +goose StatementBegin
CREATE FUNCTION request_times(r pay_requests, OUT sends timestamptz, OUT ends timestamptz) LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    sends := (r.send_on + coalesce(nullif(r.send_at, ''), '00:00')::time) AT TIME ZONE 'Asia/Bangkok';
    ends := (r.ends_on + time '23:59') AT TIME ZONE 'Asia/Bangkok';
END $$;
-- +goose StatementEnd

-- What else collects, or has collected, what a request is for. Of a bill that the
-- request itself names, only that it is paid already counts.
-- +goose StatementBegin
CREATE FUNCTION request_collisions(r pay_requests) RETURNS TABLE (kind text, id uuid, name text, state text, satang bigint)
LANGUAGE plpgsql STABLE ROWS 2 SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT 'request', o.id, o.receiver_name, o.state, o.amount_satang FROM pay_requests o
        WHERE o.merchant_id = r.merchant_id AND o.id <> r.id AND request_counts(o.state)
          AND (o.presentment_id = r.presentment_id OR r.invoice_number <> '' AND o.invoice_number = r.invoice_number AND o.receiver_value = r.receiver_value)
        UNION ALL
        SELECT 'debit', o.id, o.payer_name, o.state, o.amount_satang FROM debits o
        WHERE o.merchant_id = r.merchant_id AND debit_counts(o.state)
          AND (o.presentment_id = r.presentment_id OR r.invoice_number <> '' AND o.invoice_number = r.invoice_number
               AND EXISTS (SELECT FROM payers p WHERE p.id = o.payer_id AND r.receiver_value IN (p.tax_id, p.mobile)))
        UNION ALL
        SELECT CASE WHEN coalesce(s.received_satang + s.withheld_satang + s.fee_satang, 0) > 0 OR b.buyer_decision = 'paid' THEN 'paid' ELSE 'open' END,
            b.id, b.document_number, b.state, b.total_satang
        FROM presentments b LEFT JOIN presentment_payments s ON s.presentment_id = b.id
        WHERE b.merchant_id = r.merchant_id AND b.state NOT IN ('draft', 'discarded', 'cancelled', 'replaced', 'refused')
          AND (b.id = r.presentment_id AND (b.buyer_decision = 'paid' OR coalesce(s.received_satang + s.withheld_satang + s.fee_satang, 0) + r.amount_satang > b.total_satang)
            OR b.id IS DISTINCT FROM r.presentment_id AND r.invoice_number <> '' AND b.document_number = r.invoice_number AND b.buyer_tax_id = r.receiver_value);
END $$;
-- +goose StatementEnd

-- As in 0030, and requests to pay.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION debit_collisions(d debits) RETURNS TABLE (kind text, id uuid, name text, state text, satang bigint)
LANGUAGE plpgsql STABLE ROWS 2 SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT 'debit', o.id, o.payer_name, o.state, o.amount_satang FROM debits o
        WHERE o.merchant_id = d.merchant_id AND o.id <> d.id AND debit_counts(o.state)
          AND (o.presentment_id = d.presentment_id OR d.invoice_number <> '' AND o.invoice_number = d.invoice_number AND o.payer_id = d.payer_id)
        UNION ALL
        SELECT 'request', o.id, o.receiver_name, o.state, o.amount_satang FROM pay_requests o
        WHERE o.merchant_id = d.merchant_id AND request_counts(o.state)
          AND (o.presentment_id = d.presentment_id OR d.invoice_number <> '' AND o.invoice_number = d.invoice_number
               AND EXISTS (SELECT FROM payers p WHERE p.id = d.payer_id AND o.receiver_value IN (p.tax_id, p.mobile)))
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

-- What of a request is its content. A column that says something must be named
-- here, or it could be changed after approval.
-- +goose StatementBegin
CREATE FUNCTION request_content_differs(a pay_requests, b pay_requests) RETURNS boolean LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (a.sender_id, a.receiver_kind, a.receiver_value, a.receiver_name, a.amount_satang, a.reference, a.reference2, a.message, a.invoice_number, a.presentment_id,
            a.send_on, a.send_at, a.ends_on, a.repeat_reason, a.version)
        IS DISTINCT FROM
           (b.sender_id, b.receiver_kind, b.receiver_value, b.receiver_name, b.amount_satang, b.reference, b.reference2, b.message, b.invoice_number, b.presentment_id,
            b.send_on, b.send_at, b.ends_on, b.repeat_reason, b.version);
END $$;
-- +goose StatementEnd

-- What the bank's statuses make of a request, and from which states on: an older
-- word never undoes a newer one, and only a payment follows an end.
CREATE TABLE request_words (
    bank_status text NOT NULL,
    from_state  text NOT NULL,
    to_state    text NOT NULL,
    PRIMARY KEY (bank_status, from_state)
);
INSERT INTO request_words VALUES
    ('SENT', 'scheduled', 'sent'), ('ACKNOWLEDGED', 'scheduled', 'acknowledged'), ('ACKNOWLEDGED', 'sent', 'acknowledged'),
    ('SCHEDULED', 'sent', 'scheduled'), -- we thought that it went at once
    ('PAID', 'scheduled', 'paid'), ('PAID', 'sent', 'paid'), ('PAID', 'acknowledged', 'paid'), ('PAID', 'declined', 'paid'), ('PAID', 'expired', 'paid'),
    ('REJECTED', 'scheduled', 'declined'), ('REJECTED', 'sent', 'declined'), ('REJECTED', 'acknowledged', 'declined'),
    ('EXPIRED', 'scheduled', 'expired'), ('EXPIRED', 'sent', 'expired'), ('EXPIRED', 'acknowledged', 'expired'),
    ('BLOCKED', 'scheduled', 'blocked'), ('BLOCKED', 'sent', 'blocked'),
    ('FAILED', 'scheduled', 'failed'), ('FAILED', 'sent', 'failed');

-- What a request must be when it is asked for.
-- +goose StatementBegin
CREATE FUNCTION request_may_be_asked_for(r pay_requests) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    rules request_rules := request_rules_in_force(r.merchant_id);
    sends timestamptz;
    ends  timestamptz;
BEGIN
    SELECT t.sends, t.ends INTO sends, ends FROM request_times(r) AS t;
    IF NOT promptpay_id_sends(r.sender_id, r.merchant_id) THEN
        RAISE EXCEPTION 'the PromptPay id does not send' USING ERRCODE = 'check_violation', CONSTRAINT = 'request_has_a_sender';
    END IF;
    IF EXISTS (SELECT FROM promptpay_ids o WHERE o.merchant_id = r.merchant_id AND o.value = r.receiver_value AND o.active_from IS NOT NULL AND o.ended_at IS NULL) THEN
        RAISE EXCEPTION 'nobody asks themself' USING ERRCODE = 'check_violation', CONSTRAINT = 'request_asks_somebody_else';
    END IF;
    IF r.amount_satang NOT BETWEEN rules.min_satang AND rules.max_satang THEN
        RAISE EXCEPTION 'the amount is outside the limits' USING ERRCODE = 'check_violation', CONSTRAINT = 'request_is_within_limits';
    END IF;
    IF r.send_on < (now() AT TIME ZONE 'Asia/Bangkok')::date OR r.send_on > (now() AT TIME ZONE 'Asia/Bangkok')::date + 30
       OR ends < greatest(sends, now()) + interval '15 minutes' OR ends > greatest(sends, now()) + interval '30 days' THEN
        RAISE EXCEPTION 'the bank takes no such days' USING ERRCODE = 'check_violation', CONSTRAINT = 'request_is_in_time';
    END IF;
    IF r.resend_of IS NOT NULL AND NOT EXISTS (SELECT FROM pay_requests o WHERE o.id = r.resend_of AND o.state IN ('declined', 'expired', 'blocked', 'failed')) THEN
        RAISE EXCEPTION 'only what came to nothing is sent again' USING ERRCODE = 'check_violation', CONSTRAINT = 'request_resends_what_ended';
    END IF;
    -- Requests to one receiver, and for one bill, take turns here.
    PERFORM pg_advisory_xact_lock(7221138, hashtext(r.merchant_id::text || r.receiver_value));
    PERFORM pg_advisory_xact_lock(7221139, hashtext(coalesce(r.presentment_id::text, r.merchant_id::text || r.invoice_number)));
    IF r.repeat_reason = '' AND EXISTS (SELECT FROM pay_requests o WHERE o.merchant_id = r.merchant_id AND o.receiver_value = r.receiver_value
            AND o.amount_satang = r.amount_satang AND o.reference = r.reference AND o.id <> r.id AND request_counts(o.state)) THEN
        RAISE EXCEPTION 'there is one like it' USING ERRCODE = 'unique_violation', CONSTRAINT = 'request_is_not_repeated';
    END IF;
    IF rules.collision = 'block' AND EXISTS (SELECT FROM request_collisions(r)) THEN
        RAISE EXCEPTION 'it is collected another way' USING ERRCODE = 'check_violation', CONSTRAINT = 'request_collects_once';
    END IF;
END $$;
-- +goose StatementEnd

-- Whether the bank said it in this very transaction: a callback about the
-- request, or the answer to a question about it. xmin: the row was written here.
-- +goose StatementBegin
CREATE FUNCTION request_is_told(r pay_requests) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM callbacks c WHERE c.subject = 'request/' || r.id AND c.merchant_id = r.merchant_id AND c.state = 'processed' AND c.refusal = ''
            AND c.product = 'promptpay' AND c.status = r.bank_status AND c.bank_reference = r.bank_reference AND c.xmin = pg_current_xact_id()::xid)
        OR EXISTS (SELECT FROM inquiries q WHERE q.subject = 'request/' || r.id AND q.merchant_id = r.merchant_id AND q.operation = 'promptpay.inquire'
            AND q.state = 'answered' AND q.status = r.bank_status AND q.bank_reference = r.bank_reference AND q.xmin = pg_current_xact_id()::xid);
END $$;
-- +goose StatementEnd

-- Which state follows from what was asked and what the bank said.
-- +goose StatementBegin
CREATE FUNCTION request_state_follows(r pay_requests, was text) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked text := (SELECT i.state FROM instructions i WHERE i.id = r.instruction_id);
BEGIN
    IF was IN ('scheduled', 'sent', 'acknowledged', 'declined', 'expired') THEN
        RETURN acting_person() IS NULL AND asked = 'done' AND request_is_told(r)
            AND EXISTS (SELECT FROM request_words w WHERE w.bank_status = r.bank_status AND w.from_state = was AND w.to_state = r.state);
    END IF;
    RETURN coalesce(CASE r.state
        WHEN 'draft'     THEN asked IS NULL OR asked IN ('rejected', 'withdrawn', 'expired')
        WHEN 'discarded' THEN asked IS NULL OR asked IN ('rejected', 'withdrawn', 'expired')
        WHEN 'submitted' THEN asked = 'pending'
        WHEN 'approved'  THEN asked = 'approved'
        WHEN 'sending'   THEN asked = 'sending'
        WHEN 'unknown'   THEN asked = 'unknown'
        WHEN 'scheduled' THEN asked = 'done'
        WHEN 'sent'      THEN asked = 'done'
        WHEN 'failed'    THEN asked = 'failed'
    END, false) AND was NOT IN ('paid', 'blocked', 'failed');
END $$;
-- +goose StatementEnd

-- A request is written by makers as a draft, each of whom then stands among its
-- editors; its state follows from its instruction, and then from the bank's word.
-- +goose StatementBegin
CREATE FUNCTION request_changes_as_listed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    sends timestamptz;
    ends  timestamptz;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' OR NEW.instruction_id IS NOT NULL OR NEW.version <> 1 OR NEW.asks <> 0
           OR (NEW.bank_reference, NEW.bank_status, NEW.failure_code, NEW.failure_reason, NEW.payment_reference) <> ('', '', '', '', '')
           OR NEW.paid_at IS NOT NULL OR NEW.bank_said_at IS NOT NULL OR NEW.ask_at IS NOT NULL
           OR NEW.created_by IS DISTINCT FROM acting_person() OR NEW.editors <> ARRAY[NEW.created_by]
           OR NOT coalesce(has_duty(NEW.merchant_id, NEW.created_by, 'maker'), false) THEN
            RAISE EXCEPTION 'a request starts as the draft of the acting maker' USING ERRCODE = 'check_violation', CONSTRAINT = 'request_starts_as_draft';
        END IF;
        RETURN NEW;
    END IF;
    IF request_content_differs(NEW, OLD)
       AND (OLD.state <> 'draft' OR NOT coalesce(acting_person() = ANY (NEW.editors) AND has_duty(NEW.merchant_id, acting_person(), 'maker'), false)) THEN
        RAISE EXCEPTION 'only a draft is edited, by a maker who is its editor' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'request_is_editable';
    END IF;
    IF NOT NEW.editors @> OLD.editors OR NOT OLD.editors || coalesce(acting_person(), OLD.created_by) @> NEW.editors
       OR (NEW.created_by, NEW.created_at, NEW.merchant_id, NEW.resend_of, NEW.import_id) IS DISTINCT FROM (OLD.created_by, OLD.created_at, OLD.merchant_id, OLD.resend_of, OLD.import_id) THEN
        RAISE EXCEPTION 'who had a hand in it, and where it comes from, stays' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'request_keeps_its_origin';
    END IF;
    IF NEW.instruction_id IS DISTINCT FROM OLD.instruction_id
       AND (OLD.state <> 'draft' OR NOT EXISTS (SELECT FROM instructions i WHERE i.id = NEW.instruction_id AND i.merchant_id = NEW.merchant_id
            AND i.operation = 'promptpay.create' AND i.subject = 'request/' || NEW.id)) THEN
        RAISE EXCEPTION 'what was asked for keeps its instruction' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'request_keeps_its_instruction';
    END IF;
    IF NEW.bank_reference <> OLD.bank_reference
       AND NEW.bank_reference <> coalesce((SELECT i.bank_reference FROM instructions i WHERE i.id = NEW.instruction_id), '') THEN
        RAISE EXCEPTION 'a request has the name that the bank gave it' USING ERRCODE = 'check_violation', CONSTRAINT = 'request_is_named_by_its_instruction';
    END IF;
    IF (NEW.bank_status, NEW.bank_said_at, NEW.payment_reference, NEW.paid_at) IS DISTINCT FROM (OLD.bank_status, OLD.bank_said_at, OLD.payment_reference, OLD.paid_at)
       AND NOT (acting_person() IS NULL AND request_is_told(NEW)) THEN
        RAISE EXCEPTION 'only the bank says what became of it' USING ERRCODE = 'check_violation', CONSTRAINT = 'request_is_told_by_the_bank';
    END IF;
    IF NEW.state = OLD.state THEN
        IF NEW.failure_code <> OLD.failure_code OR NEW.failure_reason <> OLD.failure_reason THEN
            RAISE EXCEPTION 'a request fails by its outcome' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'request_fails_by_its_outcome';
        END IF;
        RETURN NEW;
    END IF;
    IF NOT request_state_follows(NEW, OLD.state) OR NEW.state = 'paid' AND (NEW.paid_at IS NULL OR NEW.payment_reference = '') THEN
        RAISE EXCEPTION 'a request is not % by what is known', NEW.state USING ERRCODE = 'check_violation', CONSTRAINT = 'request_state_follows';
    END IF;
    IF 'discarded' IN (NEW.state, OLD.state)
       AND (OLD.state NOT IN ('draft', 'discarded') OR NEW.state NOT IN ('draft', 'discarded')
            OR NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker'), false)) THEN
        RAISE EXCEPTION 'a maker discards a draft' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'only_a_draft_request_is_discarded';
    END IF;
    IF NEW.state = 'submitted' THEN
        PERFORM request_may_be_asked_for(NEW);
    END IF;
    SELECT t.sends, t.ends INTO sends, ends FROM request_times(NEW) AS t;
    -- The bank tells by itself; it is asked where a word of it is overdue.
    NEW.asks := 0;
    NEW.ask_at := CASE
        WHEN NEW.state = 'unknown' THEN now() + interval '10 seconds'
        WHEN NEW.state = 'scheduled' THEN greatest(sends, now()) + interval '1 minute'
        WHEN NEW.state IN ('sent', 'acknowledged') THEN least(greatest(ends, now()) + interval '1 minute', now() + interval '6 hours') END;
    NEW.state_since := now();
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER request_changes_as_listed BEFORE INSERT OR UPDATE ON pay_requests FOR EACH ROW EXECUTE FUNCTION request_changes_as_listed();
CREATE TRIGGER requests_are_not_deleted BEFORE DELETE ON pay_requests FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER requests_are_not_truncated BEFORE TRUNCATE ON pay_requests FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What asks for a request is decided on and sent while the bank still takes it:
-- on the day of its sending at the latest, and before it ends.
-- +goose StatementBegin
CREATE FUNCTION instruction_suits_its_request() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    r    pay_requests;
    ends timestamptz;
BEGIN
    SELECT * INTO r FROM pay_requests WHERE NEW.subject = 'request/' || id AND id = split_part(NEW.subject, '/', 2)::uuid AND merchant_id = NEW.merchant_id;
    IF NEW.part <> 0 OR r.id IS NULL OR NEW.amount_satang <> r.amount_satang OR NOT content_names_once(convert_from(NEW.payload, 'UTF8')::json) THEN
        RAISE EXCEPTION 'the bank is asked for the request as it is' USING ERRCODE = 'check_violation', CONSTRAINT = 'instruction_says_its_request';
    END IF;
    SELECT t.ends INTO ends FROM request_times(r) AS t;
    NEW.expires_at := least(NEW.expires_at, ends - interval '15 minutes', (r.send_on + 1)::timestamp AT TIME ZONE 'Asia/Bangkok');
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- After instruction_starts_pending, whose word about the time it shortens.
CREATE TRIGGER instruction_to_request_suits_it BEFORE INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation = 'promptpay.create') EXECUTE FUNCTION instruction_suits_its_request();
-- As in 0031; what PromptPay's operations are about is looked at where it is kept.
DROP TRIGGER instruction_suits_its_subject ON instructions;
CREATE TRIGGER instruction_suits_its_subject BEFORE INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation NOT IN ('mandate.cancel', 'debit.create', 'schedule.create', 'schedule.cancel') AND NEW.operation NOT LIKE 'promptpay.%')
    EXECUTE FUNCTION instruction_suits_its_subject();

-- When the transaction ends, what people are shown and the bank is told is the
-- request as it stands, which knows what asks for it and is a draft no more.
-- +goose StatementBegin
CREATE FUNCTION people_see_the_request() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := convert_from(NEW.payload, 'UTF8')::jsonb;
    r     pay_requests;
    own   promptpay_ids;
    ends  timestamptz;
BEGIN
    SELECT * INTO r FROM pay_requests WHERE id = split_part(NEW.subject, '/', 2)::uuid AND merchant_id = NEW.merchant_id;
    IF r.instruction_id IS DISTINCT FROM NEW.id OR r.state IN ('draft', 'discarded') THEN
        RAISE EXCEPTION 'its subject knows nothing of it' USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_is_its_subjects';
    END IF;
    SELECT * INTO own FROM promptpay_ids WHERE id = r.sender_id;
    SELECT t.ends INTO ends FROM request_times(r) AS t;
    IF ((asked ->> 'amount')::numeric * 100, (asked ->> 'totalAmount')::numeric * 100, asked ->> 'senderKind', asked ->> 'senderProxyValue', asked ->> 'receiverKind', asked ->> 'receiverProxyValue',
        asked ->> 'receiverName', asked ->> 'billReference1', coalesce(asked ->> 'billReference2', ''), coalesce(asked ->> 'message', ''), (asked ->> 'expiryDateTime')::timestamptz,
        (asked ->> 'instructionDate')::date, coalesce(asked ->> 'instructionTime', ''), coalesce(asked ->> 'invoiceNumber', ''), coalesce(asked ->> 'repeatReason', ''))
       IS DISTINCT FROM
       (r.amount_satang::numeric, r.amount_satang::numeric, own.kind, own.value, r.receiver_kind, r.receiver_value,
        r.receiver_name, r.reference, r.reference2, r.message, ends, r.send_on, r.send_at, r.invoice_number, r.repeat_reason)
       OR asked - ARRAY['amount', 'totalAmount', 'senderKind', 'senderProxyValue', 'receiverKind', 'receiverProxyValue', 'receiverName', 'billReference1', 'billReference2',
            'message', 'expiryDateTime', 'instructionDate', 'instructionTime', 'invoiceNumber', 'repeatReason'] <> '{}' THEN
        RAISE EXCEPTION 'people see the request as it is' USING ERRCODE = 'check_violation', CONSTRAINT = 'people_see_the_request';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER people_see_the_request AFTER INSERT ON instructions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.operation = 'promptpay.create') EXECUTE FUNCTION people_see_the_request();

-- Whoever wrote the request had a hand in it.
-- +goose StatementBegin
CREATE FUNCTION request_keeps_its_authors() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO instruction_authors (instruction_id, merchant_id, person_id)
    SELECT NEW.id, NEW.merchant_id, unnest(r.editors) FROM pay_requests r WHERE r.id = split_part(NEW.subject, '/', 2)::uuid AND r.merchant_id = NEW.merchant_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- After the maker is among them, as with receipts.
CREATE TRIGGER its_request_keeps_its_authors AFTER INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation = 'promptpay.create') EXECUTE FUNCTION request_keeps_its_authors();

-- Neither approved nor sent is what the bank would no longer take, or goes out
-- under a PromptPay id that has ended.
-- +goose StatementBegin
CREATE FUNCTION request_is_still_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    r pay_requests;
BEGIN
    SELECT * INTO r FROM pay_requests WHERE id = split_part(NEW.subject, '/', 2)::uuid AND merchant_id = NEW.merchant_id;
    IF NOT promptpay_id_sends(r.sender_id, r.merchant_id) THEN
        RAISE EXCEPTION 'the PromptPay id does not send' USING ERRCODE = 'check_violation', CONSTRAINT = 'request_has_a_sender';
    END IF;
    IF NEW.expires_at <= now() THEN
        RAISE EXCEPTION 'the bank takes no such days' USING ERRCODE = 'check_violation', CONSTRAINT = 'request_is_in_time';
    END IF;
    IF r.resend_of IS NOT NULL AND NOT EXISTS (SELECT FROM pay_requests o WHERE o.id = r.resend_of AND o.state IN ('declined', 'expired', 'blocked', 'failed')) THEN
        RAISE EXCEPTION 'only what came to nothing is sent again' USING ERRCODE = 'check_violation', CONSTRAINT = 'request_resends_what_ended';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER request_is_still_allowed BEFORE UPDATE OF state ON instructions FOR EACH ROW
    WHEN (NEW.operation = 'promptpay.create' AND NEW.state <> OLD.state AND (NEW.state = 'sending' OR NEW.state = 'approved' AND OLD.state = 'pending'))
    EXECUTE FUNCTION request_is_still_allowed();

-- An unclear outcome is settled by the bank's answer about the very attempt: it
-- has it in some state, or, asked well after it could have come in, has not.
INSERT INTO settling_words SELECT 'promptpay.create', 'promptpay.inquire', w.status, w.outcome FROM (VALUES
    ('SCHEDULED', 'done'), ('SENT', 'done'), ('ACKNOWLEDGED', 'done'), ('PAID', 'done'), ('REJECTED', 'done'), ('EXPIRED', 'done'), ('BLOCKED', 'done'), ('FAILED', 'done'),
    ('NONE', 'failed')) AS w (status, outcome);
-- +goose StatementBegin
CREATE FUNCTION request_is_settled_by_its_answer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    i instructions;
BEGIN
    SELECT * INTO i FROM instructions WHERE id = NEW.instruction_id;
    IF i.operation <> 'promptpay.create' THEN
        RETURN NEW;
    END IF;
    IF NEW.inquiry_id IS NULL OR NOT EXISTS (
        SELECT FROM inquiries q JOIN exchanges x ON x.inquiry_id = q.id JOIN exchange_results e ON e.exchange_id = x.id
            JOIN attempts t ON t.instruction_id = i.id AND t.outcome = 'unknown' AND convert_from(q.payload, 'UTF8')::jsonb ->> 'transactionIdentification' = t.id::text
        WHERE q.id = NEW.inquiry_id AND (CASE NEW.outcome
            WHEN 'done' THEN e.outcome = 'done' AND e.body_masked::jsonb #>> '{transactions,0,transactionIdentification}' = t.id::text
                AND e.body_masked::jsonb #>> '{transactions,0,rtpReference}' = NEW.bank_reference
                AND (e.body_masked::jsonb #>> '{transactions,0,amount}')::numeric * 100 = i.amount_satang
            ELSE e.outcome = 'refused' AND q.asked_at > t.claimed_at + interval '5 minutes' END)) THEN
        RAISE EXCEPTION 'the bank''s answer settles only what it names' USING ERRCODE = 'check_violation', CONSTRAINT = 'settled_by_an_answer_that_names_it';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER request_is_settled_by_its_answer BEFORE INSERT ON settlements FOR EACH ROW
    WHEN (NEW.inquiry_id IS NOT NULL OR NEW.callback_id IS NOT NULL) EXECUTE FUNCTION request_is_settled_by_its_answer();

ALTER TABLE inquiries DROP CONSTRAINT inquiry_operation_is_known;
ALTER TABLE inquiries ADD CONSTRAINT inquiry_operation_is_known CHECK (operation IN ('etax.retrieve', 'consent.prepare', 'consent.retrieve',
    'mandate.deeplink', 'mandate.status', 'mandate.list', 'debit.status', 'debit.list', 'schedule.list', 'promptpay.inquire', 'promptpay.blocked'));
-- A question about a request is about one's own, by the name that an attempt at
-- it had, or by the bank's.
-- +goose StatementBegin
CREATE FUNCTION inquiry_is_about_ones_own_request() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := convert_from(NEW.payload, 'UTF8')::jsonb;
BEGIN
    IF NOT content_names_once(convert_from(NEW.payload, 'UTF8')::json) OR NOT EXISTS (SELECT FROM pay_requests r
        WHERE r.id = split_part(NEW.subject, '/', 2)::uuid AND NEW.subject = 'request/' || r.id AND r.merchant_id = NEW.merchant_id
            AND (asked = jsonb_build_object('rtpReference', r.bank_reference) AND r.bank_reference <> ''
              OR asked - 'transactionIdentification' = '{}' AND EXISTS (SELECT FROM attempts t WHERE t.instruction_id = r.instruction_id AND t.id::text = asked ->> 'transactionIdentification'))) THEN
        RAISE EXCEPTION 'a question is about a request of one''s own' USING ERRCODE = 'check_violation', CONSTRAINT = 'inquiry_is_about_ones_own';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER inquiry_is_about_ones_own_request BEFORE INSERT ON inquiries FOR EACH ROW
    WHEN (NEW.operation = 'promptpay.inquire' AND NEW.subject LIKE 'request/%') EXECUTE FUNCTION inquiry_is_about_ones_own_request();

-- The list, as debits are listed. No value of the filter becomes part of the SQL.
-- +goose StatementBegin
CREATE FUNCTION request_conditions(filter jsonb) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT 'd.merchant_id = $1' || coalesce(string_agg(' AND ' || c.condition, '' ORDER BY c.key), '') FROM (VALUES
        ('pattern', 'd.words LIKE ($2 ->> ''pattern'')'),
        ('on_from', 'd.created_at >= ($2 ->> ''on_from'')::date::timestamp AT TIME ZONE ''Asia/Bangkok'''),
        ('on_to', 'd.created_at < (($2 ->> ''on_to'')::date + 1)::timestamp AT TIME ZONE ''Asia/Bangkok'''),
        ('amount_from', 'd.amount_satang >= ($2 ->> ''amount_from'')::bigint'),
        ('amount_to', 'd.amount_satang <= ($2 ->> ''amount_to'')::bigint'),
        ('import', 'd.import_id = ($2 ->> ''import'')::uuid'),
        ('state', 'd.state = ($2 ->> ''state'')')
    ) AS c (key, condition) WHERE filter ? c.key
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION requests_listed(filter jsonb, sort text, descending boolean, place text, place_id uuid, at_most integer) RETURNS TABLE (request_id uuid)
LANGUAGE plpgsql STABLE ROWS 60 SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
    sorted  text := CASE sort WHEN 'date' THEN 'created_at' WHEN 'amount' THEN 'amount_satang' WHEN 'end' THEN 'ends_on' END;
    of_type text := CASE sort WHEN 'date' THEN 'timestamptz' WHEN 'amount' THEN 'bigint' WHEN 'end' THEN 'date' END;
    wanted  text := request_conditions(filter);
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
    RETURN QUERY EXECUTE format('SELECT d.id FROM pay_requests d WHERE %s ORDER BY d.%I %3$s, d.id %3$s LIMIT $5', wanted, sorted, CASE WHEN descending THEN 'DESC' ELSE 'ASC' END)
        USING acting_merchant(), filter, place, place_id, at_most;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION requests_counted(filter jsonb, at_most integer) RETURNS TABLE (number bigint, sum_satang bigint)
LANGUAGE plpgsql STABLE ROWS 1 SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT count(*), coalesce(sum(l.amount_satang), 0)::bigint FROM (SELECT d.amount_satang FROM pay_requests d WHERE %s %s LIMIT $3) l',
            request_conditions(filter), CASE WHEN filter ? 'state' THEN '' ELSE 'AND d.state <> ''discarded''' END)
        USING acting_merchant(), filter, at_most;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION promptpay_id_is_well_formed, promptpay_id_is_kept_by_two, promptpay_id_sends, request_rules_in_force, request_rules_are_allowed, request_counts,
    request_times, request_collisions, request_content_differs, request_may_be_asked_for, request_is_told, request_state_follows, request_changes_as_listed,
    instruction_suits_its_request, people_see_the_request, request_keeps_its_authors, request_is_still_allowed, request_is_settled_by_its_answer,
    inquiry_is_about_ones_own_request, request_conditions, requests_listed, requests_counted FROM PUBLIC;
GRANT EXECUTE ON FUNCTION promptpay_id_is_well_formed, promptpay_id_sends, request_rules_in_force, request_counts, request_times, request_collisions TO portal_web, portal_worker;
GRANT EXECUTE ON FUNCTION requests_listed, requests_counted TO portal_web;

SELECT audit_table('promptpay_ids', 'promptpayid', 'id');
SELECT audit_table('request_rules', 'requestrules', 'id');
SELECT audit_table('pay_requests', 'request', 'id');
SELECT isolate_merchants(t) FROM unnest(ARRAY['promptpay_ids', 'request_rules', 'pay_requests']) AS t;
GRANT SELECT ON promptpay_ids, request_rules, pay_requests, request_words TO portal_web, portal_worker;
GRANT INSERT (id, merchant_id, kind, value, label, sends, receives, proposed_by), UPDATE (decision, decided_by, end_asked_by, ended_by) ON promptpay_ids TO portal_web;
GRANT INSERT (id, merchant_id, base_version, min_satang, max_satang, open_days, collision, note, proposed_by), UPDATE (decision, decided_by) ON request_rules TO portal_web;
GRANT INSERT (id, merchant_id, sender_id, receiver_kind, receiver_value, receiver_name, amount_satang, reference, reference2, message, invoice_number, presentment_id,
    send_on, send_at, ends_on, repeat_reason, resend_of, import_id, created_by, editors) ON pay_requests TO portal_web;
GRANT UPDATE (sender_id, receiver_kind, receiver_value, receiver_name, amount_satang, reference, reference2, message, invoice_number, presentment_id, send_on, send_at,
    ends_on, repeat_reason, state, version, edited_at, editors, instruction_id, bank_reference, failure_code, failure_reason) ON pay_requests TO portal_web;
GRANT UPDATE (state, bank_reference, bank_status, bank_said_at, failure_code, failure_reason, payment_reference, paid_at, asks, ask_at) ON pay_requests TO portal_worker;
-- As in 0032: through the web process somebody acts, and the worker acts for nobody.
-- +goose StatementBegin
DO $$
DECLARE
    written text;
BEGIN
    FOREACH written IN ARRAY ARRAY['promptpay_ids', 'request_rules', 'pay_requests'] LOOP
        EXECUTE format('CREATE POLICY somebody_acts_here ON %I AS RESTRICTIVE FOR INSERT TO portal_web WITH CHECK ((SELECT acting_person()) IS NOT NULL)', written);
        EXECUTE format('CREATE POLICY somebody_changes_it ON %I AS RESTRICTIVE FOR UPDATE TO portal_web USING (true) WITH CHECK ((SELECT acting_person()) IS NOT NULL)', written);
        EXECUTE format('CREATE POLICY the_worker_is_nobody ON %I AS RESTRICTIVE FOR INSERT TO portal_worker WITH CHECK ((SELECT acting_person()) IS NULL)', written);
        EXECUTE format('CREATE POLICY the_worker_changes_as_nobody ON %I AS RESTRICTIVE FOR UPDATE TO portal_worker USING (true) WITH CHECK ((SELECT acting_person()) IS NULL)', written);
    END LOOP;
END $$;
-- +goose StatementEnd

-- Lists of requests are imported as debits are. 'blocks' are lists of whom
-- nothing is to come from.
ALTER TABLE import_items ADD COLUMN request_id uuid, ADD FOREIGN KEY (request_id, merchant_id) REFERENCES pay_requests (id, merchant_id);
GRANT UPDATE (request_id) ON import_items TO portal_web;
ALTER TABLE imports DROP CONSTRAINT import_kind_is_known;
ALTER TABLE imports ADD CONSTRAINT import_kind_is_known CHECK (kind IN ('bills', 'buyers', 'payments', 'payers', 'debits', 'requests', 'blocks'));
ALTER TABLE import_items DROP CONSTRAINT import_item_is_made_or_not;
ALTER TABLE import_items ADD CONSTRAINT import_item_is_made_or_not
    CHECK ((standing = 'made') = (num_nonnulls(presentment_id, buyer_id, payment_id, debit_id, payer_id, request_id) = 1));
