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
