-- What is sold is reported as output tax once, whichever paper says it first:
-- the bill, an e-Tax document made from it, or the receipt that is a tax invoice.

-- +goose Up

-- The kinds that are tax invoices, and not notes that correct one.
-- +goose StatementBegin
CREATE FUNCTION is_tax_invoice(kind text) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT kind IN ('388', 'T02', 'T03', 'T04')
$$;
-- +goose StatementEnd
-- The bank has the tax document, or may have it, or will as soon as people agree.
-- +goose StatementBegin
CREATE FUNCTION etax_is_live(state text) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT state NOT IN ('draft', 'refused', 'failed', 'discarded')
$$;
-- +goose StatementEnd
-- Whether a tax document taxes what it was made from: it is a tax invoice that
-- takes the place of no other.
-- +goose StatementBegin
CREATE FUNCTION etax_taxes(d etax_documents) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT is_tax_invoice(d.kind) AND NOT EXISTS (SELECT FROM etax_references e WHERE e.document_id = d.id)
$$;
-- +goose StatementEnd

-- The papers that tax a sale already, if it is taxed by another of this kind
-- and number, made from the bill or from the receipt: a page is offered the
-- first of them, and the trigger below refuses for any. One that has the kind
-- and the number of what it is made from is the same paper. Several documents
-- may share a bill as long as they come to no more than it.
-- +goose StatementBegin
CREATE FUNCTION taxed_already(document uuid, of_kind text, its_number text, comes_to bigint, bill uuid, receipt uuid)
RETURNS TABLE (source text, id uuid, number text)
LANGUAGE sql STABLE ROWS 2 SET search_path = public, pg_temp AS $$
    SELECT 'bill', p.id, p.document_number FROM presentments p
    WHERE is_tax_invoice(of_kind) AND p.id = bill AND p.document_type IN ('388', 'T02') AND (p.document_type, p.document_number) IS DISTINCT FROM (of_kind, its_number)
    UNION ALL
    SELECT 'receipt', r.id, r.document_number FROM presentments p JOIN receipt_lines l ON l.merchant_id = p.merchant_id AND l.presentment_id = p.id JOIN receipts r ON r.id = l.receipt_id
    WHERE is_tax_invoice(of_kind) AND p.id = bill AND r.document_type = 'T03' AND receipt_counts(r.state)
    UNION ALL
    SELECT 'etax', d.id, d.number FROM etax_documents d JOIN presentments p ON p.id = d.presentment_id
    WHERE is_tax_invoice(of_kind) AND d.presentment_id = bill AND d.id <> document AND etax_is_live(d.state) AND etax_taxes(d)
        AND comes_to + (SELECT sum(o.total_satang) FROM etax_documents o WHERE o.presentment_id = bill AND o.id <> document AND etax_is_live(o.state) AND etax_taxes(o)) > p.total_satang
    UNION ALL
    SELECT 'receipt', r.id, r.document_number FROM receipts r
    WHERE is_tax_invoice(of_kind) AND r.id = receipt AND r.document_type = 'T03' AND (r.document_type, r.document_number) IS DISTINCT FROM (of_kind, its_number)
    UNION ALL
    SELECT 'etax', d.id, d.number FROM etax_documents d
    WHERE is_tax_invoice(of_kind) AND d.receipt_id = receipt AND d.id <> document AND etax_is_live(d.state) AND etax_taxes(d)
    UNION ALL
    SELECT 'bill', p.id, p.document_number FROM receipts r JOIN receipt_lines l ON l.receipt_id = r.id JOIN presentments p ON p.id = l.presentment_id
    WHERE is_tax_invoice(of_kind) AND r.id = receipt AND r.document_type <> 'T03' AND p.document_type IN ('388', 'T02')
    UNION ALL
    SELECT 'etax', d.id, d.number FROM receipts r JOIN receipt_lines l ON l.receipt_id = r.id JOIN etax_documents d ON d.presentment_id = l.presentment_id
    WHERE is_tax_invoice(of_kind) AND r.id = receipt AND r.document_type <> 'T03' AND etax_is_live(d.state) AND etax_taxes(d)
$$;
-- +goose StatementEnd

-- Whichever paper over a sale is submitted first taxes it. The locks on its
-- bills make those that are submitted at a time take turns.
-- +goose StatementBegin
CREATE FUNCTION etax_taxes_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM presentments p WHERE p.id = NEW.presentment_id OR p.id IN (SELECT l.presentment_id FROM receipt_lines l WHERE l.receipt_id = NEW.receipt_id)
        ORDER BY p.id FOR UPDATE;
    IF etax_taxes(NEW) AND EXISTS (SELECT FROM taxed_already(NEW.id, NEW.kind, NEW.number, NEW.total_satang, NEW.presentment_id, NEW.receipt_id)) THEN
        RAISE EXCEPTION 'what it is made from is taxed already' USING ERRCODE = 'check_violation', CONSTRAINT = 'sale_is_taxed_once';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER etax_taxes_once BEFORE UPDATE ON etax_documents FOR EACH ROW
    WHEN (NEW.state = 'submitted' AND OLD.state <> 'submitted' AND is_tax_invoice(NEW.kind) AND num_nonnulls(NEW.presentment_id, NEW.receipt_id) > 0)
    EXECUTE FUNCTION etax_taxes_once();
-- +goose StatementBegin
CREATE FUNCTION receipt_taxes_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM FROM presentments p JOIN receipt_lines l ON l.presentment_id = p.id WHERE l.receipt_id = NEW.id ORDER BY p.id FOR UPDATE OF p;
    IF EXISTS (SELECT FROM receipt_lines l JOIN etax_documents d ON d.presentment_id = l.presentment_id
               WHERE l.receipt_id = NEW.id AND etax_is_live(d.state) AND etax_taxes(d)) THEN
        RAISE EXCEPTION 'one of its bills is taxed by a tax document' USING ERRCODE = 'check_violation', CONSTRAINT = 'sale_is_taxed_once';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER receipt_taxes_once BEFORE UPDATE ON receipts FOR EACH ROW
    WHEN (NEW.state = 'submitted' AND OLD.state <> 'submitted' AND NEW.document_type = 'T03') EXECUTE FUNCTION receipt_taxes_once();
REVOKE ALL ON FUNCTION is_tax_invoice, etax_is_live, etax_taxes, taxed_already, etax_taxes_once, receipt_taxes_once FROM PUBLIC;
GRANT EXECUTE ON FUNCTION is_tax_invoice, etax_is_live, etax_taxes, taxed_already TO portal_web, portal_worker;

-- The tax documents that are rows of the report of output tax by themselves,
-- apart so that a page of it passes over none that are not: those that are one
-- paper with a bill or a receipt are reported by that. What they tax is named
-- where they are tax invoices.
CREATE TABLE etax_reported (
    document_id   uuid PRIMARY KEY REFERENCES etax_documents ON DELETE CASCADE,
    merchant_id   uuid NOT NULL,
    on_day        date NOT NULL,
    number        text NOT NULL,
    taxed_bill    uuid,
    taxed_receipt uuid
);
CREATE INDEX etax_reported_by_day ON etax_reported (merchant_id, on_day, number, document_id);
CREATE INDEX etax_reported_of_bill ON etax_reported (taxed_bill) WHERE taxed_bill IS NOT NULL;
CREATE INDEX etax_reported_of_receipt ON etax_reported (taxed_receipt) WHERE taxed_receipt IS NOT NULL;
-- +goose StatementBegin
CREATE FUNCTION etax_is_a_row(d etax_documents) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT d.kind <> 'T01' AND d.state IN ('accepted', 'generated', 'signed', 'delivered', 'filed', 'acknowledged', 'unknown')
        AND NOT EXISTS (SELECT FROM presentments p WHERE p.id = d.presentment_id AND p.document_number = d.number AND p.document_type IN ('388', 'T02')
            AND p.state IN ('presented', 'incomplete', 'unknown', 'cancelled', 'replaced'))
        AND NOT EXISTS (SELECT FROM receipts r WHERE r.id = d.receipt_id AND r.document_number = d.number AND r.document_type = 'T03' AND r.state IN ('issued', 'incomplete', 'unknown'))
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION etax_reports(document uuid) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    DELETE FROM etax_reported t USING etax_documents d WHERE t.document_id = document AND d.id = document AND NOT etax_is_a_row(d);
    INSERT INTO etax_reported (document_id, merchant_id, on_day, number, taxed_bill, taxed_receipt)
    SELECT d.id, d.merchant_id, d.issued_on, d.number, CASE WHEN etax_taxes(d) THEN d.presentment_id END, CASE WHEN etax_taxes(d) THEN d.receipt_id END
    FROM etax_documents d WHERE d.id = document AND etax_is_a_row(d)
    ON CONFLICT (document_id) DO UPDATE SET on_day = excluded.on_day, number = excluded.number, taxed_bill = excluded.taxed_bill, taxed_receipt = excluded.taxed_receipt;
END $$;
-- +goose StatementEnd
-- A document waits for whoever changes what it was made from, who does not wait
-- for it: the later of the two sees both.
-- +goose StatementBegin
CREATE FUNCTION etax_is_reported() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'etax_documents' THEN
        PERFORM FROM presentments p WHERE p.id = NEW.presentment_id FOR SHARE;
        PERFORM FROM receipts r WHERE r.id = NEW.receipt_id FOR SHARE;
        PERFORM etax_reports(NEW.id);
    ELSIF TG_TABLE_NAME = 'presentments' THEN
        PERFORM etax_reports(d.id) FROM etax_documents d WHERE d.presentment_id = NEW.id;
    ELSE
        PERFORM etax_reports(d.id) FROM etax_documents d WHERE d.receipt_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER etax_is_reported AFTER UPDATE ON etax_documents FOR EACH ROW
    WHEN ((NEW.kind, NEW.number, NEW.issued_on, NEW.state) IS DISTINCT FROM (OLD.kind, OLD.number, OLD.issued_on, OLD.state)) EXECUTE FUNCTION etax_is_reported();
CREATE TRIGGER etax_is_reported AFTER UPDATE ON presentments FOR EACH ROW
    WHEN (NEW.document_type IN ('388', 'T02') AND (NEW.document_type, NEW.document_number, NEW.state) IS DISTINCT FROM (OLD.document_type, OLD.document_number, OLD.state))
    EXECUTE FUNCTION etax_is_reported();
CREATE TRIGGER etax_is_reported AFTER UPDATE ON receipts FOR EACH ROW
    WHEN (NEW.document_type = 'T03' AND (NEW.document_type, NEW.document_number, NEW.state) IS DISTINCT FROM (OLD.document_type, OLD.document_number, OLD.state))
    EXECUTE FUNCTION etax_is_reported();
INSERT INTO etax_reported (document_id, merchant_id, on_day, number, taxed_bill, taxed_receipt)
    SELECT d.id, d.merchant_id, d.issued_on, d.number, CASE WHEN etax_taxes(d) THEN d.presentment_id END, CASE WHEN etax_taxes(d) THEN d.receipt_id END
    FROM etax_documents d WHERE etax_is_a_row(d);
REVOKE ALL ON FUNCTION etax_is_a_row, etax_reports, etax_is_reported FROM PUBLIC;
SELECT isolate_merchants('etax_reported');
GRANT SELECT ON etax_reported TO portal_web;

-- The bank writes the branch behind the number of a registered buyer: 18 digits
-- of whom the first 13 say who it is.
-- +goose StatementBegin
CREATE FUNCTION buyer_number(registration text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT CASE WHEN registration ~ '^[0-9]{18}$' THEN left(registration, 13) ELSE registration END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION buyer_number FROM PUBLIC;
GRANT EXECUTE ON FUNCTION buyer_number TO portal_web, portal_worker;

-- What of a receipt nothing else has reported: not the bills that are tax
-- invoices themselves, and not what a tax document made from them taxes.
CREATE VIEW receipt_lines_to_report WITH (security_invoker = true) AS
    SELECT l.receipt_id, l.vat, l.amount_satang, l.vat_satang FROM receipt_lines l LEFT JOIN presentments p ON p.id = l.presentment_id
    WHERE p.document_type IS DISTINCT FROM '388' AND p.document_type IS DISTINCT FROM 'T02'
        AND NOT EXISTS (SELECT FROM etax_reported t WHERE t.taxed_bill = l.presentment_id)
        AND NOT EXISTS (SELECT FROM etax_reported t WHERE t.taxed_receipt = l.receipt_id);
GRANT SELECT ON receipt_lines_to_report TO portal_web;

-- The rows of the report of output tax, as in 0023.
CREATE OR REPLACE VIEW output_tax WITH (security_invoker = true) AS
    SELECT p.merchant_id, 'bill' AS source, p.id, p.document_type AS kind, p.document_number AS number, p.document_on AS on_day, p.buyer_name, p.buyer_tax_id, p.buyer_branch,
        CASE WHEN p.state IN ('cancelled', 'replaced') THEN 'void' ELSE 'counts' END AS standing, 1 AS sign, p.before_tax_satang AS base_satang, p.vat_satang,
        coalesce((SELECT sum(l.amount_satang - l.share_satang) FROM presentment_lines l WHERE l.presentment_id = p.id AND l.vat = 'zero'), 0)::bigint AS zero_satang,
        coalesce((SELECT sum(l.amount_satang - l.share_satang) FROM presentment_lines l WHERE l.presentment_id = p.id AND l.vat = 'exempt'), 0)::bigint AS exempt_satang
    FROM presentments p
    WHERE p.document_type IN ('388', 'T02') AND p.state IN ('presented', 'incomplete', 'unknown', 'cancelled', 'replaced')
    UNION ALL
    SELECT r.merchant_id, 'receipt', r.id, r.document_type, r.document_number, r.document_on, r.buyer_name, r.buyer_tax_id, r.buyer_branch, 'counts', 1,
        coalesce((SELECT sum(l.amount_satang - l.vat_satang) FROM receipt_lines_to_report l WHERE l.receipt_id = r.id), 0)::bigint,
        coalesce((SELECT sum(l.vat_satang) FROM receipt_lines_to_report l WHERE l.receipt_id = r.id), 0)::bigint,
        0::bigint,
        coalesce((SELECT sum(l.amount_satang) FROM receipt_lines_to_report l WHERE l.receipt_id = r.id AND l.vat = 'none'), 0)::bigint
    FROM receipts r
    WHERE r.document_type = 'T03' AND r.state IN ('issued', 'incomplete', 'unknown')
    UNION ALL
    SELECT t.merchant_id, 'etax', t.document_id, d.kind, t.number, t.on_day, d.buyer_name, buyer_number(d.buyer_tax_id), coalesce(d.content #>> '{buyer,branch}', ''),
        CASE WHEN d.kind NOT IN ('80', '81') AND EXISTS (SELECT FROM etax_references e WHERE e.document_id = d.id) THEN 'replaces' ELSE 'counts' END,
        CASE d.kind WHEN '81' THEN -1 ELSE 1 END, d.basis_satang, d.vat_satang, etax_taxed(d.kind, d.content, 'zero'), etax_taxed(d.kind, d.content, 'exempt')
    FROM etax_reported t JOIN etax_documents d ON d.id = t.document_id;
DROP INDEX etax_of_tax;

-- As in 0023: the head of each kind of source, and of those the first; what each
-- comes to is asked of those alone that stand on the page, each of its source.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION output_tax_listed(from_on date, to_on date, place_on date, place_number text, place_id uuid, at_most integer) RETURNS SETOF output_tax
LANGUAGE plpgsql STABLE ROWS 60 SECURITY DEFINER SET search_path = public, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
DECLARE
    merchant uuid := acting_merchant();
BEGIN
    RETURN QUERY SELECT o.* FROM (SELECT h.source, h.id FROM (
        (SELECT o.source, o.on_day, o.number, o.id FROM output_tax o WHERE o.source = 'bill' AND o.merchant_id = merchant AND o.on_day BETWEEN from_on AND to_on
            AND (o.on_day, o.number, o.id) > (place_on, place_number, place_id) ORDER BY o.on_day, o.number, o.id LIMIT at_most)
        UNION ALL
        (SELECT o.source, o.on_day, o.number, o.id FROM output_tax o WHERE o.source = 'receipt' AND o.merchant_id = merchant AND o.on_day BETWEEN from_on AND to_on
            AND (o.on_day, o.number, o.id) > (place_on, place_number, place_id) ORDER BY o.on_day, o.number, o.id LIMIT at_most)
        UNION ALL
        (SELECT 'etax', t.on_day, t.number, t.document_id FROM etax_reported t WHERE t.merchant_id = merchant AND t.on_day BETWEEN from_on AND to_on
            AND (t.on_day, t.number, t.document_id) > (place_on, place_number, place_id) ORDER BY t.on_day, t.number, t.document_id LIMIT at_most)) h
        ORDER BY h.on_day, h.number, h.id LIMIT at_most) page
        CROSS JOIN LATERAL (SELECT r.* FROM output_tax r WHERE r.merchant_id = merchant AND r.source = page.source AND r.id = page.id OFFSET 0) o
    ORDER BY o.on_day, o.number, o.id;
END $$;
-- +goose StatementEnd

CREATE INDEX etax_documents_billed ON etax_documents (merchant_id, buyer_number(buyer_tax_id)) WHERE bank_reference <> '';

-- As in 0012, but whoever was billed by a tax document is no new buyer either,
-- and nobody is one whom the bank writes with their branch.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION instruction_starts_pending() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    in_force policies;
    lead instructions;
    asked jsonb;
    buyer text;
    amount numeric;
    cut_off timestamptz;
    latest timestamptz;
BEGIN
    IF NEW.state <> 'pending' OR NEW.attempt_no <> 0 OR NEW.bank_reference <> '' THEN
        RAISE EXCEPTION 'an instruction starts as pending' USING ERRCODE = 'check_violation', CONSTRAINT = 'instruction_starts_pending';
    END IF;
    IF NEW.maker_id IS DISTINCT FROM acting_person() OR NOT has_duty(NEW.merchant_id, NEW.maker_id, 'maker') THEN
        RAISE EXCEPTION 'an instruction is made by the acting person, a maker' USING ERRCODE = 'check_violation', CONSTRAINT = 'maker_is_acting';
    END IF;
    NEW.submitted_at := now();
    IF NEW.part > 0 THEN
        -- One submission is under one policy, even if another comes into force meanwhile.
        SELECT * INTO lead FROM instructions WHERE id = NEW.lead_id AND merchant_id = NEW.merchant_id;
        IF NOT FOUND OR lead.maker_id <> NEW.maker_id OR lead.submitted_at <> now() THEN
            RAISE EXCEPTION 'a part is submitted with its lead' USING ERRCODE = 'check_violation', CONSTRAINT = 'part_comes_with_its_lead';
        END IF;
        SELECT * INTO in_force FROM policies WHERE merchant_id = lead.merchant_id AND version = lead.policy_version;
        NEW.seats := lead.seats;
        NEW.new_buyer := lead.new_buyer;
        latest := lead.expires_at;
    ELSE
        SELECT * INTO in_force FROM policies WHERE merchant_id = NEW.merchant_id ORDER BY version DESC LIMIT 1;
        asked := convert_from(NEW.payload, 'UTF8')::jsonb;
        IF NOT content_is_read_one_way(convert_from(NEW.payload, 'UTF8')::json) THEN
            RAISE EXCEPTION 'the content can be read in two ways' USING ERRCODE = 'check_violation', CONSTRAINT = 'content_is_read_one_way';
        END IF;
        amount := (asked ->> 'totalAmount')::numeric * 100;
        IF amount IS NULL AND NEW.operation <> 'presentment.create' AND NEW.subject LIKE 'presentment/%' THEN
            SELECT total_satang INTO amount FROM presentments WHERE merchant_id = NEW.merchant_id AND id = split_part(NEW.subject, '/', 2)::uuid;
        END IF;
        IF NEW.amount_satang <> coalesce(amount, 0) THEN
            RAISE EXCEPTION 'the amount is not what the content says' USING ERRCODE = 'check_violation', CONSTRAINT = 'amount_is_the_contents';
        END IF;
        buyer := buyer_number(asked #>> '{buyer,taxIdentification}');
        NEW.new_buyer := buyer IS NOT NULL AND NOT EXISTS (
            SELECT FROM presentments p WHERE p.merchant_id = NEW.merchant_id AND p.buyer_tax_id = buyer AND p.bank_reference <> '')
            -- Without a number of 13 digits there is no telling one from another.
            AND NOT (buyer ~ '^[0-9]{13}$' AND EXISTS (
                SELECT FROM etax_documents d WHERE d.merchant_id = NEW.merchant_id AND buyer_number(d.buyer_tax_id) = buyer AND d.bank_reference <> ''));
        NEW.seats := seats_under(in_force.rules, in_force.approvals_needed, NEW.operation, NEW.amount_satang, NEW.new_buyer);
        latest := now() + in_force.valid_for;
        IF (in_force.rules ->> 'until_due')::boolean AND asked ? 'dueDate' THEN
            cut_off := ((asked ->> 'dueDate')::date + (in_force.rules ->> 'cut_off')::time) AT TIME ZONE 'Asia/Bangkok';
            -- What is due already cannot be late any more.
            IF cut_off > now() THEN
                latest := least(latest, cut_off);
            END IF;
        END IF;
    END IF;
    NEW.policy_version := coalesce(NEW.policy_version, in_force.version);
    NEW.approvals_needed := coalesce(NEW.approvals_needed, jsonb_array_length(NEW.seats));
    NEW.expires_at := coalesce(NEW.expires_at, latest);
    IF NEW.policy_version <> in_force.version OR NEW.approvals_needed <> jsonb_array_length(NEW.seats) OR NEW.expires_at > latest THEN
        RAISE EXCEPTION 'the policy in force says otherwise' USING ERRCODE = 'check_violation', CONSTRAINT = 'instruction_obeys_policy';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
