-- Boxes of evidence are made by a worker and kept for a while, and an auditor
-- may be let in to the days of one audit only.

-- +goose Up

-- A box that somebody asked for: everything about one thing, or one month. It
-- stays as it was asked; what became of it is written once, and that its bytes
-- were put away after its time.
CREATE TABLE boxes (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    about       text NOT NULL DEFAULT '' CONSTRAINT box_about_is_short CHECK (length(about) <= 100),
    month       date CONSTRAINT box_month_is_its_first_day CHECK (month = date_trunc('month', month)),
    -- The days of whoever asked, where they were let in to those only.
    from_on     date,
    until_on    date,
    name        text NOT NULL CONSTRAINT box_has_a_name CHECK (length(name) BETWEEN 1 AND 300),
    lang        text NOT NULL CONSTRAINT box_lang_is_known CHECK (lang IN ('th', 'en')),
    reason      text NOT NULL CONSTRAINT box_has_a_reason CHECK (length(reason) BETWEEN 1 AND 300),
    asked_by    uuid NOT NULL REFERENCES people,
    asked_at    timestamptz NOT NULL DEFAULT now(),
    state       text NOT NULL DEFAULT 'asked' CONSTRAINT box_state_is_known CHECK (state IN ('asked', 'ready', 'failed', 'removed')),
    ended_at    timestamptz,
    failure     text CONSTRAINT box_failure_is_known CHECK (failure IN ('too_many', 'not_published', 'interrupted', 'broken')),
    attempt     smallint, -- whose pieces it is made of
    entries     bigint,
    size        bigint,
    sha256      bytea CONSTRAINT box_hash_has_32_bytes CHECK (length(sha256) = 32),
    kept_until  timestamptz,
    CONSTRAINT box_is_of_a_thing_or_a_month CHECK ((about = '') = (month IS NOT NULL)),
    CONSTRAINT box_days_are_whole CHECK ((from_on IS NULL) = (until_on IS NULL) AND from_on <= until_on),
    CONSTRAINT box_outcome_is_whole CHECK ((state = 'asked') = (ended_at IS NULL) AND (state = 'failed') = (failure IS NOT NULL)
        AND (state IN ('ready', 'removed')) = (attempt IS NOT NULL AND entries IS NOT NULL AND size IS NOT NULL AND sha256 IS NOT NULL AND kept_until IS NOT NULL)),
    CONSTRAINT box_and_merchant UNIQUE (id, merchant_id)
);
CREATE INDEX boxes_of_merchant ON boxes (merchant_id, asked_at DESC, id DESC);
CREATE INDEX boxes_asked ON boxes (asked_at) WHERE state = 'asked';
CREATE INDEX boxes_kept ON boxes (kept_until) WHERE state = 'ready';

-- +goose StatementBegin
CREATE FUNCTION box_goes_forward() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.asked_at := now();
        IF NEW.state <> 'asked' OR NEW.asked_by IS DISTINCT FROM acting_person() OR NOT has_duty(NEW.merchant_id, NEW.asked_by, 'auditor') THEN
            RAISE EXCEPTION 'a box is asked for by an auditor' USING ERRCODE = 'check_violation', CONSTRAINT = 'box_is_asked_first';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.merchant_id, NEW.about, NEW.month, NEW.from_on, NEW.until_on, NEW.name, NEW.lang, NEW.reason, NEW.asked_by, NEW.asked_at)
       IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.about, OLD.month, OLD.from_on, OLD.until_on, OLD.name, OLD.lang, OLD.reason, OLD.asked_by, OLD.asked_at)
       OR (OLD.state, NEW.state) NOT IN (('asked', 'ready'), ('asked', 'failed'), ('ready', 'removed'))
       OR NEW.state = 'removed' AND (OLD.kept_until > now() OR to_jsonb(NEW) - 'state' <> to_jsonb(OLD) - 'state') THEN
        RAISE EXCEPTION 'a box stays as it was asked for and made' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'box_goes_forward';
    END IF;
    IF NEW.state IN ('ready', 'failed') THEN
        NEW.ended_at := now();
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER box_goes_forward BEFORE INSERT OR UPDATE ON boxes FOR EACH ROW EXECUTE FUNCTION box_goes_forward();
CREATE TRIGGER boxes_are_not_deleted BEFORE DELETE ON boxes FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER boxes_are_not_truncated BEFORE TRUNCATE ON boxes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
SELECT audit_table('boxes', 'box', 'id');
SELECT isolate_merchants('boxes');
GRANT SELECT, INSERT (id, merchant_id, about, month, from_on, until_on, name, lang, reason, asked_by) ON boxes TO portal_web;
GRANT SELECT, UPDATE (state, failure, attempt, entries, size, sha256, kept_until) ON boxes TO portal_worker;

-- Who is at a box, and how far. Whoever takes it up counts the attempt up, and
-- nothing that a former attempt still writes is kept.
CREATE TABLE box_work (
    box_id      uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    attempt     smallint NOT NULL DEFAULT 0,
    worker      text NOT NULL DEFAULT '',
    held_until  timestamptz NOT NULL DEFAULT now(), -- whoever is at it says so again before
    done        bigint NOT NULL DEFAULT 0,
    whole       bigint NOT NULL DEFAULT 0,
    FOREIGN KEY (box_id, merchant_id) REFERENCES boxes (id, merchant_id)
);
SELECT isolate_merchants('box_work');
GRANT SELECT, INSERT (box_id, merchant_id) ON box_work TO portal_web;
GRANT SELECT, UPDATE (attempt, worker, held_until, done, whole) ON box_work TO portal_worker;

-- The bytes of a box in pieces of 1 MiB, sealed as those of documents are.
CREATE TABLE box_pieces (
    box_id      uuid NOT NULL,
    merchant_id uuid NOT NULL,
    attempt     smallint NOT NULL,
    no          integer NOT NULL,
    data        bytea NOT NULL,
    seal        bytea CONSTRAINT seal_of_a_box_piece_is_whole CHECK (octet_length(seal) = 33),
    PRIMARY KEY (box_id, attempt, no),
    FOREIGN KEY (box_id, merchant_id) REFERENCES boxes (id, merchant_id)
);
ALTER TABLE box_pieces ALTER COLUMN data SET STORAGE EXTERNAL;

-- Pieces come from the attempt in hand, and go when the box is not made of them.
-- +goose StatementBegin
CREATE FUNCTION box_piece_belongs() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT FROM boxes b JOIN box_work w ON w.box_id = b.id WHERE b.id = NEW.box_id AND b.state = 'asked' AND w.attempt = NEW.attempt) THEN
            RAISE EXCEPTION 'this attempt was given up' USING ERRCODE = 'check_violation', CONSTRAINT = 'box_piece_belongs';
        END IF;
        RETURN NEW;
    END IF;
    IF EXISTS (SELECT FROM boxes b LEFT JOIN box_work w ON w.box_id = b.id
        WHERE b.id = OLD.box_id AND OLD.attempt = CASE b.state WHEN 'asked' THEN w.attempt WHEN 'ready' THEN b.attempt END) THEN
        RAISE EXCEPTION 'a box is kept whole' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'box_is_kept_whole';
    END IF;
    RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER box_piece_belongs BEFORE INSERT OR DELETE ON box_pieces FOR EACH ROW EXECUTE FUNCTION box_piece_belongs();
CREATE TRIGGER box_pieces_are_never_changed BEFORE UPDATE ON box_pieces FOR EACH ROW
    WHEN (NOT (NEW.seal IS DISTINCT FROM OLD.seal AND sealing_again())) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER cell_is_sealed_again AFTER UPDATE ON box_pieces FOR EACH ROW
    WHEN (NEW.seal IS DISTINCT FROM OLD.seal AND sealing_again()) EXECUTE FUNCTION cell_is_sealed_again('seal', 'data');
CREATE TRIGGER box_pieces_are_not_truncated BEFORE TRUNCATE ON box_pieces FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
SELECT isolate_merchants('box_pieces');
GRANT SELECT ON box_pieces TO portal_web;
GRANT SELECT, INSERT, DELETE ON box_pieces TO portal_worker;
REVOKE ALL ON FUNCTION box_goes_forward, box_piece_belongs FROM PUBLIC;

-- An auditor may be let in to the days of one audit only: when invited, when
-- given the duty, or later, each proposed by one administrator and confirmed by
-- another like everything else about people.
ALTER TABLE memberships
    ADD COLUMN audit_from  date,
    ADD COLUMN audit_until date,
    ADD CONSTRAINT audit_period_is_whole CHECK ((audit_from IS NULL) = (audit_until IS NULL) AND audit_from <= audit_until),
    ADD CONSTRAINT audit_period_is_an_auditors CHECK (audit_from IS NULL OR 'auditor' = ANY (duties) OR 'auditor' = ANY (kept_duties));
ALTER TABLE person_changes
    ADD COLUMN audit_from  date,
    ADD COLUMN audit_until date,
    DROP CONSTRAINT person_change_is_known,
    ADD CONSTRAINT person_change_is_known CHECK (kind IN ('invite', 'duties', 'suspend', 'resume', 'remove', 'recovery', 'period')),
    ADD CONSTRAINT changed_period_is_whole CHECK ((audit_from IS NULL) = (audit_until IS NULL) AND audit_from <= audit_until),
    ADD CONSTRAINT changed_period_is_an_auditors CHECK (audit_from IS NULL OR kind = 'period' OR kind IN ('invite', 'duties') AND 'auditor' = ANY (duties));
GRANT INSERT (audit_from, audit_until) ON person_changes TO portal_web;

-- With the duty goes its period; a suspension keeps both.
-- +goose StatementBegin
CREATE FUNCTION audit_period_ends_with_the_duty() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT 'auditor' = ANY (NEW.duties || NEW.kept_duties) THEN
        NEW.audit_from := NULL;
        NEW.audit_until := NULL;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_period_ends_with_the_duty BEFORE UPDATE OF duties, kept_duties ON memberships
    FOR EACH ROW EXECUTE FUNCTION audit_period_ends_with_the_duty();

-- +goose StatementBegin
CREATE FUNCTION audit_period_is_asked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM memberships m WHERE m.merchant_id = NEW.merchant_id AND m.person_id = NEW.person_id AND 'auditor' = ANY (m.duties)
        AND (m.audit_from, m.audit_until) IS DISTINCT FROM (NEW.audit_from, NEW.audit_until)) THEN
        RAISE EXCEPTION 'this changes nothing' USING ERRCODE = 'check_violation', CONSTRAINT = 'person_change_changes_something';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_period_is_asked BEFORE INSERT ON person_changes FOR EACH ROW WHEN (NEW.kind = 'period') EXECUTE FUNCTION audit_period_is_asked();

-- What was confirmed is done, as person_change_is_allowed does the rest. A
-- change of duties never widens a period that there is: only one of its own does.
-- +goose StatementBegin
CREATE FUNCTION audit_period_is_set() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE memberships m SET audit_from = NEW.audit_from, audit_until = NEW.audit_until
    WHERE m.merchant_id = NEW.merchant_id AND m.person_id = NEW.person_id
      AND (NEW.kind = 'period' OR NEW.audit_from IS NOT NULL AND (NEW.kind = 'invite' OR m.audit_from IS NULL));
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER audit_period_is_set AFTER UPDATE OF decision ON person_changes FOR EACH ROW
    WHEN (NEW.decision = 'confirmed' AND OLD.decision IS NULL AND NEW.kind IN ('duties', 'period')) EXECUTE FUNCTION audit_period_is_set();
CREATE TRIGGER audit_period_is_set_on_joining AFTER UPDATE OF person_id ON person_changes FOR EACH ROW
    WHEN (NEW.kind = 'invite' AND OLD.person_id IS NULL AND NEW.person_id IS NOT NULL) EXECUTE FUNCTION audit_period_is_set();

-- From when and until when the acting person may look; everybody else's period
-- has no ends. Once for each statement, since the policies ask in a subquery.
-- +goose StatementBegin
CREATE FUNCTION acting_from() RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce((SELECT m.audit_from::timestamp AT TIME ZONE 'Asia/Bangkok' FROM memberships m
        WHERE m.merchant_id = acting_merchant() AND m.person_id = acting_person()), '-infinity')
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION acting_until() RETURNS timestamptz LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce((SELECT (m.audit_until + 1)::timestamp AT TIME ZONE 'Asia/Bangkok' FROM memberships m
        WHERE m.merchant_id = acting_merchant() AND m.person_id = acting_person()), 'infinity')
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION acting_from, acting_until, audit_period_ends_with_the_duty, audit_period_is_asked, audit_period_is_set FROM PUBLIC;
GRANT EXECUTE ON FUNCTION acting_from, acting_until TO portal_web;

-- What they did themselves they may see: the question they asked, for one.
CREATE POLICY sealed_period ON audit_leaves AS RESTRICTIVE FOR SELECT TO portal_web
    USING (timestamptz_ge(at, (SELECT acting_from())) AND timestamptz_lt(at, (SELECT acting_until())) OR person_id = (SELECT acting_person()));
CREATE POLICY sealed_period ON seen_marks AS RESTRICTIVE FOR SELECT TO portal_web
    USING (timestamptz_ge(at, (SELECT acting_from())) AND timestamptz_lt(at, (SELECT acting_until())));
CREATE POLICY sealed_period ON exchanges AS RESTRICTIVE FOR SELECT TO portal_web
    USING (timestamptz_ge(began_at, (SELECT acting_from())) AND timestamptz_lt(began_at, (SELECT acting_until())));
-- An answer comes a little after its question.
CREATE POLICY sealed_period ON exchange_results AS RESTRICTIVE FOR SELECT TO portal_web
    USING (timestamptz_ge(ended_at, (SELECT acting_from())) AND timestamptz_lt(ended_at, (SELECT acting_until()) + interval '1 hour'));
-- A box that holds no other days.
CREATE POLICY sealed_period ON boxes AS RESTRICTIVE FOR SELECT TO portal_web
    USING ((SELECT acting_from()) = '-infinity'
        OR from_on::timestamp AT TIME ZONE 'Asia/Bangkok' >= (SELECT acting_from()) AND (until_on + 1)::timestamp AT TIME ZONE 'Asia/Bangkok' <= (SELECT acting_until()));
CREATE POLICY sealed_period ON box_pieces AS RESTRICTIVE FOR SELECT TO portal_web
    USING (EXISTS (SELECT FROM boxes b WHERE b.id = box_id));
-- Nor is one asked for that would.
CREATE POLICY sealed_period_asks ON boxes AS RESTRICTIVE FOR INSERT TO portal_web
    WITH CHECK ((SELECT acting_from()) = '-infinity'
        OR from_on::timestamp AT TIME ZONE 'Asia/Bangkok' >= (SELECT acting_from()) AND (until_on + 1)::timestamp AT TIME ZONE 'Asia/Bangkok' <= (SELECT acting_until()));
