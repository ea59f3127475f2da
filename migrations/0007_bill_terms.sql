-- What a bill may say of money besides lines and VAT: discounts, what the
-- buyer withholds, the buyer's order and the days of credit. Then what was
-- typed and not saved yet, and templates of bills that come again.

-- +goose Up
-- All columns have a constant default, so that no row is rewritten and the
-- previous release goes on inserting.
ALTER TABLE presentments
    -- Of the whole document: in percent, and what that comes to; or in baht.
    ADD COLUMN discount_percent numeric(5, 2) NOT NULL DEFAULT 0 CONSTRAINT presentment_discount_is_a_percentage CHECK (discount_percent BETWEEN 0 AND 100),
    ADD COLUMN discount_satang  bigint NOT NULL DEFAULT 0 CONSTRAINT presentment_discount_is_not_negative CHECK (discount_satang >= 0),
    -- What the buyer will probably keep back for the Revenue Department. It is
    -- never taken off the total.
    ADD COLUMN wht_satang       bigint NOT NULL DEFAULT 0 CONSTRAINT presentment_wht_is_within_the_bill CHECK (wht_satang BETWEEN 0 AND before_tax_satang),
    ADD COLUMN order_reference  text NOT NULL DEFAULT '' CONSTRAINT order_reference_is_short CHECK (length(order_reference) <= 35),
    -- Where the due date follows from the document's date.
    ADD COLUMN credit_days      smallint CONSTRAINT due_date_follows_from_credit CHECK (credit_days IS NULL OR due_on = document_on + credit_days);

ALTER TABLE presentment_lines
    ADD COLUMN discount_percent numeric(5, 2) NOT NULL DEFAULT 0 CONSTRAINT line_discount_is_a_percentage CHECK (discount_percent BETWEEN 0 AND 100),
    ADD COLUMN discount_satang  bigint NOT NULL DEFAULT 0 CONSTRAINT line_discount_is_not_negative CHECK (discount_satang >= 0),
    -- The line's share of the document's discount. amount_satang is before it.
    ADD COLUMN share_satang     bigint NOT NULL DEFAULT 0 CONSTRAINT line_share_is_within_the_line CHECK (share_satang BETWEEN 0 AND amount_satang),
    ADD COLUMN wht_income       text NOT NULL DEFAULT '' CONSTRAINT line_income_is_known
        CHECK (wht_income IN ('', 'transport', 'advertising', 'service', 'contract', 'professional', 'royalty', 'rent', 'prize')),
    ADD COLUMN wht_percent      numeric(5, 2) NOT NULL DEFAULT 0 CONSTRAINT line_wht_goes_with_income
        CHECK (wht_percent BETWEEN 0 AND 100 AND (wht_income <> '' OR wht_percent = 0));

GRANT UPDATE (discount_percent, discount_satang, wht_satang, order_reference, credit_days) ON presentments TO portal_web;

-- What of a presentment is its content: what people wrote and approved, as
-- opposed to where it stands. A column that says something about the bill must
-- be named here, or it could be changed after approval.
-- +goose StatementBegin
CREATE FUNCTION presentment_content_differs(a presentments, b presentments) RETURNS boolean LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT (a.document_type, a.document_number, a.document_on, a.due_on, a.buyer_name, a.buyer_tax_id, a.buyer_branch,
            a.buyer_address, a.remark, a.before_tax_satang, a.vat_rate, a.vat_satang, a.total_satang, a.version,
            a.discount_percent, a.discount_satang, a.wht_satang, a.order_reference, a.credit_days)
        IS DISTINCT FROM
           (b.document_type, b.document_number, b.document_on, b.due_on, b.buyer_name, b.buyer_tax_id, b.buyer_branch,
            b.buyer_address, b.remark, b.before_tax_satang, b.vat_rate, b.vat_satang, b.total_satang, b.version,
            b.discount_percent, b.discount_satang, b.wht_satang, b.order_reference, b.credit_days)
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION presentment_content_differs FROM PUBLIC;

-- As in 0005, but for what its content is. Whoever replaces this function
-- again keeps the call of presentment_content_differs.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION presentment_changes_as_draft() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' OR NEW.entry_id IS NOT NULL OR NEW.cancellation_id IS NOT NULL
           OR NEW.created_by IS DISTINCT FROM acting_person() OR NOT NEW.created_by = ANY (NEW.editors) THEN
            RAISE EXCEPTION 'a presentment starts as the draft of the acting person' USING ERRCODE = 'check_violation', CONSTRAINT = 'presentment_starts_as_draft';
        END IF;
        RETURN NEW;
    END IF;
    IF presentment_content_differs(NEW, OLD)
       AND (OLD.state NOT IN ('draft', 'refused') OR NOT coalesce(acting_person() = ANY (NEW.editors), false)) THEN
        RAISE EXCEPTION 'only a draft or a refused presentment is edited, by an editor'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'presentment_is_editable';
    END IF;
    IF NOT NEW.editors @> OLD.editors OR NEW.created_by <> OLD.created_by THEN
        RAISE EXCEPTION 'who had a hand in it stays' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'editors_stay';
    END IF;
    IF NEW.entry_id IS DISTINCT FROM OLD.entry_id AND OLD.state NOT IN ('draft', 'refused') THEN
        RAISE EXCEPTION 'a presentment at the bank keeps its entry' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'presentment_keeps_its_entry';
    END IF;
    IF NEW.state <> OLD.state THEN
        IF NOT presentment_state_follows(NEW) THEN
            RAISE EXCEPTION 'a presentment is not % by what its instructions say', NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'presentment_state_follows';
        END IF;
        NEW.state_since := now();
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- Bills of one buyer by amount, for the question whether this one was made
-- already.
CREATE INDEX presentments_by_buyer ON presentments (merchant_id, buyer_tax_id, total_satang, document_on);

-- What somebody typed into the form of a bill and has not saved: as typed, for
-- that person alone, and no record of anything, so the trail does not hold it.
CREATE TABLE presentment_scratches (
    id             uuid NOT NULL,
    merchant_id    uuid NOT NULL REFERENCES merchants,
    person_id      uuid NOT NULL REFERENCES people,
    presentment_id uuid, -- of the draft that is edited; none for a new bill
    typed          text NOT NULL CONSTRAINT scratch_is_no_file CHECK (octet_length(typed) <= 262144), -- as a browser sends a form
    saved_at       timestamptz NOT NULL DEFAULT now(),
    -- The bill was saved: what is still on its way to be kept comes too late.
    spent          boolean NOT NULL DEFAULT false CONSTRAINT spent_scratch_is_empty CHECK (NOT spent OR typed = ''),
    PRIMARY KEY (merchant_id, person_id, id),
    FOREIGN KEY (presentment_id, merchant_id) REFERENCES presentments (id, merchant_id)
);
CREATE INDEX presentment_scratches_by_age ON presentment_scratches (saved_at);
SELECT isolate_merchants('presentment_scratches');
CREATE POLICY own_only ON presentment_scratches AS RESTRICTIVE TO portal_web USING (person_id = (SELECT acting_person()));
GRANT SELECT, INSERT, DELETE, UPDATE (typed, saved_at, presentment_id, spent) ON presentment_scratches TO portal_web;
GRANT SELECT, DELETE ON presentment_scratches TO portal_worker;

-- Bills that come again. A template only fills in a form or a draft, which
-- people then check like any other; but who changed what comes every month is
-- a fact that the trail holds.
CREATE TABLE presentment_templates (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    name        text NOT NULL CONSTRAINT template_name_is_short CHECK (length(name) BETWEEN 1 AND 120),
    typed       text NOT NULL CONSTRAINT template_is_no_file CHECK (octet_length(typed) <= 262144), -- as a browser sends a form
    -- When a draft is due: never by itself, on a day of each month (31 is the
    -- last), or every so many weeks after the last.
    every       text NOT NULL DEFAULT 'never' CONSTRAINT template_rule_is_known CHECK (every IN ('never', 'month', 'weeks')),
    on_day      smallint NOT NULL DEFAULT 1 CONSTRAINT template_day_is_of_a_month CHECK (on_day BETWEEN 1 AND 31),
    weeks       smallint NOT NULL DEFAULT 1 CONSTRAINT template_weeks_are_few CHECK (weeks BETWEEN 1 AND 52),
    next_on     date CONSTRAINT template_with_a_rule_has_a_day CHECK ((every = 'never') = (next_on IS NULL)),
    version     integer NOT NULL DEFAULT 1,
    made_by     uuid NOT NULL REFERENCES people,
    made_at     timestamptz NOT NULL DEFAULT now(),
    last_made_on date,
    CONSTRAINT template_name_is_unique UNIQUE (merchant_id, name)
);
CREATE INDEX presentment_templates_due ON presentment_templates (merchant_id, next_on) WHERE next_on IS NOT NULL;
SELECT isolate_merchants('presentment_templates');
GRANT SELECT, INSERT, DELETE, UPDATE (name, typed, every, on_day, weeks, next_on, version, last_made_on) ON presentment_templates TO portal_web;
SELECT audit_table('presentment_templates', 'template', 'id');
