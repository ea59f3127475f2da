-- Data at rest: which keys seal, documents sealed like the bodies, and a way to
-- seal every cell again with another key that changes nothing else.

-- +goose Up
-- The keys that cells are sealed with, by the first bytes of a hash of each. The
-- keys themselves are never here. One of them seals what is new; the others are
-- needed as long as anything is sealed with them.
CREATE TABLE seal_keys (
    id          text PRIMARY KEY CONSTRAINT seal_key_is_named_by_its_hash CHECK (id ~ '^[0-9a-f]{8}$'),
    kind        text NOT NULL CONSTRAINT seal_key_kind_is_known CHECK (kind IN ('cells', 'marks')),
    writes      boolean NOT NULL DEFAULT false,
    taken_up_at timestamptz NOT NULL DEFAULT now(),
    retired_at  timestamptz,
    CONSTRAINT retired_key_seals_nothing CHECK (retired_at IS NULL OR NOT writes)
);
CREATE UNIQUE INDEX one_key_seals ON seal_keys (kind) WHERE writes;
-- +goose StatementBegin
CREATE FUNCTION seal_key_stays_known() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.kind) IS DISTINCT FROM (OLD.id, OLD.kind) OR OLD.retired_at IS NOT NULL AND NOT NEW.writes AND NEW.retired_at IS NULL THEN
        RAISE EXCEPTION 'a key keeps its name' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'seal_keys_are_never_changed';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER seal_key_stays_known BEFORE UPDATE ON seal_keys FOR EACH ROW EXECUTE FUNCTION seal_key_stays_known();
CREATE TRIGGER seal_keys_are_not_deleted BEFORE DELETE ON seal_keys FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER seal_keys_are_not_truncated BEFORE TRUNCATE ON seal_keys FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A database that holds nothing yet takes the first key that comes. One that an
-- earlier release filled goes on as before until its operator says so, since
-- that release may still be serving and reads neither sealed documents nor
-- cells that name their key.
-- +goose StatementBegin
CREATE FUNCTION take_up_first_seal_key(key text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM seal_keys WHERE kind = 'cells') OR EXISTS (SELECT FROM files) OR EXISTS (SELECT FROM exchanges)
       OR EXISTS (SELECT FROM callbacks) OR EXISTS (SELECT FROM factors) OR EXISTS (SELECT FROM etax_documents) THEN
        RETURN false;
    END IF;
    INSERT INTO seal_keys (id, kind, writes) VALUES (key, 'cells', true) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END $$;
-- +goose StatementEnd
-- The key of the blind marks never changes: other marks would find nothing.
-- +goose StatementBegin
CREATE FUNCTION take_up_mark_key(key text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO seal_keys (id, kind, writes) SELECT key, 'marks', true WHERE NOT EXISTS (SELECT FROM seal_keys WHERE kind = 'marks') ON CONFLICT DO NOTHING;
    RETURN (SELECT id FROM seal_keys WHERE kind = 'marks');
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION take_up_first_seal_key, take_up_mark_key, seal_key_stays_known FROM PUBLIC;
GRANT EXECUTE ON FUNCTION take_up_first_seal_key, take_up_mark_key TO portal_web, portal_worker;
GRANT SELECT ON seal_keys TO portal_web, portal_worker;

-- Version, key, nonce and tag of a sealed piece; NULL: it came before pieces
-- were sealed. They stand apart, so that a piece stays as long as it was.
ALTER TABLE file_chunks ADD COLUMN seal bytea CONSTRAINT seal_of_a_piece_is_whole CHECK (octet_length(seal) = 33);
-- The hash of the first sealing of a password, which approvals name; NULL: it
-- has not been sealed again.
ALTER TABLE etax_documents ADD COLUMN password_lock bytea CONSTRAINT password_lock_is_a_hash CHECK (octet_length(password_lock) = 32);
GRANT INSERT (password_lock), UPDATE (password_lock) ON etax_documents TO portal_web;

-- Only the owner seals again, and only when that is what it says it does.
-- +goose StatementBegin
CREATE FUNCTION sealing_again() RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT coalesce(current_setting('portal.sealing_again', true), '') = 'on'
        AND current_user = (SELECT pg_get_userbyid(c.relowner) FROM pg_class c WHERE c.oid = 'public.seal_keys'::regclass)
$$;
-- +goose StatementEnd
-- Whoever seals again changes nothing but the cell, and seals it with the key
-- in force. The cell is the first argument; with it go the columns of the rest.
-- It looks afterwards, since a generated column is not computed before.
-- +goose StatementBegin
CREATE FUNCTION cell_is_sealed_again() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
    IF (to_jsonb(NEW) - TG_ARGV::text[]) IS DISTINCT FROM (to_jsonb(OLD) - TG_ARGV::text[])
       OR NOT coalesce(to_jsonb(NEW) ->> TG_ARGV[0] LIKE '\\x02' || (SELECT id FROM seal_keys WHERE kind = 'cells' AND writes) || '%', false) THEN
        RAISE EXCEPTION 'sealing again changes nothing else' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'cell_is_sealed_again';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

DROP TRIGGER exchanges_are_never_changed ON exchanges;
CREATE TRIGGER exchanges_are_never_changed BEFORE UPDATE ON exchanges FOR EACH ROW
    WHEN (NOT (NEW.body_sealed IS DISTINCT FROM OLD.body_sealed AND sealing_again())) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER exchanges_are_not_deleted BEFORE DELETE ON exchanges FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER cell_is_sealed_again AFTER UPDATE ON exchanges FOR EACH ROW
    WHEN (NEW.body_sealed IS DISTINCT FROM OLD.body_sealed AND sealing_again()) EXECUTE FUNCTION cell_is_sealed_again('body_sealed');
DROP TRIGGER change_needs_leaf ON exchanges;
CREATE CONSTRAINT TRIGGER change_needs_leaf AFTER INSERT OR DELETE ON exchanges DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION exchanges_need_leaf();
CREATE CONSTRAINT TRIGGER update_needs_leaf AFTER UPDATE ON exchanges DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NOT (NEW.body_sealed IS DISTINCT FROM OLD.body_sealed AND sealing_again())) EXECUTE FUNCTION exchanges_need_leaf();

DROP TRIGGER exchange_results_are_never_changed ON exchange_results;
CREATE TRIGGER exchange_results_are_never_changed BEFORE UPDATE ON exchange_results FOR EACH ROW
    WHEN (NOT (NEW.body_sealed IS DISTINCT FROM OLD.body_sealed AND sealing_again())) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER exchange_results_are_not_deleted BEFORE DELETE ON exchange_results FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER cell_is_sealed_again AFTER UPDATE ON exchange_results FOR EACH ROW
    WHEN (NEW.body_sealed IS DISTINCT FROM OLD.body_sealed AND sealing_again()) EXECUTE FUNCTION cell_is_sealed_again('body_sealed');
DROP TRIGGER change_needs_leaf ON exchange_results;
CREATE CONSTRAINT TRIGGER change_needs_leaf AFTER INSERT OR DELETE ON exchange_results DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION exchange_results_need_leaf();
CREATE CONSTRAINT TRIGGER update_needs_leaf AFTER UPDATE ON exchange_results DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NOT (NEW.body_sealed IS DISTINCT FROM OLD.body_sealed AND sealing_again())) EXECUTE FUNCTION exchange_results_need_leaf();

DROP TRIGGER callback_moves_as_listed ON callbacks;
CREATE TRIGGER callback_moves_as_listed BEFORE UPDATE ON callbacks FOR EACH ROW
    WHEN (NOT (NEW.body_sealed IS DISTINCT FROM OLD.body_sealed AND sealing_again())) EXECUTE FUNCTION callback_moves_as_listed();
CREATE TRIGGER cell_is_sealed_again AFTER UPDATE ON callbacks FOR EACH ROW
    WHEN (NEW.body_sealed IS DISTINCT FROM OLD.body_sealed AND sealing_again()) EXECUTE FUNCTION cell_is_sealed_again('body_sealed');
DROP TRIGGER change_needs_leaf ON callbacks;
CREATE CONSTRAINT TRIGGER change_needs_leaf AFTER INSERT OR DELETE ON callbacks DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION callbacks_need_leaf();
CREATE CONSTRAINT TRIGGER update_needs_leaf AFTER UPDATE ON callbacks DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NOT (NEW.body_sealed IS DISTINCT FROM OLD.body_sealed AND sealing_again())) EXECUTE FUNCTION callbacks_need_leaf();

DROP TRIGGER file_chunks_are_never_changed ON file_chunks;
CREATE TRIGGER file_chunks_are_never_changed BEFORE UPDATE ON file_chunks FOR EACH ROW
    WHEN (NOT (NEW.seal IS DISTINCT FROM OLD.seal AND sealing_again())) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER cell_is_sealed_again AFTER UPDATE ON file_chunks FOR EACH ROW
    WHEN (NEW.seal IS DISTINCT FROM OLD.seal AND sealing_again()) EXECUTE FUNCTION cell_is_sealed_again('seal', 'data');

-- The secret of an authenticator app; its leaf says which bytes it has, so
-- sealing it again leaves one.
DROP TRIGGER factor_goes_forward ON factors;
CREATE TRIGGER factor_goes_forward BEFORE UPDATE ON factors FOR EACH ROW
    WHEN (NOT (NEW.key IS DISTINCT FROM OLD.key AND sealing_again())) EXECUTE FUNCTION factor_goes_forward();
CREATE TRIGGER cell_is_sealed_again AFTER UPDATE ON factors FOR EACH ROW
    WHEN (NEW.key IS DISTINCT FROM OLD.key AND sealing_again()) EXECUTE FUNCTION cell_is_sealed_again('key');

DROP TRIGGER etax_changes_as_draft ON etax_documents;
CREATE TRIGGER etax_changes_as_draft BEFORE INSERT ON etax_documents FOR EACH ROW EXECUTE FUNCTION etax_changes_as_draft();
CREATE TRIGGER etax_changes_as_draft_later BEFORE UPDATE ON etax_documents FOR EACH ROW
    WHEN (NOT (NEW.password_sealed IS DISTINCT FROM OLD.password_sealed AND sealing_again())) EXECUTE FUNCTION etax_changes_as_draft();
CREATE TRIGGER cell_is_sealed_again AFTER UPDATE ON etax_documents FOR EACH ROW
    WHEN (NEW.password_sealed IS DISTINCT FROM OLD.password_sealed AND sealing_again()) EXECUTE FUNCTION cell_is_sealed_again('password_sealed', 'password_lock');
DROP TRIGGER change_needs_leaf ON etax_documents;
CREATE CONSTRAINT TRIGGER change_needs_leaf AFTER INSERT OR DELETE ON etax_documents DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION etax_documents_need_leaf();
CREATE CONSTRAINT TRIGGER update_needs_leaf AFTER UPDATE ON etax_documents DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NOT (NEW.password_sealed IS DISTINCT FROM OLD.password_sealed AND sealing_again())) EXECUTE FUNCTION etax_documents_need_leaf();

DROP TRIGGER consent_return_serves_once ON consent_returns;
CREATE TRIGGER consent_return_serves_once BEFORE INSERT ON consent_returns FOR EACH ROW EXECUTE FUNCTION consent_return_serves_once();
CREATE TRIGGER consent_return_serves_once_later BEFORE UPDATE ON consent_returns FOR EACH ROW
    WHEN (NOT (NEW.code_sealed IS DISTINCT FROM OLD.code_sealed AND sealing_again())) EXECUTE FUNCTION consent_return_serves_once();
CREATE TRIGGER cell_is_sealed_again AFTER UPDATE ON consent_returns FOR EACH ROW
    WHEN (NEW.code_sealed IS DISTINCT FROM OLD.code_sealed AND sealing_again()) EXECUTE FUNCTION cell_is_sealed_again('code_sealed');
REVOKE ALL ON FUNCTION sealing_again, cell_is_sealed_again FROM PUBLIC;
GRANT EXECUTE ON FUNCTION sealing_again TO portal_web, portal_worker;
