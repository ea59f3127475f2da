package store_test

import (
	"slices"
	"strings"
	"testing"

	"portal/internal/store"
)

func TestTheStoryOfABillReadsItsIndexes(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	twoMerchants(r)
	r.tamper(`
		INSERT INTO audit_leaves (id, at, merchant_id, person_id, session_id, request_id, address, action, subject, bytes, idx)
		SELECT gen_random_uuid(), timestamptz '2026-01-01' + n * interval '1 minute',
			(ARRAY['`+shopID+`', '`+otherID+`'])[1 + n / 10 % 2]::uuid, (ARRAY['`+nokID+`', '`+lekID+`'])[1 + n / 20 % 2]::uuid,
			'', '', '', 'action.' || n % 10, 'presentment/' || n / 40, '{"detail":{}}', CASE WHEN n < 19990 THEN n END
		FROM generate_series(0, 19999) AS n`, `
		INSERT INTO instructions (id, merchant_id, lead_id, part, operation, subject, maker_id, payload, title, idempotency_key, policy_version, approvals_needed, expires_at)
		SELECT id, '`+shopID+`', id, 0, 'presentment.create', 'presentment/' || n / 2, '`+nokID+`', '', '', n, 1, 1, now()
		FROM (SELECT n, gen_random_uuid() AS id FROM generate_series(1, 4000) AS n) AS one`, `
		INSERT INTO exchanges (id, merchant_id, operation, instruction_id, method, path, transaction_id, headers, body_masked, body_hash, body_size)
		SELECT gen_random_uuid(), merchant_id, operation, id, '', '', '', '', '', '', 0 FROM instructions`)
	r.Exec(`VACUUM ANALYZE audit_leaves, instructions, exchanges`)
	for _, c := range []struct {
		name, sql, args string
		want            []string // "|" between indexes that serve as well
	}{
		{"leaf", store.SQLLeaf, `'` + shopID + `', '` + shopID + `'`, []string{"audit_leaves_pkey"}},
		{"subjects of bills", store.SQLBillSubjects, `'` + shopID + `', '{` + shopID + `}'`,
			[]string{"instructions_of_subject", "exchanges_of_instruction", "audit_leaves_of_subject"}},
		{"exchanges of a bill", store.SQLExchangesOfBill, `'` + shopID + `', 'presentment/3'`, []string{"instructions_of_subject", "exchanges_of_instruction"}},
		{"everybody who acted", store.SQLActors, `'` + shopID + `'`, []string{"audit_leaves_of_person"}},
		{"what waits for a checkpoint", store.SQLTrailWaiting, `'` + shopID + `', 19990`, []string{"audit_leaves_unsequenced|audit_leaf_index_is_unique"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan := explain(t, r.DB, "portal_web", c.sql, c.args)
			for _, want := range c.want {
				if !slices.ContainsFunc(strings.Split(want, "|"), func(index string) bool { return strings.Contains(plan, index) }) {
					t.Errorf("the plan does not use %q:\n%s", want, plan)
				}
			}
			if strings.Contains(plan, "Seq Scan on audit_leaves") {
				t.Errorf("the plan reads the whole trail:\n%s", plan)
			}
		})
	}
}

func TestTheHeadOfTheTrailCountsWhatIsNotProvenYet(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	twoMerchants(r)
	nok := actor(shopID, nokID)
	head := func() (h store.TrailHead) {
		t.Helper()
		err := r.web.Read(t.Context(), nok, func(q *store.Query) (err error) {
			h, err = q.TrailHead()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	var leaves []store.ID
	for _, who := range []store.Actor{nok, nok, nok, actor(otherID, lekID)} {
		leaves = append(leaves, r.say(who, "test.told", store.About("file", store.NewID()), nil))
	}
	if h := head(); h.Size != 0 || h.Waiting != 3 || h.Since == nil {
		t.Errorf("before the first checkpoint: %+v", h)
	}
	r.sequence(leaves...)
	if h := head(); h.Size != 4 || h.Waiting != 0 || h.Since != nil || h.Signer != "portal.test/audit" || h.Root == "" || h.PublishedAt.IsZero() {
		t.Errorf("after it: %+v", h)
	}
	r.say(nok, "test.told", store.About("file", store.NewID()), nil)
	if h := head(); h.Size != 4 || h.Waiting != 1 {
		t.Errorf("with one leaf more: %+v", h)
	}
}

func TestEverybodyWhoEverActedIsNamedOnce(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	twoMerchants(r)
	for range 2 {
		r.say(actor(shopID, nokID), "test.told", store.About("file", store.NewID()), nil)
		r.say(actor(shopID, lekID), "test.told", store.About("file", store.NewID()), nil)
	}
	r.say(actor(otherID, lekID), "test.told", store.About("file", store.NewID()), nil)
	for merchant, want := range map[string]string{shopID: "นก, เล็ก", otherID: "เล็ก"} {
		err := r.web.Read(t.Context(), actor(merchant, nokID), func(q *store.Query) error {
			people, err := q.Actors()
			var names []string
			for _, p := range people {
				names = append(names, p.Name)
			}
			if got := strings.Join(names, ", "); got != want {
				t.Errorf("%s: %s, want %s", merchant, got, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAProofOfAnotherLeafDoesNotHold(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	ids := r.write(5)
	r.sequence(ids...)
	err := r.seq.Read(t.Context(), store.Actor{}, func(q *store.Query) error {
		p, err := q.ProveLeaf(ids[3])
		if err != nil {
			return err
		}
		if c, err := p.Holds(); err != nil || c.Size != 5 {
			t.Errorf("the proof: %d leaves, %v", c.Size, err)
		}
		p.Leaf = append([]byte(nil), p.Leaf...)
		p.Leaf[len(p.Leaf)-2]++
		if _, err := p.Holds(); err == nil {
			t.Error("a proof of other bytes holds")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
