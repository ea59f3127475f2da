-- Telephones and mail addresses of buyers and payers stand sealed; they are found
-- and compared by blind marks, which the program makes under a key of its own.

-- +goose Up

-- The tables whose contacts are written in clear no more. A database in which an
-- earlier release may still be serving is not among them until its operator
-- says so by `portal keys reseal`, which seals what stands in clear as well.
CREATE TABLE sealed_contacts (
    name  text PRIMARY KEY CONSTRAINT sealed_contacts_are_known CHECK (name IN ('buyers', 'payers', 'mandates', 'payer_mails')),
    since timestamptz NOT NULL DEFAULT now()
);
CREATE TRIGGER sealed_contacts_are_never_changed BEFORE UPDATE OR DELETE ON sealed_contacts FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER sealed_contacts_are_not_truncated BEFORE TRUNCATE ON sealed_contacts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
GRANT SELECT ON sealed_contacts TO portal_web, portal_worker;
INSERT INTO sealed_contacts (name, since)
SELECT t, '-infinity' FROM unnest(ARRAY['buyers', 'payers', 'mandates', 'payer_mails']) AS t WHERE NOT EXISTS (SELECT FROM merchants);

-- A value in clear is refused once every process has had time to learn of it.
-- +goose StatementBegin
CREATE FUNCTION contacts_stand_sealed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND to_jsonb(NEW) -> TG_ARGV[0] = to_jsonb(OLD) -> TG_ARGV[0] THEN
        RETURN NEW;
    END IF;
    IF EXISTS (SELECT FROM sealed_contacts c WHERE c.name = TG_TABLE_NAME AND c.since < now() - interval '5 minutes') THEN
        RAISE EXCEPTION '% of % stands sealed', TG_ARGV[0], TG_TABLE_NAME USING ERRCODE = 'check_violation', CONSTRAINT = 'contacts_stand_sealed';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION contacts_stand_sealed FROM PUBLIC;

-- Beside each column its cell and its mark. Whoever seals again changes nothing
-- but the cell; whoever seals the first time takes the clear value away as well.
-- +goose StatementBegin
DO $$
DECLARE
    c record;
BEGIN
    FOR c IN SELECT * FROM (VALUES ('buyers', 'email'), ('buyers', 'phone'), ('payers', 'email'), ('mandates', 'send_to'), ('payer_mails', 'send_to')) AS v (tab, col) LOOP
        EXECUTE format($f$
            ALTER TABLE %1$I ADD COLUMN %2$s_sealed bytea, ADD COLUMN %2$s_mark bytea,
                ADD CONSTRAINT %1$s_%2$s_stands_once CHECK (%2$s_sealed IS NULL OR %2$s = ''),
                ADD CONSTRAINT %1$s_%2$s_has_a_mark CHECK (%2$s_sealed IS NULL OR %2$s_mark IS NOT NULL),
                ADD CONSTRAINT %1$s_%2$s_mark_has_16_bytes CHECK (octet_length(%2$s_mark) = 16)$f$, c.tab, c.col);
        EXECUTE format($f$CREATE TRIGGER stands_sealed_%2$s BEFORE INSERT OR UPDATE ON %1$I FOR EACH ROW
            WHEN (NEW.%2$s <> '') EXECUTE FUNCTION contacts_stand_sealed(%2$L)$f$, c.tab, c.col);
        EXECUTE format($f$CREATE TRIGGER %2$s_is_sealed_again AFTER UPDATE ON %1$I FOR EACH ROW
            WHEN (OLD.%2$s_sealed IS NOT NULL AND NEW.%2$s_sealed IS DISTINCT FROM OLD.%2$s_sealed AND sealing_again())
            EXECUTE FUNCTION cell_is_sealed_again('%2$s_sealed')$f$, c.tab, c.col);
        EXECUTE format($f$CREATE TRIGGER %2$s_is_sealed_first AFTER UPDATE ON %1$I FOR EACH ROW
            WHEN (OLD.%2$s_sealed IS NULL AND NEW.%2$s_sealed IS NOT NULL AND sealing_again())
            EXECUTE FUNCTION cell_is_sealed_again('%2$s_sealed', '%2$s_mark', '%2$s')$f$, c.tab, c.col);
    END LOOP;
END $$;
-- +goose StatementEnd
ALTER TABLE payer_mails DROP CONSTRAINT payer_mail_has_an_address,
    ADD CONSTRAINT payer_mail_has_an_address CHECK (send_to_sealed IS NOT NULL OR send_to LIKE '%_@_%');

GRANT INSERT (email_sealed, email_mark, phone_sealed, phone_mark), UPDATE (email_sealed, email_mark, phone_sealed, phone_mark) ON buyers TO portal_web;
GRANT INSERT (email_sealed, email_mark), UPDATE (email_sealed, email_mark) ON payers TO portal_web;
GRANT INSERT (send_to_sealed, send_to_mark) ON mandates TO portal_web;
GRANT INSERT (send_to_sealed, send_to_mark) ON payer_mails TO portal_web, portal_worker;

-- The leaf of a row says its marks, not its cells: sealing again needs none,
-- sealing the first time does.
DROP TRIGGER change_needs_leaf ON buyers;
CREATE CONSTRAINT TRIGGER change_needs_leaf AFTER INSERT OR DELETE ON buyers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION buyers_need_leaf();
CREATE CONSTRAINT TRIGGER update_needs_leaf AFTER UPDATE ON buyers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NOT ((OLD.email_sealed IS NOT NULL AND NEW.email_sealed IS DISTINCT FROM OLD.email_sealed
        OR OLD.phone_sealed IS NOT NULL AND NEW.phone_sealed IS DISTINCT FROM OLD.phone_sealed) AND sealing_again())) EXECUTE FUNCTION buyers_need_leaf();
DROP TRIGGER change_needs_leaf ON payers;
CREATE CONSTRAINT TRIGGER change_needs_leaf AFTER INSERT OR DELETE ON payers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION payers_need_leaf();
CREATE CONSTRAINT TRIGGER update_needs_leaf AFTER UPDATE ON payers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NOT (OLD.email_sealed IS NOT NULL AND NEW.email_sealed IS DISTINCT FROM OLD.email_sealed AND sealing_again())) EXECUTE FUNCTION payers_need_leaf();
DROP TRIGGER change_needs_leaf ON mandates;
CREATE CONSTRAINT TRIGGER change_needs_leaf AFTER INSERT OR DELETE ON mandates DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION mandates_need_leaf();
CREATE CONSTRAINT TRIGGER update_needs_leaf AFTER UPDATE ON mandates DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NOT (OLD.send_to_sealed IS NOT NULL AND NEW.send_to_sealed IS DISTINCT FROM OLD.send_to_sealed AND sealing_again())) EXECUTE FUNCTION mandates_need_leaf();

-- Who seals again is on no merchant's duty.
DROP TRIGGER payer_is_kept_on_duty ON payers;
CREATE TRIGGER payer_is_kept_on_duty BEFORE INSERT ON payers FOR EACH ROW EXECUTE FUNCTION payer_is_kept_on_duty();
CREATE TRIGGER payer_is_kept_on_duty_later BEFORE UPDATE ON payers FOR EACH ROW
    WHEN (NOT (NEW.email_sealed IS DISTINCT FROM OLD.email_sealed AND sealing_again())) EXECUTE FUNCTION payer_is_kept_on_duty();

-- What goes to a payer goes to the payer's address: both have its mark, or, where
-- an earlier release wrote the payer, both have the address itself.
-- +goose StatementBegin
CREATE FUNCTION is_address_of_payer(payer uuid, address text, address_mark bytea) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM payers p WHERE p.id = payer
        AND CASE WHEN p.email_mark IS NULL THEN p.email <> '' AND p.email = address ELSE p.email_mark = address_mark END)
$$;
-- +goose StatementEnd
-- As in 0043, by the mark.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION payer_mail_goes_to_its_payer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF acting_person() IS NOT NULL AND NOT is_address_of_payer(NEW.payer_id, NEW.send_to, NEW.send_to_mark)
       OR NOT EXISTS (SELECT FROM mandates m WHERE m.merchant_id = NEW.merchant_id AND m.payer_id = NEW.payer_id AND NEW.subject = 'mandate/' || m.id)
          AND NOT EXISTS (SELECT FROM debits d WHERE d.merchant_id = NEW.merchant_id AND d.payer_id = NEW.payer_id AND NEW.subject = 'debit/' || d.id) THEN
        RAISE EXCEPTION 'a payer is written to about what is the payer''s' USING ERRCODE = 'check_violation', CONSTRAINT = 'payer_mail_goes_to_its_payer';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- As in 0035, by the mark.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION letter_is_about_a_failed_debit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.asked_by IS NULL OR NOT is_address_of_payer(NEW.payer_id, NEW.send_to, NEW.send_to_mark) OR NOT EXISTS (SELECT FROM debits d
        WHERE NEW.subject = 'debit/' || d.id AND d.id = split_part(NEW.subject, '/', 2)::uuid AND d.merchant_id = NEW.merchant_id AND d.payer_id = NEW.payer_id
            AND d.state = 'failed') THEN
        RAISE EXCEPTION 'a payer is told of a debit of their own that failed' USING ERRCODE = 'check_violation', CONSTRAINT = 'letter_is_about_a_failed_debit';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- As in 0036, by the mark.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION link_goes_to_its_payer() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT is_address_of_payer(NEW.payer_id, NEW.send_to, NEW.send_to_mark) THEN
        RAISE EXCEPTION 'a link goes to its payer' USING ERRCODE = 'check_violation', CONSTRAINT = 'payer_mail_goes_to_its_payer';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
DROP TRIGGER the_link_goes_to_its_payer ON mandates;
DROP TRIGGER the_link_stays_its_payers ON mandates;
CREATE TRIGGER the_link_goes_to_its_payer BEFORE INSERT ON mandates FOR EACH ROW
    WHEN (NEW.send_to <> '' OR NEW.send_to_sealed IS NOT NULL OR NEW.send_to_mark IS NOT NULL) EXECUTE FUNCTION link_goes_to_its_payer();
CREATE TRIGGER the_link_stays_its_payers BEFORE UPDATE ON mandates FOR EACH ROW
    WHEN ((NEW.send_to, NEW.send_to_sealed, NEW.send_to_mark) IS DISTINCT FROM (OLD.send_to, OLD.send_to_sealed, OLD.send_to_mark)
        AND (NEW.send_to <> '' OR NEW.send_to_sealed IS NOT NULL OR NEW.send_to_mark IS NOT NULL) AND NOT sealing_again()) EXECUTE FUNCTION link_goes_to_its_payer();
REVOKE ALL ON FUNCTION is_address_of_payer FROM PUBLIC;

-- Search: sealed contacts are found as a whole, by their marks. What earlier
-- releases wrote in clear is among the words until it is sealed.
ALTER TABLE buyer_search ADD COLUMN marks bytea[] NOT NULL DEFAULT '{}';
ALTER TABLE payer_search ADD COLUMN marks bytea[] NOT NULL DEFAULT '{}';
CREATE INDEX buyer_search_marks ON buyer_search USING gin (marks);
CREATE INDEX payer_search_marks ON payer_search USING gin (marks);
-- As in 0006, and the marks.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION buyer_is_searchable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO buyer_search (buyer_id, merchant_id, state, sort_name, words, bare, bare_en, marks)
    VALUES (NEW.id, NEW.merchant_id, NEW.state, NEW.sort_name,
            concat_ws(' ', buyer_words(NEW.name), buyer_words(NEW.name_en), NEW.tax_id, NEW.branch, buyer_words(NEW.email), buyer_words(NEW.phone), buyer_words(NEW.contact)),
            buyer_bare(NEW.name), buyer_bare(NEW.name_en), array_remove(ARRAY[NEW.email_mark, NEW.phone_mark], NULL))
    ON CONFLICT (buyer_id) DO UPDATE SET state = excluded.state, sort_name = excluded.sort_name, words = excluded.words, bare = excluded.bare, bare_en = excluded.bare_en,
        marks = excluded.marks;
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- As in 0029, and the mark.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION payer_is_searchable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO payer_search (payer_id, merchant_id, state, sort_name, sort_code, words, marks)
    VALUES (NEW.id, NEW.merchant_id, NEW.state, NEW.sort_name, upper(NEW.code),
            concat_ws(' ', buyer_words(NEW.name), buyer_words(NEW.name_en), lower(NEW.code), NEW.tax_id, NEW.mobile, buyer_words(NEW.email), buyer_words(NEW.contact)),
            array_remove(ARRAY[NEW.email_mark], NULL))
    ON CONFLICT (payer_id) DO UPDATE SET state = excluded.state, sort_name = excluded.sort_name, sort_code = excluded.sort_code, words = excluded.words, marks = excluded.marks;
    RETURN NULL;
END $$;
-- +goose StatementEnd

-- As those of 0006 and 0029 with fewer arguments, which the release before goes
-- on asking: also whoever has one of the marks of what was typed.
-- +goose StatementBegin
CREATE FUNCTION buyers_matching(typed text, of_state text, after_name text, after_id uuid, at_most integer, blind bytea[])
RETURNS TABLE (buyer_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    merchant uuid := acting_merchant();
    patterns text[] := buyer_patterns(typed);
    longest  text := patterns[1];
BEGIN
    IF blind = '{}' THEN
        RETURN QUERY SELECT m.buyer_id FROM buyers_matching(typed, of_state, after_name, after_id, at_most) m;
        RETURN;
    END IF;
    RETURN QUERY
        SELECT s.buyer_id FROM buyer_search s
        WHERE s.merchant_id = merchant AND s.state = of_state AND (s.marks && blind OR s.words LIKE longest AND s.words LIKE ALL (patterns))
          AND (s.sort_name, s.buyer_id) > (after_name, after_id)
        ORDER BY s.sort_name, s.buyer_id LIMIT at_most;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION buyers_to_pick(typed text, at_most integer, blind bytea[])
RETURNS TABLE (buyer_id uuid, place integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    merchant uuid := acting_merchant();
    marked   uuid[] := ARRAY(
        SELECT s.buyer_id FROM buyer_search s
        WHERE blind <> '{}' AND s.merchant_id = merchant AND s.state = 'active' AND s.marks && blind ORDER BY s.sort_name, s.buyer_id LIMIT at_most);
BEGIN
    RETURN QUERY SELECT f.id, f.n::integer FROM unnest(marked) WITH ORDINALITY AS f (id, n);
    IF cardinality(marked) < at_most THEN
        RETURN QUERY SELECT p.buyer_id, cardinality(marked) + p.place FROM buyers_to_pick(typed, at_most - cardinality(marked)) p WHERE p.buyer_id <> ALL (marked);
    END IF;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION payers_matching(typed text, of_state text, of_mandate text, sorted text, after_key text, after_id uuid, at_most integer, blind bytea[])
RETURNS TABLE (payer_id uuid, place bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    patterns text[] := buyer_patterns(typed);
    -- Each of the two is one of three texts, and none is what somebody typed.
    after text := CASE sorted WHEN 'code' THEN '(s.sort_code, s.payer_id) > ($5, $6)' WHEN 'new' THEN '($6 = $7 OR s.payer_id < $6)' ELSE '(s.sort_name, s.payer_id) > ($5, $6)' END;
    ordered text := CASE sorted WHEN 'code' THEN 's.sort_code, s.payer_id' WHEN 'new' THEN 's.payer_id DESC' ELSE 's.sort_name, s.payer_id' END;
BEGIN
    IF blind = '{}' OR patterns = '{}' THEN
        RETURN QUERY SELECT m.payer_id, m.place FROM payers_matching(typed, of_state, of_mandate, sorted, after_key, after_id, at_most) m;
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format('SELECT s.payer_id, row_number() OVER (ORDER BY %2$s) FROM payer_search s WHERE s.merchant_id = $1 AND s.state = $2%3$s
                AND (s.marks && $9 OR s.words LIKE $4[1] AND s.words LIKE ALL ($4)) AND %1$s ORDER BY %2$s LIMIT $8',
            after, ordered, CASE WHEN of_mandate <> '' THEN ' AND s.mandate = $3' ELSE '' END)
        USING acting_merchant(), of_state, of_mandate, patterns, after_key, after_id, '00000000-0000-0000-0000-000000000000'::uuid, at_most, blind;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION buyers_matching(text, text, text, uuid, integer, bytea[]), buyers_to_pick(text, integer, bytea[]),
    payers_matching(text, text, text, text, text, uuid, integer, bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION buyers_matching(text, text, text, uuid, integer, bytea[]), buyers_to_pick(text, integer, bytea[]),
    payers_matching(text, text, text, text, text, uuid, integer, bytea[]) TO portal_web;
