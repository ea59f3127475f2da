-- How rows are shown belongs to the person, as language and era do, and the
-- files of a draft can be put in another order.

-- +goose Up

ALTER TABLE people ADD COLUMN roomy boolean NOT NULL DEFAULT false; -- rows of comfortable height
GRANT UPDATE (roomy) ON people TO portal_web;

-- Only while the bill may be edited: presentment_is_editable holds for every
-- change of its documents.
GRANT UPDATE (position) ON presentment_documents TO portal_web;
