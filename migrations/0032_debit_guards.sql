-- What an outside look at direct debit found missing: people see the debit that
-- is taken, on its day and no other; a mandate stands on the bank's newest word
-- about itself; and whoever writes through a process is somebody, or the worker.

-- +goose Up

-- Through the web process somebody acts, and the worker acts for nobody. Much
-- that only the worker may do was told by that nobody acts.
-- +goose StatementBegin
DO $$
DECLARE
    written text;
BEGIN
    FOREACH written IN ARRAY ARRAY['debits', 'debit_rules', 'debit_batches', 'debit_days', 'payers', 'mandates', 'mandate_differences', 'payments', 'payment_matches', 'inquiries',
            'instructions', 'settlements'] LOOP
        EXECUTE format('CREATE POLICY somebody_acts_here ON %I AS RESTRICTIVE FOR INSERT TO portal_web WITH CHECK ((SELECT acting_person()) IS NOT NULL)', written);
        EXECUTE format('CREATE POLICY somebody_changes_it ON %I AS RESTRICTIVE FOR UPDATE TO portal_web USING (true) WITH CHECK ((SELECT acting_person()) IS NOT NULL)', written);
        EXECUTE format('CREATE POLICY the_worker_is_nobody ON %I AS RESTRICTIVE FOR INSERT TO portal_worker WITH CHECK ((SELECT acting_person()) IS NULL)', written);
        EXECUTE format('CREATE POLICY the_worker_changes_as_nobody ON %I AS RESTRICTIVE FOR UPDATE TO portal_worker USING (true) WITH CHECK ((SELECT acting_person()) IS NULL)', written);
    END LOOP;
END $$;
-- +goose StatementEnd

-- When the transaction ends, the debit stands as it was asked for, and what
-- people are shown of it beside the request is what it says: an earlier look
-- saw a row that may still change.
-- +goose StatementBegin
CREATE FUNCTION people_see_the_debit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := convert_from(NEW.payload, 'UTF8')::jsonb;
    d     debits;
    m     mandates;
BEGIN
    SELECT * INTO d FROM debits WHERE id = split_part(NEW.subject, '/', 2)::uuid AND merchant_id = NEW.merchant_id;
    SELECT * INTO m FROM mandates WHERE id = d.mandate_id;
    IF d.state IN ('draft', 'discarded') THEN
        RAISE EXCEPTION 'what is asked for is a draft no more' USING ERRCODE = 'check_violation', CONSTRAINT = 'what_is_asked_for_is_no_draft';
    END IF;
    IF ((asked ->> 'amount')::numeric * 100, (asked ->> 'totalAmount')::numeric * 100, asked ->> 'ref1', (asked ->> 'debitDate')::date, (asked ->> 'payer')::uuid, asked ->> 'paymentToken',
        asked ->> 'payerName', asked ->> 'payerCode', asked ->> 'drawerAccountMasked', asked ->> 'invoiceNumber', asked ->> 'note', asked ->> 'repeatReason')
       IS DISTINCT FROM
       (d.amount_satang::numeric, d.amount_satang::numeric, d.reference, d.debit_on, d.payer_id, m.bank_token,
        d.payer_name, d.payer_code, m.drawer_account, d.invoice_number, d.note, d.repeat_reason)
       OR asked ? 'ref2' OR asked ? 'remark' THEN
        RAISE EXCEPTION 'people see the debit as it is' USING ERRCODE = 'check_violation', CONSTRAINT = 'people_see_the_debit';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER people_see_the_debit AFTER INSERT ON instructions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.operation = 'debit.create') EXECUTE FUNCTION people_see_the_debit();

-- A debit is written by makers, called by its payer's name, and fails only by
-- its outcome.
-- +goose StatementBegin
CREATE FUNCTION debit_is_kept_on_duty() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    o     debits;
    rules debit_rules;
BEGIN
    IF TG_OP = 'INSERT' AND NEW.editors <> ARRAY[NEW.created_by] THEN
        RAISE EXCEPTION 'nobody makes another an editor' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'nobody_makes_others_editors';
    END IF;
    IF TG_OP = 'UPDATE' AND (debit_content_differs(NEW, OLD) OR NEW.repeat_reason <> OLD.repeat_reason)
       AND NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker'), false) THEN
        RAISE EXCEPTION 'a maker writes debits' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_is_edited_on_duty';
    END IF;
    IF (TG_OP = 'INSERT' OR (NEW.payer_id, NEW.payer_name, NEW.payer_code) IS DISTINCT FROM (OLD.payer_id, OLD.payer_name, OLD.payer_code))
       AND NOT EXISTS (SELECT FROM payers p WHERE p.id = NEW.payer_id AND (p.name, p.code) = (NEW.payer_name, NEW.payer_code)) THEN
        RAISE EXCEPTION 'a debit calls its payer by name' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_names_its_payer';
    END IF;
    IF TG_OP = 'INSERT' THEN
        RETURN NEW;
    END IF;
    IF NEW.failure_code <> OLD.failure_code AND NEW.state = OLD.state THEN
        RAISE EXCEPTION 'a debit fails by its outcome' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'debit_fails_by_its_outcome';
    END IF;
    IF NEW.payment_id IS DISTINCT FROM OLD.payment_id AND NOT EXISTS (SELECT FROM payments y WHERE y.id = NEW.payment_id AND y.merchant_id = NEW.merchant_id
            AND (y.debit_id = NEW.id OR y.debit_id IS NULL AND NEW.bank_reference <> '' AND y.bank_reference = NEW.bank_reference)) THEN
        RAISE EXCEPTION 'a debit becomes a payment of its own' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_becomes_its_own_payment';
    END IF;
    IF NEW.state = 'submitted' AND OLD.state <> 'submitted' THEN
        -- debit_may_be_asked_for has the payer's turn by now. The bank tells letters apart, people do not.
        IF NEW.repeat_reason = '' AND EXISTS (SELECT FROM debits l WHERE l.merchant_id = NEW.merchant_id AND l.payer_id = NEW.payer_id AND l.debit_on = NEW.debit_on
                AND l.amount_satang = NEW.amount_satang AND lower(l.reference) = lower(NEW.reference) AND l.id <> NEW.id AND debit_counts(l.state)) THEN
            RAISE EXCEPTION 'there is one like it' USING ERRCODE = 'unique_violation', CONSTRAINT = 'debit_is_not_repeated';
        END IF;
        IF NEW.retry_of IS NOT NULL THEN
            SELECT * INTO o FROM debits WHERE id = NEW.retry_of;
            rules := debit_rules_in_force(NEW.merchant_id);
            IF NEW.retry_no <> o.retry_no + 1 OR NEW.retry_no > coalesce((rules.retries #>> ARRAY[o.failure_code, 'times'])::integer, 0)
               OR (SELECT count(*) FROM debits r WHERE r.mandate_id = NEW.mandate_id AND r.retry_of IS NOT NULL AND r.id <> NEW.id
                    AND r.state NOT IN ('draft', 'discarded') AND r.debit_on > NEW.debit_on - 31) >= rules.retry_cap THEN
                RAISE EXCEPTION 'a debit is tried again as often as the rules say' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_is_retried_by_the_rules';
            END IF;
        END IF;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- After debit_changes_as_draft, as the name says.
CREATE TRIGGER debit_is_kept_on_duty BEFORE INSERT OR UPDATE ON debits FOR EACH ROW WHEN (NEW.schedule_id IS NULL) EXECUTE FUNCTION debit_is_kept_on_duty();
CREATE INDEX debits_retried ON debits (mandate_id, debit_on) WHERE retry_of IS NOT NULL;

-- What is approved is still what it was: a retry of what failed, and under a
-- mandate of which the bank says nothing else, whoever dismissed that; and it
-- leaves in its turn, on its own day.
-- +goose StatementBegin
CREATE FUNCTION debit_goes_on_as_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    d debits;
BEGIN
    SELECT * INTO d FROM debits WHERE id = split_part(NEW.subject, '/', 2)::uuid AND merchant_id = NEW.merchant_id;
    IF d.retry_of IS NOT NULL AND NOT EXISTS (SELECT FROM debits o WHERE o.id = d.retry_of AND o.state = 'failed') THEN
        RAISE EXCEPTION 'only what failed is tried again' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_retries_what_failed';
    END IF;
    IF EXISTS (SELECT FROM mandate_differences f WHERE f.mandate_id = d.mandate_id AND f.state = 'dismissed' AND f.bank_status NOT IN ('', 'ACTV')
            AND NOT EXISTS (SELECT FROM inquiries q WHERE q.subject = 'mandate/' || d.mandate_id AND q.merchant_id = NEW.merchant_id AND q.operation = 'mandate.status'
                AND q.state = 'answered' AND q.status = 'ACTV' AND q.asked_at > f.found_at)) THEN
        RAISE EXCEPTION 'the bank says that the mandate is not in force' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_has_a_live_mandate';
    END IF;
    IF NEW.state = 'sending' AND (NEW.not_before > now() OR NEW.expires_at <= now() OR d.debit_on <> (now() AT TIME ZONE 'Asia/Bangkok')::date) THEN
        RAISE EXCEPTION 'a debit is sent on its day, in its turn' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_is_sent_on_its_day';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER debit_goes_on_as_agreed BEFORE UPDATE OF state ON instructions FOR EACH ROW
    WHEN (NEW.operation = 'debit.create' AND NEW.state <> OLD.state AND (NEW.state = 'sending' OR NEW.state = 'approved' AND OLD.state = 'pending'))
    EXECUTE FUNCTION debit_goes_on_as_agreed();

-- Money is booked on the day that it was taken.
-- +goose StatementBegin
CREATE FUNCTION payment_is_of_its_debits_day() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM debits d WHERE d.id = NEW.debit_id AND d.debit_on = NEW.paid_on AND d.bank_reference = NEW.bank_reference) THEN
        RAISE EXCEPTION 'a debit was paid when it was taken' USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_is_of_its_debits_day';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER payment_is_of_its_debits_day BEFORE INSERT ON payments FOR EACH ROW WHEN (NEW.source = 'debit') EXECUTE FUNCTION payment_is_of_its_debits_day();

-- Payers and what mails go to them are in makers' hands. Whoever changed a payer
-- in the last day, or took a mandate over from the bank's list, had a hand in
-- what is then taken from that payer.
-- +goose StatementBegin
CREATE FUNCTION payer_is_kept_on_duty() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker'), false) THEN
        RAISE EXCEPTION 'a maker keeps the payers' USING ERRCODE = 'check_violation', CONSTRAINT = 'payer_is_kept_on_duty';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER payer_is_kept_on_duty BEFORE INSERT OR UPDATE ON payers FOR EACH ROW EXECUTE FUNCTION payer_is_kept_on_duty();
-- +goose StatementBegin
CREATE FUNCTION payer_mail_is_by_the_acting_person() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.asked_by IS DISTINCT FROM acting_person() OR NEW.asked_by IS NOT NULL AND NOT coalesce(has_duty(NEW.merchant_id, NEW.asked_by, 'maker'), false) THEN
        RAISE EXCEPTION 'the acting maker writes to payers' USING ERRCODE = 'check_violation', CONSTRAINT = 'payer_mail_is_by_the_acting_person';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER payer_mail_is_by_the_acting_person BEFORE INSERT ON payer_mails FOR EACH ROW EXECUTE FUNCTION payer_mail_is_by_the_acting_person();
-- +goose StatementBegin
CREATE FUNCTION payer_editor_is_an_author() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    about debits;
BEGIN
    SELECT * INTO about FROM debits WHERE id = split_part(NEW.subject, '/', 2)::uuid AND merchant_id = NEW.merchant_id;
    INSERT INTO instruction_authors (instruction_id, merchant_id, person_id)
    SELECT DISTINCT NEW.id, NEW.merchant_id, l.person_id FROM audit_leaves l
    WHERE l.person_id IS NOT NULL AND l.at > now() - interval '24 hours'
      AND (l.subject = 'payer/' || about.payer_id AND l.action IN ('payer.added', 'payer.edited', 'payer.restored')
           OR l.subject = 'mandate/' || about.mandate_id AND l.action IN ('mandate.adopted', 'mandate.told'))
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- After the maker is among them, as with receipts.
CREATE TRIGGER payer_editor_is_an_author AFTER INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation = 'debit.create') EXECUTE FUNCTION payer_editor_is_an_author();

-- A mandate changes by what the bank says now: a word that this transaction
-- itself records, or the row of its list that somebody takes over. An older
-- word would bring back what the bank has ended since. A name that the bank
-- gave comes with the word that names it, and is no other merchant's.
-- +goose StatementBegin
CREATE FUNCTION only_the_newest_word_counts() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    named boolean;
    d     mandate_differences;
BEGIN
    IF acting_person() IS NOT NULL AND NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker'), false) THEN
        RAISE EXCEPTION 'a maker keeps the mandates' USING ERRCODE = 'check_violation', CONSTRAINT = 'mandate_is_kept_on_duty';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.bank_status, NEW.bank_token, NEW.registered_at, NEW.expires_on, NEW.drawer_account, NEW.drawer_name)
           IS NOT DISTINCT FROM (OLD.bank_status, OLD.bank_token, OLD.registered_at, OLD.expires_on, OLD.drawer_account, OLD.drawer_name)
           AND (NEW.state = OLD.state OR NEW.state NOT IN ('active', 'suspended', 'cancelled'))
           OR NEW.state = 'cancelled' AND EXISTS (SELECT FROM instructions i WHERE i.id = NEW.cancellation_id AND i.state = 'done') THEN
            RETURN NEW;
        END IF;
    ELSIF NEW.channel <> 'bank' THEN
        RETURN NEW;
    END IF;
    IF EXISTS (SELECT FROM mandates o WHERE o.merchant_id <> NEW.merchant_id AND NEW.bank_token <> '' AND o.bank_token = NEW.bank_token) THEN
        RAISE EXCEPTION 'that mandate is another merchant''s' USING ERRCODE = 'check_violation', CONSTRAINT = 'mandate_is_no_other_merchants';
    END IF;
    IF acting_person() IS NULL THEN
        -- xmin: the row was written by this very transaction.
        SELECT (c.bank_reference = NEW.bank_token) INTO named FROM callbacks c WHERE c.id = NEW.callback_id AND c.xmin = pg_current_xact_id()::xid;
        IF NOT FOUND THEN
            SELECT (q.bank_reference = NEW.bank_token) INTO named FROM inquiries q WHERE q.id = NEW.inquiry_id AND q.xmin = pg_current_xact_id()::xid;
        END IF;
        IF named IS NULL OR NEW.bank_token <> OLD.bank_token AND NOT named THEN
            RAISE EXCEPTION 'only the bank''s newest word counts' USING ERRCODE = 'check_violation', CONSTRAINT = 'only_the_newest_word_counts';
        END IF;
        RETURN NEW;
    END IF;
    SELECT * INTO d FROM mandate_differences f WHERE f.merchant_id = NEW.merchant_id AND f.bank_token = NEW.bank_token AND f.bank_status = NEW.bank_status
        AND f.state = 'adopted' AND f.decided_at = now() AND f.decided_by = acting_person() AND f.mandate_id IS NOT DISTINCT FROM CASE TG_OP WHEN 'UPDATE' THEN NEW.id END;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'only the bank''s newest word counts' USING ERRCODE = 'check_violation', CONSTRAINT = 'only_the_newest_word_counts';
    END IF;
    IF NEW.drawer_account <> d.drawer_account OR NEW.drawer_name <> d.drawer_name OR NEW.expires_on IS DISTINCT FROM d.expires_on THEN
        RAISE EXCEPTION 'a mandate is as the bank shows it' USING ERRCODE = 'check_violation', CONSTRAINT = 'mandate_is_as_the_bank_shows_it';
    END IF;
    IF EXISTS (SELECT FROM mandates o WHERE o.merchant_id <> NEW.merchant_id AND d.ref2 <> '' AND o.reference = d.ref2) THEN
        RAISE EXCEPTION 'that mandate is another merchant''s' USING ERRCODE = 'check_violation', CONSTRAINT = 'mandate_is_no_other_merchants';
    END IF;
    IF EXISTS (SELECT FROM payers p WHERE p.merchant_id = NEW.merchant_id AND d.ref1 <> '' AND upper(p.code) = upper(d.ref1) AND p.id <> NEW.payer_id) THEN
        RAISE EXCEPTION 'the bank names another payer' USING ERRCODE = 'check_violation', CONSTRAINT = 'mandate_is_of_the_payer_the_bank_names';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- After mandate_moves_as_listed, as the name says.
CREATE TRIGGER only_the_newest_word_counts BEFORE INSERT OR UPDATE ON mandates FOR EACH ROW EXECUTE FUNCTION only_the_newest_word_counts();

-- A question about mandates names the mandate that it is about, by what is known
-- of it; else the answer about one payer's account would bring another's mandate
-- into force. Debits of a day are asked for as 0030 says, and in no other way.
-- +goose StatementBegin
CREATE FUNCTION inquiry_is_about_ones_own_mandates() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := convert_from(NEW.payload, 'UTF8')::jsonb;
    m     mandates;
    code  text;
BEGIN
    SELECT * INTO m FROM mandates WHERE NEW.subject LIKE 'mandate/%' AND id = split_part(NEW.subject, '/', 2)::uuid AND NEW.subject = 'mandate/' || id AND merchant_id = NEW.merchant_id;
    code := (SELECT p.code FROM payers p WHERE p.id = m.payer_id);
    IF NOT content_is_read_one_way(convert_from(NEW.payload, 'UTF8')::json) OR NOT coalesce(CASE NEW.operation
        WHEN 'consent.prepare' THEN m.state = 'waiting' AND asked = jsonb_build_object('ref1', code, 'ref2', m.reference)
        WHEN 'mandate.deeplink' THEN m.state = 'waiting' AND asked - 'redirectUrl' = jsonb_build_object('ref1', code, 'ref2', m.reference)
        WHEN 'consent.retrieve' THEN coalesce(asked ->> 'code', '') = '' AND asked - ARRAY['code', 'redirectUri'] = '{}'
            AND EXISTS (SELECT FROM consent_returns r WHERE r.mandate_id = m.id AND r.used_at IS NOT NULL AND r.code_sealed IS NOT NULL)
        WHEN 'mandate.status' THEN asked - ARRAY['paymentToken', 'journeyIdentifier'] = '{}'
            AND coalesce(nullif(asked ->> 'paymentToken', ''), nullif(asked ->> 'journeyIdentifier', '')) IS NOT NULL
            AND coalesce(nullif(asked ->> 'paymentToken', ''), m.bank_token) = m.bank_token
            AND coalesce(nullif(asked ->> 'journeyIdentifier', ''), m.journey_id) = m.journey_id
        WHEN 'mandate.list' THEN NEW.subject = 'merchant/' || NEW.merchant_id AND NOT asked ?| ARRAY['drawerAccountNumber', 'journeyIdentifier']
            OR m.journey_id <> '' AND asked ->> 'journeyIdentifier' = m.journey_id AND NOT asked ? 'drawerAccountNumber'
    END, false) THEN
        RAISE EXCEPTION 'a question is about a mandate of one''s own' USING ERRCODE = 'check_violation', CONSTRAINT = 'inquiry_is_about_ones_own';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER inquiry_is_about_ones_own_mandates BEFORE INSERT ON inquiries FOR EACH ROW
    WHEN (NEW.operation IN ('consent.prepare', 'consent.retrieve', 'mandate.deeplink', 'mandate.status', 'mandate.list')
          OR NEW.operation = 'debit.list' AND NEW.subject NOT LIKE 'debitday/%')
    EXECUTE FUNCTION inquiry_is_about_ones_own_mandates();

-- As for debits: what is asked for is a draft no more when the transaction ends,
-- or it could be changed after approval, and asked for once more; and a bill is
-- asked for over its own total.
-- +goose StatementBegin
CREATE FUNCTION what_is_asked_for_is_no_draft() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    about uuid := split_part(NEW.subject, '/', 2)::uuid;
    stands text;
BEGIN
    stands := CASE NEW.operation
        WHEN 'presentment.create' THEN (SELECT p.state FROM presentments p WHERE p.id = about AND p.merchant_id = NEW.merchant_id)
        WHEN 'receipt.create' THEN (SELECT r.state FROM receipts r WHERE r.id = about AND r.merchant_id = NEW.merchant_id)
        ELSE (SELECT d.state FROM etax_documents d WHERE d.id = about AND d.merchant_id = NEW.merchant_id) END;
    IF stands IN ('draft', 'refused', 'discarded') THEN
        RAISE EXCEPTION 'what is asked for is a draft no more' USING ERRCODE = 'check_violation', CONSTRAINT = 'what_is_asked_for_is_no_draft';
    END IF;
    IF NEW.operation = 'presentment.create' AND NOT EXISTS (SELECT FROM presentments p WHERE p.id = about AND p.total_satang = NEW.amount_satang) THEN
        RAISE EXCEPTION 'a bill is asked for over its total' USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_says_the_bill';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER what_is_asked_for_is_no_draft AFTER INSERT ON instructions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.part = 0 AND NEW.operation IN ('presentment.create', 'receipt.create', 'etax.generate')) EXECUTE FUNCTION what_is_asked_for_is_no_draft();
