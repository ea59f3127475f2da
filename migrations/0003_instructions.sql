-- Instructions: what somebody asks the bank to do, who agreed, what was sent
-- and what came back. The rules that must hold whatever program talks to this
-- database stand here as constraints and triggers.

-- +goose Up
CREATE TABLE instructions (
    id               uuid PRIMARY KEY,
    merchant_id      uuid NOT NULL REFERENCES merchants,
    -- An approval covers a lead and its parts, sent in order: a bill's entry,
    -- then each of its documents. A lead is its own lead and part 0.
    lead_id          uuid NOT NULL,
    part             smallint NOT NULL,
    operation        text NOT NULL,
    subject          text NOT NULL,
    maker_id         uuid NOT NULL REFERENCES people,
    -- bytea, not jsonb: the very bytes are what is approved and hashed.
    payload          bytea NOT NULL,
    payload_hash     bytea NOT NULL GENERATED ALWAYS AS (sha256(payload)) STORED,
    amount_satang    bigint NOT NULL DEFAULT 0,
    -- The list's words, fixed at submission: document number and other party.
    title            text NOT NULL,
    replaces_id      uuid,
    idempotency_key  text NOT NULL,
    policy_version   integer NOT NULL,
    approvals_needed smallint NOT NULL CONSTRAINT instruction_needs_an_approval CHECK (approvals_needed >= 1),
    submitted_at     timestamptz NOT NULL DEFAULT now(),
    expires_at       timestamptz NOT NULL,
    state            text NOT NULL DEFAULT 'pending' CONSTRAINT instruction_starts_or_is_known
                     CHECK (state IN ('pending', 'approved', 'sending', 'done', 'failed', 'unknown', 'rejected', 'withdrawn', 'expired')),
    state_since      timestamptz NOT NULL DEFAULT now(),
    reason           text NOT NULL DEFAULT '',
    attempt_no       smallint NOT NULL DEFAULT 0,
    not_before       timestamptz NOT NULL DEFAULT now(),
    bank_reference   text NOT NULL DEFAULT '',
    CONSTRAINT lead_is_part_0 CHECK ((part = 0) = (lead_id = id)),
    CONSTRAINT part_is_unique UNIQUE (lead_id, part),
    CONSTRAINT submitted_once UNIQUE (merchant_id, maker_id, idempotency_key, part),
    CONSTRAINT instruction_and_maker UNIQUE (id, maker_id),
    CONSTRAINT instruction_and_payload UNIQUE (id, payload_hash),
    CONSTRAINT instruction_and_merchant UNIQUE (id, merchant_id),
    FOREIGN KEY (merchant_id, policy_version) REFERENCES policies,
    -- With the merchant, so that nothing hangs on another merchant's.
    FOREIGN KEY (lead_id, merchant_id) REFERENCES instructions (id, merchant_id),
    FOREIGN KEY (replaces_id, merchant_id) REFERENCES instructions (id, merchant_id)
);
CREATE INDEX instructions_waiting ON instructions (merchant_id, submitted_at, id) WHERE part = 0 AND state = 'pending';
CREATE INDEX instructions_finished ON instructions (merchant_id, state_since DESC, id DESC) WHERE part = 0 AND state <> 'pending';
CREATE INDEX instructions_to_send ON instructions (not_before, id) WHERE state = 'approved';
CREATE INDEX instructions_on_the_wire ON instructions (state_since) WHERE state = 'sending';
CREATE INDEX instructions_unknown ON instructions (merchant_id, state_since, id) WHERE state = 'unknown';
CREATE INDEX instructions_expiring ON instructions (expires_at) WHERE state IN ('pending', 'approved');
CREATE INDEX instructions_of_subject ON instructions (subject, submitted_at);

-- Who had a hand in the content: the maker, whoever edited the draft, whoever
-- uploaded a document. None of them may approve it.
CREATE TABLE instruction_authors (
    instruction_id uuid NOT NULL REFERENCES instructions,
    merchant_id    uuid NOT NULL,
    person_id      uuid NOT NULL REFERENCES people,
    PRIMARY KEY (instruction_id, person_id),
    FOREIGN KEY (instruction_id, merchant_id) REFERENCES instructions (id, merchant_id)
);

-- An approval is a row: this person agreed to these bytes made by that person.
CREATE TABLE approvals (
    instruction_id uuid NOT NULL,
    merchant_id    uuid NOT NULL,
    person_id      uuid NOT NULL REFERENCES people,
    maker_id       uuid NOT NULL,
    payload_hash   bytea NOT NULL,
    at             timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT one_person_counts_once PRIMARY KEY (instruction_id, person_id),
    CONSTRAINT approver_is_not_maker CHECK (person_id <> maker_id),
    CONSTRAINT approval_names_the_maker FOREIGN KEY (instruction_id, maker_id) REFERENCES instructions (id, maker_id),
    CONSTRAINT approval_is_for_these_bytes FOREIGN KEY (instruction_id, payload_hash) REFERENCES instructions (id, payload_hash),
    FOREIGN KEY (instruction_id, merchant_id) REFERENCES instructions (id, merchant_id)
);

-- One row is one request on the wire at most. Its id is the reference the bank
-- sees. The outcome is written once.
CREATE TABLE attempts (
    id             uuid PRIMARY KEY,
    merchant_id    uuid NOT NULL,
    instruction_id uuid NOT NULL,
    no             smallint NOT NULL,
    payload_hash   bytea NOT NULL,
    worker         text NOT NULL,
    claimed_at     timestamptz NOT NULL DEFAULT now(),
    deadline       timestamptz NOT NULL,
    outcome        text CONSTRAINT attempt_outcome_is_known CHECK (outcome IN ('done', 'failed', 'unknown', 'not_sent')),
    finished_at    timestamptz,
    bank_code      text NOT NULL DEFAULT '',
    message        text NOT NULL DEFAULT '',
    message_th     text NOT NULL DEFAULT '',
    CONSTRAINT attempt_number_is_unique UNIQUE (instruction_id, no),
    CONSTRAINT attempt_ends_with_an_outcome CHECK ((outcome IS NULL) = (finished_at IS NULL)),
    CONSTRAINT attempt_sends_these_bytes FOREIGN KEY (instruction_id, payload_hash) REFERENCES instructions (id, payload_hash),
    FOREIGN KEY (instruction_id, merchant_id) REFERENCES instructions (id, merchant_id)
);
CREATE UNIQUE INDEX one_open_attempt ON attempts (instruction_id) WHERE outcome IS NULL;

-- An unknown outcome is settled by two people: one says what the bank told
-- them and how they know, another confirms.
CREATE TABLE settlements (
    id             uuid PRIMARY KEY,
    merchant_id    uuid NOT NULL,
    instruction_id uuid NOT NULL,
    outcome        text NOT NULL CONSTRAINT settlement_outcome_is_known CHECK (outcome IN ('done', 'failed')),
    bank_reference text NOT NULL DEFAULT '',
    note           text NOT NULL CONSTRAINT settlement_has_a_note CHECK (length(note) >= 10),
    proposed_by    uuid NOT NULL REFERENCES people,
    proposed_at    timestamptz NOT NULL DEFAULT now(),
    decision       text CONSTRAINT settlement_decision_is_known CHECK (decision IN ('confirmed', 'declined')),
    decided_by     uuid REFERENCES people,
    decided_at     timestamptz,
    decision_note  text NOT NULL DEFAULT '',
    CONSTRAINT settled_by_two_people CHECK (decided_by <> proposed_by),
    CONSTRAINT settlement_decision_is_whole CHECK ((decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL)),
    FOREIGN KEY (instruction_id, merchant_id) REFERENCES instructions (id, merchant_id)
);
CREATE UNIQUE INDEX one_open_settlement ON settlements (instruction_id) WHERE decision IS NULL;

CREATE TABLE instruction_moves (
    instruction_id uuid NOT NULL REFERENCES instructions,
    seq            integer NOT NULL,
    merchant_id    uuid NOT NULL,
    from_state     text,
    to_state       text NOT NULL,
    person_id      uuid REFERENCES people,
    reason         text NOT NULL,
    at             timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (instruction_id, seq)
);

-- The whole state machine. What is not listed cannot happen.
CREATE TABLE instruction_state_pairs (
    from_state text NOT NULL,
    to_state   text NOT NULL,
    PRIMARY KEY (from_state, to_state)
);
INSERT INTO instruction_state_pairs VALUES
    ('pending', 'approved'), ('pending', 'rejected'), ('pending', 'withdrawn'), ('pending', 'expired'),
    ('approved', 'sending'), ('approved', 'withdrawn'), ('approved', 'expired'),
    ('sending', 'done'), ('sending', 'failed'), ('sending', 'unknown'),
    -- Only when it is proven that no byte left; see below.
    ('sending', 'approved'),
    ('unknown', 'done'), ('unknown', 'failed');

-- Whether somebody may decide on an instruction: a checker of its merchant who
-- is not shut out and had no hand in the content.
-- +goose StatementBegin
CREATE FUNCTION has_duty(merchant uuid, person uuid, duty text) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM memberships m JOIN people p ON p.id = m.person_id
                   WHERE m.merchant_id = merchant AND m.person_id = person AND duty = ANY (m.duties) AND p.disabled_at IS NULL)
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION is_author(instruction uuid, person uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM instruction_authors WHERE instruction_id = instruction AND person_id = person)
$$;
-- +goose StatementEnd

REVOKE ALL ON FUNCTION has_duty, is_author FROM PUBLIC;

-- An instruction is made by the acting person, who is a maker, and under the
-- policy in force.
-- +goose StatementBegin
CREATE FUNCTION instruction_starts_pending() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    in_force policies;
BEGIN
    IF NEW.state <> 'pending' OR NEW.attempt_no <> 0 OR NEW.bank_reference <> '' THEN
        RAISE EXCEPTION 'an instruction starts as pending' USING ERRCODE = 'check_violation', CONSTRAINT = 'instruction_starts_pending';
    END IF;
    IF NEW.maker_id IS DISTINCT FROM acting_person() OR NOT has_duty(NEW.merchant_id, NEW.maker_id, 'maker') THEN
        RAISE EXCEPTION 'an instruction is made by the acting person, a maker' USING ERRCODE = 'check_violation', CONSTRAINT = 'maker_is_acting';
    END IF;
    SELECT * INTO in_force FROM policies WHERE merchant_id = NEW.merchant_id ORDER BY version DESC LIMIT 1;
    IF NEW.policy_version IS DISTINCT FROM in_force.version OR NEW.approvals_needed <> in_force.approvals_needed
       OR NEW.expires_at > now() + in_force.valid_for THEN
        RAISE EXCEPTION 'the policy in force says otherwise' USING ERRCODE = 'check_violation', CONSTRAINT = 'instruction_obeys_policy';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION instruction_moves_as_listed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF (NEW.id, NEW.merchant_id, NEW.lead_id, NEW.part, NEW.operation, NEW.subject, NEW.maker_id, NEW.payload, NEW.amount_satang, NEW.title,
        NEW.replaces_id, NEW.idempotency_key, NEW.policy_version, NEW.approvals_needed, NEW.submitted_at, NEW.expires_at)
       IS DISTINCT FROM
       (OLD.id, OLD.merchant_id, OLD.lead_id, OLD.part, OLD.operation, OLD.subject, OLD.maker_id, OLD.payload, OLD.amount_satang, OLD.title,
        OLD.replaces_id, OLD.idempotency_key, OLD.policy_version, OLD.approvals_needed, OLD.submitted_at, OLD.expires_at) THEN
        RAISE EXCEPTION 'an instruction never changes once submitted'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'instruction_never_changes';
    END IF;
    IF NEW.state = OLD.state THEN
        -- Only its turn in the queue may be put off.
        IF (NEW.reason, NEW.attempt_no, NEW.bank_reference) IS DISTINCT FROM (OLD.reason, OLD.attempt_no, OLD.bank_reference)
           OR NEW.not_before <> OLD.not_before AND NEW.state <> 'approved' THEN
            RAISE EXCEPTION 'nothing changes without a move' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'instruction_never_changes';
        END IF;
        RETURN NEW;
    END IF;
    IF NOT EXISTS (SELECT FROM instruction_state_pairs WHERE from_state = OLD.state AND to_state = NEW.state) THEN
        RAISE EXCEPTION 'an instruction does not move from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'instruction_moves_as_listed';
    END IF;
    -- Who may move it.
    IF NEW.state = 'withdrawn' AND acting_person() IS DISTINCT FROM NEW.maker_id THEN
        RAISE EXCEPTION 'only the maker withdraws' USING ERRCODE = 'check_violation', CONSTRAINT = 'withdrawn_by_the_maker';
    END IF;
    IF NEW.state = 'rejected' AND (NOT has_duty(NEW.merchant_id, acting_person(), 'checker') OR is_author(NEW.id, acting_person())) THEN
        RAISE EXCEPTION 'only a checker who is no author rejects' USING ERRCODE = 'check_violation', CONSTRAINT = 'rejected_by_a_checker';
    END IF;
    -- Parts behind one that failed expire with the settlement of that one, which has an acting person.
    IF NEW.state = 'expired' AND acting_person() IS NOT NULL AND NOT EXISTS
       (SELECT FROM instructions b WHERE b.lead_id = NEW.lead_id AND b.part < NEW.part AND b.state = 'failed') THEN
        RAISE EXCEPTION 'nobody lets an instruction expire' USING ERRCODE = 'check_violation', CONSTRAINT = 'expired_by_the_clock';
    END IF;
    -- On what evidence.
    IF NEW.state = 'approved' AND OLD.state = 'pending'
       AND (SELECT count(*) FROM approvals WHERE instruction_id = NEW.id) < NEW.approvals_needed THEN
        RAISE EXCEPTION 'not enough approvals' USING ERRCODE = 'check_violation', CONSTRAINT = 'approved_by_enough_people';
    END IF;
    IF NEW.state = 'sending' AND NOT EXISTS
       (SELECT FROM attempts WHERE instruction_id = NEW.id AND no = NEW.attempt_no AND outcome IS NULL) THEN
        RAISE EXCEPTION 'sending needs an attempt' USING ERRCODE = 'check_violation', CONSTRAINT = 'sending_needs_an_attempt';
    END IF;
    IF OLD.state = 'sending' AND NOT EXISTS
       (SELECT FROM attempts WHERE instruction_id = NEW.id AND no = OLD.attempt_no
            AND outcome = CASE NEW.state WHEN 'approved' THEN 'not_sent' ELSE NEW.state END) THEN
        RAISE EXCEPTION 'what was sent ends as its attempt did' USING ERRCODE = 'check_violation', CONSTRAINT = 'ends_as_its_attempt';
    END IF;
    IF OLD.state = 'unknown' AND NOT EXISTS
       (SELECT FROM settlements WHERE instruction_id = NEW.id AND decision = 'confirmed' AND outcome = NEW.state
            AND bank_reference = CASE NEW.state WHEN 'done' THEN NEW.bank_reference ELSE bank_reference END) THEN
        RAISE EXCEPTION 'an unknown outcome is settled by two people' USING ERRCODE = 'check_violation', CONSTRAINT = 'unknown_is_settled_by_two';
    END IF;
    IF NEW.bank_reference <> OLD.bank_reference AND NEW.state <> 'done' THEN
        RAISE EXCEPTION 'the bank names only what it did' USING ERRCODE = 'check_violation', CONSTRAINT = 'reference_comes_with_done';
    END IF;
    NEW.state_since := now();
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- The history writes itself, so that no move can be made without it.
-- +goose StatementBegin
CREATE FUNCTION instruction_move_is_kept() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' OR NEW.state <> OLD.state THEN
        INSERT INTO instruction_moves (instruction_id, seq, merchant_id, from_state, to_state, person_id, reason)
        SELECT NEW.id, coalesce(max(seq), 0) + 1, NEW.merchant_id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, NEW.state, acting_person(), NEW.reason
        FROM instruction_moves WHERE instruction_id = NEW.id;
        IF NEW.state = 'approved' THEN
            PERFORM pg_notify('approved', '');
        END IF;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION approval_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    current_state text;
BEGIN
    -- The lock makes approvals and every other move of this instruction take turns.
    SELECT state INTO current_state FROM instructions WHERE id = NEW.instruction_id FOR UPDATE;
    IF current_state IS DISTINCT FROM 'pending' THEN
        RAISE EXCEPTION 'only a pending instruction is approved' USING ERRCODE = 'check_violation', CONSTRAINT = 'approval_while_pending';
    END IF;
    IF NEW.person_id IS DISTINCT FROM acting_person() THEN
        RAISE EXCEPTION 'nobody approves for another' USING ERRCODE = 'check_violation', CONSTRAINT = 'approver_is_acting';
    END IF;
    IF is_author(NEW.instruction_id, NEW.person_id) THEN
        RAISE EXCEPTION 'an author does not approve' USING ERRCODE = 'check_violation', CONSTRAINT = 'approver_is_not_author';
    END IF;
    IF NOT has_duty(NEW.merchant_id, NEW.person_id, 'checker') THEN
        RAISE EXCEPTION 'only a checker approves' USING ERRCODE = 'check_violation', CONSTRAINT = 'approver_is_checker';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION attempt_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    i instructions;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.outcome IS NOT NULL OR NEW.outcome IS NULL
           OR (NEW.id, NEW.merchant_id, NEW.instruction_id, NEW.no, NEW.payload_hash, NEW.worker, NEW.claimed_at, NEW.deadline)
              IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.instruction_id, OLD.no, OLD.payload_hash, OLD.worker, OLD.claimed_at, OLD.deadline) THEN
            RAISE EXCEPTION 'an attempt gets its outcome once' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'attempt_ends_once';
        END IF;
        RETURN NEW;
    END IF;
    SELECT * INTO i FROM instructions WHERE id = NEW.instruction_id FOR UPDATE;
    IF i.state IS DISTINCT FROM 'approved' OR NEW.no <> i.attempt_no + 1 OR NEW.outcome IS NOT NULL THEN
        RAISE EXCEPTION 'only an approved instruction is attempted, and only once at a time' USING ERRCODE = 'check_violation', CONSTRAINT = 'attempt_while_approved';
    END IF;
    IF i.part > 0 AND NOT EXISTS (SELECT FROM instructions WHERE lead_id = i.lead_id AND part = i.part - 1 AND state = 'done') THEN
        RAISE EXCEPTION 'the part before is not done' USING ERRCODE = 'check_violation', CONSTRAINT = 'parts_are_sent_in_order';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION settlement_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    current_state text;
BEGIN
    SELECT state INTO current_state FROM instructions WHERE id = NEW.instruction_id FOR UPDATE;
    IF current_state IS DISTINCT FROM 'unknown' THEN
        RAISE EXCEPTION 'only an unknown outcome is settled' USING ERRCODE = 'check_violation', CONSTRAINT = 'settlement_while_unknown';
    END IF;
    IF NOT has_duty(NEW.merchant_id, acting_person(), 'checker')
       AND NOT (TG_OP = 'INSERT' AND has_duty(NEW.merchant_id, acting_person(), 'maker')) THEN
        RAISE EXCEPTION 'a maker or a checker proposes, a checker decides' USING ERRCODE = 'check_violation', CONSTRAINT = 'settled_on_duty';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.decision IS NOT NULL OR NEW.proposed_by IS DISTINCT FROM acting_person() THEN
            RAISE EXCEPTION 'a settlement is proposed by the acting person and decided by another'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'settlement_is_proposed_first';
        END IF;
    ELSIF OLD.decision IS NOT NULL OR NEW.decided_by IS DISTINCT FROM acting_person()
          OR (NEW.id, NEW.instruction_id, NEW.outcome, NEW.bank_reference, NEW.note, NEW.proposed_by, NEW.proposed_at)
             IS DISTINCT FROM (OLD.id, OLD.instruction_id, OLD.outcome, OLD.bank_reference, OLD.note, OLD.proposed_by, OLD.proposed_at) THEN
        RAISE EXCEPTION 'a settlement is decided once, by the acting person, as it was proposed'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'settlement_is_decided_once';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

CREATE TRIGGER instruction_starts_pending BEFORE INSERT ON instructions FOR EACH ROW EXECUTE FUNCTION instruction_starts_pending();
CREATE TRIGGER instruction_moves_as_listed BEFORE UPDATE ON instructions FOR EACH ROW EXECUTE FUNCTION instruction_moves_as_listed();
CREATE TRIGGER instruction_move_is_kept AFTER INSERT OR UPDATE ON instructions FOR EACH ROW EXECUTE FUNCTION instruction_move_is_kept();
CREATE TRIGGER approval_is_allowed BEFORE INSERT ON approvals FOR EACH ROW EXECUTE FUNCTION approval_is_allowed();
CREATE TRIGGER attempt_is_allowed BEFORE INSERT OR UPDATE ON attempts FOR EACH ROW EXECUTE FUNCTION attempt_is_allowed();
CREATE TRIGGER settlement_is_allowed BEFORE INSERT OR UPDATE ON settlements FOR EACH ROW EXECUTE FUNCTION settlement_is_allowed();
CREATE TRIGGER approvals_are_never_changed BEFORE UPDATE OR DELETE ON approvals FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER authors_are_never_changed BEFORE UPDATE OR DELETE ON instruction_authors FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER moves_are_never_changed BEFORE UPDATE OR DELETE ON instruction_moves FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER instructions_are_not_deleted BEFORE DELETE ON instructions FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER attempts_are_not_deleted BEFORE DELETE ON attempts FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER settlements_are_not_deleted BEFORE DELETE ON settlements FOR EACH ROW EXECUTE FUNCTION refuse_change();

SELECT audit_table('instructions', 'instruction', 'id');
SELECT audit_table(t, 'instruction', 'instruction_id'), isolate_merchants(t)
FROM unnest(ARRAY['instruction_authors', 'approvals', 'attempts', 'settlements', 'instruction_moves']) AS t;
SELECT isolate_merchants('instructions');

GRANT SELECT ON instructions, instruction_authors, approvals, attempts, settlements, instruction_moves TO portal_web, portal_worker;
GRANT INSERT ON instructions, approvals, settlements TO portal_web;
GRANT UPDATE (state, reason, bank_reference) ON instructions TO portal_web;
GRANT UPDATE (state, reason, attempt_no, not_before, bank_reference) ON instructions TO portal_worker;
GRANT UPDATE (decision, decided_by, decided_at, decision_note) ON settlements TO portal_web;
GRANT INSERT, UPDATE (outcome, finished_at, bank_code, message, message_th) ON attempts TO portal_worker;
GRANT SELECT ON instruction_state_pairs TO portal_web, portal_worker;
