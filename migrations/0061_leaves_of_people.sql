-- What the machines leave in the trail is of no person. It stood in two indexes
-- by person all the same, twice for each leaf: when it is written, and when it
-- is numbered. Eight leaves belong to each debit.

-- +goose Up
CREATE INDEX audit_leaves_by_people ON audit_leaves (merchant_id, person_id, at DESC, id DESC) WHERE person_id IS NOT NULL;
DROP INDEX audit_leaves_of_person;
ALTER INDEX audit_leaves_by_people RENAME TO audit_leaves_of_person;

CREATE INDEX audit_leaves_deeds_by_people ON audit_leaves (merchant_id, person_id, at DESC, id DESC)
    WHERE person_id IS NOT NULL AND action NOT IN ('sighting.seen', 'trail.read');
DROP INDEX audit_leaves_deeds_of_person;
ALTER INDEX audit_leaves_deeds_by_people RENAME TO audit_leaves_deeds_of_person;
