-- What was exchanged with the bank by operation, newest first: for whoever
-- builds on the bank's interface or looks for what goes wrong with one call.

-- +goose Up
CREATE INDEX exchanges_of_operation ON exchanges (merchant_id, operation, began_at DESC, id DESC);
