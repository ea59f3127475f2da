-- The list of bills and the inbox at a million rows.

-- +goose Up

-- What a sort of the list goes by, and of what type its places are.
-- +goose StatementBegin
CREATE FUNCTION bill_order(sort text, OUT sorted text, OUT of_type text) LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT o.sorted, o.of_type FROM (VALUES
        ('date', 'document_on', 'date'), ('due', 'due_on', 'date'), ('number', 'document_number', 'text'), ('buyer', 'buyer_name', 'text'),
        ('amount', 'total_satang', 'bigint'), ('since', 'state_since', 'timestamptz')) AS o (name, sorted, of_type)
    WHERE o.name = sort
$$;
-- +goose StatementEnd

-- How many bills the planner expects to pass. It is volatile because EXPLAIN,
-- which reads nothing, is refused in any other function.
-- +goose StatementBegin
CREATE FUNCTION bills_expected(conditions text, merchant uuid, filter jsonb, states text[]) RETURNS numeric
LANGUAGE plpgsql VOLATILE SET search_path = public, pg_temp AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) SELECT FROM presentment_search s WHERE s.state = ANY ($3) AND ' || conditions
        INTO plan USING merchant, filter, states;
    RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END $$;
-- +goose StatementEnd

-- Few are those of which there are less than rows would be passed in any order
-- until a page is full. Days go along with numbers and other days, so that of a
-- month in the order of numbers all that lies before it would be passed: a
-- twentieth of all counts as few then.
-- +goose StatementBegin
CREATE FUNCTION bills_are_few(expected numeric, filter jsonb, at_most integer) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT expected ^ 2 < at_most * c.reltuples OR filter ?| ARRAY['on_from', 'on_to', 'due_from', 'due_to'] AND expected < c.reltuples / 20
    FROM pg_class c WHERE c.oid = 'presentment_search'::regclass
$$;
-- +goose StatementEnd

-- As in 0010, with what 0009 had. Few bills, and those of an import, are
-- found by what they have in common and sorted: asked for state by state they
-- would be found as often as there are states. Many are read in their order,
-- each state in its own, and the heads are merged.
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

-- As in 0010, with what 0009 had: one search for all states, which stops at
-- the limit wherever it is.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION bills_counted(filter jsonb, states text[], at_most integer)
RETURNS TABLE (number bigint, sum_satang bigint)
LANGUAGE plpgsql STABLE ROWS 1 SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
    source text := CASE WHEN filter ? 'import' THEN bills_of_import() ELSE 'presentment_search s WHERE s.state = ANY ($3)' END;
BEGIN
    RETURN QUERY EXECUTE format('SELECT count(*), coalesce(sum(l.total_satang), 0)::bigint FROM (SELECT s.total_satang FROM %s AND %s LIMIT $4) l',
            source, presentment_conditions(filter))
        USING acting_merchant(), filter, states, at_most;
END $$;
-- +goose StatementEnd
DROP FUNCTION presentments_listed, presentments_counted;
REVOKE ALL ON FUNCTION bill_order, bills_expected, bills_are_few FROM PUBLIC;

-- What waits for approval in its order. The condition is written as no other
-- partial index has it, so that none is combined with this one: the planner
-- then expects a hundredth of what there is, and sorts all of it.
CREATE INDEX instructions_inbox ON instructions (merchant_id, submitted_at, id) WHERE part = 0 AND (state = 'pending') IS TRUE;
