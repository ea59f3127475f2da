-- What an administrator sets for the merchant. Rules that look at the day's
-- total and at who is new, operation by operation; nobody goes on leave so that
-- amounts are left without anybody; the credentials of the bank and the secret
-- of its callbacks, each proposed by one and confirmed by another; the logo of
-- the papers.

-- +goose Up

-- How much was submitted in a day: of an operation, by one person or, where
-- whose is the merchant, by all. Rows are kept only while a rule asks for them,
-- and the lock on a row is what makes two submissions of one moment take turns.
CREATE TABLE day_totals (
    merchant_id uuid NOT NULL REFERENCES merchants,
    on_day      date NOT NULL,
    operation   text NOT NULL,
    whose       uuid NOT NULL,
    satang      bigint NOT NULL,
    PRIMARY KEY (merchant_id, on_day, operation, whose)
);
SELECT isolate_merchants('day_totals');

-- The day's total, and a policy that is tried on the last days, read by this.
CREATE INDEX instructions_of_day ON instructions (merchant_id, submitted_at DESC, id DESC) WHERE part = 0;

-- The rules are as in 0012, and a list may also say:
--   {"newcomer": true,
--    "daily": [{"whose": "maker", "above_satang": 50000000, "people": 1, "level": 2}]}
-- One more person where the buyer or the payer is new; more where the total of
-- the day, this item included, is above an amount.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION policy_rules_are_sound(rules jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT rules = '{}' OR coalesce(
        jsonb_typeof(rules -> 'new_buyer') = 'boolean' AND jsonb_typeof(rules -> 'until_due') = 'boolean'
        AND rules ->> 'cut_off' ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'
        AND rules - ARRAY['lists', 'new_buyer', 'until_due', 'cut_off'] = '{}'
        AND (SELECT bool_or(l ->> 'operation' = '') AND count(DISTINCT l ->> 'operation') = count(*) FROM jsonb_array_elements(rules -> 'lists') AS l)
        AND NOT EXISTS (
            SELECT FROM jsonb_array_elements(rules -> 'lists') AS l WHERE coalesce(jsonb_array_length(l -> 'bands'), 0) NOT BETWEEN 1 AND 8
                OR l - ARRAY['operation', 'bands', 'newcomer', 'daily'] <> '{}'
                OR l ? 'newcomer' AND jsonb_typeof(l -> 'newcomer') <> 'boolean'
                OR l ? 'daily' AND (jsonb_array_length(l -> 'daily') NOT BETWEEN 1 AND 2
                    OR (SELECT count(DISTINCT d ->> 'whose') <> count(*) OR sum(coalesce((d ->> 'people')::integer, 0)) > 4 FROM jsonb_array_elements(l -> 'daily') AS d)
                    OR EXISTS (
                        SELECT FROM jsonb_array_elements(l -> 'daily') AS d
                        WHERE coalesce(d ->> 'whose', '') NOT IN ('maker', 'merchant') OR coalesce((d ->> 'above_satang')::bigint, 0) < 1
                           OR coalesce((d ->> 'people')::integer, 0) NOT BETWEEN 1 AND 3 OR coalesce((d ->> 'level')::integer, 0) NOT BETWEEN 1 AND 3
                           OR d - ARRAY['whose', 'above_satang', 'people', 'level'] <> '{}'))
                OR EXISTS (
                SELECT FROM (
                    SELECT b.band, (b.band ->> 'up_to_satang')::bigint AS up_to, lag((b.band ->> 'up_to_satang')::bigint, 1, 0::bigint) OVER (ORDER BY b.no) AS below,
                        b.no = count(*) OVER () AS last FROM jsonb_array_elements(l -> 'bands') WITH ORDINALITY AS b (band, no)) AS b
                WHERE (b.up_to IS NULL) <> b.last OR b.up_to <= b.below
                   OR coalesce((SELECT sum((s ->> 'people')::integer) FROM jsonb_array_elements(b.band -> 'steps') AS s), 0) NOT BETWEEN 1 AND 5
                   OR EXISTS (
                    SELECT FROM jsonb_array_elements(b.band -> 'steps') AS s
                    WHERE coalesce((s ->> 'people')::integer, 0) < 1 OR (s ? 'named') = (s ? 'level') OR s - ARRAY['people', 'named', 'level'] <> '{}'
                       OR s ? 'level' AND coalesce((s ->> 'level')::integer, 0) NOT BETWEEN 1 AND 3
                       OR s ? 'named' AND coalesce(jsonb_array_length(s -> 'named'), 0) < (s ->> 'people')::integer))), false)
$$;
-- +goose StatementEnd

-- The list of an operation: its own, or the one for all that have none.
-- +goose StatementBegin
CREATE FUNCTION list_of(rules jsonb, operation text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (SELECT l.list FROM jsonb_array_elements(rules -> 'lists') AS l (list) WHERE l.list ->> 'operation' IN (list_of.operation, '')
            ORDER BY l.list ->> 'operation' DESC LIMIT 1);
END $$;
-- +goose StatementEnd

-- All that rules ask of an amount, on a day with these totals. Whoever is asked
-- for because of the day comes last.
-- +goose StatementBegin
CREATE FUNCTION seats_asked(rules jsonb, people smallint, operation text, amount bigint, newcomer boolean, by_maker bigint, by_merchant bigint) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    list  jsonb := list_of(rules, operation);
    seats jsonb := seats_under(rules, people, operation, amount, newcomer);
    last  integer;
BEGIN
    IF newcomer AND coalesce((list ->> 'newcomer')::boolean, false) AND NOT coalesce((rules ->> 'new_buyer')::boolean, false) THEN
        seats := '[{"step": 0, "level": 1}]'::jsonb || seats;
    END IF;
    IF list ? 'daily' THEN
        last := (seats -> -1 ->> 'step')::integer;
        seats := seats || (
            SELECT coalesce(jsonb_agg(jsonb_build_object('step', last + d.no, 'level', (d.rule ->> 'level')::integer, 'why', 'day_of_' || (d.rule ->> 'whose')) ORDER BY d.no), '[]')
            FROM jsonb_array_elements(list -> 'daily') WITH ORDINALITY AS d (rule, no), generate_series(1, (d.rule ->> 'people')::integer)
            WHERE CASE d.rule ->> 'whose' WHEN 'maker' THEN by_maker ELSE by_merchant END > (d.rule ->> 'above_satang')::bigint);
    END IF;
    RETURN seats;
END $$;
-- +goose StatementEnd

-- Adds to the total of a day and says what it is now. The first to ask on a day
-- counts up what was submitted before; the others wait for it.
-- +goose StatementBegin
CREATE FUNCTION add_to_day(merchant uuid, day date, of_operation text, whose_total uuid, plus bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    total bigint;
BEGIN
    FOR try IN 1..2 LOOP
        UPDATE day_totals t SET satang = t.satang + plus WHERE t.merchant_id = merchant AND t.on_day = day AND t.operation = of_operation AND t.whose = whose_total
        RETURNING t.satang INTO total;
        IF FOUND THEN
            RETURN total;
        END IF;
        PERFORM pg_advisory_xact_lock(hashtextextended(concat_ws(' ', 'day total', merchant, day, of_operation, whose_total), 0));
    END LOOP;
    INSERT INTO day_totals AS t (merchant_id, on_day, operation, whose, satang)
    SELECT merchant, day, of_operation, whose_total, plus + coalesce(sum(i.amount_satang), 0) FROM instructions i
    WHERE i.merchant_id = merchant AND i.part = 0 AND i.submitted_at >= day::timestamp AT TIME ZONE 'Asia/Bangkok'
      AND i.submitted_at < (day + 1)::timestamp AT TIME ZONE 'Asia/Bangkok' AND i.operation = of_operation AND whose_total IN (i.maker_id, merchant)
      AND i.state NOT IN ('rejected', 'withdrawn', 'expired')
    RETURNING t.satang INTO total;
    RETURN total;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION add_to_day FROM PUBLIC;

-- Whether nothing was ever taken from, or asked of, whoever this is to pay.
-- +goose StatementBegin
CREATE FUNCTION payer_is_new(merchant uuid, of_operation text, about text) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    id uuid;
BEGIN
    IF of_operation NOT IN ('debit.create', 'schedule.create', 'promptpay.create') THEN
        RETURN false;
    END IF;
    id := split_part(about, '/', 2)::uuid;
    CASE of_operation
        WHEN 'promptpay.create' THEN
            RETURN EXISTS (SELECT FROM pay_requests r WHERE r.id = payer_is_new.id AND r.merchant_id = merchant AND NOT EXISTS (
                SELECT FROM pay_requests o WHERE o.merchant_id = merchant AND o.receiver_value = r.receiver_value AND o.bank_reference <> ''));
        ELSE
            RETURN EXISTS (
                SELECT FROM (SELECT d.payer_id FROM debits d WHERE d.id = payer_is_new.id AND d.merchant_id = merchant AND of_operation = 'debit.create'
                             UNION ALL SELECT s.payer_id FROM schedules s WHERE s.id = payer_is_new.id AND s.merchant_id = merchant AND of_operation = 'schedule.create') p
                WHERE NOT EXISTS (SELECT FROM debits o WHERE o.merchant_id = merchant AND o.payer_id = p.payer_id AND o.state = 'taken'));
    END CASE;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION payer_is_new FROM PUBLIC;

-- A policy comes into force between submissions, never during one: otherwise
-- what is under way would be missing from the first total under it. Before
-- instruction_starts_pending by name, which reads the policy.
-- +goose StatementBegin
CREATE FUNCTION policy_begins_between() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'policies' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('policy of ' || NEW.merchant_id, 0));
    ELSE
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('policy of ' || NEW.merchant_id, 0));
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER begins_between_submissions BEFORE INSERT ON policies FOR EACH ROW EXECUTE FUNCTION policy_begins_between();
CREATE TRIGGER comes_under_one_policy BEFORE INSERT ON instructions FOR EACH ROW WHEN (NEW.part = 0) EXECUTE FUNCTION policy_begins_between();

-- After instruction_starts_pending and all that check the amount, by name: what
-- the day and a new payer ask for besides. Parts take the seats of their lead.
-- +goose StatementBegin
CREATE FUNCTION takes_its_place_in_the_day() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    in_force    policies;
    list        jsonb;
    day         date := (now() AT TIME ZONE 'Asia/Bangkok')::date;
    by_maker    bigint := 0;
    by_merchant bigint := 0;
BEGIN
    SELECT * INTO in_force FROM policies WHERE merchant_id = NEW.merchant_id AND version = NEW.policy_version;
    list := list_of(in_force.rules, NEW.operation);
    IF list IS NULL OR NOT list ?| ARRAY['daily', 'newcomer'] THEN
        RETURN NEW;
    END IF;
    IF coalesce((list ->> 'newcomer')::boolean, false) THEN
        NEW.new_buyer := NEW.new_buyer OR payer_is_new(NEW.merchant_id, NEW.operation, NEW.subject);
    END IF;
    IF list -> 'daily' @> '[{"whose": "maker"}]' THEN
        by_maker := add_to_day(NEW.merchant_id, day, NEW.operation, NEW.maker_id, NEW.amount_satang);
    END IF;
    IF list -> 'daily' @> '[{"whose": "merchant"}]' THEN
        by_merchant := add_to_day(NEW.merchant_id, day, NEW.operation, NEW.merchant_id, NEW.amount_satang);
    END IF;
    NEW.seats := seats_asked(in_force.rules, in_force.approvals_needed, NEW.operation, NEW.amount_satang, NEW.new_buyer, by_maker, by_merchant);
    NEW.approvals_needed := jsonb_array_length(NEW.seats);
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER takes_its_place_in_the_day BEFORE INSERT ON instructions FOR EACH ROW WHEN (NEW.part = 0) EXECUTE FUNCTION takes_its_place_in_the_day();

-- What never goes out does not count.
-- +goose StatementBegin
CREATE FUNCTION leaves_the_day() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE day_totals t SET satang = t.satang - NEW.amount_satang
    WHERE t.merchant_id = NEW.merchant_id AND t.on_day = (NEW.submitted_at AT TIME ZONE 'Asia/Bangkok')::date AND t.operation = NEW.operation
      AND t.whose IN (NEW.maker_id, NEW.merchant_id);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER leaves_the_day AFTER UPDATE OF state ON instructions FOR EACH ROW
    WHEN (NEW.part = 0 AND OLD.state <> NEW.state AND NEW.state IN ('rejected', 'withdrawn', 'expired')) EXECUTE FUNCTION leaves_the_day();

-- The one answer to where too few different people would be left, for a rule,
-- for a duty, a suspension and a removal, and for leave: the bands that nobody
-- could complete when this maker makes something of this product, on the worst
-- day and for the newest payer. Of whoever is named, what they would do counts
-- and not what they do. While somebody is away, nobody of that time takes a seat
-- in their own name, and their stand-in takes theirs up to the cap.
-- +goose StatementBegin
CREATE FUNCTION uncovered(merchant uuid, under jsonb, people smallint, whose uuid DEFAULT NULL, would_do text[] DEFAULT '{}', would_work_on text[] DEFAULT '{}',
    would_level smallint DEFAULT 1, leave delegations DEFAULT NULL)
RETURNS TABLE (operation text, band smallint, product text, maker_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
        WITH staff AS MATERIALIZED (
            SELECT m.person_id, m.duties, m.products, m.level FROM memberships m JOIN people p ON p.id = m.person_id
            WHERE m.merchant_id = merchant AND merchant = acting_merchant() AND p.disabled_at IS NULL AND m.person_id IS DISTINCT FROM whose
            UNION ALL SELECT whose, would_do, would_work_on, would_level WHERE whose IS NOT NULL AND merchant = acting_merchant()
        ), away AS MATERIALIZED (
            SELECT (leave).holder_id, (leave).delegate_id, (leave).cap_satang, (leave).operations WHERE (leave).holder_id IS NOT NULL
            UNION ALL
            SELECT d.holder_id, d.delegate_id, d.cap_satang, d.operations FROM delegations d
            WHERE (leave).holder_id IS NOT NULL AND d.merchant_id = merchant AND d.id IS DISTINCT FROM (leave).id AND d.revoked_at IS NULL AND d.answer IS DISTINCT FROM 'declined'
              AND d.starts_on <= (leave).ends_on AND d.ends_on >= (leave).starts_on
        ), bands AS (
            SELECT l.list ->> 'operation' AS operation, b.no::smallint AS band,
                seats_asked(under, people, l.list ->> 'operation', coalesce((b.band ->> 'up_to_satang')::bigint, 9000000000000000000), true, 9000000000000000000, 9000000000000000000) AS seats,
                lag((b.band ->> 'up_to_satang')::bigint, 1, 0::bigint) OVER (PARTITION BY l.no ORDER BY b.no) AS above
            FROM jsonb_array_elements(under -> 'lists') WITH ORDINALITY AS l (list, no), jsonb_array_elements(l.list -> 'bands') WITH ORDINALITY AS b (band, no)
            UNION ALL
            SELECT '', 1::smallint, seats_of(jsonb_build_array(jsonb_build_object('people', people, 'level', 1)), false), 0 WHERE under = '{}'
        ), asked AS MATERIALIZED (
            SELECT b.operation, b.band, b.seats, b.above, o.product, array_agg(o.operation) AS operations FROM bands b JOIN product_operations o ON b.operation IN ('', o.operation)
            -- An operation with bands of its own is not under those for all.
            AND (b.operation <> '' OR NOT EXISTS (SELECT FROM bands x WHERE x.operation = o.operation))
            GROUP BY b.operation, b.band, b.seats, b.above, o.product
        ), hats AS MATERIALIZED (
            SELECT a.operation, a.band, a.product, c.person_id AS taker, c.person_id AS holder,
                (SELECT coalesce(sum(1 << (s.no - 1)::integer), 0)::integer FROM jsonb_array_elements(a.seats) WITH ORDINALITY AS s (seat, no) WHERE seat_fits(s.seat, c.person_id, c.level)) AS mask
            FROM asked a JOIN staff c ON 'checker' = ANY (c.duties) AND (c.products = '{}' OR a.product = ANY (c.products))
            WHERE NOT EXISTS (SELECT FROM away w WHERE w.holder_id = c.person_id)
            UNION ALL
            SELECT a.operation, a.band, a.product, c.person_id, h.person_id,
                (SELECT coalesce(sum(1 << (s.no - 1)::integer), 0)::integer FROM jsonb_array_elements(a.seats) WITH ORDINALITY AS s (seat, no) WHERE seat_fits(s.seat, h.person_id, h.level))
            FROM away w JOIN staff h ON h.person_id = w.holder_id AND 'checker' = ANY (h.duties) JOIN staff c ON c.person_id = w.delegate_id AND 'checker' = ANY (c.duties)
                JOIN asked a ON (h.products = '{}' OR a.product = ANY (h.products)) AND (c.products = '{}' OR a.product = ANY (c.products))
                    AND a.above < w.cap_satang AND (w.operations = '{}' OR a.operations <@ w.operations)
            WHERE NOT EXISTS (SELECT FROM away x WHERE x.holder_id = c.person_id)
        )
        SELECT a.operation, a.band, a.product, k.person_id
        FROM asked a JOIN staff k ON 'maker' = ANY (k.duties) AND (k.products = '{}' OR a.product = ANY (k.products))
        WHERE EXISTS (
            -- Hall's condition, tried on every choice of seats.
            SELECT FROM generate_series(1, (1 << jsonb_array_length(a.seats)) - 1) AS choice
            WHERE (SELECT count(DISTINCT h.taker) FROM hats h WHERE h.operation = a.operation AND h.band = a.band AND h.product = a.product
                       AND h.taker <> k.person_id AND h.holder <> k.person_id AND h.mask & choice <> 0) < bit_count(choice::bit(16)));
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION uncovered FROM PUBLIC;
GRANT EXECUTE ON FUNCTION uncovered TO portal_web;

-- As in 0012, by that answer. A product that no other checker works on is a
-- matter of people and not of the rule, as long as there are checkers at all.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION policy_gaps(merchant uuid, rules jsonb) RETURNS TABLE (operation text, band smallint, maker_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
        WITH checkers AS MATERIALIZED (
            SELECT m.person_id, m.products FROM memberships m JOIN people p ON p.id = m.person_id
            WHERE m.merchant_id = merchant AND 'checker' = ANY (m.duties) AND p.disabled_at IS NULL
        )
        SELECT DISTINCT g.operation, g.band, g.maker_id FROM uncovered(merchant, rules, 1::smallint) AS g
        WHERE NOT EXISTS (SELECT FROM checkers c WHERE c.person_id <> g.maker_id)
           OR EXISTS (SELECT FROM checkers c WHERE c.person_id <> g.maker_id AND (c.products = '{}' OR g.product = ANY (c.products)));
END $$;
-- +goose StatementEnd

-- As in 0047, by that answer.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION coverage_gaps(merchant uuid, whose uuid DEFAULT NULL, would_do text[] DEFAULT '{}', would_work_on text[] DEFAULT '{}', would_level smallint DEFAULT 1)
RETURNS TABLE (operation text, band smallint, product text, maker_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT g.* FROM (SELECT p.rules, p.approvals_needed FROM policies p WHERE p.merchant_id = merchant ORDER BY p.version DESC LIMIT 1) AS f,
            uncovered(merchant, f.rules, f.approvals_needed, whose, would_do, would_work_on, would_level) AS g;
END $$;
-- +goose StatementEnd

-- What nobody could approve while somebody is away, and somebody could if they
-- were not.
-- +goose StatementBegin
CREATE FUNCTION gaps_while_away(leave delegations) RETURNS TABLE (operation text, band smallint, product text, maker_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT g.* FROM (SELECT p.rules, p.approvals_needed FROM policies p WHERE p.merchant_id = (leave).merchant_id ORDER BY p.version DESC LIMIT 1) AS f,
            uncovered((leave).merchant_id, f.rules, f.approvals_needed, leave => leave) AS g
        EXCEPT SELECT g.* FROM coverage_gaps((leave).merchant_id) AS g;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION gaps_while_away FROM PUBLIC;
GRANT EXECUTE ON FUNCTION gaps_while_away TO portal_web;

-- Leave is written down only where enough different people stay.
-- +goose StatementBegin
CREATE FUNCTION leave_leaves_somebody() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM merchants WHERE id = NEW.merchant_id FOR NO KEY UPDATE; -- two who go at once take turns
    IF EXISTS (SELECT FROM gaps_while_away(NEW)) THEN
        RAISE EXCEPTION 'there would be amounts that nobody could approve meanwhile' USING ERRCODE = 'check_violation', CONSTRAINT = 'leave_leaves_somebody';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER leave_leaves_somebody BEFORE INSERT ON delegations FOR EACH ROW
    WHEN (NEW.delegate_id <> NEW.holder_id AND NEW.cap_satang > 0 AND NEW.ends_on >= NEW.starts_on) EXECUTE FUNCTION leave_leaves_somebody();

-- Who a merchant is at the bank. The secrets are sealed, and the web process
-- can write them and never read them. They are tried by a worker before another
-- administrator can put them in force; until then the ones before hold.
CREATE TABLE bank_credentials (
    id             uuid PRIMARY KEY,
    merchant_id    uuid NOT NULL REFERENCES merchants,
    client_id      text NOT NULL CONSTRAINT client_id_is_short CHECK (length(client_id) BETWEEN 1 AND 200),
    token_auth     text NOT NULL CONSTRAINT token_auth_is_known CHECK (token_auth IN ('basic', 'form')),
    scope          text NOT NULL DEFAULT '' CONSTRAINT scope_is_short CHECK (length(scope) <= 200),
    secrets_sealed bytea NOT NULL,
    -- What may be shown of what is sealed: the last four letters of each.
    secret_ends    text NOT NULL CONSTRAINT secret_is_not_shown CHECK (length(secret_ends) BETWEEN 0 AND 4),
    signature_ends text NOT NULL DEFAULT '' CONSTRAINT signature_key_is_not_shown CHECK (length(signature_ends) <= 4),
    api_key_ends   text NOT NULL DEFAULT '' CONSTRAINT api_key_is_not_shown CHECK (length(api_key_ends) <= 4),
    certificate    text NOT NULL DEFAULT '', -- to whom it was issued
    certificate_ends_at timestamptz,
    note           text NOT NULL CONSTRAINT credentials_have_a_reason CHECK (note <> ''),
    proposed_by    uuid NOT NULL REFERENCES people,
    proposed_at    timestamptz NOT NULL DEFAULT now(),
    trial          text NOT NULL DEFAULT 'waiting' CONSTRAINT trial_is_known CHECK (trial IN ('waiting', 'trying', 'accepted', 'refused', 'unclear')),
    trial_deadline timestamptz, -- of whoever is trying
    tried_at       timestamptz,
    trial_code     text NOT NULL DEFAULT '',
    trial_message  text NOT NULL DEFAULT '',
    decision       text CONSTRAINT credentials_decision_is_known CHECK (decision IN ('confirmed', 'declined', 'withdrawn')),
    decided_by     uuid REFERENCES people,
    decided_at     timestamptz,
    CONSTRAINT credentials_are_decided_by_another CHECK ((decided_by = proposed_by) = (decision = 'withdrawn')),
    CONSTRAINT credentials_decision_is_whole CHECK ((decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL)),
    CONSTRAINT credentials_are_proven CHECK (decision <> 'confirmed' OR trial = 'accepted'),
    CONSTRAINT credentials_and_merchant UNIQUE (id, merchant_id)
);
CREATE UNIQUE INDEX one_open_change_of_credentials ON bank_credentials (merchant_id) WHERE decision IS NULL;
CREATE INDEX credentials_to_try ON bank_credentials (proposed_at) WHERE decision IS NULL AND trial IN ('waiting', 'trying');
CREATE INDEX credentials_in_force ON bank_credentials (merchant_id, decided_at DESC) WHERE decision = 'confirmed';
CREATE INDEX credentials_of_merchant ON bank_credentials (merchant_id, proposed_at DESC, id DESC);

-- The secret by which a merchant's callbacks are told from everybody else's.
-- One that was replaced is believed for as long as the bank may still use it.
CREATE TABLE callback_secrets (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    secret_sealed bytea NOT NULL,
    secret_ends text NOT NULL CONSTRAINT callback_secret_is_not_shown CHECK (length(secret_ends) = 4),
    note        text NOT NULL CONSTRAINT callback_secret_has_a_reason CHECK (note <> ''),
    proposed_by uuid NOT NULL REFERENCES people,
    proposed_at timestamptz NOT NULL DEFAULT now(),
    decision    text CONSTRAINT callback_secret_decision_is_known CHECK (decision IN ('confirmed', 'declined', 'withdrawn')),
    decided_by  uuid REFERENCES people,
    decided_at  timestamptz,
    -- Until when one that was replaced is believed, and who shortened that.
    believed_until timestamptz,
    ended_by    uuid REFERENCES people,
    CONSTRAINT callback_secret_is_decided_by_another CHECK ((decided_by = proposed_by) = (decision = 'withdrawn')),
    CONSTRAINT callback_secret_decision_is_whole CHECK ((decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL)),
    CONSTRAINT callback_secret_ends_once_it_began CHECK (believed_until IS NULL OR decision = 'confirmed'),
    CONSTRAINT callback_secret_and_merchant UNIQUE (id, merchant_id)
);
CREATE UNIQUE INDEX one_open_callback_secret ON callback_secrets (merchant_id) WHERE decision IS NULL;
CREATE UNIQUE INDEX one_newest_callback_secret ON callback_secrets (merchant_id) WHERE decision = 'confirmed' AND believed_until IS NULL;
CREATE INDEX callback_secrets_of_merchant ON callback_secrets (merchant_id, proposed_at DESC, id DESC);

-- Both are proposed by one administrator and confirmed by another, as they were
-- proposed; the worker says what the bank made of credentials, and nothing else.
-- What is sealed may be sealed again (0056), and nothing else with it.
-- +goose StatementBegin
CREATE FUNCTION setting_is_proposed(merchant uuid, proposer uuid, decision text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM merchants WHERE id = merchant FOR NO KEY UPDATE;
    IF decision IS NOT NULL OR proposer IS DISTINCT FROM acting_person() OR NOT has_duty(merchant, proposer, 'admin') THEN
        RAISE EXCEPTION 'a setting is proposed by the acting administrator and decided by another' USING ERRCODE = 'check_violation', CONSTRAINT = 'setting_is_proposed_first';
    END IF;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION setting_is_decided(merchant uuid, before text, decider uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM merchants WHERE id = merchant FOR NO KEY UPDATE;
    IF before IS NOT NULL OR decider IS DISTINCT FROM acting_person() OR NOT has_duty(merchant, decider, 'admin') THEN
        RAISE EXCEPTION 'a setting is decided once, by the acting administrator' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'setting_is_decided_once';
    END IF;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION setting_is_proposed, setting_is_decided FROM PUBLIC;

-- +goose StatementBegin
CREATE FUNCTION bank_credentials_are_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    tried   text[] := ARRAY['trial', 'trial_deadline', 'tried_at', 'trial_code', 'trial_message'];
    decided text[] := ARRAY['decision', 'decided_by', 'decided_at'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM setting_is_proposed(NEW.merchant_id, NEW.proposed_by, NEW.decision);
        IF NEW.trial <> 'waiting' THEN
            RAISE EXCEPTION 'credentials begin untried' USING ERRCODE = 'check_violation', CONSTRAINT = 'credentials_begin_untried';
        END IF;
        NEW.proposed_at := now();
    ELSIF to_jsonb(NEW) - 'secrets_sealed' = to_jsonb(OLD) - 'secrets_sealed' AND sealing_again() THEN
        RETURN NEW;
    ELSIF to_jsonb(NEW) - tried = to_jsonb(OLD) - tried THEN
        IF OLD.decision IS NOT NULL OR (CASE
            WHEN acting_person() IS NULL THEN (OLD.trial, NEW.trial) NOT IN (('waiting', 'trying'), ('trying', 'trying'), ('trying', 'accepted'), ('trying', 'refused'), ('trying', 'unclear'))
            ELSE OLD.trial NOT IN ('refused', 'unclear') OR NEW.trial <> 'waiting' OR NOT has_duty(NEW.merchant_id, acting_person(), 'admin') END) THEN
            RAISE EXCEPTION 'the worker says what the bank made of credentials' USING ERRCODE = 'check_violation', CONSTRAINT = 'credentials_are_tried_by_the_worker';
        END IF;
    ELSIF to_jsonb(NEW) - decided = to_jsonb(OLD) - decided THEN
        PERFORM setting_is_decided(NEW.merchant_id, OLD.decision, NEW.decided_by);
        NEW.decided_at := now();
    ELSE
        RAISE EXCEPTION 'credentials stay as they were proposed' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'credentials_stay_as_proposed';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- Seven days, as long as a bank may take to change over.
-- +goose StatementBegin
CREATE FUNCTION callback_secret_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    decided text[] := ARRAY['decision', 'decided_by', 'decided_at'];
    ended   text[] := ARRAY['believed_until', 'ended_by'];
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM setting_is_proposed(NEW.merchant_id, NEW.proposed_by, NEW.decision);
        NEW.proposed_at := now();
        NEW.believed_until := NULL;
    ELSIF to_jsonb(NEW) - 'secret_sealed' = to_jsonb(OLD) - 'secret_sealed' AND sealing_again() THEN
        RETURN NEW;
    ELSIF to_jsonb(NEW) - decided = to_jsonb(OLD) - decided THEN
        PERFORM setting_is_decided(NEW.merchant_id, OLD.decision, NEW.decided_by);
        NEW.decided_at := now();
    ELSIF to_jsonb(NEW) - ended = to_jsonb(OLD) - ended AND has_duty(NEW.merchant_id, acting_person(), 'admin') AND OLD.decision = 'confirmed'
          AND (NEW.ended_by IS NULL AND OLD.believed_until IS NULL OR NEW.ended_by = acting_person() AND OLD.believed_until > now()) THEN
        NEW.believed_until := CASE WHEN NEW.ended_by IS NULL THEN now() + interval '7 days' ELSE now() END;
    ELSE
        RAISE EXCEPTION 'a callback secret stays as it was proposed' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'callback_secret_stays_as_proposed';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER bank_credentials_are_allowed BEFORE INSERT OR UPDATE ON bank_credentials FOR EACH ROW EXECUTE FUNCTION bank_credentials_are_allowed();
CREATE TRIGGER callback_secret_is_allowed BEFORE INSERT OR UPDATE ON callback_secrets FOR EACH ROW EXECUTE FUNCTION callback_secret_is_allowed();
CREATE TRIGGER credentials_wait_a_day BEFORE UPDATE OF decision ON bank_credentials FOR EACH ROW
    WHEN (NEW.decision = 'confirmed') EXECUTE FUNCTION decider_waits_a_day();
CREATE TRIGGER callback_secret_waits_a_day BEFORE UPDATE OF decision ON callback_secrets FOR EACH ROW
    WHEN (NEW.decision = 'confirmed') EXECUTE FUNCTION decider_waits_a_day();
CREATE TRIGGER bank_credentials_are_not_deleted BEFORE DELETE ON bank_credentials FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER callback_secrets_are_not_deleted BEFORE DELETE ON callback_secrets FOR EACH ROW EXECUTE FUNCTION refuse_change();
SELECT audit_table('bank_credentials', 'bank_credentials', 'id');
SELECT audit_table('callback_secrets', 'callback_secret', 'id');
SELECT isolate_merchants(t) FROM unnest(ARRAY['bank_credentials', 'callback_secrets']) AS t;

GRANT INSERT (id, merchant_id, client_id, token_auth, scope, secrets_sealed, secret_ends, signature_ends, api_key_ends, certificate, certificate_ends_at, note, proposed_by),
    UPDATE (decision, decided_by, trial),
    SELECT (id, merchant_id, client_id, token_auth, scope, secret_ends, signature_ends, api_key_ends, certificate, certificate_ends_at, note, proposed_by, proposed_at,
        trial, trial_deadline, tried_at, trial_code, trial_message, decision, decided_by, decided_at) ON bank_credentials TO portal_web;
GRANT SELECT, UPDATE (trial, trial_deadline, tried_at, trial_code, trial_message) ON bank_credentials TO portal_worker;
GRANT INSERT (id, merchant_id, secret_sealed, secret_ends, note, proposed_by), UPDATE (decision, decided_by, believed_until, ended_by),
    SELECT (id, merchant_id, secret_ends, note, proposed_by, proposed_at, decision, decided_by, decided_at, believed_until, ended_by) ON callback_secrets TO portal_web;
GRANT SELECT ON callback_secrets TO portal_worker;

-- The secrets that callbacks may be signed with now, of every merchant: whoever
-- receives one does not know yet whose it is.
-- +goose StatementBegin
CREATE FUNCTION callback_secrets_believed() RETURNS TABLE (id uuid, merchant_id uuid, secret_sealed bytea) LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT s.id, s.merchant_id, s.secret_sealed FROM callback_secrets s
        WHERE s.decision = 'confirmed' AND (s.believed_until IS NULL OR s.believed_until > now()) ORDER BY s.decided_at DESC;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION callback_secrets_believed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION callback_secrets_believed TO portal_web;

-- What one merchant's secret signed is about that merchant, or about nothing.
ALTER TABLE callbacks ADD COLUMN signed_for uuid REFERENCES merchants;
ALTER TABLE callbacks ADD CONSTRAINT callback_is_of_whose_secret_signed_it
    CHECK (signed_for IS NULL OR state IN ('received', 'quarantined') OR merchant_id = signed_for);
GRANT INSERT (signed_for) ON callbacks TO portal_web;

-- What stands at the head of the papers that the portal draws.
CREATE TABLE merchant_logos (
    merchant_id uuid PRIMARY KEY REFERENCES merchants,
    image       bytea NOT NULL CONSTRAINT logo_is_small CHECK (length(image) BETWEEN 1 AND 1048576), -- PNG, made anew from what was sent
    image_hash  bytea NOT NULL GENERATED ALWAYS AS (sha256(image)) STORED,
    width       smallint NOT NULL CONSTRAINT logo_width_is_of_a_logo CHECK (width BETWEEN 1 AND 600),
    height      smallint NOT NULL CONSTRAINT logo_height_is_of_a_logo CHECK (height BETWEEN 1 AND 300),
    set_by      uuid NOT NULL REFERENCES people,
    set_at      timestamptz NOT NULL DEFAULT now()
);
-- +goose StatementBegin
CREATE FUNCTION logo_is_an_administrators() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT has_duty(coalesce(NEW.merchant_id, OLD.merchant_id), acting_person(), 'admin') OR TG_OP <> 'DELETE' AND NEW.set_by IS DISTINCT FROM acting_person() THEN
        RAISE EXCEPTION 'an administrator sets the logo' USING ERRCODE = 'check_violation', CONSTRAINT = 'logo_is_an_administrators';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    NEW.set_at := now();
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER logo_is_an_administrators BEFORE INSERT OR UPDATE OR DELETE ON merchant_logos FOR EACH ROW EXECUTE FUNCTION logo_is_an_administrators();
SELECT audit_table('merchant_logos', 'merchant', 'merchant_id');
SELECT isolate_merchants('merchant_logos');
GRANT SELECT, INSERT (merchant_id, image, width, height, set_by), UPDATE (image, width, height, set_by), DELETE ON merchant_logos TO portal_web;
GRANT SELECT ON merchant_logos TO portal_worker;
