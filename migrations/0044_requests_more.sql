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

-- As in 0031, and requests to pay: one whose PromptPay id ended between approval
-- and sending is not sent, and says so at once.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION instruction_obstacle(i instructions) RETURNS text LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF i.operation = 'debit.create' AND NOT EXISTS (SELECT FROM debits d WHERE d.id = split_part(i.subject, '/', 2)::uuid AND mandate_is_live(d.mandate_id)) THEN
        RETURN 'mandate_dead';
    END IF;
    IF i.operation = 'schedule.create' AND NOT EXISTS (SELECT FROM schedules s WHERE s.id = split_part(i.subject, '/', 2)::uuid AND mandate_is_live(s.mandate_id)) THEN
        RETURN 'mandate_dead';
    END IF;
    -- Nothing is ended either for the sake of what can no longer begin.
    IF i.operation IN ('schedule.create', 'schedule.cancel') AND EXISTS (SELECT FROM schedule_legs l JOIN instructions p ON p.id = l.instruction_id
            WHERE p.lead_id = i.lead_id AND p.part >= i.part AND l.start_on < (now() AT TIME ZONE 'Asia/Bangkok')::date) THEN
        RETURN 'schedule_late';
    END IF;
    IF i.operation = 'promptpay.create' AND NOT EXISTS (SELECT FROM pay_requests r WHERE r.id = split_part(i.subject, '/', 2)::uuid AND promptpay_id_sends(r.sender_id, r.merchant_id)) THEN
        RETURN 'sender_ended';
    END IF;
    RETURN '';
END $$;
-- +goose StatementEnd

-- What of a list is still to be decided, or came to nothing, is looked up by it.
DROP INDEX requests_of_import;
CREATE INDEX requests_of_import ON pay_requests (import_id, state, id) WHERE import_id IS NOT NULL;
