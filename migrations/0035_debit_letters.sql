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
