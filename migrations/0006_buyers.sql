-- The buyers a merchant knows. A bill keeps its own copy of what it says of
-- its buyer, so nothing here refers to bills or is referred to by them: a bill
-- belongs to the buyer with its tax id and branch.

-- +goose Up

-- A text as it is searched: small letters, Arabic digits, and neither blanks
-- nor what people put between digits and letters. Thai is written without
-- blanks between words, and everybody puts those of a name elsewhere.
-- +goose StatementBegin
CREATE FUNCTION buyer_words(typed text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT lower(translate(normalize(typed, NFC), '๐๑๒๓๔๕๖๗๘๙' || E' \t\n\r\u00A0\u2009\u202F' || '-‐‑‒–—−.,;:/\|()[]{}%_@&+*#"''`“”‘’', '0123456789'))
$$;
-- +goose StatementEnd

-- A name without the words that say what kind of business or person bears it.
-- +goose StatementBegin
CREATE FUNCTION buyer_core(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(buyer_words(regexp_replace(
        regexp_replace(lower(normalize(name, NFC)),
            '^\s*(the\s|บริษัท|บมจ\.?|บจก\.?|บจ\.|ห้างหุ้นส่วนจำกัด|ห้างหุ้นส่วนสามัญ|ห้างหุ้นส่วน|หจก\.?|หสน\.?|ร้าน|นางสาว|น\.ส\.|นาง|นาย|คุณ)', ''),
        'จำกัด|\(มหาชน\)|มหาชน|สำนักงานใหญ่|\y(public|company|co|limited|ltd|partnership|part|pcl|plc|inc|corporation|corp)\y', '', 'g')), ''),
        buyer_words(name))
$$;
-- +goose StatementEnd

-- Where a name stands among others: by what is left of it without those words,
-- a leading vowel after its consonant, and tone marks out of account. It is
-- compared by bytes, so that no collation of any machine matters.
-- +goose StatementBegin
CREATE FUNCTION buyer_order(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(translate(buyer_core(name), '็่้๊๋์ํ๎', ''), '([เแโใไ])([ก-ฮ])', '\2\1', 'g')
$$;
-- +goose StatementEnd

CREATE TABLE buyers (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    name        text NOT NULL CONSTRAINT known_buyer_has_a_name CHECK (name <> ''),
    name_en     text NOT NULL DEFAULT '',
    tax_id      text NOT NULL CONSTRAINT known_buyer_tax_id_has_13_digits CHECK (tax_id ~ '^[0-9]{13}$'),
    branch      text NOT NULL CONSTRAINT known_buyer_branch_has_5_digits CHECK (branch ~ '^[0-9]{5}$'),
    address     text NOT NULL CONSTRAINT known_buyer_has_an_address CHECK (address <> ''),
    postcode    text NOT NULL DEFAULT '' CONSTRAINT known_buyer_postcode_has_5_digits CHECK (postcode ~ '^([0-9]{5})?$'),
    email       text NOT NULL DEFAULT '',
    phone       text NOT NULL DEFAULT '',
    contact     text NOT NULL DEFAULT '',
    -- Days from the document to the day it is due. Null: nothing was agreed.
    terms_days  smallint CONSTRAINT known_buyer_terms_are_at_most_a_year CHECK (terms_days BETWEEN 0 AND 366),
    -- What the buyer usually withholds, in percent. A hint, no rule.
    wht_rate    numeric(4, 2) CONSTRAINT known_buyer_wht_is_a_rate CHECK (wht_rate BETWEEN 0 AND 30),
    note        text NOT NULL DEFAULT '',
    state       text NOT NULL DEFAULT 'active' CONSTRAINT known_buyer_state_is_known CHECK (state IN ('active', 'archived')),
    -- Raised by every change, so that two tabs never overwrite each other silently.
    version     integer NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now(),
    edited_at   timestamptz NOT NULL DEFAULT now(),
    sort_name   text COLLATE "C" NOT NULL GENERATED ALWAYS AS (buyer_order(name)) STORED,
    CONSTRAINT known_buyer_and_merchant UNIQUE (id, merchant_id)
);
-- Who is archived may come again under the same number.
CREATE UNIQUE INDEX known_buyer_is_unique ON buyers (merchant_id, tax_id, branch) WHERE state = 'active';
CREATE INDEX buyers_by_tax_id ON buyers (merchant_id, tax_id, branch);
CREATE INDEX buyers_by_name ON buyers (merchant_id, state, sort_name, id);
-- The bills of a buyer.
CREATE INDEX presentments_of_buyer ON presentments (merchant_id, buyer_tax_id, buyer_branch, document_on DESC, id DESC);

-- What is searched. It stands apart because a row-level policy keeps LIKE from
-- using an index (LIKE is not leakproof); nobody but the functions below may
-- read it, and they see the acting merchant's rows only. The bare names are
-- without vowel signs and tone marks: a trigram is made of letters.
CREATE TABLE buyer_search (
    buyer_id    uuid PRIMARY KEY REFERENCES buyers,
    merchant_id uuid NOT NULL,
    state       text NOT NULL,
    sort_name   text COLLATE "C" NOT NULL,
    words       text NOT NULL,
    bare        text NOT NULL,
    bare_en     text NOT NULL
);
CREATE INDEX buyer_search_words ON buyer_search USING gin (words gin_trgm_ops, bare gin_trgm_ops, bare_en gin_trgm_ops);
CREATE INDEX buyer_search_by_name ON buyer_search (merchant_id, state, sort_name, buyer_id);

-- +goose StatementBegin
CREATE FUNCTION buyer_bare(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN name = '' THEN '' ELSE translate(buyer_core(name), 'ัิีึืฺุู็่้๊๋์ํ๎', '') END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION buyer_is_searchable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO buyer_search (buyer_id, merchant_id, state, sort_name, words, bare, bare_en)
    VALUES (NEW.id, NEW.merchant_id, NEW.state, NEW.sort_name,
            concat_ws(' ', buyer_words(NEW.name), buyer_words(NEW.name_en), NEW.tax_id, NEW.branch, buyer_words(NEW.email), buyer_words(NEW.phone), buyer_words(NEW.contact)),
            buyer_bare(NEW.name), buyer_bare(NEW.name_en))
    ON CONFLICT (buyer_id) DO UPDATE SET state = excluded.state, sort_name = excluded.sort_name, words = excluded.words, bare = excluded.bare, bare_en = excluded.bare_en;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER buyer_is_searchable AFTER INSERT OR UPDATE ON buyers FOR EACH ROW EXECUTE FUNCTION buyer_is_searchable();

-- What somebody typed as patterns that must all match, the longest first: it
-- is the one that an index narrows best.
-- +goose StatementBegin
CREATE FUNCTION buyer_patterns(typed text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT ARRAY(SELECT '%' || w || '%' FROM (SELECT DISTINCT buyer_words(t) AS w FROM regexp_split_to_table(typed, '\s+') AS t) AS words
        WHERE w <> '' ORDER BY length(w) DESC, w LIMIT 8)
$$;
-- +goose StatementEnd

-- Ids of the acting merchant's buyers in a state that match every word typed,
-- in the order of their names, after the given place. A custom plan, since a
-- rare and a common word want different ones.
-- +goose StatementBegin
CREATE FUNCTION buyers_matching(typed text, of_state text, after_name text, after_id uuid, at_most integer)
RETURNS TABLE (buyer_id uuid)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    merchant uuid := acting_merchant();
    patterns text[] := buyer_patterns(typed);
    longest  text := patterns[1];
BEGIN
    RETURN QUERY
        SELECT s.buyer_id FROM buyer_search s
        WHERE s.merchant_id = merchant AND s.state = of_state AND s.words LIKE longest AND s.words LIKE ALL (patterns)
          AND (s.sort_name, s.buyer_id) > (after_name, after_id)
        ORDER BY s.sort_name, s.buyer_id LIMIT at_most;
END $$;
-- +goose StatementEnd

-- The same for who is about to pick one: first those whose names begin with
-- what was typed, and others only as far as there is room.
-- +goose StatementBegin
CREATE FUNCTION buyers_to_pick(typed text, at_most integer)
RETURNS TABLE (buyer_id uuid, place integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    merchant uuid := acting_merchant();
    patterns text[] := buyer_patterns(typed);
    longest  text := patterns[1];
    begins   text := buyer_order(typed);
    first    uuid[] := ARRAY(
        SELECT s.buyer_id FROM buyer_search s
        WHERE s.merchant_id = merchant AND s.state = 'active' AND begins <> '' AND s.sort_name >= begins AND s.sort_name < begins || U&'\+10FFFF'
        ORDER BY s.sort_name, s.buyer_id LIMIT at_most);
BEGIN
    IF cardinality(first) < at_most THEN
        first := first || ARRAY(
            SELECT s.buyer_id FROM buyer_search s
            WHERE s.merchant_id = merchant AND s.state = 'active' AND s.words LIKE longest AND s.words LIKE ALL (patterns) AND s.buyer_id <> ALL (first)
            ORDER BY s.sort_name, s.buyer_id LIMIT at_most - cardinality(first));
    END IF;
    RETURN QUERY SELECT f.id, f.n::integer FROM unnest(first) WITH ORDINALITY AS f (id, n);
END $$;
-- +goose StatementEnd

-- Buyers whose names share much with a Thai or an English one, the most alike
-- first. They are candidates: the program judges.
-- +goose StatementBegin
CREATE FUNCTION buyers_named_like(name text, name_en text, at_most integer)
RETURNS TABLE (buyer_id uuid, alike real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan SET enable_seqscan = off AS $$
DECLARE
    merchant uuid := acting_merchant();
    -- A text without letters would have the index read as a whole.
    bare_th  text := coalesce(nullif(buyer_bare(name), ''), buyer_bare(name_en));
    bare_la  text := coalesce(nullif(buyer_bare(name_en), ''), bare_th);
BEGIN
    IF bare_th = '' THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT s.buyer_id, greatest(similarity(s.bare, bare_th), similarity(s.bare_en, bare_th), similarity(s.bare, bare_la), similarity(s.bare_en, bare_la)) AS alike
        FROM buyer_search s
        WHERE s.merchant_id = merchant AND (s.bare % bare_th OR s.bare_en % bare_th OR s.bare % bare_la OR s.bare_en % bare_la)
        ORDER BY 2 DESC, s.buyer_id LIMIT at_most;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION buyers_matching, buyers_to_pick, buyers_named_like FROM PUBLIC;
GRANT EXECUTE ON FUNCTION buyers_matching, buyers_to_pick, buyers_named_like TO portal_web;

SELECT audit_table('buyers', 'buyer', 'id');
SELECT isolate_merchants('buyers');

GRANT SELECT ON buyers TO portal_web, portal_worker;
GRANT INSERT (id, merchant_id, name, name_en, tax_id, branch, address, postcode, email, phone, contact, terms_days, wht_rate, note) ON buyers TO portal_web;
GRANT UPDATE (name, name_en, tax_id, branch, address, postcode, email, phone, contact, terms_days, wht_rate, note, state, version, edited_at) ON buyers TO portal_web;
