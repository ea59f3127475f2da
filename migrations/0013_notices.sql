-- What people are told, what the home page counts, and what a search finds
-- besides bills.

-- +goose Up

-- A notice tells one person of one leaf of the audit trail. It follows the
-- trail and is no evidence itself: it can be told again from there.
CREATE TABLE notices (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    person_id   uuid NOT NULL REFERENCES people,
    leaf_id     uuid NOT NULL REFERENCES audit_leaves,
    kind        text NOT NULL CONSTRAINT notice_kind_is_a_word CHECK (kind ~ '^[a-z_]{1,40}$'),
    -- Where it leads, and the words of its sentence.
    subject     text NOT NULL,
    words       jsonb NOT NULL CONSTRAINT notice_words_are_an_object CHECK (jsonb_typeof(words) = 'object'),
    at          timestamptz NOT NULL DEFAULT now(),
    read_at     timestamptz,
    mail_id     uuid,
    CONSTRAINT notice_is_given_once UNIQUE (leaf_id, person_id, kind)
);
CREATE INDEX notices_of_person ON notices (merchant_id, person_id, at DESC, id DESC);
CREATE INDEX notices_unread ON notices (merchant_id, person_id, at DESC, id DESC) WHERE read_at IS NULL;
CREATE INDEX notices_of_subject ON notices (subject, kind);
CREATE INDEX notices_of_mail ON notices (mail_id) WHERE mail_id IS NOT NULL;

-- The queue of mails. It holds no text: a mail is written when it is sent,
-- from the notices that belong to it.
CREATE TABLE mails (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    person_id   uuid NOT NULL REFERENCES people,
    -- The day of a digest; nothing for a mail about one notice.
    digest_on   date,
    created_at  timestamptz NOT NULL DEFAULT now(),
    next_at     timestamptz NOT NULL,
    tries       smallint NOT NULL DEFAULT 0,
    sent_at     timestamptz,
    dead_at     timestamptz,
    error       text NOT NULL DEFAULT '',
    CONSTRAINT digest_is_made_once UNIQUE (merchant_id, person_id, digest_on),
    CONSTRAINT mail_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT mail_ends_once CHECK (sent_at IS NULL OR dead_at IS NULL)
);
CREATE INDEX mails_to_send ON mails (next_at, id) WHERE sent_at IS NULL AND dead_at IS NULL;
CREATE INDEX mails_dead ON mails (merchant_id, dead_at DESC, id DESC) WHERE dead_at IS NOT NULL;
ALTER TABLE notices ADD FOREIGN KEY (mail_id, merchant_id) REFERENCES mails (id, merchant_id);

-- What a person chose. Whoever never chose has no row.
CREATE TABLE notice_settings (
    person_id  uuid PRIMARY KEY REFERENCES people,
    mail       boolean NOT NULL,
    -- Kind of notice to "now", "digest" or "off"; what is missing is as usual.
    choices    jsonb NOT NULL CONSTRAINT notice_choices_are_an_object CHECK (jsonb_typeof(choices) = 'object'),
    -- Hours of the day in Bangkok between which no mail is sent; both the same: always.
    quiet_from smallint NOT NULL CONSTRAINT quiet_from_is_an_hour CHECK (quiet_from BETWEEN 0 AND 23),
    quiet_to   smallint NOT NULL CONSTRAINT quiet_to_is_an_hour CHECK (quiet_to BETWEEN 0 AND 23)
);

-- How far the trail has been told.
CREATE TABLE notice_cursor (
    sole     boolean PRIMARY KEY DEFAULT true CONSTRAINT there_is_one_cursor CHECK (sole),
    next_idx bigint NOT NULL
);
-- Nobody is told of what happened before there were notices.
INSERT INTO notice_cursor (next_idx) SELECT coalesce(max(idx) + 1, 0) FROM audit_leaves;

-- When somebody is to be reminded of what runs out of time. A row goes with
-- the transaction that gives its notices.
CREATE TABLE notice_reminders (
    leaf_id        uuid NOT NULL REFERENCES audit_leaves,
    kind           text NOT NULL,
    merchant_id    uuid NOT NULL,
    instruction_id uuid NOT NULL,
    due_at         timestamptz NOT NULL,
    PRIMARY KEY (leaf_id, kind),
    FOREIGN KEY (instruction_id, merchant_id) REFERENCES instructions (id, merchant_id)
);
CREATE INDEX notice_reminders_due ON notice_reminders (due_at);

SELECT isolate_merchants(t) FROM unnest(ARRAY['notices', 'mails']) AS t;
-- A notice is between the portal and one person.
CREATE POLICY own ON notices AS RESTRICTIVE TO portal_web USING (person_id = (SELECT acting_person()));
ALTER TABLE notice_settings ENABLE ROW LEVEL SECURITY;
ALTER TABLE notice_settings FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON notice_settings TO portal_web USING (person_id = (SELECT acting_person()));
CREATE POLICY worker ON notice_settings FOR SELECT TO portal_worker USING (true);
-- +goose StatementBegin
DO $$ BEGIN EXECUTE format('CREATE POLICY owner_maintains ON notice_settings TO %I USING (true)', current_user); END $$;
-- +goose StatementEnd

GRANT SELECT, INSERT ON notices, mails, notice_reminders TO portal_worker;
GRANT UPDATE (due_at), DELETE ON notice_reminders TO portal_worker;
GRANT SELECT, UPDATE ON notice_cursor TO portal_worker;
GRANT UPDATE (next_at, tries, sent_at, dead_at, error) ON mails TO portal_worker;
GRANT SELECT ON notice_settings TO portal_worker;
-- Whom a mail goes to, and nothing else of the account.
GRANT SELECT (person_id, email, created_at) ON accounts TO portal_worker;
GRANT SELECT ON notices, mails TO portal_web;
GRANT UPDATE (read_at) ON notices TO portal_web;
-- An administrator has a dead mail tried again; the rest is the worker's, who
-- acts for no merchant.
-- +goose StatementBegin
CREATE FUNCTION mail_is_revived_on_duty() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF acting_merchant() IS NOT NULL AND (OLD.dead_at IS NULL OR NEW.dead_at IS NOT NULL OR NOT has_duty(NEW.merchant_id, acting_person(), 'admin')) THEN
        RAISE EXCEPTION 'only an administrator has a mail tried again, and only one that was given up'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'mail_is_revived_on_duty';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER mail_is_revived_on_duty BEFORE UPDATE ON mails FOR EACH ROW EXECUTE FUNCTION mail_is_revived_on_duty();
GRANT UPDATE (next_at, tries, dead_at, error) ON mails TO portal_web;
GRANT SELECT, INSERT, UPDATE (mail, choices, quiet_from, quiet_to) ON notice_settings TO portal_web;

-- The home page's figures. A change of a bill adds rows of what it took away
-- and what it added, which no other change waits for; the worker adds them up
-- from time to time. A figure is what was added up plus what was not yet.
CREATE TABLE bill_tallies (
    merchant_id uuid NOT NULL REFERENCES merchants,
    measure     text NOT NULL CONSTRAINT bill_measure_is_known CHECK (measure IN ('state', 'month', 'due')),
    state       text NOT NULL,
    on_day      date NOT NULL,
    number      bigint NOT NULL,
    satang      bigint NOT NULL,
    PRIMARY KEY (merchant_id, measure, state, on_day)
);
CREATE TABLE bill_changes (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    merchant_id uuid NOT NULL,
    state       text NOT NULL,
    document_on date NOT NULL,
    due_on      date NOT NULL,
    owed        boolean NOT NULL, -- not known to be paid: what is paid is never due
    number      bigint NOT NULL,
    satang      bigint NOT NULL
);
CREATE INDEX bill_changes_of_merchant ON bill_changes (merchant_id);
CREATE TABLE approval_tallies (
    merchant_id uuid NOT NULL REFERENCES merchants,
    on_day      date NOT NULL,
    person_id   uuid NOT NULL REFERENCES people,
    number      bigint NOT NULL,
    PRIMARY KEY (merchant_id, on_day, person_id)
);
SELECT isolate_merchants(t) FROM unnest(ARRAY['bill_tallies', 'bill_changes', 'approval_tallies']) AS t;
GRANT SELECT ON bill_tallies, bill_changes, approval_tallies TO portal_web;

-- +goose StatementBegin
CREATE FUNCTION bill_is_tallied() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.state, NEW.document_on, NEW.due_on, NEW.buyer_decision, NEW.total_satang)
        IS NOT DISTINCT FROM (OLD.state, OLD.document_on, OLD.due_on, OLD.buyer_decision, OLD.total_satang) THEN
        RETURN NULL;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO bill_changes (merchant_id, state, document_on, due_on, owed, number, satang)
        VALUES (OLD.merchant_id, OLD.state, OLD.document_on, OLD.due_on, OLD.buyer_decision <> 'paid', -1, -OLD.total_satang);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO bill_changes (merchant_id, state, document_on, due_on, owed, number, satang)
        VALUES (NEW.merchant_id, NEW.state, NEW.document_on, NEW.due_on, NEW.buyer_decision <> 'paid', 1, NEW.total_satang);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- One person's approvals of a day, each submission once. Only their own wait
-- for each other here.
-- +goose StatementBegin
CREATE FUNCTION approval_is_tallied() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO approval_tallies (merchant_id, on_day, person_id, number)
    SELECT NEW.merchant_id, (NEW.at AT TIME ZONE 'Asia/Bangkok')::date, NEW.person_id, 1
    FROM instructions WHERE id = NEW.instruction_id AND part = 0
    ON CONFLICT (merchant_id, on_day, person_id) DO UPDATE SET number = approval_tallies.number + 1;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- Adds up at most so many changes and returns how many there were.
-- +goose StatementBegin
CREATE FUNCTION add_up_bills(at_most integer) RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    added integer;
BEGIN
    IF NOT pg_try_advisory_xact_lock(7221044) THEN
        RETURN 0; -- another worker is at it
    END IF;
    WITH taken AS (
        DELETE FROM bill_changes WHERE id IN (SELECT id FROM bill_changes ORDER BY id LIMIT at_most) RETURNING *
    ), counted AS (
        SELECT count(*)::integer AS number FROM taken
    ), upserted AS (
        INSERT INTO bill_tallies AS t (merchant_id, measure, state, on_day, number, satang)
        SELECT merchant_id, m.measure, state, m.on_day, sum(number), sum(satang)
        FROM taken CROSS JOIN LATERAL (VALUES
            ('state', date '0001-01-01'), ('month', date_trunc('month', document_on)::date), ('due', due_on)) AS m (measure, on_day)
        WHERE m.measure <> 'due' OR owed
        GROUP BY merchant_id, m.measure, state, m.on_day
        ON CONFLICT (merchant_id, measure, state, on_day) DO UPDATE SET number = t.number + excluded.number, satang = t.satang + excluded.satang
    )
    SELECT number INTO added FROM counted;
    RETURN added;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION add_up_bills FROM PUBLIC;
GRANT EXECUTE ON FUNCTION add_up_bills TO portal_worker;

-- The triggers come first: creating them keeps others from writing until the
-- bills that are there have been added up.
CREATE TRIGGER bill_is_tallied AFTER INSERT OR UPDATE OR DELETE ON presentments FOR EACH ROW EXECUTE FUNCTION bill_is_tallied();
CREATE TRIGGER approval_is_tallied AFTER INSERT ON approvals FOR EACH ROW EXECUTE FUNCTION approval_is_tallied();
INSERT INTO bill_tallies (merchant_id, measure, state, on_day, number, satang)
    SELECT merchant_id, m.measure, state, m.on_day, count(*), sum(total_satang)
    FROM presentments CROSS JOIN LATERAL (VALUES
        ('state', date '0001-01-01'), ('month', date_trunc('month', document_on)::date), ('due', due_on)) AS m (measure, on_day)
    WHERE m.measure <> 'due' OR buyer_decision <> 'paid'
    GROUP BY merchant_id, m.measure, state, m.on_day;
INSERT INTO approval_tallies (merchant_id, on_day, person_id, number)
    SELECT a.merchant_id, (a.at AT TIME ZONE 'Asia/Bangkok')::date, a.person_id, count(*)
    FROM approvals a JOIN instructions i ON i.id = a.instruction_id WHERE i.part = 0 GROUP BY 1, 2, 3;

-- The work queue asks what should have moved on.
CREATE INDEX instructions_on_their_way ON instructions (merchant_id, state_since, id) WHERE state IN ('approved', 'sending');

-- What a search finds by more than words.
CREATE INDEX presentments_by_total ON presentments (merchant_id, total_satang, document_on DESC, id DESC);
CREATE INDEX presentments_by_due ON presentments (merchant_id, due_on, id DESC);
CREATE INDEX instructions_by_reference ON instructions (merchant_id, bank_reference) WHERE bank_reference <> '';
CREATE INDEX presentment_documents_of_file ON presentment_documents (file_id);
CREATE INDEX imports_of_file ON imports (file_id);
CREATE INDEX exchanges_by_transaction ON exchanges (merchant_id, transaction_id);

-- Names of files, apart from their table for the same reason as the words of
-- bills: under a row-level policy LIKE uses no index.
CREATE TABLE file_search (
    file_id     uuid PRIMARY KEY REFERENCES files,
    merchant_id uuid NOT NULL,
    uploaded_at timestamptz NOT NULL,
    words       text NOT NULL
);
CREATE INDEX file_search_words ON file_search USING gin (words gin_trgm_ops);
CREATE INDEX file_search_by_time ON file_search (merchant_id, uploaded_at DESC, file_id DESC);
-- +goose StatementBegin
CREATE FUNCTION file_is_searchable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO file_search (file_id, merchant_id, uploaded_at, words) VALUES (NEW.id, NEW.merchant_id, NEW.uploaded_at, lower(NEW.name));
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER file_is_searchable AFTER INSERT ON files FOR EACH ROW EXECUTE FUNCTION file_is_searchable();
INSERT INTO file_search (file_id, merchant_id, uploaded_at, words) SELECT id, merchant_id, uploaded_at, lower(name) FROM files;

-- Ids of the acting merchant's files whose names match, newest first.
-- +goose StatementBegin
CREATE FUNCTION files_matching(pattern text, at_most integer) RETURNS TABLE (file_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    merchant uuid := acting_merchant();
BEGIN
    RETURN QUERY
        SELECT s.file_id FROM file_search s WHERE s.merchant_id = merchant AND s.words LIKE pattern
        ORDER BY s.uploaded_at DESC, s.file_id DESC LIMIT at_most;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION files_matching FROM PUBLIC;
GRANT EXECUTE ON FUNCTION files_matching TO portal_web;

-- The worker tells whoever may decide next.
GRANT EXECUTE ON FUNCTION hats_of TO portal_worker;
