-- Lists of bills or of buyers that come from a spreadsheet: the file as it was,
-- its rows as they were read and mended, and what is to be made of them.

-- +goose Up
CREATE TABLE imports (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    kind        text NOT NULL CONSTRAINT import_kind_is_known CHECK (kind IN ('bills', 'buyers')),
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

-- A bill or a buyer that is to be made, before it is one: what is wrong with
-- it, or what became of it. Nobody else sees it and it binds nobody, so that
-- the trail holds only the file it came from and what it led to.
CREATE TABLE import_items (
    import_id       uuid NOT NULL,
    merchant_id     uuid NOT NULL,
    no              integer NOT NULL,
    standing        text NOT NULL DEFAULT 'unchecked' CONSTRAINT import_standing_is_known
                    CHECK (standing IN ('unchecked', 'faulty', 'good', 'dropped', 'made')),
    -- What tells it from others: a document number, or a tax id with its branch.
    number          text NOT NULL,
    buyer_name      text NOT NULL DEFAULT '',
    total_satang    bigint NOT NULL DEFAULT 0,
    first_row       integer NOT NULL,
    faults          jsonb NOT NULL DEFAULT '[]',
    -- The version of the known buyer that it may go over, as somebody saw it.
    goes_over       integer,
    presentment_id  uuid CONSTRAINT import_makes_a_bill_once UNIQUE,
    buyer_id        uuid,
    PRIMARY KEY (import_id, no),
    CONSTRAINT import_item_is_made_or_not CHECK ((standing = 'made') = (num_nonnulls(presentment_id, buyer_id) = 1)),
    FOREIGN KEY (import_id, merchant_id) REFERENCES imports (id, merchant_id),
    FOREIGN KEY (presentment_id, merchant_id) REFERENCES presentments (id, merchant_id),
    FOREIGN KEY (buyer_id, merchant_id) REFERENCES buyers (id, merchant_id)
);
CREATE INDEX import_items_by_standing ON import_items (import_id, standing, no);
CREATE INDEX import_items_by_number ON import_items (import_id, number);

CREATE TABLE import_rows (
    import_id   uuid NOT NULL,
    merchant_id uuid NOT NULL,
    row_no      integer NOT NULL, -- as a spreadsheet program shows it
    item_no     integer,
    dropped     boolean NOT NULL DEFAULT false,
    cells       jsonb NOT NULL CONSTRAINT import_cells_are_a_list CHECK (jsonb_typeof(cells) = 'array'),
    PRIMARY KEY (import_id, row_no),
    FOREIGN KEY (import_id, merchant_id) REFERENCES imports (id, merchant_id)
);
CREATE INDEX import_rows_of_item ON import_rows (import_id, item_no, row_no);

-- What the columns of a heading were said to mean last time.
CREATE TABLE import_mappings (
    merchant_id uuid NOT NULL REFERENCES merchants,
    signature   bytea NOT NULL, -- a hash of the heading
    mapping     jsonb NOT NULL,
    grouped     boolean NOT NULL,
    used_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (merchant_id, signature)
);

-- A list once discarded or made stays so, and something is made only of one
-- that is being made.
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
CREATE FUNCTION import_item_is_made_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.standing = 'made' THEN
        RAISE EXCEPTION 'what was made is out of its import' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'import_item_is_made_once';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
-- +goose StatementEnd
CREATE TRIGGER import_item_is_made_once BEFORE UPDATE OR DELETE ON import_items FOR EACH ROW EXECUTE FUNCTION import_item_is_made_once();

-- The list of bills, also of those that one import made. An import has ten
-- thousand at most, which are read by their keys; all else is for
-- presentments_listed.
-- +goose StatementBegin
CREATE FUNCTION bills_listed(filter jsonb, states text[], sort text, descending boolean, place text, place_id uuid, at_most integer)
RETURNS TABLE (presentment_id uuid)
LANGUAGE plpgsql STABLE ROWS 60 SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
DECLARE
    sorted  text := CASE sort WHEN 'date' THEN 'document_on' WHEN 'due' THEN 'due_on' WHEN 'number' THEN 'document_number'
                    WHEN 'buyer' THEN 'buyer_name' WHEN 'amount' THEN 'total_satang' WHEN 'since' THEN 'state_since' END;
    of_type text := CASE sort WHEN 'date' THEN 'date' WHEN 'due' THEN 'date' WHEN 'amount' THEN 'bigint' WHEN 'since' THEN 'timestamptz' ELSE 'text' END;
    beyond  text := '';
BEGIN
    IF NOT filter ? 'import' THEN
        RETURN QUERY SELECT l.presentment_id FROM presentments_listed(filter, states, sort, descending, place, place_id, at_most) l;
        RETURN;
    END IF;
    IF sorted IS NULL OR at_most IS NULL OR cardinality(states) = 0 THEN
        RAISE EXCEPTION 'no such list' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF place_id IS NOT NULL THEN
        beyond := format(' AND (s.%I, s.presentment_id) %s ($4::%s, $5)', sorted, CASE WHEN descending THEN '<' ELSE '>' END, of_type);
    END IF;
    RETURN QUERY EXECUTE format('SELECT s.presentment_id FROM %s AND %s%s ORDER BY s.%I %5$s, s.presentment_id %5$s LIMIT $6',
            bills_of_import(), presentment_conditions(filter), beyond, sorted, CASE WHEN descending THEN 'DESC' ELSE 'ASC' END)
        USING acting_merchant(), filter, states, place, place_id, at_most;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION bills_of_import() RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT 'import_items i JOIN presentment_search s ON s.presentment_id = i.presentment_id
        WHERE i.merchant_id = $1 AND i.import_id = ($2 ->> ''import'')::uuid AND i.standing = ''made'' AND s.state = ANY ($3)'
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION bills_counted(filter jsonb, states text[], at_most integer)
RETURNS TABLE (number bigint, sum_satang bigint)
LANGUAGE plpgsql STABLE ROWS 1 SECURITY DEFINER SET search_path = public, pg_temp SET jit = off AS $$
BEGIN
    IF NOT filter ? 'import' THEN
        RETURN QUERY SELECT c.number, c.sum_satang FROM presentments_counted(filter, states, at_most) c;
        RETURN;
    END IF;
    RETURN QUERY EXECUTE format('SELECT count(*), coalesce(sum(l.total_satang), 0)::bigint FROM (SELECT s.total_satang FROM %s AND %s LIMIT $4) l',
            bills_of_import(), presentment_conditions(filter))
        USING acting_merchant(), filter, states, at_most;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION bills_listed, bills_of_import, bills_counted FROM PUBLIC;
GRANT EXECUTE ON FUNCTION bills_listed, bills_counted TO portal_web;

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
CREATE TRIGGER import_bill_keeps_its_editors AFTER UPDATE ON import_items REFERENCING NEW TABLE AS made
    FOR EACH STATEMENT EXECUTE FUNCTION import_bill_keeps_its_editors();

SELECT audit_table('imports', 'import', 'id');
SELECT isolate_merchants(t) FROM unnest(ARRAY['imports', 'import_rows', 'import_items', 'import_mappings']) AS t;

GRANT SELECT, INSERT ON imports, import_rows, import_items, import_mappings TO portal_web;
GRANT UPDATE (mapping, grouped, state) ON imports TO portal_web;
GRANT UPDATE (standing, number, buyer_name, total_satang, faults, goes_over, presentment_id, buyer_id) ON import_items TO portal_web;
GRANT UPDATE (item_no, dropped, cells) ON import_rows TO portal_web;
GRANT UPDATE (mapping, grouped, used_at) ON import_mappings TO portal_web;
GRANT DELETE ON import_items, import_rows TO portal_web;
