-- Lists of senders to be blocked come from files, and are submitted and approved
-- together; and what a person with plain SQL could still bend of blocks, of
-- where a branch is looked for, and of what leads from a payment to a bill.

-- +goose Up

CREATE INDEX blocks_of_import ON blocks (import_id, id) WHERE import_id IS NOT NULL AND state IN ('draft', 'failed', 'submitted');

-- What people say of a block is said as of now, about what it names. The worker
-- moves blocks and writes none.
-- +goose StatementBegin
CREATE FUNCTION block_is_written_as_it_is() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    today   date := (now() AT TIME ZONE 'Asia/Bangkok')::date;
    sender  boolean := TG_OP = 'INSERT' OR (NEW.sender_kind, NEW.sender_value) IS DISTINCT FROM (OLD.sender_kind, OLD.sender_value);
    content boolean := TG_OP = 'UPDATE' AND (NEW.promptpay_id, NEW.sender_kind, NEW.sender_value, NEW.sender_name, NEW.reason, NEW.note, NEW.owner_id, NEW.review_on)
        IS DISTINCT FROM (OLD.promptpay_id, OLD.sender_kind, OLD.sender_value, OLD.sender_name, OLD.reason, OLD.note, OLD.owner_id, OLD.review_on);
BEGIN
    IF acting_person() IS NULL THEN
        RETURN NEW;
    END IF;
    IF (TG_OP = 'INSERT' OR NEW.review_on <> OLD.review_on) AND NEW.review_on NOT BETWEEN today + 1 AND today + 730 THEN
        RAISE EXCEPTION 'it is looked at again after today, and within two years' USING ERRCODE = 'check_violation', CONSTRAINT = 'block_is_reviewed_in_time';
    END IF;
    IF sender AND NEW.alert_id IS NOT NULL AND NOT EXISTS (SELECT FROM alerts a WHERE a.id = NEW.alert_id AND a.merchant_id = NEW.merchant_id
            AND (a.sender_kind, a.sender_value) = (NEW.sender_kind, NEW.sender_value)) THEN
        RAISE EXCEPTION 'the alert is another sender''s' USING ERRCODE = 'check_violation', CONSTRAINT = 'block_comes_from_its_alert';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.import_id IS NOT NULL AND NOT EXISTS (SELECT FROM imports i WHERE i.id = NEW.import_id AND i.merchant_id = NEW.merchant_id AND i.kind = 'blocks' AND i.state = 'making') THEN
            RAISE EXCEPTION 'the list is not one of senders that is being made' USING ERRCODE = 'check_violation', CONSTRAINT = 'block_comes_from_its_list';
        END IF;
        RETURN NEW;
    END IF;
    -- Whoever submits a version has seen what it says.
    IF NEW.version NOT IN (OLD.version, OLD.version + 1) OR content AND NEW.version = OLD.version
       OR NEW.edited_at <> OLD.edited_at AND NEW.edited_at <> now() THEN
        RAISE EXCEPTION 'each change is the next version, of now' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'block_counts_its_versions';
    END IF;
    IF NEW.failure_code NOT IN ('', OLD.failure_code) AND NOT EXISTS (SELECT FROM instructions i WHERE i.id IN (NEW.instruction_id, NEW.lift_id) AND i.state = 'failed' AND i.reason = NEW.failure_code) THEN
        RAISE EXCEPTION 'what the bank said is the bank''s' USING ERRCODE = 'check_violation', CONSTRAINT = 'block_failure_is_the_banks';
    END IF;
    IF NEW.instruction_id IS DISTINCT FROM OLD.instruction_id AND NEW.state <> 'submitted'
       OR (NEW.lift_id, NEW.lift_reason) IS DISTINCT FROM (OLD.lift_id, OLD.lift_reason) AND NEW.state <> 'lift_submitted' THEN
        RAISE EXCEPTION 'what is asked for, it moves by' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'block_keeps_its_instruction';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER block_is_written_as_it_is BEFORE INSERT OR UPDATE ON blocks FOR EACH ROW EXECUTE FUNCTION block_is_written_as_it_is();

-- A sender is blocked for an id of ours that two people have confirmed and that
-- alerts come to.
-- +goose StatementBegin
CREATE FUNCTION block_is_for_an_id_in_use() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM blocks b JOIN promptpay_ids p ON p.id = b.promptpay_id WHERE 'block/' || b.id = NEW.subject AND b.id = split_part(NEW.subject, '/', 2)::uuid
            AND b.merchant_id = NEW.merchant_id AND p.receives AND p.active_from <= now() AND p.ended_at IS NULL) THEN
        RAISE EXCEPTION 'alerts do not come to that id' USING ERRCODE = 'check_violation', CONSTRAINT = 'block_is_for_an_id_in_use';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- After instruction_to_block_says_it, which tells what is about no block at all.
CREATE TRIGGER instruction_to_block_is_for_an_id_in_use BEFORE INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation = 'promptpay.block') EXECUTE FUNCTION block_is_for_an_id_in_use();

-- Evidence waits for whoever submits at this moment, and sees what became of it:
-- nothing is added to what people are already asked to agree to.
-- +goose StatementBegin
CREATE FUNCTION block_waits_for_its_evidence() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM blocks b WHERE b.id = NEW.block_id FOR NO KEY UPDATE;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- Before evidence_is_added_on_duty, which looks at the state.
CREATE TRIGGER block_waits_for_its_evidence BEFORE INSERT ON block_files FOR EACH ROW EXECUTE FUNCTION block_waits_for_its_evidence();

-- A decision is of the moment in which it is made.
-- +goose StatementBegin
CREATE FUNCTION block_difference_is_decided_now() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.decided_at IS DISTINCT FROM now() THEN
        RAISE EXCEPTION 'it is decided now' USING ERRCODE = 'check_violation', CONSTRAINT = 'block_difference_is_decided_now';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER block_difference_is_decided_now BEFORE UPDATE ON block_differences FOR EACH ROW EXECUTE FUNCTION block_difference_is_decided_now();

-- Nobody's exact position is kept, whoever asks; and what is asked of the bank
-- is the search and nothing beside it.
ALTER TABLE branch_searches ADD CONSTRAINT branch_search_is_rounded
    CHECK (lat = round(lat::numeric, 3)::double precision AND lon = round(lon::numeric, 3)::double precision) NOT VALID;
-- +goose StatementBegin
CREATE FUNCTION branch_search_is_asked_now() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.asked_at <> OLD.asked_at AND NEW.asked_at <> now() THEN
        RAISE EXCEPTION 'it is asked now' USING ERRCODE = 'check_violation', CONSTRAINT = 'branch_search_is_asked_now';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER branch_search_is_asked_now BEFORE UPDATE ON branch_searches FOR EACH ROW EXECUTE FUNCTION branch_search_is_asked_now();
-- +goose StatementBegin
CREATE FUNCTION search_is_asked_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT content_names_once(convert_from(NEW.payload, 'UTF8')::json) THEN
        RAISE EXCEPTION 'each thing is said once' USING ERRCODE = 'check_violation', CONSTRAINT = 'inquiry_is_about_ones_own';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER search_is_asked_once BEFORE INSERT ON inquiries FOR EACH ROW WHEN (NEW.operation = 'location.inquire') EXECUTE FUNCTION search_is_asked_once();

-- A request that the bank calls by signs alone leads to no bill: what is left of
-- such a name is empty, and stands in everything. Beside
-- match_stands_on_its_evidence (0041), which looks at the name as it is written.
-- +goose StatementBegin
CREATE FUNCTION request_is_named_legibly() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM payments p, presentments b, unnest(ARRAY[p.reference1, p.reference2, p.description]) AS said
            WHERE p.id = NEW.payment_id AND b.id = NEW.presentment_id AND EXISTS (
                SELECT FROM unnest(ARRAY[b.document_number, b.bank_reference]) AS name WHERE plain_reference(name) <> '' AND position(plain_reference(name) IN plain_reference(said)) > 0
                UNION ALL SELECT FROM pay_requests d WHERE d.merchant_id = NEW.merchant_id AND d.presentment_id = b.id AND plain_reference(d.bank_reference) <> ''
                    AND position(plain_reference(d.bank_reference) IN plain_reference(said)) > 0)) THEN
        RAISE EXCEPTION 'nothing leads from the payment to the bill' USING ERRCODE = 'check_violation', CONSTRAINT = 'match_stands_on_its_evidence';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER request_is_named_legibly BEFORE INSERT ON payment_matches FOR EACH ROW
    WHEN (NEW.matched_by IS NULL AND NEW.evidence = 'number') EXECUTE FUNCTION request_is_named_legibly();
REVOKE ALL ON FUNCTION block_is_written_as_it_is, block_is_for_an_id_in_use, block_waits_for_its_evidence, block_difference_is_decided_now, branch_search_is_asked_now,
    search_is_asked_once, request_is_named_legibly FROM PUBLIC;
