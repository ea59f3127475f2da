-- What corrects or replaces a tax document is held against that document, and
-- what the bank is asked for is what the report of output tax counts.

-- +goose Up

-- The bank has made the tax document, or is about to: another may correct it.
-- +goose StatementBegin
CREATE FUNCTION etax_is_out(state text) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT state IN ('accepted', 'generated', 'signed', 'delivered', 'filed', 'acknowledged')
$$;
-- +goose StatementEnd

-- The papers over the sale that these are about: those that stand for one
-- another, and the debit notes that raised them.
-- +goose StatementBegin
CREATE FUNCTION papers_of_sale(referred uuid[]) RETURNS TABLE (paper uuid) LANGUAGE sql STABLE ROWS 5 SET search_path = public, pg_temp AS $$
    WITH RECURSIVE papers (id) AS (
        SELECT unnest(referred)
        UNION
        SELECT CASE e.document_id WHEN p.id THEN e.referenced_id ELSE e.document_id END
        FROM papers p JOIN etax_references e ON e.document_id = p.id OR e.referenced_id = p.id JOIN etax_documents d ON d.id = e.document_id
        WHERE is_tax_invoice(d.kind) AND etax_is_live(d.state) OR d.kind = '80' AND etax_is_out(d.state)
    )
    SELECT id FROM papers
$$;
-- +goose StatementEnd

-- How much a credit note on these papers may come to: what was billed, a paper
-- that takes the place of another counted with it, less the credit notes that
-- are out or under way.
-- +goose StatementBegin
CREATE FUNCTION left_to_credit(note uuid, referred uuid[]) RETURNS bigint LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    WITH papers AS MATERIALIZED (SELECT p.paper AS id FROM papers_of_sale(referred) p)
    SELECT coalesce((SELECT sum(d.total_satang) FROM papers p JOIN etax_documents d ON d.id = p.id
            WHERE d.kind = '80' OR is_tax_invoice(d.kind) AND NOT EXISTS (SELECT FROM etax_references e WHERE e.document_id = d.id)), 0)::bigint
        - coalesce((SELECT sum(d.total_satang) FROM etax_documents d WHERE d.kind = '81' AND d.id <> note AND etax_is_live(d.state)
            AND d.id IN (SELECT e.document_id FROM papers p JOIN etax_references e ON e.referenced_id = p.id)), 0)::bigint
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION etax_is_out, papers_of_sale, left_to_credit FROM PUBLIC;
GRANT EXECUTE ON FUNCTION etax_is_out, papers_of_sale, left_to_credit TO portal_web, portal_worker;

-- A note says what it corrects and why, as does whatever takes the place of a
-- paper. A reference to a document of ours is known as one, or the sale would be
-- reported twice, or never. The locks make notes on one sale take turns.
-- +goose StatementBegin
CREATE FUNCTION etax_corrects_what_is_out() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    said jsonb := CASE jsonb_typeof(NEW.content -> 'references') WHEN 'array' THEN NEW.content -> 'references' ELSE '[]' END;
    why  text := coalesce(NEW.content ->> 'purpose', '');
    note boolean := NEW.kind IN ('80', '81');
    ours uuid[];
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
    SELECT coalesce(array_agg(d.id), '{}') INTO ours FROM etax_documents d JOIN jsonb_array_elements(said) AS r ON d.kind = r ->> 'kind' AND d.number = r ->> 'number'
    WHERE d.merchant_id = NEW.merchant_id AND d.number <> '' AND d.state <> 'discarded';
    PERFORM FROM etax_documents d WHERE d.id IN (SELECT p.paper FROM papers_of_sale(ours) p) AND d.id <> NEW.id ORDER BY d.id FOR NO KEY UPDATE;
    IF (SELECT count(*) FROM etax_references e WHERE e.document_id = NEW.id AND e.referenced_id = ANY (ours)) <> cardinality(ours)
       OR EXISTS (SELECT FROM etax_references e WHERE e.document_id = NEW.id AND e.referenced_id <> ALL (ours)) THEN
        RAISE EXCEPTION 'it refers to what it names' USING ERRCODE = 'check_violation', CONSTRAINT = 'etax_refers_to_what_it_names';
    END IF;
    IF EXISTS (SELECT FROM etax_documents d JOIN jsonb_array_elements(said) AS r ON d.kind = r ->> 'kind' AND d.number = r ->> 'number'
               WHERE d.id = ANY (ours) AND (NOT etax_is_out(d.state) OR d.issued_on::text <> r ->> 'issued_on'
                   OR note AND buyer_number(d.buyer_tax_id) <> buyer_number(NEW.buyer_tax_id))) THEN
        RAISE EXCEPTION 'it refers to a paper that its buyer has' USING ERRCODE = 'check_violation', CONSTRAINT = 'etax_refers_to_what_is_out';
    END IF;
    -- What papers of others come to nobody knows here.
    IF cardinality(ours) = jsonb_array_length(said) AND NEW.kind = '81' AND NEW.total_satang > left_to_credit(NEW.id, ours) THEN
        RAISE EXCEPTION 'more would be credited than was billed' USING ERRCODE = 'check_violation', CONSTRAINT = 'no_more_is_credited_than_was_billed';
    END IF;
    -- The report of output tax counts the paper whose place it takes.
    IF cardinality(ours) = jsonb_array_length(said) AND is_tax_invoice(NEW.kind) AND NOT EXISTS (
        SELECT FROM etax_documents d WHERE d.id = ANY (ours) HAVING sum(d.total_satang) = NEW.total_satang AND sum(d.vat_satang) = NEW.vat_satang) THEN
        RAISE EXCEPTION 'what takes its place comes to the same' USING ERRCODE = 'check_violation', CONSTRAINT = 'replacement_comes_to_the_same';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER etax_corrects_what_is_out BEFORE UPDATE ON etax_documents FOR EACH ROW
    WHEN (NEW.state = 'submitted' AND OLD.state <> 'submitted') EXECUTE FUNCTION etax_corrects_what_is_out();

-- What people approve and the bank gets is what closes with the month: the day,
-- and of a tax document the tax and the papers that it names.
-- +goose StatementBegin
CREATE FUNCTION document_is_reported_as_asked() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := convert_from(NEW.payload, 'UTF8')::jsonb;
    about uuid := split_part(NEW.subject, '/', 2)::uuid;
    d     etax_documents;
BEGIN
    IF NEW.operation = 'receipt.create' THEN
        IF EXISTS (SELECT FROM receipts r WHERE r.id = about AND r.merchant_id = NEW.merchant_id AND r.document_on::text IS DISTINCT FROM asked ->> 'receiptDate') THEN
            RAISE EXCEPTION 'the bank is asked for another day' USING ERRCODE = 'check_violation', CONSTRAINT = 'document_is_reported_as_asked';
        END IF;
        RETURN NEW;
    END IF;
    SELECT * INTO d FROM etax_documents WHERE id = about AND merchant_id = NEW.merchant_id;
    IF d.id IS NOT NULL AND (
        ((asked ->> 'issueDateTime')::timestamptz AT TIME ZONE 'Asia/Bangkok')::date IS DISTINCT FROM d.issued_on
        OR ((asked #>> '{summary,taxBasisTotal}')::numeric * 100, (asked #>> '{summary,taxTotal}')::numeric * 100) IS DISTINCT FROM (d.basis_satang::numeric, d.vat_satang::numeric)
        OR (SELECT string_agg(r ->> 'typeCode' || ' ' || (r ->> 'documentNumber'), ', ' ORDER BY r ->> 'typeCode', r ->> 'documentNumber')
            FROM jsonb_array_elements(CASE jsonb_typeof(asked -> 'referencedDocuments') WHEN 'array' THEN asked -> 'referencedDocuments' ELSE '[]' END) AS r)
           IS DISTINCT FROM
           (SELECT string_agg(r ->> 'kind' || ' ' || (r ->> 'number'), ', ' ORDER BY r ->> 'kind', r ->> 'number')
            FROM jsonb_array_elements(CASE jsonb_typeof(d.content -> 'references') WHEN 'array' THEN d.content -> 'references' ELSE '[]' END) AS r)) THEN
        RAISE EXCEPTION 'the bank is asked for other than what is reported' USING ERRCODE = 'check_violation', CONSTRAINT = 'document_is_reported_as_asked';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- After instruction_suits_its_subject, which knows the content for one's own; hence the name.
CREATE TRIGGER subject_is_reported_as_asked BEFORE INSERT ON instructions FOR EACH ROW
    WHEN (NEW.part = 0 AND NEW.operation IN ('receipt.create', 'etax.generate')) EXECUTE FUNCTION document_is_reported_as_asked();
REVOKE ALL ON FUNCTION etax_corrects_what_is_out, document_is_reported_as_asked FROM PUBLIC;
