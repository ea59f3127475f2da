-- Mandates that are about to end are found by their last day, the days that were
-- held against announcements of the Bank of Thailand say so, and a debit moves
-- without its words being written again.

-- +goose Up
CREATE INDEX mandates_ending ON mandates (merchant_id, expires_on, id) WHERE state IN ('active', 'suspended') AND expires_on IS NOT NULL;

-- Additional special holidays, as the Bank of Thailand announced them on 27
-- November 2024: 2 June and 11 August 2025, and 2 January 2026
-- (thansettakij.com/finance/financial-banking/612973). With them the lists of
-- 2025 and 2026 are whole: the former agrees with the one that Bangkok Bank
-- publishes (bangkokbank.com/th-TH/About-Us/Bank-Holidays), the latter with
-- copies of announcement 31/2568. 16 October 2026 was a holiday of banks in
-- Bangkok only (26/2569) and is not on the list. No announcement for 2027 was
-- found, so its days stay unconfirmed.
UPDATE bank_holidays SET confirmed = true WHERE day IN ('2025-06-02', '2025-08-11', '2026-01-02');

-- What is searched of a debit stands apart from it, as with payers: each move of
-- a debit wrote its words again into an index that is dear to write.
CREATE TABLE debit_search (
    debit_id    uuid PRIMARY KEY REFERENCES debits,
    merchant_id uuid NOT NULL,
    words       text NOT NULL
);
INSERT INTO debit_search (debit_id, merchant_id, words) SELECT id, merchant_id, words FROM debits;
CREATE INDEX debit_search_words ON debit_search USING gin (words gin_trgm_ops);
-- +goose StatementBegin
CREATE FUNCTION debit_is_searchable() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO debit_search (debit_id, merchant_id, words) VALUES (NEW.id, NEW.merchant_id, NEW.words)
    ON CONFLICT (debit_id) DO UPDATE SET words = excluded.words;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER debit_is_searchable AFTER INSERT ON debits FOR EACH ROW EXECUTE FUNCTION debit_is_searchable();
CREATE TRIGGER debit_stays_searchable AFTER UPDATE ON debits FOR EACH ROW WHEN (NEW.words <> OLD.words) EXECUTE FUNCTION debit_is_searchable();
DROP INDEX debits_words;
-- What debits_of_payer finds as well: a payer has few debits on a day.
DROP INDEX debits_alike;
-- As in 0030, but for where the words are.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION debit_conditions(filter jsonb) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT 'd.merchant_id = $1' || coalesce(string_agg(' AND ' || c.condition, '' ORDER BY c.key), '') FROM (VALUES
        ('pattern', 'd.id IN (SELECT s.debit_id FROM debit_search s WHERE s.merchant_id = $1 AND s.words LIKE ($2 ->> ''pattern''))'),
        ('on_from', 'd.debit_on >= ($2 ->> ''on_from'')::date'),
        ('on_to', 'd.debit_on <= ($2 ->> ''on_to'')::date'),
        ('amount_from', 'd.amount_satang >= ($2 ->> ''amount_from'')::bigint'),
        ('amount_to', 'd.amount_satang <= ($2 ->> ''amount_to'')::bigint'),
        ('batch', 'd.batch_id = ($2 ->> ''batch'')::uuid'),
        ('payer', 'd.payer_id = ($2 ->> ''payer'')::uuid'),
        ('failure', 'd.failure_code = ($2 ->> ''failure'')'),
        ('state', 'd.state = ($2 ->> ''state'')')
    ) AS c (key, condition) WHERE filter ? c.key
$$;
-- +goose StatementEnd
