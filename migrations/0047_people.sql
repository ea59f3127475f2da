-- People and their duties, as the merchant's own administrators keep them: each
-- change is proposed by one and confirmed by another, and holds from the
-- person's next request. Duties may be for some products only. Links that work
-- once let somebody in who has no password yet.

-- +goose Up

-- A duty is for all products, or for some. More of them count a day later for
-- whoever approves, as a higher level does (0019); fewer count at once.
ALTER TABLE memberships
    ADD COLUMN products        text[] NOT NULL DEFAULT '{}'
        CONSTRAINT membership_products_are_known CHECK (products <@ ARRAY['papers', 'debits', 'requests', 'alerts']),
    ADD COLUMN products_from   timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN products_before text[] NOT NULL DEFAULT '{}',
    -- By which the merchant knows its own people: nobody is two of them.
    ADD COLUMN staff_number    text NOT NULL DEFAULT '' CONSTRAINT staff_number_is_short CHECK (length(staff_number) <= 20),
    -- Whoever is suspended has no duties; these come back.
    ADD COLUMN suspended_at    timestamptz,
    ADD COLUMN kept_duties     text[] NOT NULL DEFAULT '{}',
    ADD COLUMN version         integer NOT NULL DEFAULT 1,
    DROP CONSTRAINT membership_duties_are_known,
    ADD CONSTRAINT membership_duties_are_known CHECK (duties <@ ARRAY['maker', 'checker', 'auditor', 'admin']),
    ADD CONSTRAINT suspended_has_no_duties CHECK ((suspended_at IS NULL) = (cardinality(duties) > 0) AND (suspended_at IS NULL) = (cardinality(kept_duties) = 0));
CREATE UNIQUE INDEX staff_number_is_one_persons ON memberships (merchant_id, lower(staff_number)) WHERE staff_number <> '';

-- Which product a writing operation belongs to. One that is not here is only
-- for people whose duties are for all products.
CREATE TABLE product_operations (
    operation text PRIMARY KEY,
    product   text NOT NULL
);
INSERT INTO product_operations (operation, product) VALUES
    ('presentment.create', 'papers'), ('presentment.document.upload', 'papers'), ('presentment.cancel', 'papers'),
    ('receipt.create', 'papers'), ('receipt.document.upload', 'papers'), ('etax.generate', 'papers'), ('etax.reissue', 'papers'),
    ('mandate.cancel', 'debits'), ('debit.create', 'debits'), ('schedule.create', 'debits'), ('schedule.cancel', 'debits'),
    ('promptpay.create', 'requests'),
    ('promptpay.acknowledge', 'alerts'), ('promptpay.block', 'alerts'), ('promptpay.unblock', 'alerts');
GRANT SELECT ON product_operations TO portal_web, portal_worker;

-- The products that count for somebody now; none means all.
CREATE FUNCTION products_now(m memberships) RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN m.products_from <= now() THEN m.products ELSE m.products_before END $$;

-- Beside membership_counts_after_a_day, which comes before it by name.
-- +goose StatementBegin
CREATE FUNCTION membership_is_kept_whole() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- Whoever runs the portal and grants duties ends a suspension with it.
    IF cardinality(NEW.duties) > 0 THEN
        NEW.suspended_at := NULL;
        NEW.kept_duties := '{}';
    END IF;
    IF TG_OP = 'UPDATE' THEN
        NEW.version := OLD.version + 1;
        IF NEW.products <> OLD.products THEN
            NEW.products_before := products_now(OLD);
            NEW.products_from := CASE WHEN 'checker' = ANY (NEW.duties) AND 'checker' = ANY (OLD.duties) AND NEW.products_before <> '{}'
                AND (NEW.products = '{}' OR NOT NEW.products <@ NEW.products_before)
                AND EXISTS (SELECT FROM instructions WHERE merchant_id = NEW.merchant_id) THEN now() + interval '24 hours' ELSE now() END;
        END IF;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER membership_is_kept_whole BEFORE INSERT OR UPDATE OF duties, level, products, staff_number, suspended_at ON memberships
    FOR EACH ROW EXECUTE FUNCTION membership_is_kept_whole();

-- Whether somebody's duties are for this operation. For the acting merchant
-- only, since the web role may call it.
-- +goose StatementBegin
CREATE FUNCTION works_on(merchant uuid, person uuid, operation text) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN EXISTS (SELECT FROM memberships m WHERE m.merchant_id = merchant AND merchant = acting_merchant() AND m.person_id = person
        AND (products_now(m) = '{}' OR EXISTS (SELECT FROM product_operations o WHERE o.operation = works_on.operation AND o.product = ANY (products_now(m)))));
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION works_on FROM PUBLIC;
GRANT EXECUTE ON FUNCTION works_on TO portal_web;

-- Nobody submits, rejects or settles what their duties are not for. Approving
-- follows from hats_of.
-- +goose StatementBegin
CREATE FUNCTION acts_on_own_products() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    of text;
BEGIN
    IF TG_TABLE_NAME = 'instructions' THEN
        of := NEW.operation;
    ELSE
        SELECT i.operation INTO of FROM instructions i WHERE i.id = NEW.instruction_id;
    END IF;
    IF acting_person() IS NOT NULL AND NOT works_on(NEW.merchant_id, acting_person(), of) THEN
        RAISE EXCEPTION 'the duties of this person are for other products' USING ERRCODE = 'check_violation', CONSTRAINT = 'acts_on_own_products';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER acts_on_own_products BEFORE INSERT ON instructions FOR EACH ROW EXECUTE FUNCTION acts_on_own_products();
CREATE TRIGGER rejects_own_products BEFORE UPDATE OF state ON instructions FOR EACH ROW
    WHEN (OLD.state = 'pending' AND NEW.state = 'rejected') EXECUTE FUNCTION acts_on_own_products();
CREATE TRIGGER approves_own_products BEFORE INSERT ON approvals FOR EACH ROW EXECUTE FUNCTION acts_on_own_products();
CREATE TRIGGER settles_own_products BEFORE INSERT OR UPDATE OF decision ON settlements FOR EACH ROW EXECUTE FUNCTION acts_on_own_products();

-- What both of two lists of operations allow, none meaning all. No operation
-- has an empty name.
CREATE FUNCTION operations_of_both(a text[], b text[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN a = '{}' THEN b WHEN b = '{}' THEN a
        ELSE (SELECT coalesce(array_agg(o), ARRAY['']) FROM unnest(a) AS o WHERE o = ANY (b)) END
$$;

-- As in 0019, but that a hat is for the operations of its products: of those of
-- whoever wears it and of those of whose it is.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION hats_of(merchant uuid, person uuid DEFAULT NULL)
RETURNS TABLE (taker uuid, holder uuid, level smallint, delegation_id uuid, cap_satang bigint, operations text[])
LANGUAGE plpgsql STABLE ROWS 3 SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
        WITH checkers AS (
            SELECT m.person_id, CASE WHEN m.level_from <= now() THEN m.level ELSE m.level_before END AS level,
                CASE WHEN products_now(m) = '{}' THEN '{}'
                     ELSE (SELECT array_agg(o.operation) FROM product_operations o WHERE o.product = ANY (products_now(m))) END AS operations
            FROM memberships m JOIN people p ON p.id = m.person_id
            WHERE m.merchant_id = merchant AND merchant = acting_merchant() AND 'checker' = ANY (m.duties) AND p.disabled_at IS NULL AND m.decides_from <= now()
        )
        SELECT c.person_id, c.person_id, c.level, NULL::uuid, NULL::bigint, c.operations FROM checkers c WHERE person IS NULL OR c.person_id = person
        UNION ALL
        SELECT t.person_id, h.person_id, h.level, d.id, d.cap_satang, operations_of_both(operations_of_both(d.operations, h.operations), t.operations)
        FROM delegations d JOIN checkers h ON h.person_id = d.holder_id JOIN checkers t ON t.person_id = d.delegate_id
        WHERE d.merchant_id = merchant AND (person IS NULL OR d.delegate_id = person) AND d.answer = 'accepted' AND d.revoked_at IS NULL
          AND (now() AT TIME ZONE 'Asia/Bangkok')::date BETWEEN d.starts_on AND d.ends_on;
END $$;
-- +goose StatementEnd

-- Where too few different people are left: bands of the policy in force that
-- nobody could complete when this maker makes something of this product. It
-- answers for people as they are or, if somebody is named, as they would be.
-- +goose StatementBegin
CREATE FUNCTION coverage_gaps(merchant uuid, whose uuid DEFAULT NULL, would_do text[] DEFAULT '{}', would_work_on text[] DEFAULT '{}', would_level smallint DEFAULT 1)
RETURNS TABLE (operation text, band smallint, product text, maker_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
        WITH people_there AS MATERIALIZED (
            SELECT m.person_id, m.duties, m.products, m.level FROM memberships m JOIN people p ON p.id = m.person_id
            WHERE m.merchant_id = merchant AND merchant = acting_merchant() AND p.disabled_at IS NULL AND m.person_id IS DISTINCT FROM whose
            UNION ALL SELECT whose, would_do, would_work_on, would_level WHERE whose IS NOT NULL AND merchant = acting_merchant()
        ), in_force AS (
            SELECT p.rules, p.approvals_needed FROM policies p WHERE p.merchant_id = merchant ORDER BY p.version DESC LIMIT 1
        ), bands AS (
            SELECT l.list ->> 'operation' AS operation, b.no::smallint AS band, seats_of(b.band -> 'steps', coalesce((f.rules ->> 'new_buyer')::boolean, false)) AS seats
            FROM in_force f, jsonb_array_elements(f.rules -> 'lists') AS l (list), jsonb_array_elements(l.list -> 'bands') WITH ORDINALITY AS b (band, no)
            UNION ALL
            SELECT '', 1::smallint, seats_of(jsonb_build_array(jsonb_build_object('people', f.approvals_needed, 'level', 1)), false) FROM in_force f WHERE f.rules = '{}'
        ), asked AS (
            SELECT DISTINCT b.operation, b.band, b.seats, o.product FROM bands b JOIN product_operations o ON b.operation IN ('', o.operation)
        )
        SELECT a.operation, a.band, a.product, k.person_id
        FROM asked a JOIN people_there k ON 'maker' = ANY (k.duties) AND (k.products = '{}' OR a.product = ANY (k.products))
        WHERE EXISTS (
            SELECT FROM generate_series(1, (1 << jsonb_array_length(a.seats)) - 1) AS choice
            WHERE (SELECT count(*) FROM people_there c
                   WHERE 'checker' = ANY (c.duties) AND (c.products = '{}' OR a.product = ANY (c.products)) AND c.person_id <> k.person_id
                     AND EXISTS (SELECT FROM jsonb_array_elements(a.seats) WITH ORDINALITY AS s (seat, no)
                                 WHERE choice & (1 << (s.no - 1)::integer) <> 0 AND seat_fits(s.seat, c.person_id, c.level)))
                < bit_count(choice::bit(16)));
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION coverage_gaps FROM PUBLIC;
GRANT EXECUTE ON FUNCTION coverage_gaps TO portal_web;

-- What one administrator wants to change about a person, and another decides.
CREATE TABLE person_changes (
    id            uuid PRIMARY KEY,
    merchant_id   uuid NOT NULL REFERENCES merchants,
    kind          text NOT NULL CONSTRAINT person_change_is_known CHECK (kind IN ('invite', 'duties', 'suspend', 'resume', 'remove', 'recovery')),
    person_id     uuid REFERENCES people, -- of an invitation: who accepted it
    name          text NOT NULL DEFAULT '',
    email         text NOT NULL DEFAULT '' CONSTRAINT invited_address_is_lower_case CHECK (email = lower(email)),
    staff_number  text NOT NULL DEFAULT '' CONSTRAINT changed_staff_number_is_short CHECK (length(staff_number) <= 20),
    duties        text[] NOT NULL DEFAULT '{}' CONSTRAINT changed_duties_are_known CHECK (duties <@ ARRAY['maker', 'checker', 'auditor', 'admin']),
    products      text[] NOT NULL DEFAULT '{}' CONSTRAINT changed_products_are_known CHECK (products <@ ARRAY['papers', 'debits', 'requests', 'alerts']),
    level         smallint NOT NULL DEFAULT 1 CONSTRAINT changed_level_is_known CHECK (level BETWEEN 1 AND 3),
    base_version  integer, -- of the membership that it changes
    note          text NOT NULL CONSTRAINT person_change_has_a_reason CHECK (note <> ''),
    proposed_by   uuid NOT NULL REFERENCES people,
    proposed_at   timestamptz NOT NULL DEFAULT now(),
    decision      text CONSTRAINT person_decision_is_known CHECK (decision IN ('confirmed', 'declined', 'withdrawn')),
    decided_by    uuid REFERENCES people,
    decided_at    timestamptz,
    decision_note text NOT NULL DEFAULT '',
    CONSTRAINT invitation_says_who CHECK (kind <> 'invite' OR (name <> '' AND email <> '')),
    CONSTRAINT change_says_whose CHECK (kind = 'invite' OR person_id IS NOT NULL),
    CONSTRAINT change_leaves_a_duty CHECK ((kind IN ('invite', 'duties')) = (cardinality(duties) > 0)),
    -- Who hands out duties must not be able to approve, and who looks at what
    -- others did must not have done it.
    CONSTRAINT nobody_administers_and_approves CHECK (NOT duties @> ARRAY['admin', 'checker']),
    CONSTRAINT auditor_does_nothing_else CHECK (NOT 'auditor' = ANY (duties) OR cardinality(duties) = 1),
    CONSTRAINT nobody_changes_themself CHECK (proposed_by <> person_id),
    CONSTRAINT nobody_confirms_about_themself CHECK (decided_by <> person_id),
    CONSTRAINT person_change_is_decided_by_another CHECK ((decided_by = proposed_by) = (decision = 'withdrawn')),
    CONSTRAINT person_decision_is_whole CHECK ((decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL)),
    CONSTRAINT person_change_and_merchant UNIQUE (id, merchant_id)
);
CREATE UNIQUE INDEX one_open_change_of_a_person ON person_changes (merchant_id, person_id) WHERE decision IS NULL AND person_id IS NOT NULL;
CREATE UNIQUE INDEX one_open_invitation_of_an_address ON person_changes (merchant_id, email) WHERE decision IS NULL AND kind = 'invite';
CREATE INDEX person_changes_of_merchant ON person_changes (merchant_id, proposed_at DESC, id DESC);
CREATE INDEX person_changes_of_person ON person_changes (merchant_id, person_id, proposed_at DESC, id DESC);

-- Links that work once, by POST. Only the hash of what stands in one is kept,
-- and none at all before somebody is given it.
CREATE TABLE one_time_links (
    id         uuid PRIMARY KEY,
    purpose    text NOT NULL CONSTRAINT link_purpose_is_known CHECK (purpose IN ('invitation', 'reset', 'recovery')),
    person_id  uuid REFERENCES people,         -- nobody yet, of an invitation
    change_id  uuid REFERENCES person_changes, -- that was confirmed; none, of a reset
    email      text NOT NULL CONSTRAINT link_address_is_lower_case CHECK (email = lower(email)),
    token_hash bytea CONSTRAINT link_hash_has_32_bytes CHECK (length(token_hash) = 32),
    made_at    timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    mail_at    timestamptz, -- when a worker next tries to mail it; null when it need not
    tries      smallint NOT NULL DEFAULT 0,
    used_at    timestamptz,
    revoked_at timestamptz,
    CONSTRAINT link_token_is_unique UNIQUE (token_hash),
    CONSTRAINT link_is_for_somebody CHECK ((purpose = 'invitation') = (person_id IS NULL) AND (purpose = 'reset') = (change_id IS NULL)),
    CONSTRAINT link_ends_soon CHECK (expires_at <= made_at + CASE purpose WHEN 'invitation' THEN interval '3 days' WHEN 'recovery' THEN interval '1 day' ELSE interval '30 minutes' END),
    CONSTRAINT link_ends_one_way CHECK (used_at IS NULL OR revoked_at IS NULL)
);
CREATE INDEX links_to_mail ON one_time_links (mail_at) WHERE mail_at IS NOT NULL;
CREATE INDEX links_of_change ON one_time_links (change_id);
CREATE INDEX links_of_person ON one_time_links (person_id, made_at);

-- +goose StatementBegin
CREATE FUNCTION link_works_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.made_at := now();
        IF NEW.used_at IS NOT NULL OR NEW.revoked_at IS NOT NULL OR NEW.token_hash IS NOT NULL OR NEW.tries <> 0 OR NEW.expires_at <= now() THEN
            RAISE EXCEPTION 'a link starts unused' USING ERRCODE = 'check_violation', CONSTRAINT = 'link_starts_unused';
        END IF;
        IF NEW.purpose <> 'reset' AND NOT EXISTS (SELECT FROM person_changes c WHERE c.id = NEW.change_id AND c.decision = 'confirmed'
            AND (NEW.purpose, c.kind) IN (('invitation', 'invite'), ('recovery', 'recovery')) AND c.merchant_id = acting_merchant()
            AND (NEW.purpose = 'invitation' AND c.email = NEW.email AND c.person_id IS NULL OR NEW.purpose = 'recovery' AND c.person_id = NEW.person_id AND c.decided_at = now())) THEN
            RAISE EXCEPTION 'such a link carries out what two people agreed' USING ERRCODE = 'check_violation', CONSTRAINT = 'link_was_agreed';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.purpose, NEW.person_id, NEW.change_id, NEW.email, NEW.made_at, NEW.expires_at)
       IS DISTINCT FROM (OLD.id, OLD.purpose, OLD.person_id, OLD.change_id, OLD.email, OLD.made_at, OLD.expires_at)
       OR OLD.used_at IS NOT NULL OR OLD.revoked_at IS NOT NULL OR OLD.mail_at IS NULL AND NEW.mail_at IS NOT NULL
       -- What was handed out is replaced only by a mail that is tried again.
       OR NEW.token_hash IS DISTINCT FROM OLD.token_hash AND (NEW.token_hash IS NULL OR OLD.token_hash IS NOT NULL AND OLD.mail_at IS NULL) THEN
        RAISE EXCEPTION 'a link is handed out once and used once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'link_works_once';
    END IF;
    IF NEW.used_at IS NOT NULL THEN
        IF OLD.token_hash IS NULL OR NEW.token_hash <> OLD.token_hash OR OLD.expires_at <= now() THEN
            RAISE EXCEPTION 'this link works no more' USING ERRCODE = 'check_violation', CONSTRAINT = 'link_is_used_in_time';
        END IF;
        NEW.used_at := now();
        NEW.mail_at := NULL;
    END IF;
    IF NEW.revoked_at IS NOT NULL THEN
        NEW.revoked_at := now();
        NEW.mail_at := NULL;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER link_works_once BEFORE INSERT OR UPDATE ON one_time_links FOR EACH ROW EXECUTE FUNCTION link_works_once();
CREATE TRIGGER links_are_not_deleted BEFORE DELETE ON one_time_links FOR EACH ROW EXECUTE FUNCTION refuse_change();
SELECT audit_table('one_time_links', 'link', 'id');
GRANT SELECT ON one_time_links TO portal_web, portal_worker;
GRANT INSERT (id, purpose, person_id, change_id, email, expires_at, mail_at), UPDATE (token_hash, used_at, revoked_at) ON one_time_links TO portal_web;
GRANT UPDATE (token_hash, mail_at, tries) ON one_time_links TO portal_worker;

-- The link that has this token, if it still works, for whoever holds it: they
-- are nobody yet, and act for no merchant.
-- +goose StatementBegin
CREATE FUNCTION link_of(token bytea) RETURNS TABLE (id uuid, purpose text, person_id uuid, change_id uuid, merchant_id uuid, name_th text, name_en text,
    name text, email text, duties text[], products text[], account_of uuid, expires_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN QUERY
        SELECT l.id, l.purpose, l.person_id, l.change_id, c.merchant_id, coalesce(n.name_th, ''), coalesce(n.name_en, ''),
            coalesce(p.name, c.name, ''), l.email, coalesce(c.duties, '{}'), coalesce(c.products, '{}'), a.person_id, l.expires_at
        FROM one_time_links l LEFT JOIN person_changes c ON c.id = l.change_id LEFT JOIN merchants n ON n.id = c.merchant_id
            LEFT JOIN people p ON p.id = l.person_id LEFT JOIN accounts a ON a.email = l.email
        WHERE l.token_hash = token AND l.used_at IS NULL AND l.revoked_at IS NULL AND l.expires_at > now();
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION link_of FROM PUBLIC;
GRANT EXECUTE ON FUNCTION link_of TO portal_web;

-- A change is proposed by an administrator and decided by another, about
-- neither of them. What was confirmed is done in the same breath.
-- +goose StatementBegin
CREATE FUNCTION person_change_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    m         memberships;
    would_do  text[];
BEGIN
    -- Changes of one merchant's people take turns.
    PERFORM FROM merchants WHERE id = NEW.merchant_id FOR NO KEY UPDATE;
    IF TG_OP = 'UPDATE' AND OLD.decision = 'confirmed' AND OLD.kind = 'invite' AND OLD.person_id IS NULL AND NEW.person_id IS NOT NULL
       AND to_jsonb(NEW) - 'person_id' = to_jsonb(OLD) - 'person_id' THEN
        RETURN NEW; -- an invitation is accepted: accept_invitation has the say
    END IF;
    SELECT * INTO m FROM memberships WHERE merchant_id = NEW.merchant_id AND person_id = NEW.person_id;
    IF TG_OP = 'INSERT' THEN
        IF NEW.decision IS NOT NULL OR NEW.proposed_by IS DISTINCT FROM acting_person() OR NOT has_duty(NEW.merchant_id, NEW.proposed_by, 'admin') THEN
            RAISE EXCEPTION 'a change is proposed by the acting administrator and decided by another'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'person_change_is_proposed_first';
        END IF;
        IF NEW.kind = 'invite' AND NEW.person_id IS NOT NULL OR NEW.kind <> 'invite' AND m.person_id IS NULL THEN
            RAISE EXCEPTION 'a change is about somebody who works here' USING ERRCODE = 'check_violation', CONSTRAINT = 'change_is_about_a_member';
        END IF;
        NEW.proposed_at := now();
        NEW.base_version := m.version;
    ELSE
        IF OLD.decision IS NOT NULL OR NEW.decision IS NULL OR NEW.decided_by IS DISTINCT FROM acting_person()
           OR to_jsonb(NEW) - ARRAY['decision', 'decided_by', 'decided_at', 'decision_note'] <> to_jsonb(OLD) - ARRAY['decision', 'decided_by', 'decided_at', 'decision_note'] THEN
            RAISE EXCEPTION 'a change is decided once, by the acting person, as it was proposed'
                USING ERRCODE = 'restrict_violation', CONSTRAINT = 'person_change_is_decided_once';
        END IF;
        NEW.decided_at := now();
        IF NOT has_duty(NEW.merchant_id, NEW.decided_by, 'admin') THEN
            RAISE EXCEPTION 'an administrator decides' USING ERRCODE = 'check_violation', CONSTRAINT = 'person_change_is_decided_on_duty';
        END IF;
        IF NEW.decision <> 'confirmed' THEN
            RETURN NEW;
        END IF;
    END IF;
    IF NEW.base_version IS DISTINCT FROM m.version THEN
        RAISE EXCEPTION 'what this person may do has changed meanwhile' USING ERRCODE = 'check_violation', CONSTRAINT = 'person_change_is_current';
    END IF;
    IF NEW.kind = 'invite' AND (
        EXISTS (SELECT FROM memberships b JOIN accounts a ON a.person_id = b.person_id WHERE b.merchant_id = NEW.merchant_id AND a.email = NEW.email)) THEN
        RAISE EXCEPTION 'whoever has this address works here already' USING ERRCODE = 'unique_violation', CONSTRAINT = 'works_here_already';
    END IF;
    IF NEW.staff_number <> '' AND EXISTS (SELECT FROM memberships b WHERE b.merchant_id = NEW.merchant_id AND lower(b.staff_number) = lower(NEW.staff_number)
        AND b.person_id IS DISTINCT FROM NEW.person_id) THEN
        RAISE EXCEPTION 'nobody is two people' USING ERRCODE = 'unique_violation', CONSTRAINT = 'staff_number_is_one_persons';
    END IF;
    IF NEW.kind IN ('suspend', 'duties') AND m.suspended_at IS NOT NULL OR NEW.kind = 'resume' AND m.suspended_at IS NULL
       OR NEW.kind = 'duties' AND m.duties <@ NEW.duties AND NEW.duties <@ m.duties AND m.products <@ NEW.products AND NEW.products <@ m.products
          AND m.level = NEW.level AND m.staff_number = NEW.staff_number THEN
        RAISE EXCEPTION 'this changes nothing' USING ERRCODE = 'check_violation', CONSTRAINT = 'person_change_changes_something';
    END IF;
    IF NEW.kind IN ('duties', 'suspend', 'remove') THEN
        would_do := CASE NEW.kind WHEN 'duties' THEN NEW.duties ELSE '{}' END;
        IF 'admin' = ANY (m.duties) AND NOT 'admin' = ANY (would_do) AND (
            SELECT count(*) FROM memberships b JOIN people p ON p.id = b.person_id
            WHERE b.merchant_id = NEW.merchant_id AND 'admin' = ANY (b.duties) AND b.person_id <> m.person_id AND p.disabled_at IS NULL) < 2 THEN
            RAISE EXCEPTION 'two administrators must stay' USING ERRCODE = 'check_violation', CONSTRAINT = 'two_administrators_stay';
        END IF;
        IF EXISTS (
            SELECT g.operation, g.band, g.product, g.maker_id FROM coverage_gaps(NEW.merchant_id, m.person_id, would_do, NEW.products, NEW.level) AS g
            WHERE g.maker_id <> m.person_id EXCEPT SELECT g.operation, g.band, g.product, g.maker_id FROM coverage_gaps(NEW.merchant_id) AS g) THEN
            RAISE EXCEPTION 'there would be amounts that nobody could approve' USING ERRCODE = 'check_violation', CONSTRAINT = 'somebody_can_still_approve';
        END IF;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        CASE NEW.kind
            WHEN 'duties' THEN
                UPDATE memberships b SET duties = NEW.duties, products = NEW.products, level = NEW.level, staff_number = NEW.staff_number
                WHERE b.merchant_id = NEW.merchant_id AND b.person_id = NEW.person_id;
            WHEN 'suspend' THEN
                UPDATE memberships b SET kept_duties = b.duties, duties = '{}', suspended_at = now()
                WHERE b.merchant_id = NEW.merchant_id AND b.person_id = NEW.person_id;
            WHEN 'resume' THEN
                UPDATE memberships b SET duties = b.kept_duties WHERE b.merchant_id = NEW.merchant_id AND b.person_id = NEW.person_id;
            WHEN 'remove' THEN
                DELETE FROM memberships b WHERE b.merchant_id = NEW.merchant_id AND b.person_id = NEW.person_id;
            ELSE NULL; -- a link does the rest
        END CASE;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER person_change_is_allowed BEFORE INSERT OR UPDATE ON person_changes FOR EACH ROW EXECUTE FUNCTION person_change_is_allowed();
CREATE TRIGGER person_change_waits_a_day BEFORE UPDATE OF decision ON person_changes FOR EACH ROW
    WHEN (NEW.decision = 'confirmed') EXECUTE FUNCTION decider_waits_a_day();
CREATE TRIGGER person_changes_are_not_deleted BEFORE DELETE ON person_changes FOR EACH ROW EXECUTE FUNCTION refuse_change();
SELECT audit_table('person_changes', 'person_change', 'id');
SELECT isolate_merchants('person_changes');
GRANT SELECT ON person_changes TO portal_web, portal_worker;
GRANT INSERT (id, merchant_id, kind, person_id, name, email, staff_number, duties, products, level, note, proposed_by), UPDATE (decision, decided_by, decision_note)
    ON person_changes TO portal_web;

-- Lets in whoever holds the link of an invitation, as the person who has its
-- address: one who signs in already, or a new one.
-- +goose StatementBegin
CREATE FUNCTION accept_invitation(link uuid, token bytea, person uuid, password_hash text, lang text) RETURNS uuid
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    l     one_time_links;
    c     person_changes;
    known uuid;
BEGIN
    UPDATE one_time_links o SET used_at = now() WHERE o.id = link AND o.token_hash = token AND o.purpose = 'invitation' RETURNING * INTO l;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this link works no more' USING ERRCODE = 'check_violation', CONSTRAINT = 'link_is_used_in_time';
    END IF;
    SELECT * INTO c FROM person_changes WHERE id = l.change_id;
    SELECT a.person_id INTO known FROM accounts a JOIN people p ON p.id = a.person_id AND p.disabled_at IS NULL WHERE a.email = c.email;
    IF c.merchant_id IS DISTINCT FROM acting_merchant() OR person IS DISTINCT FROM acting_person() OR known IS DISTINCT FROM person AND known IS NOT NULL THEN
        RAISE EXCEPTION 'an invitation is accepted by whom it is for' USING ERRCODE = 'check_violation', CONSTRAINT = 'invitation_is_personal';
    END IF;
    IF known IS NULL THEN
        INSERT INTO people (id, name, lang, buddhist_era) VALUES (person, c.name, accept_invitation.lang, accept_invitation.lang = 'th');
        INSERT INTO accounts (id, person_id, email, password_hash) VALUES (gen_random_uuid(), person, c.email, accept_invitation.password_hash);
    END IF;
    INSERT INTO memberships (merchant_id, person_id, duties, products, level, staff_number) VALUES (c.merchant_id, person, c.duties, c.products, c.level, c.staff_number);
    UPDATE person_changes o SET person_id = person WHERE o.id = c.id;
    RETURN c.id;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION accept_invitation FROM PUBLIC;
GRANT EXECUTE ON FUNCTION accept_invitation TO portal_web;
