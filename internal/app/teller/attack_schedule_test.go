package teller_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"portal/internal/app/schedule"
	"portal/internal/app/teller"
	"portal/internal/app/thai"
	"portal/internal/store"
)

// rent is a schedule that was asked for, of two debits of 100.00 baht a week
// apart, which the bank keeps as one of its own; and what asks for it.
func (l till) rent(reference string) (s store.Schedule, lead store.ID) {
	l.t.Helper()
	today := thai.Today(time.Now())
	var payer store.DebitPayer
	l.Read(func(q *store.Query) (err error) { payer, err = q.DebitPayer(l.payer); return err })
	w := teller.ScheduleWish{Payer: l.payer, AmountSatang: 100_00, Reference: reference, Plan: schedule.Plan{
		Frequency: schedule.Weekly, Start: today.AddDays(10), Payments: 2, Shift: schedule.Same,
	}}
	d, err := teller.DraftSchedule(payer, w, nil, today)
	if err != nil {
		l.t.Fatal(err)
	}
	id, err := l.Teller.SubmitSchedule(l.t.Context(), l.As(l.Maker), w, func(*store.Query) (schedule.Calendar, error) { return nil, nil }, today, d.Fingerprint(), store.NewID().String())
	if err != nil {
		l.t.Fatal(err)
	}
	l.Read(func(q *store.Query) (err error) { s, err = q.Schedule(id); return err })
	return s, uuid.MustParse(l.one(`SELECT instruction_id::text FROM schedule_changes WHERE schedule_id = '` + id.String() + `'`))
}

// kept is a schedule that the bank has, as if it had said so.
func (l till) kept(reference string) (s store.Schedule, leg store.ID) {
	l.t.Helper()
	s, lead := l.rent(reference)
	l.behind(fmt.Sprintf(`UPDATE instructions SET state = 'done', bank_reference = 'SCH-%s' WHERE lead_id = '%s'`, reference, lead))
	l.behind(fmt.Sprintf(`UPDATE schedule_legs SET state = 'active', bank_reference = 'SCH-%s' WHERE schedule_id = '%s'`, reference, s.ID))
	l.behind(fmt.Sprintf(`UPDATE schedules SET state = 'active' WHERE id = '%s'`, s.ID))
	return s, uuid.MustParse(l.one(`SELECT id::text FROM schedule_legs WHERE schedule_id = '` + s.ID.String() + `'`))
}

// object is a JSON object while an attack is being written.
type object = map[string]any

// plot is a change of a schedule as plain SQL may ask for it: honest, until
// somebody bends it. It begins two debits of 100.00 baht, each by a leg of its own.
type plot struct {
	l                      till
	kind                   string
	schedule, change       store.ID
	ids, legs              [2]store.ID
	days                   [2]time.Time
	payloads               [2]object
	terms                  object
	amount                 int64             // of the lead
	schedules              map[string]string // columns of the schedule, which begins with it
	satang                 [2]int64
	untold                 bool // the runs of the second leg
	before, after, between []string
}

func (l till) plot() *plot {
	day := time.Now().In(thai.Bangkok).AddDate(0, 0, 10)
	p := &plot{
		l: l, kind: "create", schedule: store.NewID(), change: store.NewID(), ids: [2]store.ID{store.NewID(), store.NewID()}, legs: [2]store.ID{store.NewID(), store.NewID()},
		days: [2]time.Time{day, day.AddDate(0, 0, 7)}, amount: 200_00, satang: [2]int64{100_00, 100_00},
	}
	on := [2]string{p.days[0].Format(time.DateOnly), p.days[1].Format(time.DateOnly)}
	for n := range p.payloads {
		p.payloads[n] = object{
			"scheduleReference": p.legs[n], "paymentToken": payersToken, "creditorAccountNumber": l.Merchant.AccountNumber, "amount": json.Number("100.00"),
			"frequency": "ONCE", "startDate": on[n], "ref1": "RENT", "days": []string{on[n]},
		}
	}
	p.payloads[0]["totalAmount"] = json.Number("200.00")
	p.payloads[0]["change"] = object{
		"kind": "create", "payerName": "ผู้ชำระ P1", "payerCode": "P1", "drawerAccountMasked": "xxx-x-x1234-x", "each": json.Number("100.00"), "reference": "RENT",
		"plan": object{"frequency": "weekly", "start": on[0], "payments": 2, "shift": "same"},
		"runs": []object{{"wished": on[0], "on": on[0], "fate": "stays"}, {"wished": on[1], "on": on[1], "fate": "stays"}},
	}
	p.terms = object{
		"frequency": "weekly", "shift": "same", "start": on[0], "end": nil, "payments": 2, "day_of_month": nil, "amount_satang": 100_00, "reference": "RENT",
		"covered_until": nil, "last_on": on[1], "paused_until": nil,
	}
	p.schedules = map[string]string{"payer_name": "'ผู้ชำระ P1'", "payer_code": "'P1'", "payer_id": "'" + l.payer.String() + "'", "mandate_id": "'" + l.mandate.String() + "'"}
	return p
}

// shown is what people are shown of it.
func (p *plot) shown() object { return p.payloads[0]["change"].(object) }

// of is the same for a schedule that the bank has.
func (p *plot) of(s store.Schedule, kind string) *plot {
	p.schedule, p.kind = s.ID, kind
	p.shown()["kind"] = kind
	return p
}

func quoted(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(raw), "'", "''")
}

// sql is all of it, in the order in which the portal does it.
func (p *plot) sql() []string {
	m, s := p.l.Merchant.ID, p.before
	if p.kind == "create" {
		s = append(s, fmt.Sprintf(`INSERT INTO schedules (id, merchant_id, payer_id, mandate_id, payer_name, payer_code, frequency, shift, start_on, payments, amount_satang, reference, last_on, created_by)
			VALUES ('%s', '%s', %s, %s, %s, %s, 'weekly', 'same', '%s', 2, 10000, 'RENT', '%s', acting_person())`, p.schedule, m,
			p.schedules["payer_id"], p.schedules["mandate_id"], p.schedules["payer_name"], p.schedules["payer_code"], p.days[0].Format(time.DateOnly), p.days[1].Format(time.DateOnly)))
	}
	for n, id := range p.ids {
		amount := p.amount
		if n > 0 {
			amount = 0
		}
		s = append(s, p.l.asks(id, p.ids[0], n, "schedule.create", "schedule/"+p.schedule.String(), quoted(p.l.t, p.payloads[n]), strconv.FormatInt(amount, 10)))
	}
	s = append(s, p.changes(p.ids[0]))
	s = append(s, p.between...)
	for n, leg := range p.legs {
		s = append(s, p.begins(leg, p.ids[n], p.days[n], p.satang[n]))
		if n == 0 || !p.untold {
			s = append(s, p.runs(leg, p.days[n]))
		}
	}
	s = append(s, p.after...)
	return append(s, leaf(p.ids[0]), leaf(p.ids[1]), aboutIs("schedule", p.schedule), now)
}

func (p *plot) changes(lead store.ID) string {
	return fmt.Sprintf(`INSERT INTO schedule_changes (id, merchant_id, schedule_id, no, kind, instruction_id, terms, reason, made_by)
		SELECT '%s', '%s', '%s', coalesce(max(no), 0) + 1, '%s', '%s', '%s', '', acting_person() FROM schedule_changes WHERE schedule_id = '%[3]s'`,
		p.change, p.l.Merchant.ID, p.schedule, p.kind, lead, quoted(p.l.t, p.terms))
}

func (p *plot) begins(leg, by store.ID, on time.Time, satang int64) string {
	return fmt.Sprintf(`INSERT INTO schedule_legs (id, merchant_id, schedule_id, change_id, frequency, start_on, end_on, amount_satang, instruction_id)
		VALUES ('%s', '%s', '%s', '%s', 'once', '%[5]s', '%[5]s', %d, '%s')`, leg, p.l.Merchant.ID, p.schedule, p.change, on.Format(time.DateOnly), satang, by)
}

func (p *plot) runs(leg store.ID, on time.Time) string {
	return fmt.Sprintf(`INSERT INTO schedule_runs (leg_id, merchant_id, schedule_id, run_on, wished_on, why) VALUES ('%s', '%s', '%s', '%[4]s', '%[4]s', '')`,
		leg, p.l.Merchant.ID, p.schedule, on.Format(time.DateOnly))
}

// bent is an honest plot that somebody bent.
func (l till) bent(bend func(*plot)) []string {
	p := l.plot()
	bend(p)
	return p.sql()
}

// TestPlainSQLKeepsNoScheduleThatNobodyApproved tries to have the bank debit
// again and again what people did not see, or more often than they saw.
func TestPlainSQLKeepsNoScheduleThatNobodyApproved(t *testing.T) {
	t.Parallel()
	l := newTill(t)
	web := func(attack, want string, bend func(*plot)) documentAttack {
		return documentAttack{attack, store.Web, l.Maker, l.bent(bend), want}
	}
	const seen = "people_see_the_schedule"
	other := time.Now().In(thai.Bangkok).AddDate(0, 0, 40).Format(time.DateOnly)
	l.refuses([]documentAttack{
		web("an honest schedule", "through", func(*plot) {}),
		web("people are shown another payer's name", seen, func(p *plot) { p.shown()["payerName"] = "ผู้ชำระ P2" }),
		web("and another code", seen, func(p *plot) { p.shown()["payerCode"] = "P2" }),
		web("and another account", seen, func(p *plot) { p.shown()["drawerAccountMasked"] = "xxx-x-x9999-x" }),
		web("and a smaller sum each time", seen, func(p *plot) { p.shown()["each"] = json.Number("1.00") }),
		web("and another reference", seen, func(p *plot) { p.shown()["reference"] = "OTHER" }),
		web("and fewer days", seen, func(p *plot) { p.shown()["runs"] = p.shown()["runs"].([]object)[:1] }),
		web("and other days", seen, func(p *plot) { p.shown()["runs"].([]object)[1]["on"] = other }),
		web("and other days by another name", seen, func(p *plot) { p.shown()["runs"].([]object)[1]["On"] = other }),
		web("and another plan", seen, func(p *plot) { p.shown()["plan"].(object)["frequency"] = "monthly" }),
		web("and another kind of change", seen, func(p *plot) { p.shown()["kind"] = "pause" }),
		web("and another reason", seen, func(p *plot) { p.shown()["reason"] = "ลูกค้าขอ" }),
		web("and days that a leg does not have", seen, func(p *plot) { p.payloads[1]["days"] = []string{other} }),
		web("and nothing at all", seen, func(p *plot) { delete(p.payloads[0], "change") }),
		web("and a second time, in a part", seen, func(p *plot) { p.payloads[1]["change"] = p.payloads[0]["change"] }),
		web("another's account by a letter that is read as k", "part_belongs_to_its_lead", func(p *plot) { p.payloads[1]["paymentTo\u212aen"] = othersToken }),
		web("another day by a letter that is read as s", seen, func(p *plot) { p.payloads[1]["\u017ftartDate"] = other }),
		web("a number of debits of the bank's own", seen, func(p *plot) { p.payloads[1]["NumberOfPayments"] = 12 }),
		web("words to the bank that nobody wrote", seen, func(p *plot) { p.payloads[1]["ref2"] = "x" }),
		web("a schedule called by another's name", "schedule_names_its_payer", func(p *plot) {
			p.schedules["payer_name"] = "'ผู้ชำระ P2'"
			p.shown()["payerName"] = "ผู้ชำระ P2"
		}),
		web("under the mandate of another payer", "schedule_has_a_live_mandate", func(p *plot) { p.schedules["mandate_id"] = "'" + l.foreign.String() + "'" }),
		web("one leg takes more and the other less", "leg_has_the_terms_amount", func(p *plot) {
			p.satang = [2]int64{150_00, 50_00}
			p.payloads[0]["amount"], p.payloads[1]["amount"] = json.Number("150.00"), json.Number("50.00")
		}),
		web("more than the limit", "schedule_is_within_limits", func(p *plot) { p.payloads[1]["amount"] = json.Number("700000.01") }),
		web("a larger sum than the policy is asked about", "entry_is_its_subjects", func(p *plot) { p.payloads[1]["amount"] = json.Number("9999.00") }),
		web("another account", "instruction_says_its_schedule", func(p *plot) { p.payloads[1]["paymentToken"] = othersToken }),
		web("into another account", "instruction_says_its_schedule", func(p *plot) { p.payloads[1]["creditorAccountNumber"] = "0000000000" }),
		web("a leg that is later told more days", "leg_has_its_days", func(p *plot) { p.after = append(p.after, p.runs(p.legs[0], p.days[0].AddDate(0, 1, 0))) }),
		web("a leg that is told no days", "leg_has_its_days", func(p *plot) { p.untold = true }),
		// leg_starts_asked stands behind this.
		web("a leg that the bank is said to have", "pq: permission denied for table schedule_legs (42501)", func(p *plot) {
			p.after = append(p.after, strings.Replace(strings.Replace(p.begins(store.NewID(), p.ids[1], p.days[1].AddDate(0, 0, 7), 100_00), "instruction_id)", "instruction_id, state)", 1), "')", "', 'active')", 1))
		}),
		web("a schedule that shifts otherwise than people saw", "schedule_has_its_changes_terms", func(p *plot) {
			p.terms["shift"], p.shown()["plan"].(object)["shift"] = "next", "next"
		}),
		web("a schedule of another sum than people saw", "schedule_has_its_changes_terms", func(p *plot) {
			p.terms["reference"], p.shown()["reference"] = "OTHER", "OTHER"
			p.payloads[0]["ref1"], p.payloads[1]["ref1"] = "OTHER", "OTHER"
		}),
		web("two debits on one day", "schedule_debits_once_a_day", func(p *plot) {
			p.days[1] = p.days[0]
			p.payloads[1]["startDate"], p.payloads[1]["days"] = p.payloads[0]["startDate"], p.payloads[0]["days"]
			p.shown()["runs"], p.terms["last_on"] = p.shown()["runs"].([]object)[:1], p.terms["start"]
		}),
		web("a total that is not that of its days", "amount_is_the_contents", func(p *plot) { p.amount = 100_00 }),
		web("a smaller total", "schedule_change_adds_up", func(p *plot) { p.amount, p.payloads[0]["totalAmount"] = 100_00, json.Number("100.00") }),
		{"asked for by a checker", store.Web, l.Checker, l.bent(func(*plot) {}), "schedule_starts_submitted"},
		{"asked for by nobody", store.Web, store.NoID, l.bent(func(*plot) {}), "schedule_starts_submitted"},
		{"asked for by the worker", store.Worker, l.Maker, l.bent(func(*plot) {}), "pq: permission denied for table schedules (42501)"},
	})
}

// amended is a change of a schedule that the bank has: its leg ends, by the
// first instruction, and another begins, by the second.
func (l till) amended(s store.Schedule, leg store.ID, bend func(*plot)) []string {
	p := l.plot().of(s, "amend")
	begun := p.payloads[1]
	change := p.shown()
	change["runs"] = change["runs"].([]object)[1:]
	change["calledOff"] = []string{p.days[0].Format(time.DateOnly)}
	change["reference"], p.terms["reference"], begun["ref1"] = s.Reference, s.Reference, s.Reference
	p.amount = 100_00
	p.payloads[0] = object{"scheduleIdentification": "SCH-" + s.Reference, "totalAmount": json.Number("100.00"), "change": change}
	bend(p)
	ends := fmt.Sprintf(`UPDATE schedule_legs SET cancel_id = '%s' WHERE id = '%s'`, p.ids[0], leg)
	about := "schedule/" + s.ID.String()
	first := p.l.asks(p.ids[0], p.ids[0], 0, "schedule.cancel", about, quoted(l.t, p.payloads[0]), strconv.FormatInt(p.amount, 10))
	second := p.l.asks(p.ids[1], p.ids[0], 1, "schedule.create", about, quoted(l.t, p.payloads[1]), "0")
	sql := append(p.before, first, second, p.changes(p.ids[0]), ends, p.begins(p.legs[1], p.ids[1], p.days[1], p.satang[1]), p.runs(p.legs[1], p.days[1]))
	return append(append(sql, p.after...), leaf(p.ids[0]), leaf(p.ids[1]), aboutIs("schedule", s.ID), now)
}

// lonely is a change of a schedule that has one part, which ends its leg, or
// begins another beside it.
func (l till) lonely(s store.Schedule, leg store.ID, kind string, ends bool) []string {
	p := l.plot().of(s, kind)
	change := p.shown()
	change["reference"], p.terms["reference"], p.payloads[0]["ref1"] = s.Reference, s.Reference, s.Reference
	about := "schedule/" + s.ID.String()
	if ends {
		change["runs"], change["calledOff"] = []object{}, []string{p.days[0].Format(time.DateOnly), p.days[1].Format(time.DateOnly)}
		cancels := object{"scheduleIdentification": "SCH-" + s.Reference, "totalAmount": json.Number("200.00"), "change": change}
		return append(p.before, p.l.asks(p.ids[0], p.ids[0], 0, "schedule.cancel", about, quoted(l.t, cancels), "20000"), p.changes(p.ids[0]),
			fmt.Sprintf(`UPDATE schedule_legs SET cancel_id = '%s' WHERE id = '%s'`, p.ids[0], leg), leaf(p.ids[0]), aboutIs("schedule", s.ID), now)
	}
	day := p.days[1].AddDate(0, 0, 7)
	p.payloads[0]["startDate"], p.payloads[0]["days"], p.payloads[0]["totalAmount"] = day.Format(time.DateOnly), []string{day.Format(time.DateOnly)}, json.Number("100.00")
	change["runs"] = append(change["runs"].([]object), object{"wished": day.Format(time.DateOnly), "on": day.Format(time.DateOnly), "fate": "stays"})
	return append(p.before, p.l.asks(p.ids[0], p.ids[0], 0, "schedule.create", about, quoted(l.t, p.payloads[0]), "10000"), p.changes(p.ids[0]),
		p.begins(p.legs[0], p.ids[0], day, 100_00), p.runs(p.legs[0], day), leaf(p.ids[0]), aboutIs("schedule", s.ID), now)
}

// TestPlainSQLChangesNoScheduleBehindPeoplesBacks tries to have a schedule that
// the bank keeps shown as another than it is, doubled, or kept on.
func TestPlainSQLChangesNoScheduleBehindPeoplesBacks(t *testing.T) {
	t.Parallel()
	l := newTill(t)
	s, leg := l.kept("RENT")
	about := aboutIs("schedule", s.ID)
	// Of this one the bank refused to end what it has.
	stuck, stuckLeg := l.kept("STUCK")
	refused := l.plot().of(stuck, "cancel")
	l.behind(fmt.Sprintf(`INSERT INTO instructions (id, merchant_id, lead_id, part, operation, subject, maker_id, payload, amount_satang, title, idempotency_key, state, policy_version, approvals_needed, expires_at)
		SELECT '%s', merchant_id, '%[1]s', 0, 'schedule.cancel', subject, maker_id, payload, 0, 'x', '%[1]s', 'failed', policy_version, approvals_needed, expires_at FROM instructions WHERE subject = 'schedule/%s' LIMIT 1`,
		refused.ids[0], stuck.ID))
	l.behind(refused.changes(refused.ids[0])[:0] + fmt.Sprintf(`INSERT INTO schedule_changes (id, merchant_id, schedule_id, no, kind, instruction_id, terms, reason, made_by)
		VALUES ('%s', '%s', '%s', 2, 'cancel', '%s', '{}', '', '%s')`, refused.change, l.Merchant.ID, stuck.ID, refused.ids[0], l.Maker))
	l.behind(fmt.Sprintf(`UPDATE schedule_legs SET cancel_id = '%s' WHERE id = '%s'`, refused.ids[0], stuckLeg))
	change := func(sql ...string) []string { return append(sql, about, now) }
	amend := func(attack, want string, bend func(*plot)) documentAttack {
		return documentAttack{attack, store.Web, l.Maker, l.amended(s, leg, bend), want}
	}
	const seen = "people_see_the_schedule"
	l.refuses([]documentAttack{
		amend("an honest amendment", "through", func(*plot) {}),
		{"an honest end", store.Web, l.Maker, l.lonely(s, leg, "cancel", true), "through"},
		{"an honest pause", store.Web, l.Maker, l.lonely(s, leg, "pause", true), "through"},
		{"an honest extension", store.Web, l.Maker, l.lonely(s, leg, "extend", false), "through"},
		{"an end that begins more", store.Web, l.Maker, l.lonely(s, leg, "cancel", false), seen},
		{"a pause that begins more", store.Web, l.Maker, l.lonely(s, leg, "pause", false), seen},
		amend("a pause that goes on", seen, func(p *plot) { p.kind = "pause"; p.shown()["kind"] = "pause" }),
		amend("people are not told what is called off", seen, func(p *plot) { delete(p.shown(), "calledOff") }),
		amend("a day called off that goes on", seen, func(p *plot) {
			p.shown()["calledOff"] = []string{p.days[0].Format(time.DateOnly), p.days[1].Format(time.DateOnly)}
		}),
		amend("words to the bank that nobody wrote", seen, func(p *plot) { p.payloads[0]["remark"] = "x" }),
		amend("terms that no schedule can have", "schedule_terms_are_a_schedules", func(p *plot) {
			p.terms["payments"] = 1000
			p.shown()["plan"].(object)["payments"] = 1000
		}),
		amend("terms without a rule", "schedule_terms_are_a_schedules", func(p *plot) {
			delete(p.terms, "shift")
			delete(p.shown()["plan"].(object), "shift")
		}),
		{"a day debited twice, since the bank refused to end the first", store.Web, l.Maker, func() []string {
			p := l.plot().of(stuck, "amend")
			p.shown()["reference"], p.terms["reference"], p.payloads[0]["ref1"], p.payloads[1]["ref1"] = "STUCK", "STUCK", "STUCK", "STUCK"
			return p.sql()
		}(), "schedule_debits_once_a_day"},
		{"a leg told more days once the bank has it", store.Web, l.Maker, change(l.plot().of(s, "").runs(leg, s.LastOn.AddDate(0, 1, 0))), "leg_has_its_days"},
		{"the same by an auditor", store.Web, l.Auditor, change(l.plot().of(s, "").runs(leg, s.LastOn.AddDate(0, 1, 0))), "leg_has_its_days"},
		{"the same by nobody", store.Web, store.NoID, change(l.plot().of(s, "").runs(leg, s.LastOn.AddDate(0, 1, 0))), refusedBy("somebody_acts_here", "schedule_runs")},
		{"a larger sum after approval", store.Web, l.Maker, set("schedules", "schedule", s.ID, "amount_satang = 99900"), "schedule_has_its_changes_terms"},
		{"shown as over while the bank debits", store.Web, l.Maker, set("schedules", "schedule", s.ID, "state = 'cancelled'"), "schedule_state_follows"},
		{"by nobody", store.Web, store.NoID, set("schedules", "schedule", s.ID, "last_on = last_on"), refusedBy("somebody_changes_it", "schedules")},
		{"by the worker as a maker", store.Worker, l.Maker, set("schedules", "schedule", s.ID, "last_on = last_on"), refusedBy("the_worker_changes_as_nobody", "schedules")},
		{"a leg's sum", store.Web, l.Maker, set("schedule_legs", "schedule", leg, "amount_satang = 1"), "pq: permission denied for table schedule_legs (42501)"},
		{"a leg shown as over", store.Web, l.Maker, change(fmt.Sprintf(`UPDATE schedule_legs SET state = 'cancelled' WHERE id = '%s'`, leg)), "leg_state_follows"},
		{"a leg that bears another's name", store.Web, l.Maker, change(fmt.Sprintf(`UPDATE schedule_legs SET bank_reference = 'SCH-STUCK' WHERE id = '%s'`, leg)), "leg_state_follows"},
		{"a leg ended by what ends another", store.Web, l.Maker, change(fmt.Sprintf(`UPDATE schedule_legs SET cancel_id = '%s' WHERE id = '%s'`, refused.ids[0], leg)), "leg_ends_by_its_cancellation"},
		{"deleted", store.Web, l.Maker, change(fmt.Sprintf(`DELETE FROM schedules WHERE id = '%s'`, s.ID)), "pq: permission denied for table schedules (42501)"},
		{"a change deleted", store.Worker, store.NoID, change(fmt.Sprintf(`DELETE FROM schedule_changes WHERE schedule_id = '%s'`, s.ID)), "pq: permission denied for table schedule_changes (42501)"},
		{"a run deleted", store.Web, l.Maker, change(fmt.Sprintf(`DELETE FROM schedule_runs WHERE leg_id = '%s'`, leg)), "pq: permission denied for table schedule_runs (42501)"},
		{"a run moved by the owner", "portal", l.Maker, change(fmt.Sprintf(`UPDATE schedule_runs SET run_on = run_on + 1 WHERE leg_id = '%s'`, leg)), "schedule_runs_are_never_changed"},
	})
}

// TestNobodyApprovesAScheduleOfTheirOwn: whoever had a hand in the payer or took
// the mandate over had one in what is taken, and what the bank says of the
// mandate counts whoever dismissed it.
func TestNobodyApprovesAScheduleOfTheirOwn(t *testing.T) {
	t.Parallel()
	l := newTill(t)
	touched := func(subject, action string) {
		l.DB.Exec(fmt.Sprintf(`INSERT INTO audit_leaves (id, merchant_id, person_id, session_id, request_id, address, action, subject, bytes)
			VALUES (gen_random_uuid(), '%s', '%s', '', '', '', '%s', '%s', '{}')`, l.Merchant.ID, l.Maker2, action, subject))
	}
	approves := func(lead, by store.ID) []string {
		return []string{approval(lead, by, "maker_id", "payload_hash"), leaf(lead), now}
	}
	_, honest := l.rent("R1")
	touched("payer/"+l.payer.String(), "payer.edited")
	_, byPayer := l.rent("R2")
	l.behind(`DELETE FROM audit_leaves WHERE action = 'payer.edited'`)
	touched("mandate/"+l.mandate.String(), "mandate.adopted")
	_, byMandate := l.rent("R3")
	l.behind(`DELETE FROM audit_leaves WHERE action = 'mandate.adopted'`)
	l.refuses([]documentAttack{
		{"an honest approval", store.Web, l.Maker2, approves(honest, l.Maker2), "through"},
		{"whoever changed the payer today", store.Web, l.Maker2, approves(byPayer, l.Maker2), "approver_is_not_author"},
		{"whoever adopted the mandate today", store.Web, l.Maker2, approves(byMandate, l.Maker2), "approver_is_not_author"},
	})
	l.behind(fmt.Sprintf(`INSERT INTO mandate_differences (id, merchant_id, kind, mandate_id, bank_token, bank_status, ref1, drawer_account, our_state, inquiry_id, state, reason, decided_by, decided_at)
		VALUES (gen_random_uuid(), '%s', 'other_state', '%s', '%s', 'CANC', 'P1', '', 'active', gen_random_uuid(), 'dismissed', 'x', '%s', now())`, l.Merchant.ID, l.mandate, payersToken, l.Maker))
	agrees := append(approves(honest, l.Checker)[:1], fmt.Sprintf(`UPDATE instructions SET state = 'approved' WHERE id = '%s'`, honest), leaf(honest), now)
	l.refuses([]documentAttack{{"though the bank says that the mandate is over", store.Web, l.Checker, agrees, "schedule_has_a_live_mandate"}})
}

// TestTheBanksRunsAreKeptAsTheyWere: what the bank took by a schedule is written
// down once, as it was, when it was.
func TestTheBanksRunsAreKeptAsTheyWere(t *testing.T) {
	t.Parallel()
	l := newTill(t)
	s, leg := l.kept("RENT")
	l.behind(fmt.Sprintf(`UPDATE schedule_runs SET run_on = run_on - 14 WHERE leg_id = '%s'`, leg))
	ran := func(columns map[string]string) []string {
		id := store.NewID()
		c := map[string]string{
			"debit_on": "r.run_on", "payer_name": "'ผู้ชำระ P1'", "reference": "'RENT'", "state": "'taken'", "bank_reference": "'B1'",
		}
		maps.Copy(c, columns)
		return []string{fmt.Sprintf(`INSERT INTO debits (id, merchant_id, payer_id, mandate_id, payer_name, payer_code, amount_satang, reference, invoice_number, debit_on, note, state, editors, bank_reference, fee_satang, failure_code, schedule_id, run_on)
			SELECT '%s', r.merchant_id, '%s', '%s', %s, 'P1', 10000, %s, '', %s, '', %s, '{}', %s, 0, '', r.schedule_id, r.run_on FROM schedule_runs r WHERE r.leg_id = '%s' ORDER BY r.run_on LIMIT 1`,
			id, l.payer, l.mandate, c["payer_name"], c["reference"], c["debit_on"], c["state"], c["bank_reference"], leg), aboutIs("debit", id), now}
	}
	l.refuses([]documentAttack{
		{"an honest run", store.Worker, store.NoID, ran(nil), "through"},
		{"called by another's name", store.Worker, store.NoID, ran(map[string]string{"payer_name": "'ผู้ชำระ P2'"}), "run_is_of_its_schedule"},
		{"by another reference", store.Worker, store.NoID, ran(map[string]string{"reference": "'X'"}), "run_is_of_its_schedule"},
		{"taken without a name of the bank's", store.Worker, store.NoID, ran(map[string]string{"bank_reference": "''"}), "run_is_of_its_schedule"},
		{"by a person", store.Web, l.Maker, ran(nil), "pq: permission denied for table debits (42501)"},
	})
	first := ran(nil)
	if got := attempt(t, l.World, store.Worker, store.NoID, first...); got != "" {
		t.Fatal(got)
	}
	id := uuid.MustParse(l.one(`SELECT id::text FROM debits WHERE schedule_id = '` + s.ID.String() + `'`))
	l.refuses([]documentAttack{
		{"failed after all", store.Worker, store.NoID, set("debits", "debit", id, "state = 'failed', failure_code = 'B012'"), "run_stays_as_told"},
		{"by another name of the bank's", store.Worker, store.NoID, set("debits", "debit", id, "bank_reference = 'B2'"), "run_stays_as_told"},
		{"discarded by a maker", store.Web, l.Maker, set("debits", "debit", id, "state = 'discarded'"), "debit_state_follows"},
		{"the day moved by a maker", store.Web, l.Maker, set("debits", "debit", id, "debit_on = debit_on - 30"), "debit_is_editable"},
	})
}
