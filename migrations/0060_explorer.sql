-- Trying an operation out sends what changes something as well, to a stand-in
-- bank and nowhere else: the database itself must know that it belongs to one.
-- Beside that, an approval says which trace it was given in.

-- +goose Up
-- One row where the bank of this installation is a stand-in, and none where it
-- is the real one. `portal migrate` puts it here or takes it away, as the
-- environment says; no process can.
CREATE TABLE stand_in_bank (
    only_one    boolean PRIMARY KEY DEFAULT true CONSTRAINT stand_in_bank_is_one CHECK (only_one),
    declared_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT ON stand_in_bank TO portal_web, portal_worker;

ALTER TABLE probes DROP CONSTRAINT probe_only_asks;
ALTER TABLE probes ADD CONSTRAINT probe_operation_is_known CHECK (operation IN (
        'account.inquire', 'remittance.inquire', 'etax.retrieve', 'deeplink.inquire', 'promptpay.blocked', 'promptpay.inquire',
        'push.inquire', 'bill.inquire', 'biller.inquire', 'qr.parse', 'schedule.list', 'debit.list', 'debit.status',
        'mandate.status', 'mandate.list', 'mandate.deeplink', 'account.verify', 'consent.prepare', 'consent.retrieve',
        'location.inquire',
        'presentment.create', 'presentment.document.upload', 'presentment.cancel', 'receipt.create', 'receipt.document.upload',
        'transfer.initiate', 'transfer.confirm', 'transfer.retry', 'remittance.initiate', 'remittance.confirm',
        'remittance.cancel', 'etax.generate', 'etax.reissue', 'deeplink.create', 'deeplink.cancel', 'promptpay.unblock',
        'promptpay.acknowledge', 'promptpay.block', 'promptpay.create', 'push.create', 'push.cancel', 'bill.advise',
        'qr.initiate', 'bill.initiate', 'bill.confirm', 'qr.confirm', 'schedule.cancel', 'schedule.create', 'debit.create',
        'mandate.cancel', 'token.generate', 'lead.submit'));

-- Asked for and taken up only where the bank is none.
-- +goose StatementBegin
CREATE FUNCTION probe_goes_to_a_stand_in() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM stand_in_bank) THEN
        RAISE EXCEPTION 'the bank of this installation is no stand-in' USING ERRCODE = 'check_violation', CONSTRAINT = 'probe_goes_to_a_stand_in';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER probe_goes_to_a_stand_in BEFORE INSERT OR UPDATE ON probes FOR EACH ROW WHEN (NEW.state <> 'ended') EXECUTE FUNCTION probe_goes_to_a_stand_in();

-- What changes something at the bank begins under an attempt, or as a probe
-- that was just taken up, of the same operation: a request of neither never
-- leaves, whatever a process believes of itself.
-- +goose StatementBegin
CREATE FUNCTION write_is_attempted_or_tried_out() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM probes p, stand_in_bank WHERE p.exchange_id = NEW.id AND p.merchant_id = NEW.merchant_id
            AND p.operation = NEW.operation AND p.state = 'asking' AND p.deadline > clock_timestamp()) THEN
        RAISE EXCEPTION 'nobody attempts this, and nobody tries it out' USING ERRCODE = 'check_violation', CONSTRAINT = 'write_is_attempted_or_tried_out';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER write_is_attempted_or_tried_out BEFORE INSERT ON exchanges FOR EACH ROW WHEN (NEW.attempt_id IS NULL AND NEW.operation IN (
        'presentment.create', 'presentment.document.upload', 'presentment.cancel', 'receipt.create', 'receipt.document.upload',
        'transfer.initiate', 'transfer.confirm', 'transfer.retry', 'remittance.initiate', 'remittance.confirm',
        'remittance.cancel', 'etax.generate', 'etax.reissue', 'deeplink.create', 'deeplink.cancel', 'promptpay.unblock',
        'promptpay.acknowledge', 'promptpay.block', 'promptpay.create', 'push.create', 'push.cancel', 'bill.advise',
        'qr.initiate', 'bill.initiate', 'bill.confirm', 'qr.confirm', 'schedule.cancel', 'schedule.create', 'debit.create',
        'mandate.cancel', 'token.generate', 'lead.submit'))
    EXECUTE FUNCTION write_is_attempted_or_tried_out();
-- A debit that is tried out at a stand-in has no mandate with us; the trigger
-- above looks after it.
DROP TRIGGER debit_begins_under_its_mandate ON exchanges;
CREATE TRIGGER debit_begins_under_its_mandate BEFORE INSERT ON exchanges FOR EACH ROW
    WHEN (NEW.operation = 'debit.create' AND NEW.attempt_id IS NOT NULL) EXECUTE FUNCTION debit_begins_under_its_mandate();

-- The trace that an approval was given in, as W3C's traceparent, by which the
-- attempt that follows from it is linked with it. It says nothing of anybody,
-- proves nothing, and is empty where nothing is traced.
ALTER TABLE approvals ADD COLUMN trace text NOT NULL DEFAULT ''
    CONSTRAINT trace_is_a_traceparent CHECK (trace = '' OR trace ~ '^00-[0-9a-f]{32}-[0-9a-f]{16}-01$');
GRANT INSERT (trace) ON approvals TO portal_web;
