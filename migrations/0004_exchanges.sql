-- What went over the wire: a row before the call, committed, and a row after
-- it. Bodies are sealed; the masked copy is for the screen.

-- +goose Up
CREATE TABLE exchanges (
    id             uuid PRIMARY KEY,
    merchant_id    uuid NOT NULL REFERENCES merchants,
    operation      text NOT NULL,
    attempt_id     uuid REFERENCES attempts,
    instruction_id uuid REFERENCES instructions,
    method         text NOT NULL,
    path           text NOT NULL,
    transaction_id text NOT NULL,
    headers        text NOT NULL,
    body_sealed    bytea,
    body_masked    text NOT NULL,
    body_hash      bytea NOT NULL,
    body_size      integer NOT NULL,
    began_at       timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT one_request_for_one_attempt UNIQUE (attempt_id),
    CONSTRAINT exchange_and_merchant UNIQUE (id, merchant_id)
);
CREATE INDEX exchanges_of_instruction ON exchanges (instruction_id, began_at);
CREATE INDEX exchanges_of_merchant ON exchanges (merchant_id, began_at DESC);

-- Insert only: a late answer is kept beside whatever was decided meanwhile.
CREATE TABLE exchange_results (
    exchange_id uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    code        text NOT NULL, -- the bank's own, if it gave one
    outcome     text NOT NULL CONSTRAINT exchange_outcome_is_known CHECK (outcome IN ('done', 'refused', 'unknown', 'not_sent')),
    http_status smallint NOT NULL,
    headers     text NOT NULL,
    body_sealed bytea,
    body_masked text NOT NULL,
    body_hash   bytea NOT NULL,
    error       text NOT NULL,
    ended_at    timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (exchange_id, merchant_id) REFERENCES exchanges (id, merchant_id)
);

-- A request may begin only while its attempt is open. The lock decides between
-- a worker that wakes up late and whoever gave its attempt up meanwhile.
-- +goose StatementBegin
CREATE FUNCTION exchange_belongs_to_open_attempt() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    a attempts;
BEGIN
    IF NEW.attempt_id IS NOT NULL THEN
        SELECT * INTO a FROM attempts WHERE id = NEW.attempt_id FOR UPDATE;
        IF a.outcome IS NOT NULL OR clock_timestamp() > a.deadline OR a.instruction_id IS DISTINCT FROM NEW.instruction_id OR a.merchant_id IS DISTINCT FROM NEW.merchant_id THEN
            RAISE EXCEPTION 'this attempt is over' USING ERRCODE = 'check_violation', CONSTRAINT = 'attempt_is_open';
        END IF;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd

-- An attempt of which a request was begun ends as not sent only if the request
-- is known not to have left. The attempt's lock is held here, and a trigger's
-- query sees all that is committed, so a request begun a moment ago counts.
-- +goose StatementBegin
CREATE FUNCTION not_sent_is_proven() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.outcome = 'not_sent' AND EXISTS (
        SELECT FROM exchanges x LEFT JOIN exchange_results r ON r.exchange_id = x.id
        WHERE x.attempt_id = NEW.id AND r.outcome IS DISTINCT FROM 'not_sent') THEN
        RAISE EXCEPTION 'a request was begun, so it may have been sent' USING ERRCODE = 'check_violation', CONSTRAINT = 'not_sent_is_proven';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER not_sent_is_proven BEFORE UPDATE ON attempts FOR EACH ROW EXECUTE FUNCTION not_sent_is_proven();
CREATE TRIGGER exchange_belongs_to_open_attempt BEFORE INSERT ON exchanges FOR EACH ROW EXECUTE FUNCTION exchange_belongs_to_open_attempt();
CREATE TRIGGER exchanges_are_never_changed BEFORE UPDATE OR DELETE ON exchanges FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER exchange_results_are_never_changed BEFORE UPDATE OR DELETE ON exchange_results FOR EACH ROW EXECUTE FUNCTION refuse_change();

SELECT audit_table('exchanges', 'exchange', 'id');
SELECT audit_table('exchange_results', 'exchange', 'exchange_id');
SELECT isolate_merchants('exchanges');
SELECT isolate_merchants('exchange_results');

GRANT SELECT, INSERT ON exchanges, exchange_results TO portal_worker;
-- The web process reads them; it never calls the bank.
GRANT SELECT ON exchanges, exchange_results TO portal_web;
