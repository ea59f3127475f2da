-- What an auditor asks of the trail: who saw the number of a person, and
-- whether the trail still holds. Neither says anything the trail does not say;
-- both are kept so that the answer is there at once.

-- +goose Up

-- Under which blind mark somebody was shown something. A mark is the HMAC of a
-- citizen or tax id, or of the id of one of our records, under a key that the
-- database does not have: whoever reads this table learns who looked often, and
-- not at whom. Each row stands in the leaf sighting/<sighting_id>, which says
-- who it was, from where and on which page.
CREATE TABLE seen_marks (
    merchant_id uuid NOT NULL REFERENCES merchants,
    mark        bytea NOT NULL CONSTRAINT seen_mark_has_16_bytes CHECK (length(mark) = 16),
    at          timestamptz NOT NULL DEFAULT now(),
    sighting_id uuid NOT NULL,
    PRIMARY KEY (merchant_id, mark, at, sighting_id)
);
CREATE INDEX seen_marks_of_sighting ON seen_marks (sighting_id);
CREATE TRIGGER seen_marks_are_never_changed BEFORE UPDATE OR DELETE ON seen_marks FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER seen_marks_are_not_truncated BEFORE TRUNCATE ON seen_marks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
SELECT audit_table('seen_marks', 'sighting', 'sighting_id');
SELECT isolate_merchants('seen_marks');
-- The database says when: a sighting cannot be dated back.
GRANT SELECT, INSERT (merchant_id, mark, sighting_id) ON seen_marks TO portal_web;

-- Most leaves will tell of looks, and most questions are about deeds: these
-- indexes skip the looks between two deeds, however many there are.
CREATE INDEX audit_leaves_deeds ON audit_leaves (merchant_id, at DESC, id DESC) WHERE action NOT IN ('sighting.seen', 'trail.read');
CREATE INDEX audit_leaves_deeds_of_person ON audit_leaves (merchant_id, person_id, at DESC, id DESC) WHERE action NOT IN ('sighting.seen', 'trail.read');

-- What a worker found when it derived the trail again. It is of the whole
-- trail, as the checkpoints are, and names leaves by their numbers only.
CREATE TABLE trail_checks (
    id         uuid PRIMARY KEY,
    -- whole: from the first leaf on; newest: from where the last check ended.
    reach      text NOT NULL CONSTRAINT trail_check_reach_is_known CHECK (reach IN ('whole', 'newest')),
    began_at   timestamptz NOT NULL,
    ended_at   timestamptz NOT NULL DEFAULT now(),
    from_size  bigint NOT NULL CONSTRAINT trail_check_begins_in_the_trail CHECK (from_size >= 0),
    size       bigint NOT NULL CONSTRAINT trail_check_ends_in_the_trail CHECK (size >= 0),
    root       bytea NOT NULL CONSTRAINT trail_check_root_has_32_bytes CHECK (length(root) = 32),
    -- The signed text of the checkpoint up to which it was checked.
    checkpoint text NOT NULL,
    problems   jsonb NOT NULL CONSTRAINT trail_check_problems_are_a_list CHECK (jsonb_typeof(problems) = 'array'),
    sound      boolean NOT NULL GENERATED ALWAYS AS (problems = '[]'::jsonb) STORED
);
CREATE INDEX trail_checks_newest ON trail_checks (ended_at DESC, id DESC);
CREATE INDEX trail_checks_sound ON trail_checks (ended_at DESC, id DESC) WHERE sound;
CREATE INDEX trail_checks_whole ON trail_checks (ended_at DESC) WHERE reach = 'whole';
CREATE TRIGGER trail_checks_are_never_changed BEFORE UPDATE OR DELETE ON trail_checks FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER trail_checks_are_not_truncated BEFORE TRUNCATE ON trail_checks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT ON trail_checks TO portal_web;
GRANT SELECT, INSERT ON trail_checks TO portal_worker;

-- Somebody wants the whole trail checked, now.
CREATE TABLE trail_check_requests (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    asked_by    uuid NOT NULL REFERENCES people,
    asked_at    timestamptz NOT NULL DEFAULT now(),
    check_id    uuid REFERENCES trail_checks
);
-- Whoever asks while another's question is open waits for the same answer.
CREATE UNIQUE INDEX one_check_is_asked_for ON trail_check_requests (merchant_id) WHERE check_id IS NULL;
CREATE INDEX trail_check_requests_open ON trail_check_requests (asked_at) WHERE check_id IS NULL;
CREATE INDEX trail_check_requests_newest ON trail_check_requests (merchant_id, asked_at DESC);

-- A question is answered once and otherwise stays as it was asked.
-- +goose StatementBegin
CREATE FUNCTION check_request_is_answered_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.check_id IS NOT NULL OR NEW.check_id IS NULL
       OR (NEW.id, NEW.merchant_id, NEW.asked_by, NEW.asked_at) IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.asked_by, OLD.asked_at) THEN
        RAISE EXCEPTION 'a question to the verifier is answered once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'check_request_is_answered_once';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER check_request_is_answered_once BEFORE UPDATE ON trail_check_requests FOR EACH ROW EXECUTE FUNCTION check_request_is_answered_once();
CREATE TRIGGER check_request_is_not_deleted BEFORE DELETE ON trail_check_requests FOR EACH ROW EXECUTE FUNCTION refuse_change();
SELECT audit_table('trail_check_requests', 'verification', 'id');
SELECT isolate_merchants('trail_check_requests');
GRANT SELECT, INSERT (id, merchant_id, asked_by) ON trail_check_requests TO portal_web;
GRANT SELECT, UPDATE (check_id) ON trail_check_requests TO portal_worker;
