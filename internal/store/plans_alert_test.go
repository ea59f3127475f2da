package store_test

import (
	"fmt"

	"portal/internal/store"
	"portal/internal/store/storetest"
)

// manyAlerts gives each bill of the big shop an alert: of fifty one waits for a
// decision, a few are odd, and two hundred senders sent all of them.
func manyAlerts(db *storetest.DB) {
	db.Exec(fmt.Sprintf(`
		SET session_replication_role = replica;
		INSERT INTO promptpay_ids (id, merchant_id, kind, value, label, sends, receives, proposed_by) VALUES ('%[1]s', '%[2]s', 'tax', '0107536000315', 'x', true, true, '%[3]s');
		INSERT INTO alerts (id, merchant_id, rtp_reference, promptpay_id, sender_kind, sender_value, sender_name, amount_satang, reference1, reference2, message, expires_at, arrived_at,
				callback_id, state, suspicions)
			SELECT p.id, '%[2]s', 'R' || p.n, '%[1]s', 'mobile', '08' || lpad((p.n %% 200)::text, 8, '0'), 'ผู้ส่ง ' || p.n %% 200, 100 + p.n, '', '', '',
				now() + p.n * interval '1 minute', now() - p.n * interval '1 minute', p.id,
				CASE WHEN p.n %% 50 = 1 THEN 'open' WHEN p.n %% 1000 = 2 THEN 'unknown' ELSE 'refused' END,
				CASE WHEN p.n %% 40 = 1 THEN '[{"rule": "link"}]'::jsonb ELSE '[]' END
			FROM (SELECT id, right(document_number, -4)::int AS n FROM presentments) p;
		INSERT INTO suppliers (id, merchant_id, name, proxy_kind, proxy_value)
			SELECT p.id, '%[2]s', 'ผู้ขาย ' || p.n, 'mobile', '06' || lpad(p.n::text, 8, '0') FROM (SELECT id, right(document_number, -4)::int AS n FROM presentments) p WHERE p.n <= 5000;
		RESET session_replication_role`, planBatch, planShop, planMaker))
}

// alertReadings are the lists of incoming alerts.
func alertReadings() []reading {
	const (
		web, shop = "portal_web", `'` + planShop + `', `
		first     = `'', '00000000-0000-0000-0000-000000000000'`
	)
	return []reading{
		{"alerts to decide", web, store.SQLAlertsListed, shop + `'{"box": "decide"}', 'end', false, '', NULL, 51`, 160},
		{"alerts, last page", web, store.SQLAlertsListed, shop + `'{}', 'new', true, '2001-01-01T00:00:00Z', ` + lastOfAll + `, 51`, 160},
		{"alerts by amount", web, store.SQLAlertsListed, shop + `'{}', 'amount', true, '', NULL, 51`, 160},
		{"odd alerts", web, store.SQLAlertsListed, shop + `'{"suspicious": "yes"}', 'new', true, '', NULL, 51`, 160},
		{"alerts of a sender", web, store.SQLAlertsListed, shop + `'{"sender": "mobile 0800000007"}', 'new', true, '', NULL, 51`, 160},
		{"alerts by a word nobody has", web, store.SQLAlertsListed, shop + `'{"pattern": "%qwxzjk%"}', 'new', true, '', NULL, 51`, 160},
		{"count of alerts", web, store.SQLAlertsCounted, `'{}', '{decide,moving}', '{"{\"box\": \"decide\"}","{\"box\": \"moving\"}"}', 1001`, 1001 * 2},
		{"what else a sender sent", web, store.SQLAlertsOfSender, shop + `'mobile', '0800000007', '` + planShop + `', 11`, 20},
		{"work of alerts", web, store.SQLWorkAlerts, shop + `'decide'`, 1001 * 2},
		{"alerts that ran out", "portal_worker", store.SQLOverdueAlerts, `200`, 420},
		{"alerts that run out today", "portal_worker", store.SQLEndingAlerts, `200`, 420},
		{"alerts to ask about", "portal_worker", store.SQLAlertsToAsk, `50`, 60},
		{"alerts to judge anew", web, store.SQLAlertsToRejudge, shop + `1000`, 1001},
		// All of them: an alert is held against each.
		{"names of suppliers", web, store.SQLSupplierNames, shop + `20000`, 5001},
		{"suppliers", web, store.SQLSuppliers, shop + `'active', ` + first + `, 51`, 60},
		// Few are cheaper to walk than to look up.
		{"suppliers by a word nobody has", web, store.SQLSuppliersMatching, shop + `'active', ` + first + `, 51, '%qwxzjk%'`, 5001},
	}
}
