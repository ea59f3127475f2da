-- Who tells the makers of money that waits names the statement it came by.

-- +goose Up

GRANT SELECT (id, merchant_id, file_id) ON imports TO portal_worker;
