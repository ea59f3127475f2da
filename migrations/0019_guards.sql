-- What an outside look at the rules of approving found missing: whoever was
-- given a say a moment ago waits a day; nobody slips in by a document, a line,
-- a file or an entry of the trail that is not in their own name; and nobody
-- fills the database.

-- +goose Up

-- Somebody who takes over an administrator's desk, or an administrator with a
-- friend, would make a new approver and have it approve at once, before anybody
-- looks. So a say that is new counts a day later, and so does a higher level;
-- meanwhile the old level holds. Before the merchant's first submission there
-- is nothing to take, and the first people have nobody to wait for.
ALTER TABLE memberships
    -- From when this person approves, confirms outcomes and decides on policies.
    ADD COLUMN decides_from timestamptz NOT NULL DEFAULT now(),
    -- From when the level counts, and which one does until then.
    ADD COLUMN level_from   timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN level_before smallint NOT NULL DEFAULT 1
        CONSTRAINT membership_level_before_is_known CHECK (level_before BETWEEN 1 AND 3);

-- +goose StatementBegin
CREATE FUNCTION membership_counts_after_a_day() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    counts timestamptz := now();
    had    text[] := '{}';
BEGIN
    IF EXISTS (SELECT FROM instructions WHERE merchant_id = NEW.merchant_id) THEN
        counts := now() + interval '24 hours';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        had := OLD.duties;
    END IF;
    IF 'checker' = ANY (NEW.duties) AND NOT 'checker' = ANY (had) OR 'admin' = ANY (NEW.duties) AND NOT 'admin' = ANY (had) THEN
        NEW.decides_from := counts;
    END IF;
    IF TG_OP = 'INSERT' THEN
        NEW.level_from := counts;
        NEW.level_before := 1;
    ELSIF NEW.level <> OLD.level THEN
        NEW.level_before := CASE WHEN OLD.level_from <= now() THEN OLD.level ELSE OLD.level_before END;
        -- Whoever is trusted with less is so at once.
        NEW.level_from := CASE WHEN NEW.level > NEW.level_before THEN counts ELSE now() END;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER membership_counts_after_a_day BEFORE INSERT OR UPDATE OF duties, level ON memberships
    FOR EACH ROW EXECUTE FUNCTION membership_counts_after_a_day();

-- +goose StatementBegin
CREATE FUNCTION decides_by_now(merchant uuid, person uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM memberships m WHERE m.merchant_id = merchant AND m.person_id = person AND m.decides_from <= now());
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION decides_by_now FROM PUBLIC;

-- As in 0012, but for who waits: neither wears a hat nor lends one.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION hats_of(merchant uuid, person uuid DEFAULT NULL)
RETURNS TABLE (taker uuid, holder uuid, level smallint, delegation_id uuid, cap_satang bigint, operations text[])
LANGUAGE plpgsql STABLE ROWS 3 SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
        WITH checkers AS (
            SELECT m.person_id, CASE WHEN m.level_from <= now() THEN m.level ELSE m.level_before END AS level FROM memberships m JOIN people p ON p.id = m.person_id
            WHERE m.merchant_id = merchant AND merchant = acting_merchant() AND 'checker' = ANY (m.duties) AND p.disabled_at IS NULL AND m.decides_from <= now()
        )
        SELECT c.person_id, c.person_id, c.level, NULL::uuid, NULL::bigint, '{}'::text[] FROM checkers c WHERE person IS NULL OR c.person_id = person
        UNION ALL
        SELECT t.person_id, h.person_id, h.level, d.id, d.cap_satang, d.operations
        FROM delegations d JOIN checkers h ON h.person_id = d.holder_id JOIN checkers t ON t.person_id = d.delegate_id
        WHERE d.merchant_id = merchant AND (person IS NULL OR d.delegate_id = person) AND d.answer = 'accepted' AND d.revoked_at IS NULL
          AND (now() AT TIME ZONE 'Asia/Bangkok')::date BETWEEN d.starts_on AND d.ends_on;
END $$;
-- +goose StatementEnd

-- As in 0012, but it says of whoever waits that they do. Seats that somebody
-- will be able to take tomorrow are not beyond everybody: nothing is stuck.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION hat_for(i instructions, person uuid, OUT seat smallint, OUT holder uuid, OUT delegation_id uuid, OUT verdict text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    used uuid[];
    barred uuid[];
    hat record;
    wanted jsonb;
BEGIN
    SELECT count(*), coalesce(array_agg(a.person_id) || array_remove(array_agg(a.on_behalf_of), NULL), '{}') INTO seat, used
    FROM approvals a WHERE a.instruction_id = i.id;
    SELECT coalesce(array_agg(a.person_id), '{}') INTO barred FROM instruction_authors a WHERE a.instruction_id = i.id;
    verdict := CASE
        WHEN person = ANY (barred) THEN 'approver_is_not_author'
        WHEN NOT has_duty(i.merchant_id, person, 'checker') THEN 'approver_is_checker'
        WHEN person = ANY (used) THEN 'one_person_counts_once'
        WHEN i.state <> 'pending' OR i.expires_at <= now() OR seat >= i.approvals_needed THEN 'approval_while_pending'
        WHEN NOT decides_by_now(i.merchant_id, person) THEN 'approver_waits_a_day'
        ELSE 'approver_fits_the_step' END;
    IF verdict <> 'approver_fits_the_step' THEN
        RETURN;
    END IF;
    wanted := next_seat(i.seats, seat);
    FOR hat IN SELECT * FROM hats_of(i.merchant_id, person) AS h ORDER BY h.delegation_id NULLS FIRST LOOP
        CONTINUE WHEN NOT seat_fits(wanted, hat.holder, hat.level) OR hat.holder = ANY (barred) OR hat.holder = ANY (used)
            OR i.amount_satang > hat.cap_satang OR (hat.operations <> '{}' AND NOT i.operation = ANY (hat.operations));
        -- Whoever is needed for a later seat does not take this one, unless it could not be completed anyhow.
        IF seat + 1 < i.approvals_needed AND i.seats IS NOT NULL
           AND NOT seats_can_be_taken(i.merchant_id, seats_from(i.seats, seat + 1), barred || used || person || hat.holder)
           AND seats_can_be_taken(i.merchant_id, seats_from(i.seats, seat), barred || used) THEN
            verdict := 'approver_is_needed_later';
            CONTINUE;
        END IF;
        holder := hat.holder;
        delegation_id := hat.delegation_id;
        verdict := '';
        RETURN;
    END LOOP;
    IF verdict = 'approver_fits_the_step' AND EXISTS (SELECT FROM memberships m WHERE m.merchant_id = i.merchant_id AND m.person_id = person
        AND m.level_from > now() AND seat_fits(wanted, person, m.level)) THEN
        verdict := 'approver_waits_a_day';
    END IF;
END $$;
-- +goose StatementEnd

-- The other two decisions that need a second person: on a policy, and on what
-- became of something unclear.
-- +goose StatementBegin
CREATE FUNCTION decider_waits_a_day() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT decides_by_now(NEW.merchant_id, acting_person()) THEN
        RAISE EXCEPTION 'whoever was given a say decides a day later' USING ERRCODE = 'check_violation', CONSTRAINT = 'decider_waits_a_day';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER policy_waits_a_day BEFORE UPDATE OF decision ON policy_proposals FOR EACH ROW
    WHEN (NEW.decision = 'approved') EXECUTE FUNCTION decider_waits_a_day();
CREATE TRIGGER settlement_waits_a_day BEFORE UPDATE OF decision ON settlements FOR EACH ROW
    WHEN (NEW.decision = 'confirmed') EXECUTE FUNCTION decider_waits_a_day();

-- Enough approvals in time, and the move made much later: what has expired is
-- approved no more.
-- +goose StatementBegin
CREATE FUNCTION approved_too_late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'its time to be approved is over' USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_in_time';
END $$;
-- +goose StatementEnd
CREATE TRIGGER approved_in_time BEFORE UPDATE OF state ON instructions FOR EACH ROW
    WHEN (OLD.state = 'pending' AND NEW.state = 'approved' AND NEW.expires_at <= now()) EXECUTE FUNCTION approved_too_late();

-- A line or a document is content, so whoever changes one stands among the
-- editors of its bill; and so does whoever uploaded the document.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION presentment_is_editable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    about uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.presentment_id ELSE NEW.presentment_id END;
    bill  presentments;
BEGIN
    SELECT * INTO bill FROM presentments WHERE id = about;
    IF NOT FOUND OR bill.state NOT IN ('draft', 'refused') OR NOT coalesce(acting_person() = ANY (bill.editors), false) THEN
        RAISE EXCEPTION 'only a draft or a refused presentment is edited, by an editor'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'presentment_is_editable';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION document_is_an_editors() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM files f JOIN presentments p ON p.id = NEW.presentment_id WHERE f.id = NEW.file_id AND f.uploaded_by = ANY (p.editors)) THEN
        RAISE EXCEPTION 'whoever uploaded a document is among the editors of its bill'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'document_is_an_editors';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER document_is_an_editors BEFORE INSERT OR UPDATE ON presentment_documents FOR EACH ROW EXECUTE FUNCTION document_is_an_editors();

-- Being an editor keeps somebody from approving, so nobody says it of another:
-- else a maker would choose who is left to approve.
-- +goose StatementBegin
CREATE FUNCTION nobody_makes_others_editors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT OLD.editors || coalesce(acting_person(), OLD.created_by) @> NEW.editors THEN
        RAISE EXCEPTION 'nobody makes another an editor' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'nobody_makes_others_editors';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER nobody_makes_others_editors BEFORE UPDATE OF editors ON presentments FOR EACH ROW EXECUTE FUNCTION nobody_makes_others_editors();

-- A document goes to the bank with the bill that people saw it with, under the
-- hash that the bill's document has.
-- +goose StatementBegin
CREATE FUNCTION upload_is_of_its_bill() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := convert_from(NEW.payload, 'UTF8')::jsonb;
BEGIN
    IF NOT content_names_once(convert_from(NEW.payload, 'UTF8')::json) OR NOT EXISTS (
        SELECT FROM presentment_documents d JOIN files f ON f.id = d.file_id
        WHERE d.presentment_id = split_part(NEW.subject, '/', 2)::uuid AND d.merchant_id = NEW.merchant_id
          AND f.id = (asked ->> 'file')::uuid AND encode(f.sha256, 'hex') = asked ->> 'sha256') THEN
        RAISE EXCEPTION 'a document is sent with the bill that it belongs to' USING ERRCODE = 'check_violation', CONSTRAINT = 'upload_is_of_its_bill';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- Whether no name stands twice in an object, in any case: two readers would
-- take two of them.
-- +goose StatementBegin
CREATE FUNCTION content_names_once(content json) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM json_object_keys(content) AS k GROUP BY lower(k) HAVING count(*) > 1)
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION content_names_once FROM PUBLIC;
CREATE TRIGGER upload_is_of_its_bill BEFORE INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation = 'presentment.document.upload') EXECUTE FUNCTION upload_is_of_its_bill();

-- Whoever changed the known buyer in the last day had a hand in a bill to that
-- buyer: it is where its address and its number come from.
-- +goose StatementBegin
CREATE FUNCTION buyer_editor_is_an_author() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO instruction_authors (instruction_id, merchant_id, person_id)
    SELECT DISTINCT NEW.id, NEW.merchant_id, l.person_id
    FROM presentments p
        JOIN buyers b ON b.merchant_id = p.merchant_id AND b.tax_id = p.buyer_tax_id AND b.branch = p.buyer_branch
        JOIN audit_leaves l ON l.subject = 'buyer/' || b.id AND l.person_id IS NOT NULL AND l.at > now() - interval '24 hours'
            AND l.action IN ('buyer.added', 'buyer.edited', 'buyer.restored')
    WHERE p.merchant_id = NEW.merchant_id AND p.id = split_part(NEW.subject, '/', 2)::uuid
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER known_buyer_has_authors AFTER INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation IN ('presentment.create', 'presentment.document.upload')) EXECUTE FUNCTION buyer_editor_is_an_author();

-- What the trail says somebody did, they did under their own name.
CREATE POLICY own_name ON audit_leaves AS RESTRICTIVE FOR INSERT TO portal_web
    WITH CHECK (person_id IS NOT DISTINCT FROM (SELECT acting_person()));

-- A file is by whoever uploads it, as large as it says, and one of so many that
-- an hour takes, by the clock: of all that a person or a merchant uploads, and
-- of what then belongs to nothing. A tally spares counting them each time.
CREATE TABLE upload_tallies (
    merchant_id uuid NOT NULL REFERENCES merchants,
    person_id   uuid NOT NULL REFERENCES people,
    hour        timestamptz NOT NULL,
    files       integer NOT NULL,
    bytes       bigint NOT NULL,
    loose_files integer NOT NULL,
    loose_bytes bigint NOT NULL,
    PRIMARY KEY (merchant_id, person_id, hour)
);
SELECT isolate_merchants('upload_tallies');

-- +goose StatementBegin
CREATE FUNCTION file_is_taken_in() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    this_hour timestamptz := date_trunc('hour', now(), 'UTC');
    own       upload_tallies;
    everybody upload_tallies;
BEGIN
    IF NEW.uploaded_by IS DISTINCT FROM acting_person() THEN
        RAISE EXCEPTION 'a file is by whoever uploads it' USING ERRCODE = 'check_violation', CONSTRAINT = 'file_is_by_the_acting_person';
    END IF;
    IF NEW.size <> (SELECT coalesce(sum(octet_length(data)), 0) FROM file_chunks WHERE file_id = NEW.id) THEN
        RAISE EXCEPTION 'a file is as large as its pieces' USING ERRCODE = 'check_violation', CONSTRAINT = 'file_is_as_large_as_it_says';
    END IF;
    NEW.uploaded_at := now();
    INSERT INTO upload_tallies AS t VALUES (NEW.merchant_id, NEW.uploaded_by, this_hour, 1, NEW.size, 1, NEW.size)
    ON CONFLICT (merchant_id, person_id, hour) DO UPDATE SET files = t.files + 1, bytes = t.bytes + NEW.size,
        loose_files = t.loose_files + 1, loose_bytes = t.loose_bytes + NEW.size
    RETURNING * INTO own;
    IF own.files = 1 THEN
        DELETE FROM upload_tallies WHERE merchant_id = NEW.merchant_id AND person_id = NEW.uploaded_by AND hour < now() - interval '2 days';
    END IF;
    SELECT NEW.merchant_id, NEW.uploaded_by, this_hour, sum(t.files), sum(t.bytes), sum(t.loose_files), sum(t.loose_bytes) INTO everybody
    FROM upload_tallies t WHERE t.merchant_id = NEW.merchant_id AND t.hour = this_hour;
    -- A file is loose until it is attached, in the same transaction: hence more than, not at least.
    IF own.files > 6000 OR own.bytes > 2::bigint << 30 OR own.loose_files > 60 OR own.loose_bytes > 128 << 20
       OR everybody.bytes > 8::bigint << 30 OR everybody.loose_files > 300 OR everybody.loose_bytes > 512 << 20 THEN
        RAISE EXCEPTION 'enough was uploaded in this hour' USING ERRCODE = 'check_violation', CONSTRAINT = 'uploads_within_quota';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER file_is_taken_in BEFORE INSERT ON files FOR EACH ROW EXECUTE FUNCTION file_is_taken_in();

-- A file that belongs to something is loose no more, and one that is taken off
-- is again.
-- +goose StatementBegin
CREATE FUNCTION file_is_held_or_loose() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    about uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.file_id ELSE NEW.file_id END;
    holds integer := (SELECT count(*) FROM presentment_documents d WHERE d.file_id = about)
        + (SELECT count(*) FROM imports i WHERE i.file_id = about AND i.state <> 'discarded');
    loose integer := CASE WHEN TG_OP = 'INSERT' AND holds = 1 THEN -1 WHEN TG_OP <> 'INSERT' AND holds = 0 THEN 1 ELSE 0 END;
BEGIN
    UPDATE upload_tallies t SET loose_files = greatest(0, t.loose_files + loose), loose_bytes = greatest(0, t.loose_bytes + loose * f.size)
    FROM files f WHERE f.id = about AND loose <> 0
        AND t.merchant_id = f.merchant_id AND t.person_id = f.uploaded_by AND t.hour = date_trunc('hour', f.uploaded_at, 'UTC');
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER file_is_held_or_loose AFTER INSERT OR DELETE ON presentment_documents FOR EACH ROW EXECUTE FUNCTION file_is_held_or_loose();
CREATE TRIGGER file_is_held AFTER INSERT ON imports FOR EACH ROW EXECUTE FUNCTION file_is_held_or_loose();
CREATE TRIGGER file_is_loose AFTER UPDATE OF state ON imports FOR EACH ROW WHEN (NEW.state = 'discarded') EXECUTE FUNCTION file_is_held_or_loose();

-- What costs nothing to make is bounded: at most so many rows ($1: the
-- merchant's, $2: the acting person's) that satisfy the condition.
-- +goose StatementBegin
CREATE FUNCTION refuse_more_than() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    number bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM (SELECT FROM %I WHERE merchant_id = $1 AND %s LIMIT %s) AS kept', TG_TABLE_NAME, TG_ARGV[1], TG_ARGV[0])
        INTO number USING NEW.merchant_id, acting_person();
    IF number >= TG_ARGV[0]::bigint THEN
        RAISE EXCEPTION 'there are % already', TG_ARGV[0] USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_are_bounded';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE INDEX batches_of_person ON batches (merchant_id, person_id, created_at);
CREATE TRIGGER batches_are_bounded BEFORE INSERT ON batches FOR EACH ROW
    EXECUTE FUNCTION refuse_more_than('120', 'person_id = $2 AND created_at > now() - interval ''1 hour''');
CREATE TRIGGER delegations_are_bounded BEFORE INSERT ON delegations FOR EACH ROW
    EXECUTE FUNCTION refuse_more_than('50', 'holder_id = $2 AND answer IS NULL AND revoked_at IS NULL');
CREATE TRIGGER imports_are_bounded BEFORE INSERT ON imports FOR EACH ROW
    EXECUTE FUNCTION refuse_more_than('100', 'state IN (''read'', ''mapped'', ''making'')');
CREATE TRIGGER list_views_are_bounded BEFORE INSERT ON list_views FOR EACH ROW EXECUTE FUNCTION refuse_more_than('100', 'person_id = $2');
CREATE TRIGGER scratches_are_bounded BEFORE INSERT ON presentment_scratches FOR EACH ROW
    WHEN (NOT NEW.spent) EXECUTE FUNCTION refuse_more_than('40', 'person_id = $2 AND NOT spent');
CREATE TRIGGER spent_scratches_are_bounded BEFORE INSERT ON presentment_scratches FOR EACH ROW
    WHEN (NEW.spent) EXECUTE FUNCTION refuse_more_than('5000', 'person_id = $2 AND spent');
CREATE TRIGGER templates_are_bounded BEFORE INSERT ON presentment_templates FOR EACH ROW EXECUTE FUNCTION refuse_more_than('500', 'true');

-- Whoever wrote what a template says had a hand in every bill that is made of
-- it. The number, which counts on by itself, says nothing.
ALTER TABLE presentment_templates ADD COLUMN authors uuid[] NOT NULL DEFAULT '{}';
UPDATE presentment_templates SET authors = ARRAY[made_by];
-- +goose StatementBegin
CREATE FUNCTION template_keeps_its_authors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.made_by IS DISTINCT FROM acting_person() THEN
            RAISE EXCEPTION 'a template is the acting person''s' USING ERRCODE = 'check_violation', CONSTRAINT = 'template_is_by_the_acting_person';
        END IF;
        NEW.authors := ARRAY[NEW.made_by];
        RETURN NEW;
    END IF;
    NEW.authors := OLD.authors;
    IF regexp_replace(NEW.typed, '(^|&)number=[^&]*', '') <> regexp_replace(OLD.typed, '(^|&)number=[^&]*', '')
       AND NOT coalesce(acting_person() = ANY (OLD.authors), false) THEN
        NEW.authors := OLD.authors || acting_person();
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER template_keeps_its_authors BEFORE INSERT OR UPDATE ON presentment_templates FOR EACH ROW EXECUTE FUNCTION template_keeps_its_authors();
