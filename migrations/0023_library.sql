-- Every file of the merchant's documents in one place, and tax months: what was
-- issued in each, and that nothing more is once it is closed.

-- +goose Up

-- How a document stands, whatever kind it is: a draft is none yet, and what was
-- called off stays.
-- +goose StatementBegin
CREATE FUNCTION library_standing(state text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN state IN ('draft', 'submitted', 'approved', 'sending', 'refused', 'discarded', 'awaited') THEN 'draft'
                WHEN state IN ('cancelled', 'replaced', 'failed', 'void', 'waived') THEN 'void' ELSE 'issued' END
$$;
-- +goose StatementEnd
-- Five years from the day of the document; what has none yet is kept for its draft.
-- +goose StatementBegin
CREATE FUNCTION library_kept_until(on_day date) RETURNS date LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT (on_day + interval '5 years')::date
$$;
-- +goose StatementEnd

-- What files are used for: one branch for each kind of use. Whoever gives files
-- another use adds a branch here, and a trigger below.
CREATE VIEW file_uses WITH (security_invoker = true) AS
    SELECT d.merchant_id, d.file_id, 'bill' AS used_in, p.id AS use_id, p.id AS page_id, p.document_type AS kind, p.document_number AS number, p.document_on AS on_day,
        p.buyer_name, p.buyer_tax_id, p.bank_reference AS reference, library_standing(p.state) AS standing,
        library_kept_until(p.document_on) AS kept_until, false AS held, d.drawn_from <> '' AS drawn
    FROM presentment_documents d JOIN presentments p ON p.id = d.presentment_id
    UNION ALL
    SELECT d.merchant_id, d.file_id, 'receipt', r.id, r.id, r.document_type, r.document_number, r.document_on,
        r.buyer_name, r.buyer_tax_id, r.bank_reference, library_standing(r.state), library_kept_until(r.document_on), false, d.drawn <> ''
    FROM receipt_documents d JOIN receipts r ON r.id = d.receipt_id
    UNION ALL
    SELECT f.merchant_id, f.file_id, 'etax', d.id, d.id, d.kind, d.number, d.issued_on,
        d.buyer_name, d.buyer_tax_id, d.bank_reference, library_standing(d.state), d.retention_until, d.held, false
    FROM etax_files f JOIN etax_documents d ON d.id = f.document_id
    UNION ALL
    SELECT c.merchant_id, c.file_id, 'certificate', c.match_id, c.presentment_id, 'WHT', c.certificate_no, coalesce(c.certificate_on, c.withheld_on),
        p.buyer_name, c.buyer_tax_id, p.document_number, library_standing(c.state), library_kept_until(coalesce(c.certificate_on, c.withheld_on)), false, false
    FROM withholding_certificates c JOIN presentments p ON p.id = c.presentment_id WHERE c.file_id IS NOT NULL;
CREATE INDEX withholding_certificates_of_file ON withholding_certificates (file_id) WHERE file_id IS NOT NULL;
GRANT SELECT ON file_uses TO portal_web;

-- The uses as the library lists and searches them, apart for the reason that
-- presentment_search is.
CREATE TABLE library_entries (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    file_id      uuid NOT NULL REFERENCES files,
    merchant_id  uuid NOT NULL,
    used_in      text NOT NULL,
    use_id       uuid NOT NULL,
    page_id      uuid NOT NULL,
    kind         text NOT NULL,
    number       text NOT NULL,
    on_day       date NOT NULL,
    buyer_name   text NOT NULL,
    buyer_tax_id text NOT NULL,
    standing     text NOT NULL,
    kept_until   date NOT NULL,
    held         boolean NOT NULL,
    media        text NOT NULL,
    words        text NOT NULL,
    CONSTRAINT file_has_a_use_once UNIQUE (use_id, used_in, file_id)
);
CREATE INDEX library_entries_of_file ON library_entries (file_id);
CREATE INDEX library_entries_by_day ON library_entries (merchant_id, on_day DESC, id DESC);
CREATE INDEX library_entries_of_buyer ON library_entries (merchant_id, buyer_tax_id, on_day DESC, id DESC);
CREATE INDEX library_entries_by_kind ON library_entries (merchant_id, kind, on_day DESC, id DESC);
CREATE INDEX library_entries_by_use ON library_entries (merchant_id, used_in, on_day DESC, id DESC);
CREATE INDEX library_entries_by_keeping ON library_entries (merchant_id, kept_until);
CREATE INDEX library_entries_held ON library_entries (merchant_id, on_day DESC, id DESC) WHERE held;
CREATE INDEX library_words ON library_entries USING gin (words gin_trgm_ops);

-- Writes down what the files of one document are used for, as it stands.
-- +goose StatementBegin
CREATE FUNCTION library_takes(used text, document uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM library_entries e WHERE e.used_in = used AND e.use_id = document
        AND NOT EXISTS (SELECT FROM file_uses u WHERE u.used_in = used AND u.use_id = document AND u.file_id = e.file_id);
    INSERT INTO library_entries (file_id, merchant_id, used_in, use_id, page_id, kind, number, on_day, buyer_name, buyer_tax_id, standing, kept_until, held, media, words)
    SELECT u.file_id, u.merchant_id, u.used_in, u.use_id, u.page_id, u.kind, u.number, u.on_day, u.buyer_name, u.buyer_tax_id, u.standing, u.kept_until, u.held,
        library_media(f.media_type), library_words(u, f)
    FROM file_uses u JOIN files f ON f.id = u.file_id WHERE u.used_in = used AND u.use_id = document
    ON CONFLICT (use_id, used_in, file_id) DO UPDATE SET kind = excluded.kind, number = excluded.number, on_day = excluded.on_day, buyer_name = excluded.buyer_name,
        buyer_tax_id = excluded.buyer_tax_id, standing = excluded.standing, kept_until = excluded.kept_until, held = excluded.held, words = excluded.words;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION library_media(media_type text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN media_type = 'application/pdf' THEN 'pdf' WHEN media_type LIKE 'image/%' THEN 'picture' WHEN media_type LIKE '%xml' THEN 'xml' ELSE 'other' END
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION library_words(u file_uses, f files) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT lower(concat_ws(' ', u.number, u.buyer_name, u.buyer_tax_id, u.reference, f.name, encode(f.sha256, 'hex')))
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION library_standing, library_kept_until, library_takes, library_media, library_words FROM PUBLIC;
GRANT EXECUTE ON FUNCTION library_standing, library_kept_until TO portal_web, portal_worker;

-- The use and the column with the document's id are the trigger's arguments.
-- +goose StatementBegin
CREATE FUNCTION library_follows() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM library_takes(TG_ARGV[0], (to_jsonb(CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END) ->> TG_ARGV[1])::uuid);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER library_follows AFTER INSERT OR DELETE ON presentment_documents FOR EACH ROW EXECUTE FUNCTION library_follows('bill', 'presentment_id');
CREATE TRIGGER library_follows AFTER INSERT OR DELETE ON receipt_documents FOR EACH ROW EXECUTE FUNCTION library_follows('receipt', 'receipt_id');
CREATE TRIGGER library_follows AFTER INSERT OR DELETE ON etax_files FOR EACH ROW EXECUTE FUNCTION library_follows('etax', 'document_id');
-- A document tells of itself only where that changes what its files are found by.
CREATE TRIGGER library_follows AFTER UPDATE ON presentments FOR EACH ROW
    WHEN ((NEW.document_type, NEW.document_number, NEW.document_on, NEW.buyer_name, NEW.buyer_tax_id, NEW.bank_reference, library_standing(NEW.state))
          IS DISTINCT FROM (OLD.document_type, OLD.document_number, OLD.document_on, OLD.buyer_name, OLD.buyer_tax_id, OLD.bank_reference, library_standing(OLD.state)))
    EXECUTE FUNCTION library_follows('bill', 'id');
CREATE TRIGGER library_follows AFTER UPDATE ON receipts FOR EACH ROW
    WHEN ((NEW.document_type, NEW.document_number, NEW.document_on, NEW.buyer_name, NEW.buyer_tax_id, NEW.bank_reference, library_standing(NEW.state))
          IS DISTINCT FROM (OLD.document_type, OLD.document_number, OLD.document_on, OLD.buyer_name, OLD.buyer_tax_id, OLD.bank_reference, library_standing(OLD.state)))
    EXECUTE FUNCTION library_follows('receipt', 'id');
CREATE TRIGGER library_follows AFTER UPDATE ON etax_documents FOR EACH ROW
    WHEN ((NEW.kind, NEW.number, NEW.issued_on, NEW.buyer_name, NEW.buyer_tax_id, NEW.bank_reference, NEW.filed_on, NEW.held, library_standing(NEW.state))
          IS DISTINCT FROM (OLD.kind, OLD.number, OLD.issued_on, OLD.buyer_name, OLD.buyer_tax_id, OLD.bank_reference, OLD.filed_on, OLD.held, library_standing(OLD.state)))
    EXECUTE FUNCTION library_follows('etax', 'id');
CREATE TRIGGER library_follows AFTER UPDATE ON withholding_certificates FOR EACH ROW
    WHEN (NEW.file_id IS NOT NULL OR OLD.file_id IS NOT NULL) EXECUTE FUNCTION library_follows('certificate', 'match_id');
INSERT INTO library_entries (file_id, merchant_id, used_in, use_id, page_id, kind, number, on_day, buyer_name, buyer_tax_id, standing, kept_until, held, media, words)
    SELECT u.file_id, u.merchant_id, u.used_in, u.use_id, u.page_id, u.kind, u.number, u.on_day, u.buyer_name, u.buyer_tax_id, u.standing, u.kept_until, u.held,
        library_media(f.media_type), library_words(u, f)
    FROM file_uses u JOIN files f ON f.id = u.file_id;

-- A page of the acting merchant's library that passes the filter, the newest
-- documents first, from a place on. No value of the filter becomes part of the SQL.
-- +goose StatementBegin
CREATE FUNCTION library_listed(filter jsonb, place_on date, place_id uuid, at_most integer) RETURNS SETOF library_entries
LANGUAGE plpgsql STABLE ROWS 60 SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
    merchant uuid := acting_merchant();
    wanted   text;
BEGIN
    SELECT coalesce(string_agg(' AND ' || c.condition, '' ORDER BY c.key), '') INTO wanted FROM (VALUES
        ('pattern', 'e.words LIKE ($2 ->> ''pattern'')'),
        ('kind', 'e.kind = ($2 ->> ''kind'')'),
        ('used', 'e.used_in = ($2 ->> ''used'')'),
        ('media', 'e.media = ($2 ->> ''media'')'),
        ('standing', 'e.standing = ($2 ->> ''standing'')'),
        ('tax_id', 'e.buyer_tax_id = ($2 ->> ''tax_id'')'),
        ('on_from', 'e.on_day >= ($2 ->> ''on_from'')::date'),
        ('on_to', 'e.on_day <= ($2 ->> ''on_to'')::date'),
        ('kept_from', 'e.kept_until >= ($2 ->> ''kept_from'')::date'),
        ('kept_to', 'e.kept_until <= ($2 ->> ''kept_to'')::date'),
        ('held', 'e.held')
    ) AS c (key, condition) WHERE filter ? c.key;
    RETURN QUERY EXECUTE 'SELECT e.* FROM library_entries e WHERE e.merchant_id = $1' || wanted
        || ' AND (e.on_day, e.id) < ($3, $4) ORDER BY e.on_day DESC, e.id DESC LIMIT $5'
        USING merchant, filter, place_on, place_id, at_most;
END $$;
-- +goose StatementEnd
-- The first and the last day of its documents.
-- +goose StatementBegin
CREATE FUNCTION library_span() RETURNS TABLE (first date, last date) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT min(e.on_day), max(e.on_day) FROM library_entries e WHERE e.merchant_id = acting_merchant()
$$;
-- +goose StatementEnd
-- How many files the documents of some days have, each counted once, and their
-- size. Drafts are no documents yet.
-- +goose StatementBegin
CREATE FUNCTION library_sum(from_on date, to_on date) RETURNS TABLE (entries bigint, files bigint, size bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT count(*), count(*) FILTER (WHERE e.first), coalesce(sum(f.size) FILTER (WHERE e.first), 0)::bigint
    FROM (SELECT file_id, row_number() OVER (PARTITION BY file_id) = 1 AS first FROM library_entries
          WHERE merchant_id = acting_merchant() AND on_day BETWEEN from_on AND to_on AND standing <> 'draft') e JOIN files f ON f.id = e.file_id
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION library_listed, library_span, library_sum FROM PUBLIC;
GRANT EXECUTE ON FUNCTION library_listed, library_span, library_sum TO portal_web;

-- A file is kept as long as any document that it goes with, whoever wants it gone.
-- +goose StatementBegin
CREATE FUNCTION file_is_kept() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    until date;
BEGIN
    SELECT max(u.kept_until) INTO until FROM file_uses u WHERE u.file_id = OLD.id AND u.standing <> 'draft';
    IF until >= current_date THEN
        RAISE EXCEPTION 'it is kept until %', until USING ERRCODE = 'restrict_violation', CONSTRAINT = 'file_is_kept';
    END IF;
    RETURN OLD;
END $$;
-- +goose StatementEnd
-- Pieces are asked for by key, as in 0022.
-- +goose StatementBegin
CREATE FUNCTION file_piece_is_kept() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM file_uses u WHERE u.file_id = OLD.file_id AND u.standing <> 'draft' AND u.kept_until >= current_date) THEN
        RAISE EXCEPTION 'it is kept' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'file_is_kept';
    END IF;
    RETURN OLD;
END $$;
-- +goose StatementEnd
CREATE TRIGGER file_is_kept BEFORE DELETE ON files FOR EACH ROW EXECUTE FUNCTION file_is_kept();
CREATE TRIGGER file_piece_is_kept BEFORE DELETE ON file_chunks FOR EACH ROW EXECUTE FUNCTION file_piece_is_kept();
CREATE TRIGGER files_are_not_truncated BEFORE TRUNCATE ON files FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER file_chunks_are_not_truncated BEFORE TRUNCATE ON file_chunks FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What a line of a tax document comes to, before VAT.
-- +goose StatementBegin
CREATE FUNCTION etax_line_satang(quantity text, price text, discount text) RETURNS bigint LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT (round(quantity::numeric * price::numeric * 100) - coalesce(discount, '0')::bigint)::bigint
$$;
-- +goose StatementEnd
-- What of a tax document is taxed in a way: the lines of a note count with what
-- they correct.
-- +goose StatementBegin
CREATE FUNCTION etax_taxed(kind text, content jsonb, taxed text) RETURNS bigint LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT coalesce(sum(abs(etax_line_satang(l ->> 'quantity', l ->> 'unit_price', l ->> 'discount_satang')
        - CASE WHEN kind IN ('80', '81') THEN etax_line_satang(l ->> 'original_quantity', l ->> 'original_price', l ->> 'original_discount') ELSE 0 END)), 0)::bigint
    FROM jsonb_array_elements(CASE jsonb_typeof(content -> 'lines') WHEN 'array' THEN content -> 'lines' ELSE '[]' END) AS l WHERE l ->> 'vat' = taxed
$$;
-- +goose StatementEnd

-- The rows of the report of output tax: tax invoices, whichever way they were
-- issued, and what corrects them. A document that was issued in two ways under
-- one number is one row. What was called off counts nothing and stays, as does
-- what takes the place of a document that counts.
CREATE VIEW output_tax WITH (security_invoker = true) AS
    SELECT p.merchant_id, 'bill' AS source, p.id, p.document_type AS kind, p.document_number AS number, p.document_on AS on_day, p.buyer_name, p.buyer_tax_id, p.buyer_branch,
        CASE WHEN p.state IN ('cancelled', 'replaced') THEN 'void' ELSE 'counts' END AS standing, 1 AS sign, p.before_tax_satang AS base_satang, p.vat_satang,
        coalesce((SELECT sum(l.amount_satang - l.share_satang) FROM presentment_lines l WHERE l.presentment_id = p.id AND l.vat = 'zero'), 0)::bigint AS zero_satang,
        coalesce((SELECT sum(l.amount_satang - l.share_satang) FROM presentment_lines l WHERE l.presentment_id = p.id AND l.vat = 'exempt'), 0)::bigint AS exempt_satang
    FROM presentments p
    WHERE p.document_type IN ('388', 'T02') AND p.state IN ('presented', 'incomplete', 'unknown', 'cancelled', 'replaced')
    UNION ALL
    SELECT r.merchant_id, 'receipt', r.id, r.document_type, r.document_number, r.document_on, r.buyer_name, r.buyer_tax_id, r.buyer_branch, 'counts', 1,
        -- What a bill that is a tax invoice itself has reported is not reported twice.
        coalesce((SELECT sum(l.amount_satang - l.vat_satang) FROM receipt_lines l LEFT JOIN presentments p ON p.id = l.presentment_id
            WHERE l.receipt_id = r.id AND p.document_type IS DISTINCT FROM '388' AND p.document_type IS DISTINCT FROM 'T02'), 0)::bigint,
        coalesce((SELECT sum(l.vat_satang) FROM receipt_lines l LEFT JOIN presentments p ON p.id = l.presentment_id
            WHERE l.receipt_id = r.id AND p.document_type IS DISTINCT FROM '388' AND p.document_type IS DISTINCT FROM 'T02'), 0)::bigint,
        0::bigint,
        coalesce((SELECT sum(l.amount_satang) FROM receipt_lines l LEFT JOIN presentments p ON p.id = l.presentment_id
            WHERE l.receipt_id = r.id AND l.vat = 'none' AND p.document_type IS DISTINCT FROM '388' AND p.document_type IS DISTINCT FROM 'T02'), 0)::bigint
    FROM receipts r
    WHERE r.document_type = 'T03' AND r.state IN ('issued', 'incomplete', 'unknown')
    UNION ALL
    SELECT d.merchant_id, 'etax', d.id, d.kind, d.number, d.issued_on, d.buyer_name, d.buyer_tax_id, coalesce(d.content #>> '{buyer,branch}', ''),
        CASE WHEN d.kind NOT IN ('80', '81') AND EXISTS (SELECT FROM etax_references e WHERE e.document_id = d.id) THEN 'replaces' ELSE 'counts' END,
        CASE d.kind WHEN '81' THEN -1 ELSE 1 END, d.basis_satang, d.vat_satang, etax_taxed(d.kind, d.content, 'zero'), etax_taxed(d.kind, d.content, 'exempt')
    FROM etax_documents d
    WHERE d.kind <> 'T01' AND d.state IN ('accepted', 'generated', 'signed', 'delivered', 'filed', 'acknowledged', 'unknown')
        AND NOT EXISTS (SELECT FROM presentments p WHERE p.id = d.presentment_id AND p.document_number = d.number AND p.document_type IN ('388', 'T02')
            AND p.state IN ('presented', 'incomplete', 'unknown', 'cancelled', 'replaced'))
        AND NOT EXISTS (SELECT FROM receipts r WHERE r.id = d.receipt_id AND r.document_number = d.number AND r.document_type = 'T03' AND r.state IN ('issued', 'incomplete', 'unknown'));
CREATE INDEX presentments_of_tax ON presentments (merchant_id, document_on, document_number, id) WHERE document_type IN ('388', 'T02');
CREATE INDEX receipts_of_tax ON receipts (merchant_id, document_on, document_number, id) WHERE document_type = 'T03';
CREATE INDEX etax_of_tax ON etax_documents (merchant_id, issued_on, number, id) WHERE kind <> 'T01';
CREATE INDEX receipts_by_date ON receipts (merchant_id, document_on, id);
CREATE INDEX document_numbers_by_day ON document_numbers (merchant_id, on_day);

-- A page of the report of some days, by day and number, from a place on: the
-- head of each kind of source, and of those the first.
-- +goose StatementBegin
CREATE FUNCTION output_tax_listed(from_on date, to_on date, place_on date, place_number text, place_id uuid, at_most integer) RETURNS SETOF output_tax
LANGUAGE plpgsql STABLE ROWS 60 SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
DECLARE
    merchant uuid := acting_merchant();
BEGIN
    -- What a document comes to is asked of those alone that stand on the page.
    RETURN QUERY SELECT o.* FROM (SELECT h.id FROM (
        (SELECT o.on_day, o.number, o.id FROM output_tax o WHERE o.source = 'bill' AND o.merchant_id = merchant AND o.on_day BETWEEN from_on AND to_on
            AND (o.on_day, o.number, o.id) > (place_on, place_number, place_id) ORDER BY o.on_day, o.number, o.id LIMIT at_most)
        UNION ALL
        (SELECT o.on_day, o.number, o.id FROM output_tax o WHERE o.source = 'receipt' AND o.merchant_id = merchant AND o.on_day BETWEEN from_on AND to_on
            AND (o.on_day, o.number, o.id) > (place_on, place_number, place_id) ORDER BY o.on_day, o.number, o.id LIMIT at_most)
        UNION ALL
        (SELECT o.on_day, o.number, o.id FROM output_tax o WHERE o.source = 'etax' AND o.merchant_id = merchant AND o.on_day BETWEEN from_on AND to_on
            AND (o.on_day, o.number, o.id) > (place_on, place_number, place_id) ORDER BY o.on_day, o.number, o.id LIMIT at_most)) h
        ORDER BY h.on_day, h.number, h.id LIMIT at_most) page CROSS JOIN LATERAL (SELECT r.* FROM output_tax r WHERE r.merchant_id = merchant AND r.id = page.id OFFSET 0) o
    ORDER BY o.on_day, o.number, o.id;
END $$;
-- +goose StatementEnd

-- Tax months that are closed, with the figures that they were closed with.
CREATE TABLE month_closings (
    merchant_id      uuid NOT NULL REFERENCES merchants,
    month            date NOT NULL CONSTRAINT month_is_its_first_day CHECK (month = date_trunc('month', month)::date),
    closed_by        uuid NOT NULL REFERENCES people,
    closed_at        timestamptz NOT NULL DEFAULT now(),
    bills            integer NOT NULL,
    billed_satang    bigint NOT NULL,
    receipts         integer NOT NULL,
    receipted_satang bigint NOT NULL,
    debit_notes      integer NOT NULL,
    debited_satang   bigint NOT NULL,
    credit_notes     integer NOT NULL,
    credited_satang  bigint NOT NULL,
    payments         integer NOT NULL,
    received_satang  bigint NOT NULL,
    withheld_satang  bigint NOT NULL,
    tax_documents    integer NOT NULL,
    standard_satang  bigint NOT NULL, -- the base of what is taxed at the standard rate
    zero_satang      bigint NOT NULL,
    exempt_satang    bigint NOT NULL,
    vat_satang       bigint NOT NULL,
    PRIMARY KEY (merchant_id, month)
);

-- The figures of a month of the acting merchant as they are now.
-- +goose StatementBegin
CREATE FUNCTION month_figures(of_month date) RETURNS month_closings LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
    merchant uuid := acting_merchant();
    last_on  date := (of_month + interval '1 month' - interval '1 day')::date;
    f        month_closings;
BEGIN
    f.merchant_id := merchant;
    f.month := of_month;
    SELECT count(*), coalesce(sum(p.total_satang), 0) INTO f.bills, f.billed_satang FROM presentments p
    WHERE p.merchant_id = merchant AND p.document_on BETWEEN of_month AND last_on AND p.state IN ('presented', 'incomplete', 'unknown');
    SELECT count(*), coalesce(sum(r.total_satang), 0) INTO f.receipts, f.receipted_satang FROM receipts r
    WHERE r.merchant_id = merchant AND r.document_on BETWEEN of_month AND last_on AND r.state IN ('issued', 'incomplete', 'unknown');
    SELECT count(*) FILTER (WHERE o.standing = 'counts'), count(*) FILTER (WHERE o.kind = '80'), coalesce(sum(o.base_satang + o.vat_satang) FILTER (WHERE o.kind = '80'), 0),
        count(*) FILTER (WHERE o.kind = '81'), coalesce(sum(o.base_satang + o.vat_satang) FILTER (WHERE o.kind = '81'), 0),
        coalesce(sum(o.sign * (o.base_satang - o.zero_satang - o.exempt_satang)) FILTER (WHERE o.standing = 'counts'), 0),
        coalesce(sum(o.sign * o.zero_satang) FILTER (WHERE o.standing = 'counts'), 0), coalesce(sum(o.sign * o.exempt_satang) FILTER (WHERE o.standing = 'counts'), 0),
        coalesce(sum(o.sign * o.vat_satang) FILTER (WHERE o.standing = 'counts'), 0)
    INTO f.tax_documents, f.debit_notes, f.debited_satang, f.credit_notes, f.credited_satang, f.standard_satang, f.zero_satang, f.exempt_satang, f.vat_satang
    FROM output_tax o WHERE o.merchant_id = merchant AND o.on_day BETWEEN of_month AND last_on;
    SELECT count(*), coalesce(sum(p.amount_satang), 0) INTO f.payments, f.received_satang FROM payments p
    WHERE p.merchant_id = merchant AND p.booked_on BETWEEN of_month AND last_on;
    SELECT coalesce((SELECT sum(m.withheld_satang) FROM payment_matches m WHERE m.merchant_id = merchant AND m.booked_on BETWEEN of_month AND last_on), 0)
         - coalesce((SELECT sum(m.withheld_satang) FROM payment_matches m WHERE m.merchant_id = merchant AND m.undone_on BETWEEN of_month AND last_on), 0)
    INTO f.withheld_satang;
    RETURN f;
END $$;
-- +goose StatementEnd
CREATE INDEX payment_matches_undone ON payment_matches (merchant_id, undone_on) WHERE undone_on IS NOT NULL;

-- What is open about a month, how much of it, and whether it keeps the month
-- from being closed. What is not open is no row.
-- +goose StatementBegin
CREATE FUNCTION month_issues(of_month date) RETURNS TABLE (issue text, number bigint, blocks boolean)
LANGUAGE plpgsql STABLE ROWS 10 SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
    merchant uuid := acting_merchant();
    me       uuid := acting_person();
    next_on  date := (of_month + interval '1 month')::date;
    last_on  date := next_on - 1;
    open_on  date := (SELECT (max(c.month) + interval '1 month')::date FROM month_closings c WHERE c.merchant_id = merchant);
BEGIN
    RETURN QUERY SELECT i.* FROM (
        SELECT 'not_over', 1::bigint, true WHERE (now() AT TIME ZONE 'Asia/Bangkok')::date < next_on
        UNION ALL SELECT 'earlier', 1, true WHERE EXISTS (SELECT FROM presentments p WHERE p.merchant_id = merchant AND p.document_on < of_month
                AND p.document_on >= coalesce(open_on, '-infinity') AND p.state NOT IN ('draft', 'refused', 'discarded'))
            OR EXISTS (SELECT FROM receipts r WHERE r.merchant_id = merchant AND r.document_on < of_month
                AND r.document_on >= coalesce(open_on, '-infinity') AND receipt_counts(r.state))
            OR EXISTS (SELECT FROM etax_documents d WHERE d.merchant_id = merchant AND d.issued_on < of_month
                AND d.issued_on >= coalesce(open_on, '-infinity') AND d.state NOT IN ('draft', 'refused', 'discarded'))
        UNION ALL SELECT 'books', 1, true WHERE NOT EXISTS (SELECT FROM payment_closings c WHERE c.merchant_id = merchant AND c.through >= last_on)
        UNION ALL SELECT 'waiting_payments', count(*), true FROM payments p
            WHERE p.merchant_id = merchant AND p.booked_on BETWEEN of_month AND last_on AND p.state IN ('waiting', 'part')
        UNION ALL SELECT 'moving_bills', count(*), true FROM presentments p
            WHERE p.merchant_id = merchant AND p.document_on BETWEEN of_month AND last_on AND p.state IN ('submitted', 'approved', 'sending', 'unknown')
        UNION ALL SELECT 'moving_receipts', count(*), true FROM receipts r
            WHERE r.merchant_id = merchant AND r.document_on BETWEEN of_month AND last_on AND r.state IN ('submitted', 'approved', 'sending', 'unknown')
        UNION ALL SELECT 'moving_etax', count(*), true FROM etax_documents d
            WHERE d.merchant_id = merchant AND d.issued_on BETWEEN of_month AND last_on AND d.state IN ('submitted', 'approved', 'sending', 'unknown')
        UNION ALL SELECT 'own', count(*), true FROM (
            SELECT FROM presentments p WHERE p.merchant_id = merchant AND p.document_on BETWEEN of_month AND last_on
                AND p.state NOT IN ('draft', 'refused', 'discarded') AND me = ANY (p.editors)
            UNION ALL SELECT FROM receipts r WHERE r.merchant_id = merchant AND r.document_on BETWEEN of_month AND last_on AND receipt_counts(r.state) AND me = ANY (r.editors)
            UNION ALL SELECT FROM etax_documents d WHERE d.merchant_id = merchant AND d.issued_on BETWEEN of_month AND last_on
                AND d.state NOT IN ('draft', 'refused', 'discarded') AND me = ANY (d.editors)) mine
        UNION ALL SELECT 'gaps', coalesce(sum(g.missing), 0)::bigint, true FROM (
            SELECT max(d.n) - min(d.n) + 1 - count(*) AS missing FROM document_numbers d
            WHERE (d.series_id, d.period) IN (SELECT m.series_id, m.period FROM document_numbers m WHERE m.merchant_id = merchant AND m.on_day BETWEEN of_month AND last_on)
            GROUP BY d.series_id, d.period) g
        UNION ALL SELECT 'voided', count(*), false FROM document_numbers d
            WHERE d.merchant_id = merchant AND d.on_day BETWEEN of_month AND last_on AND d.voided_at IS NOT NULL
        UNION ALL SELECT 'unreceipted', count(*), false FROM receipt_dues d
            WHERE d.merchant_id = merchant AND d.paid_at >= of_month::timestamp AT TIME ZONE 'Asia/Bangkok' AND d.paid_at < next_on::timestamp AT TIME ZONE 'Asia/Bangkok'
        UNION ALL SELECT 'certificates', count(*), false FROM withholding_certificates c
            WHERE c.merchant_id = merchant AND c.state = 'awaited' AND c.withheld_on BETWEEN of_month AND last_on
        UNION ALL SELECT 'unacknowledged', count(*), false FROM etax_documents d
            WHERE d.merchant_id = merchant AND d.issued_on BETWEEN of_month AND last_on AND d.state IN ('accepted', 'generated', 'signed', 'delivered', 'filed')
        UNION ALL SELECT 'failed_etax', count(*), false FROM etax_documents d
            WHERE d.merchant_id = merchant AND d.issued_on BETWEEN of_month AND last_on AND d.state = 'failed'
        UNION ALL SELECT 'incomplete', count(*), false FROM presentments p
            WHERE p.merchant_id = merchant AND p.document_on BETWEEN of_month AND last_on AND p.state = 'incomplete'
        UNION ALL SELECT 'drafts', count(*), false FROM (
            SELECT FROM presentments p WHERE p.merchant_id = merchant AND p.document_on BETWEEN of_month AND last_on AND p.state IN ('draft', 'refused')
            UNION ALL SELECT FROM receipts r WHERE r.merchant_id = merchant AND r.document_on BETWEEN of_month AND last_on AND r.state IN ('draft', 'refused')
            UNION ALL SELECT FROM etax_documents d WHERE d.merchant_id = merchant AND d.issued_on BETWEEN of_month AND last_on AND d.state IN ('draft', 'refused')) drafts
    ) AS i (issue, number, blocks) WHERE i.number > 0;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION output_tax_listed, month_figures, month_issues, etax_taxed, etax_line_satang FROM PUBLIC;
GRANT EXECUTE ON FUNCTION output_tax_listed, month_figures, month_issues TO portal_web;

-- A closing and whatever is dated take turns.
-- +goose StatementBegin
CREATE FUNCTION months_take_turns(merchant uuid, closing boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF closing THEN
        PERFORM pg_advisory_xact_lock(7221062, hashtext(merchant::text));
    ELSE
        PERFORM pg_advisory_xact_lock_shared(7221062, hashtext(merchant::text));
    END IF;
END $$;
-- +goose StatementEnd

-- A month is closed once, forward, by somebody who had no hand in its
-- documents, when nothing is open that keeps it; its figures are those of the books.
-- +goose StatementBegin
CREATE FUNCTION month_closing_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    open text;
BEGIN
    PERFORM months_take_turns(NEW.merchant_id, true);
    IF NEW.closed_by IS DISTINCT FROM acting_person() OR NEW.merchant_id IS DISTINCT FROM acting_merchant()
       OR NOT coalesce(has_duty(NEW.merchant_id, NEW.closed_by, 'checker'), false) THEN
        RAISE EXCEPTION 'a checker closes a month' USING ERRCODE = 'check_violation', CONSTRAINT = 'month_is_closed_on_duty';
    END IF;
    IF NEW.month <= (SELECT max(month) FROM month_closings WHERE merchant_id = NEW.merchant_id) THEN
        RAISE EXCEPTION 'months are closed forward' USING ERRCODE = 'check_violation', CONSTRAINT = 'month_is_closed_forward';
    END IF;
    SELECT i.issue INTO open FROM month_issues(NEW.month) i WHERE i.blocks AND i.issue <> 'own' LIMIT 1;
    IF open IS NOT NULL THEN
        RAISE EXCEPTION 'it keeps the month from being closed: %', open USING ERRCODE = 'check_violation', CONSTRAINT = 'month_has_nothing_open';
    END IF;
    IF EXISTS (SELECT FROM month_issues(NEW.month) i WHERE i.issue = 'own') THEN
        RAISE EXCEPTION 'somebody else closes the month of what one issued' USING ERRCODE = 'check_violation', CONSTRAINT = 'month_is_closed_by_another';
    END IF;
    SELECT f.bills, f.billed_satang, f.receipts, f.receipted_satang, f.debit_notes, f.debited_satang, f.credit_notes, f.credited_satang, f.payments, f.received_satang,
        f.withheld_satang, f.tax_documents, f.standard_satang, f.zero_satang, f.exempt_satang, f.vat_satang
    INTO NEW.bills, NEW.billed_satang, NEW.receipts, NEW.receipted_satang, NEW.debit_notes, NEW.debited_satang, NEW.credit_notes, NEW.credited_satang, NEW.payments,
        NEW.received_satang, NEW.withheld_satang, NEW.tax_documents, NEW.standard_satang, NEW.zero_satang, NEW.exempt_satang, NEW.vat_satang
    FROM month_figures(NEW.month) f;
    NEW.closed_at := now();
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER month_closing_is_allowed BEFORE INSERT ON month_closings FOR EACH ROW EXECUTE FUNCTION month_closing_is_allowed();
CREATE TRIGGER month_closings_stay BEFORE UPDATE OR DELETE ON month_closings FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER month_closings_are_not_truncated BEFORE TRUNCATE ON month_closings FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Nothing is dated into a closed month, and nothing that was dated there before
-- is submitted. The column with the date is the trigger's argument.
-- +goose StatementBegin
CREATE FUNCTION month_is_open() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    dated date := (to_jsonb(NEW) ->> TG_ARGV[0])::date;
BEGIN
    PERFORM months_take_turns(NEW.merchant_id, false);
    IF dated < (SELECT max(c.month) + interval '1 month' FROM month_closings c WHERE c.merchant_id = NEW.merchant_id) THEN
        RAISE EXCEPTION 'the month of % is closed', dated USING ERRCODE = 'restrict_violation', CONSTRAINT = 'month_is_open';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER month_is_open BEFORE INSERT ON presentments FOR EACH ROW EXECUTE FUNCTION month_is_open('document_on');
CREATE TRIGGER month_stays_open BEFORE UPDATE ON presentments FOR EACH ROW
    WHEN (NEW.document_on <> OLD.document_on OR NEW.state = 'submitted' AND OLD.state <> 'submitted') EXECUTE FUNCTION month_is_open('document_on');
CREATE TRIGGER month_is_open BEFORE INSERT ON receipts FOR EACH ROW EXECUTE FUNCTION month_is_open('document_on');
CREATE TRIGGER month_stays_open BEFORE UPDATE ON receipts FOR EACH ROW
    WHEN (NEW.document_on <> OLD.document_on OR NEW.state = 'submitted' AND OLD.state <> 'submitted') EXECUTE FUNCTION month_is_open('document_on');
CREATE TRIGGER month_is_open BEFORE INSERT ON etax_documents FOR EACH ROW EXECUTE FUNCTION month_is_open('issued_on');
CREATE TRIGGER month_stays_open BEFORE UPDATE ON etax_documents FOR EACH ROW
    WHEN (NEW.issued_on <> OLD.issued_on OR NEW.state = 'submitted' AND OLD.state <> 'submitted') EXECUTE FUNCTION month_is_open('issued_on');

SELECT audit_table('month_closings', 'merchant', 'merchant_id');
SELECT isolate_merchants('month_closings');
GRANT SELECT ON month_closings, output_tax TO portal_web;
GRANT SELECT ON month_closings TO portal_worker;
GRANT INSERT (merchant_id, month, closed_by, bills, billed_satang, receipts, receipted_satang, debit_notes, debited_satang, credit_notes, credited_satang, payments,
    received_satang, withheld_satang, tax_documents, standard_satang, zero_satang, exempt_satang, vat_satang) ON month_closings TO portal_web;
