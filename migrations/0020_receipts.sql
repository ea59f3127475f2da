-- Numbers of documents, unbroken by construction, and receipts to buyers.

-- +goose Up

-- The kinds of document that are numbered, with the letters their numbers
-- begin with as long as nobody has chosen others. The codes are ETDA's.
CREATE TABLE document_kinds (
    kind   text PRIMARY KEY,
    prefix text NOT NULL CONSTRAINT kind_prefix_is_unique UNIQUE
);
INSERT INTO document_kinds VALUES
    ('T01', 'RC'), ('T03', 'RT'), ('388', 'TX'), ('T02', 'IT'), ('T04', 'DT'), ('80', 'DN'), ('81', 'CN'), ('T07', 'CC');

-- A series is all numbers of one kind of document of one branch.
CREATE TABLE document_series (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    branch      text NOT NULL CONSTRAINT series_branch_has_5_digits CHECK (branch ~ '^[0-9]{5}$'),
    kind        text NOT NULL REFERENCES document_kinds,
    made_at     timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT series_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT series_is_unique UNIQUE (merchant_id, branch, kind)
);

-- How the numbers of a series look. Rows are versions: each holds for the
-- documents dated from its day on, until the next.
CREATE TABLE series_patterns (
    series_id   uuid NOT NULL,
    merchant_id uuid NOT NULL,
    version     integer NOT NULL,
    from_on     date NOT NULL,
    prefix      text NOT NULL CONSTRAINT prefix_is_as_the_bank_allows
                CHECK (length(prefix) <= 12 AND prefix ~ '^[[:alnum:]]' AND prefix !~ '[\x01-\x2c\x3a-\x40\x5b-\x5e\x60\x7b-\x7f[:space:]]'),
    year        text NOT NULL CONSTRAINT pattern_year_is_known CHECK (year IN ('', 'BBBB', 'BB', 'CCCC', 'CC')),
    month       boolean NOT NULL,
    separator   text NOT NULL CONSTRAINT pattern_separator_is_known CHECK (separator IN ('', '-', '/', '.')),
    digits      smallint NOT NULL CONSTRAINT pattern_digits_are_few CHECK (digits BETWEEN 3 AND 10),
    restarts    text NOT NULL CONSTRAINT pattern_restart_is_known CHECK (restarts IN ('never', 'year', 'month')),
    -- Of the first period that this version numbers; every later one begins with 1.
    first_no    integer NOT NULL DEFAULT 1 CONSTRAINT first_number_is_positive CHECK (first_no >= 1),
    set_by      uuid REFERENCES people,
    set_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (series_id, version),
    -- Otherwise the same number would come again in the next period.
    CONSTRAINT numbers_that_restart_name_their_period
        CHECK (restarts = 'never' OR year <> '' AND (restarts = 'year' OR month)),
    FOREIGN KEY (series_id, merchant_id) REFERENCES document_series (id, merchant_id)
);

-- Every number ever given. None is removed; one that is not used is voided and
-- stays, so that an auditor finds no gap that nobody explains.
CREATE TABLE document_numbers (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL,
    series_id   uuid NOT NULL,
    on_day      date NOT NULL, -- of the document
    period      text NOT NULL,
    n           bigint NOT NULL,
    number      text NOT NULL CONSTRAINT number_fits_the_bank CHECK (length(number) <= 35),
    pattern_version integer NOT NULL,
    -- What bears it: "receipt/…", as the trail calls it.
    subject     text NOT NULL,
    given_at    timestamptz NOT NULL DEFAULT now(),
    given_by    uuid NOT NULL REFERENCES people,
    voided_at   timestamptz,
    voided_by   uuid REFERENCES people,
    void_cause  text CONSTRAINT void_cause_is_known CHECK (void_cause IN ('discarded', 'changed', 'taken')),
    void_note   text NOT NULL DEFAULT '' CONSTRAINT void_note_is_short CHECK (length(void_note) <= 500),
    CONSTRAINT numbers_count_up UNIQUE (series_id, period, n),
    -- Whichever series: two documents of a merchant never bear the same number.
    CONSTRAINT number_is_unique UNIQUE (merchant_id, number),
    CONSTRAINT void_is_whole CHECK ((voided_at IS NULL) = (void_cause IS NULL) AND (voided_at IS NULL) = (voided_by IS NULL)),
    FOREIGN KEY (series_id, merchant_id) REFERENCES document_series (id, merchant_id),
    FOREIGN KEY (series_id, pattern_version) REFERENCES series_patterns (series_id, version)
);
CREATE UNIQUE INDEX document_has_one_number ON document_numbers (merchant_id, subject) WHERE voided_at IS NULL;
CREATE INDEX document_numbers_of_series ON document_numbers (merchant_id, series_id, given_at DESC, id DESC);
CREATE INDEX document_numbers_voided ON document_numbers (merchant_id, series_id, given_at DESC, id DESC) WHERE voided_at IS NOT NULL;

-- The number that a pattern gives the n-th document of a day's period.
-- +goose StatementBegin
CREATE FUNCTION series_number(p series_patterns, dated date, n bigint) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT p.prefix || CASE p.year
            WHEN 'BBBB' THEN (extract(year FROM dated)::int + 543)::text
            WHEN 'BB'   THEN right((extract(year FROM dated)::int + 543)::text, 2)
            WHEN 'CCCC' THEN to_char(dated, 'YYYY')
            WHEN 'CC'   THEN to_char(dated, 'YY')
            ELSE '' END
        || CASE WHEN p.month THEN to_char(dated, 'MM') ELSE '' END
        || p.separator || lpad(n::text, greatest(p.digits, length(n::text)), '0')
$$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION series_period(p series_patterns, dated date) RETURNS text LANGUAGE sql IMMUTABLE SET search_path = public, pg_temp AS $$
    SELECT CASE p.restarts WHEN 'year' THEN to_char(dated, 'YYYY') WHEN 'month' THEN to_char(dated, 'YYYY-MM') ELSE '' END
$$;
-- +goose StatementEnd
-- The pattern in force for a document of that day.
-- +goose StatementBegin
CREATE FUNCTION series_pattern_on(series uuid, dated date) RETURNS series_patterns LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT p FROM series_patterns p WHERE p.series_id = series AND p.from_on <= dated ORDER BY p.version DESC LIMIT 1
$$;
-- +goose StatementEnd
-- The number after the last one in the period that the pattern puts the day
-- in. One that falls in a period of no numbers opens it: the first that a
-- version numbers at all begins where the version says, every other with 1.
-- +goose StatementBegin
CREATE FUNCTION series_next(p series_patterns, dated date) RETURNS bigint LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT coalesce((SELECT max(d.n) + 1 FROM document_numbers d WHERE d.series_id = p.series_id AND d.period = series_period(p, dated)),
        CASE WHEN EXISTS (SELECT FROM document_numbers d WHERE d.series_id = p.series_id AND d.pattern_version = p.version) THEN 1 ELSE p.first_no END)
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION series_number, series_period, series_pattern_on, series_next FROM PUBLIC;
GRANT EXECUTE ON FUNCTION series_number, series_period, series_pattern_on, series_next TO portal_web, portal_worker;

-- Whoever inserts says for what and for which day. The number is the next one,
-- whatever they say: the lock makes those who ask for one at a time take turns,
-- and what is not committed leaves no hole, since the counter is the rows.
-- +goose StatementBegin
CREATE FUNCTION number_follows_the_last() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    p series_patterns;
BEGIN
    PERFORM FROM document_series WHERE id = NEW.series_id AND merchant_id = NEW.merchant_id FOR UPDATE;
    IF NEW.voided_at IS NOT NULL OR acting_person() IS NULL THEN
        RAISE EXCEPTION 'a number is given to be used, by somebody' USING ERRCODE = 'check_violation', CONSTRAINT = 'number_is_given_by_somebody';
    END IF;
    p := series_pattern_on(NEW.series_id, NEW.on_day);
    IF p.series_id IS NULL THEN
        RAISE EXCEPTION 'the series has no pattern for that day' USING ERRCODE = 'check_violation', CONSTRAINT = 'series_has_a_pattern';
    END IF;
    NEW.pattern_version := p.version;
    NEW.period := series_period(p, NEW.on_day);
    IF NEW.n IS NOT NULL AND NEW.n <> series_next(p, NEW.on_day) THEN
        RAISE EXCEPTION 'the next number is %, not %', series_next(p, NEW.on_day), NEW.n
            USING ERRCODE = 'check_violation', CONSTRAINT = 'number_follows_the_last';
    END IF;
    NEW.n := series_next(p, NEW.on_day);
    NEW.number := series_number(p, NEW.on_day, NEW.n);
    NEW.given_by := acting_person();
    NEW.given_at := now();
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER number_follows_the_last BEFORE INSERT ON document_numbers FOR EACH ROW EXECUTE FUNCTION number_follows_the_last();

-- A number that was given changes only by being voided, once, by the person
-- who acts.
-- +goose StatementBegin
CREATE FUNCTION number_is_voided_once() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF OLD.voided_at IS NOT NULL OR NEW.voided_at IS NULL OR NEW.voided_by IS DISTINCT FROM acting_person()
       OR (NEW.id, NEW.merchant_id, NEW.series_id, NEW.on_day, NEW.period, NEW.n, NEW.number, NEW.pattern_version, NEW.subject, NEW.given_at, NEW.given_by)
          IS DISTINCT FROM
          (OLD.id, OLD.merchant_id, OLD.series_id, OLD.on_day, OLD.period, OLD.n, OLD.number, OLD.pattern_version, OLD.subject, OLD.given_at, OLD.given_by) THEN
        RAISE EXCEPTION 'a number that was given is voided once, and nothing else' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'number_is_voided_once';
    END IF;
    NEW.voided_at := now();
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER number_is_voided_once BEFORE UPDATE ON document_numbers FOR EACH ROW EXECUTE FUNCTION number_is_voided_once();
CREATE TRIGGER numbers_are_not_deleted BEFORE DELETE ON document_numbers FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER numbers_are_not_truncated BEFORE TRUNCATE ON document_numbers FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER series_are_never_changed BEFORE UPDATE OR DELETE ON document_series FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER patterns_are_never_changed BEFORE UPDATE OR DELETE ON series_patterns FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The first pattern of a series may be made by whoever needs its first number,
-- if it is the one a series begins with; any other is an administrator's. A
-- pattern holds from a day on before which it is not, so that what is numbered
-- stays as it is: not before the one it follows, nor before a numbered document.
-- +goose StatementBegin
CREATE FUNCTION pattern_is_allowed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    s    document_series;
    last series_patterns;
BEGIN
    SELECT * INTO s FROM document_series WHERE id = NEW.series_id AND merchant_id = NEW.merchant_id FOR UPDATE;
    SELECT * INTO last FROM series_patterns WHERE series_id = NEW.series_id ORDER BY version DESC LIMIT 1;
    IF NEW.version IS DISTINCT FROM coalesce(last.version, 0) + 1 THEN
        RAISE EXCEPTION 'the next version is %', coalesce(last.version, 0) + 1 USING ERRCODE = 'check_violation', CONSTRAINT = 'pattern_versions_count_up';
    END IF;
    IF NEW.set_by IS DISTINCT FROM acting_person() THEN
        RAISE EXCEPTION 'a pattern is set by the acting person' USING ERRCODE = 'check_violation', CONSTRAINT = 'pattern_is_set_by_the_acting';
    END IF;
    IF last.version IS NOT NULL AND (NEW.from_on < last.from_on OR NEW.from_on < (SELECT max(on_day) FROM document_numbers WHERE series_id = NEW.series_id)) THEN
        RAISE EXCEPTION 'a pattern never applies backwards' USING ERRCODE = 'check_violation', CONSTRAINT = 'pattern_never_applies_backwards';
    END IF;
    IF NOT coalesce(has_duty(NEW.merchant_id, acting_person(), 'admin'), false)
       AND (last.version IS NOT NULL
            OR NOT EXISTS (SELECT FROM series_begins(s) b
                WHERE (NEW.from_on, NEW.prefix, NEW.year, NEW.month, NEW.separator, NEW.digits, NEW.restarts, NEW.first_no)
                    = (b.from_on, b.prefix, b.year, b.month, b.separator, b.digits, b.restarts, b.first_no))) THEN
        RAISE EXCEPTION 'an administrator chooses how numbers look' USING ERRCODE = 'check_violation', CONSTRAINT = 'pattern_is_set_by_an_administrator';
    END IF;
    IF EXISTS (SELECT FROM document_numbers d WHERE d.merchant_id = NEW.merchant_id
               AND d.number = series_number(NEW, NEW.from_on, series_next(NEW, NEW.from_on))) THEN
        RAISE EXCEPTION 'its first number is given already' USING ERRCODE = 'check_violation', CONSTRAINT = 'pattern_gives_new_numbers';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- What a series begins with: letters of its kind, the branch unless it is the
-- merchant's own, the Buddhist year and the month in two digits each, counted
-- anew each month: RC6911-0001.
-- +goose StatementBegin
CREATE FUNCTION series_begins(s document_series) RETURNS series_patterns LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
    SELECT (s.id, s.merchant_id, 1, date '0001-01-01',
            k.prefix || CASE WHEN m.branch = s.branch THEN '' ELSE s.branch || '-' END, 'BB', true, '-', 4, 'month', 1, acting_person(), now())::series_patterns
    FROM document_kinds k, merchants m WHERE k.kind = s.kind AND m.id = s.merchant_id
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION series_begins FROM PUBLIC;
GRANT EXECUTE ON FUNCTION series_begins TO portal_web, portal_worker;
CREATE TRIGGER pattern_is_allowed BEFORE INSERT ON series_patterns FOR EACH ROW EXECUTE FUNCTION pattern_is_allowed();

SELECT audit_table('document_series', 'series', 'id');
SELECT audit_table('series_patterns', 'series', 'series_id');
SELECT audit_table('document_numbers', 'number', 'id');
SELECT isolate_merchants(t) FROM unnest(ARRAY['document_series', 'series_patterns', 'document_numbers']) AS t;
GRANT SELECT ON document_kinds, document_series, series_patterns, document_numbers TO portal_web, portal_worker;
GRANT INSERT ON document_series, series_patterns TO portal_web;
GRANT INSERT (id, merchant_id, series_id, on_day, subject) ON document_numbers TO portal_web;
GRANT UPDATE (voided_at, voided_by, void_cause, void_note) ON document_numbers TO portal_web;
