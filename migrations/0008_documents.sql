-- What is known of a file beside its bytes, and which document of a bill the
-- portal drew itself.

-- +goose Up
ALTER TABLE files
    -- Pages of a PDF; pixels of a picture; 0 where there are none, or where the
    -- file came before they were written down.
    ADD COLUMN pages  integer NOT NULL DEFAULT 0 CONSTRAINT file_pages_are_not_negative CHECK (pages >= 0),
    ADD COLUMN width  integer NOT NULL DEFAULT 0 CONSTRAINT file_width_is_not_negative CHECK (width >= 0),
    ADD COLUMN height integer NOT NULL DEFAULT 0 CONSTRAINT file_height_is_not_negative CHECK (height >= 0),
    -- A file in which a scanner found something is never stored.
    ADD COLUMN scan   text NOT NULL DEFAULT 'none' CONSTRAINT file_scan_is_known CHECK (scan IN ('none', 'clean'));

ALTER TABLE presentment_documents
    -- The digest of the content it was drawn from. Empty: it was uploaded.
    ADD COLUMN drawn_from     bytea NOT NULL DEFAULT '' CONSTRAINT drawn_from_is_a_hash CHECK (length(drawn_from) IN (0, 32)),
    ADD COLUMN drawn_language text NOT NULL DEFAULT '' CONSTRAINT drawn_language_is_known CHECK (drawn_language IN ('', 'th', 'en', 'both')),
    ADD CONSTRAINT drawn_as_a_whole CHECK ((drawn_from = '') = (drawn_language = ''));
-- The newest files of a content, without reading all that have it.
DROP INDEX files_by_hash;
CREATE INDEX files_by_hash ON files (merchant_id, sha256, id DESC);
-- From a file to its bills: which other bill has the same content?
CREATE INDEX presentment_documents_by_file ON presentment_documents (merchant_id, file_id);
CREATE UNIQUE INDEX presentment_is_drawn_once ON presentment_documents (presentment_id) WHERE drawn_from <> '';
