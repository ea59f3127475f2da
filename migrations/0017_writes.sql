-- Writing costs what it must: rules are planned once for a connection, nobody
-- waits for somebody else's wake-up or figures, and many bills are made
-- searchable and counted in one go.

-- +goose Up

-- Rules that triggers ask for every row. What they say is as before; but a
-- function in SQL that cannot become part of its caller is parsed and planned
-- anew for each call, which took longer than all else that an approval does,
-- and PL/pgSQL keeps its plans. Whoever replaces one again keeps the language.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION has_duty(merchant uuid, person uuid, duty text) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM memberships m JOIN people p ON p.id = m.person_id
                   WHERE m.merchant_id = merchant AND m.person_id = person AND duty = ANY (m.duties) AND p.disabled_at IS NULL);
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION is_author(instruction uuid, person uuid) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM instruction_authors a WHERE a.instruction_id = instruction AND a.person_id = person);
END $$;
-- +goose StatementEnd

-- As in 0007: a column that says something about the bill must be named here,
-- or it could be changed after approval.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION presentment_content_differs(a presentments, b presentments) RETURNS boolean LANGUAGE plpgsql IMMUTABLE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (a.document_type, a.document_number, a.document_on, a.due_on, a.buyer_name, a.buyer_tax_id, a.buyer_branch,
            a.buyer_address, a.remark, a.before_tax_satang, a.vat_rate, a.vat_satang, a.total_satang, a.version,
            a.discount_percent, a.discount_satang, a.wht_satang, a.order_reference, a.credit_days)
        IS DISTINCT FROM
           (b.document_type, b.document_number, b.document_on, b.due_on, b.buyer_name, b.buyer_tax_id, b.buyer_branch,
            b.buyer_address, b.remark, b.before_tax_satang, b.vat_rate, b.vat_satang, b.total_satang, b.version,
            b.discount_percent, b.discount_satang, b.wht_satang, b.order_reference, b.credit_days);
END $$;
-- +goose StatementEnd

-- As in 0014.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION presentment_state_follows(p presentments) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    entry        text := (SELECT i.state FROM instructions i WHERE i.id = p.entry_id);
    cancellation text := (SELECT i.state FROM instructions i WHERE i.id = p.cancellation_id);
BEGIN
    RETURN coalesce(CASE p.state
        WHEN 'draft'      THEN entry IS NULL OR entry IN ('rejected', 'withdrawn', 'expired')
        WHEN 'discarded'  THEN entry IS NULL OR entry IN ('rejected', 'withdrawn', 'expired')
        WHEN 'submitted'  THEN entry = 'pending'
        WHEN 'approved'   THEN entry = 'approved'
        WHEN 'sending'    THEN entry IN ('sending', 'done')
        WHEN 'presented'  THEN entry = 'done' AND NOT EXISTS (SELECT FROM instructions i WHERE i.lead_id = p.entry_id AND i.state <> 'done')
        WHEN 'incomplete' THEN entry = 'done' AND EXISTS (SELECT FROM instructions i WHERE i.lead_id = p.entry_id AND i.state IN ('failed', 'expired', 'withdrawn'))
        WHEN 'refused'    THEN entry = 'failed'
        WHEN 'unknown'    THEN cancellation = 'unknown' OR EXISTS (SELECT FROM instructions i WHERE i.lead_id = p.entry_id AND i.state = 'unknown')
        WHEN 'cancelled'  THEN cancellation = 'done'
        WHEN 'replaced'   THEN EXISTS (SELECT FROM presentment_replacements r JOIN presentments n ON n.id = r.replacement_id
                                       JOIN instructions ne ON ne.id = n.entry_id WHERE r.replaced_id = p.id AND ne.state = 'done')
    END, false);
END $$;
-- +goose StatementEnd

-- As in 0012: what a submission's content is read for, and the seats it needs.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION content_is_read_one_way(content json) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        WITH names AS (
            SELECT '' AS within, k AS name FROM json_object_keys(content) AS k
            UNION ALL
            SELECT 'buyer', k FROM json_object_keys(CASE WHEN json_typeof(content -> 'buyer') = 'object' THEN content -> 'buyer' ELSE '{}' END) AS k
        )
        SELECT NOT EXISTS (SELECT FROM names GROUP BY within, lower(name) HAVING count(*) > 1)
            AND NOT EXISTS (SELECT FROM names AS n, unnest(ARRAY['totalAmount', 'dueDate', 'buyer', 'taxIdentification']) AS decides
                            WHERE lower(n.name) = lower(decides) AND n.name <> decides));
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION seats_from(seats jsonb, place integer) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (SELECT coalesce(jsonb_agg(s.seat ORDER BY s.no), '[]') FROM jsonb_array_elements(seats) WITH ORDINALITY AS s (seat, no) WHERE s.no > place);
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION seats_of(steps jsonb, newcomer boolean) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN CASE WHEN newcomer THEN '[{"step": 0, "level": 1}]'::jsonb ELSE '[]'::jsonb END
        || (SELECT coalesce(jsonb_agg((s.step - 'people') || jsonb_build_object('step', s.no) ORDER BY s.no), '[]')
            FROM jsonb_array_elements(steps) WITH ORDINALITY AS s (step, no), generate_series(1, (s.step ->> 'people')::integer));
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION seats_under(rules jsonb, people smallint, operation text, amount bigint, newcomer boolean) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN seats_of(coalesce((
        SELECT b.band -> 'steps'
        FROM jsonb_array_elements(rules -> 'lists') AS l (list), jsonb_array_elements(l.list -> 'bands') WITH ORDINALITY AS b (band, no)
        WHERE l.list ->> 'operation' IN (operation, '') AND amount <= coalesce((b.band ->> 'up_to_satang')::bigint, amount)
        ORDER BY l.list ->> 'operation' DESC, b.no LIMIT 1),
        jsonb_build_array(jsonb_build_object('people', people, 'level', 1))), newcomer AND coalesce((rules ->> 'new_buyer')::boolean, false));
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION seats_can_be_taken(merchant uuid, seats jsonb, barred uuid[], away uuid DEFAULT NULL, stand_in uuid DEFAULT NULL)
RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (
        WITH checkers AS MATERIALIZED (
            SELECT m.person_id, m.level FROM memberships m JOIN people p ON p.id = m.person_id
            WHERE m.merchant_id = merchant AND merchant = acting_merchant() AND 'checker' = ANY (m.duties) AND p.disabled_at IS NULL
        ), takers AS MATERIALIZED (
            SELECT (SELECT coalesce(sum(1 << (s.no - 1)::integer), 0) FROM jsonb_array_elements(seats) WITH ORDINALITY AS s (seat, no)
                    WHERE seat_fits(s.seat, c.person_id, c.level)
                       OR c.person_id = stand_in AND NOT away = ANY (barred)
                          AND EXISTS (SELECT FROM checkers a WHERE a.person_id = away AND seat_fits(s.seat, a.person_id, a.level)))::integer AS mask
            FROM checkers c WHERE NOT c.person_id = ANY (barred) AND c.person_id IS DISTINCT FROM away
        )
        SELECT NOT EXISTS (
            SELECT FROM generate_series(1, (1 << jsonb_array_length(seats)) - 1) AS choice
            WHERE (SELECT count(*) FROM takers t WHERE t.mask & choice <> 0) < bit_count(choice::bit(16))));
END $$;
-- +goose StatementEnd

-- As in 0003, but that whoever approves wakes the worker after the commit. Of
-- transactions that notify, only one may commit at a time, the wait for the
-- disk included, and money does not queue behind a convenience: the worker
-- looks by itself every two seconds.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION instruction_move_is_kept() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.state <> OLD.state THEN
        INSERT INTO instruction_moves (instruction_id, seq, merchant_id, from_state, to_state, person_id, reason)
        SELECT NEW.id, coalesce(max(seq), 0) + 1, NEW.merchant_id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, NEW.state, acting_person(), NEW.reason
        FROM instruction_moves WHERE instruction_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- The figures of who approved how much are added up later, like those of
-- bills: one row that each approval raised made all approvals of a person wait
-- for each other until they were on disk.
CREATE TABLE approval_changes (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant_id uuid NOT NULL,
    on_day      date NOT NULL,
    person_id   uuid NOT NULL,
    number      bigint NOT NULL
);
CREATE INDEX approval_changes_of_merchant ON approval_changes (merchant_id);
SELECT isolate_merchants('approval_changes');
GRANT SELECT ON approval_changes TO portal_web;
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION approval_is_tallied() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO approval_changes (merchant_id, on_day, person_id, number)
    SELECT a.merchant_id, (a.at AT TIME ZONE 'Asia/Bangkok')::date, a.person_id, count(*)
    FROM added a JOIN instructions i ON i.id = a.instruction_id WHERE i.part = 0 GROUP BY 1, 2, 3;
    RETURN NULL;
END $$;
-- +goose StatementEnd
DROP TRIGGER approval_is_tallied ON approvals;
CREATE TRIGGER approval_is_tallied AFTER INSERT ON approvals REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION approval_is_tallied();

-- As in 0013, and approvals. It returns how many changes there were of what
-- there were more of, so that whoever calls it again until they are fewer than
-- at most leaves none of either.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION add_up_bills(at_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    bills     integer;
    approvals integer;
BEGIN
    IF NOT pg_try_advisory_xact_lock(7221044) THEN
        RETURN 0; -- another worker is at it
    END IF;
    WITH taken AS (
        DELETE FROM bill_changes WHERE id IN (SELECT id FROM bill_changes ORDER BY id LIMIT at_most) RETURNING *
    ), counted AS (
        SELECT count(*)::integer AS number FROM taken
    ), upserted AS (
        INSERT INTO bill_tallies AS t (merchant_id, measure, state, on_day, number, satang)
        SELECT merchant_id, m.measure, state, m.on_day, sum(number), sum(satang)
        FROM taken CROSS JOIN LATERAL (VALUES
            ('state', date '0001-01-01'), ('month', date_trunc('month', document_on)::date), ('due', due_on)) AS m (measure, on_day)
        WHERE m.measure <> 'due' OR owed
        GROUP BY merchant_id, m.measure, state, m.on_day
        ON CONFLICT (merchant_id, measure, state, on_day) DO UPDATE SET number = t.number + excluded.number, satang = t.satang + excluded.satang
    )
    SELECT number INTO bills FROM counted;
    WITH taken AS (
        DELETE FROM approval_changes WHERE id IN (SELECT id FROM approval_changes ORDER BY id LIMIT at_most) RETURNING *
    ), counted AS (
        SELECT count(*)::integer AS number FROM taken
    ), upserted AS (
        INSERT INTO approval_tallies AS t (merchant_id, on_day, person_id, number)
        SELECT merchant_id, on_day, person_id, sum(number) FROM taken GROUP BY merchant_id, on_day, person_id
        ON CONFLICT (merchant_id, on_day, person_id) DO UPDATE SET number = t.number + excluded.number
    )
    SELECT number INTO approvals FROM counted;
    RETURN greatest(bills, approvals);
END $$;
-- +goose StatementEnd

-- As in 0013, but new bills are counted together.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION bill_is_tallied() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO bill_changes (merchant_id, state, document_on, due_on, owed, number, satang)
        SELECT merchant_id, state, document_on, due_on, buyer_decision <> 'paid', count(*), sum(total_satang) FROM added GROUP BY 1, 2, 3, 4, 5;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO bill_changes (merchant_id, state, document_on, due_on, owed, number, satang)
        VALUES (OLD.merchant_id, OLD.state, OLD.document_on, OLD.due_on, OLD.buyer_decision <> 'paid', -1, -OLD.total_satang),
               (NEW.merchant_id, NEW.state, NEW.document_on, NEW.due_on, NEW.buyer_decision <> 'paid', 1, NEW.total_satang);
    ELSE
        INSERT INTO bill_changes (merchant_id, state, document_on, due_on, owed, number, satang)
        VALUES (OLD.merchant_id, OLD.state, OLD.document_on, OLD.due_on, OLD.buyer_decision <> 'paid', -1, -OLD.total_satang);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
DROP TRIGGER bill_is_tallied ON presentments;
CREATE TRIGGER bill_is_tallied AFTER INSERT ON presentments REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION bill_is_tallied();
CREATE TRIGGER bill_is_tallied_anew AFTER UPDATE ON presentments FOR EACH ROW
    WHEN ((OLD.state, OLD.document_on, OLD.due_on, OLD.buyer_decision, OLD.total_satang)
        IS DISTINCT FROM (NEW.state, NEW.document_on, NEW.due_on, NEW.buyer_decision, NEW.total_satang))
    EXECUTE FUNCTION bill_is_tallied();
CREATE TRIGGER bill_is_tallied_no_more AFTER DELETE ON presentments FOR EACH ROW EXECUTE FUNCTION bill_is_tallied();

-- As in 0009, but new bills become searchable together, and a change touches
-- the index of words only when it changed something that is searched.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION presentment_is_searchable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO presentment_search (presentment_id, merchant_id, state, document_on, words, due_on, document_number, buyer_name, buyer_tax_id,
            total_satang, state_since, created_by)
        SELECT id, merchant_id, state, document_on, lower(document_number || ' ' || buyer_name || ' ' || buyer_tax_id || ' ' || bank_reference),
            due_on, document_number, buyer_name, buyer_tax_id, total_satang, state_since, created_by FROM added;
    ELSE
        UPDATE presentment_search SET state = NEW.state, document_on = NEW.document_on,
            words = lower(NEW.document_number || ' ' || NEW.buyer_name || ' ' || NEW.buyer_tax_id || ' ' || NEW.bank_reference),
            due_on = NEW.due_on, document_number = NEW.document_number, buyer_name = NEW.buyer_name, buyer_tax_id = NEW.buyer_tax_id,
            total_satang = NEW.total_satang, state_since = NEW.state_since
        WHERE presentment_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
DROP TRIGGER presentment_is_searchable ON presentments;
CREATE TRIGGER presentment_is_searchable AFTER INSERT ON presentments REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION presentment_is_searchable();
CREATE TRIGGER presentment_is_searchable_anew AFTER UPDATE ON presentments FOR EACH ROW
    WHEN ((OLD.state, OLD.state_since, OLD.document_on, OLD.due_on, OLD.document_number, OLD.buyer_name, OLD.buyer_tax_id, OLD.bank_reference, OLD.total_satang)
        IS DISTINCT FROM
        (NEW.state, NEW.state_since, NEW.document_on, NEW.due_on, NEW.document_number, NEW.buyer_name, NEW.buyer_tax_id, NEW.bank_reference, NEW.total_satang))
    EXECUTE FUNCTION presentment_is_searchable();
