-- A batch that submits bills may draw the invoice of each that has no document.

-- +goose Up

-- The language to draw in, chosen as the batch is started; empty when nothing
-- is drawn.
ALTER TABLE batches ADD COLUMN drawing text NOT NULL DEFAULT ''
    CONSTRAINT batch_drawing_is_known CHECK (drawing IN ('', 'th', 'en', 'both'));
GRANT UPDATE (drawing) ON batches TO portal_web;

-- +goose StatementBegin
CREATE FUNCTION batch_drawing_is_chosen_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.started_at IS NOT NULL AND NEW.drawing <> OLD.drawing THEN
        RAISE EXCEPTION 'a batch draws as it was started' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'batch_never_changes';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER batch_drawing_is_chosen_once BEFORE UPDATE ON batches FOR EACH ROW EXECUTE FUNCTION batch_drawing_is_chosen_once();
