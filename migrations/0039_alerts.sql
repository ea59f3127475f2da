-- Alerts: requests to pay that others send to our PromptPay ids. The bank tells
-- of each in a callback; people answer that it was received, that it will be
-- paid, or that it will not, and until then it runs out by itself. Suppliers are
-- the senders that a merchant knows.

-- +goose Up

CREATE TABLE suppliers (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    name        text NOT NULL CONSTRAINT supplier_has_a_name CHECK (length(name) BETWEEN 1 AND 200),
    -- The PromptPay id that its alerts come from.
    proxy_kind  text NOT NULL CONSTRAINT supplier_proxy_kind_is_known CHECK (proxy_kind IN ('mobile', 'national', 'tax', 'ewallet', 'biller')),
    proxy_value text NOT NULL CONSTRAINT supplier_proxy_has_digits CHECK (proxy_value ~ '^[0-9]{10,15}$'),
    buyer_id    uuid, -- who it is among those that we sell to
    note        text NOT NULL DEFAULT '' CONSTRAINT supplier_note_is_short CHECK (length(note) <= 300),
    state       text NOT NULL DEFAULT 'active' CONSTRAINT supplier_state_is_known CHECK (state IN ('active', 'archived')),
    version     integer NOT NULL DEFAULT 1,
    alert_id    uuid, -- that it was learned from
    created_by  uuid REFERENCES people, -- nobody, where it was learned by itself
    created_at  timestamptz NOT NULL DEFAULT now(),
    edited_at   timestamptz NOT NULL DEFAULT now(),
    sort_name   text COLLATE "C" NOT NULL GENERATED ALWAYS AS (buyer_order(name)) STORED,
    words       text NOT NULL GENERATED ALWAYS AS (lower(name || ' ' || proxy_value || ' ' || note)) STORED,
    CONSTRAINT supplier_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT supplier_is_known_once UNIQUE (merchant_id, proxy_kind, proxy_value),
    FOREIGN KEY (buyer_id, merchant_id) REFERENCES buyers (id, merchant_id)
);
CREATE INDEX suppliers_by_name ON suppliers (merchant_id, state, sort_name, id);
CREATE INDEX suppliers_of_buyer ON suppliers (buyer_id) WHERE buyer_id IS NOT NULL;
CREATE INDEX suppliers_words ON suppliers USING gin (words gin_trgm_ops);

CREATE TABLE alerts (
    id                 uuid PRIMARY KEY,
    merchant_id        uuid NOT NULL REFERENCES merchants,
    -- The bank's name for it.
    rtp_reference      text NOT NULL CONSTRAINT alert_reference_is_short CHECK (length(rtp_reference) BETWEEN 1 AND 35),
    promptpay_id       uuid NOT NULL, -- ours, that it was sent to
    sender_kind        text NOT NULL CONSTRAINT alert_sender_kind_is_known CHECK (sender_kind IN ('mobile', 'national', 'tax', 'ewallet', 'biller')),
    sender_value       text NOT NULL CONSTRAINT alert_sender_has_digits CHECK (sender_value ~ '^[0-9]{10,15}$'),
    sender_name        text NOT NULL CONSTRAINT alert_sender_name_is_short CHECK (length(sender_name) <= 200),
    amount_satang      bigint NOT NULL CONSTRAINT alert_is_above_zero CHECK (amount_satang > 0),
    reference1         text NOT NULL CONSTRAINT alert_reference1_is_short CHECK (length(reference1) <= 50),
    reference2         text NOT NULL CONSTRAINT alert_reference2_is_short CHECK (length(reference2) <= 50),
    -- The sender's words: shown as text, and believed by nobody.
    message            text NOT NULL CONSTRAINT alert_message_is_short CHECK (length(message) <= 500),
    expires_at         timestamptz NOT NULL,
    arrived_at         timestamptz NOT NULL DEFAULT now(),
    callback_id        uuid NOT NULL,
    -- How it stands, and what the bank was told last. alert_standing says both.
    state              text NOT NULL DEFAULT 'open' CONSTRAINT alert_state_is_known
                       CHECK (state IN ('open', 'submitted', 'approved', 'sending', 'unknown', 'received', 'will_pay', 'refused', 'paid', 'expired')),
    state_since        timestamptz NOT NULL DEFAULT now(),
    answer             text NOT NULL DEFAULT '' CONSTRAINT alert_answer_is_known CHECK (answer IN ('', 'received', 'will_pay', 'refused')),
    answered_at        timestamptz,
    acknowledgement_id uuid, -- the instruction that answers it, or tried to
    -- What the bank says of it, and the word that says so.
    bank_status        text NOT NULL DEFAULT '',
    told_callback_id   uuid,
    told_inquiry_id    uuid,
    paid_at            timestamptz,
    payment_reference  text NOT NULL DEFAULT '',
    -- How often the bank was asked by itself about an unknown answer, and when it will be again.
    asks               smallint NOT NULL DEFAULT 0,
    ask_at             timestamptz,
    -- What is odd about it: rules and what they found, no verdict.
    suspicions         jsonb NOT NULL DEFAULT '[]' CONSTRAINT alert_suspicions_are_a_list CHECK (jsonb_typeof(suspicions) = 'array'),
    suspicious         boolean NOT NULL GENERATED ALWAYS AS (suspicions <> '[]') STORED,
    -- When people were told that its time is nearly over.
    warned_at          timestamptz,
    -- Under which heading the inbox has it.
    box                text NOT NULL GENERATED ALWAYS AS (CASE
                           WHEN state IN ('open', 'received') THEN 'decide' WHEN state IN ('submitted', 'approved', 'sending', 'unknown') THEN 'moving'
                           WHEN state = 'will_pay' THEN 'pay' WHEN state = 'expired' THEN 'expired' ELSE 'answered' END) STORED,
    words              text NOT NULL GENERATED ALWAYS AS (lower(sender_name || ' ' || sender_value || ' ' || rtp_reference || ' ' || reference1 || ' ' || reference2)) STORED,
    CONSTRAINT alert_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT alert_arrives_once UNIQUE (merchant_id, rtp_reference),
    FOREIGN KEY (promptpay_id, merchant_id) REFERENCES promptpay_ids (id, merchant_id),
    FOREIGN KEY (callback_id, merchant_id) REFERENCES callbacks (id, merchant_id),
    FOREIGN KEY (told_callback_id, merchant_id) REFERENCES callbacks (id, merchant_id),
    FOREIGN KEY (told_inquiry_id, merchant_id) REFERENCES inquiries (id, merchant_id),
    FOREIGN KEY (acknowledgement_id, merchant_id) REFERENCES instructions (id, merchant_id)
);
ALTER TABLE suppliers ADD FOREIGN KEY (alert_id, merchant_id) REFERENCES alerts (id, merchant_id);
CREATE INDEX alerts_by_end ON alerts (merchant_id, box, expires_at, id);
CREATE INDEX alerts_newest ON alerts (merchant_id, arrived_at, id);
CREATE INDEX alerts_newest_in_box ON alerts (merchant_id, box, arrived_at, id);
CREATE INDEX alerts_suspicious ON alerts (merchant_id, arrived_at, id) WHERE suspicious;
CREATE INDEX alerts_to_warn_of ON alerts (expires_at) WHERE state IN ('open', 'received') AND warned_at IS NULL;
CREATE INDEX alerts_by_amount ON alerts (merchant_id, amount_satang, arrived_at, id);
CREATE INDEX alerts_of_sender ON alerts (merchant_id, sender_kind, sender_value, arrived_at, id);
CREATE INDEX alerts_of_name ON alerts (merchant_id, lower(sender_name), arrived_at);
CREATE INDEX alerts_by_reference ON alerts (rtp_reference);
CREATE INDEX alerts_to_expire ON alerts (expires_at) WHERE state IN ('open', 'received', 'will_pay');
CREATE INDEX alerts_to_ask_about ON alerts (ask_at) WHERE state = 'unknown';
CREATE INDEX alerts_words ON alerts USING gin (words gin_trgm_ops);

-- What the bank's word for an answer means here.
-- +goose StatementBegin
CREATE FUNCTION alert_answer_of(status text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT CASE status WHEN 'RCVD' THEN 'received' WHEN 'ACCP' THEN 'will_pay' WHEN 'RJCT' THEN 'refused' END
$$;
-- +goose StatementEnd

-- How an alert stands by all that is known: what its instruction has come to,
-- what the bank says, and the time. A paid one is paid, whatever else; what the
-- bank was told stays told.
-- +goose StatementBegin
CREATE FUNCTION alert_standing(a alerts, OUT state text, OUT answer text) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked  text;
    wanted text;
BEGIN
    SELECT i.state, alert_answer_of(convert_from(i.payload, 'UTF8')::jsonb ->> 'acknowledgementStatus') INTO asked, wanted
    FROM instructions i WHERE i.id = a.acknowledgement_id;
    answer := CASE WHEN asked = 'done' THEN wanted ELSE a.answer END;
    state := CASE
        WHEN asked = 'pending' THEN 'submitted'
        WHEN asked IN ('approved', 'sending', 'unknown') THEN asked
        WHEN a.bank_status = 'PAID' THEN 'paid'
        WHEN answer = 'refused' OR a.bank_status = 'REJECTED' THEN 'refused'
        WHEN a.bank_status = 'EXPIRED' OR a.expires_at <= now() THEN 'expired'
        WHEN answer <> '' THEN answer
        ELSE 'open' END;
END $$;
-- +goose StatementEnd

-- What the bank answered of an alert when it was asked this question.
-- +goose StatementBegin
CREATE FUNCTION alert_as_answered(inquiry uuid, reference text) RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT r.body_masked::jsonb #> '{transactions,0}' FROM exchanges x JOIN exchange_results r ON r.exchange_id = x.id
    WHERE x.inquiry_id = inquiry AND x.operation = 'promptpay.inquire' AND r.outcome = 'done' AND jsonb_array_length(r.body_masked::jsonb -> 'transactions') = 1
        AND r.body_masked::jsonb #>> '{transactions,0,rtpReference}' = reference
    ORDER BY x.began_at DESC LIMIT 1
$$;
-- +goose StatementEnd

-- An alert is what the bank told of it, in a callback that this transaction
-- itself has read; it moves by its own acknowledgement, by what the bank says of
-- it later, and by the clock. No role may write its state: it is set here.
-- +goose StatementBegin
CREATE FUNCTION alert_changes_as_told() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    held  CONSTANT text[] := ARRAY['state', 'state_since', 'answer', 'answered_at', 'acknowledgement_id', 'bank_status', 'told_callback_id', 'told_inquiry_id', 'paid_at',
        'payment_reference', 'asks', 'ask_at', 'suspicions', 'warned_at', 'suspicious', 'box', 'words']; -- the last three are made from others, later
    now_is record;
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- xmin: the row was written by this very transaction.
        IF acting_person() IS NOT NULL OR NEW.acknowledgement_id IS NOT NULL OR NEW.answer <> '' OR NEW.bank_status <> '' OR NEW.asks <> 0 OR NOT EXISTS (
            SELECT FROM callbacks c WHERE c.id = NEW.callback_id AND c.merchant_id = NEW.merchant_id AND c.product = 'promptpay' AND c.refusal = '' AND c.state = 'processed'
                AND c.subject = 'alert/' || NEW.id AND c.bank_reference = NEW.rtp_reference AND c.xmin = pg_current_xact_id()::xid) THEN
            RAISE EXCEPTION 'the bank tells of alerts' USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_is_told_by_the_bank';
        END IF;
        IF NOT EXISTS (SELECT FROM promptpay_ids p WHERE p.id = NEW.promptpay_id AND p.merchant_id = NEW.merchant_id AND p.receives
                AND p.active_from IS NOT NULL AND p.ended_at IS NULL) THEN
            RAISE EXCEPTION 'an alert comes to an id of ours' USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_comes_to_our_id';
        END IF;
        NEW.state := (alert_standing(NEW)).state;
        RETURN NEW;
    END IF;
    IF (to_jsonb(NEW) - held) <> (to_jsonb(OLD) - held) THEN
        RAISE EXCEPTION 'an alert stays as it came' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'alert_stays_as_it_came';
    END IF;
    IF NEW.acknowledgement_id IS DISTINCT FROM OLD.acknowledgement_id THEN
        IF OLD.state NOT IN ('open', 'received') OR (alert_standing(OLD)).state NOT IN ('open', 'received') OR NOT EXISTS (
            SELECT FROM instructions i WHERE i.id = NEW.acknowledgement_id AND i.merchant_id = NEW.merchant_id AND i.operation = 'promptpay.acknowledge'
                AND i.subject = 'alert/' || NEW.id AND i.part = 0 AND i.state = 'pending') THEN
            RAISE EXCEPTION 'an alert is answered once, by what asks about itself' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'alert_follows_its_own_answer';
        END IF;
    END IF;
    IF (NEW.bank_status, NEW.told_callback_id, NEW.told_inquiry_id, NEW.paid_at, NEW.payment_reference)
       IS DISTINCT FROM (OLD.bank_status, OLD.told_callback_id, OLD.told_inquiry_id, OLD.paid_at, OLD.payment_reference) THEN
        IF acting_person() IS NOT NULL OR OLD.bank_status = 'PAID' OR (NEW.paid_at IS NOT NULL) <> (NEW.bank_status = 'PAID')
           OR num_nonnulls(NEW.told_callback_id, NEW.told_inquiry_id) <> 1 OR NOT (
            EXISTS (SELECT FROM callbacks c WHERE c.id = NEW.told_callback_id AND c.merchant_id = NEW.merchant_id AND c.subject = 'alert/' || NEW.id AND c.refusal = ''
                AND c.state = 'processed' AND c.status = NEW.bank_status AND c.xmin = pg_current_xact_id()::xid)
            OR EXISTS (SELECT FROM inquiries q WHERE q.id = NEW.told_inquiry_id AND q.merchant_id = NEW.merchant_id AND q.subject = 'alert/' || NEW.id
                AND q.state = 'answered' AND q.xmin = pg_current_xact_id()::xid AND alert_as_answered(q.id, NEW.rtp_reference) ->> 'transactionStatus' = NEW.bank_status)) THEN
            RAISE EXCEPTION 'only the bank says how an alert stands there' USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_status_is_the_banks_word';
        END IF;
    END IF;
    -- What is odd about it is looked at anew when something became known of a supplier.
    IF NEW.suspicions <> OLD.suspicions AND NOT EXISTS (SELECT FROM suppliers s WHERE s.merchant_id = NEW.merchant_id AND s.xmin = pg_current_xact_id()::xid) THEN
        RAISE EXCEPTION 'what is odd about an alert stays' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'alert_suspicions_stay';
    END IF;
    SELECT s.state, s.answer INTO now_is FROM alert_standing(NEW) AS s;
    IF now_is.answer <> OLD.answer THEN
        NEW.answered_at := now();
    END IF;
    NEW.answer := now_is.answer;
    IF now_is.state <> OLD.state THEN
        -- The bank is asked ten seconds after it left us in doubt.
        NEW.ask_at := CASE WHEN now_is.state = 'unknown' THEN now() + interval '10 seconds' END;
        NEW.state_since := now();
    END IF;
    NEW.state := now_is.state;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER alert_changes_as_told BEFORE INSERT OR UPDATE ON alerts FOR EACH ROW EXECUTE FUNCTION alert_changes_as_told();
CREATE TRIGGER alerts_are_not_deleted BEFORE DELETE ON alerts FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER alerts_are_not_truncated BEFORE TRUNCATE ON alerts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Suppliers are in makers' hands. The worker learns one from an alert of which
-- the bank was told that it will be paid, as that alert names it.
-- +goose StatementBegin
CREATE FUNCTION supplier_is_kept_on_duty() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.id, NEW.merchant_id, NEW.alert_id, NEW.created_by, NEW.created_at) IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.alert_id, OLD.created_by, OLD.created_at) THEN
        RAISE EXCEPTION 'where a supplier comes from stays' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'supplier_origin_stays';
    END IF;
    IF TG_OP = 'INSERT' AND NEW.created_by IS NULL THEN
        IF NEW.buyer_id IS NOT NULL OR NEW.note <> '' OR NEW.state <> 'active' OR NOT EXISTS (
            SELECT FROM alerts a WHERE a.id = NEW.alert_id AND a.merchant_id = NEW.merchant_id AND a.answer = 'will_pay'
                AND (a.sender_kind, a.sender_value, a.sender_name) = (NEW.proxy_kind, NEW.proxy_value, NEW.name)) THEN
            RAISE EXCEPTION 'a supplier is learned from what will be paid' USING ERRCODE = 'check_violation', CONSTRAINT = 'supplier_is_learned_from_its_alert';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'INSERT' AND NEW.created_by IS DISTINCT FROM acting_person() OR NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker'), false) THEN
        RAISE EXCEPTION 'a maker keeps the suppliers' USING ERRCODE = 'check_violation', CONSTRAINT = 'supplier_is_kept_on_duty';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER supplier_is_kept_on_duty BEFORE INSERT OR UPDATE ON suppliers FOR EACH ROW EXECUTE FUNCTION supplier_is_kept_on_duty();
CREATE TRIGGER suppliers_are_not_deleted BEFORE DELETE ON suppliers FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What answers an alert answers that very alert, in time, and shows people the
-- alert as it is. Only an answer that is about its money has its amount.
-- +goose StatementBegin
CREATE FUNCTION instruction_answers_its_alert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := convert_from(NEW.payload, 'UTF8')::jsonb;
    a     alerts;
    stands text;
BEGIN
    SELECT * INTO a FROM alerts WHERE NEW.subject LIKE 'alert/%' AND id = split_part(NEW.subject, '/', 2)::uuid AND NEW.subject = 'alert/' || id AND merchant_id = NEW.merchant_id FOR UPDATE;
    IF a.id IS NULL OR NEW.part <> 0 OR NOT content_names_once(convert_from(NEW.payload, 'UTF8')::json)
       OR alert_answer_of(asked ->> 'acknowledgementStatus') IS NULL
       OR NEW.amount_satang <> (CASE asked ->> 'acknowledgementStatus' WHEN 'RCVD' THEN 0 ELSE a.amount_satang END)
       OR (asked ->> 'rtpReference', (asked ->> 'amount')::numeric * 100, asked ->> 'sender', asked ->> 'senderName', asked ->> 'billReference1', asked ->> 'billReference2',
           asked ->> 'message', (asked ->> 'expiresAt')::timestamptz, asked -> 'suspicions')
          IS DISTINCT FROM
          (a.rtp_reference, a.amount_satang::numeric, a.sender_kind || ' ' || a.sender_value, a.sender_name, a.reference1, a.reference2, a.message, a.expires_at, a.suspicions)
       OR (coalesce(asked ->> 'reason', '') <> '') <> (asked ->> 'acknowledgementStatus' = 'RJCT') THEN
        RAISE EXCEPTION 'people see the alert as it is' USING ERRCODE = 'check_violation', CONSTRAINT = 'instruction_answers_its_alert';
    END IF;
    stands := (alert_standing(a)).state;
    IF stands NOT IN ('open', 'received') OR stands = 'received' AND asked ->> 'acknowledgementStatus' = 'RCVD' THEN
        RAISE EXCEPTION 'it cannot be answered any more' USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_is_to_be_answered';
    END IF;
    NEW.expires_at := least(NEW.expires_at, a.expires_at);
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- After instruction_starts_pending, whose word about the time it shortens.
CREATE TRIGGER instruction_to_alert_says_it BEFORE INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation = 'promptpay.acknowledge') EXECUTE FUNCTION instruction_answers_its_alert();
-- +goose StatementBegin
CREATE FUNCTION alert_knows_its_answer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM alerts a WHERE a.id = split_part(NEW.subject, '/', 2)::uuid AND a.merchant_id = NEW.merchant_id AND a.acknowledgement_id = NEW.id AND a.state <> 'open') THEN
        RAISE EXCEPTION 'its alert knows nothing of it' USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_is_its_subjects';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER alert_knows_its_answer AFTER INSERT ON instructions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.operation = 'promptpay.acknowledge') EXECUTE FUNCTION alert_knows_its_answer();

-- Neither approved nor sent is the answer to what has run out or was paid.
-- +goose StatementBegin
CREATE FUNCTION answer_is_still_in_time() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM alerts a WHERE a.id = split_part(NEW.subject, '/', 2)::uuid AND (a.expires_at <= now() OR a.bank_status IN ('PAID', 'EXPIRED'))) THEN
        RAISE EXCEPTION 'it cannot be answered any more' USING ERRCODE = 'check_violation', CONSTRAINT = 'alert_is_to_be_answered';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER answer_is_still_in_time BEFORE UPDATE OF state ON instructions FOR EACH ROW
    WHEN (NEW.operation = 'promptpay.acknowledge' AND NEW.state <> OLD.state AND (NEW.state = 'sending' OR NEW.state = 'approved' AND OLD.state = 'pending'))
    EXECUTE FUNCTION answer_is_still_in_time();

-- Whoever wrote in the last day who the sender is had a hand in the answer.
-- +goose StatementBegin
CREATE FUNCTION supplier_editor_is_an_author() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO instruction_authors (instruction_id, merchant_id, person_id)
    SELECT DISTINCT NEW.id, NEW.merchant_id, l.person_id
    FROM alerts a JOIN suppliers s ON s.merchant_id = a.merchant_id AND s.proxy_kind = a.sender_kind AND s.proxy_value = a.sender_value
        JOIN audit_leaves l ON l.subject = 'supplier/' || s.id AND l.person_id IS NOT NULL AND l.at > now() - interval '24 hours'
            AND l.action IN ('supplier.added', 'supplier.edited', 'supplier.restored')
    WHERE a.id = split_part(NEW.subject, '/', 2)::uuid AND a.merchant_id = NEW.merchant_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- After the maker is among them, as with receipts.
CREATE TRIGGER supplier_editor_is_an_author AFTER INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation = 'promptpay.acknowledge') EXECUTE FUNCTION supplier_editor_is_an_author();

-- A question about an alert is about an alert of one's own.
-- +goose StatementBegin
CREATE FUNCTION inquiry_is_about_ones_own_alert() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT content_names_once(convert_from(NEW.payload, 'UTF8')::json) OR NOT EXISTS (
        SELECT FROM alerts a WHERE a.merchant_id = NEW.merchant_id AND 'alert/' || a.id = NEW.subject
            AND convert_from(NEW.payload, 'UTF8')::jsonb = jsonb_build_object('rtpReference', a.rtp_reference)) THEN
        RAISE EXCEPTION 'a question is about an alert of one''s own' USING ERRCODE = 'check_violation', CONSTRAINT = 'inquiry_is_about_ones_own';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER inquiry_is_about_ones_own_alert BEFORE INSERT ON inquiries FOR EACH ROW
    WHEN (NEW.operation = 'promptpay.inquire' AND NEW.subject LIKE 'alert/%') EXECUTE FUNCTION inquiry_is_about_ones_own_alert();

-- Whether an answer was given that is unknown, the bank itself tells: it keeps
-- the receiver's last word beside the alert.
INSERT INTO settling_words VALUES ('promptpay.acknowledge', 'promptpay.inquire', 'TOLD', 'done'), ('promptpay.acknowledge', 'promptpay.inquire', 'NOT TOLD', 'failed');
-- +goose StatementBegin
CREATE FUNCTION answer_is_settled_by_the_banks() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    i      instructions;
    wanted text;
    said   jsonb;
BEGIN
    SELECT * INTO i FROM instructions WHERE id = NEW.instruction_id;
    IF i.operation <> 'promptpay.acknowledge' THEN
        RETURN NEW;
    END IF;
    wanted := convert_from(i.payload, 'UTF8')::jsonb ->> 'acknowledgementStatus';
    said := alert_as_answered(NEW.inquiry_id, convert_from(i.payload, 'UTF8')::jsonb ->> 'rtpReference');
    IF said IS NULL OR NEW.outcome <> (CASE WHEN said ->> 'acknowledgementStatus' = wanted THEN 'done' ELSE 'failed' END) THEN
        RAISE EXCEPTION 'the bank''s answer settles only what it names' USING ERRCODE = 'check_violation', CONSTRAINT = 'settled_by_an_answer_that_names_it';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER answer_is_settled_by_the_banks BEFORE INSERT ON settlements FOR EACH ROW
    WHEN (NEW.inquiry_id IS NOT NULL) EXECUTE FUNCTION answer_is_settled_by_the_banks();

-- Senders whose alerts to an id of ours the bank does not deliver. Who they are
-- stands in a table that a later migration makes.
-- +goose StatementBegin
CREATE FUNCTION alert_senders_blocked(merchant uuid) RETURNS TABLE (promptpay_id uuid, sender_kind text, sender_value text)
LANGUAGE plpgsql STABLE ROWS 100 SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF to_regclass('public.blocks') IS NOT NULL THEN
        RETURN QUERY SELECT b.promptpay_id, b.sender_kind, b.sender_value FROM blocks b WHERE b.merchant_id = merchant
            AND b.state IN ('active', 'lift_submitted', 'lift_approved', 'lift_sending', 'lift_unknown');
    END IF;
END $$;
-- +goose StatementEnd

-- The list, as debits are listed (0030). No value of the filter becomes part of
-- the SQL.
-- +goose StatementBegin
CREATE FUNCTION alert_conditions(filter jsonb) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT 'a.merchant_id = $1' || coalesce(string_agg(' AND ' || c.condition, '' ORDER BY c.key), '') FROM (VALUES
        ('pattern', 'a.words LIKE ($2 ->> ''pattern'')'),
        ('on_from', 'a.arrived_at >= (($2 ->> ''on_from'')::date)::timestamp AT TIME ZONE ''Asia/Bangkok'''),
        ('on_to', 'a.arrived_at < (($2 ->> ''on_to'')::date + 1)::timestamp AT TIME ZONE ''Asia/Bangkok'''),
        ('amount_from', 'a.amount_satang >= ($2 ->> ''amount_from'')::bigint'),
        ('amount_to', 'a.amount_satang <= ($2 ->> ''amount_to'')::bigint'),
        ('sender', '(a.sender_kind, a.sender_value) = (split_part($2 ->> ''sender'', '' '', 1), split_part($2 ->> ''sender'', '' '', 2))'),
        ('suspicious', 'a.suspicious'),
        ('blocked', '(a.promptpay_id, a.sender_kind, a.sender_value) IN (SELECT b.promptpay_id, b.sender_kind, b.sender_value FROM alert_senders_blocked($1) AS b)'),
        ('box', 'a.box = ($2 ->> ''box'')')
    ) AS c (key, condition) WHERE filter ? c.key
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION alerts_listed(filter jsonb, sort text, descending boolean, place text, place_id uuid, at_most integer) RETURNS TABLE (alert_id uuid)
LANGUAGE plpgsql STABLE ROWS 60 SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
    sorted  text := CASE sort WHEN 'end' THEN 'expires_at' WHEN 'new' THEN 'arrived_at' WHEN 'amount' THEN 'amount_satang' END;
    of_type text := CASE sort WHEN 'end' THEN 'timestamptz' WHEN 'new' THEN 'timestamptz' WHEN 'amount' THEN 'bigint' END;
    wanted  text := alert_conditions(filter);
BEGIN
    IF sorted IS NULL OR at_most IS NULL THEN
        RAISE EXCEPTION 'no such list' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF place_id IS NOT NULL THEN
        wanted := wanted || format(' AND (a.%I, a.id) %s ($3::%s, $4)', sorted, CASE WHEN descending THEN '<' ELSE '>' END, of_type);
    END IF;
    RETURN QUERY EXECUTE format('SELECT a.id FROM alerts a WHERE %s ORDER BY a.%I %3$s, a.id %3$s LIMIT $5', wanted, sorted, CASE WHEN descending THEN 'DESC' ELSE 'ASC' END)
        USING acting_merchant(), filter, place, place_id, at_most;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION alerts_counted(filter jsonb, at_most integer) RETURNS TABLE (number bigint, sum_satang bigint)
LANGUAGE plpgsql STABLE ROWS 1 SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT count(*), coalesce(sum(l.amount_satang), 0)::bigint FROM (SELECT a.amount_satang FROM alerts a WHERE %s LIMIT $3) l', alert_conditions(filter))
        USING acting_merchant(), filter, at_most;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION alert_answer_of, alert_standing, alert_as_answered, alert_senders_blocked, alert_conditions, alerts_listed, alerts_counted FROM PUBLIC;
GRANT EXECUTE ON FUNCTION alert_standing TO portal_web, portal_worker;
GRANT EXECUTE ON FUNCTION alert_senders_blocked, alerts_listed, alerts_counted TO portal_web;

SELECT audit_table('suppliers', 'supplier', 'id'), audit_table('alerts', 'alert', 'id');
SELECT isolate_merchants(t) FROM unnest(ARRAY['suppliers', 'alerts']) AS t;
-- As in 0032.
-- +goose StatementBegin
DO $$
DECLARE
    written text;
BEGIN
    FOREACH written IN ARRAY ARRAY['suppliers', 'alerts'] LOOP
        EXECUTE format('CREATE POLICY somebody_acts_here ON %I AS RESTRICTIVE FOR INSERT TO portal_web WITH CHECK ((SELECT acting_person()) IS NOT NULL)', written);
        EXECUTE format('CREATE POLICY somebody_changes_it ON %I AS RESTRICTIVE FOR UPDATE TO portal_web USING (true) WITH CHECK ((SELECT acting_person()) IS NOT NULL)', written);
        EXECUTE format('CREATE POLICY the_worker_is_nobody ON %I AS RESTRICTIVE FOR INSERT TO portal_worker WITH CHECK ((SELECT acting_person()) IS NULL)', written);
        EXECUTE format('CREATE POLICY the_worker_changes_as_nobody ON %I AS RESTRICTIVE FOR UPDATE TO portal_worker USING (true) WITH CHECK ((SELECT acting_person()) IS NULL)', written);
    END LOOP;
END $$;
-- +goose StatementEnd
GRANT SELECT ON suppliers, alerts TO portal_web, portal_worker;
GRANT INSERT (id, merchant_id, name, proxy_kind, proxy_value, buyer_id, note, alert_id, created_by) ON suppliers TO portal_web;
GRANT UPDATE (name, proxy_kind, proxy_value, buyer_id, note, state, version, edited_at) ON suppliers TO portal_web;
GRANT INSERT (id, merchant_id, name, proxy_kind, proxy_value, alert_id) ON suppliers TO portal_worker;
GRANT INSERT (id, merchant_id, rtp_reference, promptpay_id, sender_kind, sender_value, sender_name, amount_satang, reference1, reference2, message, expires_at, arrived_at,
    callback_id, suspicions) ON alerts TO portal_worker;
GRANT UPDATE (acknowledgement_id, suspicions) ON alerts TO portal_web;
GRANT UPDATE (bank_status, told_callback_id, told_inquiry_id, paid_at, payment_reference, asks, ask_at, warned_at, suspicions) ON alerts TO portal_worker;
