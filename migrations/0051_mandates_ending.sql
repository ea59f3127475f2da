-- Mandates that are about to end are found by their last day, and the days that
-- were held against announcements of the Bank of Thailand say so.

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
