-- Approval policies with amount bands and steps, made by one person and
-- approved by another; approving on behalf of somebody who is away. What an
-- instruction needs is worked out and kept here when it is submitted, and whose
-- turn it is follows from here alone, whatever program asks.

-- +goose Up

-- Rules are empty for a policy that only counts people. Otherwise:
--   {"lists": [{"operation": "", "bands": [{"up_to_satang": 5000000, "steps": [{"people": 1, "level": 1}]}]}],
--    "new_buyer": true, "until_due": true, "cut_off": "16:00"}
-- A list without an operation is for all that have none of their own. Bands
-- ascend, and the last has no end. A step asks for people of a level or above,
-- or for people of a list of names.
ALTER TABLE policies ADD COLUMN rules jsonb NOT NULL DEFAULT '{}', ADD COLUMN proposal_id uuid;

-- How much a checker may decide: a step asks for a level, and whoever has a
-- higher one will do.
ALTER TABLE memberships ADD COLUMN level smallint NOT NULL DEFAULT 1
    CONSTRAINT membership_level_is_known CHECK (level BETWEEN 1 AND 3);

-- What an instruction needs, one seat an approval, in the order in which they
-- are taken: [{"step": 1, "level": 1}, {"step": 2, "named": ["…"]}]. Null in
-- what was submitted before there were bands: as many of anybody as needed.
ALTER TABLE instructions ADD COLUMN seats jsonb, ADD COLUMN new_buyer boolean NOT NULL DEFAULT false;
CREATE INDEX instructions_of_maker ON instructions (merchant_id, maker_id, submitted_at DESC, id DESC) WHERE part = 0;

CREATE TABLE delegations (
    id           uuid PRIMARY KEY,
    merchant_id  uuid NOT NULL REFERENCES merchants,
    holder_id    uuid NOT NULL REFERENCES people, -- whose approving it is
    delegate_id  uuid NOT NULL REFERENCES people, -- who does it meanwhile
    starts_on    date NOT NULL,
    ends_on      date NOT NULL,
    cap_satang   bigint NOT NULL CONSTRAINT delegation_cap_is_positive CHECK (cap_satang > 0),
    operations   text[] NOT NULL DEFAULT '{}', -- none means all
    note         text NOT NULL DEFAULT '',
    offered_at   timestamptz NOT NULL DEFAULT now(),
    answer       text CONSTRAINT delegation_answer_is_known CHECK (answer IN ('accepted', 'declined')),
    answered_at  timestamptz,
    revoked_by   uuid REFERENCES people,
    revoked_at   timestamptz,
    CONSTRAINT delegation_is_to_another CHECK (delegate_id <> holder_id),
    CONSTRAINT delegation_ends_after_it_starts CHECK (ends_on >= starts_on),
    CONSTRAINT delegation_is_for_a_quarter CHECK (ends_on <= starts_on + 92),
    CONSTRAINT delegation_answer_is_whole CHECK ((answer IS NULL) = (answered_at IS NULL)),
    CONSTRAINT delegation_revocation_is_whole CHECK ((revoked_by IS NULL) = (revoked_at IS NULL)),
    CONSTRAINT delegation_and_merchant UNIQUE (id, merchant_id)
);
-- A second click offers nothing more.
CREATE UNIQUE INDEX delegation_is_offered_once ON delegations (merchant_id, holder_id, delegate_id, starts_on, ends_on, cap_satang, operations)
    WHERE revoked_at IS NULL AND answer IS NULL;
CREATE INDEX delegations_to ON delegations (merchant_id, delegate_id, ends_on) WHERE revoked_at IS NULL;
CREATE INDEX delegations_of_merchant ON delegations (merchant_id, ends_on DESC, id DESC);

-- Which seat an approval takes, and for whom. Null and one's own in approvals
-- from before.
ALTER TABLE approvals ADD COLUMN seat smallint, ADD COLUMN on_behalf_of uuid REFERENCES people, ADD COLUMN delegation_id uuid,
    ADD CONSTRAINT seat_is_taken_once UNIQUE (instruction_id, seat),
    ADD CONSTRAINT approval_for_another_is_delegated CHECK ((on_behalf_of IS NULL) = (delegation_id IS NULL)),
    ADD CONSTRAINT approval_names_its_delegation FOREIGN KEY (delegation_id, merchant_id) REFERENCES delegations (id, merchant_id);

CREATE TABLE policy_proposals (
    id            uuid PRIMARY KEY,
    merchant_id   uuid NOT NULL REFERENCES merchants,
    base_version  integer NOT NULL,
    rules         jsonb NOT NULL,
    valid_for     interval NOT NULL CONSTRAINT policy_leaves_time CHECK (valid_for BETWEEN '1 hour' AND '31 days'),
    note          text NOT NULL CONSTRAINT policy_change_has_a_reason CHECK (note <> ''),
    proposed_by   uuid NOT NULL REFERENCES people,
    proposed_at   timestamptz NOT NULL DEFAULT now(),
    decision      text CONSTRAINT policy_decision_is_known CHECK (decision IN ('approved', 'rejected', 'withdrawn')),
    decided_by    uuid REFERENCES people,
    decided_at    timestamptz,
    decision_note text NOT NULL DEFAULT '',
    version       integer, -- that it became
    CONSTRAINT policy_is_decided_by_another CHECK ((decided_by = proposed_by) = (decision = 'withdrawn')),
    CONSTRAINT policy_decision_is_whole CHECK ((decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL)),
    CONSTRAINT approved_policy_has_a_version CHECK ((version IS NOT NULL) = coalesce(decision = 'approved', false)),
    CONSTRAINT policy_proposal_and_merchant UNIQUE (id, merchant_id),
    FOREIGN KEY (merchant_id, base_version) REFERENCES policies,
    FOREIGN KEY (merchant_id, version) REFERENCES policies DEFERRABLE INITIALLY DEFERRED
);
CREATE UNIQUE INDEX one_open_policy_proposal ON policy_proposals (merchant_id) WHERE decision IS NULL;
CREATE INDEX policy_proposals_of_merchant ON policy_proposals (merchant_id, proposed_at DESC, id DESC);
ALTER TABLE policies ADD CONSTRAINT policy_comes_from_its_proposal FOREIGN KEY (proposal_id, merchant_id) REFERENCES policy_proposals (id, merchant_id);

-- Whether a person of a level fits a seat.
CREATE FUNCTION seat_fits(seat jsonb, person uuid, level smallint) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN seat ? 'named' THEN (seat -> 'named') ? person::text ELSE (seat ->> 'level')::smallint <= level END $$;

-- The seat that the next approval takes, when so many are taken.
CREATE FUNCTION next_seat(seats jsonb, taken bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT coalesce(seats -> taken::integer, '{"step": 1, "level": 1}') $$;

-- The seats from a place on.
CREATE FUNCTION seats_from(seats jsonb, place integer) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(jsonb_agg(s.seat ORDER BY s.no), '[]') FROM jsonb_array_elements(seats) WITH ORDINALITY AS s (seat, no) WHERE s.no > place
$$;

-- Whose approving somebody may do today, or everybody, if nobody is named:
-- their own, and that of whoever handed it to them. Both must be checkers who
-- are not shut out; nobody hands on what was handed to them. For the acting
-- merchant only, since the web role may call it.
-- +goose StatementBegin
CREATE FUNCTION hats_of(merchant uuid, person uuid DEFAULT NULL)
RETURNS TABLE (taker uuid, holder uuid, level smallint, delegation_id uuid, cap_satang bigint, operations text[])
LANGUAGE sql STABLE ROWS 3 SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH checkers AS (
        SELECT m.person_id, m.level FROM memberships m JOIN people p ON p.id = m.person_id
        WHERE m.merchant_id = merchant AND merchant = acting_merchant() AND 'checker' = ANY (m.duties) AND p.disabled_at IS NULL
    )
    SELECT c.person_id, c.person_id, c.level, NULL::uuid, NULL::bigint, '{}'::text[] FROM checkers c WHERE person IS NULL OR c.person_id = person
    UNION ALL
    SELECT t.person_id, h.person_id, h.level, d.id, d.cap_satang, d.operations
    FROM delegations d JOIN checkers h ON h.person_id = d.holder_id JOIN checkers t ON t.person_id = d.delegate_id
    WHERE d.merchant_id = merchant AND (person IS NULL OR d.delegate_id = person) AND d.answer = 'accepted' AND d.revoked_at IS NULL
      AND (now() AT TIME ZONE 'Asia/Bangkok')::date BETWEEN d.starts_on AND d.ends_on
$$;
-- +goose StatementEnd

-- Whether different people can take all of these seats, nobody twice: Hall's
-- condition, tried on every choice of seats. The barred take none. While
-- somebody is away, the stand-in may take their seats as well.
-- +goose StatementBegin
CREATE FUNCTION seats_can_be_taken(merchant uuid, seats jsonb, barred uuid[], away uuid DEFAULT NULL, stand_in uuid DEFAULT NULL)
RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
        WHERE (SELECT count(*) FROM takers t WHERE t.mask & choice <> 0) < bit_count(choice::bit(16)))
$$;
-- +goose StatementEnd

-- The seats of some steps, one an approval.
CREATE FUNCTION seats_of(steps jsonb, newcomer boolean) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN newcomer THEN '[{"step": 0, "level": 1}]'::jsonb ELSE '[]'::jsonb END
        || (SELECT coalesce(jsonb_agg((s.step - 'people') || jsonb_build_object('step', s.no) ORDER BY s.no), '[]')
            FROM jsonb_array_elements(steps) WITH ORDINALITY AS s (step, no), generate_series(1, (s.step ->> 'people')::integer))
$$;

-- What rules ask of an amount. The count stands for rules without a list.
CREATE FUNCTION seats_under(rules jsonb, people smallint, operation text, amount bigint, newcomer boolean) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT seats_of(coalesce((
        SELECT b.band -> 'steps'
        FROM jsonb_array_elements(rules -> 'lists') AS l (list), jsonb_array_elements(l.list -> 'bands') WITH ORDINALITY AS b (band, no)
        WHERE l.list ->> 'operation' IN (operation, '') AND amount <= coalesce((b.band ->> 'up_to_satang')::bigint, amount)
        ORDER BY l.list ->> 'operation' DESC, b.no LIMIT 1),
        jsonb_build_array(jsonb_build_object('people', people, 'level', 1))), newcomer AND coalesce((rules ->> 'new_buyer')::boolean, false))
$$;

-- Whether rules have the form described at the top.
-- +goose StatementBegin
CREATE FUNCTION policy_rules_are_sound(rules jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT rules = '{}' OR coalesce(
        jsonb_typeof(rules -> 'new_buyer') = 'boolean' AND jsonb_typeof(rules -> 'until_due') = 'boolean'
        AND rules ->> 'cut_off' ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'
        AND rules - ARRAY['lists', 'new_buyer', 'until_due', 'cut_off'] = '{}'
        AND (SELECT bool_or(l ->> 'operation' = '') AND count(DISTINCT l ->> 'operation') = count(*) FROM jsonb_array_elements(rules -> 'lists') AS l)
        AND NOT EXISTS (
            SELECT FROM jsonb_array_elements(rules -> 'lists') AS l WHERE coalesce(jsonb_array_length(l -> 'bands'), 0) NOT BETWEEN 1 AND 8 OR EXISTS (
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
ALTER TABLE policies ADD CONSTRAINT policy_rules_are_sound CHECK (policy_rules_are_sound(rules));
ALTER TABLE policy_proposals ADD CONSTRAINT proposed_rules_are_sound CHECK (rules <> '{}' AND policy_rules_are_sound(rules));

-- The bands that rules would leave without enough different people, when this
-- maker made the bill. Authors besides the maker are met when it happens: such
-- an item is marked as stuck.
-- +goose StatementBegin
CREATE FUNCTION policy_gaps(merchant uuid, rules jsonb) RETURNS TABLE (operation text, band smallint, maker_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT l.list ->> 'operation', b.no::smallint, m.person_id
    FROM jsonb_array_elements(rules -> 'lists') AS l (list), jsonb_array_elements(l.list -> 'bands') WITH ORDINALITY AS b (band, no),
        (SELECT m.person_id FROM memberships m JOIN people p ON p.id = m.person_id
         WHERE m.merchant_id = merchant AND merchant = acting_merchant() AND 'maker' = ANY (m.duties) AND p.disabled_at IS NULL) AS m
    WHERE NOT seats_can_be_taken(merchant, seats_of(b.band -> 'steps', coalesce((rules ->> 'new_buyer')::boolean, false)), ARRAY[m.person_id])
$$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION hats_of, seats_can_be_taken, policy_gaps FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hats_of, seats_can_be_taken, policy_gaps TO portal_web;
-- The worker tells people that it is their turn.
GRANT EXECUTE ON FUNCTION hats_of, seats_can_be_taken TO portal_worker;

-- Whether a content says the same to whoever sends it, who takes a member's name
-- in any case, as to the rules below, which take it as it is written.
-- +goose StatementBegin
CREATE FUNCTION content_is_read_one_way(content json) RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    WITH names AS (
        SELECT '' AS within, k AS name FROM json_object_keys(content) AS k
        UNION ALL
        SELECT 'buyer', k FROM json_object_keys(CASE WHEN json_typeof(content -> 'buyer') = 'object' THEN content -> 'buyer' ELSE '{}' END) AS k
    )
    SELECT NOT EXISTS (SELECT FROM names GROUP BY within, lower(name) HAVING count(*) > 1)
        AND NOT EXISTS (SELECT FROM names AS n, unnest(ARRAY['totalAmount', 'dueDate', 'buyer', 'taxIdentification']) AS decides
                        WHERE lower(n.name) = lower(decides) AND n.name <> decides)
$$;
-- +goose StatementEnd

-- An instruction is made by the acting person, who is a maker, for the amount
-- that its content says, and needs what the policy in force asks of it. What
-- it says about that itself must agree; what it leaves open is filled in.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION instruction_starts_pending() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    in_force policies;
    lead instructions;
    asked jsonb;
    amount numeric;
    cut_off timestamptz;
    latest timestamptz;
BEGIN
    IF NEW.state <> 'pending' OR NEW.attempt_no <> 0 OR NEW.bank_reference <> '' THEN
        RAISE EXCEPTION 'an instruction starts as pending' USING ERRCODE = 'check_violation', CONSTRAINT = 'instruction_starts_pending';
    END IF;
    IF NEW.maker_id IS DISTINCT FROM acting_person() OR NOT has_duty(NEW.merchant_id, NEW.maker_id, 'maker') THEN
        RAISE EXCEPTION 'an instruction is made by the acting person, a maker' USING ERRCODE = 'check_violation', CONSTRAINT = 'maker_is_acting';
    END IF;
    NEW.submitted_at := now();
    IF NEW.part > 0 THEN
        -- One submission is under one policy, even if another comes into force meanwhile.
        SELECT * INTO lead FROM instructions WHERE id = NEW.lead_id AND merchant_id = NEW.merchant_id;
        IF NOT FOUND OR lead.maker_id <> NEW.maker_id OR lead.submitted_at <> now() THEN
            RAISE EXCEPTION 'a part is submitted with its lead' USING ERRCODE = 'check_violation', CONSTRAINT = 'part_comes_with_its_lead';
        END IF;
        SELECT * INTO in_force FROM policies WHERE merchant_id = lead.merchant_id AND version = lead.policy_version;
        NEW.seats := lead.seats;
        NEW.new_buyer := lead.new_buyer;
        latest := lead.expires_at;
    ELSE
        SELECT * INTO in_force FROM policies WHERE merchant_id = NEW.merchant_id ORDER BY version DESC LIMIT 1;
        asked := convert_from(NEW.payload, 'UTF8')::jsonb;
        IF NOT content_is_read_one_way(convert_from(NEW.payload, 'UTF8')::json) THEN
            RAISE EXCEPTION 'the content can be read in two ways' USING ERRCODE = 'check_violation', CONSTRAINT = 'content_is_read_one_way';
        END IF;
        amount := (asked ->> 'totalAmount')::numeric * 100;
        IF amount IS NULL AND NEW.operation <> 'presentment.create' AND NEW.subject LIKE 'presentment/%' THEN
            SELECT total_satang INTO amount FROM presentments WHERE merchant_id = NEW.merchant_id AND id = split_part(NEW.subject, '/', 2)::uuid;
        END IF;
        IF NEW.amount_satang <> coalesce(amount, 0) THEN
            RAISE EXCEPTION 'the amount is not what the content says' USING ERRCODE = 'check_violation', CONSTRAINT = 'amount_is_the_contents';
        END IF;
        NEW.new_buyer := asked #>> '{buyer,taxIdentification}' IS NOT NULL AND NOT EXISTS (
            SELECT FROM presentments p WHERE p.merchant_id = NEW.merchant_id AND p.buyer_tax_id = asked #>> '{buyer,taxIdentification}' AND p.bank_reference <> '');
        NEW.seats := seats_under(in_force.rules, in_force.approvals_needed, NEW.operation, NEW.amount_satang, NEW.new_buyer);
        latest := now() + in_force.valid_for;
        IF (in_force.rules ->> 'until_due')::boolean AND asked ? 'dueDate' THEN
            cut_off := ((asked ->> 'dueDate')::date + (in_force.rules ->> 'cut_off')::time) AT TIME ZONE 'Asia/Bangkok';
            -- What is due already cannot be late any more.
            IF cut_off > now() THEN
                latest := least(latest, cut_off);
            END IF;
        END IF;
    END IF;
    NEW.policy_version := coalesce(NEW.policy_version, in_force.version);
    NEW.approvals_needed := coalesce(NEW.approvals_needed, jsonb_array_length(NEW.seats));
    NEW.expires_at := coalesce(NEW.expires_at, latest);
    IF NEW.policy_version <> in_force.version OR NEW.approvals_needed <> jsonb_array_length(NEW.seats) OR NEW.expires_at > latest THEN
        RAISE EXCEPTION 'the policy in force says otherwise' USING ERRCODE = 'check_violation', CONSTRAINT = 'instruction_obeys_policy';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER seats_are_never_changed BEFORE UPDATE ON instructions FOR EACH ROW
    WHEN ((OLD.seats, OLD.new_buyer) IS DISTINCT FROM (NEW.seats, NEW.new_buyer)) EXECUTE FUNCTION refuse_change();
CREATE INDEX presentments_billed ON presentments (merchant_id, buyer_tax_id, document_on DESC) WHERE bank_reference <> '';

-- Whether somebody may give the next approval of an instruction, and for whom:
-- the first hat that fits, one's own before any other. The verdict is empty or
-- names the rule that is in the way. The page asks this, and the trigger below
-- obeys it.
-- +goose StatementBegin
CREATE FUNCTION hat_for(i instructions, person uuid, OUT seat smallint, OUT holder uuid, OUT delegation_id uuid, OUT verdict text)
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
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION hat_for FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hat_for TO portal_web;

-- An approval takes the next seat. Which one, and for whom, is found here and
-- never said by whoever approves. The parts of a lead follow it.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION approval_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    i instructions;
    hat record;
BEGIN
    -- The lock makes approvals and every other move of this instruction take turns.
    SELECT * INTO i FROM instructions WHERE id = NEW.instruction_id FOR UPDATE;
    IF i.state IS DISTINCT FROM 'pending' THEN
        RAISE EXCEPTION 'only a pending instruction is approved' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_while_pending';
    END IF;
    IF NEW.person_id IS DISTINCT FROM acting_person() THEN
        RAISE EXCEPTION 'nobody approves for another' USING ERRCODE = 'check_violation', CONSTRAINT = 'approver_is_acting';
    END IF;
    IF i.part > 0 THEN
        SELECT a.seat, a.on_behalf_of, a.delegation_id INTO NEW.seat, NEW.on_behalf_of, NEW.delegation_id
        FROM approvals a WHERE a.instruction_id = i.lead_id AND a.person_id = NEW.person_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'a part is approved with its lead' USING ERRCODE = 'check_violation', CONSTRAINT = 'lead_is_approved_first';
        END IF;
        IF is_author(i.id, NEW.person_id) OR is_author(i.id, NEW.on_behalf_of) THEN
            RAISE EXCEPTION 'an author does not approve' USING ERRCODE = 'check_violation', CONSTRAINT = 'approver_is_not_author';
        END IF;
        RETURN NEW;
    END IF;
    SELECT * INTO hat FROM hat_for(i, NEW.person_id);
    IF hat.verdict <> '' THEN
        RAISE EXCEPTION 'this person does not give the next approval' USING ERRCODE = 'check_violation', CONSTRAINT = hat.verdict;
    END IF;
    NEW.seat := hat.seat;
    NEW.delegation_id := hat.delegation_id;
    NEW.on_behalf_of := CASE WHEN hat.delegation_id IS NOT NULL THEN hat.holder END;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- The web role says who approves which bytes, and nothing else.
REVOKE INSERT ON approvals FROM portal_web;
GRANT INSERT (instruction_id, merchant_id, person_id, maker_id, payload_hash) ON approvals TO portal_web;

-- A proposal is made by an administrator and decided by another person; one
-- that is approved becomes the next version in the same breath. What nobody
-- could fulfil is neither proposed nor approved.
-- +goose StatementBegin
CREATE FUNCTION policy_proposal_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    newest integer;
BEGIN
    -- Proposals and their decisions take turns, merchant by merchant.
    PERFORM FROM merchants WHERE id = NEW.merchant_id FOR NO KEY UPDATE;
    SELECT max(version) INTO newest FROM policies WHERE merchant_id = NEW.merchant_id;
    IF TG_OP = 'INSERT' THEN
        IF NEW.decision IS NOT NULL OR NEW.proposed_by IS DISTINCT FROM acting_person() OR NOT has_duty(NEW.merchant_id, NEW.proposed_by, 'admin') THEN
            RAISE EXCEPTION 'a policy is proposed by the acting administrator and decided by another'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'policy_is_proposed_first';
        END IF;
    ELSE
        IF OLD.decision IS NOT NULL OR NEW.decision IS NULL OR NEW.decided_by IS DISTINCT FROM acting_person()
           OR (NEW.id, NEW.merchant_id, NEW.base_version, NEW.rules, NEW.valid_for, NEW.note, NEW.proposed_by, NEW.proposed_at)
              IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.base_version, OLD.rules, OLD.valid_for, OLD.note, OLD.proposed_by, OLD.proposed_at) THEN
            RAISE EXCEPTION 'a policy is decided once, by the acting person, as it was proposed'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'policy_is_decided_once';
        END IF;
        NEW.decided_at := now();
        IF NEW.decision <> 'withdrawn' AND NOT has_duty(NEW.merchant_id, NEW.decided_by, 'admin') AND NOT has_duty(NEW.merchant_id, NEW.decided_by, 'checker') THEN
            RAISE EXCEPTION 'an administrator or a checker decides on a policy' USING ERRCODE = 'check_violation', CONSTRAINT = 'policy_is_decided_on_duty';
        END IF;
    END IF;
    IF TG_OP = 'INSERT' OR NEW.decision = 'approved' THEN
        IF NEW.base_version IS DISTINCT FROM newest THEN
            RAISE EXCEPTION 'another policy came into force meanwhile' USING ERRCODE = 'check_violation', CONSTRAINT = 'policy_proposal_is_current';
        END IF;
        IF EXISTS (SELECT FROM policy_gaps(NEW.merchant_id, NEW.rules)) THEN
            RAISE EXCEPTION 'there are amounts that nobody could approve' USING ERRCODE = 'check_violation', CONSTRAINT = 'policy_leaves_somebody';
        END IF;
    END IF;
    IF NEW.decision = 'approved' THEN
        NEW.version := newest + 1;
        INSERT INTO policies (merchant_id, version, approvals_needed, valid_for, rules, proposal_id)
        VALUES (NEW.merchant_id, NEW.version, 1, NEW.valid_for, NEW.rules, NEW.id);
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- A delegation is offered by the holder, answered by the delegate, and ended by
-- either, each once.
-- +goose StatementBegin
CREATE FUNCTION delegation_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    today date := (now() AT TIME ZONE 'Asia/Bangkok')::date;
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.holder_id IS DISTINCT FROM acting_person() OR NEW.answer IS NOT NULL OR NEW.revoked_at IS NOT NULL THEN
            RAISE EXCEPTION 'a delegation is offered by whose approving it is' USING ERRCODE = 'check_violation', CONSTRAINT = 'delegation_is_offered_first';
        END IF;
        IF NOT has_duty(NEW.merchant_id, NEW.holder_id, 'checker') OR NOT has_duty(NEW.merchant_id, NEW.delegate_id, 'checker') THEN
            RAISE EXCEPTION 'approving is handed from checker to checker' USING ERRCODE = 'check_violation', CONSTRAINT = 'delegation_is_among_checkers';
        END IF;
        IF NEW.ends_on < today OR NEW.starts_on > today + 365 THEN
            RAISE EXCEPTION 'a delegation is for days to come' USING ERRCODE = 'check_violation', CONSTRAINT = 'delegation_is_for_days_to_come';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.merchant_id, NEW.holder_id, NEW.delegate_id, NEW.starts_on, NEW.ends_on, NEW.cap_satang, NEW.operations, NEW.note, NEW.offered_at)
       IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.holder_id, OLD.delegate_id, OLD.starts_on, OLD.ends_on, OLD.cap_satang, OLD.operations, OLD.note, OLD.offered_at)
       OR OLD.revoked_at IS NOT NULL OR (NEW.answer IS DISTINCT FROM OLD.answer) = (NEW.revoked_by IS DISTINCT FROM OLD.revoked_by) THEN
        RAISE EXCEPTION 'a delegation is answered once and ended once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'delegation_stays_as_offered';
    END IF;
    IF NEW.revoked_by IS NOT NULL THEN
        IF NEW.revoked_by IS DISTINCT FROM acting_person() OR acting_person() NOT IN (NEW.holder_id, NEW.delegate_id) THEN
            RAISE EXCEPTION 'a delegation is ended by either side' USING ERRCODE = 'check_violation', CONSTRAINT = 'delegation_is_ended_by_a_side';
        END IF;
        NEW.revoked_at := now();
    ELSE
        IF OLD.answer IS NOT NULL OR acting_person() IS DISTINCT FROM NEW.delegate_id OR NEW.ends_on < today THEN
            RAISE EXCEPTION 'a delegation is answered by the delegate, in time' USING ERRCODE = 'check_violation', CONSTRAINT = 'delegation_is_answered_by_delegate';
        END IF;
        NEW.answered_at := now();
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER policy_proposal_is_allowed BEFORE INSERT OR UPDATE ON policy_proposals FOR EACH ROW EXECUTE FUNCTION policy_proposal_is_allowed();
CREATE TRIGGER delegation_is_allowed BEFORE INSERT OR UPDATE ON delegations FOR EACH ROW EXECUTE FUNCTION delegation_is_allowed();
CREATE TRIGGER policies_are_never_changed BEFORE UPDATE OR DELETE ON policies FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER policy_proposals_are_not_deleted BEFORE DELETE ON policy_proposals FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER delegations_are_not_deleted BEFORE DELETE ON delegations FOR EACH ROW EXECUTE FUNCTION refuse_change();

SELECT audit_table('policy_proposals', 'policy', 'id');
SELECT audit_table('delegations', 'delegation', 'id');
SELECT isolate_merchants(t) FROM unnest(ARRAY['policy_proposals', 'delegations']) AS t;

GRANT SELECT ON policy_proposals, delegations TO portal_web, portal_worker;
GRANT INSERT (id, merchant_id, base_version, rules, valid_for, note, proposed_by), UPDATE (decision, decided_by, decision_note) ON policy_proposals TO portal_web;
GRANT INSERT (id, merchant_id, holder_id, delegate_id, starts_on, ends_on, cap_satang, operations, note), UPDATE (answer, revoked_by) ON delegations TO portal_web;
