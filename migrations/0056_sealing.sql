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

-- A legal hold: of the documents of some days nothing is deleted, however long
-- ago their years are over. Two people put it and two people lift it. It holds
-- from the moment it is asked for, so that nothing is lost while it waits.
CREATE TABLE legal_holds (
    id              uuid PRIMARY KEY,
    merchant_id     uuid NOT NULL REFERENCES merchants,
    from_on         date NOT NULL,
    to_on           date NOT NULL,
    reason          text NOT NULL CONSTRAINT hold_has_a_reason CHECK (length(reason) BETWEEN 10 AND 500),
    asked_by        uuid NOT NULL REFERENCES people,
    asked_at        timestamptz NOT NULL DEFAULT now(),
    decision        text CONSTRAINT hold_decision_is_known CHECK (decision IN ('confirmed', 'refused', 'withdrawn')),
    decided_by      uuid REFERENCES people,
    decided_at      timestamptz,
    lift_reason     text CONSTRAINT lifting_has_a_reason CHECK (length(lift_reason) BETWEEN 10 AND 500),
    lift_asked_by   uuid REFERENCES people,
    lift_asked_at   timestamptz,
    lift_decision   text CONSTRAINT lift_decision_is_known CHECK (lift_decision IN ('lifted', 'kept')),
    lift_decided_by uuid REFERENCES people,
    lift_decided_at timestamptz,
    CONSTRAINT hold_ends_after_it_begins CHECK (from_on <= to_on),
    CONSTRAINT hold_is_confirmed_by_another CHECK ((decided_by = asked_by) = (decision = 'withdrawn')),
    CONSTRAINT hold_is_lifted_by_another CHECK (lift_decision <> 'lifted' OR lift_decided_by <> lift_asked_by),
    CONSTRAINT hold_decision_is_whole CHECK ((decision IS NULL) = (decided_by IS NULL) AND (decision IS NULL) = (decided_at IS NULL)),
    CONSTRAINT lifting_is_whole CHECK ((lift_reason IS NULL) = (lift_asked_by IS NULL) AND (lift_reason IS NULL) = (lift_asked_at IS NULL)
        AND (lift_decision IS NULL) = (lift_decided_by IS NULL) AND (lift_decision IS NULL) = (lift_decided_at IS NULL)),
    CONSTRAINT only_what_holds_is_lifted CHECK (lift_reason IS NULL OR decision = 'confirmed'),
    CONSTRAINT lifting_is_asked_first CHECK (lift_decision IS NULL OR lift_reason IS NOT NULL)
);
CREATE INDEX legal_holds_of_merchant ON legal_holds (merchant_id, asked_at DESC, id DESC);

-- +goose StatementBegin
CREATE FUNCTION hold_binds(decision text, lift_decision text) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT coalesce(decision, 'confirmed') = 'confirmed' AND lift_decision IS DISTINCT FROM 'lifted'
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION day_is_held(merchant uuid, on_day date) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM legal_holds h WHERE h.merchant_id = merchant AND on_day BETWEEN h.from_on AND h.to_on AND hold_binds(h.decision, h.lift_decision))
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION hold_moves_by_two() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    actor   uuid := acting_person();
    on_duty boolean := coalesce(has_duty(NEW.merchant_id, actor, 'admin') OR has_duty(NEW.merchant_id, actor, 'auditor'), false);
BEGIN
    IF NOT on_duty THEN
        RAISE EXCEPTION 'administrators and auditors hold and lift' USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_is_on_duty';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.asked_by IS DISTINCT FROM actor OR NEW.decision IS NOT NULL OR NEW.lift_reason IS NOT NULL THEN
            RAISE EXCEPTION 'a hold is asked for first' USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_is_asked_first';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.merchant_id, NEW.from_on, NEW.to_on, NEW.reason, NEW.asked_by, NEW.asked_at)
       IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.from_on, OLD.to_on, OLD.reason, OLD.asked_by, OLD.asked_at)
       OR NOT hold_binds(OLD.decision, OLD.lift_decision) THEN
        RAISE EXCEPTION 'a hold stays as it was asked for' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'hold_never_changes';
    END IF;
    IF OLD.decision IS NULL THEN
        IF NEW.decided_by IS DISTINCT FROM actor OR NEW.lift_reason IS NOT NULL THEN
            RAISE EXCEPTION 'the acting person decides' USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_is_decided_by_the_acting_person';
        END IF;
        NEW.decided_at := now();
        RETURN NEW;
    END IF;
    IF (NEW.decision, NEW.decided_by, NEW.decided_at) IS DISTINCT FROM (OLD.decision, OLD.decided_by, OLD.decided_at) THEN
        RAISE EXCEPTION 'it was decided' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'hold_never_changes';
    END IF;
    IF OLD.lift_reason IS NOT NULL AND OLD.lift_decision IS NULL THEN
        IF (NEW.lift_reason, NEW.lift_asked_by, NEW.lift_asked_at) IS DISTINCT FROM (OLD.lift_reason, OLD.lift_asked_by, OLD.lift_asked_at)
           OR NEW.lift_decided_by IS DISTINCT FROM actor THEN
            RAISE EXCEPTION 'the acting person decides on what was asked' USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_is_decided_by_the_acting_person';
        END IF;
        NEW.lift_decided_at := now();
        RETURN NEW;
    END IF;
    IF NEW.lift_asked_by IS DISTINCT FROM actor OR NEW.lift_decision IS NOT NULL THEN
        RAISE EXCEPTION 'lifting is asked for first' USING ERRCODE = 'check_violation', CONSTRAINT = 'hold_is_asked_first';
    END IF;
    NEW.lift_asked_at := now();
    NEW.lift_decided_at := NULL;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER hold_moves_by_two BEFORE INSERT OR UPDATE ON legal_holds FOR EACH ROW EXECUTE FUNCTION hold_moves_by_two();
CREATE TRIGGER holds_are_not_deleted BEFORE DELETE ON legal_holds FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER holds_are_not_truncated BEFORE TRUNCATE ON legal_holds FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
SELECT audit_table('legal_holds', 'hold', 'id');
SELECT isolate_merchants('legal_holds');
GRANT SELECT ON legal_holds TO portal_web, portal_worker;
GRANT INSERT (id, merchant_id, from_on, to_on, reason, asked_by), UPDATE (decision, decided_by, lift_reason, lift_asked_by, lift_decision, lift_decided_by) ON legal_holds TO portal_web;

-- A file under a hold stays, whatever it is used for and however long ago its
-- years were over; so does one that came in those days and is used for nothing.
-- +goose StatementBegin
CREATE FUNCTION file_is_held(file uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM file_uses u WHERE u.file_id = file AND day_is_held(u.merchant_id, u.on_day))
        OR EXISTS (SELECT FROM files f WHERE f.id = file AND day_is_held(f.merchant_id, (f.uploaded_at AT TIME ZONE 'Asia/Bangkok')::date))
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION what_is_held_stays() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    held boolean;
BEGIN
    CASE TG_TABLE_NAME
        WHEN 'files' THEN held := file_is_held(OLD.id);
        WHEN 'etax_documents' THEN held := day_is_held(OLD.merchant_id, OLD.issued_on);
        ELSE held := file_is_held(OLD.file_id);
    END CASE;
    IF held THEN
        RAISE EXCEPTION 'it is under a legal hold' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'what_is_held_stays';
    END IF;
    RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER what_is_held_stays BEFORE DELETE ON files FOR EACH ROW EXECUTE FUNCTION what_is_held_stays();
CREATE TRIGGER what_is_held_stays BEFORE DELETE ON file_chunks FOR EACH ROW EXECUTE FUNCTION what_is_held_stays();
CREATE TRIGGER what_is_held_stays BEFORE DELETE ON etax_files FOR EACH ROW EXECUTE FUNCTION what_is_held_stays();
CREATE TRIGGER what_is_held_stays BEFORE DELETE ON etax_documents FOR EACH ROW EXECUTE FUNCTION what_is_held_stays();
REVOKE ALL ON FUNCTION hold_binds, day_is_held, hold_moves_by_two, file_is_held, what_is_held_stays FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hold_binds, day_is_held TO portal_web, portal_worker;
