-- Numbers of documents, unbroken by construction, and receipts to buyers.

-- +goose Up

-- The kinds of document that are numbered, with the letters their numbers
-- begin with as long as nobody has chosen others. The codes are ETDA's.
CREATE TABLE document_kinds (
    kind   text PRIMARY KEY,
    prefix text NOT NULL CONSTRAINT kind_prefix_is_unique UNIQUE
);
INSERT INTO document_kinds VALUES
    ('T01', 'RC'), ('T03', 'RT'), ('388', 'TX'), ('T02', 'IT'), ('T04', 'DT'), ('80', 'DN'), ('81', 'CN'), ('T07', 'CC');

-- A series is all numbers of one kind of document of one branch.
CREATE TABLE document_series (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    branch      text NOT NULL CONSTRAINT series_branch_has_5_digits CHECK (branch ~ '^[0-9]{5}$'),
    kind        text NOT NULL REFERENCES document_kinds,
    made_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT series_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT series_is_unique UNIQUE (merchant_id, branch, kind)
);

-- How the numbers of a series look. Rows are versions: each holds for the
-- documents dated from its day on, until the next.
CREATE TABLE series_patterns (
    series_id   uuid NOT NULL,
    merchant_id uuid NOT NULL,
    version     integer NOT NULL,
    from_on     date NOT NULL,
    prefix      text NOT NULL CONSTRAINT prefix_is_as_the_bank_allows
                CHECK (length(prefix) <= 12 AND prefix ~ '^[[:alnum:]]' AND prefix !~ '[\x01-\x2c\x3a-\x40\x5b-\x5e\x60\x7b-\x7f[:space:]]'),
    year        text NOT NULL CONSTRAINT pattern_year_is_known CHECK (year IN ('', 'BBBB', 'BB', 'CCCC', 'CC')),
    month       boolean NOT NULL,
    separator   text NOT NULL CONSTRAINT pattern_separator_is_known CHECK (separator IN ('', '-', '/', '.')),
    digits      smallint NOT NULL CONSTRAINT pattern_digits_are_few CHECK (digits BETWEEN 3 AND 10),
    restarts    text NOT NULL CONSTRAINT pattern_restart_is_known CHECK (restarts IN ('never', 'year', 'month')),
    -- Of the first period that this version numbers; every later one begins with 1.
    first_no    integer NOT NULL DEFAULT 1 CONSTRAINT first_number_is_positive CHECK (first_no >= 1),
    set_by      uuid REFERENCES people,
    set_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (series_id, version),
    -- Otherwise the same number would come again in the next period.
    CONSTRAINT numbers_that_restart_name_their_period
        CHECK (restarts = 'never' OR year <> '' AND (restarts = 'year' OR month)),
    FOREIGN KEY (series_id, merchant_id) REFERENCES document_series (id, merchant_id)
);

-- Every number ever given. None is removed; one that is not used is voided and
-- stays, so that an auditor finds no gap that nobody explains.
CREATE TABLE document_numbers (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    series_id   uuid NOT NULL,
    on_day      date NOT NULL, -- of the document
    period      text NOT NULL,
    n           bigint NOT NULL,
    number      text NOT NULL CONSTRAINT number_fits_the_bank CHECK (length(number) <= 35),
    pattern_version integer NOT NULL,
    -- What bears it: "receipt/…", as the trail calls it.
    subject     text NOT NULL,
    given_at    timestamptz NOT NULL DEFAULT now(),
    given_by    uuid NOT NULL REFERENCES people,
    voided_at   timestamptz,
    voided_by   uuid REFERENCES people,
    void_cause  text CONSTRAINT void_cause_is_known CHECK (void_cause IN ('discarded', 'changed', 'taken')),
    void_note   text NOT NULL DEFAULT '' CONSTRAINT void_note_is_short CHECK (length(void_note) <= 500),
    CONSTRAINT numbers_count_up UNIQUE (series_id, period, n),
    -- Whichever series: two documents of a merchant never bear the same number.
    CONSTRAINT number_is_unique UNIQUE (merchant_id, number),
    CONSTRAINT void_is_whole CHECK ((voided_at IS NULL) = (void_cause IS NULL) AND (voided_at IS NULL) = (voided_by IS NULL)),
    FOREIGN KEY (series_id, merchant_id) REFERENCES document_series (id, merchant_id),
    FOREIGN KEY (series_id, pattern_version) REFERENCES series_patterns (series_id, version)
);
CREATE UNIQUE INDEX document_has_one_number ON document_numbers (merchant_id, subject) WHERE voided_at IS NULL;
CREATE INDEX document_numbers_of_series ON document_numbers (merchant_id, series_id, given_at DESC, id DESC);
CREATE INDEX document_numbers_voided ON document_numbers (merchant_id, series_id, given_at DESC, id DESC) WHERE voided_at IS NOT NULL;

-- The number that a pattern gives the n-th document of a day's period.
-- +goose StatementBegin
CREATE FUNCTION series_number(p series_patterns, dated date, n bigint) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT p.prefix || CASE p.year
            WHEN 'BBBB' THEN (extract(year FROM dated)::int + 543)::text
            WHEN 'BB'   THEN right((extract(year FROM dated)::int + 543)::text, 2)
            WHEN 'CCCC' THEN to_char(dated, 'YYYY')
            WHEN 'CC'   THEN to_char(dated, 'YY')
            ELSE '' END
        || CASE WHEN p.month THEN to_char(dated, 'MM') ELSE '' END
        || p.separator || lpad(n::text, greatest(p.digits, length(n::text)), '0')
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION series_period(p series_patterns, dated date) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT CASE p.restarts WHEN 'year' THEN to_char(dated, 'YYYY') WHEN 'month' THEN to_char(dated, 'YYYY-MM') ELSE '' END
$$;
-- +goose StatementEnd
-- The pattern in force for a document of that day.
-- +goose StatementBegin
CREATE FUNCTION series_pattern_on(series uuid, dated date) RETURNS series_patterns LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT p FROM series_patterns p WHERE p.series_id = series AND p.from_on <= dated ORDER BY p.version DESC LIMIT 1
$$;
-- +goose StatementEnd
-- The number after the last one in the period that the pattern puts the day
-- in. One that falls in a period of no numbers opens it: the first that a
-- version numbers at all begins where the version says, every other with 1.
-- +goose StatementBegin
CREATE FUNCTION series_next(p series_patterns, dated date) RETURNS bigint LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT coalesce((SELECT max(d.n) + 1 FROM document_numbers d WHERE d.series_id = p.series_id AND d.period = series_period(p, dated)),
        CASE WHEN EXISTS (SELECT FROM document_numbers d WHERE d.series_id = p.series_id AND d.pattern_version = p.version) THEN 1 ELSE p.first_no END)
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION series_number, series_period, series_pattern_on, series_next FROM PUBLIC;
GRANT EXECUTE ON FUNCTION series_number, series_period, series_pattern_on, series_next TO portal_web, portal_worker;

-- Whoever inserts says for what and for which day. The number is the next one,
-- whatever they say: the lock makes those who ask for one at a time take turns,
-- and what is not committed leaves no hole, since the counter is the rows.
-- +goose StatementBegin
CREATE FUNCTION number_follows_the_last() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    p series_patterns;
BEGIN
    PERFORM FROM document_series WHERE id = NEW.series_id AND merchant_id = NEW.merchant_id FOR UPDATE;
    IF NEW.voided_at IS NOT NULL OR acting_person() IS NULL THEN
        RAISE EXCEPTION 'a number is given to be used, by somebody' USING ERRCODE = 'check_violation', CONSTRAINT = 'number_is_given_by_somebody';
    END IF;
    p := series_pattern_on(NEW.series_id, NEW.on_day);
    IF p.series_id IS NULL THEN
        RAISE EXCEPTION 'the series has no pattern for that day' USING ERRCODE = 'check_violation', CONSTRAINT = 'series_has_a_pattern';
    END IF;
    NEW.pattern_version := p.version;
    NEW.period := series_period(p, NEW.on_day);
    IF NEW.n IS NOT NULL AND NEW.n <> series_next(p, NEW.on_day) THEN
        RAISE EXCEPTION 'the next number is %, not %', series_next(p, NEW.on_day), NEW.n
            USING ERRCODE = 'check_violation', CONSTRAINT = 'number_follows_the_last';
    END IF;
    NEW.n := series_next(p, NEW.on_day);
    NEW.number := series_number(p, NEW.on_day, NEW.n);
    NEW.given_by := acting_person();
    NEW.given_at := now();
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER number_follows_the_last BEFORE INSERT ON document_numbers FOR EACH ROW EXECUTE FUNCTION number_follows_the_last();

-- A number that was given changes only by being voided, once, by the person
-- who acts.
-- +goose StatementBegin
CREATE FUNCTION number_is_voided_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.voided_at IS NOT NULL OR NEW.voided_at IS NULL OR NEW.voided_by IS DISTINCT FROM acting_person()
       OR (NEW.id, NEW.merchant_id, NEW.series_id, NEW.on_day, NEW.period, NEW.n, NEW.number, NEW.pattern_version, NEW.subject, NEW.given_at, NEW.given_by)
          IS DISTINCT FROM
          (OLD.id, OLD.merchant_id, OLD.series_id, OLD.on_day, OLD.period, OLD.n, OLD.number, OLD.pattern_version, OLD.subject, OLD.given_at, OLD.given_by) THEN
        RAISE EXCEPTION 'a number that was given is voided once, and nothing else' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'number_is_voided_once';
    END IF;
    NEW.voided_at := now();
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER number_is_voided_once BEFORE UPDATE ON document_numbers FOR EACH ROW EXECUTE FUNCTION number_is_voided_once();
CREATE TRIGGER numbers_are_not_deleted BEFORE DELETE ON document_numbers FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER numbers_are_not_truncated BEFORE TRUNCATE ON document_numbers FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER series_are_never_changed BEFORE UPDATE OR DELETE ON document_series FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER patterns_are_never_changed BEFORE UPDATE OR DELETE ON series_patterns FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The first pattern of a series may be made by whoever needs its first number,
-- if it is the one a series begins with; any other is an administrator's. A
-- pattern holds from a day on before which it is not, so that what is numbered
-- stays as it is: not before the one it follows, nor before a numbered document.
-- +goose StatementBegin
CREATE FUNCTION pattern_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    s    document_series;
    last series_patterns;
BEGIN
    SELECT * INTO s FROM document_series WHERE id = NEW.series_id AND merchant_id = NEW.merchant_id FOR UPDATE;
    SELECT * INTO last FROM series_patterns WHERE series_id = NEW.series_id ORDER BY version DESC LIMIT 1;
    IF NEW.version IS DISTINCT FROM coalesce(last.version, 0) + 1 THEN
        RAISE EXCEPTION 'the next version is %', coalesce(last.version, 0) + 1 USING ERRCODE = 'check_violation', CONSTRAINT = 'pattern_versions_count_up';
    END IF;
    IF NEW.set_by IS DISTINCT FROM acting_person() THEN
        RAISE EXCEPTION 'a pattern is set by the acting person' USING ERRCODE = 'check_violation', CONSTRAINT = 'pattern_is_set_by_the_acting';
    END IF;
    IF last.version IS NOT NULL AND (NEW.from_on < last.from_on OR NEW.from_on < (SELECT max(on_day) FROM document_numbers WHERE series_id = NEW.series_id)) THEN
        RAISE EXCEPTION 'a pattern never applies backwards' USING ERRCODE = 'check_violation', CONSTRAINT = 'pattern_never_applies_backwards';
    END IF;
    IF NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'admin'), false)
       AND (last.version IS NOT NULL
            OR NOT EXISTS (SELECT FROM series_begins(s) b
                WHERE (NEW.from_on, NEW.prefix, NEW.year, NEW.month, NEW.separator, NEW.digits, NEW.restarts, NEW.first_no)
                    = (b.from_on, b.prefix, b.year, b.month, b.separator, b.digits, b.restarts, b.first_no))) THEN
        RAISE EXCEPTION 'an administrator chooses how numbers look' USING ERRCODE = 'check_violation', CONSTRAINT = 'pattern_is_set_by_an_administrator';
    END IF;
    IF EXISTS (SELECT FROM document_numbers d WHERE d.merchant_id = NEW.merchant_id
               AND d.number = series_number(NEW, NEW.from_on, series_next(NEW, NEW.from_on))) THEN
        RAISE EXCEPTION 'its first number is given already' USING ERRCODE = 'check_violation', CONSTRAINT = 'pattern_gives_new_numbers';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- What a series begins with: letters of its kind, the branch unless it is the
-- merchant's own, the Buddhist year and the month in two digits each, counted
-- anew each month: RC6911-0001.
-- +goose StatementBegin
CREATE FUNCTION series_begins(s document_series) RETURNS series_patterns LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT (s.id, s.merchant_id, 1, date '0001-01-01',
            k.prefix || CASE WHEN m.branch = s.branch THEN '' ELSE s.branch || '-' END, 'BB', true, '-', 4, 'month', 1, acting_person(), now())::series_patterns
    FROM document_kinds k, merchants m WHERE k.kind = s.kind AND m.id = s.merchant_id
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION series_begins FROM PUBLIC;
GRANT EXECUTE ON FUNCTION series_begins TO portal_web, portal_worker;
CREATE TRIGGER pattern_is_allowed BEFORE INSERT ON series_patterns FOR EACH ROW EXECUTE FUNCTION pattern_is_allowed();

SELECT audit_table('document_series', 'series', 'id');
SELECT audit_table('series_patterns', 'series', 'series_id');
SELECT audit_table('document_numbers', 'number', 'id');
SELECT isolate_merchants(t) FROM unnest(ARRAY['document_series', 'series_patterns', 'document_numbers']) AS t;
GRANT SELECT ON document_kinds, document_series, series_patterns, document_numbers TO portal_web, portal_worker;
GRANT INSERT ON document_series, series_patterns TO portal_web;
GRANT INSERT (id, merchant_id, series_id, on_day, subject) ON document_numbers TO portal_web;
GRANT UPDATE (voided_at, voided_by, void_cause, void_note) ON document_numbers TO portal_web;

-- Receipts: what tells a buyer that payment has arrived. The bank knows no way
-- to take one back.
CREATE TABLE receipts (
    id                uuid PRIMARY KEY,
    merchant_id       uuid NOT NULL REFERENCES merchants,
    -- A receipt, or a receipt that is the tax invoice, too.
    document_type     text NOT NULL CONSTRAINT receipt_type_is_known CHECK (document_type IN ('T01', 'T03')),
    -- Empty until it is submitted for the first time.
    document_number   text NOT NULL DEFAULT '',
    document_on       date NOT NULL,
    buyer_name        text NOT NULL,
    buyer_tax_id      text NOT NULL CONSTRAINT receipt_buyer_tax_id_has_13_digits CHECK (buyer_tax_id ~ '^[0-9]{13}$'),
    buyer_branch      text NOT NULL CONSTRAINT receipt_buyer_branch_has_5_digits CHECK (buyer_branch ~ '^[0-9]{5}$'),
    buyer_address     text NOT NULL,
    paid_on           date NOT NULL,
    method            text NOT NULL CONSTRAINT receipt_method_is_known CHECK (method IN ('transfer', 'promptpay', 'cheque', 'card', 'cash')),
    payment_reference text NOT NULL CONSTRAINT receipt_payment_reference_is_short CHECK (length(payment_reference) <= 64),
    remark            text NOT NULL,
    -- The language its paper is drawn in as it is submitted; empty where
    -- somebody uploads a paper of their own.
    paper             text NOT NULL CONSTRAINT receipt_paper_is_known CHECK (paper IN ('', 'th', 'en', 'both')),
    -- What arrived, what the buyer kept back for the Revenue Department, and
    -- what a bank took on the way: together what is settled by it.
    received_satang   bigint NOT NULL CONSTRAINT receipt_received_is_not_negative CHECK (received_satang >= 0),
    withheld_satang   bigint NOT NULL CONSTRAINT receipt_withheld_is_not_negative CHECK (withheld_satang >= 0),
    fee_satang        bigint NOT NULL CONSTRAINT receipt_fee_is_not_negative CHECK (fee_satang >= 0),
    total_satang      bigint NOT NULL CONSTRAINT receipt_total_adds_up CHECK (total_satang = received_satang + withheld_satang + fee_satang),
    vat_rate          numeric(5, 2) NOT NULL,
    vat_satang        bigint NOT NULL CONSTRAINT receipt_vat_is_within_it CHECK (vat_satang BETWEEN 0 AND total_satang),
    state             text NOT NULL DEFAULT 'draft' CONSTRAINT receipt_state_is_known
                      CHECK (state IN ('draft', 'submitted', 'approved', 'sending', 'issued', 'incomplete', 'refused', 'unknown', 'discarded')),
    state_since       timestamptz NOT NULL DEFAULT now(),
    version           integer NOT NULL DEFAULT 1,
    created_by        uuid NOT NULL REFERENCES people,
    editors           uuid[] NOT NULL,
    created_at        timestamptz NOT NULL DEFAULT now(),
    edited_at         timestamptz NOT NULL DEFAULT now(),
    entry_id          uuid,
    bank_reference    text NOT NULL DEFAULT '',
    CONSTRAINT receipt_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT receipt_is_not_before_payment CHECK (document_on >= paid_on),
    FOREIGN KEY (entry_id, merchant_id) REFERENCES instructions (id, merchant_id)
);
CREATE UNIQUE INDEX receipt_number_is_unique ON receipts (merchant_id, document_number) WHERE document_number <> '';

-- What it is for: bills, as a whole or in part, or something in words.
CREATE TABLE receipt_lines (
    receipt_id      uuid NOT NULL,
    merchant_id     uuid NOT NULL,
    line_no         smallint NOT NULL,
    presentment_id  uuid,
    description     text NOT NULL,
    vat             text NOT NULL CONSTRAINT receipt_line_vat_is_known CHECK (vat IN ('standard', 'none')),
    received_satang bigint NOT NULL CONSTRAINT receipt_line_received_is_not_negative CHECK (received_satang >= 0),
    withheld_satang bigint NOT NULL CONSTRAINT receipt_line_withheld_is_not_negative CHECK (withheld_satang >= 0),
    fee_satang      bigint NOT NULL CONSTRAINT receipt_line_fee_is_not_negative CHECK (fee_satang >= 0),
    amount_satang   bigint NOT NULL CONSTRAINT receipt_line_adds_up CHECK (amount_satang > 0 AND amount_satang = received_satang + withheld_satang + fee_satang),
    vat_satang      bigint NOT NULL CONSTRAINT receipt_line_vat_is_within_it CHECK (vat_satang BETWEEN 0 AND amount_satang),
    PRIMARY KEY (receipt_id, line_no),
    CONSTRAINT receipt_names_a_bill_once UNIQUE (receipt_id, presentment_id),
    CONSTRAINT receipt_line_is_for_something CHECK (presentment_id IS NOT NULL OR description <> ''),
    FOREIGN KEY (receipt_id, merchant_id) REFERENCES receipts (id, merchant_id),
    FOREIGN KEY (presentment_id, merchant_id) REFERENCES presentments (id, merchant_id)
);
CREATE INDEX receipt_lines_of_bill ON receipt_lines (merchant_id, presentment_id) WHERE presentment_id IS NOT NULL;

CREATE TABLE receipt_documents (
    receipt_id  uuid NOT NULL,
    merchant_id uuid NOT NULL,
    file_id     uuid NOT NULL,
    position    smallint NOT NULL,
    -- The language the portal drew it in; empty: it was uploaded.
    drawn       text NOT NULL CONSTRAINT receipt_drawn_is_known CHECK (drawn IN ('', 'th', 'en', 'both')),
    PRIMARY KEY (receipt_id, file_id),
    FOREIGN KEY (receipt_id, merchant_id) REFERENCES receipts (id, merchant_id),
    FOREIGN KEY (file_id, merchant_id) REFERENCES files (id, merchant_id)
);
CREATE UNIQUE INDEX receipt_is_drawn_once ON receipt_documents (receipt_id) WHERE drawn <> '';
CREATE INDEX receipt_documents_of_file ON receipt_documents (file_id);

-- What of a receipt is its content. A column that says something must be named
-- here, or it could be changed after approval.
-- +goose StatementBegin
CREATE FUNCTION receipt_content_differs(a receipts, b receipts) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT (a.document_type, a.document_number, a.document_on, a.buyer_name, a.buyer_tax_id, a.buyer_branch, a.buyer_address, a.paid_on, a.method,
            a.payment_reference, a.remark, a.paper, a.received_satang, a.withheld_satang, a.fee_satang, a.total_satang, a.vat_rate, a.vat_satang, a.version)
        IS DISTINCT FROM
           (b.document_type, b.document_number, b.document_on, b.buyer_name, b.buyer_tax_id, b.buyer_branch, b.buyer_address, b.paid_on, b.method,
            b.payment_reference, b.remark, b.paper, b.received_satang, b.withheld_satang, b.fee_satang, b.total_satang, b.vat_rate, b.vat_satang, b.version)
$$;
-- +goose StatementEnd

-- Whether the state of a receipt can follow from its instructions.
-- +goose StatementBegin
CREATE FUNCTION receipt_state_follows(r receipts) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(CASE r.state
        WHEN 'draft'      THEN e.state IS NULL OR e.state IN ('rejected', 'withdrawn', 'expired')
        WHEN 'discarded'  THEN e.state IS NULL OR e.state IN ('rejected', 'withdrawn', 'expired', 'failed')
        WHEN 'submitted'  THEN e.state = 'pending'
        WHEN 'approved'   THEN e.state = 'approved'
        WHEN 'sending'    THEN e.state IN ('sending', 'done')
        WHEN 'issued'     THEN e.state = 'done' AND NOT EXISTS (SELECT FROM instructions i WHERE i.lead_id = e.id AND i.state <> 'done')
        WHEN 'incomplete' THEN e.state = 'done' AND EXISTS (SELECT FROM instructions i WHERE i.lead_id = e.id AND i.state IN ('failed', 'expired', 'withdrawn'))
        WHEN 'refused'    THEN e.state = 'failed'
        WHEN 'unknown'    THEN EXISTS (SELECT FROM instructions i WHERE i.lead_id = e.id AND i.state = 'unknown')
    END, false)
    FROM (SELECT) AS one LEFT JOIN instructions e ON e.id = r.entry_id
$$;
-- +goose StatementEnd

-- A receipt is edited as a draft or after a refusal, by somebody who then
-- stands among its editors; its state is what its instructions say; and what is
-- submitted bears the number that it was given.
-- +goose StatementBegin
CREATE FUNCTION receipt_changes_as_draft() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' OR NEW.entry_id IS NOT NULL OR NEW.document_number <> '' OR NEW.bank_reference <> ''
           OR NEW.created_by IS DISTINCT FROM acting_person() OR NOT NEW.created_by = ANY (NEW.editors) THEN
            RAISE EXCEPTION 'a receipt starts as the draft of the acting person' USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_starts_as_draft';
        END IF;
        RETURN NEW;
    END IF;
    IF receipt_content_differs(NEW, OLD)
       AND (OLD.state NOT IN ('draft', 'refused') OR NOT coalesce(acting_person() = ANY (NEW.editors), false)) THEN
        RAISE EXCEPTION 'only a draft or a refused receipt is edited, by an editor' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'receipt_is_editable';
    END IF;
    IF NOT NEW.editors @> OLD.editors OR NEW.created_by <> OLD.created_by THEN
        RAISE EXCEPTION 'who had a hand in it stays' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'receipt_editors_stay';
    END IF;
    IF NEW.entry_id IS DISTINCT FROM OLD.entry_id AND OLD.state NOT IN ('draft', 'refused') THEN
        RAISE EXCEPTION 'a receipt at the bank keeps its entry' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'receipt_keeps_its_entry';
    END IF;
    IF NEW.document_number <> '' AND NEW.document_number <> OLD.document_number AND NOT EXISTS (
        SELECT FROM document_numbers d WHERE d.merchant_id = NEW.merchant_id AND d.subject = 'receipt/' || NEW.id AND d.voided_at IS NULL AND d.number = NEW.document_number) THEN
        RAISE EXCEPTION 'a receipt bears the number that it was given' USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_bears_its_number';
    END IF;
    IF NEW.bank_reference <> OLD.bank_reference
       AND NEW.bank_reference <> coalesce((SELECT e.bank_reference FROM instructions e WHERE e.id = NEW.entry_id), '') THEN
        RAISE EXCEPTION 'a receipt has the name that the bank gave its entry' USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_is_named_by_its_entry';
    END IF;
    IF NEW.state <> OLD.state THEN
        IF NOT receipt_state_follows(NEW) THEN
            RAISE EXCEPTION 'a receipt is not % by what its instructions say', NEW.state USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_state_follows';
        END IF;
        IF 'discarded' IN (NEW.state, OLD.state)
           AND (OLD.state NOT IN ('draft', 'refused', 'discarded') OR NEW.state NOT IN ('draft', 'discarded')
                OR NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker'), false)) THEN
            RAISE EXCEPTION 'a maker discards what never was at the bank' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'only_a_draft_receipt_is_discarded';
        END IF;
        IF NEW.state = 'submitted' THEN
            PERFORM receipt_stays_within_its_bills(NEW);
        END IF;
        NEW.state_since := now();
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- The states in which a receipt counts against its bills: the bank has it, or
-- may have it, or will as soon as people agree.
-- +goose StatementBegin
CREATE FUNCTION receipt_counts(state text) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT state NOT IN ('draft', 'refused', 'discarded')
$$;
-- +goose StatementEnd

-- Over a bill that its buyer accepted or paid, to that buyer, and never more
-- than it demands in all: the lock makes receipts over one bill take turns.
-- +goose StatementBegin
CREATE FUNCTION receipt_stays_within_its_bills(r receipts) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    bill    presentments;
    settled bigint;
BEGIN
    IF r.document_number = '' OR NOT EXISTS (SELECT FROM document_numbers d
        WHERE d.merchant_id = r.merchant_id AND d.subject = 'receipt/' || r.id AND d.voided_at IS NULL AND d.number = r.document_number) THEN
        RAISE EXCEPTION 'a receipt is submitted with its number' USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_bears_its_number';
    END IF;
    IF (SELECT (sum(l.received_satang), sum(l.withheld_satang), sum(l.fee_satang), sum(l.vat_satang)) IS DISTINCT FROM
               (r.received_satang::numeric, r.withheld_satang::numeric, r.fee_satang::numeric, r.vat_satang::numeric)
        FROM receipt_lines l WHERE l.receipt_id = r.id) THEN
        RAISE EXCEPTION 'a receipt is the sum of its lines' USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_is_the_sum_of_its_lines';
    END IF;
    FOR bill IN SELECT p.* FROM presentments p JOIN receipt_lines l ON l.presentment_id = p.id WHERE l.receipt_id = r.id ORDER BY p.id FOR UPDATE OF p LOOP
        IF bill.buyer_tax_id <> r.buyer_tax_id OR bill.bank_reference = '' OR bill.buyer_decision NOT IN ('accepted', 'paid') THEN
            RAISE EXCEPTION 'a receipt is for bills that its buyer accepted or paid' USING ERRCODE = 'check_violation', CONSTRAINT = 'receipt_is_for_bills_of_its_buyer';
        END IF;
        SELECT sum(l.amount_satang) INTO settled FROM receipt_lines l JOIN receipts o ON o.id = l.receipt_id
        WHERE l.merchant_id = bill.merchant_id AND l.presentment_id = bill.id AND (o.id = r.id OR receipt_counts(o.state));
        IF settled > bill.total_satang THEN
            RAISE EXCEPTION 'receipts over a bill never exceed it' USING ERRCODE = 'check_violation', CONSTRAINT = 'receipts_stay_within_the_bill';
        END IF;
    END LOOP;
END $$;
-- +goose StatementEnd
CREATE TRIGGER receipt_changes_as_draft BEFORE INSERT OR UPDATE ON receipts FOR EACH ROW EXECUTE FUNCTION receipt_changes_as_draft();

-- +goose StatementBegin
CREATE FUNCTION receipt_is_editable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    about uuid := CASE WHEN TG_OP = 'DELETE' THEN OLD.receipt_id ELSE NEW.receipt_id END;
BEGIN
    IF NOT EXISTS (SELECT FROM receipts WHERE id = about AND state IN ('draft', 'refused')) THEN
        RAISE EXCEPTION 'only a draft or a refused receipt is edited' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'receipt_is_editable';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
-- +goose StatementEnd
CREATE TRIGGER receipt_is_editable BEFORE INSERT OR UPDATE OR DELETE ON receipt_lines FOR EACH ROW EXECUTE FUNCTION receipt_is_editable();
CREATE TRIGGER receipt_is_editable BEFORE INSERT OR UPDATE OR DELETE ON receipt_documents FOR EACH ROW EXECUTE FUNCTION receipt_is_editable();
CREATE TRIGGER receipts_are_not_deleted BEFORE DELETE ON receipts FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The number of a receipt that is submitted is not taken from under it.
-- +goose StatementBegin
CREATE FUNCTION number_in_use_is_not_voided() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM receipts r WHERE r.merchant_id = NEW.merchant_id AND NEW.subject = 'receipt/' || r.id AND r.document_number = NEW.number AND receipt_counts(r.state)) THEN
        RAISE EXCEPTION 'the number is in use' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'number_in_use_is_not_voided';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER number_in_use_is_not_voided BEFORE UPDATE ON document_numbers FOR EACH ROW EXECUTE FUNCTION number_in_use_is_not_voided();

-- Whoever had a hand in a receipt stands among the authors of what asks the
-- bank for it, as with bills.
-- +goose StatementBegin
CREATE FUNCTION receipt_keeps_its_authors() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO instruction_authors (instruction_id, merchant_id, person_id)
    SELECT NEW.id, NEW.merchant_id, unnest(r.editors) FROM receipts r
    WHERE r.merchant_id = NEW.merchant_id AND NEW.subject = 'receipt/' || r.id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER receipt_keeps_its_authors AFTER INSERT ON instructions FOR EACH ROW
    WHEN (NEW.operation IN ('receipt.create', 'receipt.document.upload')) EXECUTE FUNCTION receipt_keeps_its_authors();

-- Bills that are paid and not receipted in full: what the daily list shows. It
-- is kept, because to find the few without a receipt among all that were ever
-- paid would take longer each day.
CREATE TABLE receipt_dues (
    presentment_id uuid PRIMARY KEY,
    merchant_id    uuid NOT NULL,
    paid_at        timestamptz NOT NULL,
    left_satang    bigint NOT NULL CONSTRAINT receipt_due_is_positive CHECK (left_satang > 0),
    FOREIGN KEY (presentment_id, merchant_id) REFERENCES presentments (id, merchant_id)
);
CREATE INDEX receipt_dues_by_time ON receipt_dues (merchant_id, paid_at, presentment_id);
-- +goose StatementBegin
CREATE FUNCTION refresh_receipt_due(bill uuid) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH now_due AS (
        SELECT p.id, p.merchant_id, p.decided_at, p.total_satang - coalesce((
            SELECT sum(l.amount_satang) FROM receipt_lines l JOIN receipts r ON r.id = l.receipt_id
            WHERE l.merchant_id = p.merchant_id AND l.presentment_id = p.id AND receipt_counts(r.state)), 0) AS due
        FROM presentments p WHERE p.id = bill AND p.buyer_decision = 'paid'
    ), gone AS (
        DELETE FROM receipt_dues d WHERE d.presentment_id = bill AND NOT EXISTS (SELECT FROM now_due n WHERE n.due > 0)
    )
    INSERT INTO receipt_dues (presentment_id, merchant_id, paid_at, left_satang)
    SELECT id, merchant_id, coalesce(decided_at, now()), due FROM now_due WHERE due > 0
    ON CONFLICT (presentment_id) DO UPDATE SET left_satang = excluded.left_satang
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION paid_bill_is_due_a_receipt() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM refresh_receipt_due(NEW.id);
    RETURN NULL;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION receipt_settles_its_bills() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    PERFORM refresh_receipt_due(l.presentment_id) FROM receipt_lines l WHERE l.receipt_id = NEW.id AND l.presentment_id IS NOT NULL;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER paid_bill_is_due_a_receipt AFTER UPDATE OF buyer_decision ON presentments FOR EACH ROW
    WHEN (NEW.buyer_decision IS DISTINCT FROM OLD.buyer_decision) EXECUTE FUNCTION paid_bill_is_due_a_receipt();
CREATE TRIGGER receipt_settles_its_bills AFTER UPDATE OF state ON receipts FOR EACH ROW
    WHEN (receipt_counts(NEW.state) IS DISTINCT FROM receipt_counts(OLD.state)) EXECUTE FUNCTION receipt_settles_its_bills();
INSERT INTO receipt_dues (presentment_id, merchant_id, paid_at, left_satang)
    SELECT id, merchant_id, decided_at, total_satang FROM presentments WHERE buyer_decision = 'paid' AND total_satang > 0;
REVOKE ALL ON FUNCTION receipt_content_differs, receipt_state_follows, receipt_counts, receipt_stays_within_its_bills, refresh_receipt_due FROM PUBLIC;
GRANT EXECUTE ON FUNCTION receipt_counts TO portal_web, portal_worker;

-- What the list searches and sorts by, apart for the reason given in 0005.
CREATE TABLE receipt_search (
    receipt_id      uuid PRIMARY KEY REFERENCES receipts,
    merchant_id     uuid NOT NULL,
    state           text NOT NULL,
    document_on     date NOT NULL,
    document_number text NOT NULL,
    buyer_name      text NOT NULL,
    buyer_tax_id    text NOT NULL,
    total_satang    bigint NOT NULL,
    words           text NOT NULL
);
CREATE INDEX receipt_search_words ON receipt_search USING gin (words gin_trgm_ops);
CREATE INDEX receipt_search_date ON receipt_search (merchant_id, state, document_on, receipt_id);
CREATE INDEX receipt_search_number ON receipt_search (merchant_id, state, document_number, receipt_id);
CREATE INDEX receipt_search_buyer ON receipt_search (merchant_id, state, buyer_name, receipt_id);
CREATE INDEX receipt_search_amount ON receipt_search (merchant_id, state, total_satang, receipt_id);
CREATE INDEX receipt_search_tax_id ON receipt_search (merchant_id, buyer_tax_id);

-- +goose StatementBegin
CREATE FUNCTION receipt_is_searchable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO receipt_search (receipt_id, merchant_id, state, document_on, document_number, buyer_name, buyer_tax_id, total_satang, words)
    SELECT r.id, r.merchant_id, r.state, r.document_on, r.document_number, r.buyer_name, r.buyer_tax_id, r.total_satang,
        lower(concat_ws(' ', r.document_number, r.buyer_name, r.buyer_tax_id, r.bank_reference, r.payment_reference,
            (SELECT string_agg(p.document_number, ' ') FROM receipt_lines l JOIN presentments p ON p.id = l.presentment_id WHERE l.receipt_id = r.id)))
    FROM receipts r WHERE r.id = CASE TG_TABLE_NAME WHEN 'receipts' THEN (to_jsonb(NEW) ->> 'id')::uuid ELSE (to_jsonb(NEW) ->> 'receipt_id')::uuid END
    ON CONFLICT (receipt_id) DO UPDATE SET state = excluded.state, document_on = excluded.document_on, document_number = excluded.document_number,
        buyer_name = excluded.buyer_name, buyer_tax_id = excluded.buyer_tax_id, total_satang = excluded.total_satang, words = excluded.words;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER receipt_is_searchable AFTER INSERT OR UPDATE ON receipts FOR EACH ROW EXECUTE FUNCTION receipt_is_searchable();
CREATE TRIGGER receipt_is_searchable AFTER INSERT ON receipt_lines FOR EACH ROW WHEN (NEW.presentment_id IS NOT NULL) EXECUTE FUNCTION receipt_is_searchable();

-- Ids of the acting merchant's receipts in the given states that pass the
-- filter, in order of a sort, from a place on, as bills are listed (0009). No
-- value of the filter becomes part of the SQL.
-- +goose StatementBegin
CREATE FUNCTION receipts_listed(filter jsonb, states text[], sort text, descending boolean, place text, place_id uuid, at_most integer)
RETURNS TABLE (receipt_id uuid)
LANGUAGE plpgsql STABLE ROWS 60 SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
    merchant uuid := acting_merchant();
    sorted   text := CASE sort WHEN 'date' THEN 'document_on' WHEN 'number' THEN 'document_number' WHEN 'buyer' THEN 'buyer_name' WHEN 'amount' THEN 'total_satang' END;
    of_type  text := CASE sort WHEN 'date' THEN 'date' WHEN 'amount' THEN 'bigint' ELSE 'text' END;
    wanted   text;
    ordered  text;
    heads    text[] := '{}';
BEGIN
    IF sorted IS NULL OR at_most IS NULL OR cardinality(states) = 0 THEN
        RAISE EXCEPTION 'no such list' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    SELECT 's.merchant_id = $1' || coalesce(string_agg(' AND ' || c.condition, '' ORDER BY c.key), '') INTO wanted FROM (VALUES
        ('pattern', 's.words LIKE ($2 ->> ''pattern'')'),
        ('tax_id', 's.buyer_tax_id = ($2 ->> ''tax_id'')'),
        ('on_from', 's.document_on >= ($2 ->> ''on_from'')::date'),
        ('on_to', 's.document_on <= ($2 ->> ''on_to'')::date'),
        ('amount_from', 's.total_satang >= ($2 ->> ''amount_from'')::bigint'),
        ('amount_to', 's.total_satang <= ($2 ->> ''amount_to'')::bigint')
    ) AS c (key, condition) WHERE filter ? c.key;
    ordered := format('ORDER BY place %1$s, receipt_id %1$s LIMIT $6', CASE WHEN descending THEN 'DESC' ELSE 'ASC' END);
    IF place_id IS NOT NULL THEN
        wanted := wanted || format(' AND (s.%I, s.receipt_id) %s ($4::%s, $5)', sorted, CASE WHEN descending THEN '<' ELSE '>' END, of_type);
    END IF;
    FOR n IN 1 .. cardinality(states) LOOP
        heads := heads || format('(SELECT s.receipt_id, s.%I AS place FROM receipt_search s WHERE s.state = ($3)[%s] AND %s %s)', sorted, n, wanted, ordered);
    END LOOP;
    RETURN QUERY EXECUTE 'SELECT h.receipt_id FROM (' || array_to_string(heads, ' UNION ALL ') || ') h ' || ordered
        USING merchant, filter, states, place, place_id, at_most;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION receipts_listed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION receipts_listed TO portal_web;

SELECT audit_table('receipts', 'receipt', 'id');
SELECT audit_table('receipt_lines', 'receipt', 'receipt_id');
SELECT audit_table('receipt_documents', 'receipt', 'receipt_id');
SELECT isolate_merchants(t) FROM unnest(ARRAY['receipts', 'receipt_lines', 'receipt_documents', 'receipt_dues']) AS t;
GRANT SELECT ON receipts, receipt_lines, receipt_documents, receipt_dues TO portal_web, portal_worker;
GRANT INSERT ON receipts, receipt_lines, receipt_documents TO portal_web;
GRANT DELETE ON receipt_lines, receipt_documents TO portal_web;
GRANT UPDATE (document_type, document_number, document_on, buyer_name, buyer_tax_id, buyer_branch, buyer_address, paid_on, method, payment_reference, remark, paper,
    received_satang, withheld_satang, fee_satang, total_satang, vat_rate, vat_satang, state, version, edited_at, editors, entry_id, bank_reference) ON receipts TO portal_web;
GRANT UPDATE (state, bank_reference) ON receipts TO portal_worker;
