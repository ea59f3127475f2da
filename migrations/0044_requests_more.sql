-- What the first requests to pay taught: when one is sent that names no time,
-- and what ends one whose sender ended before it went out.

-- +goose Up

-- As in 0038; but what names a day and no time is sent when the bank begins, as
-- krungsri.AlertHour says [inferred]. The form always names a time.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION request_times(r pay_requests, OUT sends timestamptz, OUT ends timestamptz) LANGUAGE plpgsql STABLE SET search_path = public, pg_temp AS $$
BEGIN
    sends := (r.send_on + coalesce(nullif(r.send_at, ''), '08:00')::time) AT TIME ZONE 'Asia/Bangkok';
    ends := (r.ends_on + time '23:59') AT TIME ZONE 'Asia/Bangkok';
END $$;
-- +goose StatementEnd

-- As in 0043, and requests to pay: one whose PromptPay id ended between approval
-- and sending is not sent, and says so at once.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION instruction_obstacle(i instructions) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    about uuid;
    under uuid;
    day   date;
BEGIN
    IF i.operation NOT IN ('debit.create', 'schedule.create', 'schedule.cancel', 'promptpay.create') THEN
        RETURN '';
    END IF;
    about := split_part(i.subject, '/', 2)::uuid;
    IF i.operation = 'promptpay.create' THEN
        RETURN CASE WHEN EXISTS (SELECT FROM pay_requests r WHERE r.id = about AND promptpay_id_sends(r.sender_id, r.merchant_id)) THEN '' ELSE 'sender_ended' END;
    END IF;
    IF i.operation = 'debit.create' THEN
        SELECT d.mandate_id, d.debit_on INTO under, day FROM debits d WHERE d.id = about;
        IF NOT coalesce(mandate_is_live(under), false) OR mandate_is_disowned(under, i.merchant_id) THEN
            RETURN 'mandate_dead';
        END IF;
        -- Its turn comes on its day; after that its time is over.
        RETURN CASE WHEN day < (now() AT TIME ZONE 'Asia/Bangkok')::date THEN 'expired' ELSE '' END;
    END IF;
    IF i.operation = 'schedule.create' THEN
        SELECT s.mandate_id INTO under FROM schedules s WHERE s.id = about;
        IF NOT coalesce(mandate_is_live(under), false) OR mandate_is_disowned(under, i.merchant_id) THEN
            RETURN 'mandate_dead';
        END IF;
    END IF;
    -- Nothing is ended either for the sake of what can no longer begin.
    IF EXISTS (SELECT FROM schedule_legs l JOIN instructions p ON p.id = l.instruction_id
            WHERE p.lead_id = i.lead_id AND p.part >= i.part AND l.start_on < (now() AT TIME ZONE 'Asia/Bangkok')::date) THEN
        RETURN 'schedule_late';
    END IF;
    RETURN '';
END $$;
-- +goose StatementEnd

-- What of a list is still to be decided, or came to nothing, is looked up by it.
DROP INDEX requests_of_import;
CREATE INDEX requests_of_import ON pay_requests (import_id, state, id) WHERE import_id IS NOT NULL;

-- What runs out, and what came to nothing, is shown on home and listed.
CREATE INDEX requests_running_out ON pay_requests (merchant_id, ends_on, id) WHERE state IN ('sent', 'acknowledged');
CREATE INDEX requests_come_to_nothing ON pay_requests (merchant_id, created_at, id) WHERE state IN ('declined', 'expired', 'blocked', 'failed');

-- As in 0038; and what runs out today, what came to nothing of the last thirty
-- days and was not sent again, and what waits for a day.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION request_conditions(filter jsonb) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT 'd.merchant_id = $1' || coalesce(string_agg(' AND ' || c.condition, '' ORDER BY c.key), '') FROM (VALUES
        ('pattern', 'd.words LIKE ($2 ->> ''pattern'')'),
        ('on_from', 'd.created_at >= ($2 ->> ''on_from'')::date::timestamp AT TIME ZONE ''Asia/Bangkok'''),
        ('on_to', 'd.created_at < (($2 ->> ''on_to'')::date + 1)::timestamp AT TIME ZONE ''Asia/Bangkok'''),
        ('amount_from', 'd.amount_satang >= ($2 ->> ''amount_from'')::bigint'),
        ('amount_to', 'd.amount_satang <= ($2 ->> ''amount_to'')::bigint'),
        ('import', 'd.import_id = ($2 ->> ''import'')::uuid'),
        ('state', 'd.state = ($2 ->> ''state'')'),
        ('ending', 'd.state IN (''sent'', ''acknowledged'') AND d.ends_on <= (now() AT TIME ZONE ''Asia/Bangkok'')::date'),
        ('ended', 'd.state IN (''declined'', ''expired'', ''blocked'', ''failed'') AND d.created_at >= now() - interval ''30 days''
            AND NOT EXISTS (SELECT FROM pay_requests n WHERE n.resend_of = d.id AND n.state <> ''discarded'')'),
        ('sends', 'd.send_on = ($2 ->> ''sends'')::date AND d.state IN (''submitted'', ''approved'', ''sending'', ''unknown'', ''scheduled'')')
    ) AS c (key, condition) WHERE filter ? c.key
$$;
-- +goose StatementEnd
