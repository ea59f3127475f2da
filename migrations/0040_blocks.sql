-- The senders whose alerts to one of our PromptPay ids are not delivered: who
-- wanted that and why, the bank's word on it, and the comparison of the bank's
-- list with ours. It says whom we do not hear, and nothing of what they are.

-- +goose Up

CREATE TABLE blocks (
    id              uuid PRIMARY KEY,
    merchant_id     uuid NOT NULL REFERENCES merchants,
    -- Our id, to which the sender's alerts are addressed.
    promptpay_id    uuid NOT NULL,
    sender_kind     text NOT NULL CONSTRAINT block_sender_kind_is_known CHECK (sender_kind IN ('mobile', 'national', 'tax', 'ewallet', 'biller')),
    sender_value    text NOT NULL CONSTRAINT block_sender_has_digits CHECK (sender_value ~ CASE sender_kind
                        WHEN 'mobile' THEN '^0[689][0-9]{8}$' WHEN 'ewallet' THEN '^[0-9]{15}$' WHEN 'biller' THEN '^[0-9]{15}$' ELSE '^[0-9]{13}$' END),
    sender_name     text NOT NULL CONSTRAINT block_sender_name_is_short CHECK (length(sender_name) <= 200),
    reason          text NOT NULL CONSTRAINT block_reason_is_known CHECK (reason IN ('unknown_sender', 'not_ours', 'repeated', 'look_alike', 'closed_account', 'other')),
    note            text NOT NULL CONSTRAINT block_note_is_short CHECK (length(note) <= 500),
    -- Who answers for it, and when it is to be looked at again.
    owner_id        uuid NOT NULL REFERENCES people,
    review_on       date NOT NULL,
    origin          text NOT NULL DEFAULT 'here' CONSTRAINT block_origin_is_known CHECK (origin IN ('here', 'bank')),
    alert_id        uuid, -- from which it was asked for
    follows_id      uuid, -- the one that this makes again
    import_id       uuid,
    state           text NOT NULL DEFAULT 'draft' CONSTRAINT block_state_is_known CHECK (state IN ('draft', 'submitted', 'approved', 'sending', 'unknown', 'failed',
                        'active', 'lift_submitted', 'lift_approved', 'lift_sending', 'lift_unknown', 'ended', 'discarded')),
    state_since     timestamptz NOT NULL DEFAULT now(),
    standing        text NOT NULL GENERATED ALWAYS AS (CASE WHEN state IN ('draft', 'failed') THEN 'draft' WHEN state = 'active' THEN 'in_force'
                        WHEN state IN ('ended', 'discarded') THEN 'ended' ELSE 'waiting' END) STORED,
    version         integer NOT NULL DEFAULT 1,
    created_by      uuid NOT NULL REFERENCES people,
    editors         uuid[] NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    edited_at       timestamptz NOT NULL DEFAULT now(),
    instruction_id  uuid,
    lift_id         uuid,
    lift_reason     text NOT NULL DEFAULT '' CONSTRAINT block_lift_reason_is_short CHECK (length(lift_reason) <= 300),
    failure_code    text NOT NULL DEFAULT '',
    ended_cause     text NOT NULL DEFAULT '' CONSTRAINT block_ended_cause_is_known CHECK (ended_cause IN ('', 'lifted', 'gone_there')),
    -- Since when the bank has it, by its own clock, where its list says so.
    bank_blocked_at timestamptz,
    -- How often the bank was asked by itself, and when it will be again.
    asks            smallint NOT NULL DEFAULT 0,
    ask_at          timestamptz,
    -- For which review date its owner was told.
    reminded_on     date,
    words           text NOT NULL GENERATED ALWAYS AS (buyer_words(sender_name) || ' ' || sender_value || ' ' || buyer_words(note)) STORED,
    CONSTRAINT block_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT block_ended_for_a_cause CHECK ((state = 'ended') = (ended_cause <> '')),
    FOREIGN KEY (promptpay_id, merchant_id) REFERENCES promptpay_ids (id, merchant_id),
    FOREIGN KEY (alert_id, merchant_id) REFERENCES alerts (id, merchant_id),
    FOREIGN KEY (follows_id, merchant_id) REFERENCES blocks (id, merchant_id),
    FOREIGN KEY (import_id, merchant_id) REFERENCES imports (id, merchant_id),
    FOREIGN KEY (instruction_id, merchant_id) REFERENCES instructions (id, merchant_id),
    FOREIGN KEY (lift_id, merchant_id) REFERENCES instructions (id, merchant_id)
);
-- The bank has one entry for a sender and one of our ids; so have we.
CREATE UNIQUE INDEX one_open_block ON blocks (promptpay_id, sender_value, (CASE sender_kind WHEN 'tax' THEN 'national' ELSE sender_kind END))
    WHERE state NOT IN ('ended', 'discarded');
CREATE INDEX blocks_newest ON blocks (merchant_id, id DESC);
CREATE INDEX blocks_by_standing ON blocks (merchant_id, standing, id DESC);
CREATE INDEX blocks_to_review ON blocks (merchant_id, review_on, id) WHERE state = 'active';
CREATE INDEX blocks_from_bank ON blocks (merchant_id, id DESC) WHERE origin = 'bank';
CREATE INDEX blocks_of_sender ON blocks (merchant_id, sender_value, id DESC);
CREATE INDEX blocks_of_reason ON blocks (merchant_id, reason, id DESC);
CREATE INDEX blocks_of_alert ON blocks (alert_id) WHERE alert_id IS NOT NULL;
CREATE INDEX blocks_to_ask_about ON blocks (ask_at) WHERE state IN ('unknown', 'lift_unknown');
CREATE INDEX blocks_to_remind_of ON blocks (review_on) WHERE state = 'active';
CREATE INDEX blocks_words ON blocks USING gin (words gin_trgm_ops);

-- What somebody put beside a block to show why.
CREATE TABLE block_files (
    block_id    uuid NOT NULL,
    file_id     uuid NOT NULL,
    merchant_id uuid NOT NULL REFERENCES merchants,
    added_by    uuid NOT NULL REFERENCES people,
    added_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (block_id, file_id),
    FOREIGN KEY (block_id, merchant_id) REFERENCES blocks (id, merchant_id),
    FOREIGN KEY (file_id, merchant_id) REFERENCES files (id, merchant_id)
);
-- +goose StatementBegin
CREATE FUNCTION evidence_is_added_on_duty() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.added_by IS DISTINCT FROM acting_person() OR NOT coalesce(has_duty(NEW.merchant_id, NEW.added_by, 'maker'), false)
       OR NOT EXISTS (SELECT FROM blocks b WHERE b.id = NEW.block_id AND b.merchant_id = NEW.merchant_id AND b.standing IN ('draft', 'in_force')) THEN
        RAISE EXCEPTION 'the acting maker adds evidence, while nobody decides on it' USING ERRCODE = 'check_violation', CONSTRAINT = 'evidence_is_added_on_duty';
    END IF;
    IF (SELECT count(*) FROM block_files f WHERE f.block_id = NEW.block_id) >= 10 THEN
        RAISE EXCEPTION 'ten files are enough' USING ERRCODE = 'check_violation', CONSTRAINT = 'evidence_is_bounded';
    END IF;
    NEW.added_at := now();
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER evidence_is_added_on_duty BEFORE INSERT ON block_files FOR EACH ROW EXECUTE FUNCTION evidence_is_added_on_duty();
CREATE TRIGGER evidence_never_changes BEFORE UPDATE OR DELETE ON block_files FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Whether the state of a block follows from what was asked of the bank.
-- +goose StatementBegin
CREATE FUNCTION block_state_follows(b blocks) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked  text := (SELECT i.state FROM instructions i WHERE i.id = b.instruction_id);
    lifted text := (SELECT i.state FROM instructions i WHERE i.id = b.lift_id);
    idle   boolean := lifted IS NULL OR lifted IN ('failed', 'rejected', 'withdrawn', 'expired');
BEGIN
    RETURN coalesce(CASE b.state
        WHEN 'draft'          THEN b.origin = 'here' AND (asked IS NULL OR asked IN ('rejected', 'withdrawn', 'expired'))
        WHEN 'discarded'      THEN b.origin = 'here' AND (asked IS NULL OR asked IN ('rejected', 'withdrawn', 'expired', 'failed'))
        WHEN 'submitted'      THEN asked = 'pending'
        WHEN 'approved'       THEN asked = 'approved'
        WHEN 'sending'        THEN asked = 'sending'
        WHEN 'unknown'        THEN asked = 'unknown'
        WHEN 'failed'         THEN asked = 'failed'
        WHEN 'active'         THEN (asked = 'done' OR b.origin = 'bank') AND idle
        WHEN 'lift_submitted' THEN lifted = 'pending'
        WHEN 'lift_approved'  THEN lifted = 'approved'
        WHEN 'lift_sending'   THEN lifted = 'sending'
        WHEN 'lift_unknown'   THEN lifted = 'unknown'
        WHEN 'ended'          THEN CASE b.ended_cause WHEN 'lifted' THEN lifted = 'done'
            -- Somebody says so just now, of what the bank's list no longer has.
            ELSE EXISTS (SELECT FROM block_differences d WHERE d.block_id = b.id AND d.kind = 'missing_there' AND d.state IN ('again', 'ended')
                AND d.decided_at = now() AND d.decided_by = acting_person()) END
    END, false);
END $$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION block_changes_as_draft() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF acting_person() IS NOT NULL AND NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker'), false)
       AND (TG_OP = 'INSERT' OR (NEW.promptpay_id, NEW.sender_kind, NEW.sender_value, NEW.sender_name, NEW.reason, NEW.note, NEW.owner_id, NEW.review_on, NEW.version)
            IS DISTINCT FROM (OLD.promptpay_id, OLD.sender_kind, OLD.sender_value, OLD.sender_name, OLD.reason, OLD.note, OLD.owner_id, OLD.review_on, OLD.version)) THEN
        RAISE EXCEPTION 'a maker keeps the list' USING ERRCODE = 'check_violation', CONSTRAINT = 'block_is_kept_on_duty';
    END IF;
    IF (TG_OP = 'INSERT' OR NEW.owner_id <> OLD.owner_id) AND NOT EXISTS (SELECT FROM memberships m WHERE m.merchant_id = NEW.merchant_id AND m.person_id = NEW.owner_id) THEN
        RAISE EXCEPTION 'one of us answers for it' USING ERRCODE = 'check_violation', CONSTRAINT = 'block_is_owned_by_one_of_us';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.created_by IS DISTINCT FROM acting_person() OR NEW.editors <> ARRAY[NEW.created_by] OR NEW.instruction_id IS NOT NULL OR NEW.lift_id IS NOT NULL
           OR NEW.lift_reason <> '' OR NEW.failure_code <> '' OR NEW.asks <> 0 OR NEW.reminded_on IS NOT NULL
           OR NOT (CASE NEW.origin WHEN 'here' THEN NEW.state = 'draft' AND NEW.bank_blocked_at IS NULL
                -- Somebody takes over, just now, what the bank's list has.
                ELSE NEW.state = 'active' AND EXISTS (SELECT FROM block_differences d WHERE d.merchant_id = NEW.merchant_id AND d.kind = 'unknown_here'
                    AND d.state IN ('adopted', 'undone') AND d.decided_at = now() AND d.decided_by = acting_person()
                    AND (d.promptpay_id, d.sender_kind, d.sender_value) = (NEW.promptpay_id, NEW.sender_kind, NEW.sender_value)
                    AND d.bank_blocked_at IS NOT DISTINCT FROM NEW.bank_blocked_at) END) THEN
            RAISE EXCEPTION 'a block starts as the draft of the acting maker, or at the bank' USING ERRCODE = 'check_violation', CONSTRAINT = 'block_starts_as_draft';
        END IF;
        IF NOT EXISTS (SELECT FROM promptpay_ids p WHERE p.id = NEW.promptpay_id AND p.merchant_id = NEW.merchant_id AND (p.kind, p.value) IS DISTINCT FROM (NEW.sender_kind, NEW.sender_value)) THEN
            RAISE EXCEPTION 'nobody blocks oneself' USING ERRCODE = 'check_violation', CONSTRAINT = 'block_is_of_another';
        END IF;
        IF NEW.follows_id IS NOT NULL AND NOT EXISTS (SELECT FROM blocks o WHERE o.id = NEW.follows_id AND o.state = 'ended'
                AND (o.promptpay_id, o.sender_value) = (NEW.promptpay_id, NEW.sender_value)) THEN
            RAISE EXCEPTION 'only what has ended is made again' USING ERRCODE = 'check_violation', CONSTRAINT = 'block_follows_its_own';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.merchant_id, NEW.origin, NEW.alert_id, NEW.follows_id, NEW.import_id, NEW.created_by, NEW.created_at)
       IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.origin, OLD.alert_id, OLD.follows_id, OLD.import_id, OLD.created_by, OLD.created_at)
       OR NOT NEW.editors @> OLD.editors OR NOT OLD.editors || coalesce(acting_person(), OLD.created_by) @> NEW.editors THEN
        RAISE EXCEPTION 'who had a hand in it, and where it comes from, stays' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'block_keeps_its_origin';
    END IF;
    IF (NEW.promptpay_id, NEW.sender_kind, NEW.sender_value, NEW.sender_name, NEW.reason)
       IS DISTINCT FROM (OLD.promptpay_id, OLD.sender_kind, OLD.sender_value, OLD.sender_name, OLD.reason) AND OLD.state NOT IN ('draft', 'failed')
       -- Who answers for it, when it is looked at and what is noted may change while it is in force.
       OR (NEW.note, NEW.owner_id, NEW.review_on, NEW.version) IS DISTINCT FROM (OLD.note, OLD.owner_id, OLD.review_on, OLD.version)
          AND (OLD.state NOT IN ('draft', 'failed', 'active') OR NOT coalesce(acting_person() = ANY (NEW.editors), false)) THEN
        RAISE EXCEPTION 'only a draft is edited, by an editor' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'block_is_editable';
    END IF;
    IF NEW.instruction_id IS DISTINCT FROM OLD.instruction_id AND OLD.state NOT IN ('draft', 'failed')
       OR (NEW.lift_id, NEW.lift_reason) IS DISTINCT FROM (OLD.lift_id, OLD.lift_reason) AND OLD.state <> 'active' THEN
        RAISE EXCEPTION 'what was asked for keeps its instruction' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'block_keeps_its_instruction';
    END IF;
    IF acting_person() IS NOT NULL AND (NEW.bank_blocked_at, NEW.asks, NEW.reminded_on) IS DISTINCT FROM (OLD.bank_blocked_at, OLD.asks, OLD.reminded_on) THEN
        RAISE EXCEPTION 'the worker hears the bank' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'block_is_heard_by_the_worker';
    END IF;
    IF NEW.state <> OLD.state THEN
        IF NOT block_state_follows(NEW) OR NOT (OLD.state, NEW.state) IN (
            ('draft', 'submitted'), ('failed', 'submitted'), ('draft', 'discarded'), ('failed', 'discarded'),
            ('submitted', 'approved'), ('submitted', 'draft'), ('approved', 'sending'), ('approved', 'draft'), ('sending', 'approved'), ('sending', 'active'),
            ('sending', 'failed'), ('sending', 'unknown'), ('sending', 'draft'), ('unknown', 'active'), ('unknown', 'failed'),
            ('active', 'lift_submitted'), ('lift_submitted', 'lift_approved'), ('lift_submitted', 'active'), ('lift_approved', 'lift_sending'), ('lift_approved', 'active'),
            ('lift_sending', 'lift_approved'), ('lift_sending', 'ended'), ('lift_sending', 'active'), ('lift_sending', 'lift_unknown'),
            ('lift_unknown', 'ended'), ('lift_unknown', 'active'), ('active', 'ended')) THEN
            RAISE EXCEPTION 'a block does not move from % to % by what is known', OLD.state, NEW.state USING ERRCODE = 'check_violation', CONSTRAINT = 'block_moves_as_listed';
        END IF;
        -- The bank is asked ten seconds after it left us in doubt.
        NEW.ask_at := CASE WHEN NEW.state IN ('unknown', 'lift_unknown') THEN now() + interval '10 seconds' END;
        NEW.state_since := now();
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER block_changes_as_draft BEFORE INSERT OR UPDATE ON blocks FOR EACH ROW EXECUTE FUNCTION block_changes_as_draft();
CREATE TRIGGER blocks_are_not_deleted BEFORE DELETE ON blocks FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER blocks_are_not_truncated BEFORE TRUNCATE ON blocks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- How the bank calls a kind of id.
-- +goose StatementBegin
CREATE FUNCTION block_proxy_type(kind text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp AS $$
    SELECT CASE kind WHEN 'mobile' THEN 'MSISDN' WHEN 'national' THEN 'NATID' WHEN 'tax' THEN 'NATID' WHEN 'ewallet' THEN 'EWALLETID' WHEN 'biller' THEN 'BILLERID' END
$$;
-- +goose StatementEnd

-- The bank is asked about the very sender and the very id of ours that the
-- block has, one thing at a time, and whoever had a hand in it is an author.
-- +goose StatementBegin
CREATE FUNCTION instruction_says_its_block() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := convert_from(NEW.payload, 'UTF8')::jsonb;
    b     blocks;
    p     promptpay_ids;
BEGIN
    SELECT * INTO b FROM blocks WHERE NEW.subject = 'block/' || id AND id = split_part(NEW.subject, '/', 2)::uuid AND merchant_id = NEW.merchant_id;
    SELECT * INTO p FROM promptpay_ids WHERE id = b.promptpay_id AND merchant_id = NEW.merchant_id;
    IF NEW.part <> 0 OR b.id IS NULL OR NEW.amount_satang <> 0 OR NOT content_names_once(convert_from(NEW.payload, 'UTF8')::json)
       OR (asked ->> 'receiverProxyType', asked ->> 'receiverProxyValue', asked ->> 'senderProxyType', asked ->> 'senderProxyValue')
          IS DISTINCT FROM (block_proxy_type(p.kind), p.value, block_proxy_type(b.sender_kind), b.sender_value) THEN
        RAISE EXCEPTION 'the bank is asked for the block as it is' USING ERRCODE = 'check_violation', CONSTRAINT = 'instruction_says_its_block';
    END IF;
    IF NOT (CASE NEW.operation WHEN 'promptpay.block' THEN b.state IN ('draft', 'failed') AND p.ended_at IS NULL ELSE b.state = 'active' END) THEN
        RAISE EXCEPTION 'it is under way already' USING ERRCODE = 'check_violation', CONSTRAINT = 'block_is_asked_for_once';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER instruction_to_block_says_it BEFORE INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation IN ('promptpay.block', 'promptpay.unblock')) EXECUTE FUNCTION instruction_says_its_block();

-- When the transaction ends, the block knows what was asked for it, and people
-- are shown it as it stands.
-- +goose StatementBegin
CREATE FUNCTION people_see_the_block() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := convert_from(NEW.payload, 'UTF8')::jsonb;
    b     blocks;
    files jsonb;
BEGIN
    SELECT * INTO b FROM blocks WHERE id = split_part(NEW.subject, '/', 2)::uuid AND merchant_id = NEW.merchant_id;
    IF NOT (CASE NEW.operation WHEN 'promptpay.block' THEN b.instruction_id = NEW.id AND b.state = 'submitted' ELSE b.lift_id = NEW.id AND b.state = 'lift_submitted' END) THEN
        RAISE EXCEPTION 'its block knows nothing of it' USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_is_its_subjects';
    END IF;
    SELECT coalesce(jsonb_agg(encode(f.sha256, 'hex') ORDER BY f.id), '[]') INTO files FROM block_files e JOIN files f ON f.id = e.file_id WHERE e.block_id = b.id;
    IF (asked ->> 'senderName', asked ->> 'senderKind', asked ->> 'reason', asked ->> 'note', (asked ->> 'owner')::uuid, (asked ->> 'reviewOn')::date, asked ->> 'liftReason', asked -> 'evidence')
       IS DISTINCT FROM (b.sender_name, b.sender_kind, b.reason, b.note, b.owner_id, b.review_on, CASE NEW.operation WHEN 'promptpay.unblock' THEN b.lift_reason ELSE '' END, files)
       OR EXISTS (SELECT FROM jsonb_object_keys(asked) AS k WHERE k NOT IN ('receiverProxyType', 'receiverProxyValue', 'senderProxyType', 'senderProxyValue',
            'senderName', 'senderKind', 'reason', 'note', 'owner', 'reviewOn', 'liftReason', 'evidence')) THEN
        RAISE EXCEPTION 'people see the block as it is' USING ERRCODE = 'check_violation', CONSTRAINT = 'people_see_the_block';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER people_see_the_block AFTER INSERT ON instructions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.operation IN ('promptpay.block', 'promptpay.unblock')) EXECUTE FUNCTION people_see_the_block();
-- +goose StatementBegin
CREATE FUNCTION block_keeps_its_authors() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    -- Whoever ends it did not necessarily write it: those who did may agree to that.
    IF NEW.operation = 'promptpay.block' THEN
        INSERT INTO instruction_authors (instruction_id, merchant_id, person_id)
        SELECT DISTINCT NEW.id, NEW.merchant_id, a.person FROM (
            SELECT unnest(b.editors) AS person FROM blocks b WHERE b.id = split_part(NEW.subject, '/', 2)::uuid
            UNION SELECT f.added_by FROM block_files f WHERE f.block_id = split_part(NEW.subject, '/', 2)::uuid) AS a
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- After the maker is among them, as with receipts.
CREATE TRIGGER its_block_keeps_its_authors AFTER INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation IN ('promptpay.block', 'promptpay.unblock')) EXECUTE FUNCTION block_keeps_its_authors();
-- A block follows only what was asked about itself.
-- +goose StatementBegin
CREATE FUNCTION block_follows_its_own_instruction() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM (VALUES (NEW.instruction_id, OLD.instruction_id, 'promptpay.block'), (NEW.lift_id, OLD.lift_id, 'promptpay.unblock')) AS n (now, was, operation)
        WHERE n.now IS DISTINCT FROM n.was AND NOT EXISTS (SELECT FROM instructions i WHERE i.id = n.now AND i.merchant_id = NEW.merchant_id AND i.part = 0
            AND i.operation = n.operation AND i.subject = 'block/' || NEW.id)) THEN
        RAISE EXCEPTION 'that was asked about something else' USING ERRCODE = 'check_violation', CONSTRAINT = 'follows_its_own_entry';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER block_follows_its_own_instruction BEFORE UPDATE ON blocks FOR EACH ROW
    WHEN ((NEW.instruction_id, NEW.lift_id) IS DISTINCT FROM (OLD.instruction_id, OLD.lift_id)) EXECUTE FUNCTION block_follows_its_own_instruction();

-- One look at the bank's list for one of our ids.
CREATE TABLE block_comparisons (
    id            uuid PRIMARY KEY,
    merchant_id   uuid NOT NULL REFERENCES merchants,
    promptpay_id  uuid NOT NULL,
    inquiry_id    uuid NOT NULL CONSTRAINT list_is_compared_once UNIQUE,
    listed        integer NOT NULL, -- how many the bank has
    in_force      integer NOT NULL, -- how many we have
    unknown_here  integer NOT NULL,
    missing_there integer NOT NULL,
    compared_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT block_comparison_and_merchant UNIQUE (id, merchant_id),
    FOREIGN KEY (promptpay_id, merchant_id) REFERENCES promptpay_ids (id, merchant_id),
    FOREIGN KEY (inquiry_id, merchant_id) REFERENCES inquiries (id, merchant_id)
);
CREATE INDEX block_comparisons_of_id ON block_comparisons (promptpay_id, id DESC);
-- +goose StatementBegin
CREATE FUNCTION comparison_is_the_workers() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF acting_person() IS NOT NULL OR NOT EXISTS (SELECT FROM inquiries q WHERE q.id = NEW.inquiry_id AND q.merchant_id = NEW.merchant_id AND q.operation = 'promptpay.blocked'
            AND q.subject = 'promptpayid/' || NEW.promptpay_id AND q.state = 'answered' AND q.status = NEW.listed::text) THEN
        RAISE EXCEPTION 'the worker compares what the bank answered' USING ERRCODE = 'check_violation', CONSTRAINT = 'comparison_is_the_workers';
    END IF;
    NEW.compared_at := now();
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER comparison_is_the_workers BEFORE INSERT ON block_comparisons FOR EACH ROW EXECUTE FUNCTION comparison_is_the_workers();
CREATE TRIGGER comparisons_never_change BEFORE UPDATE OR DELETE ON block_comparisons FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- In what the bank's list and ours do not agree, until it is decided or gone.
CREATE TABLE block_differences (
    id              uuid PRIMARY KEY,
    merchant_id     uuid NOT NULL REFERENCES merchants,
    promptpay_id    uuid NOT NULL,
    kind            text NOT NULL CONSTRAINT block_difference_kind_is_known CHECK (kind IN ('unknown_here', 'missing_there')),
    block_id        uuid,
    sender_kind     text NOT NULL,
    sender_value    text NOT NULL,
    bank_blocked_at timestamptz,
    comparison_id   uuid NOT NULL, -- the one that found it
    found_at        timestamptz NOT NULL DEFAULT now(),
    state           text NOT NULL DEFAULT 'open' CONSTRAINT block_difference_state_is_known CHECK (state IN ('open', 'adopted', 'undone', 'again', 'ended', 'gone')),
    decided_by      uuid REFERENCES people,
    decided_at      timestamptz,
    reason          text NOT NULL DEFAULT '' CONSTRAINT block_difference_reason_is_short CHECK (length(reason) <= 300),
    CONSTRAINT block_difference_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT block_difference_names_its_block CHECK ((block_id IS NULL) = (kind = 'unknown_here')),
    CONSTRAINT block_difference_is_decided_by_kind CHECK (state IN ('open', 'gone') OR (kind = 'unknown_here') = (state IN ('adopted', 'undone'))),
    CONSTRAINT block_difference_is_decided_by_somebody CHECK ((decided_by IS NULL) = (state IN ('open', 'gone')) AND (decided_at IS NULL) = (state = 'open')),
    CONSTRAINT block_difference_is_decided_with_a_reason CHECK (state IN ('open', 'gone') OR reason <> ''),
    FOREIGN KEY (promptpay_id, merchant_id) REFERENCES promptpay_ids (id, merchant_id),
    FOREIGN KEY (block_id, merchant_id) REFERENCES blocks (id, merchant_id),
    FOREIGN KEY (comparison_id, merchant_id) REFERENCES block_comparisons (id, merchant_id)
);
CREATE UNIQUE INDEX one_open_block_difference ON block_differences (promptpay_id, sender_kind, sender_value) WHERE state = 'open';
CREATE INDEX block_differences_by_state ON block_differences (merchant_id, state, id DESC);
CREATE INDEX block_differences_of_block ON block_differences (block_id) WHERE block_id IS NOT NULL;
-- +goose StatementBegin
CREATE FUNCTION block_difference_moves_as_listed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- xmin: the comparison was written by this very transaction.
        IF NEW.state <> 'open' OR acting_person() IS NOT NULL OR NOT EXISTS (SELECT FROM block_comparisons c WHERE c.id = NEW.comparison_id AND c.promptpay_id = NEW.promptpay_id
                AND c.xmin = pg_current_xact_id()::xid)
           OR NEW.kind = 'missing_there' AND NOT EXISTS (SELECT FROM blocks b WHERE b.id = NEW.block_id AND b.state = 'active'
                AND (b.promptpay_id, b.sender_kind, b.sender_value) = (NEW.promptpay_id, NEW.sender_kind, NEW.sender_value)) THEN
            RAISE EXCEPTION 'the bank''s list shows a difference' USING ERRCODE = 'check_violation', CONSTRAINT = 'block_difference_is_shown_by_the_bank';
        END IF;
        NEW.found_at := now();
        RETURN NEW;
    END IF;
    IF OLD.state <> 'open'
       OR (NEW.id, NEW.merchant_id, NEW.promptpay_id, NEW.kind, NEW.block_id, NEW.sender_kind, NEW.sender_value, NEW.bank_blocked_at, NEW.comparison_id, NEW.found_at)
          IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.promptpay_id, OLD.kind, OLD.block_id, OLD.sender_kind, OLD.sender_value, OLD.bank_blocked_at, OLD.comparison_id, OLD.found_at)
       OR NEW.state = 'open' OR NEW.state = 'gone' AND acting_person() IS NOT NULL
       OR NEW.state NOT IN ('open', 'gone') AND (NEW.decided_by IS DISTINCT FROM acting_person() OR NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker'), false)) THEN
        RAISE EXCEPTION 'an open difference is decided once, by a maker' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'block_difference_moves_as_listed';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER block_difference_moves_as_listed BEFORE INSERT OR UPDATE ON block_differences FOR EACH ROW EXECUTE FUNCTION block_difference_moves_as_listed();
CREATE TRIGGER block_differences_are_not_deleted BEFORE DELETE ON block_differences FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- Of what was decided, something follows before the transaction ends: a block
-- that stands for it, or one that has ended.
-- +goose StatementBegin
CREATE FUNCTION decision_is_followed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT (CASE NEW.state
        WHEN 'adopted' THEN EXISTS (SELECT FROM blocks b WHERE b.origin = 'bank' AND b.standing <> 'ended' AND (b.promptpay_id, b.sender_kind, b.sender_value) = (NEW.promptpay_id, NEW.sender_kind, NEW.sender_value))
        WHEN 'undone' THEN EXISTS (SELECT FROM blocks b WHERE b.origin = 'bank' AND b.state = 'lift_submitted' AND (b.promptpay_id, b.sender_kind, b.sender_value) = (NEW.promptpay_id, NEW.sender_kind, NEW.sender_value))
        WHEN 'again' THEN EXISTS (SELECT FROM blocks b WHERE b.follows_id = NEW.block_id AND b.state = 'submitted')
        ELSE EXISTS (SELECT FROM blocks b WHERE b.id = NEW.block_id AND b.state = 'ended') END) THEN
        RAISE EXCEPTION 'nothing follows from it' USING ERRCODE = 'check_violation', CONSTRAINT = 'decision_is_followed';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER decision_is_followed AFTER UPDATE ON block_differences DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.state IN ('adopted', 'undone', 'again', 'ended') AND OLD.state = 'open') EXECUTE FUNCTION decision_is_followed();

-- The bank's list is asked for by one of our own ids: to compare it, or for one
-- block whose outcome is unclear.
-- +goose StatementBegin
CREATE FUNCTION inquiry_is_about_ones_own_id() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT content_names_once(convert_from(NEW.payload, 'UTF8')::json) OR NOT EXISTS (
        SELECT FROM promptpay_ids p WHERE p.merchant_id = NEW.merchant_id
            AND convert_from(NEW.payload, 'UTF8')::jsonb = jsonb_build_object('receiverProxyType', block_proxy_type(p.kind), 'receiverProxyValue', p.value)
            AND (NEW.subject = 'promptpayid/' || p.id OR EXISTS (SELECT FROM blocks b WHERE b.promptpay_id = p.id AND NEW.subject = 'block/' || b.id))) THEN
        RAISE EXCEPTION 'a question is about an id of one''s own' USING ERRCODE = 'check_violation', CONSTRAINT = 'inquiry_is_about_ones_own';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER inquiry_is_about_ones_own_id BEFORE INSERT ON inquiries FOR EACH ROW
    WHEN (NEW.operation = 'promptpay.blocked') EXECUTE FUNCTION inquiry_is_about_ones_own_id();

-- An unclear outcome is settled by the bank's list, held against what was
-- wanted. Asking again for what is there already changes nothing at the bank, so
-- that a list which was read too early leads to a repetition and no harm.
INSERT INTO settling_words VALUES
    ('promptpay.block', 'promptpay.blocked', 'BLOCKED', 'done'), ('promptpay.block', 'promptpay.blocked', 'UNBLOCKED', 'failed'),
    ('promptpay.unblock', 'promptpay.blocked', 'UNBLOCKED', 'done'), ('promptpay.unblock', 'promptpay.blocked', 'BLOCKED', 'failed');

-- A page of ids of the acting merchant's blocks, in order, after a place. The
-- words are looked for in names, ids and notes.
-- +goose StatementBegin
CREATE FUNCTION blocks_listed(shown text, of_reason text, of_owner uuid, of_id uuid, typed text, place text, place_id uuid, at_most integer) RETURNS TABLE (block_id uuid)
LANGUAGE plpgsql STABLE ROWS 60 SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
    patterns text[] := buyer_patterns(typed);
    wanted   text := '';
    due      boolean := shown = 'due';
BEGIN
    IF shown NOT IN ('', 'in_force', 'waiting', 'draft', 'ended', 'due', 'elsewhere') OR at_most IS NULL THEN
        RAISE EXCEPTION 'no such list' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    wanted := CASE shown WHEN '' THEN '' WHEN 'due' THEN ' AND b.state = ''active'' AND b.review_on <= (now() AT TIME ZONE ''Asia/Bangkok'')::date'
        WHEN 'elsewhere' THEN ' AND b.origin = ''bank''' ELSE ' AND b.standing = $2' END
        || CASE WHEN of_reason <> '' THEN ' AND b.reason = $3' ELSE '' END || CASE WHEN of_owner IS NOT NULL THEN ' AND b.owner_id = $4' ELSE '' END
        || CASE WHEN of_id IS NOT NULL THEN ' AND b.promptpay_id = $9' ELSE '' END
        || CASE WHEN patterns <> '{}' THEN ' AND b.words LIKE $5[1] AND b.words LIKE ALL ($5)' ELSE '' END
        || CASE WHEN place_id IS NULL THEN '' WHEN due THEN ' AND (b.review_on, b.id) > ($6::date, $7)' ELSE ' AND b.id < $7' END;
    RETURN QUERY EXECUTE format('SELECT b.id FROM blocks b WHERE b.merchant_id = $1%s ORDER BY %s LIMIT $8', wanted, CASE WHEN due THEN 'b.review_on, b.id' ELSE 'b.id DESC' END)
        USING acting_merchant(), shown, of_reason, of_owner, patterns, place, place_id, at_most, of_id;
END $$;
-- +goose StatementEnd
-- How many there are of each list, up to one more than a thousand.
-- +goose StatementBegin
CREATE FUNCTION blocks_counted() RETURNS TABLE (shown text, number bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET enable_seqscan = off AS $$
    SELECT k.shown, (SELECT count(*) FROM (SELECT FROM blocks b WHERE b.merchant_id = acting_merchant() AND b.standing = k.shown LIMIT 1001) AS counted)
    FROM unnest(ARRAY['in_force', 'waiting', 'draft', 'ended']) AS k (shown)
    UNION ALL SELECT 'due', (SELECT count(*) FROM (SELECT FROM blocks b WHERE b.merchant_id = acting_merchant() AND b.state = 'active'
        AND b.review_on <= (now() AT TIME ZONE 'Asia/Bangkok')::date LIMIT 1001) AS counted)
    UNION ALL SELECT 'elsewhere', (SELECT count(*) FROM (SELECT FROM blocks b WHERE b.merchant_id = acting_merchant() AND b.origin = 'bank' LIMIT 1001) AS counted)
$$;
-- +goose StatementEnd

SELECT audit_table('blocks', 'block', 'id'), audit_table('block_files', 'block', 'block_id'), audit_table('block_differences', 'block_difference', 'id'),
    audit_table('block_comparisons', 'block_comparison', 'id');
SELECT isolate_merchants(t) FROM unnest(ARRAY['blocks', 'block_files', 'block_comparisons', 'block_differences']) AS t;
-- As in 0032: through the web process somebody acts, and the worker acts for nobody.
-- +goose StatementBegin
DO $$
DECLARE
    written text;
BEGIN
    FOREACH written IN ARRAY ARRAY['blocks', 'block_files', 'block_comparisons', 'block_differences'] LOOP
        EXECUTE format('CREATE POLICY somebody_acts_here ON %I AS RESTRICTIVE FOR INSERT TO portal_web WITH CHECK ((SELECT acting_person()) IS NOT NULL)', written);
        EXECUTE format('CREATE POLICY somebody_changes_it ON %I AS RESTRICTIVE FOR UPDATE TO portal_web USING (true) WITH CHECK ((SELECT acting_person()) IS NOT NULL)', written);
        EXECUTE format('CREATE POLICY the_worker_is_nobody ON %I AS RESTRICTIVE FOR INSERT TO portal_worker WITH CHECK ((SELECT acting_person()) IS NULL)', written);
        EXECUTE format('CREATE POLICY the_worker_changes_as_nobody ON %I AS RESTRICTIVE FOR UPDATE TO portal_worker USING (true) WITH CHECK ((SELECT acting_person()) IS NULL)', written);
    END LOOP;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION block_state_follows, block_proxy_type, blocks_listed, blocks_counted FROM PUBLIC;
GRANT EXECUTE ON FUNCTION blocks_listed, blocks_counted TO portal_web;
GRANT SELECT ON blocks, block_files, block_comparisons, block_differences TO portal_web, portal_worker;
GRANT INSERT (id, merchant_id, promptpay_id, sender_kind, sender_value, sender_name, reason, note, owner_id, review_on, origin, alert_id, follows_id, import_id, state,
    created_by, editors, bank_blocked_at) ON blocks TO portal_web;
GRANT UPDATE (promptpay_id, sender_kind, sender_value, sender_name, reason, note, owner_id, review_on, state, version, edited_at, editors, instruction_id, lift_id, lift_reason,
    failure_code, ended_cause) ON blocks TO portal_web;
GRANT UPDATE (state, failure_code, ended_cause, bank_blocked_at, asks, ask_at, reminded_on) ON blocks TO portal_worker;
GRANT INSERT (block_id, file_id, merchant_id, added_by) ON block_files TO portal_web;
GRANT INSERT (id, merchant_id, promptpay_id, inquiry_id, listed, in_force, unknown_here, missing_there) ON block_comparisons TO portal_worker;
GRANT INSERT (id, merchant_id, promptpay_id, kind, block_id, sender_kind, sender_value, bank_blocked_at, comparison_id) ON block_differences TO portal_worker;
GRANT UPDATE (state, decided_at) ON block_differences TO portal_worker;
GRANT UPDATE (state, decided_by, decided_at, reason) ON block_differences TO portal_web;

-- Lists of senders are imported as bills and buyers are.
ALTER TABLE import_items ADD COLUMN block_id uuid, ADD FOREIGN KEY (block_id, merchant_id) REFERENCES blocks (id, merchant_id);
GRANT UPDATE (block_id) ON import_items TO portal_web;
ALTER TABLE import_items DROP CONSTRAINT import_item_is_made_or_not;
ALTER TABLE import_items ADD CONSTRAINT import_item_is_made_or_not CHECK ((standing = 'made') = (num_nonnulls(presentment_id, buyer_id, payment_id, debit_id, payer_id, request_id, block_id) = 1));
