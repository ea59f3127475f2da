-- What the lists that became requests come to, and what administrators try out
-- on the stand-in bank.

-- +goose Up

-- A list of ten thousand requests is not added up each time somebody looks at
-- the lists: its sum is kept beside it, without what was discarded. How far each
-- request has come is looked up, by its index.
CREATE TABLE request_batches (
    import_id   uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    number      integer NOT NULL CONSTRAINT request_batch_counts_what_is_there CHECK (number >= 0),
    sum_satang  bigint NOT NULL CONSTRAINT request_batch_adds_what_is_there CHECK (sum_satang >= 0),
    FOREIGN KEY (import_id, merchant_id) REFERENCES imports (id, merchant_id)
);
CREATE INDEX request_batches_by_age ON request_batches (merchant_id, import_id DESC);
SELECT isolate_merchants('request_batches');
GRANT SELECT ON request_batches TO portal_web, portal_worker;

-- +goose StatementBegin
CREATE FUNCTION request_batches_are_added_up() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO request_batches AS b (import_id, merchant_id, number, sum_satang)
        SELECT n.import_id, n.merchant_id, count(*), sum(n.amount_satang) FROM made n
        WHERE n.import_id IS NOT NULL AND n.state <> 'discarded' GROUP BY n.import_id, n.merchant_id
        ON CONFLICT (import_id) DO UPDATE SET number = b.number + excluded.number, sum_satang = b.sum_satang + excluded.sum_satang;
        RETURN NULL;
    END IF;
    UPDATE request_batches b SET number = b.number + d.number, sum_satang = b.sum_satang + d.satang FROM (
        SELECT c.import_id, sum(c.number) AS number, sum(c.satang) AS satang FROM (
            SELECT n.import_id, 1 AS number, n.amount_satang AS satang FROM made n WHERE n.import_id IS NOT NULL AND n.state <> 'discarded'
            UNION ALL
            SELECT o.import_id, -1, -o.amount_satang FROM was o WHERE o.import_id IS NOT NULL AND o.state <> 'discarded'
        ) AS c GROUP BY c.import_id HAVING sum(c.number) <> 0 OR sum(c.satang) <> 0
    ) AS d WHERE b.import_id = d.import_id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER request_batches_are_added_up AFTER INSERT ON pay_requests REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION request_batches_are_added_up();
CREATE TRIGGER request_batches_are_added_up_again AFTER UPDATE ON pay_requests REFERENCING OLD TABLE AS was NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION request_batches_are_added_up();
INSERT INTO request_batches (import_id, merchant_id, number, sum_satang)
    SELECT import_id, merchant_id, count(*), sum(amount_satang) FROM pay_requests WHERE import_id IS NOT NULL AND state <> 'discarded' GROUP BY import_id, merchant_id;

-- A call that an administrator makes from the list of the bank's operations. It
-- only asks: what changes something at the bank goes by an instruction, which
-- somebody else approves. Its exchange is named before it is sent, so that the
-- exchange says for good whose probe it was.
CREATE TABLE probes (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    operation   text NOT NULL CONSTRAINT probe_only_asks CHECK (operation IN ('account.inquire', 'remittance.inquire', 'etax.retrieve', 'deeplink.inquire',
        'promptpay.blocked', 'promptpay.inquire', 'push.inquire', 'bill.inquire', 'biller.inquire', 'qr.parse', 'schedule.list', 'debit.list', 'debit.status',
        'mandate.status', 'mandate.list', 'mandate.deeplink', 'account.verify', 'consent.prepare', 'consent.retrieve', 'location.inquire')),
    body        bytea NOT NULL CONSTRAINT probe_is_no_larger_than_16_kib CHECK (octet_length(body) BETWEEN 2 AND 16384),
    asked_by    uuid NOT NULL REFERENCES people,
    asked_at    timestamptz NOT NULL DEFAULT now(),
    state       text NOT NULL DEFAULT 'waiting' CONSTRAINT probe_state_is_known CHECK (state IN ('waiting', 'asking', 'ended')),
    deadline    timestamptz, -- of whoever is asking
    exchange_id uuid CONSTRAINT probe_has_an_exchange_of_its_own UNIQUE,
    ended_at    timestamptz,
    came        text NOT NULL DEFAULT '', -- as of an inquiry
    CONSTRAINT probe_ends_when_it_came_to_something CHECK ((state = 'ended') = (ended_at IS NOT NULL) AND (state = 'ended') = (came <> ''))
);
CREATE UNIQUE INDEX one_open_probe ON probes (merchant_id, asked_by) WHERE state <> 'ended';
CREATE INDEX probes_to_ask ON probes (asked_at) WHERE state <> 'ended';

-- +goose StatementBegin
CREATE FUNCTION probe_is_the_administrators() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'waiting' OR NEW.exchange_id IS NOT NULL OR NEW.asked_by IS DISTINCT FROM acting_person()
           OR NOT coalesce(has_duty(NEW.merchant_id, NEW.asked_by, 'admin'), false) THEN
            RAISE EXCEPTION 'an administrator tries the bank out' USING ERRCODE = 'check_violation', CONSTRAINT = 'probe_is_the_administrators';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.merchant_id, NEW.operation, NEW.body, NEW.asked_by, NEW.asked_at) IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.operation, OLD.body, OLD.asked_by, OLD.asked_at)
       OR (OLD.state, NEW.state) NOT IN (('waiting', 'asking'), ('asking', 'ended')) OR OLD.exchange_id IS DISTINCT FROM NEW.exchange_id AND NEW.state <> 'asking'
       OR acting_person() IS NOT NULL THEN
        RAISE EXCEPTION 'a probe is made once, by the worker' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'probe_is_made_once';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER probe_is_the_administrators BEFORE INSERT OR UPDATE ON probes FOR EACH ROW EXECUTE FUNCTION probe_is_the_administrators();
CREATE TRIGGER probes_are_not_deleted BEFORE DELETE ON probes FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER probe_wakes_the_worker AFTER INSERT ON probes FOR EACH ROW EXECUTE FUNCTION inquiry_wakes_the_worker();

SELECT audit_table('probes', 'probe', 'id');
SELECT isolate_merchants('probes');
GRANT SELECT ON probes TO portal_web, portal_worker;
GRANT INSERT (id, merchant_id, operation, body, asked_by) ON probes TO portal_web;
GRANT UPDATE (state, deadline, exchange_id, ended_at, came) ON probes TO portal_worker;
