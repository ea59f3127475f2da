-- What was still open of receipts and their lists: papers that the bank has not
-- got are sent once more, under approval as all else, and a filter is kept under
-- a name on every list.

-- +goose Up

-- The lead that asks, the last time, for the papers that the bank has not got.
ALTER TABLE receipts ADD COLUMN resend_id uuid,
    ADD CONSTRAINT receipts_resend_id_fkey FOREIGN KEY (resend_id, merchant_id) REFERENCES instructions (id, merchant_id);
GRANT UPDATE (resend_id) ON receipts TO portal_web;

-- As in 0026, but for the papers of a receipt, which may lead: they are the
-- receipt's, and are approved under its amount.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION instruction_suits_its_subject() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    kind   text := split_part(NEW.subject, '/', 1);
    asked  jsonb;
    lead   instructions;
    seller merchants;
    r      receipts;
    d      etax_documents;
BEGIN
    IF kind NOT IN ('presentment', 'receipt', 'etax') OR kind <> split_part(NEW.operation, '.', 1) THEN
        RAISE EXCEPTION '% is not about a %', NEW.operation, kind USING ERRCODE = 'check_violation', CONSTRAINT = 'instruction_is_about_its_kind';
    END IF;
    asked := convert_from(NEW.payload, 'UTF8')::jsonb;
    IF NEW.operation = 'receipt.document.upload' THEN
        SELECT * INTO lead FROM instructions WHERE id = NEW.lead_id AND merchant_id = NEW.merchant_id;
        SELECT * INTO r FROM receipts WHERE id = split_part(NEW.subject, '/', 2)::uuid AND merchant_id = NEW.merchant_id;
        -- Those that go with the entry are sent under the name that it gets; those
        -- that are sent again, under the name that the bank gave it.
        IF NEW.part > 0 AND (NEW.amount_satang <> 0 OR lead.subject IS DISTINCT FROM NEW.subject OR lead.operation NOT IN ('receipt.create', 'receipt.document.upload'))
           OR NEW.part = 0 AND NEW.amount_satang IS DISTINCT FROM r.total_satang
           OR (asked ->> 'receiptReference') IS DISTINCT FROM
              (CASE WHEN NEW.part > 0 AND lead.operation = 'receipt.create' THEN NULL ELSE nullif(r.bank_reference, '') END)
           OR (NEW.part = 0 OR lead.operation <> 'receipt.create') AND r.bank_reference = '' THEN
            RAISE EXCEPTION 'a part is a paper of what its lead asks for' USING ERRCODE = 'check_violation', CONSTRAINT = 'part_belongs_to_its_lead';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.part > 0 OR NEW.operation LIKE '%.document.upload' THEN
        SELECT * INTO lead FROM instructions WHERE id = NEW.lead_id AND merchant_id = NEW.merchant_id;
        IF NEW.part = 0 OR NEW.amount_satang <> 0 OR lead.subject IS DISTINCT FROM NEW.subject
           OR lead.operation || ' ' || NEW.operation NOT IN ('presentment.create presentment.document.upload') THEN
            RAISE EXCEPTION 'a part is a paper of what its lead asks for' USING ERRCODE = 'check_violation', CONSTRAINT = 'part_belongs_to_its_lead';
        END IF;
        RETURN NEW;
    END IF;
    SELECT * INTO seller FROM merchants WHERE id = NEW.merchant_id;
    -- Money goes to the merchant's own account.
    IF asked #> '{seller,accountNumber}' IS NOT NULL AND asked #>> '{seller,accountNumber}' <> seller.account_number
       OR asked #> '{seller,taxIdentification}' IS NOT NULL AND left(asked #>> '{seller,taxIdentification}', 13) <> seller.tax_id THEN
        RAISE EXCEPTION 'the seller is another' USING ERRCODE = 'check_violation', CONSTRAINT = 'seller_is_the_merchant';
    END IF;
    IF kind = 'receipt' THEN
        SELECT * INTO r FROM receipts WHERE id = split_part(NEW.subject, '/', 2)::uuid AND merchant_id = NEW.merchant_id;
        IF NEW.amount_satang IS DISTINCT FROM r.total_satang AND r.id IS NOT NULL THEN
            RAISE EXCEPTION 'the amount is not the receipt''s' USING ERRCODE = 'check_violation', CONSTRAINT = 'amount_is_the_contents';
        END IF;
        IF r.document_number = '' OR (asked ->> 'receiptNumber', (asked ->> 'receivedAmount')::numeric * 100, asked #>> '{buyer,taxIdentification}')
           IS DISTINCT FROM (r.document_number, r.total_satang::numeric, r.buyer_tax_id) THEN
            RAISE EXCEPTION 'the bank is asked for the receipt as it is' USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_entry_says_the_receipt';
        END IF;
    ELSIF kind = 'etax' THEN
        SELECT * INTO d FROM etax_documents WHERE id = split_part(NEW.subject, '/', 2)::uuid AND merchant_id = NEW.merchant_id;
        IF NEW.amount_satang IS DISTINCT FROM d.total_satang AND d.id IS NOT NULL THEN
            RAISE EXCEPTION 'the amount is not the document''s' USING ERRCODE = 'check_violation', CONSTRAINT = 'amount_is_the_contents';
        END IF;
        IF NEW.operation = 'etax.generate' AND (asked ->> 'documentNumber', asked ->> 'documentTypeCode', (asked #>> '{summary,grandTotal}')::numeric * 100,
              asked #>> '{buyer,taxIdentification}') IS DISTINCT FROM (d.number, d.kind, d.total_satang::numeric, d.buyer_tax_id)
           OR NEW.operation = 'etax.generate' AND asked ? 'documentPassword'
           OR NEW.operation <> 'etax.generate' AND (d.bank_reference = '' OR asked ->> 'documentReferenceNumber' IS DISTINCT FROM d.bank_reference) THEN
            RAISE EXCEPTION 'the bank is asked for the document as it is' USING ERRCODE = 'check_violation', CONSTRAINT = 'generation_says_the_document';
        END IF;
    ELSIF NEW.operation = 'presentment.cancel' AND EXISTS (SELECT FROM receipt_lines l JOIN receipts o ON o.id = l.receipt_id
            WHERE l.merchant_id = NEW.merchant_id AND l.presentment_id = split_part(NEW.subject, '/', 2)::uuid AND receipt_counts(o.state)) THEN
        RAISE EXCEPTION 'a bill with a receipt is not called off' USING ERRCODE = 'check_violation', CONSTRAINT = 'receipted_bill_stays';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- Papers that are sent again are all that the bank has not got, each once, the
-- last of them said to be the last; and their receipt knows of it.
-- +goose StatementBegin
CREATE FUNCTION missing_papers_are_sent() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    about uuid := split_part(NEW.subject, '/', 2)::uuid;
BEGIN
    IF NOT EXISTS (SELECT FROM receipts r WHERE r.id = about AND r.merchant_id = NEW.merchant_id AND r.resend_id = NEW.id AND r.state = 'incomplete') THEN
        RAISE EXCEPTION 'its subject knows nothing of it' USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_is_its_subjects';
    END IF;
    IF (SELECT array_agg(d.file_id::text ORDER BY d.position) FROM receipt_documents d WHERE d.receipt_id = about AND NOT EXISTS (
            SELECT FROM instructions i WHERE i.merchant_id = NEW.merchant_id AND i.subject = NEW.subject AND i.operation = 'receipt.document.upload'
                AND i.state = 'done' AND convert_from(i.payload, 'UTF8')::jsonb ->> 'file' = d.file_id::text))
       IS DISTINCT FROM (SELECT array_agg(convert_from(i.payload, 'UTF8')::jsonb ->> 'file' ORDER BY i.part) FROM instructions i WHERE i.lead_id = NEW.id)
       OR (SELECT bool_or((convert_from(i.payload, 'UTF8')::jsonb ->> 'upload_completed')::boolean <>
            (i.part = (SELECT max(p.part) FROM instructions p WHERE p.lead_id = NEW.id))) FROM instructions i WHERE i.lead_id = NEW.id) THEN
        RAISE EXCEPTION 'what the bank has not got is sent again, and nothing else' USING ERRCODE = 'check_violation', CONSTRAINT = 'missing_papers_are_sent';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER missing_papers_are_sent AFTER INSERT ON instructions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.part = 0 AND NEW.operation = 'receipt.document.upload') EXECUTE FUNCTION missing_papers_are_sent();

-- +goose StatementBegin
CREATE FUNCTION papers_are_sent_again_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.state <> 'incomplete' OR NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker'), false) OR EXISTS (
        SELECT FROM instructions i WHERE i.lead_id = OLD.resend_id AND i.state NOT IN ('done', 'failed', 'rejected', 'withdrawn', 'expired')) THEN
        RAISE EXCEPTION 'a maker asks once more where papers are missing and none are on their way'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'papers_are_sent_again_once';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER papers_are_sent_again_once BEFORE UPDATE ON receipts FOR EACH ROW
    WHEN (NEW.resend_id IS DISTINCT FROM OLD.resend_id) EXECUTE FUNCTION papers_are_sent_again_once();
CREATE TRIGGER follows_its_own_resend BEFORE UPDATE ON receipts FOR EACH ROW
    WHEN (NEW.resend_id IS DISTINCT FROM OLD.resend_id) EXECUTE FUNCTION follows_its_own_entry('receipt.document.upload', 'resend_id');

-- As in 0020, but for what was sent again.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION receipt_state_follows(r receipts) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(CASE r.state
        WHEN 'draft'      THEN e.state IS NULL OR e.state IN ('rejected', 'withdrawn', 'expired')
        WHEN 'discarded'  THEN e.state IS NULL OR e.state IN ('rejected', 'withdrawn', 'expired', 'failed')
        WHEN 'submitted'  THEN e.state = 'pending'
        WHEN 'approved'   THEN e.state = 'approved'
        WHEN 'sending'    THEN e.state IN ('sending', 'done')
        WHEN 'issued'     THEN e.state = 'done' AND NOT EXISTS (SELECT FROM instructions i WHERE i.lead_id = coalesce(r.resend_id, e.id) AND i.state <> 'done')
        WHEN 'incomplete' THEN e.state = 'done' AND EXISTS (SELECT FROM instructions i WHERE i.lead_id = e.id AND i.state IN ('failed', 'expired', 'withdrawn'))
        WHEN 'refused'    THEN e.state = 'failed'
        WHEN 'unknown'    THEN EXISTS (SELECT FROM instructions i WHERE i.lead_id IN (e.id, r.resend_id) AND i.state = 'unknown')
    END, false)
    FROM (SELECT) AS one LEFT JOIN instructions e ON e.id = r.entry_id
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION missing_papers_are_sent, papers_are_sent_again_once FROM PUBLIC;

-- A view is of one of the lists; its name is its person's once on each.
ALTER TABLE list_views ADD COLUMN area text NOT NULL DEFAULT 'presentments'
    CONSTRAINT view_is_of_a_known_list CHECK (area IN ('presentments', 'receipts', 'payments', 'etax'));
DROP INDEX view_name_is_unique;
CREATE UNIQUE INDEX view_name_is_unique ON list_views (merchant_id, person_id, area, name);

-- With which view a person's list opens. list_settings.view_id, of bills alone,
-- is what the release before this one writes; nothing reads it any more.
CREATE TABLE list_defaults (
    merchant_id uuid NOT NULL REFERENCES merchants,
    person_id   uuid NOT NULL REFERENCES people,
    area        text NOT NULL CONSTRAINT default_is_of_a_known_list CHECK (area IN ('presentments', 'receipts', 'payments', 'etax')),
    view_id     uuid NOT NULL,
    PRIMARY KEY (merchant_id, person_id, area),
    FOREIGN KEY (view_id, merchant_id) REFERENCES list_views (id, merchant_id) ON DELETE CASCADE
);
CREATE INDEX list_defaults_of_view ON list_defaults (view_id);
INSERT INTO list_defaults (merchant_id, person_id, area, view_id)
SELECT merchant_id, person_id, 'presentments', view_id FROM list_settings WHERE view_id IS NOT NULL;
SELECT isolate_merchants('list_defaults');
CREATE POLICY own ON list_defaults AS RESTRICTIVE TO portal_web USING (person_id = (SELECT acting_person())) WITH CHECK (person_id = (SELECT acting_person()));
GRANT SELECT, INSERT, UPDATE (view_id), DELETE ON list_defaults TO portal_web;
