-- Bank holidays as data that people mend, and debits by schedule: what was
-- wished for, and the schedules of the bank that bring it about.

-- +goose Up

-- The days on which the banks of Thailand are closed besides weekends, as the
-- Bank of Thailand publishes them. It is the same for every merchant; what a
-- merchant knows better stands in holiday_marks.
CREATE TABLE bank_holidays (
    day       date PRIMARY KEY,
    name_th   text NOT NULL,
    name_en   text NOT NULL,
    -- Not yet: it follows from the rule or from the moon, and nobody has compared
    -- it with the announcement.
    confirmed boolean NOT NULL,
    CONSTRAINT bank_holiday_is_a_weekday CHECK (extract(isodow FROM day) < 6)
);
INSERT INTO bank_holidays (day, name_th, name_en, confirmed) VALUES
    ('2025-01-01', 'วันขึ้นปีใหม่', 'New Year''s Day', true),
    ('2025-02-12', 'วันมาฆบูชา', 'Makha Bucha Day', true),
    ('2025-04-07', 'ชดเชยวันจักรี', 'Substitution for Chakri Memorial Day', true),
    ('2025-04-14', 'วันสงกรานต์', 'Songkran Festival', true),
    ('2025-04-15', 'วันสงกรานต์', 'Songkran Festival', true),
    ('2025-05-01', 'วันแรงงานแห่งชาติ', 'National Labour Day', true),
    ('2025-05-05', 'ชดเชยวันฉัตรมงคล', 'Substitution for Coronation Day', true),
    ('2025-05-12', 'ชดเชยวันวิสาขบูชา', 'Substitution for Visakha Bucha Day', true),
    ('2025-06-02', 'วันหยุดกรณีพิเศษ', 'Special holiday', false),
    ('2025-06-03', 'วันเฉลิมพระชนมพรรษาสมเด็จพระบรมราชินี', 'H.M. the Queen''s Birthday', true),
    ('2025-07-10', 'วันอาสาฬหบูชา', 'Asarnha Bucha Day', true),
    ('2025-07-28', 'วันเฉลิมพระชนมพรรษาพระบาทสมเด็จพระเจ้าอยู่หัว', 'H.M. the King''s Birthday', true),
    ('2025-08-11', 'วันหยุดกรณีพิเศษ', 'Special holiday', false),
    ('2025-08-12', 'วันแม่แห่งชาติ', 'H.M. the Queen Mother''s Birthday and Mother''s Day', true),
    ('2025-10-13', 'วันนวมินทรมหาราช', 'King Bhumibol Memorial Day', true),
    ('2025-10-23', 'วันปิยมหาราช', 'Chulalongkorn Memorial Day', true),
    ('2025-12-05', 'วันพ่อแห่งชาติ', 'King Bhumibol''s Birthday and Father''s Day', true),
    ('2025-12-10', 'วันรัฐธรรมนูญ', 'Constitution Day', true),
    ('2025-12-31', 'วันสิ้นปี', 'New Year''s Eve', true),
    ('2026-01-01', 'วันขึ้นปีใหม่', 'New Year''s Day', true),
    ('2026-01-02', 'วันหยุดกรณีพิเศษ', 'Special holiday', false),
    ('2026-03-03', 'วันมาฆบูชา', 'Makha Bucha Day', true),
    ('2026-04-06', 'วันจักรี', 'Chakri Memorial Day', true),
    ('2026-04-13', 'วันสงกรานต์', 'Songkran Festival', true),
    ('2026-04-14', 'วันสงกรานต์', 'Songkran Festival', true),
    ('2026-04-15', 'วันสงกรานต์', 'Songkran Festival', true),
    ('2026-05-01', 'วันแรงงานแห่งชาติ', 'National Labour Day', true),
    ('2026-05-04', 'วันฉัตรมงคล', 'Coronation Day', true),
    ('2026-06-01', 'ชดเชยวันวิสาขบูชา', 'Substitution for Visakha Bucha Day', true),
    ('2026-06-03', 'วันเฉลิมพระชนมพรรษาสมเด็จพระบรมราชินี', 'H.M. the Queen''s Birthday', true),
    ('2026-07-28', 'วันเฉลิมพระชนมพรรษาพระบาทสมเด็จพระเจ้าอยู่หัว', 'H.M. the King''s Birthday', true),
    ('2026-07-29', 'วันอาสาฬหบูชา', 'Asarnha Bucha Day', true),
    ('2026-08-12', 'วันแม่แห่งชาติ', 'H.M. the Queen Mother''s Birthday and Mother''s Day', true),
    ('2026-10-13', 'วันนวมินทรมหาราช', 'King Bhumibol Memorial Day', true),
    ('2026-10-23', 'วันปิยมหาราช', 'Chulalongkorn Memorial Day', true),
    ('2026-12-07', 'ชดเชยวันพ่อแห่งชาติ', 'Substitution for King Bhumibol''s Birthday and Father''s Day', true),
    ('2026-12-10', 'วันรัฐธรรมนูญ', 'Constitution Day', true),
    ('2026-12-31', 'วันสิ้นปี', 'New Year''s Eve', true),
    ('2027-01-01', 'วันขึ้นปีใหม่', 'New Year''s Day', true),
    ('2027-02-22', 'ชดเชยวันมาฆบูชา', 'Substitution for Makha Bucha Day', false),
    ('2027-04-06', 'วันจักรี', 'Chakri Memorial Day', true),
    ('2027-04-13', 'วันสงกรานต์', 'Songkran Festival', true),
    ('2027-04-14', 'วันสงกรานต์', 'Songkran Festival', true),
    ('2027-04-15', 'วันสงกรานต์', 'Songkran Festival', true),
    ('2027-05-03', 'ชดเชยวันแรงงานแห่งชาติ', 'Substitution for National Labour Day', false),
    ('2027-05-04', 'วันฉัตรมงคล', 'Coronation Day', true),
    ('2027-05-20', 'วันวิสาขบูชา', 'Visakha Bucha Day', false),
    ('2027-06-03', 'วันเฉลิมพระชนมพรรษาสมเด็จพระบรมราชินี', 'H.M. the Queen''s Birthday', true),
    ('2027-07-19', 'ชดเชยวันอาสาฬหบูชา', 'Substitution for Asarnha Bucha Day', false),
    ('2027-07-28', 'วันเฉลิมพระชนมพรรษาพระบาทสมเด็จพระเจ้าอยู่หัว', 'H.M. the King''s Birthday', true),
    ('2027-08-12', 'วันแม่แห่งชาติ', 'H.M. the Queen Mother''s Birthday and Mother''s Day', true),
    ('2027-10-13', 'วันนวมินทรมหาราช', 'King Bhumibol Memorial Day', true),
    ('2027-10-25', 'ชดเชยวันปิยมหาราช', 'Substitution for Chulalongkorn Memorial Day', false),
    ('2027-12-06', 'ชดเชยวันพ่อแห่งชาติ', 'Substitution for King Bhumibol''s Birthday and Father''s Day', false),
    ('2027-12-10', 'วันรัฐธรรมนูญ', 'Constitution Day', true),
    ('2027-12-31', 'วันสิ้นปี', 'New Year''s Eve', true);
GRANT SELECT ON bank_holidays TO portal_web, portal_worker;

-- What a merchant says of a day: that the bank is closed, or that it works after
-- all. Rows are the history; of one day the newest holds.
CREATE TABLE holiday_marks (
    id          uuid PRIMARY KEY,
    merchant_id uuid NOT NULL REFERENCES merchants,
    day         date NOT NULL CONSTRAINT holiday_is_of_our_time CHECK (day BETWEEN '2020-01-01' AND '2100-12-31'),
    closed      boolean NOT NULL,
    name        text NOT NULL CONSTRAINT holiday_has_a_name CHECK (length(name) BETWEEN 1 AND 120),
    -- Where it is known from.
    source      text NOT NULL CONSTRAINT holiday_has_a_source CHECK (length(source) BETWEEN 1 AND 200),
    set_by      uuid NOT NULL REFERENCES people,
    set_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT holiday_and_merchant UNIQUE (id, merchant_id),
    -- The bank does nothing on one anyhow.
    CONSTRAINT holiday_is_a_weekday CHECK (extract(isodow FROM day) < 6)
);
CREATE INDEX holiday_marks_of_day ON holiday_marks (merchant_id, day, id DESC);
-- +goose StatementBegin
CREATE FUNCTION holiday_is_marked_on_duty() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    IF NEW.set_by IS DISTINCT FROM acting_person()
       OR NOT coalesce(has_duty(NEW.merchant_id, NEW.set_by, 'maker') OR has_duty(NEW.merchant_id, NEW.set_by, 'admin'), false) THEN
        RAISE EXCEPTION 'a maker or an administrator marks holidays' USING ERRCODE = 'check_violation', CONSTRAINT = 'holiday_is_marked_on_duty';
    END IF;
    NEW.set_at := now();
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER holiday_is_marked_on_duty BEFORE INSERT ON holiday_marks FOR EACH ROW EXECUTE FUNCTION holiday_is_marked_on_duty();
CREATE TRIGGER holiday_marks_are_never_changed BEFORE UPDATE OR DELETE ON holiday_marks FOR EACH ROW EXECUTE FUNCTION refuse_change();
SELECT audit_table('holiday_marks', 'holiday', 'id');
SELECT isolate_merchants('holiday_marks');
GRANT SELECT ON holiday_marks TO portal_web, portal_worker;
GRANT INSERT (id, merchant_id, day, closed, name, source, set_by) ON holiday_marks TO portal_web;
REVOKE ALL ON FUNCTION holiday_is_marked_on_duty FROM PUBLIC;
