-- The library finds what a buyer has by their 13 digits, e-Tax documents too,
-- which the bank writes with the branch behind them.

-- +goose Up

-- As in 0023, but for that.
CREATE OR REPLACE VIEW file_uses WITH (security_invoker = true) AS
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
        d.buyer_name, buyer_number(d.buyer_tax_id), d.bank_reference, library_standing(d.state), d.retention_until, d.held, false
    FROM etax_files f JOIN etax_documents d ON d.id = f.document_id
    UNION ALL
    SELECT c.merchant_id, c.file_id, 'certificate', c.match_id, c.presentment_id, 'WHT', c.certificate_no, coalesce(c.certificate_on, c.withheld_on),
        p.buyer_name, c.buyer_tax_id, p.document_number, library_standing(c.state), library_kept_until(coalesce(c.certificate_on, c.withheld_on)), false, false
    FROM withholding_certificates c JOIN presentments p ON p.id = c.presentment_id WHERE c.file_id IS NOT NULL;

UPDATE library_entries SET buyer_tax_id = buyer_number(buyer_tax_id) WHERE used_in = 'etax' AND buyer_tax_id <> buyer_number(buyer_tax_id);
