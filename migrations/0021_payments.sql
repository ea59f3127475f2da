-- Money that came in, what it was for and why so much, days that are closed,
-- and the certificates of tax that buyers withheld.

-- +goose Up

-- A payment is what the bank or its statement says, and never changes. Only
-- what it is used for does.
CREATE TABLE payments (
    id             uuid PRIMARY KEY,
    merchant_id    uuid NOT NULL REFERENCES merchants,
    source         text NOT NULL CONSTRAINT payment_source_is_known CHECK (source IN ('callback', 'file', 'hand')),
    paid_on        date NOT NULL,
    -- The day in our own books: the day it was paid, or the first open one when
    -- that was closed before we heard of it.
    booked_on      date NOT NULL CONSTRAINT payment_is_not_booked_before_it_was_paid CHECK (booked_on >= paid_on),
    amount_satang  bigint NOT NULL CONSTRAINT payment_is_above_zero CHECK (amount_satang > 0),
    payer_name     text NOT NULL CONSTRAINT payer_name_is_short CHECK (length(payer_name) <= 200),
    payer_tax_id   text NOT NULL CONSTRAINT payer_tax_id_has_13_digits CHECK (payer_tax_id ~ '^([0-9]{13})?$'),
    reference1     text NOT NULL CONSTRAINT payment_reference1_is_short CHECK (length(reference1) <= 140),
    reference2     text NOT NULL CONSTRAINT payment_reference2_is_short CHECK (length(reference2) <= 140),
    description    text NOT NULL CONSTRAINT payment_description_is_short CHECK (length(description) <= 300),
    channel        text NOT NULL CONSTRAINT payment_channel_is_short CHECK (length(channel) <= 60),
    -- The bank's name for the transfer. It tells a payment that comes again by
    -- another way from a second one.
    bank_reference text NOT NULL CONSTRAINT payment_bank_reference_is_short CHECK (length(bank_reference) <= 64),
    callback_id    uuid CONSTRAINT one_callback_tells_one_payment UNIQUE,
    import_id      uuid,
    import_row     integer,
    recorded_by    uuid REFERENCES people, -- nobody, where the bank told
    recorded_at    timestamptz NOT NULL DEFAULT now(),
    applied_satang bigint NOT NULL DEFAULT 0,
    state          text NOT NULL DEFAULT 'waiting' CONSTRAINT payment_state_is_known CHECK (state IN ('waiting', 'part', 'matched', 'aside')),
    -- Why what is left of it is for no bill, in the words of a person.
    aside_reason   text NOT NULL DEFAULT '' CONSTRAINT aside_reason_is_known
                   CHECK (aside_reason IN ('', 'own_transfer', 'interest', 'refund', 'deposit', 'unidentified', 'paid_twice', 'other')),
    aside_note     text NOT NULL DEFAULT '' CONSTRAINT aside_note_is_short CHECK (length(aside_note) <= 300),
    aside_by       uuid REFERENCES people,
    version        integer NOT NULL DEFAULT 1,
    -- What the list searches.
    words          text NOT NULL GENERATED ALWAYS AS (lower(payer_name || ' ' || payer_tax_id || ' ' || reference1 || ' ' || reference2 || ' ' || description
                   || ' ' || bank_reference)) STORED,
    CONSTRAINT payment_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT payment_is_not_used_twice CHECK (applied_satang BETWEEN 0 AND amount_satang),
    CONSTRAINT payment_state_follows CHECK (state = CASE WHEN applied_satang = amount_satang THEN 'matched' WHEN aside_reason <> '' THEN 'aside'
                                                    WHEN applied_satang > 0 THEN 'part' ELSE 'waiting' END),
    CONSTRAINT somebody_sets_a_payment_aside CHECK ((aside_reason <> '') = (aside_by IS NOT NULL) AND (aside_reason <> '' OR aside_note = '')),
    CONSTRAINT other_reasons_are_said CHECK (aside_reason <> 'other' OR aside_note <> ''),
    CONSTRAINT payment_says_where_it_comes_from CHECK ((source = 'callback') = (callback_id IS NOT NULL) AND (source = 'callback') = (recorded_by IS NULL)
                                                       AND (source = 'file') = (import_id IS NOT NULL) AND (import_id IS NULL) = (import_row IS NULL)),
    FOREIGN KEY (callback_id, merchant_id) REFERENCES callbacks (id, merchant_id),
    FOREIGN KEY (import_id, merchant_id) REFERENCES imports (id, merchant_id)
);
CREATE UNIQUE INDEX payment_is_known_once ON payments (merchant_id, bank_reference) WHERE bank_reference <> '';
CREATE UNIQUE INDEX import_row_is_one_payment ON payments (import_id, import_row) WHERE import_id IS NOT NULL;
CREATE INDEX payments_by_date ON payments (merchant_id, paid_on DESC, id DESC);
CREATE INDEX payments_by_state ON payments (merchant_id, state, paid_on DESC, id DESC);
CREATE INDEX payments_by_amount ON payments (merchant_id, amount_satang, paid_on DESC, id DESC);
CREATE INDEX payments_words ON payments USING gin (words gin_trgm_ops);
CREATE INDEX payments_booked ON payments (merchant_id, booked_on, state);

-- What a payment is used for: so much money for one bill, and what is missing
-- of the bill with the reason. A match is undone by saying so, never erased.
CREATE TABLE payment_matches (
    id              uuid PRIMARY KEY,
    merchant_id     uuid NOT NULL,
    payment_id      uuid NOT NULL,
    presentment_id  uuid NOT NULL,
    applied_satang  bigint NOT NULL CONSTRAINT match_uses_money CHECK (applied_satang > 0),
    withheld_satang bigint NOT NULL CONSTRAINT match_withholds_no_less_than_nothing CHECK (withheld_satang >= 0),
    withheld_rate   numeric(5, 2) NOT NULL CONSTRAINT match_rate_is_a_percentage CHECK (withheld_rate BETWEEN 0 AND 100),
    fee_satang      bigint NOT NULL CONSTRAINT match_fee_is_not_negative CHECK (fee_satang >= 0),
    reason          text NOT NULL CONSTRAINT match_reason_is_known
                    CHECK (reason IN ('exact', 'expected', 'withholding', 'fee', 'withheld_fee', 'part', 'over', 'manual')),
    evidence        text NOT NULL CONSTRAINT match_evidence_is_known CHECK (evidence IN ('bank', 'number', 'tax_id', 'name', 'amount', 'person')),
    booked_on       date NOT NULL,
    matched_by      uuid REFERENCES people, -- nobody, where the rules were certain
    matched_at      timestamptz NOT NULL DEFAULT now(),
    undone_by       uuid REFERENCES people,
    undone_at       timestamptz,
    undone_on       date, -- the day in our books
    undone_why      text NOT NULL DEFAULT '' CONSTRAINT match_undone_why_is_short CHECK (length(undone_why) <= 300),
    CONSTRAINT match_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT match_is_undone_as_a_whole CHECK (num_nonnulls(undone_by, undone_at, undone_on) IN (0, 3) AND (undone_at IS NOT NULL OR undone_why = '')),
    FOREIGN KEY (payment_id, merchant_id) REFERENCES payments (id, merchant_id),
    FOREIGN KEY (presentment_id, merchant_id) REFERENCES presentments (id, merchant_id)
);
CREATE INDEX payment_matches_of_payment ON payment_matches (payment_id, matched_at);
CREATE INDEX payment_matches_of_bill ON payment_matches (presentment_id, matched_at);
CREATE INDEX payment_matches_booked ON payment_matches (merchant_id, booked_on);
CREATE UNIQUE INDEX payment_is_used_once_for_a_bill ON payment_matches (payment_id, presentment_id) WHERE undone_at IS NULL;

-- What is settled of a bill, added up from its matches.
CREATE TABLE presentment_payments (
    presentment_id  uuid PRIMARY KEY,
    merchant_id     uuid NOT NULL,
    received_satang bigint NOT NULL DEFAULT 0,
    withheld_satang bigint NOT NULL DEFAULT 0,
    fee_satang      bigint NOT NULL DEFAULT 0,
    -- When nothing was left open, by the payer's last payment.
    settled_on      date,
    FOREIGN KEY (presentment_id, merchant_id) REFERENCES presentments (id, merchant_id)
);
CREATE INDEX presentment_payments_settled ON presentment_payments (merchant_id, settled_on, presentment_id);

-- All books up to a day are closed: nothing is booked on it or before it any more.
CREATE TABLE payment_closings (
    merchant_id     uuid NOT NULL REFERENCES merchants,
    through         date NOT NULL,
    closed_by       uuid NOT NULL REFERENCES people,
    closed_at       timestamptz NOT NULL DEFAULT now(),
    payments        integer NOT NULL,
    amount_satang   bigint NOT NULL,
    applied_satang  bigint NOT NULL,
    withheld_satang bigint NOT NULL,
    fee_satang      bigint NOT NULL,
    aside_satang    bigint NOT NULL,
    PRIMARY KEY (merchant_id, through)
);

-- A buyer who withheld tax owes the certificate of it (form 50 bis).
CREATE TABLE withholding_certificates (
    match_id        uuid PRIMARY KEY,
    merchant_id     uuid NOT NULL,
    presentment_id  uuid NOT NULL,
    buyer_tax_id    text NOT NULL,
    withheld_satang bigint NOT NULL CONSTRAINT certificate_is_of_something CHECK (withheld_satang > 0),
    withheld_on     date NOT NULL, -- when the buyer paid
    state           text NOT NULL DEFAULT 'awaited' CONSTRAINT certificate_state_is_known CHECK (state IN ('awaited', 'received', 'waived', 'void')),
    certificate_no  text NOT NULL DEFAULT '' CONSTRAINT certificate_number_is_short CHECK (length(certificate_no) <= 35),
    certificate_on  date,
    file_id         uuid,
    note            text NOT NULL DEFAULT '' CONSTRAINT certificate_note_is_short CHECK (length(note) <= 300),
    asked_times     smallint NOT NULL DEFAULT 0,
    asked_at        timestamptz,
    changed_by      uuid REFERENCES people,
    changed_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT certificate_is_named_when_received CHECK (state <> 'received' OR (certificate_no <> '' AND certificate_on IS NOT NULL)),
    CONSTRAINT waiver_is_explained CHECK (state <> 'waived' OR note <> ''),
    FOREIGN KEY (match_id, merchant_id) REFERENCES payment_matches (id, merchant_id),
    FOREIGN KEY (presentment_id, merchant_id) REFERENCES presentments (id, merchant_id),
    FOREIGN KEY (file_id, merchant_id) REFERENCES files (id, merchant_id)
);
CREATE INDEX withholding_certificates_by_age ON withholding_certificates (merchant_id, state, withheld_on, match_id);
CREATE INDEX withholding_certificates_of_buyer ON withholding_certificates (merchant_id, buyer_tax_id, state);
CREATE INDEX withholding_certificates_of_bill ON withholding_certificates (presentment_id);

-- +goose StatementBegin
CREATE FUNCTION books_are_open(merchant uuid, on_day date) RETURNS void LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM payment_closings WHERE merchant_id = merchant AND through >= on_day) THEN
        RAISE EXCEPTION 'the books of % are closed', on_day USING ERRCODE = 'restrict_violation', CONSTRAINT = 'books_are_open';
    END IF;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION books_are_open FROM PUBLIC;

-- A closing and whatever is booked take turns.
-- +goose StatementBegin
CREATE FUNCTION books_take_turns(merchant uuid, closing boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF closing THEN
        PERFORM pg_advisory_xact_lock(7221061, hashtext(merchant::text));
    ELSE
        PERFORM pg_advisory_xact_lock_shared(7221061, hashtext(merchant::text));
    END IF;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION payment_stays_as_told() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM books_take_turns(NEW.merchant_id, false);
    IF TG_OP = 'INSERT' THEN
        IF NEW.applied_satang <> 0 OR NEW.aside_reason <> '' OR NEW.recorded_by IS DISTINCT FROM acting_person() THEN
            RAISE EXCEPTION 'a payment starts unused, by whoever records it' USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_starts_unused';
        END IF;
        IF NEW.source = 'callback' AND NOT EXISTS (SELECT FROM callbacks c WHERE c.id = NEW.callback_id AND c.state = 'processed' AND c.status = 'PAID' AND c.refusal = '') THEN
            RAISE EXCEPTION 'no callback of the bank tells of this payment' USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_was_told_by_the_bank';
        END IF;
        PERFORM books_are_open(NEW.merchant_id, NEW.booked_on);
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.merchant_id, NEW.source, NEW.paid_on, NEW.booked_on, NEW.amount_satang, NEW.payer_name, NEW.payer_tax_id, NEW.reference1, NEW.reference2,
        NEW.description, NEW.channel, NEW.bank_reference, NEW.callback_id, NEW.import_id, NEW.import_row, NEW.recorded_by, NEW.recorded_at)
       IS DISTINCT FROM
       (OLD.id, OLD.merchant_id, OLD.source, OLD.paid_on, OLD.booked_on, OLD.amount_satang, OLD.payer_name, OLD.payer_tax_id, OLD.reference1, OLD.reference2,
        OLD.description, OLD.channel, OLD.bank_reference, OLD.callback_id, OLD.import_id, OLD.import_row, OLD.recorded_by, OLD.recorded_at) THEN
        RAISE EXCEPTION 'what was paid never changes' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'payment_never_changes';
    END IF;
    IF NEW.applied_satang <> OLD.applied_satang AND NEW.applied_satang <>
       (SELECT coalesce(sum(m.applied_satang), 0) FROM payment_matches m WHERE m.payment_id = NEW.id AND m.undone_at IS NULL) THEN
        RAISE EXCEPTION 'a payment is used as its matches say' USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_is_used_as_matched';
    END IF;
    IF NEW.aside_by IS NOT NULL AND (NEW.aside_reason, NEW.aside_note, NEW.aside_by) IS DISTINCT FROM (OLD.aside_reason, OLD.aside_note, OLD.aside_by)
       AND (NEW.aside_by IS DISTINCT FROM acting_person() OR NOT has_duty(NEW.merchant_id, NEW.aside_by, 'maker')) THEN
        RAISE EXCEPTION 'the acting maker sets a payment aside' USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_is_set_aside_on_duty';
    END IF;
    -- In closed books nothing comes to wait again.
    IF NEW.state IN ('waiting', 'part') AND OLD.state NOT IN ('waiting', 'part') THEN
        PERFORM books_are_open(NEW.merchant_id, NEW.booked_on);
    END IF;
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER payment_stays_as_told BEFORE INSERT OR UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION payment_stays_as_told();
CREATE TRIGGER payments_are_not_deleted BEFORE DELETE ON payments FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER payments_are_not_truncated BEFORE TRUNCATE ON payments FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- +goose StatementBegin
CREATE FUNCTION match_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM books_take_turns(NEW.merchant_id, false);
    IF TG_OP = 'INSERT' THEN
        IF NEW.undone_at IS NOT NULL OR NEW.matched_by IS NOT NULL AND NEW.matched_by IS DISTINCT FROM acting_person()
           OR NEW.matched_by IS NULL AND (NEW.evidence IN ('name', 'amount', 'person') OR NEW.reason NOT IN ('exact', 'expected', 'withholding')) AND NEW.evidence <> 'bank' THEN
            RAISE EXCEPTION 'a match is made by the acting person, or by what is certain' USING ERRCODE = 'check_violation', CONSTRAINT = 'match_is_by_the_acting_person';
        END IF;
        IF NEW.matched_by IS NOT NULL AND NOT has_duty(NEW.merchant_id, NEW.matched_by, 'maker') THEN
            RAISE EXCEPTION 'a maker matches payments' USING ERRCODE = 'check_violation', CONSTRAINT = 'match_is_made_on_duty';
        END IF;
        IF NOT EXISTS (SELECT FROM presentments p WHERE p.id = NEW.presentment_id AND p.state IN ('presented', 'incomplete', 'unknown')) THEN
            RAISE EXCEPTION 'only a bill that its buyer has is paid' USING ERRCODE = 'check_violation', CONSTRAINT = 'match_is_for_a_presented_bill';
        END IF;
        PERFORM books_are_open(NEW.merchant_id, NEW.booked_on);
        RETURN NEW;
    END IF;
    IF (to_jsonb(NEW) - '{undone_by,undone_at,undone_on,undone_why}'::text[]) <> (to_jsonb(OLD) - '{undone_by,undone_at,undone_on,undone_why}'::text[])
       OR OLD.undone_at IS NOT NULL THEN
        RAISE EXCEPTION 'a match is undone once and changes in nothing else' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'match_never_changes';
    END IF;
    IF NEW.undone_by IS DISTINCT FROM acting_person() OR NOT has_duty(NEW.merchant_id, NEW.undone_by, 'maker') THEN
        RAISE EXCEPTION 'a match is undone by the acting maker' USING ERRCODE = 'check_violation', CONSTRAINT = 'match_is_undone_on_duty';
    END IF;
    PERFORM books_are_open(NEW.merchant_id, NEW.undone_on);
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER match_is_allowed BEFORE INSERT OR UPDATE ON payment_matches FOR EACH ROW EXECUTE FUNCTION match_is_allowed();
CREATE TRIGGER matches_are_not_deleted BEFORE DELETE ON payment_matches FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER matches_are_not_truncated BEFORE TRUNCATE ON payment_matches FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Payment and bill follow their matches, and neither is used twice. The
-- payment's row comes first, then the bill's, for everybody.
-- +goose StatementBegin
CREATE FUNCTION match_is_added_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    paid    payments;
    total   bigint;
    settled presentment_payments;
BEGIN
    SELECT p.* INTO paid FROM payments p WHERE p.id = NEW.payment_id FOR UPDATE;
    paid.applied_satang := (SELECT coalesce(sum(m.applied_satang), 0) FROM payment_matches m WHERE m.payment_id = NEW.payment_id AND m.undone_at IS NULL);
    IF paid.applied_satang = paid.amount_satang THEN
        paid.aside_reason := ''; paid.aside_note := ''; paid.aside_by := NULL;
    ELSIF NEW.undone_at IS NOT NULL AND paid.aside_reason = ''
          AND EXISTS (SELECT FROM payment_closings c WHERE c.merchant_id = NEW.merchant_id AND c.through >= paid.booked_on) THEN
        -- Its own day is closed, where nothing may wait: nobody knows yet what it was for.
        paid.aside_reason := 'unidentified'; paid.aside_by := NEW.undone_by;
    END IF;
    UPDATE payments p SET applied_satang = paid.applied_satang, aside_reason = paid.aside_reason, aside_note = paid.aside_note, aside_by = paid.aside_by,
        state = CASE WHEN paid.applied_satang = p.amount_satang THEN 'matched' WHEN paid.aside_reason <> '' THEN 'aside'
                WHEN paid.applied_satang > 0 THEN 'part' ELSE 'waiting' END
    WHERE p.id = NEW.payment_id;
    total := (SELECT p.total_satang FROM presentments p WHERE p.id = NEW.presentment_id);
    INSERT INTO presentment_payments (presentment_id, merchant_id) VALUES (NEW.presentment_id, NEW.merchant_id) ON CONFLICT DO NOTHING;
    PERFORM FROM presentment_payments WHERE presentment_id = NEW.presentment_id FOR UPDATE;
    UPDATE presentment_payments b SET received_satang = s.received, withheld_satang = s.withheld, fee_satang = s.fee,
        settled_on = CASE WHEN s.received + s.withheld + s.fee >= total THEN s.last_on END
    FROM (SELECT coalesce(sum(m.applied_satang), 0) AS received, coalesce(sum(m.withheld_satang), 0) AS withheld, coalesce(sum(m.fee_satang), 0) AS fee,
              max(p.paid_on) AS last_on
          FROM payment_matches m JOIN payments p ON p.id = m.payment_id WHERE m.presentment_id = NEW.presentment_id AND m.undone_at IS NULL) s
    WHERE b.presentment_id = NEW.presentment_id RETURNING b.* INTO settled;
    IF settled.received_satang + settled.withheld_satang + settled.fee_satang > total THEN
        RAISE EXCEPTION 'more than the bill would be settled' USING ERRCODE = 'check_violation', CONSTRAINT = 'bill_is_not_paid_twice';
    END IF;
    IF TG_OP = 'INSERT' AND NEW.withheld_satang > 0 THEN
        INSERT INTO withholding_certificates (match_id, merchant_id, presentment_id, buyer_tax_id, withheld_satang, withheld_on)
        SELECT NEW.id, NEW.merchant_id, b.id, b.buyer_tax_id, NEW.withheld_satang, p.paid_on
        FROM presentments b, payments p WHERE b.id = NEW.presentment_id AND p.id = NEW.payment_id;
    ELSIF TG_OP = 'UPDATE' AND NEW.undone_at IS NOT NULL THEN
        UPDATE withholding_certificates SET state = 'void', changed_by = NEW.undone_by, changed_at = now() WHERE match_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER match_is_added_up AFTER INSERT OR UPDATE ON payment_matches FOR EACH ROW EXECUTE FUNCTION match_is_added_up();

-- Whoever closes a day has not matched by hand what it closes, nothing waits in
-- it, and its sums are those of the books.
-- +goose StatementBegin
CREATE FUNCTION closing_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    before date := (SELECT max(through) FROM payment_closings WHERE merchant_id = NEW.merchant_id);
BEGIN
    PERFORM books_take_turns(NEW.merchant_id, true);
    IF NEW.closed_by IS DISTINCT FROM acting_person() OR NOT has_duty(NEW.merchant_id, NEW.closed_by, 'checker') THEN
        RAISE EXCEPTION 'a checker closes the books' USING ERRCODE = 'check_violation', CONSTRAINT = 'books_are_closed_on_duty';
    END IF;
    IF NEW.through <= before OR NEW.through > (now() AT TIME ZONE 'Asia/Bangkok')::date THEN
        RAISE EXCEPTION 'books are closed forward, up to today' USING ERRCODE = 'check_violation', CONSTRAINT = 'books_are_closed_forward';
    END IF;
    IF EXISTS (SELECT FROM payments p WHERE p.merchant_id = NEW.merchant_id AND p.booked_on <= NEW.through AND p.state IN ('waiting', 'part')) THEN
        RAISE EXCEPTION 'payments wait to be matched' USING ERRCODE = 'check_violation', CONSTRAINT = 'nothing_waits_in_closed_books';
    END IF;
    IF EXISTS (SELECT FROM payment_matches m WHERE m.merchant_id = NEW.merchant_id AND m.booked_on <= NEW.through AND m.booked_on > coalesce(before, '-infinity')
               AND NEW.closed_by IN (m.matched_by, m.undone_by))
       OR EXISTS (SELECT FROM payments p WHERE p.merchant_id = NEW.merchant_id AND p.booked_on <= NEW.through AND p.booked_on > coalesce(before, '-infinity')
               AND NEW.closed_by IN (p.aside_by, p.recorded_by)) THEN
        RAISE EXCEPTION 'somebody else closes what one matched' USING ERRCODE = 'check_violation', CONSTRAINT = 'books_are_closed_by_another';
    END IF;
    SELECT count(*), coalesce(sum(p.amount_satang), 0), coalesce(sum(p.amount_satang - p.applied_satang), 0)
    INTO NEW.payments, NEW.amount_satang, NEW.aside_satang
    FROM payments p WHERE p.merchant_id = NEW.merchant_id AND p.booked_on <= NEW.through AND p.booked_on > coalesce(before, '-infinity');
    SELECT coalesce(sum(m.applied_satang * m.sign), 0), coalesce(sum(m.withheld_satang * m.sign), 0), coalesce(sum(m.fee_satang * m.sign), 0)
    INTO NEW.applied_satang, NEW.withheld_satang, NEW.fee_satang
    FROM (SELECT merchant_id, applied_satang, withheld_satang, fee_satang, booked_on AS day, 1 AS sign FROM payment_matches
          UNION ALL SELECT merchant_id, applied_satang, withheld_satang, fee_satang, undone_on, -1 FROM payment_matches WHERE undone_on IS NOT NULL) m
    WHERE m.merchant_id = NEW.merchant_id AND m.day <= NEW.through AND m.day > coalesce(before, '-infinity');
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER closing_is_allowed BEFORE INSERT ON payment_closings FOR EACH ROW EXECUTE FUNCTION closing_is_allowed();
CREATE TRIGGER closings_stay BEFORE UPDATE OR DELETE ON payment_closings FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER closings_are_not_truncated BEFORE TRUNCATE ON payment_closings FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- +goose StatementBegin
CREATE FUNCTION certificate_moves() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.match_id, NEW.merchant_id, NEW.presentment_id, NEW.buyer_tax_id, NEW.withheld_satang, NEW.withheld_on)
       IS DISTINCT FROM (OLD.match_id, OLD.merchant_id, OLD.presentment_id, OLD.buyer_tax_id, OLD.withheld_satang, OLD.withheld_on) THEN
        RAISE EXCEPTION 'what was withheld never changes' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'certificate_stays_of_its_match';
    END IF;
    IF OLD.state = 'void' OR (NEW.state = 'void') <> EXISTS (SELECT FROM payment_matches WHERE id = NEW.match_id AND undone_at IS NOT NULL) THEN
        RAISE EXCEPTION 'a certificate is void when its match is undone' USING ERRCODE = 'check_violation', CONSTRAINT = 'certificate_is_void_with_its_match';
    END IF;
    IF NEW.state <> 'void' AND (NEW.changed_by IS DISTINCT FROM acting_person() OR NOT has_duty(NEW.merchant_id, acting_person(), 'maker')) THEN
        RAISE EXCEPTION 'a maker keeps the certificates' USING ERRCODE = 'check_violation', CONSTRAINT = 'certificate_is_kept_on_duty';
    END IF;
    NEW.changed_at := now();
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER certificate_moves BEFORE UPDATE ON withholding_certificates FOR EACH ROW EXECUTE FUNCTION certificate_moves();

SELECT audit_table('payments', 'payment', 'id');
SELECT audit_table('payment_matches', 'payment', 'payment_id');
SELECT audit_table('payment_closings', 'merchant', 'merchant_id');
SELECT audit_table('withholding_certificates', 'presentment', 'presentment_id');
SELECT isolate_merchants(t) FROM unnest(ARRAY['payments', 'payment_matches', 'presentment_payments', 'payment_closings', 'withholding_certificates']) AS t;

GRANT SELECT ON payments, payment_matches, presentment_payments, payment_closings, withholding_certificates TO portal_web, portal_worker;
GRANT INSERT (id, merchant_id, source, paid_on, booked_on, amount_satang, payer_name, payer_tax_id, reference1, reference2, description, channel, bank_reference,
              callback_id, import_id, import_row, recorded_by) ON payments TO portal_web, portal_worker;
GRANT UPDATE (aside_reason, aside_note, aside_by, state) ON payments TO portal_web;
GRANT INSERT (id, merchant_id, payment_id, presentment_id, applied_satang, withheld_satang, withheld_rate, fee_satang, reason, evidence, booked_on, matched_by)
    ON payment_matches TO portal_web, portal_worker;
GRANT UPDATE (undone_by, undone_at, undone_on, undone_why) ON payment_matches TO portal_web;
GRANT INSERT (merchant_id, through, closed_by, payments, amount_satang, applied_satang, withheld_satang, fee_satang, aside_satang) ON payment_closings TO portal_web;
GRANT UPDATE (state, certificate_no, certificate_on, file_id, note, asked_times, asked_at, changed_by) ON withholding_certificates TO portal_web;

-- A number as it is looked for in what people write: letters and digits only.
-- +goose StatementBegin
CREATE FUNCTION plain_number(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT regexp_replace(lower($1), '[^[:alnum:]]', '', 'g')
$$;
-- +goose StatementEnd
CREATE INDEX presentments_by_plain_number ON presentments (merchant_id, plain_number(document_number));

-- Bills that a payment of the acting merchant may be for: those named, the
-- payer's, and those whose total is near the amount. Only what a buyer has, and
-- of the many that are settled no more is read than of a page or ten.
-- +goose StatementBegin
CREATE FUNCTION bills_a_payment_may_be_for(named text[], tax_id text, amount bigint, at_most integer) RETURNS TABLE (presentment_id uuid)
LANGUAGE plpgsql STABLE ROWS 60 SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    merchant uuid := acting_merchant();
BEGIN
    RETURN QUERY
        (SELECT p.id FROM presentments p WHERE p.merchant_id = merchant AND plain_number(p.document_number) = ANY (named)
            AND p.state IN ('presented', 'incomplete', 'unknown') LIMIT at_most)
        UNION (SELECT p.id FROM presentments p WHERE p.bank_reference = ANY (SELECT upper(n) FROM unnest(named) AS n) AND p.merchant_id = merchant
            AND p.bank_reference <> '' AND p.state IN ('presented', 'incomplete', 'unknown') LIMIT at_most)
        UNION (SELECT c.id FROM (
                SELECT p.id FROM presentments p WHERE p.merchant_id = merchant AND p.buyer_tax_id = tax_id AND tax_id <> ''
                    AND p.state IN ('presented', 'incomplete', 'unknown') ORDER BY p.document_on DESC LIMIT 10 * at_most) c
            WHERE (SELECT s.settled_on FROM presentment_payments s WHERE s.presentment_id = c.id) IS NULL LIMIT at_most)
        UNION (SELECT c.id FROM (
                SELECT p.id FROM presentments p WHERE p.merchant_id = merchant AND p.total_satang BETWEEN amount AND amount + amount / 12 + 5000
                    AND p.state IN ('presented', 'incomplete', 'unknown') ORDER BY p.total_satang, p.document_on DESC LIMIT 10 * at_most) c
            WHERE (SELECT s.settled_on FROM presentment_payments s WHERE s.presentment_id = c.id) IS NULL LIMIT at_most);
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION bills_a_payment_may_be_for FROM PUBLIC;
GRANT EXECUTE ON FUNCTION bills_a_payment_may_be_for TO portal_web;

-- Ids of the acting merchant's payments that pass a filter, in an order, after a
-- place in it.
-- +goose StatementBegin
CREATE FUNCTION payment_conditions(filter jsonb) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT 'p.merchant_id = $1' || coalesce(string_agg(' AND ' || c.condition, '' ORDER BY c.key), '') FROM (VALUES
        ('pattern', 'p.words LIKE ($2 ->> ''pattern'')'),
        ('paid_from', 'p.paid_on >= ($2 ->> ''paid_from'')::date'),
        ('paid_to', 'p.paid_on <= ($2 ->> ''paid_to'')::date'),
        ('amount_from', 'p.amount_satang >= ($2 ->> ''amount_from'')::bigint'),
        ('amount_to', 'p.amount_satang <= ($2 ->> ''amount_to'')::bigint'),
        ('import', 'p.import_id = ($2 ->> ''import'')::uuid'),
        ('state', 'p.state = ($2 ->> ''state'')')
    ) AS c (key, condition) WHERE filter ? c.key
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION payments_listed(filter jsonb, sort text, descending boolean, place text, place_id uuid, at_most integer) RETURNS TABLE (payment_id uuid)
LANGUAGE plpgsql STABLE ROWS 60 SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
    sorted  text := CASE sort WHEN 'date' THEN 'paid_on' WHEN 'amount' THEN 'amount_satang' END;
    of_type text := CASE sort WHEN 'date' THEN 'date' WHEN 'amount' THEN 'bigint' END;
    wanted  text := payment_conditions(filter);
BEGIN
    IF sorted IS NULL OR at_most IS NULL THEN
        RAISE EXCEPTION 'no such list' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF place_id IS NOT NULL THEN
        wanted := wanted || format(' AND (p.%I, p.id) %s ($3::%s, $4)', sorted, CASE WHEN descending THEN '<' ELSE '>' END, of_type);
    END IF;
    RETURN QUERY EXECUTE format('SELECT p.id FROM payments p WHERE %s ORDER BY p.%I %3$s, p.id %3$s LIMIT $5', wanted, sorted, CASE WHEN descending THEN 'DESC' ELSE 'ASC' END)
        USING acting_merchant(), filter, place, place_id, at_most;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION payments_counted(filter jsonb, at_most integer) RETURNS TABLE (number bigint, sum_satang bigint)
LANGUAGE plpgsql STABLE ROWS 1 SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT count(*), coalesce(sum(l.amount_satang), 0)::bigint FROM (SELECT p.amount_satang FROM payments p WHERE %s LIMIT $3) l',
            payment_conditions(filter))
        USING acting_merchant(), filter, at_most;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION payment_conditions, payments_listed, payments_counted FROM PUBLIC;
GRANT EXECUTE ON FUNCTION payments_listed, payments_counted TO portal_web;

-- Statements of payments are imported as bills and buyers are.
ALTER TABLE imports DROP CONSTRAINT import_kind_is_known;
ALTER TABLE imports ADD CONSTRAINT import_kind_is_known CHECK (kind IN ('bills', 'buyers', 'payments'));
ALTER TABLE import_items ADD COLUMN payment_id uuid, ADD FOREIGN KEY (payment_id, merchant_id) REFERENCES payments (id, merchant_id);
ALTER TABLE import_items DROP CONSTRAINT import_item_is_made_or_not;
ALTER TABLE import_items ADD CONSTRAINT import_item_is_made_or_not CHECK ((standing = 'made') = (num_nonnulls(presentment_id, buyer_id, payment_id) = 1));
GRANT UPDATE (payment_id) ON import_items TO portal_web;
