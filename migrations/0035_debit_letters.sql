-- What direct debit promised to do by itself, and the guards of it: a payer is
-- told once of a debit that failed, by a letter that says whom to call; and
-- rules cannot allow what the bank does not.

-- +goose Up

-- Whom payers are told to call. One who has no answer to that is told who wrote.
ALTER TABLE debit_rules ADD COLUMN payer_contact text NOT NULL DEFAULT '' CONSTRAINT debit_contact_is_short CHECK (length(payer_contact) <= 120);
GRANT INSERT (payer_contact) ON debit_rules TO portal_web;

-- The bank takes 20 to 700,000 baht at once. Rules that say otherwise come into
-- force no more; those proposed before can still be refused.
-- +goose StatementBegin
CREATE FUNCTION debit_rules_stay_within_the_bank() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.min_satang < 2000 OR NEW.max_satang > 70000000 THEN
        RAISE EXCEPTION 'the bank takes 20 to 700,000 baht' USING ERRCODE = 'check_violation', CONSTRAINT = 'debit_limits_are_the_banks';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER debit_rules_stay_within_the_bank BEFORE INSERT OR UPDATE ON debit_rules FOR EACH ROW
    WHEN (NEW.decision IS NULL OR NEW.decision = 'approved') EXECUTE FUNCTION debit_rules_stay_within_the_bank();

-- A letter about a failed debit is about one that failed, goes to its payer, and
-- goes once, unless it did not arrive.
-- +goose StatementBegin
CREATE FUNCTION letter_is_about_a_failed_debit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.asked_by IS NULL OR NOT EXISTS (SELECT FROM debits d JOIN payers p ON p.id = d.payer_id
        WHERE NEW.subject = 'debit/' || d.id AND d.id = split_part(NEW.subject, '/', 2)::uuid AND d.merchant_id = NEW.merchant_id AND d.payer_id = NEW.payer_id
            AND d.state = 'failed' AND p.email = NEW.send_to) THEN
        RAISE EXCEPTION 'a payer is told of a debit of their own that failed' USING ERRCODE = 'check_violation', CONSTRAINT = 'letter_is_about_a_failed_debit';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER letter_is_about_a_failed_debit BEFORE INSERT ON payer_mails FOR EACH ROW
    WHEN (NEW.kind = 'debit_failed') EXECUTE FUNCTION letter_is_about_a_failed_debit();
CREATE UNIQUE INDEX payer_is_told_once ON payer_mails (subject) WHERE kind = 'debit_failed' AND dead_at IS NULL;

-- That somebody was told is said by whoever writes, as they write.
-- +goose StatementBegin
CREATE FUNCTION payer_is_told_by_a_letter() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.dunned_at IS DISTINCT FROM now() OR NOT EXISTS (SELECT FROM payer_mails m
        WHERE m.subject = 'debit/' || NEW.id AND m.kind = 'debit_failed' AND m.merchant_id = NEW.merchant_id AND m.created_at = now() AND m.asked_by = acting_person()) THEN
        RAISE EXCEPTION 'a payer is told by a letter' USING ERRCODE = 'check_violation', CONSTRAINT = 'payer_is_told_by_a_letter';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER payer_is_told_by_a_letter BEFORE UPDATE ON debits FOR EACH ROW
    WHEN (NEW.dunned_at IS DISTINCT FROM OLD.dunned_at) EXECUTE FUNCTION payer_is_told_by_a_letter();
REVOKE ALL ON FUNCTION debit_rules_stay_within_the_bank, letter_is_about_a_failed_debit, payer_is_told_by_a_letter FROM PUBLIC;

-- What the bank itself has ended takes nothing any more: with a mandate that is
-- cancelled through its interface it ends the schedules that stand on it. Until
-- now only a cancellation of the schedule's own ended a leg. Both functions are
-- those of 0031 with that word more.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION leg_state(l schedule_legs) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM instructions c WHERE c.id = l.cancel_id AND c.state = 'done') THEN
        RETURN 'cancelled';
    END IF;
    RETURN (SELECT CASE WHEN i.state = 'done' AND l.bank_status = 'CANC' THEN 'cancelled'
            WHEN i.state = 'done' THEN 'active' WHEN i.state = 'failed' THEN 'refused' WHEN i.state = 'unknown' THEN 'unknown'
            WHEN i.state IN ('rejected', 'withdrawn', 'expired') THEN 'dropped' ELSE 'asked' END
        FROM instructions i WHERE i.id = l.instruction_id);
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION schedule_state(schedule uuid) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    c record;
    found text;
BEGIN
    FOR c IN SELECT kind, schedule_change_standing(instruction_id) AS standing FROM schedule_changes
             WHERE schedule_id = schedule AND (acting_merchant() IS NULL OR merchant_id = acting_merchant()) ORDER BY no DESC LOOP
        IF c.standing IN ('unknown', 'incomplete') OR c.kind = 'create' AND c.standing <> 'done' THEN
            RETURN c.standing;
        ELSIF c.standing = 'done' THEN
            RETURN CASE WHEN c.kind = 'cancel' THEN 'cancelled' WHEN c.kind = 'pause' THEN 'paused' WHEN bank_ended_it(schedule) THEN 'cancelled' ELSE 'active' END;
        END IF;
    END LOOP;
    RETURN found;
END $$;
-- +goose StatementEnd
-- Whether the bank ended a leg by itself, and nothing of the schedule goes on.
-- +goose StatementBegin
CREATE FUNCTION bank_ended_it(schedule uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(bool_or(l.state = 'cancelled' AND l.bank_status = 'CANC' AND l.cancel_id IS NULL), false)
            AND NOT bool_or(l.state IN ('asked', 'active', 'unknown') AND l.bank_status <> 'COMP')
        FROM schedule_legs l WHERE l.schedule_id = schedule AND (acting_merchant() IS NULL OR l.merchant_id = acting_merchant()));
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION bank_ended_it FROM PUBLIC;
-- The release before this one writes only what the bank said. Before the guards
-- of 0031, as the names say.
-- +goose StatementBegin
CREATE FUNCTION a_leg_ends_with_the_bank() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    NEW.state := leg_state(NEW);
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER a_leg_ends_with_the_bank BEFORE UPDATE ON schedule_legs FOR EACH ROW
    WHEN (NEW.bank_status <> OLD.bank_status AND NEW.state = OLD.state) EXECUTE FUNCTION a_leg_ends_with_the_bank();
-- +goose StatementBegin
CREATE FUNCTION a_schedule_ends_with_the_bank() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.bank_asked_at IS DISTINCT FROM OLD.bank_asked_at AND bank_ended_it(NEW.id) THEN
        NEW.state := schedule_state(NEW.id);
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER a_schedule_ends_with_the_bank BEFORE UPDATE ON schedules FOR EACH ROW WHEN (NEW.state = 'active') EXECUTE FUNCTION a_schedule_ends_with_the_bank();
REVOKE ALL ON FUNCTION a_leg_ends_with_the_bank, a_schedule_ends_with_the_bank FROM PUBLIC;

-- The worker asks for the bank's list of a day by night, as people do by day.
GRANT INSERT (id, merchant_id, on_day), UPDATE (asked_at) ON debit_days TO portal_worker;

-- The bank's list of mandates names no merchant [inferred], and all that one
-- client of the bank has stands on it. Where there are several merchants, a row
-- that none of ours answers for is shown to nobody: it names another's payer.
-- +goose StatementBegin
CREATE FUNCTION mandates_of_others(tokens text[], ref1s text[], ref2s text[]) RETURNS SETOF text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT x.token FROM unnest(tokens, ref1s, ref2s) AS x (token, ref1, ref2)
        WHERE EXISTS (SELECT FROM merchants o WHERE o.id <> acting_merchant())
          AND (EXISTS (SELECT FROM mandates m WHERE m.merchant_id <> acting_merchant() AND m.bank_token = x.token AND x.token <> '')
            OR EXISTS (SELECT FROM mandates m WHERE m.merchant_id <> acting_merchant() AND m.reference = x.ref2 AND x.ref2 <> '')
            OR NOT EXISTS (SELECT FROM payers p WHERE p.merchant_id = acting_merchant() AND upper(p.code) = upper(x.ref1)));
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION mandates_of_others FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mandates_of_others TO portal_worker;
CREATE INDEX mandates_by_reference ON mandates (reference);

-- What was published for 2027 nobody has compared with this list yet: also the
-- days that follow from the calendar alone may be moved by an announcement.
UPDATE bank_holidays SET confirmed = false WHERE day >= '2027-01-01';
