-- Bank holidays as data that people mend, and debits by schedule: what was
-- wished for, and the schedules of the bank that bring it about.

-- +goose Up

-- The days on which the banks of Thailand are closed besides weekends, as the
-- Bank of Thailand publishes them. It is the same for every merchant; what a
-- merchant knows better stands in holiday_marks.
CREATE TABLE bank_holidays (
    day       date PRIMARY KEY,
    name_th   text NOT NULL,
    name_en   text NOT NULL,
    -- Not yet: it follows from the rule or from the moon, and nobody has compared
    -- it with the announcement.
    confirmed boolean NOT NULL,
    CONSTRAINT bank_holiday_is_a_weekday CHECK (extract(isodow FROM day) < 6)
);
INSERT INTO bank_holidays (day, name_th, name_en, confirmed) VALUES
    ('2025-01-01', 'วันขึ้นปีใหม่', 'New Year''s Day', true),
    ('2025-02-12', 'วันมาฆบูชา', 'Makha Bucha Day', true),
    ('2025-04-07', 'ชดเชยวันจักรี', 'Substitution for Chakri Memorial Day', true),
    ('2025-04-14', 'วันสงกรานต์', 'Songkran Festival', true),
    ('2025-04-15', 'วันสงกรานต์', 'Songkran Festival', true),
    ('2025-05-01', 'วันแรงงานแห่งชาติ', 'National Labour Day', true),
    ('2025-05-05', 'ชดเชยวันฉัตรมงคล', 'Substitution for Coronation Day', true),
    ('2025-05-12', 'ชดเชยวันวิสาขบูชา', 'Substitution for Visakha Bucha Day', true),
    ('2025-06-02', 'วันหยุดกรณีพิเศษ', 'Special holiday', false),
    ('2025-06-03', 'วันเฉลิมพระชนมพรรษาสมเด็จพระบรมราชินี', 'H.M. the Queen''s Birthday', true),
    ('2025-07-10', 'วันอาสาฬหบูชา', 'Asarnha Bucha Day', true),
    ('2025-07-28', 'วันเฉลิมพระชนมพรรษาพระบาทสมเด็จพระเจ้าอยู่หัว', 'H.M. the King''s Birthday', true),
    ('2025-08-11', 'วันหยุดกรณีพิเศษ', 'Special holiday', false),
    ('2025-08-12', 'วันแม่แห่งชาติ', 'H.M. the Queen Mother''s Birthday and Mother''s Day', true),
    ('2025-10-13', 'วันนวมินทรมหาราช', 'King Bhumibol Memorial Day', true),
    ('2025-10-23', 'วันปิยมหาราช', 'Chulalongkorn Memorial Day', true),
    ('2025-12-05', 'วันพ่อแห่งชาติ', 'King Bhumibol''s Birthday and Father''s Day', true),
    ('2025-12-10', 'วันรัฐธรรมนูญ', 'Constitution Day', true),
    ('2025-12-31', 'วันสิ้นปี', 'New Year''s Eve', true),
    ('2026-01-01', 'วันขึ้นปีใหม่', 'New Year''s Day', true),
    ('2026-01-02', 'วันหยุดกรณีพิเศษ', 'Special holiday', false),
    ('2026-03-03', 'วันมาฆบูชา', 'Makha Bucha Day', true),
    ('2026-04-06', 'วันจักรี', 'Chakri Memorial Day', true),
    ('2026-04-13', 'วันสงกรานต์', 'Songkran Festival', true),
    ('2026-04-14', 'วันสงกรานต์', 'Songkran Festival', true),
    ('2026-04-15', 'วันสงกรานต์', 'Songkran Festival', true),
    ('2026-05-01', 'วันแรงงานแห่งชาติ', 'National Labour Day', true),
    ('2026-05-04', 'วันฉัตรมงคล', 'Coronation Day', true),
    ('2026-06-01', 'ชดเชยวันวิสาขบูชา', 'Substitution for Visakha Bucha Day', true),
    ('2026-06-03', 'วันเฉลิมพระชนมพรรษาสมเด็จพระบรมราชินี', 'H.M. the Queen''s Birthday', true),
    ('2026-07-28', 'วันเฉลิมพระชนมพรรษาพระบาทสมเด็จพระเจ้าอยู่หัว', 'H.M. the King''s Birthday', true),
    ('2026-07-29', 'วันอาสาฬหบูชา', 'Asarnha Bucha Day', true),
    ('2026-08-12', 'วันแม่แห่งชาติ', 'H.M. the Queen Mother''s Birthday and Mother''s Day', true),
    ('2026-10-13', 'วันนวมินทรมหาราช', 'King Bhumibol Memorial Day', true),
    ('2026-10-23', 'วันปิยมหาราช', 'Chulalongkorn Memorial Day', true),
    ('2026-12-07', 'ชดเชยวันพ่อแห่งชาติ', 'Substitution for King Bhumibol''s Birthday and Father''s Day', true),
    ('2026-12-10', 'วันรัฐธรรมนูญ', 'Constitution Day', true),
    ('2026-12-31', 'วันสิ้นปี', 'New Year''s Eve', true),
    ('2027-01-01', 'วันขึ้นปีใหม่', 'New Year''s Day', true),
    ('2027-02-22', 'ชดเชยวันมาฆบูชา', 'Substitution for Makha Bucha Day', false),
    ('2027-04-06', 'วันจักรี', 'Chakri Memorial Day', true),
    ('2027-04-13', 'วันสงกรานต์', 'Songkran Festival', true),
    ('2027-04-14', 'วันสงกรานต์', 'Songkran Festival', true),
    ('2027-04-15', 'วันสงกรานต์', 'Songkran Festival', true),
    ('2027-05-03', 'ชดเชยวันแรงงานแห่งชาติ', 'Substitution for National Labour Day', false),
    ('2027-05-04', 'วันฉัตรมงคล', 'Coronation Day', true),
    ('2027-05-20', 'วันวิสาขบูชา', 'Visakha Bucha Day', false),
    ('2027-06-03', 'วันเฉลิมพระชนมพรรษาสมเด็จพระบรมราชินี', 'H.M. the Queen''s Birthday', true),
    ('2027-07-19', 'ชดเชยวันอาสาฬหบูชา', 'Substitution for Asarnha Bucha Day', false),
    ('2027-07-28', 'วันเฉลิมพระชนมพรรษาพระบาทสมเด็จพระเจ้าอยู่หัว', 'H.M. the King''s Birthday', true),
    ('2027-08-12', 'วันแม่แห่งชาติ', 'H.M. the Queen Mother''s Birthday and Mother''s Day', true),
    ('2027-10-13', 'วันนวมินทรมหาราช', 'King Bhumibol Memorial Day', true),
    ('2027-10-25', 'ชดเชยวันปิยมหาราช', 'Substitution for Chulalongkorn Memorial Day', false),
    ('2027-12-06', 'ชดเชยวันพ่อแห่งชาติ', 'Substitution for King Bhumibol''s Birthday and Father''s Day', false),
    ('2027-12-10', 'วันรัฐธรรมนูญ', 'Constitution Day', true),
    ('2027-12-31', 'วันสิ้นปี', 'New Year''s Eve', true);
GRANT SELECT ON bank_holidays TO portal_web, portal_worker;

-- What a merchant says of a day: that the bank is closed, or that it works after
-- all. Rows are the history; of one day the newest holds.
CREATE TABLE holiday_marks (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    day         date NOT NULL CONSTRAINT holiday_is_of_our_time CHECK (day BETWEEN '2020-01-01' AND '2100-12-31'),
    closed      boolean NOT NULL,
    name        text NOT NULL CONSTRAINT holiday_has_a_name CHECK (length(name) BETWEEN 1 AND 120),
    -- Where it is known from.
    source      text NOT NULL CONSTRAINT holiday_has_a_source CHECK (length(source) BETWEEN 1 AND 200),
    set_by      uuid NOT NULL REFERENCES people,
    set_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT holiday_and_merchant UNIQUE (id, merchant_id),
    -- The bank does nothing on one anyhow.
    CONSTRAINT holiday_is_a_weekday CHECK (extract(isodow FROM day) < 6)
);
CREATE INDEX holiday_marks_of_day ON holiday_marks (merchant_id, day, id DESC);
-- +goose StatementBegin
CREATE FUNCTION holiday_is_marked_on_duty() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.set_by IS DISTINCT FROM acting_person()
       OR NOT coalesce(has_duty(NEW.merchant_id, NEW.set_by, 'maker') OR has_duty(NEW.merchant_id, NEW.set_by, 'admin'), false) THEN
        RAISE EXCEPTION 'a maker or an administrator marks holidays' USING ERRCODE = 'check_violation', CONSTRAINT = 'holiday_is_marked_on_duty';
    END IF;
    NEW.set_at := now();
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER holiday_is_marked_on_duty BEFORE INSERT ON holiday_marks FOR EACH ROW EXECUTE FUNCTION holiday_is_marked_on_duty();
CREATE TRIGGER holiday_marks_are_never_changed BEFORE UPDATE OR DELETE ON holiday_marks FOR EACH ROW EXECUTE FUNCTION refuse_change();
SELECT audit_table('holiday_marks', 'holiday', 'id');
SELECT isolate_merchants('holiday_marks');
GRANT SELECT ON holiday_marks TO portal_web, portal_worker;
GRANT INSERT (id, merchant_id, day, closed, name, source, set_by) ON holiday_marks TO portal_web;
REVOKE ALL ON FUNCTION holiday_is_marked_on_duty FROM PUBLIC;

-- A schedule is what somebody wishes to be taken from a payer, again and again.
-- The bank knows no bank days, so it is kept there as one or several schedules
-- of the bank: its legs. What stands here is what the newest change that the
-- bank carried out in full says.
CREATE TABLE schedules (
    id            uuid PRIMARY KEY,
    merchant_id   uuid NOT NULL REFERENCES merchants,
    payer_id      uuid NOT NULL,
    mandate_id    uuid NOT NULL,
    -- As the payer was called when it was written: what people approved.
    payer_name    text NOT NULL,
    payer_code    text NOT NULL,
    frequency     text NOT NULL CONSTRAINT schedule_frequency_is_known CHECK (frequency IN ('once', 'daily', 'weekly', 'monthly')),
    shift         text NOT NULL CONSTRAINT schedule_shift_is_known CHECK (shift IN ('same', 'next', 'previous', 'skip')),
    start_on      date NOT NULL,
    end_on        date,
    payments      integer,
    day_of_month  smallint,
    amount_satang bigint NOT NULL CONSTRAINT schedule_amount_is_above_zero CHECK (amount_satang > 0),
    reference     text NOT NULL CONSTRAINT schedule_reference_is_short CHECK (reference ~ '^[A-Za-z0-9]{1,20}$'),
    -- Of one that nothing ends: until when the bank was asked.
    covered_until date,
    -- The last day on which it debits.
    last_on       date NOT NULL,
    paused_until  date,
    state         text NOT NULL DEFAULT 'submitted' CONSTRAINT schedule_state_is_known
                  CHECK (state IN ('submitted', 'approved', 'sending', 'active', 'paused', 'cancelled', 'incomplete', 'refused', 'unknown', 'dropped')),
    state_since   timestamptz NOT NULL DEFAULT now(),
    created_by    uuid NOT NULL REFERENCES people,
    created_at    timestamptz NOT NULL DEFAULT now(),
    bank_asked_at timestamptz,
    words         text NOT NULL GENERATED ALWAYS AS (lower(payer_name || ' ' || payer_code || ' ' || reference)) STORED,
    CONSTRAINT schedule_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT schedule_has_one_end CHECK (num_nonnulls(end_on, payments) <= CASE frequency WHEN 'once' THEN 0 ELSE 1 END),
    CONSTRAINT schedule_ends_after_it_begins CHECK (end_on >= start_on),
    CONSTRAINT schedule_has_few_payments CHECK (payments BETWEEN 1 AND 360),
    CONSTRAINT schedule_day_is_of_a_month CHECK (CASE frequency WHEN 'monthly' THEN coalesce(day_of_month BETWEEN 1 AND 31, false) ELSE day_of_month IS NULL END),
    FOREIGN KEY (payer_id, merchant_id) REFERENCES payers (id, merchant_id),
    FOREIGN KEY (mandate_id, merchant_id) REFERENCES mandates (id, merchant_id)
);
CREATE INDEX schedules_newest ON schedules (merchant_id, id DESC);
CREATE INDEX schedules_by_state ON schedules (merchant_id, state, id DESC);
CREATE INDEX schedules_of_payer ON schedules (merchant_id, payer_id, id DESC);
CREATE INDEX schedules_of_mandate ON schedules (mandate_id);
CREATE INDEX schedules_words ON schedules USING gin (words gin_trgm_ops);
ALTER TABLE debits ADD CONSTRAINT debit_names_its_schedule FOREIGN KEY (schedule_id, merchant_id) REFERENCES schedules (id, merchant_id);

-- What people asked to be done about a schedule. The bank offers nothing but to
-- begin and to end one of its own, so each change is one approval of a list of
-- those: first what ends, then what begins.
CREATE TABLE schedule_changes (
    id             uuid PRIMARY KEY,
    merchant_id    uuid NOT NULL,
    schedule_id    uuid NOT NULL,
    no             smallint NOT NULL,
    kind           text NOT NULL CONSTRAINT schedule_change_is_known CHECK (kind IN ('create', 'cancel', 'pause', 'resume', 'amend', 'move', 'extend')),
    instruction_id uuid NOT NULL CONSTRAINT change_is_one_approval UNIQUE, -- the lead
    -- What the schedule is once it is done.
    terms          jsonb NOT NULL CONSTRAINT schedule_terms_are_an_object CHECK (jsonb_typeof(terms) = 'object'),
    reason         text NOT NULL CONSTRAINT schedule_reason_is_short CHECK (length(reason) <= 300),
    made_by        uuid NOT NULL REFERENCES people,
    made_at        timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT schedule_changes_count UNIQUE (schedule_id, no),
    CONSTRAINT schedule_change_and_schedule UNIQUE (id, schedule_id),
    CONSTRAINT schedule_begins_once CHECK ((no = 1) = (kind = 'create')),
    FOREIGN KEY (schedule_id, merchant_id) REFERENCES schedules (id, merchant_id),
    FOREIGN KEY (instruction_id, merchant_id) REFERENCES instructions (id, merchant_id)
);

-- A schedule of the bank. Its id is the reference that the bank is given.
CREATE TABLE schedule_legs (
    id             uuid PRIMARY KEY,
    merchant_id    uuid NOT NULL,
    schedule_id    uuid NOT NULL,
    change_id      uuid NOT NULL,
    frequency      text NOT NULL CONSTRAINT leg_frequency_is_known CHECK (frequency IN ('once', 'daily', 'weekly', 'monthly')),
    start_on       date NOT NULL,
    end_on         date NOT NULL,
    day_of_month   smallint,
    amount_satang  bigint NOT NULL CONSTRAINT leg_amount_is_above_zero CHECK (amount_satang > 0),
    instruction_id uuid NOT NULL CONSTRAINT leg_has_one_instruction UNIQUE,
    cancel_id      uuid CONSTRAINT leg_ends_once UNIQUE,
    state          text NOT NULL DEFAULT 'asked' CONSTRAINT leg_state_is_known
                   CHECK (state IN ('asked', 'active', 'cancelled', 'refused', 'unknown', 'dropped')),
    bank_reference text NOT NULL DEFAULT '',
    -- What the bank said of it when it was asked last.
    bank_status    text NOT NULL DEFAULT '',
    CONSTRAINT leg_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT leg_ends_after_it_begins CHECK (end_on >= start_on AND (frequency <> 'once' OR end_on = start_on)),
    CONSTRAINT leg_day_is_of_a_month CHECK (CASE frequency WHEN 'monthly' THEN coalesce(day_of_month BETWEEN 1 AND 31, false) ELSE day_of_month IS NULL END),
    FOREIGN KEY (schedule_id, merchant_id) REFERENCES schedules (id, merchant_id),
    FOREIGN KEY (change_id, schedule_id) REFERENCES schedule_changes (id, schedule_id),
    FOREIGN KEY (instruction_id, merchant_id) REFERENCES instructions (id, merchant_id),
    FOREIGN KEY (cancel_id, merchant_id) REFERENCES instructions (id, merchant_id)
);
CREATE INDEX legs_of_schedule ON schedule_legs (schedule_id, start_on);
CREATE INDEX legs_by_reference ON schedule_legs (bank_reference) WHERE bank_reference <> '';

-- The days on which the legs debit, and which date wished for each one is.
CREATE TABLE schedule_runs (
    leg_id      uuid NOT NULL,
    merchant_id uuid NOT NULL,
    schedule_id uuid NOT NULL,
    run_on      date NOT NULL,
    wished_on   date NOT NULL,
    why         text NOT NULL CONSTRAINT run_reason_is_known CHECK (why IN ('', 'weekend', 'holiday')),
    PRIMARY KEY (leg_id, run_on),
    FOREIGN KEY (leg_id, merchant_id) REFERENCES schedule_legs (id, merchant_id)
);
CREATE INDEX schedule_runs_by_day ON schedule_runs (merchant_id, run_on);
CREATE INDEX schedule_runs_wished ON schedule_runs (merchant_id, wished_on);
CREATE INDEX schedule_runs_of_schedule ON schedule_runs (schedule_id, run_on);

-- The days on which the bank debits by a leg, as the bank counts them.
-- +goose StatementBegin
CREATE FUNCTION leg_days(l schedule_legs) RETURNS date[] LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
BEGIN
    IF l.frequency <> 'monthly' THEN
        RETURN ARRAY(SELECT d::date FROM generate_series(l.start_on::timestamp, l.end_on::timestamp, CASE l.frequency WHEN 'weekly' THEN interval '7 days' ELSE interval '1 day' END) AS d ORDER BY d);
    END IF;
    RETURN ARRAY(SELECT d.on_day FROM (
        SELECT least((m + (l.day_of_month - 1) * interval '1 day')::date, (m + interval '1 month' - interval '1 day')::date) AS on_day
        FROM generate_series(date_trunc('month', l.start_on::timestamp), date_trunc('month', l.end_on::timestamp), interval '1 month') AS m) AS d
        WHERE d.on_day BETWEEN l.start_on AND l.end_on ORDER BY d.on_day);
END $$;
-- +goose StatementEnd

-- How far a change has come: what its instructions say of it together.
-- +goose StatementBegin
CREATE FUNCTION schedule_change_standing(lead uuid) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (SELECT CASE
            WHEN bool_or(i.state = 'unknown') THEN 'unknown'
            WHEN bool_and(i.state = 'done') THEN 'done'
            WHEN bool_or(i.part = 0 AND i.state = 'pending') THEN 'submitted'
            WHEN bool_or(i.part = 0 AND i.state IN ('rejected', 'withdrawn', 'expired')) THEN 'dropped'
            WHEN bool_or(i.part = 0 AND i.state = 'failed') THEN 'refused'
            WHEN bool_or(i.state IN ('failed', 'expired', 'withdrawn')) THEN 'incomplete'
            WHEN bool_or(i.part = 0 AND i.state = 'approved') THEN 'approved'
            ELSE 'sending' END
        FROM instructions i WHERE i.lead_id = lead AND (acting_merchant() IS NULL OR i.merchant_id = acting_merchant()));
END $$;
-- +goose StatementEnd

-- Where a schedule stands: the newest change that did something says it. One
-- that was not agreed to, or that the bank refused at once, did nothing.
-- +goose StatementBegin
CREATE FUNCTION schedule_state(schedule uuid) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    c record;
    found text;
BEGIN
    FOR c IN SELECT kind, schedule_change_standing(instruction_id) AS standing FROM schedule_changes
             WHERE schedule_id = schedule AND (acting_merchant() IS NULL OR merchant_id = acting_merchant()) ORDER BY no DESC LOOP
        IF c.standing IN ('unknown', 'incomplete') OR c.kind = 'create' AND c.standing <> 'done' THEN
            RETURN c.standing;
        ELSIF c.standing = 'done' THEN
            RETURN CASE c.kind WHEN 'cancel' THEN 'cancelled' WHEN 'pause' THEN 'paused' ELSE 'active' END;
        END IF;
    END LOOP;
    RETURN found;
END $$;
-- +goose StatementEnd

-- Where a leg stands by what asked for it and what ends it.
-- +goose StatementBegin
CREATE FUNCTION leg_state(l schedule_legs) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM instructions c WHERE c.id = l.cancel_id AND c.state = 'done') THEN
        RETURN 'cancelled';
    END IF;
    RETURN (SELECT CASE WHEN i.state = 'done' THEN 'active' WHEN i.state = 'failed' THEN 'refused' WHEN i.state = 'unknown' THEN 'unknown'
            WHEN i.state IN ('rejected', 'withdrawn', 'expired') THEN 'dropped' ELSE 'asked' END
        FROM instructions i WHERE i.id = l.instruction_id);
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION schedule_terms_differ(a schedules, b schedules) RETURNS boolean LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (a.frequency, a.shift, a.start_on, a.end_on, a.payments, a.day_of_month, a.amount_satang, a.reference, a.covered_until, a.last_on, a.paused_until)
        IS DISTINCT FROM
           (b.frequency, b.shift, b.start_on, b.end_on, b.payments, b.day_of_month, b.amount_satang, b.reference, b.covered_until, b.last_on, b.paused_until);
END $$;
-- +goose StatementEnd
-- Whether a schedule is what the terms of a change say.
-- +goose StatementBegin
CREATE FUNCTION schedule_has_terms(s schedules, terms jsonb) RETURNS boolean LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (s.frequency, s.shift, s.start_on, s.end_on, s.payments, s.day_of_month, s.amount_satang, s.reference, s.covered_until, s.last_on, s.paused_until)
        IS NOT DISTINCT FROM
           (terms ->> 'frequency', terms ->> 'shift', (terms ->> 'start')::date, (terms ->> 'end')::date, (terms ->> 'payments')::integer,
            (terms ->> 'day_of_month')::smallint, (terms ->> 'amount_satang')::bigint, terms ->> 'reference', (terms ->> 'covered_until')::date,
            (terms ->> 'last_on')::date, (terms ->> 'paused_until')::date);
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION schedule_follows_its_changes() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'submitted' OR NEW.created_by IS DISTINCT FROM acting_person() OR NEW.bank_asked_at IS NOT NULL
           OR NOT coalesce(has_duty(NEW.merchant_id, NEW.created_by, 'maker'), false) THEN
            RAISE EXCEPTION 'a schedule starts with a maker, who submits it' USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_starts_submitted';
        END IF;
        IF NOT EXISTS (SELECT FROM mandates m WHERE m.id = NEW.mandate_id AND m.payer_id = NEW.payer_id AND m.merchant_id = NEW.merchant_id) OR NOT mandate_is_live(NEW.mandate_id) THEN
            RAISE EXCEPTION 'the mandate is not in force' USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_has_a_live_mandate';
        END IF;
        NEW.created_at := now();
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.merchant_id, NEW.payer_id, NEW.mandate_id, NEW.payer_name, NEW.payer_code, NEW.created_by, NEW.created_at)
       IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.payer_id, OLD.mandate_id, OLD.payer_name, OLD.payer_code, OLD.created_by, OLD.created_at) THEN
        RAISE EXCEPTION 'whose schedule it is stays' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'schedule_keeps_its_origin';
    END IF;
    IF NEW.state IS DISTINCT FROM schedule_state(NEW.id) THEN
        RAISE EXCEPTION 'a schedule is not % by what its changes say', NEW.state USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_state_follows';
    END IF;
    IF schedule_terms_differ(NEW, OLD) AND NOT EXISTS (SELECT FROM schedule_changes c WHERE c.schedule_id = NEW.id
            AND schedule_change_standing(c.instruction_id) = 'done' AND schedule_has_terms(NEW, c.terms)
            AND NOT EXISTS (SELECT FROM schedule_changes n WHERE n.schedule_id = NEW.id AND n.no > c.no AND schedule_change_standing(n.instruction_id) = 'done')) THEN
        RAISE EXCEPTION 'a schedule is what its newest change says' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'schedule_has_its_changes_terms';
    END IF;
    IF NEW.state <> OLD.state THEN
        NEW.state_since := now();
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER schedule_follows_its_changes BEFORE INSERT OR UPDATE ON schedules FOR EACH ROW EXECUTE FUNCTION schedule_follows_its_changes();
CREATE TRIGGER schedules_are_not_deleted BEFORE DELETE ON schedules FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- One change at a time: another would end or begin what this one is about.
-- +goose StatementBegin
CREATE FUNCTION schedule_change_is_alone() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    s schedules;
BEGIN
    SELECT * INTO s FROM schedules WHERE id = NEW.schedule_id AND merchant_id = NEW.merchant_id FOR UPDATE;
    IF NEW.made_by IS DISTINCT FROM acting_person() THEN
        RAISE EXCEPTION 'a change is made by the acting person' USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_change_is_the_acting_persons';
    END IF;
    IF NOT EXISTS (SELECT FROM instructions i WHERE i.id = NEW.instruction_id AND i.part = 0 AND i.subject = 'schedule/' || s.id AND i.submitted_at = now()) THEN
        RAISE EXCEPTION 'a change is asked for as it is made' USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_change_has_its_lead';
    END IF;
    IF EXISTS (SELECT FROM schedule_changes c WHERE c.schedule_id = s.id AND schedule_change_standing(c.instruction_id) IN ('submitted', 'approved', 'sending', 'unknown'))
       OR NEW.kind <> 'create' AND s.state NOT IN ('active', 'paused', 'incomplete')
       OR NEW.kind = 'resume' AND s.state NOT IN ('paused', 'incomplete') THEN
        RAISE EXCEPTION 'another change is under way' USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_changes_one_at_a_time';
    END IF;
    NEW.made_at := now();
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER schedule_change_is_alone BEFORE INSERT ON schedule_changes FOR EACH ROW EXECUTE FUNCTION schedule_change_is_alone();
CREATE TRIGGER schedule_changes_never_change BEFORE UPDATE OR DELETE ON schedule_changes FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- What people agree to is counted: each day of each leg at its amount, or, where
-- nothing begins, each day that is called off.
-- +goose StatementBegin
CREATE FUNCTION schedule_change_adds_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    lead instructions;
    begun bigint := (SELECT sum(l.amount_satang * cardinality(leg_days(l))) FROM schedule_legs l WHERE l.change_id = NEW.id);
    ended bigint := (SELECT sum(l.amount_satang * (SELECT count(*) FROM unnest(leg_days(l)) AS d WHERE d >= (NEW.made_at AT TIME ZONE 'Asia/Bangkok')::date))
        FROM schedule_legs l JOIN instructions i ON i.id = l.cancel_id WHERE i.lead_id = NEW.instruction_id);
BEGIN
    SELECT * INTO lead FROM instructions WHERE id = NEW.instruction_id;
    IF lead.amount_satang IS DISTINCT FROM coalesce(begun, ended, 0) THEN
        RAISE EXCEPTION 'a change is about what its days add up to' USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_change_adds_up';
    END IF;
    IF NEW.kind = 'create' AND NOT EXISTS (SELECT FROM schedules s WHERE s.id = NEW.schedule_id AND schedule_has_terms(s, NEW.terms)) THEN
        RAISE EXCEPTION 'a schedule begins as its first change says' USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_has_its_changes_terms';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER schedule_change_adds_up AFTER INSERT ON schedule_changes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION schedule_change_adds_up();

-- +goose StatementBegin
CREATE FUNCTION leg_follows_its_instructions() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'asked' OR NEW.bank_reference <> '' OR NEW.bank_status <> '' OR NEW.cancel_id IS NOT NULL THEN
            RAISE EXCEPTION 'the bank has not been asked yet' USING ERRCODE = 'check_violation', CONSTRAINT = 'leg_starts_asked';
        END IF;
        RETURN NEW;
    END IF;
    IF (to_jsonb(NEW) - '{cancel_id,state,bank_reference,bank_status}'::text[]) <> (to_jsonb(OLD) - '{cancel_id,state,bank_reference,bank_status}'::text[]) THEN
        RAISE EXCEPTION 'what the bank was asked for stays' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'leg_never_changes';
    END IF;
    IF NEW.cancel_id IS DISTINCT FROM OLD.cancel_id AND (
        OLD.cancel_id IS NOT NULL AND NOT EXISTS (SELECT FROM instructions i WHERE i.id = OLD.cancel_id AND i.state IN ('rejected', 'withdrawn', 'expired', 'failed'))
        OR NEW.cancel_id IS NOT NULL AND NOT EXISTS (SELECT FROM instructions i WHERE i.id = NEW.cancel_id AND i.operation = 'schedule.cancel' AND i.subject = 'schedule/' || NEW.schedule_id)) THEN
        RAISE EXCEPTION 'a leg is ended by its own cancellation' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'leg_ends_by_its_cancellation';
    END IF;
    IF NEW.state IS DISTINCT FROM leg_state(NEW)
       OR NEW.bank_reference <> OLD.bank_reference AND NEW.bank_reference <> (SELECT i.bank_reference FROM instructions i WHERE i.id = NEW.instruction_id)
       OR NEW.bank_status <> OLD.bank_status AND acting_person() IS NOT NULL THEN
        RAISE EXCEPTION 'a leg is what its instructions say' USING ERRCODE = 'check_violation', CONSTRAINT = 'leg_state_follows';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER leg_follows_its_instructions BEFORE INSERT OR UPDATE ON schedule_legs FOR EACH ROW EXECUTE FUNCTION leg_follows_its_instructions();
CREATE TRIGGER legs_are_not_deleted BEFORE DELETE ON schedule_legs FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER runs_never_change BEFORE UPDATE OR DELETE ON schedule_runs FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The runs are the days of the leg, as this database counts them, too; and no
-- day is one of another leg that goes on.
-- +goose StatementBegin
CREATE FUNCTION leg_has_its_days() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF leg_days(NEW) IS DISTINCT FROM ARRAY(SELECT r.run_on FROM schedule_runs r WHERE r.leg_id = NEW.id AND r.schedule_id = NEW.schedule_id ORDER BY r.run_on) THEN
        RAISE EXCEPTION 'the runs are not the days of the leg' USING ERRCODE = 'check_violation', CONSTRAINT = 'leg_has_its_days';
    END IF;
    IF EXISTS (SELECT FROM schedule_runs r JOIN schedule_legs o ON o.id = r.leg_id
        WHERE r.schedule_id = NEW.schedule_id AND o.id <> NEW.id AND o.cancel_id IS NULL AND o.state IN ('asked', 'active', 'unknown') AND r.run_on = ANY (leg_days(NEW))) THEN
        RAISE EXCEPTION 'a schedule debits once a day' USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_debits_once_a_day';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER leg_has_its_days AFTER INSERT ON schedule_legs DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION leg_has_its_days();

-- What the bank took by itself it took by a leg that it has, on a day of that
-- leg or later, from the payer whose schedule it is.
-- +goose StatementBegin
CREATE FUNCTION debit_is_a_run() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM schedule_runs r JOIN schedule_legs l ON l.id = r.leg_id JOIN schedules s ON s.id = r.schedule_id
        WHERE r.schedule_id = NEW.schedule_id AND r.merchant_id = NEW.merchant_id AND r.run_on = NEW.run_on AND NEW.run_on <= NEW.debit_on AND l.bank_reference <> ''
            AND (s.payer_id, s.mandate_id, l.amount_satang) = (NEW.payer_id, NEW.mandate_id, NEW.amount_satang)) THEN
        RAISE EXCEPTION 'the bank has no such run' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_is_a_run';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER debit_is_a_run BEFORE INSERT ON debits FOR EACH ROW WHEN (NEW.schedule_id IS NOT NULL) EXECUTE FUNCTION debit_is_a_run();

-- What asks the bank asks for a leg as it stands here, from the account of the
-- schedule's mandate to the merchant's own, or ends one that the bank has.
-- +goose StatementBegin
CREATE FUNCTION instruction_says_its_schedule() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := convert_from(NEW.payload, 'UTF8')::jsonb;
    s     schedules;
    lead  instructions;
    r     debit_rules := debit_rules_in_force(NEW.merchant_id);
BEGIN
    SELECT * INTO s FROM schedules WHERE id = split_part(NEW.subject, '/', 2)::uuid AND NEW.subject = 'schedule/' || id AND merchant_id = NEW.merchant_id;
    IF NEW.part > 0 THEN
        SELECT * INTO lead FROM instructions WHERE id = NEW.lead_id AND merchant_id = NEW.merchant_id;
    END IF;
    IF s.id IS NULL OR NOT content_names_once(convert_from(NEW.payload, 'UTF8')::json)
       OR NEW.part > 0 AND (NEW.amount_satang <> 0 OR lead.subject <> NEW.subject OR lead.operation NOT LIKE 'schedule.%') THEN
        RAISE EXCEPTION 'a part is of what its lead is about' USING ERRCODE = 'check_violation', CONSTRAINT = 'part_belongs_to_its_lead';
    END IF;
    IF NEW.operation = 'schedule.cancel' THEN
        IF NOT EXISTS (SELECT FROM schedule_legs l WHERE l.schedule_id = s.id AND l.state = 'active' AND l.bank_reference <> '' AND l.bank_reference = asked ->> 'scheduleIdentification') THEN
            RAISE EXCEPTION 'the bank has no such leg' USING ERRCODE = 'check_violation', CONSTRAINT = 'cancellation_is_of_its_leg';
        END IF;
        RETURN NEW;
    END IF;
    IF (asked ->> 'creditorAccountNumber', asked ->> 'paymentToken') IS DISTINCT FROM
       ((SELECT o.account_number FROM merchants o WHERE o.id = NEW.merchant_id), (SELECT m.bank_token FROM mandates m WHERE m.id = s.mandate_id)) THEN
        RAISE EXCEPTION 'money goes from the payer to the merchant' USING ERRCODE = 'check_violation', CONSTRAINT = 'instruction_says_its_schedule';
    END IF;
    IF NOT mandate_is_live(s.mandate_id) THEN
        RAISE EXCEPTION 'the mandate is not in force' USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_has_a_live_mandate';
    END IF;
    IF (asked ->> 'amount')::numeric * 100 NOT BETWEEN r.min_satang AND r.max_satang THEN
        RAISE EXCEPTION 'the amount is outside the limits' USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_is_within_limits';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER instruction_to_schedule_says_it BEFORE INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation IN ('schedule.create', 'schedule.cancel')) EXECUTE FUNCTION instruction_says_its_schedule();
-- As in 0030, and schedules have a rule of their own.
DROP TRIGGER instruction_suits_its_subject ON instructions;
CREATE TRIGGER instruction_suits_its_subject BEFORE INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation NOT IN ('mandate.cancel', 'debit.create', 'schedule.create', 'schedule.cancel')) EXECUTE FUNCTION instruction_suits_its_subject();
-- +goose StatementBegin
CREATE FUNCTION schedule_knows_its_instruction() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := convert_from(NEW.payload, 'UTF8')::jsonb;
BEGIN
    IF NOT EXISTS (SELECT FROM schedule_changes c WHERE c.instruction_id = NEW.lead_id AND 'schedule/' || c.schedule_id = NEW.subject)
       OR NOT (CASE NEW.operation
        WHEN 'schedule.cancel' THEN EXISTS (SELECT FROM schedule_legs l WHERE l.cancel_id = NEW.id AND l.bank_reference = asked ->> 'scheduleIdentification')
        ELSE EXISTS (SELECT FROM schedule_legs l JOIN schedules s ON s.id = l.schedule_id JOIN schedule_changes c ON c.id = l.change_id AND c.instruction_id = NEW.lead_id
            WHERE l.instruction_id = NEW.id AND 'schedule/' || s.id = NEW.subject
                AND (l.id::text, upper(l.frequency), l.start_on, CASE WHEN l.frequency <> 'once' THEN l.end_on END, l.day_of_month, l.amount_satang::numeric, c.terms ->> 'reference')
                    IS NOT DISTINCT FROM (asked ->> 'scheduleReference', asked ->> 'frequency', (asked ->> 'startDate')::date, (asked ->> 'endDate')::date,
                        (asked ->> 'dayOfMonth')::smallint, (asked ->> 'amount')::numeric * 100, asked ->> 'ref1')
                AND NOT asked ? 'numberOfPayments') END) THEN
        RAISE EXCEPTION 'its schedule knows nothing of it' USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_is_its_subjects';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER schedule_knows_its_instruction AFTER INSERT ON instructions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.operation IN ('schedule.create', 'schedule.cancel')) EXECUTE FUNCTION schedule_knows_its_instruction();

-- Neither approved nor sent is what its payer no longer allows, nor what begins
-- on a day that is over.
-- +goose StatementBegin
CREATE FUNCTION schedule_is_still_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM schedules s WHERE s.id = split_part(NEW.subject, '/', 2)::uuid AND mandate_is_live(s.mandate_id)) THEN
        RAISE EXCEPTION 'the mandate is not in force' USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_has_a_live_mandate';
    END IF;
    IF EXISTS (SELECT FROM schedule_legs l WHERE l.instruction_id = NEW.id AND l.start_on < (now() AT TIME ZONE 'Asia/Bangkok')::date) THEN
        RAISE EXCEPTION 'its first day is over' USING ERRCODE = 'check_violation', CONSTRAINT = 'schedule_is_in_time';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER schedule_is_still_allowed BEFORE UPDATE OF state ON instructions FOR EACH ROW
    WHEN (NEW.operation = 'schedule.create' AND NEW.state <> OLD.state AND (NEW.state = 'sending' OR NEW.state = 'approved' AND OLD.state = 'pending'))
    EXECUTE FUNCTION schedule_is_still_allowed();
-- As in 0030, and schedules.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION instruction_obstacle(i instructions) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF i.operation = 'debit.create' AND NOT EXISTS (SELECT FROM debits d WHERE d.id = split_part(i.subject, '/', 2)::uuid AND mandate_is_live(d.mandate_id)) THEN
        RETURN 'mandate_dead';
    END IF;
    IF i.operation = 'schedule.create' AND NOT EXISTS (SELECT FROM schedules s WHERE s.id = split_part(i.subject, '/', 2)::uuid AND mandate_is_live(s.mandate_id)) THEN
        RETURN 'mandate_dead';
    END IF;
    -- Nothing is ended either for the sake of what can no longer begin.
    IF i.operation IN ('schedule.create', 'schedule.cancel') AND EXISTS (SELECT FROM schedule_legs l JOIN instructions p ON p.id = l.instruction_id
            WHERE p.lead_id = i.lead_id AND p.part >= i.part AND l.start_on < (now() AT TIME ZONE 'Asia/Bangkok')::date) THEN
        RETURN 'schedule_late';
    END IF;
    RETURN '';
END $$;
-- +goose StatementEnd

-- An unclear outcome is settled by the bank's list of schedules: what it has by
-- our reference was begun, what it does not have was not.
INSERT INTO settling_words VALUES
    ('schedule.create', 'schedule.list', 'ACTV', 'done'), ('schedule.create', 'schedule.list', 'COMP', 'done'), ('schedule.create', 'schedule.list', 'NONE', 'failed'),
    ('schedule.cancel', 'schedule.list', 'CANC', 'done'), ('schedule.cancel', 'schedule.list', 'ACTV', 'failed'), ('schedule.cancel', 'schedule.list', 'COMP', 'failed');
-- +goose StatementBegin
CREATE FUNCTION schedule_is_settled_by_its_answer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    i      instructions;
    leg    schedule_legs;
    answer jsonb;
    said   jsonb;
BEGIN
    SELECT * INTO i FROM instructions WHERE id = NEW.instruction_id;
    IF i.operation NOT IN ('schedule.create', 'schedule.cancel') THEN
        RETURN NEW;
    END IF;
    SELECT * INTO leg FROM schedule_legs l WHERE i.id IN (l.instruction_id, l.cancel_id);
    SELECT r.body_masked::jsonb INTO answer FROM exchanges x JOIN exchange_results r ON r.exchange_id = x.id
    WHERE x.inquiry_id = NEW.inquiry_id AND r.outcome = 'done' ORDER BY x.began_at DESC LIMIT 1;
    SELECT e INTO said FROM jsonb_array_elements(answer -> 'schedules') AS e WHERE e ->> 'scheduleReference' = leg.id::text;
    IF answer IS NULL OR NOT (CASE
        WHEN said IS NULL THEN i.operation = 'schedule.create' AND NEW.outcome = 'failed' AND (answer ->> 'totalRecords')::integer = jsonb_array_length(answer -> 'schedules')
        ELSE said ->> 'scheduleIdentification' = NEW.bank_reference
            AND EXISTS (SELECT FROM settling_words w WHERE w.operation = i.operation AND w.source = 'schedule.list' AND w.status = said ->> 'scheduleStatus' AND w.outcome = NEW.outcome) END) THEN
        RAISE EXCEPTION 'the bank''s answer settles only what it names' USING ERRCODE = 'check_violation', CONSTRAINT = 'settled_by_an_answer_that_names_it';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER schedule_is_settled_by_its_answer BEFORE INSERT ON settlements FOR EACH ROW
    WHEN (NEW.inquiry_id IS NOT NULL) EXECUTE FUNCTION schedule_is_settled_by_its_answer();
-- +goose StatementBegin
CREATE FUNCTION inquiry_is_about_ones_own_schedules() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT content_names_once(convert_from(NEW.payload, 'UTF8')::json) OR NOT EXISTS (
        SELECT FROM schedules s JOIN mandates m ON m.id = s.mandate_id WHERE s.merchant_id = NEW.merchant_id AND 'schedule/' || s.id = NEW.subject
            AND m.bank_token = convert_from(NEW.payload, 'UTF8')::jsonb ->> 'paymentToken') THEN
        RAISE EXCEPTION 'a question is about a schedule of one''s own' USING ERRCODE = 'check_violation', CONSTRAINT = 'inquiry_is_about_ones_own';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER inquiry_is_about_ones_own_schedules BEFORE INSERT ON inquiries FOR EACH ROW
    WHEN (NEW.operation = 'schedule.list') EXECUTE FUNCTION inquiry_is_about_ones_own_schedules();

SELECT audit_table('schedules', 'schedule', 'id');
SELECT audit_table(t, 'schedule', 'schedule_id') FROM unnest(ARRAY['schedule_changes', 'schedule_legs', 'schedule_runs']) AS t;
SELECT isolate_merchants(t) FROM unnest(ARRAY['schedules', 'schedule_changes', 'schedule_legs', 'schedule_runs']) AS t;
REVOKE ALL ON FUNCTION leg_days, schedule_change_standing, schedule_state, leg_state, schedule_terms_differ, schedule_has_terms FROM PUBLIC;
GRANT EXECUTE ON FUNCTION schedule_change_standing, schedule_state, leg_state, schedule_has_terms TO portal_web, portal_worker;
GRANT SELECT ON schedules, schedule_changes, schedule_legs, schedule_runs TO portal_web, portal_worker;
GRANT INSERT (id, merchant_id, payer_id, mandate_id, payer_name, payer_code, frequency, shift, start_on, end_on, payments, day_of_month, amount_satang, reference,
    covered_until, last_on, paused_until, created_by) ON schedules TO portal_web;
GRANT INSERT (id, merchant_id, schedule_id, no, kind, instruction_id, terms, reason, made_by) ON schedule_changes TO portal_web;
GRANT INSERT (id, merchant_id, schedule_id, change_id, frequency, start_on, end_on, day_of_month, amount_satang, instruction_id) ON schedule_legs TO portal_web;
GRANT INSERT ON schedule_runs TO portal_web;
GRANT UPDATE (frequency, shift, start_on, end_on, payments, day_of_month, amount_satang, reference, covered_until, last_on, paused_until, state) ON schedules TO portal_web, portal_worker;
GRANT UPDATE (bank_asked_at) ON schedules TO portal_worker;
GRANT UPDATE (cancel_id, state, bank_reference) ON schedule_legs TO portal_web, portal_worker;
GRANT UPDATE (bank_status) ON schedule_legs TO portal_worker;
