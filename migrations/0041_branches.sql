-- Where the bank serves people: what it said, when it was asked, of the service
-- points around a place, and which of them a merchant or a person calls theirs.

-- +goose Up

-- A place that was asked about. Its coordinates are rounded to 0.001 degrees, so
-- that nobody's exact position is kept and neighbours share an answer.
CREATE TABLE branch_searches (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    lat         double precision NOT NULL,
    lon         double precision NOT NULL,
    kilometres  double precision NOT NULL,
    asked_at    timestamptz NOT NULL DEFAULT now(),
    answered_at timestamptz,
    -- False where the bank gave as many as it gives at once: there may be more.
    whole       boolean NOT NULL DEFAULT false,
    CONSTRAINT branch_search_and_merchant UNIQUE (id, merchant_id),
    CONSTRAINT branch_search_is_kept_once UNIQUE (merchant_id, lat, lon, kilometres),
    CONSTRAINT branch_search_is_in_thailand CHECK (lat BETWEEN 5.4 AND 20.7 AND lon BETWEEN 97.1 AND 105.9),
    CONSTRAINT branch_search_is_as_wide_as_the_bank_looks CHECK (kilometres BETWEEN 0.1 AND 50)
);
CREATE INDEX branch_searches_answered ON branch_searches (merchant_id, answered_at DESC) WHERE answered_at IS NOT NULL;

-- A service point as the bank told of it last.
CREATE TABLE service_points (
    merchant_id uuid NOT NULL REFERENCES merchants,
    id          text NOT NULL,
    kind        text NOT NULL,
    name_th     text NOT NULL,
    name_en     text NOT NULL,
    address_th  text NOT NULL,
    address_en  text NOT NULL,
    lat         double precision NOT NULL,
    lon         double precision NOT NULL,
    phone       text NOT NULL,
    hours       jsonb NOT NULL,
    services    text[] NOT NULL,
    told_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (merchant_id, id)
);
CREATE INDEX service_points_by_place ON service_points (merchant_id, lat, lon);

-- The branch that a merchant, or one person of it, calls theirs. What the bank
-- said of it then is kept, so that it can be shown when the bank is away.
CREATE TABLE home_branches (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    person_id   uuid REFERENCES people, -- nobody's: the merchant's
    point_id    text NOT NULL,
    kind        text NOT NULL,
    name_th     text NOT NULL,
    name_en     text NOT NULL,
    address_th  text NOT NULL,
    address_en  text NOT NULL,
    lat         double precision NOT NULL,
    lon         double precision NOT NULL,
    phone       text NOT NULL,
    hours       jsonb NOT NULL,
    services    text[] NOT NULL,
    told_at     timestamptz NOT NULL,
    chosen_by   uuid NOT NULL REFERENCES people,
    chosen_at   timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT one_home_branch UNIQUE NULLS NOT DISTINCT (merchant_id, person_id),
    CONSTRAINT own_branch_is_chosen_by_oneself CHECK (person_id = chosen_by)
);
-- +goose StatementBegin
CREATE FUNCTION home_branch_is_chosen_on_duty() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    of home_branches := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    IF of.merchant_id IS DISTINCT FROM acting_merchant()
       OR TG_OP <> 'DELETE' AND NEW.chosen_by IS DISTINCT FROM acting_person()
       OR of.person_id IS NULL AND NOT coalesce(has_duty(of.merchant_id, acting_person(), 'admin'), false)
       OR of.person_id IS NOT NULL AND of.person_id IS DISTINCT FROM acting_person() THEN
        RAISE EXCEPTION 'a branch is chosen by oneself, and the merchant''s by an administrator'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'home_branch_is_chosen_on_duty';
    END IF;
    IF TG_OP <> 'DELETE' THEN
        NEW.chosen_at := now();
    END IF;
    IF TG_OP = 'INSERT' AND NOT EXISTS (SELECT FROM service_points s WHERE (s.merchant_id, s.id, s.kind, s.name_th, s.name_en, s.address_th, s.address_en, s.lat, s.lon, s.phone, s.hours, s.services, s.told_at)
       = (NEW.merchant_id, NEW.point_id, NEW.kind, NEW.name_th, NEW.name_en, NEW.address_th, NEW.address_en, NEW.lat, NEW.lon, NEW.phone, NEW.hours, NEW.services, NEW.told_at)) THEN
        RAISE EXCEPTION 'a branch is chosen as the bank told of it' USING ERRCODE = 'check_violation', CONSTRAINT = 'home_branch_is_as_told';
    END IF;
    RETURN of;
END $$;
-- +goose StatementEnd
CREATE TRIGGER home_branch_is_chosen_on_duty BEFORE INSERT OR DELETE ON home_branches FOR EACH ROW EXECUTE FUNCTION home_branch_is_chosen_on_duty();
REVOKE ALL ON FUNCTION home_branch_is_chosen_on_duty FROM PUBLIC;

SELECT isolate_merchants(t) FROM unnest(ARRAY['branch_searches', 'service_points', 'home_branches']) AS t;
CREATE POLICY own_or_the_merchants ON home_branches AS RESTRICTIVE FOR SELECT TO portal_web USING (person_id IS NULL OR person_id = (SELECT acting_person()));
SELECT audit_table('home_branches', 'homebranch', 'id');
GRANT SELECT ON branch_searches, service_points, home_branches TO portal_web, portal_worker;
GRANT INSERT (id, merchant_id, lat, lon, kilometres), UPDATE (asked_at) ON branch_searches TO portal_web;
GRANT UPDATE (answered_at, whole) ON branch_searches TO portal_worker;
GRANT INSERT, UPDATE, DELETE ON service_points TO portal_worker;
GRANT INSERT (id, merchant_id, person_id, point_id, kind, name_th, name_en, address_th, address_en, lat, lon, phone, hours, services, told_at, chosen_by), DELETE ON home_branches TO portal_web;

-- What can be asked of the bank, as rows: a check that every migration has to
-- repeat whole is one that some migration gets wrong.
CREATE TABLE inquiry_operations (operation text PRIMARY KEY);
INSERT INTO inquiry_operations VALUES ('etax.retrieve'), ('consent.prepare'), ('consent.retrieve'), ('mandate.deeplink'), ('mandate.status'), ('mandate.list'),
    ('debit.status'), ('debit.list'), ('schedule.list'), ('promptpay.inquire'), ('promptpay.blocked'), ('location.inquire');
GRANT SELECT ON inquiry_operations TO portal_web, portal_worker;
ALTER TABLE inquiries DROP CONSTRAINT inquiry_operation_is_known;
ALTER TABLE inquiries ADD CONSTRAINT inquiry_operation_is_known FOREIGN KEY (operation) REFERENCES inquiry_operations;

-- As in 0029, but whoever has a duty may ask where a branch is.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION inquiry_moves_as_listed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'waiting' OR NEW.tries <> 0 OR NEW.came <> '' OR NEW.asked_by IS DISTINCT FROM acting_person()
           OR NEW.asked_by IS NOT NULL
              AND NOT coalesce(has_duty(NEW.merchant_id, NEW.asked_by, 'maker') OR has_duty(NEW.merchant_id, NEW.asked_by, 'checker'), false)
              AND NOT coalesce(NEW.operation = 'location.inquire'
                  AND (has_duty(NEW.merchant_id, NEW.asked_by, 'auditor') OR has_duty(NEW.merchant_id, NEW.asked_by, 'admin')), false) THEN
            RAISE EXCEPTION 'a question is put by a maker, a checker or the worker' USING ERRCODE = 'check_violation', CONSTRAINT = 'inquiry_is_asked_on_duty';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.merchant_id, NEW.operation, NEW.subject, NEW.payload, NEW.asked_by, NEW.asked_at, NEW.patient)
       IS DISTINCT FROM (OLD.id, OLD.merchant_id, OLD.operation, OLD.subject, OLD.payload, OLD.asked_by, OLD.asked_at, OLD.patient)
       OR OLD.state IN ('answered', 'failed') OR NEW.state = 'waiting' OR acting_person() IS NOT NULL THEN
        RAISE EXCEPTION 'a question is answered once, by the worker' USING ERRCODE = 'restrict_violation', CONSTRAINT = 'inquiry_is_answered_once';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE FUNCTION inquiry_is_about_ones_own_search() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    asked jsonb := convert_from(NEW.payload, 'UTF8')::jsonb;
BEGIN
    IF NOT EXISTS (SELECT FROM branch_searches s WHERE s.merchant_id = NEW.merchant_id AND 'search/' || s.id = NEW.subject
        AND s.lat = (asked ->> 'latitude')::double precision AND s.lon = (asked ->> 'longitude')::double precision AND s.kilometres = (asked ->> 'distance')::double precision) THEN
        RAISE EXCEPTION 'one asks about a search of one''s own, as it stands' USING ERRCODE = 'check_violation', CONSTRAINT = 'inquiry_is_about_ones_own';
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION inquiry_is_about_ones_own_search FROM PUBLIC;
CREATE TRIGGER inquiry_is_about_ones_own_search BEFORE INSERT ON inquiries FOR EACH ROW
    WHEN (NEW.operation = 'location.inquire') EXECUTE FUNCTION inquiry_is_about_ones_own_search();

-- As in 0026; the bank's name for a request to pay leads to the bill that the
-- request collects, too.
-- +goose StatementBegin
CREATE OR REPLACE FUNCTION match_stands_on_its_evidence() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    p      payments;
    b      presentments;
    latest date := greatest((now() AT TIME ZONE 'Asia/Bangkok')::date, (SELECT max(c.through) + 1 FROM payment_closings c WHERE c.merchant_id = NEW.merchant_id));
BEGIN
    SELECT * INTO p FROM payments WHERE id = NEW.payment_id;
    SELECT * INTO b FROM presentments WHERE id = NEW.presentment_id;
    IF NEW.booked_on NOT BETWEEN p.booked_on AND greatest(latest, p.booked_on) OR NEW.undone_on > greatest(latest, NEW.booked_on) THEN
        RAISE EXCEPTION 'it is booked when it happens, or on the first open day' USING ERRCODE = 'check_violation', CONSTRAINT = 'match_is_booked_on_its_day';
    END IF;
    IF TG_OP = 'INSERT' AND NEW.matched_by IS NULL THEN
        IF acting_person() IS NOT NULL AND NOT has_duty(NEW.merchant_id, acting_person(), 'maker') THEN
            RAISE EXCEPTION 'a maker matches payments' USING ERRCODE = 'check_violation', CONSTRAINT = 'match_is_made_on_duty';
        END IF;
        IF NOT coalesce(CASE NEW.evidence
                WHEN 'bank' THEN EXISTS (SELECT FROM callbacks c WHERE c.id = p.callback_id AND c.presentment_id = b.id)
                WHEN 'tax_id' THEN p.payer_tax_id = b.buyer_tax_id
                WHEN 'number' THEN EXISTS (SELECT FROM unnest(ARRAY[p.reference1, p.reference2, p.description]) AS said, unnest(ARRAY[b.document_number, b.bank_reference]) AS name
                    WHERE plain_reference(name) <> '' AND position(plain_reference(name) IN plain_reference(said)) > 0)
                    OR EXISTS (SELECT FROM pay_requests d, unnest(ARRAY[p.reference1, p.reference2, p.description]) AS said
                    WHERE d.merchant_id = NEW.merchant_id AND d.presentment_id = b.id AND d.bank_reference <> '' AND position(plain_reference(d.bank_reference) IN plain_reference(said)) > 0)
            END, false) THEN
            RAISE EXCEPTION 'nothing leads from the payment to the bill' USING ERRCODE = 'check_violation', CONSTRAINT = 'match_stands_on_its_evidence';
        END IF;
    END IF;
    RETURN NEW;
END $$;
-- +goose StatementEnd
