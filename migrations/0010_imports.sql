-- Lists of bills that come from a spreadsheet: the file as it was, its rows as
-- they were read and mended, and the bills that are to be made of them.

-- +goose Up
CREATE TABLE imports (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    file_id     uuid NOT NULL,
    format      text NOT NULL, -- "XLSX", "CSV, Windows-874"
    heading     jsonb NOT NULL CONSTRAINT import_heading_is_a_list CHECK (jsonb_typeof(heading) = 'array'),
    row_count   integer NOT NULL CONSTRAINT import_has_rows CHECK (row_count BETWEEN 1 AND 10000),
    -- What each column means, in the order of the heading; '' for nothing.
    mapping     jsonb NOT NULL DEFAULT '[]' CONSTRAINT import_mapping_is_a_list CHECK (jsonb_typeof(mapping) = 'array'),
    -- Whether rows with the same number are one bill of several lines.
    grouped     boolean NOT NULL DEFAULT true,
    state       text NOT NULL DEFAULT 'read' CONSTRAINT import_state_is_known
                CHECK (state IN ('read', 'mapped', 'making', 'made', 'discarded')),
    created_by  uuid NOT NULL REFERENCES people,
    -- Everybody who had a hand in it: who uploaded it, said what its columns
    -- mean or mended its cells. None of them may approve the bills made of it.
    editors     uuid[] NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT import_and_merchant UNIQUE (id, merchant_id),
    FOREIGN KEY (file_id, merchant_id) REFERENCES files (id, merchant_id)
);
CREATE INDEX imports_by_age ON imports (merchant_id, id DESC);

-- A bill that is to be made, before it is one: what is wrong with it, or what
-- became of it. Nobody else sees it and it binds nobody, so that the trail
-- holds only the file it came from and the drafts it led to.
CREATE TABLE import_bills (
    import_id       uuid NOT NULL,
    merchant_id     uuid NOT NULL,
    no              integer NOT NULL,
    standing        text NOT NULL DEFAULT 'unchecked' CONSTRAINT import_standing_is_known
                    CHECK (standing IN ('unchecked', 'faulty', 'good', 'dropped', 'made')),
    document_number text NOT NULL,
    buyer_name      text NOT NULL DEFAULT '',
    total_satang    bigint NOT NULL DEFAULT 0,
    first_row       integer NOT NULL,
    faults          jsonb NOT NULL DEFAULT '[]',
    presentment_id  uuid CONSTRAINT import_makes_a_bill_once UNIQUE,
    PRIMARY KEY (import_id, no),
    CONSTRAINT import_bill_is_made_or_not CHECK ((standing = 'made') = (presentment_id IS NOT NULL)),
    FOREIGN KEY (import_id, merchant_id) REFERENCES imports (id, merchant_id),
    FOREIGN KEY (presentment_id, merchant_id) REFERENCES presentments (id, merchant_id)
);
CREATE INDEX import_bills_by_standing ON import_bills (import_id, standing, no);
CREATE INDEX import_bills_by_number ON import_bills (import_id, document_number);

CREATE TABLE import_rows (
    import_id   uuid NOT NULL,
    merchant_id uuid NOT NULL,
    row_no      integer NOT NULL, -- as a spreadsheet program shows it
    bill_no     integer,
    dropped     boolean NOT NULL DEFAULT false,
    cells       jsonb NOT NULL CONSTRAINT import_cells_are_a_list CHECK (jsonb_typeof(cells) = 'array'),
    PRIMARY KEY (import_id, row_no),
    FOREIGN KEY (import_id, merchant_id) REFERENCES imports (id, merchant_id)
);
CREATE INDEX import_rows_of_bill ON import_rows (import_id, bill_no, row_no);

-- What the columns of a heading were said to mean last time.
CREATE TABLE import_mappings (
    merchant_id uuid NOT NULL REFERENCES merchants,
    signature   bytea NOT NULL, -- a hash of the heading
    mapping     jsonb NOT NULL,
    grouped     boolean NOT NULL,
    used_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (merchant_id, signature)
);

-- A list once discarded or made stays so, and bills are made only of one that
-- is being made.
-- +goose StatementBegin
CREATE FUNCTION import_moves_on() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.created_by IS DISTINCT FROM acting_person() THEN
            RAISE EXCEPTION 'an import is the acting person''s' USING ERRCODE = 'check_violation', CONSTRAINT = 'import_is_by_the_acting_person';
        END IF;
        NEW.editors := ARRAY[NEW.created_by];
        RETURN NEW;
    END IF;
    IF NOT acting_person() = ANY (NEW.editors) AND (NEW.mapping, NEW.grouped) IS DISTINCT FROM (OLD.mapping, OLD.grouped) THEN
        NEW.editors := NEW.editors || acting_person();
    END IF;
    IF (OLD.state, NEW.state) NOT IN (('read', 'mapped'), ('mapped', 'mapped'), ('mapped', 'making'), ('making', 'mapped'), ('making', 'made'),
        ('read', 'discarded'), ('mapped', 'discarded')) THEN
        RAISE EXCEPTION 'an import does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'import_moves_on';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER import_moves_on BEFORE INSERT OR UPDATE ON imports FOR EACH ROW EXECUTE FUNCTION import_moves_on();
-- +goose StatementBegin
CREATE FUNCTION import_bill_is_made_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.standing = 'made' THEN
        RAISE EXCEPTION 'a bill that was made is out of its import' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'import_bill_is_made_once';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
-- +goose StatementEnd
CREATE TRIGGER import_bill_is_made_once BEFORE UPDATE OR DELETE ON import_bills FOR EACH ROW EXECUTE FUNCTION import_bill_is_made_once();

-- Whoever mends a cell has a hand in the import from then on.
-- +goose StatementBegin
CREATE FUNCTION import_keeps_who_mended() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    UPDATE imports i SET editors = i.editors || acting_person()
    WHERE i.id IN (SELECT import_id FROM mended) AND NOT acting_person() = ANY (i.editors);
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER import_keeps_who_mended AFTER UPDATE ON import_rows REFERENCING NEW TABLE AS mended
    FOR EACH STATEMENT EXECUTE FUNCTION import_keeps_who_mended();
-- A bill that is made of an import is by everybody who had a hand in that.
-- +goose StatementBegin
CREATE FUNCTION import_bill_keeps_its_editors() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM made m JOIN imports i ON i.id = m.import_id JOIN presentments p ON p.id = m.presentment_id WHERE NOT p.editors @> i.editors) THEN
        RAISE EXCEPTION 'a bill of an import is by all its editors' USING ERRCODE = 'check_violation', CONSTRAINT = 'import_bill_keeps_its_editors';
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER import_bill_keeps_its_editors AFTER UPDATE ON import_bills REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION import_bill_keeps_its_editors();

SELECT audit_table('imports', 'import', 'id');
SELECT isolate_merchants(t) FROM unnest(ARRAY['imports', 'import_rows', 'import_bills', 'import_mappings']) AS t;

GRANT SELECT, INSERT ON imports, import_rows, import_bills, import_mappings TO portal_web;
GRANT UPDATE (mapping, grouped, state) ON imports TO portal_web;
GRANT UPDATE (standing, document_number, buyer_name, total_satang, faults, presentment_id) ON import_bills TO portal_web;
GRANT UPDATE (bill_no, dropped, cells) ON import_rows TO portal_web;
GRANT UPDATE (mapping, grouped, used_at) ON import_mappings TO portal_web;
GRANT DELETE ON import_bills, import_rows TO portal_web;
