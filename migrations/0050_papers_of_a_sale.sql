-- A note is held against whichever paper of ours it names: a tax document, or a
-- bill or a receipt that is a tax invoice by itself.

-- +goose Up

-- The bank has the bill, and nobody has asked to take it back or to put another
-- in its place.
-- +goose StatementBegin
CREATE FUNCTION bill_is_out(p presentments) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT p.state IN ('presented', 'incomplete')
        AND NOT EXISTS (SELECT FROM instructions i WHERE i.id = p.cancellation_id AND i.state IN ('pending', 'approved', 'sending', 'unknown'))
        AND NOT EXISTS (SELECT FROM presentment_replacements r JOIN presentments n ON n.id = r.replacement_id
            WHERE r.replaced_id = p.id AND n.state IN ('submitted', 'approved', 'sending', 'unknown'))
$$;
-- +goose StatementEnd

-- The papers of a merchant that bear these names, each of the kind at the same
-- place. A bill or a receipt and the tax document with its number are one paper,
-- of which the one counts that its buyer has.
-- +goose StatementBegin
CREATE FUNCTION papers_named(of_merchant uuid, kinds text[], numbers text[])
RETURNS TABLE (source text, id uuid, kind text, number text, issued_on date, buyer_tax_id text, is_out boolean, total_satang bigint, vat_satang bigint)
LANGUAGE sql STABLE ROWS 3 SET search_path = public, pg_temp AS $$
    SELECT DISTINCT ON (o.kind, o.number) o.* FROM unnest(kinds, numbers) AS n (kind, number) CROSS JOIN LATERAL (
        SELECT 'etax' AS source, d.id, d.kind, d.number, d.issued_on, d.buyer_tax_id, etax_is_out(d.state) AS is_out, d.total_satang, d.vat_satang
        FROM etax_documents d WHERE d.merchant_id = of_merchant AND d.kind = n.kind AND d.number = n.number AND d.number <> '' AND d.state <> 'discarded'
        UNION ALL
        SELECT 'bill', p.id, p.document_type, p.document_number, p.document_on, p.buyer_tax_id, bill_is_out(p), p.total_satang, p.vat_satang
        FROM presentments p WHERE p.merchant_id = of_merchant AND p.document_type = n.kind AND p.document_number = n.number
            AND p.document_type IN ('388', 'T02') AND p.state <> 'discarded'
        UNION ALL
        SELECT 'receipt', r.id, r.document_type, r.document_number, r.document_on, r.buyer_tax_id, r.state IN ('issued', 'incomplete'), r.total_satang, r.vat_satang
        FROM receipts r WHERE r.merchant_id = of_merchant AND r.document_type = n.kind AND r.document_number = n.number
            AND r.document_number <> '' AND r.state <> 'discarded') o
    ORDER BY o.kind, o.number, o.is_out DESC, o.source = 'etax' DESC, o.id DESC
$$;
-- +goose StatementEnd

-- What of a document's references is a list, and nothing of one that says none.
-- +goose StatementBegin
CREATE FUNCTION references_said(content jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT CASE jsonb_typeof(content -> 'references') WHEN 'array' THEN content -> 'references' ELSE '[]' END
$$;
-- +goose StatementEnd
CREATE INDEX etax_by_what_it_names ON etax_documents USING gin ((content -> 'references') jsonb_path_ops);

-- How much a credit note on these papers may come to: what was billed by them, by
-- those that stand for them and by the debit notes that raised them, less the
-- credit notes that are out or under way. A paper that takes the place of another
-- is counted with that.
-- +goose StatementBegin
CREATE FUNCTION left_of_sale(of_merchant uuid, note uuid, kinds text[], numbers text[]) RETURNS bigint LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    WITH RECURSIVE papers (kind, number) AS (
        SELECT n.kind, n.number FROM unnest(kinds, numbers) AS n (kind, number)
        UNION
        SELECT met.kind, met.number FROM papers p CROSS JOIN LATERAL (
            SELECT r ->> 'kind' AS kind, r ->> 'number' AS number
            FROM etax_documents d CROSS JOIN jsonb_array_elements(references_said(d.content)) AS r
            WHERE d.merchant_id = of_merchant AND d.kind = p.kind AND d.number = p.number AND d.number <> ''
                AND (is_tax_invoice(d.kind) AND etax_is_live(d.state) OR d.kind = '80' AND etax_is_out(d.state))
            UNION ALL
            SELECT d.kind, d.number FROM etax_documents d
            WHERE d.merchant_id = of_merchant AND d.content -> 'references' @> jsonb_build_array(jsonb_build_object('kind', p.kind, 'number', p.number))
                AND (is_tax_invoice(d.kind) AND etax_is_live(d.state) OR d.kind = '80' AND etax_is_out(d.state))) met
    )
    SELECT coalesce((SELECT sum(o.total_satang) FROM papers p CROSS JOIN LATERAL papers_named(of_merchant, ARRAY[p.kind], ARRAY[p.number]) o
            WHERE o.kind = '80' OR is_tax_invoice(o.kind) AND NOT EXISTS (SELECT FROM etax_references e WHERE e.document_id = o.id)), 0)::bigint
        - coalesce((SELECT sum(d.total_satang) FROM etax_documents d WHERE d.merchant_id = of_merchant AND d.kind = '81' AND d.id <> note AND etax_is_live(d.state)
            AND EXISTS (SELECT FROM papers p WHERE d.content -> 'references' @> jsonb_build_array(jsonb_build_object('kind', p.kind, 'number', p.number)))), 0)::bigint
$$;
-- +goose StatementEnd
-- For a page, of the acting merchant. Without the indexes that row-level security
-- keeps from a search in a content, a page would read every document.
-- +goose StatementBegin
CREATE FUNCTION left_to_credit(note uuid, kinds text[], numbers text[]) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT left_of_sale(acting_merchant(), note, kinds, numbers)
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION papers_named, references_said, left_of_sale, left_to_credit(uuid, text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION papers_named, references_said, left_to_credit(uuid, text[], text[]) TO portal_web, portal_worker;

-- As in 0042, but for bills and receipts, too. A tax invoice that is a bill or a
-- receipt is replaced as such, or by way of the tax document with its number: the
-- report of output tax would count one that names it beside it. What is left of
-- 0042's count of a sale serves the release before this one.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION etax_corrects_what_is_out() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    said    jsonb := references_said(NEW.content);
    why     text := coalesce(NEW.content ->> 'purpose', '');
    note    boolean := NEW.kind IN ('80', '81');
    kinds   text[];
    numbers text[];
    ours    uuid[];
    known   integer;
BEGIN
    IF NEW.content #>> '{seller,branch}' !~ '^[0-9]{5}$' OR NEW.content #>> '{buyer,scheme}' = 'TXID' AND NEW.content #>> '{buyer,branch}' !~ '^[0-9]{5}$' THEN
        RAISE EXCEPTION 'a branch has 5 digits' USING ERRCODE = 'check_violation', CONSTRAINT = 'etax_branch_has_5_digits';
    END IF;
    IF note AND said = '[]' THEN
        RAISE EXCEPTION 'a note names what it corrects' USING ERRCODE = 'check_violation', CONSTRAINT = 'note_names_what_it_corrects';
    END IF;
    IF (why = '') <> (said = '[]') OR why LIKE '%99' AND coalesce(NEW.content ->> 'purpose_text', '') !~ '\S' THEN
        RAISE EXCEPTION 'what corrects or replaces says why' USING ERRCODE = 'check_violation', CONSTRAINT = 'correction_says_why';
    END IF;
    IF said = '[]' AND NOT EXISTS (SELECT FROM etax_references e WHERE e.document_id = NEW.id) THEN
        RETURN NEW;
    END IF;
    -- Notes on one sale take turns, whichever of its papers they name, so that the
    -- later sees the earlier.
    PERFORM pg_advisory_xact_lock(hashtextextended('credit ' || NEW.merchant_id, 0));
    SELECT array_agg(r ->> 'kind'), array_agg(r ->> 'number') INTO kinds, numbers FROM jsonb_array_elements(said) AS r;
    SELECT coalesce(array_agg(o.id) FILTER (WHERE o.source = 'etax'), '{}'), count(*) INTO ours, known FROM papers_named(NEW.merchant_id, kinds, numbers) o;
    PERFORM FROM etax_documents d WHERE d.id = ANY (ours) ORDER BY d.id FOR NO KEY UPDATE;
    IF (SELECT count(*) FROM etax_references e WHERE e.document_id = NEW.id AND e.referenced_id = ANY (ours)) <> cardinality(ours)
       OR EXISTS (SELECT FROM etax_references e WHERE e.document_id = NEW.id AND e.referenced_id <> ALL (ours)) THEN
        RAISE EXCEPTION 'it refers to what it names' USING ERRCODE = 'check_violation', CONSTRAINT = 'etax_refers_to_what_it_names';
    END IF;
    IF EXISTS (SELECT FROM papers_named(NEW.merchant_id, kinds, numbers) o JOIN jsonb_array_elements(said) AS r ON o.kind = r ->> 'kind' AND o.number = r ->> 'number'
               WHERE NOT o.is_out OR o.issued_on::text <> r ->> 'issued_on' OR note AND buyer_number(o.buyer_tax_id) <> buyer_number(NEW.buyer_tax_id)) THEN
        RAISE EXCEPTION 'it refers to a paper that its buyer has' USING ERRCODE = 'check_violation', CONSTRAINT = 'etax_refers_to_what_is_out';
    END IF;
    IF is_tax_invoice(NEW.kind) AND known <> cardinality(ours) THEN
        RAISE EXCEPTION 'a bill or a receipt is replaced as such' USING ERRCODE = 'check_violation', CONSTRAINT = 'replacement_names_a_tax_document';
    END IF;
    -- What papers of others come to nobody knows here.
    IF known < (SELECT count(DISTINCT (r ->> 'kind', r ->> 'number')) FROM jsonb_array_elements(said) AS r) THEN
        RETURN NEW;
    END IF;
    IF NEW.kind = '81' AND NEW.total_satang > left_of_sale(NEW.merchant_id, NEW.id, kinds, numbers) THEN
        RAISE EXCEPTION 'more would be credited than was billed' USING ERRCODE = 'check_violation', CONSTRAINT = 'no_more_is_credited_than_was_billed';
    END IF;
    -- The report of output tax counts the paper whose place it takes.
    IF is_tax_invoice(NEW.kind) AND NOT EXISTS (
        SELECT FROM etax_documents d WHERE d.id = ANY (ours) HAVING sum(d.total_satang) = NEW.total_satang AND sum(d.vat_satang) = NEW.vat_satang) THEN
        RAISE EXCEPTION 'what takes its place comes to the same' USING ERRCODE = 'check_violation', CONSTRAINT = 'replacement_comes_to_the_same';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- A bill with a note on it is neither called off nor replaced: the note would be
-- left without what it corrects, and the month with tax that is not owed.
-- +goose StatementBegin
CREATE FUNCTION noted_bill_stays() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    about uuid := split_part(NEW.subject, '/', 2)::uuid;
BEGIN
    IF NEW.operation = 'presentment.create' THEN
        SELECT r.replaced_id INTO about FROM presentment_replacements r WHERE r.replacement_id = about;
        IF about IS NULL THEN
            RETURN NEW;
        END IF;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('credit ' || NEW.merchant_id, 0));
    IF EXISTS (SELECT FROM presentments p JOIN etax_documents d ON d.merchant_id = p.merchant_id AND d.kind IN ('80', '81') AND etax_is_live(d.state)
                   AND d.content -> 'references' @> jsonb_build_array(jsonb_build_object('kind', p.document_type, 'number', p.document_number))
               WHERE p.id = about AND p.merchant_id = NEW.merchant_id) THEN
        RAISE EXCEPTION 'a bill with a note on it stays' USING ERRCODE = 'check_violation', CONSTRAINT = 'noted_bill_stays';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER noted_bill_stays BEFORE INSERT ON instructions FOR EACH ROW
    WHEN (NEW.part = 0 AND NEW.operation IN ('presentment.cancel', 'presentment.create')) EXECUTE FUNCTION noted_bill_stays();
REVOKE ALL ON FUNCTION bill_is_out, noted_bill_stays FROM PUBLIC;
GRANT EXECUTE ON FUNCTION bill_is_out TO portal_web, portal_worker;

-- Until when its scan is kept follows from its day: one of long ago would be kept
-- no more the day it comes.
ALTER TABLE withholding_certificates ADD CONSTRAINT certificate_is_of_its_time CHECK (certificate_on >= withheld_on - 31) NOT VALID;
