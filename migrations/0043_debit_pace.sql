-- What direct debit costs on its way to the bank, and what a look at its ends
-- found: a mandate that the bank disowned ends what waits under it at once.

-- +goose Up

-- As in 0029. In PL/pgSQL, because a function in SQL that cannot become part of
-- its caller is parsed and planned anew for each call, and this one is asked
-- three times for each debit.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION mandate_is_live(mandate uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM mandates m WHERE m.id = mandate AND (acting_merchant() IS NULL OR m.merchant_id = acting_merchant())
        AND m.state = 'active' AND (m.expires_on IS NULL OR m.expires_on >= (now() AT TIME ZONE 'Asia/Bangkok')::date)
        AND NOT EXISTS (SELECT FROM instructions i WHERE i.id = m.cancellation_id AND i.state IN ('approved', 'sending', 'unknown'))
        AND NOT EXISTS (SELECT FROM mandate_differences d WHERE d.mandate_id = m.id AND d.state = 'open' AND d.bank_status <> 'ACTV'));
END $$;
-- +goose StatementEnd

-- Whether somebody dismissed the bank's word that a mandate is not in force,
-- and the bank, asked about it since, has not said otherwise.
-- +goose StatementBegin
CREATE FUNCTION mandate_is_disowned(mandate uuid, merchant uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM mandate_differences f WHERE f.mandate_id = mandate AND f.state = 'dismissed' AND f.bank_status NOT IN ('', 'ACTV')
        AND NOT EXISTS (SELECT FROM inquiries q WHERE q.subject = 'mandate/' || mandate AND q.merchant_id = merchant AND q.operation = 'mandate.status'
            AND q.state = 'answered' AND q.status = 'ACTV' AND q.asked_at > f.found_at));
END $$;
-- +goose StatementEnd

-- As in 0031, and with all that debit_goes_on_as_agreed (0032) and
-- schedule_goes_on_as_agreed (0036) refuse: what they refuse was claimed again
-- and again until it expired, and held up what was claimed with it.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION instruction_obstacle(i instructions) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    about uuid;
    under uuid;
    day   date;
BEGIN
    IF i.operation NOT IN ('debit.create', 'schedule.create', 'schedule.cancel') THEN
        RETURN '';
    END IF;
    about := split_part(i.subject, '/', 2)::uuid;
    IF i.operation = 'debit.create' THEN
        SELECT d.mandate_id, d.debit_on INTO under, day FROM debits d WHERE d.id = about;
        IF NOT coalesce(mandate_is_live(under), false) OR mandate_is_disowned(under, i.merchant_id) THEN
            RETURN 'mandate_dead';
        END IF;
        -- Its turn comes on its day; after that its time is over.
        RETURN CASE WHEN day < (now() AT TIME ZONE 'Asia/Bangkok')::date THEN 'expired' ELSE '' END;
    END IF;
    IF i.operation = 'schedule.create' THEN
        SELECT s.mandate_id INTO under FROM schedules s WHERE s.id = about;
        IF NOT coalesce(mandate_is_live(under), false) OR mandate_is_disowned(under, i.merchant_id) THEN
            RETURN 'mandate_dead';
        END IF;
    END IF;
    -- Nothing is ended either for the sake of what can no longer begin.
    IF EXISTS (SELECT FROM schedule_legs l JOIN instructions p ON p.id = l.instruction_id
            WHERE p.lead_id = i.lead_id AND p.part >= i.part AND l.start_on < (now() AT TIME ZONE 'Asia/Bangkok')::date) THEN
        RETURN 'schedule_late';
    END IF;
    RETURN '';
END $$;
-- +goose StatementEnd

-- The last look at the payer's consent is taken as the request begins, in the
-- very transaction that must be committed before it leaves.
-- +goose StatementBegin
CREATE FUNCTION debit_begins_under_its_mandate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM attempts t JOIN instructions i ON i.id = t.instruction_id JOIN debits d ON d.id = split_part(i.subject, '/', 2)::uuid
            WHERE t.id = NEW.attempt_id AND mandate_is_live(d.mandate_id)) THEN
        RAISE EXCEPTION 'the mandate is not in force' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_has_a_live_mandate';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER debit_begins_under_its_mandate BEFORE INSERT ON exchanges FOR EACH ROW WHEN (NEW.operation = 'debit.create') EXECUTE FUNCTION debit_begins_under_its_mandate();

-- As in 0036, said the other way round: what a mail is about is a mandate or a
-- debit of its payer. An id in other letters, one that nothing has, and another
-- kind of thing went through.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION payer_mail_goes_to_its_payer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF acting_person() IS NOT NULL AND NOT EXISTS (SELECT FROM payers p WHERE p.id = NEW.payer_id AND p.email = NEW.send_to)
       OR NOT EXISTS (SELECT FROM mandates m WHERE m.merchant_id = NEW.merchant_id AND m.payer_id = NEW.payer_id AND NEW.subject = 'mandate/' || m.id)
          AND NOT EXISTS (SELECT FROM debits d WHERE d.merchant_id = NEW.merchant_id AND d.payer_id = NEW.payer_id AND NEW.subject = 'debit/' || d.id) THEN
        RAISE EXCEPTION 'a payer is written to about what is the payer''s' USING ERRCODE = 'check_violation', CONSTRAINT = 'payer_mail_goes_to_its_payer';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION mandate_is_disowned FROM PUBLIC;
