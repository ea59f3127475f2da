-- What an outside look at receipts, payments and tax documents found missing:
-- an instruction asks for what its subject says and for nothing else, a number
-- is given to the document that bears it, and money is booked on its day.

-- +goose Up

-- As in 0017, and for every member that holds members. Whoever sends takes a
-- member's name in any case, and some letters outside ASCII for letters in it.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION content_is_read_one_way(content json) RETURNS boolean LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = public, pg_temp AS $$
BEGIN
    RETURN (
        WITH names AS (
            SELECT '' AS within, k AS name FROM json_object_keys(content) AS k
            UNION ALL
            SELECT e.key, k FROM json_each(content) AS e, json_object_keys(CASE WHEN json_typeof(e.value) = 'object' THEN e.value ELSE '{}' END) AS k
        )
        SELECT NOT EXISTS (SELECT FROM names GROUP BY within, lower(name) HAVING count(*) > 1)
            AND NOT EXISTS (SELECT FROM names AS n WHERE n.name ~ '[^\x01-\x7f]')
            AND NOT EXISTS (SELECT FROM names AS n,
                    unnest(ARRAY['totalAmount', 'dueDate', 'buyer', 'taxIdentification', 'seller', 'accountNumber', 'summary', 'grandTotal', 'documentPassword']) AS decides
                WHERE lower(n.name) = lower(decides) AND n.name <> decides));
END $$;
-- +goose StatementEnd

-- What an instruction asks for is what the row says that it is about, and its
-- parts are that thing's papers: else somebody would have a small sum approved
-- and send a large one, or a thing that nobody keeps.
-- +goose StatementBegin
CREATE FUNCTION instruction_suits_its_subject() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
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
    IF NEW.part > 0 OR NEW.operation LIKE '%.document.upload' THEN
        SELECT * INTO lead FROM instructions WHERE id = NEW.lead_id AND merchant_id = NEW.merchant_id;
        IF NEW.part = 0 OR NEW.amount_satang <> 0 OR lead.subject IS DISTINCT FROM NEW.subject
           OR lead.operation || ' ' || NEW.operation NOT IN ('presentment.create presentment.document.upload', 'receipt.create receipt.document.upload') THEN
            RAISE EXCEPTION 'a part is a paper of what its lead asks for' USING ERRCODE = 'check_violation', CONSTRAINT = 'part_belongs_to_its_lead';
        END IF;
        RETURN NEW;
    END IF;
    asked := convert_from(NEW.payload, 'UTF8')::jsonb;
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
-- After instruction_starts_pending, which reads the content first.
CREATE TRIGGER instruction_suits_its_subject BEFORE INSERT ON instructions FOR EACH ROW EXECUTE FUNCTION instruction_suits_its_subject();

-- What asks for a thing is what the thing itself knows to ask for it, as soon as
-- the transaction ends: else one thing would be asked for twice, or in silence.
-- +goose StatementBegin
CREATE FUNCTION entry_is_its_subjects() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    about uuid := split_part(NEW.subject, '/', 2)::uuid;
BEGIN
    IF NOT (CASE NEW.operation
        WHEN 'presentment.create' THEN EXISTS (SELECT FROM presentments p WHERE p.id = about AND p.merchant_id = NEW.merchant_id AND p.entry_id = NEW.id)
        WHEN 'presentment.cancel' THEN EXISTS (SELECT FROM presentments p WHERE p.id = about AND p.merchant_id = NEW.merchant_id AND p.cancellation_id = NEW.id)
        WHEN 'receipt.create' THEN EXISTS (SELECT FROM receipts r WHERE r.id = about AND r.merchant_id = NEW.merchant_id AND r.entry_id = NEW.id)
        WHEN 'etax.generate' THEN EXISTS (SELECT FROM etax_documents d WHERE d.id = about AND d.merchant_id = NEW.merchant_id AND d.generation_id = NEW.id)
        ELSE true END) THEN
        RAISE EXCEPTION 'its subject knows nothing of it' USING ERRCODE = 'check_violation', CONSTRAINT = 'entry_is_its_subjects';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER entry_is_its_subjects AFTER INSERT ON instructions DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.part = 0) EXECUTE FUNCTION entry_is_its_subjects();

-- And the other way round: a thing follows only what was asked about itself.
-- The operation and the column are the trigger's arguments.
-- +goose StatementBegin
CREATE FUNCTION follows_its_own_entry() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    entry uuid := (to_jsonb(NEW) ->> TG_ARGV[1])::uuid;
BEGIN
    IF entry IS NOT NULL AND NOT EXISTS (SELECT FROM instructions i WHERE i.id = entry AND i.merchant_id = NEW.merchant_id AND i.part = 0
            AND i.operation = TG_ARGV[0] AND i.subject = split_part(TG_ARGV[0], '.', 1) || '/' || NEW.id) THEN
        RAISE EXCEPTION 'that was asked about something else' USING ERRCODE = 'check_violation', CONSTRAINT = 'follows_its_own_entry';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER follows_its_own_entry BEFORE UPDATE ON presentments FOR EACH ROW
    WHEN (NEW.entry_id IS DISTINCT FROM OLD.entry_id) EXECUTE FUNCTION follows_its_own_entry('presentment.create', 'entry_id');
CREATE TRIGGER follows_its_own_cancellation BEFORE UPDATE ON presentments FOR EACH ROW
    WHEN (NEW.cancellation_id IS DISTINCT FROM OLD.cancellation_id) EXECUTE FUNCTION follows_its_own_entry('presentment.cancel', 'cancellation_id');
CREATE TRIGGER follows_its_own_entry BEFORE UPDATE ON receipts FOR EACH ROW
    WHEN (NEW.entry_id IS DISTINCT FROM OLD.entry_id) EXECUTE FUNCTION follows_its_own_entry('receipt.create', 'entry_id');
CREATE TRIGGER follows_its_own_entry BEFORE UPDATE ON etax_documents FOR EACH ROW
    WHEN (NEW.generation_id IS DISTINCT FROM OLD.generation_id) EXECUTE FUNCTION follows_its_own_entry('etax.generate', 'generation_id');

-- The paper of a receipt goes to the bank with the receipt that people saw it with.
-- +goose StatementBegin
CREATE FUNCTION upload_is_of_its_receipt() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := convert_from(NEW.payload, 'UTF8')::jsonb;
BEGIN
    IF NOT content_names_once(convert_from(NEW.payload, 'UTF8')::json) OR NOT EXISTS (
        SELECT FROM receipt_documents d JOIN files f ON f.id = d.file_id
        WHERE d.receipt_id = split_part(NEW.subject, '/', 2)::uuid AND d.merchant_id = NEW.merchant_id
          AND f.id = (asked ->> 'file')::uuid AND encode(f.sha256, 'hex') = asked ->> 'sha256') THEN
        RAISE EXCEPTION 'a paper is sent with the receipt that it belongs to' USING ERRCODE = 'check_violation', CONSTRAINT = 'upload_is_of_its_receipt';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER upload_is_of_its_receipt BEFORE INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation = 'receipt.document.upload') EXECUTE FUNCTION upload_is_of_its_receipt();

-- A line, a paper or a reference is content, so whoever changes one stands among
-- the editors; and so does whoever uploaded the paper. As for bills in 0019.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION receipt_is_editable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    about uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.receipt_id ELSE NEW.receipt_id END;
BEGIN
    IF NOT EXISTS (SELECT FROM receipts WHERE id = about AND state IN ('draft', 'refused') AND acting_person() = ANY (editors)) THEN
        RAISE EXCEPTION 'only a draft or a refused receipt is edited, by an editor' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'receipt_is_editable';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION paper_is_an_editors() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM files f JOIN receipts r ON r.id = NEW.receipt_id WHERE f.id = NEW.file_id AND f.uploaded_by = ANY (r.editors)) THEN
        RAISE EXCEPTION 'whoever uploaded a paper is among the editors of its receipt'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'document_is_an_editors';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER paper_is_an_editors BEFORE INSERT OR UPDATE ON receipt_documents FOR EACH ROW EXECUTE FUNCTION paper_is_an_editors();
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION etax_reference_is_editable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    about uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.document_id ELSE NEW.document_id END;
BEGIN
    IF NOT EXISTS (SELECT FROM etax_documents WHERE id = about AND state IN ('draft', 'refused') AND acting_person() = ANY (editors)) THEN
        RAISE EXCEPTION 'only a draft or a refused document is edited, by an editor' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'etax_is_editable';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
-- +goose StatementEnd
CREATE TRIGGER nobody_makes_others_editors BEFORE UPDATE OF editors ON receipts FOR EACH ROW EXECUTE FUNCTION nobody_makes_others_editors();
CREATE TRIGGER nobody_makes_others_editors BEFORE UPDATE OF editors ON etax_documents FOR EACH ROW EXECUTE FUNCTION nobody_makes_others_editors();

-- Receipts are a maker's, and count only over bills that stand. A tax document
-- is submitted with its own number, or with that of what it was made from.
-- +goose StatementBegin
CREATE FUNCTION receipt_is_kept_on_duty() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' AND NEW.editors <> ARRAY[NEW.created_by] THEN
        RAISE EXCEPTION 'nobody makes another an editor' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'nobody_makes_others_editors';
    END IF;
    IF (TG_OP = 'INSERT' OR receipt_content_differs(NEW, OLD)) AND NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker'), false) THEN
        RAISE EXCEPTION 'a maker writes receipts' USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_is_kept_on_duty';
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.state = 'submitted' AND NEW.state <> OLD.state AND EXISTS (
        SELECT FROM receipt_lines l JOIN presentments p ON p.id = l.presentment_id WHERE l.receipt_id = NEW.id AND p.state NOT IN ('presented', 'incomplete', 'unknown')) THEN
        RAISE EXCEPTION 'one of its bills was called off' USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_is_for_bills_of_its_buyer';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER receipt_is_kept_on_duty BEFORE INSERT OR UPDATE ON receipts FOR EACH ROW EXECUTE FUNCTION receipt_is_kept_on_duty();
-- +goose StatementBegin
CREATE FUNCTION etax_bears_its_number() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.number = '' OR NEW.content ->> 'number' IS DISTINCT FROM NEW.number OR NOT EXISTS (
        SELECT FROM document_numbers n WHERE n.merchant_id = NEW.merchant_id AND n.subject = 'etax/' || NEW.id AND n.voided_at IS NULL AND n.number = NEW.number
        UNION ALL
        SELECT FROM presentments p WHERE p.id = NEW.presentment_id AND p.document_number = NEW.number AND p.document_type = NEW.kind
        UNION ALL
        SELECT FROM receipts r WHERE r.id = NEW.receipt_id AND r.document_number = NEW.number AND r.document_type = NEW.kind) THEN
        RAISE EXCEPTION 'a tax document bears the number that it was given' USING ERRCODE = 'check_violation', CONSTRAINT = 'etax_bears_its_number';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER etax_bears_its_number BEFORE UPDATE ON etax_documents FOR EACH ROW
    WHEN (NEW.state = 'submitted' AND OLD.state <> 'submitted') EXECUTE FUNCTION etax_bears_its_number();

-- Whoever wrote what a receipt or a tax document stands on had a hand in it: the
-- known buyer in the last day, the payment by hand, and what it was matched to.
-- +goose StatementBegin
CREATE FUNCTION document_has_authors() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    about uuid := split_part(NEW.subject, '/', 2)::uuid;
BEGIN
    INSERT INTO instruction_authors (instruction_id, merchant_id, person_id)
    SELECT NEW.id, NEW.merchant_id, a.person_id FROM (
        SELECT l.person_id FROM (
                SELECT r.buyer_tax_id, r.buyer_branch FROM receipts r WHERE r.id = about
                UNION ALL
                SELECT d.content #>> '{buyer,id}', d.content #>> '{buyer,branch}' FROM etax_documents d WHERE d.id = about) AS named (tax_id, branch)
            JOIN buyers b ON b.merchant_id = NEW.merchant_id AND b.tax_id = named.tax_id AND b.branch = named.branch
            JOIN audit_leaves l ON l.subject = 'buyer/' || b.id AND l.at > now() - interval '24 hours' AND l.action IN ('buyer.added', 'buyer.edited', 'buyer.restored')
        UNION
        SELECT hand.person_id FROM receipt_lines l JOIN payment_matches m ON m.presentment_id = l.presentment_id AND m.undone_at IS NULL JOIN payments y ON y.id = m.payment_id,
            unnest(ARRAY[m.matched_by, y.recorded_by]) AS hand (person_id)
        WHERE l.receipt_id = about AND m.merchant_id = NEW.merchant_id) AS a (person_id)
    WHERE a.person_id IS NOT NULL
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER known_document_has_authors AFTER INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation IN ('receipt.create', 'receipt.document.upload', 'etax.generate', 'etax.reissue')) EXECUTE FUNCTION document_has_authors();

-- A number is given to the document that bears it, of its kind and day, and a
-- maker takes it back, but not from under it; a series is begun on duty.
-- +goose StatementBegin
CREATE FUNCTION number_is_borne() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM document_series s JOIN receipts r ON NEW.subject = 'receipt/' || r.id
        WHERE s.id = NEW.series_id AND r.merchant_id = NEW.merchant_id AND r.document_number = NEW.number AND r.document_type = s.kind
            AND r.document_on = NEW.on_day AND r.state <> 'discarded'
        UNION ALL
        SELECT FROM document_series s JOIN etax_documents d ON NEW.subject = 'etax/' || d.id
        WHERE s.id = NEW.series_id AND d.merchant_id = NEW.merchant_id AND d.number = NEW.number AND d.kind = s.kind
            AND d.issued_on = NEW.on_day AND d.state <> 'discarded') THEN
        RAISE EXCEPTION 'a number is given to the document that bears it' USING ERRCODE = 'check_violation', CONSTRAINT = 'number_is_borne';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE CONSTRAINT TRIGGER number_is_borne AFTER INSERT ON document_numbers DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION number_is_borne();
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION number_in_use_is_not_voided() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM receipts r WHERE r.merchant_id = NEW.merchant_id AND NEW.subject = 'receipt/' || r.id AND r.document_number = NEW.number AND receipt_counts(r.state))
       OR EXISTS (SELECT FROM etax_documents d WHERE d.merchant_id = NEW.merchant_id AND NEW.subject = 'etax/' || d.id AND d.number = NEW.number
            AND d.state NOT IN ('draft', 'refused', 'discarded')) THEN
        RAISE EXCEPTION 'the number is in use' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'number_in_use_is_not_voided';
    END IF;
    IF NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker'), false) THEN
        RAISE EXCEPTION 'a maker voids a number' USING ERRCODE = 'check_violation', CONSTRAINT = 'number_is_kept_on_duty';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION series_is_begun_on_duty() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker') OR has_duty(NEW.merchant_id, acting_person(), 'admin'), false) THEN
        RAISE EXCEPTION 'a maker or an administrator begins a series' USING ERRCODE = 'check_violation', CONSTRAINT = 'series_is_begun_on_duty';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER series_is_begun_on_duty BEFORE INSERT ON document_series FOR EACH ROW EXECUTE FUNCTION series_is_begun_on_duty();

-- Money is recorded and used by a maker, on its day: what is booked far ahead
-- would stand in no closing. Only the worker speaks for the bank, and a match
-- that nobody made stands on what can be read.
CREATE POLICY the_banks_word_is_the_workers ON payments AS RESTRICTIVE FOR INSERT TO portal_web WITH CHECK (source <> 'callback');
CREATE POLICY the_banks_word_is_the_workers ON payment_matches AS RESTRICTIVE FOR INSERT TO portal_web WITH CHECK (evidence <> 'bank' OR matched_by IS NOT NULL);
-- +goose StatementBegin
CREATE FUNCTION payment_is_in_its_books() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        -- What a match frees or uses up says itself why.
        IF (NEW.aside_reason, NEW.aside_note, NEW.aside_by) IS DISTINCT FROM (OLD.aside_reason, OLD.aside_note, OLD.aside_by)
           AND NEW.applied_satang = OLD.applied_satang AND NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker'), false) THEN
            RAISE EXCEPTION 'a maker says what is for no bill' USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_is_set_aside_on_duty';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.source <> 'callback' AND NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker'), false) THEN
        RAISE EXCEPTION 'a maker records payments' USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_is_recorded_on_duty';
    END IF;
    -- A day of grace, for a clock that is ahead at midnight.
    IF NEW.source <> 'callback' AND NEW.paid_on > (now() AT TIME ZONE 'Asia/Bangkok')::date + 1 THEN
        RAISE EXCEPTION 'nobody has paid tomorrow' USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_is_not_of_a_day_to_come';
    END IF;
    IF NEW.booked_on <> greatest(NEW.paid_on, (SELECT max(c.through) + 1 FROM payment_closings c WHERE c.merchant_id = NEW.merchant_id)) THEN
        RAISE EXCEPTION 'a payment is booked on its day, or the first open one' USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_is_booked_on_its_day';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- After payment_stays_as_told, which locks the books; hence the name.
CREATE TRIGGER payment_stays_in_its_books BEFORE INSERT OR UPDATE ON payments FOR EACH ROW EXECUTE FUNCTION payment_is_in_its_books();

-- +goose StatementBegin
CREATE FUNCTION match_stands_on_its_evidence() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    p      payments;
    b      presentments;
    latest date := greatest((now() AT TIME ZONE 'Asia/Bangkok')::date, (SELECT max(c.through) + 1 FROM payment_closings c WHERE c.merchant_id = NEW.merchant_id));
BEGIN
    SELECT * INTO p FROM payments WHERE id = NEW.payment_id;
    SELECT * INTO b FROM presentments WHERE id = NEW.presentment_id;
    IF NEW.booked_on NOT BETWEEN p.booked_on AND greatest(latest, p.booked_on) OR NEW.undone_on > greatest(latest, NEW.booked_on) THEN
        RAISE EXCEPTION 'it is booked when it happens, or on the first open day' USING ERRCODE = 'check_violation', CONSTRAINT = 'match_is_booked_on_its_day';
    END IF;
    IF TG_OP = 'INSERT' AND NEW.matched_by IS NULL THEN
        IF acting_person() IS NOT NULL AND NOT has_duty(NEW.merchant_id, acting_person(), 'maker') THEN
            RAISE EXCEPTION 'a maker matches payments' USING ERRCODE = 'check_violation', CONSTRAINT = 'match_is_made_on_duty';
        END IF;
        IF NOT coalesce(CASE NEW.evidence
                WHEN 'bank' THEN EXISTS (SELECT FROM callbacks c WHERE c.id = p.callback_id AND c.presentment_id = b.id)
                WHEN 'tax_id' THEN p.payer_tax_id = b.buyer_tax_id
                WHEN 'number' THEN EXISTS (SELECT FROM unnest(ARRAY[p.reference1, p.reference2, p.description]) AS said, unnest(ARRAY[b.document_number, b.bank_reference]) AS name
                    WHERE plain_reference(name) <> '' AND position(plain_reference(name) IN plain_reference(said)) > 0)
            END, false) THEN
            RAISE EXCEPTION 'nothing leads from the payment to the bill' USING ERRCODE = 'check_violation', CONSTRAINT = 'match_stands_on_its_evidence';
        END IF;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- A reference as people mean it: letters and digits, those of Thai among them.
-- +goose StatementBegin
CREATE FUNCTION plain_reference(said text) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT plain_number(translate(normalize(said, NFKC), '๐๑๒๓๔๕๖๗๘๙', '0123456789'))
$$;
-- +goose StatementEnd
CREATE TRIGGER match_stands_on_its_evidence BEFORE INSERT OR UPDATE ON payment_matches FOR EACH ROW EXECUTE FUNCTION match_stands_on_its_evidence();

-- As in 0021, but it looks how far the books are closed once it is its turn: of
-- two who close at once, the second counted the days of the first again.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION closing_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    before date;
BEGIN
    PERFORM books_take_turns(NEW.merchant_id, true);
    before := (SELECT max(through) FROM payment_closings WHERE merchant_id = NEW.merchant_id);
    IF NEW.closed_by IS DISTINCT FROM acting_person() OR NOT has_duty(NEW.merchant_id, NEW.closed_by, 'checker') THEN
        RAISE EXCEPTION 'a checker closes the books' USING ERRCODE = 'check_violation', CONSTRAINT = 'books_are_closed_on_duty';
    END IF;
    IF NEW.through <= before OR NEW.through > (now() AT TIME ZONE 'Asia/Bangkok')::date THEN
        RAISE EXCEPTION 'books are closed forward, up to today' USING ERRCODE = 'check_violation', CONSTRAINT = 'books_are_closed_forward';
    END IF;
    IF EXISTS (SELECT FROM payments p WHERE p.merchant_id = NEW.merchant_id AND p.booked_on <= NEW.through AND p.state IN ('waiting', 'part')) THEN
        RAISE EXCEPTION 'payments wait to be matched' USING ERRCODE = 'check_violation', CONSTRAINT = 'nothing_waits_in_closed_books';
    END IF;
    IF EXISTS (SELECT FROM payment_matches m WHERE m.merchant_id = NEW.merchant_id AND m.booked_on <= NEW.through AND m.booked_on > coalesce(before, '-infinity')
               AND NEW.closed_by IN (m.matched_by, m.undone_by))
       OR EXISTS (SELECT FROM payments p WHERE p.merchant_id = NEW.merchant_id AND p.booked_on <= NEW.through AND p.booked_on > coalesce(before, '-infinity')
               AND NEW.closed_by IN (p.aside_by, p.recorded_by)) THEN
        RAISE EXCEPTION 'somebody else closes what one matched' USING ERRCODE = 'check_violation', CONSTRAINT = 'books_are_closed_by_another';
    END IF;
    SELECT count(*), coalesce(sum(p.amount_satang), 0), coalesce(sum(p.amount_satang - p.applied_satang), 0)
    INTO NEW.payments, NEW.amount_satang, NEW.aside_satang
    FROM payments p WHERE p.merchant_id = NEW.merchant_id AND p.booked_on <= NEW.through AND p.booked_on > coalesce(before, '-infinity');
    SELECT coalesce(sum(m.applied_satang * m.sign), 0), coalesce(sum(m.withheld_satang * m.sign), 0), coalesce(sum(m.fee_satang * m.sign), 0)
    INTO NEW.applied_satang, NEW.withheld_satang, NEW.fee_satang
    FROM (SELECT merchant_id, applied_satang, withheld_satang, fee_satang, booked_on AS day, 1 AS sign FROM payment_matches
          UNION ALL SELECT merchant_id, applied_satang, withheld_satang, fee_satang, undone_on, -1 FROM payment_matches WHERE undone_on IS NOT NULL) m
    WHERE m.merchant_id = NEW.merchant_id AND m.day <= NEW.through AND m.day > coalesce(before, '-infinity');
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- A question is about a document of one's own, by the name that the bank gave
-- it; else one merchant would be told of another's.
-- +goose StatementBegin
CREATE FUNCTION inquiry_is_about_ones_own() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM etax_documents d WHERE 'etax/' || d.id = NEW.subject AND d.id = split_part(NEW.subject, '/', 2)::uuid AND d.merchant_id = NEW.merchant_id
            AND CASE WHEN d.bank_reference = '' THEN d.state = 'unknown'
                ELSE convert_from(NEW.payload, 'UTF8')::jsonb ->> 'documentReferenceNumber' = d.bank_reference END)
       OR NOT content_is_read_one_way(convert_from(NEW.payload, 'UTF8')::json) THEN
        RAISE EXCEPTION 'a question is about a document of one''s own' USING ERRCODE = 'check_violation', CONSTRAINT = 'inquiry_is_about_ones_own';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER inquiry_is_about_ones_own BEFORE INSERT ON inquiries FOR EACH ROW EXECUTE FUNCTION inquiry_is_about_ones_own();

-- A callback says what its own path is for.
ALTER TABLE callbacks ADD CONSTRAINT callback_is_about_its_product
    CHECK ((presentment_id IS NULL OR product = 'presentment') AND (etax_id IS NULL OR product = 'etax'));

-- As in 0019, and papers of receipts and certificates hold their files, too.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION file_is_held_or_loose() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    taken uuid := CASE WHEN TG_OP IN ('INSERT', 'UPDATE') THEN NEW.file_id END;
    freed uuid := CASE WHEN TG_OP IN ('DELETE', 'UPDATE') THEN OLD.file_id END;
    about uuid;
    holds integer;
    loose integer;
BEGIN
    IF TG_TABLE_NAME = 'imports' AND TG_OP = 'UPDATE' THEN
        taken := NULL; -- it is discarded
    ELSIF taken = freed THEN
        RETURN NULL;
    END IF;
    FOREACH about IN ARRAY array_remove(ARRAY[taken, freed], NULL) LOOP
        holds := (SELECT count(*) FROM presentment_documents d WHERE d.file_id = about)
            + (SELECT count(*) FROM imports i WHERE i.file_id = about AND i.state <> 'discarded')
            + (SELECT count(*) FROM receipt_documents d WHERE d.file_id = about)
            + (SELECT count(*) FROM withholding_certificates c WHERE c.file_id = about);
        loose := CASE WHEN about = taken AND holds = 1 THEN -1 WHEN about = freed AND holds = 0 THEN 1 ELSE 0 END;
        UPDATE upload_tallies t SET loose_files = greatest(0, t.loose_files + loose), loose_bytes = greatest(0, t.loose_bytes + loose * f.size)
        FROM files f WHERE f.id = about AND loose <> 0
            AND t.merchant_id = f.merchant_id AND t.person_id = f.uploaded_by AND t.hour = date_trunc('hour', f.uploaded_at, 'UTC');
    END LOOP;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER file_is_held_or_loose AFTER INSERT OR DELETE ON receipt_documents FOR EACH ROW EXECUTE FUNCTION file_is_held_or_loose();
CREATE TRIGGER file_is_held_or_loose AFTER UPDATE OF file_id ON withholding_certificates FOR EACH ROW EXECUTE FUNCTION file_is_held_or_loose();

REVOKE ALL ON FUNCTION plain_reference FROM PUBLIC;
