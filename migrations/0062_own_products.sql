-- What belongs to products that somebody's duties are not for is not among what
-- they look at.

-- +goose Up

-- The operations that the acting person's duties are not for: none for whoever
-- administers, audits, or works on everything.
-- +goose StatementBegin
CREATE FUNCTION operations_of_others() RETURNS text[] LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    own text[];
BEGIN
    SELECT products_now(m) INTO own FROM memberships m
    WHERE m.merchant_id = acting_merchant() AND m.person_id = acting_person() AND NOT m.duties && ARRAY['admin', 'auditor'];
    IF coalesce(own, '{}') = '{}' THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(SELECT o.operation FROM product_operations o GROUP BY o.operation HAVING NOT bool_or(o.product = ANY (own)));
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION operations_of_others FROM PUBLIC;
GRANT EXECUTE ON FUNCTION operations_of_others TO portal_web;

-- What one asked for oneself stays in sight, whatever became of one's duties.
-- Asked once for each statement.
CREATE POLICY own_products ON instructions AS RESTRICTIVE FOR SELECT TO portal_web
    USING (operation <> ALL ((SELECT operations_of_others())::text[]) OR maker_id = (SELECT acting_person()));

-- As in 0025, without what the person's duties are not for.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION what_waits(merchant uuid, person uuid, at_most integer) RETURNS TABLE (id uuid, mine boolean)
LANGUAGE plpgsql STABLE ROWS 100 SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    others text[] := operations_of_others();
BEGIN
    IF merchant IS DISTINCT FROM acting_merchant() THEN
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM memberships m WHERE m.merchant_id = merchant AND m.person_id = person AND 'checker' = ANY (m.duties)) THEN
        -- Only checkers wear hats, so that nothing need be read of what waits,
        -- unless some of it is none of this person's.
        IF others = '{}' THEN
            RETURN QUERY SELECT i.id, false FROM instructions i
                WHERE i.merchant_id = merchant AND i.part = 0 AND (i.state = 'pending') IS TRUE ORDER BY i.submitted_at, i.id LIMIT at_most;
        ELSE
            RETURN QUERY SELECT i.id, false FROM instructions i
                WHERE i.merchant_id = merchant AND i.part = 0 AND (i.state = 'pending') IS TRUE
                  AND (i.operation <> ALL (others) OR i.maker_id = person) ORDER BY i.submitted_at, i.id LIMIT at_most;
        END IF;
        RETURN;
    END IF;
    RETURN QUERY
        WITH hats AS MATERIALIZED (
            SELECT h.taker, h.holder, h.level, h.cap_satang, h.operations FROM hats_of(merchant, person) AS h
        ), waiting AS MATERIALIZED (
            SELECT i.id, i.submitted_at, i.seats, i.approvals_needed, i.amount_satang, i.operation FROM instructions i
            WHERE i.merchant_id = merchant AND i.part = 0 AND (i.state = 'pending') IS TRUE
              AND (i.operation <> ALL (others) OR i.maker_id = person) ORDER BY i.submitted_at, i.id LIMIT at_most
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

-- An approval holds the duty it is given under until it is committed: once a
-- duty is taken away, or a person shut out, nothing of theirs is committed any
-- more. Before approval_is_allowed by name, which then reads what holds.
-- +goose StatementBegin
CREATE FUNCTION acts_while_on_duty() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM memberships m WHERE m.merchant_id = NEW.merchant_id AND m.person_id = NEW.person_id FOR SHARE;
    PERFORM FROM people p WHERE p.id = NEW.person_id FOR SHARE;
    RETURN NEW;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION acts_while_on_duty FROM PUBLIC;
CREATE TRIGGER acts_while_on_duty BEFORE INSERT ON approvals FOR EACH ROW EXECUTE FUNCTION acts_while_on_duty();

-- Compiling the search for gaps takes a hundred times as long as the search. The
-- portal's own connections never compile; one through a pooler may.
ALTER FUNCTION uncovered SET jit = off;
ALTER FUNCTION policy_gaps SET jit = off;
ALTER FUNCTION coverage_gaps SET jit = off;
ALTER FUNCTION gaps_while_away SET jit = off;
