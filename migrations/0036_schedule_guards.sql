-- What an outside look at schedules found missing: people see every day and
-- every sum that they agree to, a day is debited once whatever became of the leg
-- before, and what the bank took by itself stays as it told it.

-- +goose Up

-- As in 0032: through the web process somebody acts, and the worker acts for nobody.
-- +goose StatementBegin
DO $$
DECLARE
    written text;
BEGIN
    FOREACH written IN ARRAY ARRAY['schedules', 'schedule_changes', 'schedule_legs', 'schedule_runs', 'holiday_marks', 'consent_returns', 'payer_mails'] LOOP
        EXECUTE format('CREATE POLICY somebody_acts_here ON %I AS RESTRICTIVE FOR INSERT TO portal_web WITH CHECK ((SELECT acting_person()) IS NOT NULL)', written);
        EXECUTE format('CREATE POLICY somebody_changes_it ON %I AS RESTRICTIVE FOR UPDATE TO portal_web USING (true) WITH CHECK ((SELECT acting_person()) IS NOT NULL)', written);
        EXECUTE format('CREATE POLICY the_worker_is_nobody ON %I AS RESTRICTIVE FOR INSERT TO portal_worker WITH CHECK ((SELECT acting_person()) IS NULL)', written);
        EXECUTE format('CREATE POLICY the_worker_changes_as_nobody ON %I AS RESTRICTIVE FOR UPDATE TO portal_worker USING (true) WITH CHECK ((SELECT acting_person()) IS NULL)', written);
    END LOOP;
END $$;
-- +goose StatementEnd

-- Whether an object has no other members than these. Whoever sends takes a
-- member's name in any case, and some letters outside ASCII for letters in it.
-- +goose StatementBegin
CREATE FUNCTION has_only(content jsonb, names text[]) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp AS $$
    SELECT CASE jsonb_typeof(content) WHEN 'object' THEN content - names = '{}' ELSE content IS NULL END
$$;
-- +goose StatementEnd
-- The days of an array, from the day after one on or among others, in order.
-- +goose StatementBegin
CREATE FUNCTION days_told(told jsonb, later date, among date[]) RETURNS date[] LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT ARRAY(SELECT DISTINCT d.day::date FROM jsonb_array_elements_text(coalesce(told, '[]')) AS d (day) WHERE d.day::date > later OR d.day::date = ANY (among) ORDER BY 1)
$$;
-- +goose StatementEnd

-- A schedule calls its payer by name, as a debit does.
-- +goose StatementBegin
CREATE FUNCTION schedule_names_its_payer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM payers p WHERE p.id = NEW.payer_id AND (p.name, p.code) = (NEW.payer_name, NEW.payer_code)) THEN
        RAISE EXCEPTION 'a schedule calls its payer by name' USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_names_its_payer';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- After schedule_follows_its_changes, as the name says.
CREATE TRIGGER schedule_names_its_payer BEFORE INSERT ON schedules FOR EACH ROW EXECUTE FUNCTION schedule_names_its_payer();

-- The terms of a change are such as a schedule can have: it takes them over once
-- the bank has done all of it, and nothing may hold that up.
-- +goose StatementBegin
CREATE FUNCTION schedule_terms_are_a_schedules() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    frequency text := NEW.terms ->> 'frequency';
    payments  integer := NEW.terms ->> 'payments';
    ends      date := NEW.terms ->> 'end';
    starts    date := NEW.terms ->> 'start';
    month_day smallint := NEW.terms ->> 'day_of_month';
BEGIN
    IF NOT has_only(NEW.terms, ARRAY['frequency', 'shift', 'start', 'end', 'payments', 'day_of_month', 'amount_satang', 'reference', 'covered_until', 'last_on', 'paused_until'])
       OR NOT coalesce(frequency IN ('once', 'daily', 'weekly', 'monthly') AND NEW.terms ->> 'shift' IN ('same', 'next', 'previous', 'skip')
            AND starts IS NOT NULL AND (NEW.terms ->> 'last_on')::date IS NOT NULL AND (NEW.terms ->> 'amount_satang')::bigint > 0
            AND NEW.terms ->> 'reference' ~ '^[A-Za-z0-9]{1,20}$', false)
       OR payments NOT BETWEEN 1 AND 360 OR ends < starts OR num_nonnulls(ends, payments) > (CASE frequency WHEN 'once' THEN 0 ELSE 1 END)
       OR (CASE frequency WHEN 'monthly' THEN NOT coalesce(month_day BETWEEN 1 AND 31, false) ELSE month_day IS NOT NULL END) THEN
        RAISE EXCEPTION 'no schedule can be so' USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_terms_are_a_schedules';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER schedule_terms_are_a_schedules BEFORE INSERT ON schedule_changes FOR EACH ROW EXECUTE FUNCTION schedule_terms_are_a_schedules();

-- What people are shown of a change, beside what the bank is asked for, is what
-- it does: what it is called, whose account, how much each time, every day on
-- which the bank debits from then on, and every day that is called off. After a
-- pause and after an end there is none.
-- +goose StatementBegin
CREATE FUNCTION people_see_the_schedule() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := convert_from(NEW.payload, 'UTF8')::jsonb;
    seen  jsonb := asked -> 'change';
    c     schedule_changes;
    l     schedule_legs;
    today date;
    begun date[];
    on_go date[];
    over  date[];
BEGIN
    SELECT * INTO c FROM schedule_changes WHERE instruction_id = NEW.lead_id;
    SELECT * INTO l FROM schedule_legs WHERE instruction_id = NEW.id;
    IF NOT has_only(asked, CASE NEW.operation
            WHEN 'schedule.create' THEN ARRAY['scheduleReference', 'paymentToken', 'creditorAccountNumber', 'amount', 'frequency', 'startDate', 'endDate', 'dayOfMonth', 'ref1', 'days']
            ELSE ARRAY['scheduleIdentification', 'cancellationReason'] END || CASE NEW.part WHEN 0 THEN ARRAY['totalAmount', 'change'] ELSE '{}' END)
       OR NEW.operation = 'schedule.create' AND asked -> 'days' IS DISTINCT FROM to_jsonb(leg_days(l))
       OR NEW.operation = 'schedule.cancel' AND coalesce(asked ->> 'cancellationReason', '') <> c.reason THEN
        RAISE EXCEPTION 'the bank is asked for what people see' USING ERRCODE = 'check_violation', CONSTRAINT = 'people_see_the_schedule';
    END IF;
    IF NEW.operation = 'schedule.create' AND l.amount_satang <> (c.terms ->> 'amount_satang')::bigint THEN
        RAISE EXCEPTION 'each debit is of the sum that people see' USING ERRCODE = 'check_violation', CONSTRAINT = 'leg_has_the_terms_amount';
    END IF;
    IF NEW.part > 0 THEN
        RETURN NULL;
    END IF;
    today := (c.made_at AT TIME ZONE 'Asia/Bangkok')::date;
    begun := ARRAY(SELECT d FROM schedule_legs b, unnest(leg_days(b)) AS d WHERE b.change_id = c.id);
    on_go := ARRAY(SELECT DISTINCT d FROM schedule_legs b, unnest(leg_days(b)) AS d WHERE b.schedule_id = c.schedule_id
        AND (b.change_id = c.id OR b.state = 'active' AND d > today AND NOT EXISTS (SELECT FROM instructions e WHERE e.id = b.cancel_id AND e.lead_id = c.instruction_id)) ORDER BY d);
    over := ARRAY(SELECT DISTINCT d FROM schedule_legs b JOIN instructions e ON e.id = b.cancel_id AND e.lead_id = c.instruction_id, unnest(leg_days(b)) AS d
        WHERE b.schedule_id = c.schedule_id AND d > today AND d <> ALL (on_go) ORDER BY d);
    IF NOT has_only(seen, ARRAY['kind', 'payerName', 'payerCode', 'drawerAccountMasked', 'plan', 'each', 'reference', 'pausedUntil', 'coveredUntil', 'reason', 'runs', 'stillTaken', 'calledOff'])
       OR NOT has_only(seen -> 'plan', ARRAY['frequency', 'start', 'end', 'payments', 'day_of_month', 'shift'])
       OR EXISTS (SELECT FROM jsonb_array_elements(nullif(seen -> 'runs', 'null')) AS r WHERE NOT has_only(r, ARRAY['wished', 'on', 'fate', 'why']))
       OR (seen ->> 'kind', seen ->> 'payerName', seen ->> 'payerCode', seen ->> 'drawerAccountMasked', (seen ->> 'each')::numeric * 100, seen ->> 'reference', coalesce(seen ->> 'reason', ''),
           (seen ->> 'pausedUntil')::date, (seen ->> 'coveredUntil')::date, seen #>> '{plan,frequency}', seen #>> '{plan,shift}', (seen #>> '{plan,start}')::date, (seen #>> '{plan,end}')::date,
           (seen #>> '{plan,payments}')::integer, (seen #>> '{plan,day_of_month}')::integer)
          IS DISTINCT FROM
          (SELECT (c.kind, s.payer_name, s.payer_code, m.drawer_account, (c.terms ->> 'amount_satang')::numeric, c.terms ->> 'reference', c.reason,
               (c.terms ->> 'paused_until')::date, (c.terms ->> 'covered_until')::date, c.terms ->> 'frequency', c.terms ->> 'shift', (c.terms ->> 'start')::date, (c.terms ->> 'end')::date,
               (c.terms ->> 'payments')::integer, (c.terms ->> 'day_of_month')::integer)
           FROM schedules s JOIN mandates m ON m.id = s.mandate_id WHERE s.id = c.schedule_id)
       OR days_told((SELECT jsonb_agg(r -> 'on') FROM jsonb_array_elements(nullif(seen -> 'runs', 'null')) AS r WHERE r ? 'on'), today, begun) IS DISTINCT FROM on_go
       OR days_told(nullif(seen -> 'calledOff', 'null'), today, '{}') IS DISTINCT FROM over
       OR c.kind IN ('pause', 'cancel') AND on_go <> '{}' THEN
        RAISE EXCEPTION 'people see the change as it is' USING ERRCODE = 'check_violation', CONSTRAINT = 'people_see_the_schedule';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- After schedule_knows_its_instruction, as the name says.
CREATE CONSTRAINT TRIGGER what_people_see_is_the_schedule AFTER INSERT ON instructions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.operation IN ('schedule.create', 'schedule.cancel')) EXECUTE FUNCTION people_see_the_schedule();

-- As in 0031, whatever became of an attempt to end the other: only what this very
-- change ends before it begins is out of the way.
-- +goose StatementBegin
CREATE FUNCTION leg_has_its_days_alone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    days date[] := leg_days(NEW);
    mine instructions;
BEGIN
    SELECT * INTO mine FROM instructions WHERE id = NEW.instruction_id;
    IF EXISTS (SELECT FROM schedule_runs r JOIN schedule_legs o ON o.id = r.leg_id
        WHERE r.schedule_id = NEW.schedule_id AND o.id <> NEW.id AND o.state IN ('asked', 'active', 'unknown') AND r.run_on = ANY (days)
            AND NOT EXISTS (SELECT FROM instructions e WHERE e.id = o.cancel_id AND e.lead_id = mine.lead_id AND e.part < mine.part)) THEN
        RAISE EXCEPTION 'a schedule debits once a day' USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_debits_once_a_day';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER leg_has_its_days_alone AFTER INSERT ON schedule_legs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION leg_has_its_days_alone();

-- The runs of a leg come with it: 0031 looks at them when the leg comes, and
-- later ones would be days that nobody agreed to.
-- +goose StatementBegin
CREATE FUNCTION runs_are_the_days_of_their_leg() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM (SELECT DISTINCT leg_id FROM added) AS a LEFT JOIN schedule_legs l ON l.id = a.leg_id
        WHERE l.id IS NULL OR leg_days(l) IS DISTINCT FROM ARRAY(SELECT r.run_on FROM schedule_runs r WHERE r.leg_id = l.id AND r.schedule_id = l.schedule_id ORDER BY r.run_on)) THEN
        RAISE EXCEPTION 'the runs are not the days of the leg' USING ERRCODE = 'check_violation', CONSTRAINT = 'leg_has_its_days';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER runs_are_the_days_of_their_leg AFTER INSERT ON schedule_runs REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION runs_are_the_days_of_their_leg();

-- As for debits: whoever changed a payer in the last day, or took a mandate over
-- from the bank's list, had a hand in what is then taken from that payer.
-- +goose StatementBegin
CREATE FUNCTION payer_editor_is_an_author_of_schedules() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO instruction_authors (instruction_id, merchant_id, person_id)
    SELECT DISTINCT i.id, NEW.merchant_id, l.person_id
    FROM schedules s JOIN audit_leaves l ON l.person_id IS NOT NULL AND l.at > now() - interval '24 hours'
            AND (l.subject = 'payer/' || s.payer_id AND l.action IN ('payer.added', 'payer.edited', 'payer.restored')
                OR l.subject = 'mandate/' || s.mandate_id AND l.action IN ('mandate.adopted', 'mandate.told'))
        CROSS JOIN unnest(ARRAY[NEW.id, NEW.lead_id]) AS i (id)
    WHERE s.id = split_part(NEW.subject, '/', 2)::uuid AND s.merchant_id = NEW.merchant_id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- After the maker is among them, as with debits.
CREATE TRIGGER payer_editor_is_an_author_of_schedules AFTER INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation = 'schedule.create') EXECUTE FUNCTION payer_editor_is_an_author_of_schedules();

-- As for debits: what the bank says of a mandate counts, whoever dismissed it.
-- +goose StatementBegin
CREATE FUNCTION schedule_goes_on_as_agreed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM schedules s JOIN mandate_differences f ON f.mandate_id = s.mandate_id
        WHERE s.id = split_part(NEW.subject, '/', 2)::uuid AND s.merchant_id = NEW.merchant_id AND f.state = 'dismissed' AND f.bank_status NOT IN ('', 'ACTV')
            AND NOT EXISTS (SELECT FROM inquiries q WHERE q.subject = 'mandate/' || s.mandate_id AND q.merchant_id = NEW.merchant_id AND q.operation = 'mandate.status'
                AND q.state = 'answered' AND q.status = 'ACTV' AND q.asked_at > f.found_at)) THEN
        RAISE EXCEPTION 'the bank says that the mandate is not in force' USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_has_a_live_mandate';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER schedule_goes_on_as_agreed BEFORE UPDATE OF state ON instructions FOR EACH ROW
    WHEN (NEW.operation = 'schedule.create' AND NEW.state <> OLD.state AND (NEW.state = 'sending' OR NEW.state = 'approved' AND OLD.state = 'pending'))
    EXECUTE FUNCTION schedule_goes_on_as_agreed();

-- What the bank took by itself is called as its schedule is, bears the bank's
-- name where money moved, and stays as it was told: what contradicts it later
-- goes to a person.
-- +goose StatementBegin
CREATE FUNCTION run_stays_as_told() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.state, NEW.bank_reference, NEW.failure_code, NEW.fee_satang) IS DISTINCT FROM (OLD.state, OLD.bank_reference, OLD.failure_code, OLD.fee_satang) THEN
            RAISE EXCEPTION 'what the bank told of a run stays' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'run_stays_as_told';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.state = 'taken' AND NEW.bank_reference = '' OR NOT EXISTS (SELECT FROM schedules s WHERE s.id = NEW.schedule_id AND (s.payer_name, s.payer_code) = (NEW.payer_name, NEW.payer_code)
            AND EXISTS (SELECT FROM schedule_changes c WHERE c.schedule_id = s.id AND c.terms ->> 'reference' = NEW.reference)) THEN
        RAISE EXCEPTION 'a run is called as its schedule is' USING ERRCODE = 'check_violation', CONSTRAINT = 'run_is_of_its_schedule';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- After debit_changes_as_draft and debit_is_a_run, as the name says.
CREATE TRIGGER run_stays_as_told BEFORE INSERT OR UPDATE ON debits FOR EACH ROW WHEN (NEW.schedule_id IS NOT NULL) EXECUTE FUNCTION run_stays_as_told();

-- A person writes to a payer at the payer's own address, about what is the
-- payer's own; a link goes nowhere else either.
-- +goose StatementBegin
CREATE FUNCTION payer_mail_goes_to_its_payer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF acting_person() IS NOT NULL AND NOT EXISTS (SELECT FROM payers p WHERE p.id = NEW.payer_id AND p.email = NEW.send_to)
       OR EXISTS (SELECT FROM mandates m WHERE NEW.subject = 'mandate/' || m.id AND m.id = split_part(NEW.subject, '/', 2)::uuid AND m.payer_id <> NEW.payer_id)
       OR EXISTS (SELECT FROM debits d WHERE NEW.subject = 'debit/' || d.id AND d.id = split_part(NEW.subject, '/', 2)::uuid AND d.payer_id <> NEW.payer_id) THEN
        RAISE EXCEPTION 'a payer is written to about what is the payer''s' USING ERRCODE = 'check_violation', CONSTRAINT = 'payer_mail_goes_to_its_payer';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- After payer_mail_is_by_the_acting_person, as the name says.
CREATE TRIGGER payer_mail_reaches_its_payer BEFORE INSERT ON payer_mails FOR EACH ROW EXECUTE FUNCTION payer_mail_goes_to_its_payer();
-- +goose StatementBegin
CREATE FUNCTION link_goes_to_its_payer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM payers p WHERE p.id = NEW.payer_id AND p.email = NEW.send_to) THEN
        RAISE EXCEPTION 'a link goes to its payer' USING ERRCODE = 'check_violation', CONSTRAINT = 'payer_mail_goes_to_its_payer';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- After only_the_newest_word_counts, which says who may.
CREATE TRIGGER the_link_goes_to_its_payer BEFORE INSERT ON mandates FOR EACH ROW WHEN (NEW.send_to <> '') EXECUTE FUNCTION link_goes_to_its_payer();
CREATE TRIGGER the_link_stays_its_payers BEFORE UPDATE ON mandates FOR EACH ROW WHEN (NEW.send_to <> OLD.send_to AND NEW.send_to <> '') EXECUTE FUNCTION link_goes_to_its_payer();

REVOKE ALL ON FUNCTION has_only, days_told FROM PUBLIC;
