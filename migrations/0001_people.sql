-- People, the merchants they work for, and their sessions.
--
-- Roles: the owner runs migrations and nothing else. The processes run as the
-- group roles below, either because their login is a member and asks for the
-- role at connect, or because their login has no other rights at all.

-- +goose Up
-- +goose StatementBegin
DO $$
DECLARE r text;
BEGIN
    FOREACH r IN ARRAY ARRAY['portal_web', 'portal_worker', 'portal_sequencer'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', r);
        END IF;
        IF NOT pg_has_role(current_user, r, 'MEMBER') THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', r);
        END IF;
        EXECUTE format('GRANT USAGE ON SCHEMA public TO %I', r);
    END LOOP;
END $$;
-- +goose StatementEnd

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- The merchant and the person a transaction acts for. Empty means none, and
-- then row-level security shows no merchant's rows.
-- +goose StatementBegin
CREATE FUNCTION acting_merchant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('portal.merchant', true), '')::uuid $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION acting_person() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('portal.person', true), '')::uuid $$;
-- +goose StatementEnd

CREATE TABLE merchants (
    id             uuid PRIMARY KEY,
    name_th        text NOT NULL,
    name_en        text NOT NULL,
    tax_id         text NOT NULL CONSTRAINT merchant_tax_id_has_13_digits CHECK (tax_id ~ '^[0-9]{13}$'),
    branch         text NOT NULL DEFAULT '00000' CONSTRAINT merchant_branch_has_5_digits CHECK (branch ~ '^[0-9]{5}$'),
    address        text NOT NULL,
    account_number text NOT NULL CONSTRAINT merchant_account_has_10_digits CHECK (account_number ~ '^[0-9]{10}$'),
    created_at     timestamptz NOT NULL DEFAULT now()
);

-- A person is a human being. Approvals count people, so one human with two
-- accounts counts once.
CREATE TABLE people (
    id           uuid PRIMARY KEY,
    name         text NOT NULL,
    lang         text NOT NULL DEFAULT 'th' CONSTRAINT person_lang_is_known CHECK (lang IN ('th', 'en')),
    buddhist_era boolean NOT NULL DEFAULT true,
    theme        text NOT NULL DEFAULT 'system' CONSTRAINT person_theme_is_known CHECK (theme IN ('system', 'light', 'dark')),
    disabled_at  timestamptz,
    created_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE accounts (
    id            uuid PRIMARY KEY,
    person_id     uuid NOT NULL REFERENCES people,
    email         text NOT NULL CONSTRAINT account_email_is_lower_case CHECK (email = lower(email)),
    password_hash text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT account_email_is_unique UNIQUE (email)
);

CREATE TABLE memberships (
    merchant_id uuid NOT NULL REFERENCES merchants,
    person_id   uuid NOT NULL REFERENCES people,
    duties      text[] NOT NULL,
    granted_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (merchant_id, person_id),
    CONSTRAINT membership_duties_are_known CHECK (duties <@ ARRAY['maker', 'checker', 'auditor', 'admin'] AND cardinality(duties) > 0),
    -- Who hands out duties must not be able to approve.
    CONSTRAINT administrator_does_not_approve CHECK (NOT (duties @> ARRAY['admin', 'checker']))
);
CREATE INDEX memberships_of_person ON memberships (person_id);

-- The cookie holds a random token; only its hash is kept here, so that a copy
-- of the table signs nobody in. Deleting the row ends the session.
CREATE TABLE sessions (
    token_hash  bytea PRIMARY KEY,
    id          uuid NOT NULL UNIQUE,
    person_id   uuid REFERENCES people,
    merchant_id uuid REFERENCES merchants,
    data        bytea NOT NULL,
    address     text NOT NULL,
    user_agent  text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    seen_at     timestamptz NOT NULL DEFAULT now(),
    expires_at  timestamptz NOT NULL,
    CONSTRAINT session_ends_within_a_day CHECK (expires_at <= created_at + interval '1 day')
);
CREATE INDEX sessions_of_person ON sessions (person_id);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Failed sign-ins, counted per account name and per network, so that several
-- web processes share one limit.
CREATE TABLE sign_in_failures (
    bucket text NOT NULL,
    at     timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sign_in_failures_recent ON sign_in_failures (bucket, at);

-- How many people must approve. Rows are versions; the newest is in force.
CREATE TABLE policies (
    merchant_id      uuid NOT NULL REFERENCES merchants,
    version          integer NOT NULL,
    approvals_needed smallint NOT NULL CONSTRAINT policy_needs_an_approval CHECK (approvals_needed BETWEEN 1 AND 5),
    valid_for        interval NOT NULL DEFAULT '72 hours',
    set_at           timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (merchant_id, version)
);

ALTER TABLE memberships ENABLE ROW LEVEL SECURITY;
ALTER TABLE memberships FORCE ROW LEVEL SECURITY;
CREATE POLICY merchant_or_self ON memberships TO portal_web
    USING (merchant_id = (SELECT acting_merchant()) OR person_id = (SELECT acting_person()));
ALTER TABLE merchants ENABLE ROW LEVEL SECURITY;
ALTER TABLE merchants FORCE ROW LEVEL SECURITY;
CREATE POLICY acting_or_own ON merchants FOR SELECT TO portal_web
    USING (id = (SELECT acting_merchant())
           OR id IN (SELECT merchant_id FROM memberships WHERE person_id = (SELECT acting_person())));
CREATE POLICY worker ON merchants FOR SELECT TO portal_worker USING (true);
-- +goose StatementBegin
DO $$ BEGIN EXECUTE format('CREATE POLICY owner_maintains ON merchants TO %I USING (true)', current_user); END $$;
-- +goose StatementEnd

-- The worker reads duties for its last gate before the call.
CREATE POLICY worker ON memberships FOR SELECT TO portal_worker USING (true);
-- +goose StatementBegin
DO $$ BEGIN EXECUTE format('CREATE POLICY owner_maintains ON memberships TO %I USING (true)', current_user); END $$;
-- +goose StatementEnd

GRANT SELECT ON merchants, people, memberships, policies TO portal_web, portal_worker;
GRANT SELECT ON accounts TO portal_web;
GRANT UPDATE (lang, buddhist_era, theme) ON people TO portal_web;
GRANT UPDATE (password_hash) ON accounts TO portal_web;
GRANT SELECT, INSERT, UPDATE (token_hash, merchant_id, data, seen_at), DELETE ON sessions TO portal_web;
GRANT SELECT, INSERT, DELETE ON sign_in_failures TO portal_web;
-- The processes look at start whether the schema is up to date.
GRANT SELECT ON goose_db_version TO portal_web, portal_worker, portal_sequencer;
