-- Drafts that nobody wants any more.

-- +goose Up

-- A discarded draft is out of the way and its number is free, but it stays:
-- what was once written, by whom, is never removed, and it can be had back.
ALTER TABLE presentments DROP CONSTRAINT presentment_state_is_known;
ALTER TABLE presentments ADD CONSTRAINT presentment_state_is_known
    CHECK (state IN ('draft', 'submitted', 'approved', 'sending', 'presented', 'incomplete', 'refused', 'unknown', 'cancelled', 'replaced', 'discarded'));
DROP INDEX presentment_number_is_unique;
CREATE UNIQUE INDEX presentment_number_is_unique ON presentments (merchant_id, document_number) WHERE state NOT IN ('cancelled', 'discarded');

-- As in 0011, and discarded is only what could be a draft just as well.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION presentment_state_follows(p presentments) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT coalesce(CASE p.state
        WHEN 'draft'      THEN e.state IS NULL OR e.state IN ('rejected', 'withdrawn', 'expired')
        WHEN 'discarded'  THEN e.state IS NULL OR e.state IN ('rejected', 'withdrawn', 'expired')
        WHEN 'submitted'  THEN e.state = 'pending'
        WHEN 'approved'   THEN e.state = 'approved'
        WHEN 'sending'    THEN e.state IN ('sending', 'done')
        WHEN 'presented'  THEN e.state = 'done' AND NOT EXISTS (SELECT FROM instructions i WHERE i.lead_id = e.id AND i.state <> 'done')
        WHEN 'incomplete' THEN e.state = 'done' AND EXISTS (SELECT FROM instructions i WHERE i.lead_id = e.id AND i.state IN ('failed', 'expired', 'withdrawn'))
        WHEN 'refused'    THEN e.state = 'failed'
        WHEN 'unknown'    THEN c.state = 'unknown' OR EXISTS (SELECT FROM instructions i WHERE i.lead_id = e.id AND i.state = 'unknown')
        WHEN 'cancelled'  THEN c.state = 'done'
        WHEN 'replaced'   THEN EXISTS (SELECT FROM presentment_replacements r JOIN presentments n ON n.id = r.replacement_id
                                       JOIN instructions ne ON ne.id = n.entry_id WHERE r.replaced_id = p.id AND ne.state = 'done')
    END, false)
    FROM (SELECT) AS one
        LEFT JOIN instructions e ON e.id = p.entry_id
        LEFT JOIN instructions c ON c.id = p.cancellation_id
$$;
-- +goose StatementEnd

-- No program discards anything by itself: a maker does it to a draft, and a
-- maker makes a draft of it again. A draft that takes the place of a disputed
-- bill stays, since no other could take that place any more.
-- +goose StatementBegin
CREATE FUNCTION presentment_is_discarded_by_hand() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.state NOT IN ('draft', 'discarded') OR OLD.state NOT IN ('draft', 'discarded')
       OR NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'maker'), false) THEN
        RAISE EXCEPTION 'only a draft is discarded, and by a maker' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'only_a_draft_is_discarded';
    END IF;
    IF NEW.state = 'discarded' AND EXISTS (SELECT FROM presentment_replacements WHERE replacement_id = NEW.id) THEN
        RAISE EXCEPTION 'a replacement keeps its place' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'replacement_is_not_discarded';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER presentment_is_discarded_by_hand BEFORE UPDATE OF state ON presentments FOR EACH ROW
    WHEN (NEW.state <> OLD.state AND 'discarded' IN (NEW.state, OLD.state)) EXECUTE FUNCTION presentment_is_discarded_by_hand();
