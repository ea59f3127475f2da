-- A bill that payments settle in full is paid, as far as anybody has to look
-- for it: it is neither overdue nor unpaid, and a receipt is due for it.

-- +goose Up

-- +goose StatementBegin
CREATE FUNCTION bill_is_settled(bill uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT EXISTS (SELECT FROM presentment_payments b WHERE b.presentment_id = bill AND b.settled_on IS NOT NULL)
$$;
-- +goose StatementEnd

-- As in 0017, but what payments settled is owed no more.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION bill_is_tallied() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    settled boolean;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO bill_changes (merchant_id, state, document_on, due_on, owed, number, satang)
        SELECT merchant_id, state, document_on, due_on, buyer_decision <> 'paid', count(*), sum(total_satang) FROM added GROUP BY 1, 2, 3, 4, 5;
    ELSIF TG_OP = 'UPDATE' THEN
        settled := bill_is_settled(NEW.id);
        INSERT INTO bill_changes (merchant_id, state, document_on, due_on, owed, number, satang)
        VALUES (OLD.merchant_id, OLD.state, OLD.document_on, OLD.due_on, OLD.buyer_decision <> 'paid' AND NOT settled, -1, -OLD.total_satang),
               (NEW.merchant_id, NEW.state, NEW.document_on, NEW.due_on, NEW.buyer_decision <> 'paid' AND NOT settled, 1, NEW.total_satang);
    ELSE
        INSERT INTO bill_changes (merchant_id, state, document_on, due_on, owed, number, satang)
        VALUES (OLD.merchant_id, OLD.state, OLD.document_on, OLD.due_on, OLD.buyer_decision <> 'paid' AND NOT bill_is_settled(OLD.id), -1, -OLD.total_satang);
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd

ALTER TABLE presentment_search ADD COLUMN settled boolean NOT NULL DEFAULT false;
-- As in 0011, but for the last condition.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION presentment_conditions(filter jsonb) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT 's.merchant_id = $1' || coalesce(string_agg(' AND ' || c.condition, '' ORDER BY c.key), '') FROM (VALUES
        ('pattern', 's.words LIKE ($2 ->> ''pattern'')'),
        ('tax_id', 's.buyer_tax_id = ($2 ->> ''tax_id'')'),
        ('on_from', 's.document_on >= ($2 ->> ''on_from'')::date'),
        ('on_to', 's.document_on <= ($2 ->> ''on_to'')::date'),
        ('due_from', 's.due_on >= ($2 ->> ''due_from'')::date'),
        ('due_to', 's.due_on <= ($2 ->> ''due_to'')::date'),
        ('amount_from', 's.total_satang >= ($2 ->> ''amount_from'')::bigint'),
        ('amount_to', 's.total_satang <= ($2 ->> ''amount_to'')::bigint'),
        ('made_by', 's.created_by = ($2 ->> ''made_by'')::uuid'),
        ('decided', 's.buyer_decision = ANY (string_to_array($2 ->> ''decided'', '' ''))'),
        ('unpaid', 's.buyer_decision <> ''paid'' AND NOT s.settled')
    ) AS c (key, condition) WHERE filter ? c.key
$$;
-- +goose StatementEnd

-- As in 0020, but what payments settled of an accepted bill is due a receipt, too.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION refresh_receipt_due(bill uuid) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    WITH now_due AS (
        SELECT p.id, p.merchant_id, CASE WHEN p.buyer_decision = 'paid' THEN p.decided_at ELSE b.settled_on::timestamp AT TIME ZONE 'Asia/Bangkok' END AS paid_at,
            p.total_satang - coalesce((
                SELECT sum(l.amount_satang) FROM receipt_lines l JOIN receipts r ON r.id = l.receipt_id
                WHERE l.merchant_id = p.merchant_id AND l.presentment_id = p.id AND receipt_counts(r.state)), 0) AS due
        FROM presentments p LEFT JOIN presentment_payments b ON b.presentment_id = p.id
        WHERE p.id = bill AND (p.buyer_decision = 'paid' OR p.buyer_decision = 'accepted' AND b.settled_on IS NOT NULL)
    ), gone AS (
        DELETE FROM receipt_dues d WHERE d.presentment_id = bill AND NOT EXISTS (SELECT FROM now_due n WHERE n.due > 0)
    )
    INSERT INTO receipt_dues (presentment_id, merchant_id, paid_at, left_satang)
    SELECT id, merchant_id, coalesce(paid_at, now()), due FROM now_due WHERE due > 0
    ON CONFLICT (presentment_id) DO UPDATE SET left_satang = excluded.left_satang
$$;
-- +goose StatementEnd

-- The bill itself stays as it is: what the list and the figures say of it follows.
-- +goose StatementBegin
CREATE FUNCTION settling_is_followed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    sign smallint := CASE WHEN NEW.settled_on IS NULL THEN 1 ELSE -1 END;
BEGIN
    UPDATE presentment_search SET settled = NEW.settled_on IS NOT NULL WHERE presentment_id = NEW.presentment_id;
    INSERT INTO bill_changes (merchant_id, state, document_on, due_on, owed, number, satang)
    SELECT p.merchant_id, p.state, p.document_on, p.due_on, o.owed, o.sign, o.sign * p.total_satang
    FROM presentments p, (VALUES (true, sign), (false, -sign)) AS o (owed, sign)
    WHERE p.id = NEW.presentment_id AND p.buyer_decision <> 'paid';
    PERFORM refresh_receipt_due(NEW.presentment_id);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER settling_is_followed AFTER UPDATE OF settled_on ON presentment_payments FOR EACH ROW
    WHEN ((OLD.settled_on IS NULL) <> (NEW.settled_on IS NULL)) EXECUTE FUNCTION settling_is_followed();
REVOKE ALL ON FUNCTION bill_is_settled, settling_is_followed FROM PUBLIC;

UPDATE presentment_search s SET settled = true FROM presentment_payments b WHERE b.presentment_id = s.presentment_id AND b.settled_on IS NOT NULL;
INSERT INTO bill_changes (merchant_id, state, document_on, due_on, owed, number, satang)
    SELECT p.merchant_id, p.state, p.document_on, p.due_on, o.owed, o.sign, o.sign * p.total_satang
    FROM presentment_payments b JOIN presentments p ON p.id = b.presentment_id, (VALUES (true, -1), (false, 1)) AS o (owed, sign)
    WHERE b.settled_on IS NOT NULL AND p.buyer_decision <> 'paid';
