-- What pages ask again and again, at less cost.

-- +goose Up

-- Whether these people must be kept for a later seat of an instruction of which
-- so many are taken: without them it could not be completed, and with them it
-- could. As hat_for has it.
-- +goose StatementBegin
CREATE FUNCTION kept_for_later(merchant uuid, instruction uuid, seats jsonb, taken integer, people uuid[]) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
    barred uuid[];
BEGIN
    SELECT coalesce(array_agg(u.person), '{}') INTO barred FROM (
        SELECT x.person_id FROM instruction_authors x WHERE x.instruction_id = instruction
        UNION ALL SELECT a.person_id FROM approvals a WHERE a.instruction_id = instruction
        UNION ALL SELECT a.on_behalf_of FROM approvals a WHERE a.instruction_id = instruction AND a.on_behalf_of IS NOT NULL) AS u (person);
    RETURN NOT seats_can_be_taken(merchant, seats_from(seats, taken + 1), barred || people)
        AND seats_can_be_taken(merchant, seats_from(seats, taken), barred);
END $$;
-- +goose StatementEnd

-- What waits for approval, the longest first, at most so much of it, and
-- whether this person may decide it: by the rule of the inbox, but asked of all
-- at once. What one approval completes has none while it waits.
-- +goose StatementBegin
CREATE FUNCTION what_waits(merchant uuid, person uuid, at_most integer) RETURNS TABLE (id uuid, mine boolean)
LANGUAGE plpgsql STABLE ROWS 100 SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF merchant IS DISTINCT FROM acting_merchant() THEN
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM memberships m WHERE m.merchant_id = merchant AND m.person_id = person AND 'checker' = ANY (m.duties)) THEN
        -- Only checkers wear hats, so that nothing need be read of what waits.
        RETURN QUERY SELECT i.id, false FROM instructions i
            WHERE i.merchant_id = merchant AND i.part = 0 AND (i.state = 'pending') IS TRUE ORDER BY i.submitted_at, i.id LIMIT at_most;
        RETURN;
    END IF;
    RETURN QUERY
        WITH hats AS MATERIALIZED (
            SELECT h.taker, h.holder, h.level, h.cap_satang, h.operations FROM hats_of(merchant, person) AS h
        ), waiting AS MATERIALIZED (
            SELECT i.id, i.submitted_at, i.seats, i.approvals_needed, i.amount_satang, i.operation FROM instructions i
            WHERE i.merchant_id = merchant AND i.part = 0 AND (i.state = 'pending') IS TRUE ORDER BY i.submitted_at, i.id LIMIT at_most
        ), given AS MATERIALIZED (
            SELECT a.instruction_id, count(*)::integer AS number, array_agg(a.person_id) || array_agg(a.on_behalf_of) AS people FROM approvals a
            WHERE a.instruction_id = ANY (ARRAY(SELECT w.id FROM waiting w WHERE w.approvals_needed > 1)) GROUP BY a.instruction_id
        ), written AS MATERIALIZED (
            SELECT x.instruction_id, array_agg(x.person_id) AS people FROM instruction_authors x
            WHERE x.instruction_id = ANY (ARRAY(SELECT w.id FROM waiting w WHERE EXISTS (SELECT FROM hats)))
              AND x.person_id = ANY (ARRAY(SELECT h.taker FROM hats h UNION SELECT h.holder FROM hats h)) GROUP BY x.instruction_id
        )
        SELECT w.id, EXISTS (
            SELECT FROM hats h
            WHERE (h.cap_satang IS NULL OR w.amount_satang <= h.cap_satang) AND (h.operations = '{}' OR w.operation = ANY (h.operations))
              AND seat_fits(w.next, h.holder, h.level)
              AND NOT (coalesce(w.by, '{}') && ARRAY[h.taker, h.holder])
              AND NOT CASE WHEN w.approvals_needed > 1 AND (jsonb_path_exists(w.seats, '$[*].named') OR (w.next ->> 'level')::smallint < h.level)
                           THEN kept_for_later(merchant, w.id, w.seats, w.taken, ARRAY[h.taker, h.holder]) ELSE false END)
        FROM (SELECT q.*, coalesce(g.number, 0) AS taken, next_seat(q.seats, coalesce(g.number, 0)) AS next, x.people || g.people AS by
              FROM waiting q LEFT JOIN given g ON g.instruction_id = q.id LEFT JOIN written x ON x.instruction_id = q.id OFFSET 0) w
        ORDER BY w.submitted_at, w.id;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION kept_for_later, what_waits FROM PUBLIC;
GRANT EXECUTE ON FUNCTION kept_for_later TO portal_web, portal_worker;
GRANT EXECUTE ON FUNCTION what_waits TO portal_web;

-- As in 0016, but all states are walked together by date where they are most of
-- what there is: planned once, and nothing is read for each state. Of few states
-- each is still read in its own order, or all others would be passed.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION bills_listed(filter jsonb, states text[], sort text, descending boolean, place text, place_id uuid, at_most integer)
RETURNS TABLE (presentment_id uuid)
LANGUAGE plpgsql STABLE ROWS 60 SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
    merchant   uuid := acting_merchant();
    o          record := bill_order(sort);
    conditions text := presentment_conditions(filter);
    beyond     text := '';
    ordered    text;
    heads      text[] := '{}';
BEGIN
    IF o.sorted IS NULL OR at_most IS NULL OR cardinality(states) = 0 THEN
        RAISE EXCEPTION 'no such list' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF place_id IS NOT NULL THEN
        beyond := format(' AND (s.%I, s.presentment_id) %s ($4::%s, $5)', o.sorted, CASE WHEN descending THEN '<' ELSE '>' END, o.of_type);
    END IF;
    ordered := format(' ORDER BY place %1$s, presentment_id %1$s LIMIT $6', CASE WHEN descending THEN 'DESC' ELSE 'ASC' END);
    IF filter ? 'import' THEN
        heads := ARRAY[format('SELECT s.presentment_id, s.%I AS place FROM %s AND %s%s', o.sorted, bills_of_import(), conditions, beyond)];
    ELSIF filter <> '{}' AND bills_are_few(bills_expected(conditions, merchant, filter, states), filter, at_most) THEN
        heads := ARRAY[format('SELECT s.presentment_id, s.%I AS place FROM presentment_search s WHERE s.state = ANY ($3) AND %s%s', o.sorted, conditions, beyond)];
    ELSIF sort = 'date' AND cardinality(states) > 1 AND are_most_bills(merchant, states) THEN
        RETURN QUERY EXECUTE format('SELECT s.presentment_id FROM presentment_search s WHERE s.state = ANY ($3) AND %s%s
                ORDER BY s.document_on %3$s, s.presentment_id %3$s LIMIT $6', conditions, beyond, CASE WHEN descending THEN 'DESC' ELSE 'ASC' END)
            USING merchant, filter, states, place, place_id, at_most;
        RETURN;
    ELSE
        FOR n IN 1 .. cardinality(states) LOOP
            -- Planning for a state takes longer than to see that none is in it.
            CONTINUE WHEN (SELECT s.presentment_id FROM presentment_search s WHERE s.merchant_id = merchant AND s.state = states[n]
                ORDER BY s.document_on, s.presentment_id LIMIT 1) IS NULL;
            heads := heads || format('(SELECT s.presentment_id, s.%I AS place FROM presentment_search s WHERE s.state = ($3)[%s] AND %s%s%s)',
                o.sorted, n, conditions, beyond, ordered);
        END LOOP;
        IF heads = '{}' THEN
            RETURN;
        END IF;
    END IF;
    -- Materialized, or few bills would be looked for along the order of all.
    RETURN QUERY EXECUTE 'WITH h AS MATERIALIZED (' || array_to_string(heads, ' UNION ALL ') || ') SELECT h.presentment_id FROM h' || ordered
        USING merchant, filter, states, place, place_id, at_most;
END $$;
-- +goose StatementEnd

-- Whether bills in these states are most of a merchant's, as far as they have
-- been added up; where none have, they are not.
-- +goose StatementBegin
CREATE FUNCTION are_most_bills(merchant uuid, states text[]) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT coalesce(2 * sum(t.number) FILTER (WHERE t.state = ANY (states)) > sum(t.number), false)
            FROM bill_tallies t WHERE t.merchant_id = merchant AND t.measure = 'state');
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION are_most_bills FROM PUBLIC;
