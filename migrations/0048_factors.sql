-- Second factors: authenticator apps, passkeys and recovery codes; the step
-- between a right password and a session; the browsers people use; and who is
-- who at the company's own sign-in. The way back for whoever has lost everything
-- is a link that two administrators agree on (0047).
--
-- All of it belongs to a person, not to a merchant: whoever works for two has
-- one set of factors.

-- +goose Up

-- An app's key is its secret, sealed to the row; a passkey's is its public one.
CREATE TABLE factors (
    id            uuid PRIMARY KEY,
    person_id     uuid NOT NULL REFERENCES people,
    kind          text NOT NULL CONSTRAINT factor_kind_is_known CHECK (kind IN ('totp', 'passkey')),
    name          text NOT NULL CONSTRAINT factor_has_a_short_name CHECK (char_length(name) BETWEEN 1 AND 60),
    key           bytea NOT NULL CONSTRAINT factor_key_is_bounded CHECK (octet_length(key) BETWEEN 16 AND 4096),
    -- What the browser calls a passkey, and what the library keeps of it.
    credential_id bytea CONSTRAINT passkey_is_known_once UNIQUE,
    credential    jsonb CONSTRAINT credential_is_bounded CHECK (octet_length(credential::text) <= 16384),
    -- The newest half minute whose code was taken: none counts twice.
    last_step     bigint NOT NULL DEFAULT 0,
    created_at    timestamptz NOT NULL DEFAULT now(),
    -- An app counts once a code of it was typed.
    confirmed_at  timestamptz,
    used_at       timestamptz,
    CONSTRAINT passkey_is_whole CHECK ((kind = 'passkey') = (credential_id IS NOT NULL) AND (kind = 'passkey') = (credential IS NOT NULL))
);
CREATE INDEX factors_of_person ON factors (person_id);
CREATE UNIQUE INDEX one_app_of_each_kind ON factors (person_id, (confirmed_at IS NULL)) WHERE kind = 'totp';

-- A copy of the table opens nothing: a code has 80 bits, and only its hash is here.
CREATE TABLE recovery_codes (
    person_id uuid NOT NULL REFERENCES people,
    hash      bytea NOT NULL CONSTRAINT recovery_code_hash_has_32_bytes CHECK (octet_length(hash) = 32),
    made_at   timestamptz NOT NULL DEFAULT now(),
    used_at   timestamptz,
    PRIMARY KEY (person_id, hash)
);

-- A code is used once, and whatever was used stays used.
-- +goose StatementBegin
CREATE FUNCTION factor_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.last_step < OLD.last_step OR NEW.person_id <> OLD.person_id OR NEW.kind <> OLD.kind OR NEW.key <> OLD.key
       OR NEW.credential_id IS DISTINCT FROM OLD.credential_id OR OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at THEN
        RAISE EXCEPTION 'a factor keeps its key and never takes an old code'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'factor_goes_forward';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER factor_goes_forward BEFORE UPDATE ON factors FOR EACH ROW EXECUTE FUNCTION factor_goes_forward();
-- +goose StatementBegin
CREATE FUNCTION recovery_code_is_used_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.used_at IS NOT NULL OR NEW.used_at IS NULL OR NEW.hash <> OLD.hash OR NEW.person_id <> OLD.person_id THEN
        RAISE EXCEPTION 'a recovery code is used once'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'recovery_code_is_used_once';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER recovery_code_is_used_once BEFORE UPDATE ON recovery_codes FOR EACH ROW EXECUTE FUNCTION recovery_code_is_used_once();

-- What a browser is in the middle of before it is signed in. Its cookie never
-- becomes a session's; the row goes with its first success.
CREATE TABLE sign_in_steps (
    token_hash bytea PRIMARY KEY,
    person_id  uuid REFERENCES people,
    data       bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT sign_in_step_ends_within_the_hour CHECK (expires_at <= created_at + interval '1 hour')
);
CREATE INDEX sign_in_steps_by_expiry ON sign_in_steps (expires_at);

-- The browsers in which a person has signed in. One that is new may be kept
-- from approving for a while.
CREATE TABLE devices (
    id            uuid PRIMARY KEY,
    person_id     uuid NOT NULL REFERENCES people,
    mark_hash     bytea NOT NULL,
    name          text NOT NULL DEFAULT '' CONSTRAINT device_name_is_short CHECK (char_length(name) <= 60),
    user_agent    text NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    last_seen_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT device_is_known_once UNIQUE (person_id, mark_hash)
);
ALTER TABLE sessions ADD COLUMN device_id uuid REFERENCES devices ON DELETE SET NULL;
CREATE INDEX sessions_of_device ON sessions (device_id);

-- Ends every session of a colleague: for administrators of a merchant they work for.
-- +goose StatementBegin
CREATE FUNCTION end_sessions_of(colleague uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    n bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM memberships WHERE merchant_id = acting_merchant() AND person_id = acting_person() AND 'admin' = ANY (duties))
       OR NOT EXISTS (SELECT FROM memberships WHERE merchant_id = acting_merchant() AND person_id = colleague) THEN
        RETURN NULL;
    END IF;
    DELETE FROM sign_in_steps WHERE person_id = colleague;
    DELETE FROM sessions WHERE person_id = colleague;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END $$;
-- +goose StatementEnd

-- What an administrator may know of a colleague's factors: which and since when.
-- +goose StatementBegin
CREATE FUNCTION factors_of(colleague uuid) RETURNS TABLE (kind text, confirmed_at timestamptz, used_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT f.kind, f.confirmed_at, f.used_at FROM factors f
    WHERE f.person_id = colleague AND f.confirmed_at IS NOT NULL
      AND EXISTS (SELECT FROM memberships WHERE merchant_id = acting_merchant() AND person_id = acting_person() AND 'admin' = ANY (duties))
      AND EXISTS (SELECT FROM memberships WHERE merchant_id = acting_merchant() AND person_id = colleague)
    ORDER BY f.confirmed_at, f.id
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION end_sessions_of, factors_of, factor_goes_forward, recovery_code_is_used_once FROM PUBLIC;
GRANT EXECUTE ON FUNCTION end_sessions_of, factors_of TO portal_web;

-- Whom the company's own sign-in calls by which subject. It is learnt once, by
-- an e-mail address that the company has verified, and holds from then on.
CREATE TABLE sso_subjects (
    issuer    text NOT NULL,
    subject   text NOT NULL CONSTRAINT sso_subject_is_bounded CHECK (octet_length(subject) BETWEEN 1 AND 255),
    person_id uuid NOT NULL REFERENCES people,
    linked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issuer, subject),
    CONSTRAINT person_has_one_subject UNIQUE (issuer, person_id)
);

SELECT audit_table(t, 'person', 'person_id') FROM unnest(ARRAY['factors', 'recovery_codes', 'sso_subjects']) AS t;

-- A person's own, and nobody else's.
-- +goose StatementBegin
DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['factors', 'recovery_codes', 'devices'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY self ON %I TO portal_web USING (person_id = (SELECT acting_person()))', t);
        EXECUTE format('CREATE POLICY owner_maintains ON %I TO %I USING (true)', t, current_user);
    END LOOP;
END $$;
-- +goose StatementEnd

GRANT SELECT, INSERT, DELETE, UPDATE (name, credential, last_step, confirmed_at, used_at) ON factors TO portal_web;
GRANT SELECT, INSERT, DELETE, UPDATE (used_at) ON recovery_codes TO portal_web;
GRANT SELECT, INSERT, DELETE, UPDATE (data) ON sign_in_steps TO portal_web;
GRANT SELECT, INSERT, DELETE, UPDATE (name, last_seen_at, user_agent) ON devices TO portal_web;
GRANT UPDATE (device_id) ON sessions TO portal_web;
GRANT SELECT, INSERT ON sso_subjects TO portal_web;
