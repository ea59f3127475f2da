package teller_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"portal/internal/store"
)

// shut is the draft of a block of a sender.
func (l letterbox) shut(sender string) store.Block {
	l.t.Helper()
	b := store.Block{
		ID: store.NewID(), ProxyID: l.ours, SenderKind: "tax", SenderValue: sender, SenderName: "ผู้ส่ง", Reason: "repeated", Note: "ส่งทุกวัน", OwnerID: l.Maker,
		ReviewOn: time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 90), Origin: store.BlockedHere, State: store.BlockDraft,
	}
	l.Write(l.Web, l.As(l.Maker), func(tx *store.Tx) error { return tx.AddBlocks(b) })
	return l.shutNow(b.ID)
}

func (l letterbox) shutNow(id store.ID) (b store.Block) {
	l.t.Helper()
	l.Read(func(q *store.Query) (err error) { b, err = q.Block(id); return err })
	return b
}

// inForce is a block that stands as if the bank had made it.
func (l letterbox) inForce(sender string) (store.Block, store.ID) {
	l.t.Helper()
	b := l.shut(sender)
	lead, err := l.Teller.SubmitBlock(l.t.Context(), l.As(l.Maker), b.ID, b.Version, store.NewID().String())
	if err == nil {
		err = l.Approve(l.Checker, lead)
	}
	if err != nil {
		l.t.Fatal(err)
	}
	l.behind(fmt.Sprintf(`UPDATE instructions SET state = 'done' WHERE id = '%[1]s'; UPDATE blocks SET state = 'active' WHERE id = '%[2]s'`, lead, b.ID))
	return l.shutNow(b.ID), lead
}

// holds is what people approve of a block, but for what is said otherwise.
func (l letterbox) holds(b store.Block, otherwise map[string]any) string {
	c := map[string]any{
		"receiverProxyType": "NATID", "receiverProxyValue": ourProxy, "senderProxyType": "NATID", "senderProxyValue": b.SenderValue, "senderName": b.SenderName,
		"senderKind": b.SenderKind, "reason": b.Reason, "note": b.Note, "owner": b.OwnerID, "reviewOn": b.ReviewOn.Format(time.DateOnly), "liftReason": "", "evidence": []string{},
	}
	maps.Copy(c, otherwise)
	raw, err := json.Marshal(c)
	if err != nil {
		l.t.Fatal(err)
	}
	return strings.ReplaceAll(string(raw), "'", "''")
}

// shuts is what submits a block, as plain SQL may; opens, its end.
func (l letterbox) shuts(b store.Block, otherwise map[string]any) []string {
	id := store.NewID()
	return []string{
		l.asks(id, id, 0, "promptpay.block", "block/"+b.ID.String(), l.holds(b, otherwise), "0"),
		fmt.Sprintf(`UPDATE blocks SET state = 'submitted', instruction_id = '%s' WHERE id = '%s'`, id, b.ID), leaf(id), aboutIs("block", b.ID), now,
	}
}

func (l letterbox) opens(b store.Block, otherwise map[string]any) []string {
	id, content := store.NewID(), map[string]any{"liftReason": "เลิกแล้ว"}
	maps.Copy(content, otherwise)
	return []string{
		l.asks(id, id, 0, "promptpay.unblock", "block/"+b.ID.String(), l.holds(b, content), "0"),
		fmt.Sprintf(`UPDATE blocks SET state = 'lift_submitted', lift_id = '%s', lift_reason = 'เลิกแล้ว' WHERE id = '%s'`, id, b.ID), leaf(id), aboutIs("block", b.ID), now,
	}
}

// TestPlainSQLBlocksNobodyAlone tries to hold a sender's alerts back, or to let
// them in, without anybody's agreement; to show people another block than is
// asked for; and to decide on what the bank's list has for somebody else.
func TestPlainSQLBlocksNobodyAlone(t *testing.T) {
	t.Parallel()
	l := newLetterbox(t)
	const taken, other, third, fourth = "0107536001079", "0105536000011", "0105562000007", "0105561000011"
	came := l.came("R1") // of senderProxy
	draft := l.shut(senderProxy)
	active, done := l.inForce(taken)
	asked := l.shut(other)
	lead, err := l.Teller.SubmitBlock(t.Context(), l.As(l.Maker), asked.ID, asked.Version, store.NewID().String())
	if err != nil {
		t.Fatal(err)
	}
	asked = l.shutNow(asked.ID)
	// What the bank's list has: one that is unknown here, one of another merchant,
	// and one that is gone there, whose block has ended since.
	compared, elsewhere, foreign, missing, ended := store.NewID(), store.NewID(), store.NewID(), store.NewID(), l.shut(fourth)
	theirs := store.NewID()
	l.behind(fmt.Sprintf(`INSERT INTO block_comparisons (id, merchant_id, promptpay_id, inquiry_id, listed, in_force, unknown_here, missing_there) VALUES ('%[1]s', '%[2]s', '%[3]s', '%[1]s', 1, 1, 1, 1);
		UPDATE blocks SET state = 'ended', ended_cause = 'lifted' WHERE id = '%[7]s';
		INSERT INTO block_differences (id, merchant_id, promptpay_id, kind, sender_kind, sender_value, comparison_id) VALUES ('%[4]s', '%[2]s', '%[3]s', 'unknown_here', 'tax', '%[8]s', '%[1]s');
		INSERT INTO block_differences (id, merchant_id, promptpay_id, kind, sender_kind, sender_value, comparison_id) VALUES ('%[5]s', '%[9]s', '%[3]s', 'unknown_here', 'tax', '1', '%[1]s');
		INSERT INTO block_differences (id, merchant_id, promptpay_id, kind, block_id, sender_kind, sender_value, comparison_id) VALUES ('%[6]s', '%[2]s', '%[3]s', 'missing_there', '%[7]s', 'tax', '%[10]s', '%[1]s')`,
		compared, l.Merchant.ID, l.ours, elsewhere, foreign, missing, ended.ID, third, theirs, fourth))
	unconfirmed, strange := store.NewID(), store.NewID()
	l.behind(fmt.Sprintf(`INSERT INTO promptpay_ids (id, merchant_id, kind, value, label, sends, receives, proposed_by) VALUES ('%[1]s', '%[2]s', 'mobile', '0812345670', 'x', true, true, '%[3]s');
		INSERT INTO blocks (id, merchant_id, promptpay_id, sender_kind, sender_value, sender_name, reason, note, owner_id, review_on, created_by, editors)
			VALUES ('%[4]s', '%[2]s', '%[1]s', 'tax', '%[5]s', '', 'repeated', '', '%[3]s', current_date + 90, '%[3]s', '{%[3]s}')`, unconfirmed, l.Merchant.ID, l.Maker, strange, third))
	edit := func(b store.Block, columns string) []string { return set("blocks", "block", b.ID, columns) }
	decide := func(id store.ID, columns string) []string {
		return set("block_differences", "block_difference", id, columns)
	}
	drafted := func(columns, values string) []string {
		id := store.NewID()
		return []string{fmt.Sprintf(`INSERT INTO blocks (id, merchant_id, promptpay_id, sender_kind, sender_value, sender_name, reason, note, owner_id, review_on, created_by, editors%s)
			VALUES ('%s', '%s', '%s', 'tax', '%s', '', 'repeated', '', acting_person(), current_date + 90, acting_person(), ARRAY[acting_person()]%s)`, columns, id, l.Merchant.ID, l.ours, third, values), aboutIs("block", id), now}
	}
	adopted := func(decision string) []string {
		id := store.NewID()
		return []string{
			fmt.Sprintf(`UPDATE block_differences SET state = '%s', decided_by = acting_person(), decided_at = now(), reason = 'x' WHERE id = '%s'`, decision, elsewhere), aboutIs("block_difference", elsewhere),
			fmt.Sprintf(`INSERT INTO blocks (id, merchant_id, promptpay_id, sender_kind, sender_value, sender_name, reason, note, owner_id, review_on, created_by, editors, origin, state)
			VALUES ('%s', '%s', '%s', 'tax', '%s', '', 'repeated', '', acting_person(), current_date + 90, acting_person(), ARRAY[acting_person()], 'bank', 'active')`, id, l.Merchant.ID, l.ours, third), aboutIs("block", id), now,
		}
	}
	file := store.NewID()
	l.behind(fmt.Sprintf(`INSERT INTO files (id, merchant_id, name, media_type, size, sha256, uploaded_by) VALUES ('%[1]s', '%[2]s', 'x.pdf', 'application/pdf', 1, '\x%064[3]x', '%[4]s');
		INSERT INTO block_files (block_id, file_id, merchant_id, added_by) VALUES ('%[5]s', '%[1]s', '%[2]s', '%[4]s')`, file, l.Merchant.ID, 7, l.Maker, active.ID))
	shown := func(b store.Block) []string {
		return []string{fmt.Sprintf(`INSERT INTO block_files (block_id, file_id, merchant_id, added_by) VALUES ('%s', '%s', '%s', acting_person())`, b.ID, file, l.Merchant.ID), aboutIs("block", b.ID), now}
	}
	inquiry := store.NewID()
	l.behind(fmt.Sprintf(`INSERT INTO inquiries (id, merchant_id, operation, subject, payload, state, status, came, answered_at, asked_at) VALUES ('%s', '%s', 'promptpay.blocked', 'block/%s', convert_to('{}', 'UTF8'), 'answered', 'BLOCKED', 'no_news', now(), now() - interval '1 hour')`,
		inquiry, l.Merchant.ID, asked.ID))
	denied := func(table string) string { return fmt.Sprintf("pq: permission denied for table %s (42501)", table) }
	unknown := append([]string{"RESET ROLE", "SET LOCAL session_replication_role = replica",
		fmt.Sprintf(`UPDATE instructions SET state = 'unknown' WHERE id = '%[1]s'; INSERT INTO attempts (id, merchant_id, instruction_id, no, payload_hash, worker, deadline, outcome, finished_at, claimed_at)
			SELECT gen_random_uuid(), merchant_id, id, 1, payload_hash, 'x', now(), 'unknown', now(), now() FROM instructions WHERE id = '%[1]s'`, lead),
		"SET LOCAL session_replication_role = origin", "SET LOCAL ROLE portal_worker",
	}, fmt.Sprintf(`INSERT INTO settlements (id, merchant_id, instruction_id, outcome, note, decision, decided_at, inquiry_id) VALUES (gen_random_uuid(), '%s', '%s', 'done', 'x', 'confirmed', now(), '%s')`, l.Merchant.ID, lead, inquiry))
	web, worker, nobody := store.Web, store.Worker, store.NoID
	for _, a := range []documentAttack{
		{"an honest submission", web, l.Maker, l.shuts(draft, nil), "through"},
		{"an honest end", web, l.Maker, l.opens(active, map[string]any{"evidence": []string{fmt.Sprintf("%064x", 7)}}), "through"},
		{"an honest edit", web, l.Maker, edit(draft, "note = 'y', version = version + 1, edited_at = now()"), "through"},
		{"an honest adoption", web, l.Maker, adopted("adopted"), "through"},
		{"in force without approval", web, l.Maker, edit(draft, "state = 'active'"), "block_moves_as_listed"},
		{"in force without approval, by the worker", worker, nobody, edit(draft, "state = 'active'"), "block_moves_as_listed"},
		{"in force while people are asked", worker, nobody, edit(asked, "state = 'active'"), "block_moves_as_listed"},
		{"in force by the instruction of another", web, l.Maker, edit(draft, fmt.Sprintf("state = 'submitted', instruction_id = '%s'", lead)), "follows_its_own_entry"},
		{"in force from the beginning", web, l.Maker, drafted(", state", ", 'active'"), "block_starts_as_draft"},
		{"taken over from no list", web, l.Maker, drafted(", state, origin", ", 'active', 'bank'"), "block_starts_as_draft"},
		{"let in again by hand", web, l.Maker, edit(active, "state = 'ended', ended_cause = 'lifted'"), "block_moves_as_listed"},
		{"let in again, as if it were gone there", web, l.Maker, edit(active, "state = 'ended', ended_cause = 'gone_there'"), "block_moves_as_listed"},
		{"let in again by the worker", worker, nobody, edit(active, "state = 'ended', ended_cause = 'lifted'"), "block_moves_as_listed"},
		{"let in again by a checker", web, l.Checker, l.opens(active, nil), "maker_is_acting"},
		{"asked for by a checker", web, l.Checker, l.shuts(draft, nil), "maker_is_acting"},
		{"a sender changed while people decide", web, l.Maker, edit(asked, "sender_value = '"+third+"', version = version + 1"), "block_is_editable"},
		{"a sender changed while in force", web, l.Maker, edit(active, "sender_value = '"+third+"', version = version + 1"), "block_is_editable"},
		{"a reason changed while in force", web, l.Maker, edit(active, "reason = 'other', version = version + 1"), "block_is_editable"},
		{"a note changed while people decide", web, l.Maker, edit(asked, "note = 'x', version = version + 1"), "block_is_editable"},
		{"changed by one who is no editor", web, l.Maker2, edit(draft, "note = 'x', version = version + 1"), "block_is_editable"},
		{"an author taken out", web, l.Maker2, edit(draft, fmt.Sprintf("note = 'x', version = version + 1, editors = '{%s}'", l.Maker2)), "block_keeps_its_origin"},
		{"kept by an auditor", web, l.Auditor, edit(active, "note = 'x', version = version + 1"), "block_is_kept_on_duty"},
		{"changed by the worker for somebody", worker, l.Maker, edit(active, "state = state"), refusedBy("the_worker_changes_as_nobody", "blocks")},
		{"changed by nobody", web, nobody, edit(active, "state = state"), refusedBy("somebody_changes_it", "blocks")},
		{"another sender's type is sent", web, l.Maker, l.shuts(draft, map[string]any{"senderProxyType": "MSISDN"}), "instruction_says_its_block"},
		{"another sender is sent", web, l.Maker, l.shuts(draft, map[string]any{"senderProxyValue": taken}), "instruction_says_its_block"},
		{"another's id is sent", web, l.Maker, l.shuts(draft, map[string]any{"receiverProxyValue": taken}), "instruction_says_its_block"},
		{"another name is shown", web, l.Maker, l.shuts(draft, map[string]any{"senderName": "เพื่อน"}), "people_see_the_block"},
		{"another reason is shown", web, l.Maker, l.shuts(draft, map[string]any{"reason": "not_ours"}), "people_see_the_block"},
		{"evidence is shown that is none", web, l.Maker, l.shuts(draft, map[string]any{"evidence": []string{"00"}}), "people_see_the_block"},
		{"something more is sent", web, l.Maker, l.shuts(draft, map[string]any{"all": true}), "people_see_the_block"},
		{"asked for twice", web, l.Maker, l.shuts(asked, nil), "block_is_asked_for_once"},
		{"ended before it is in force", web, l.Maker, l.opens(draft, nil), "block_is_asked_for_once"},
		{"asked for in silence", web, l.Maker, l.lone("promptpay.block", "block/"+draft.ID.String(), l.holds(draft, nil), "0"), "entry_is_its_subjects"},
		{"for an id that nobody confirmed", web, l.Maker, l.shuts(l.shutNow(strange), map[string]any{"receiverProxyType": "MSISDN", "receiverProxyValue": "0812345670"}), "block_is_for_an_id_in_use"},
		{"a review put into the past", web, l.Maker, edit(active, "review_on = current_date - 30, version = version + 1"), "block_is_reviewed_in_time"},
		{"a review put off for ever", web, l.Maker, edit(active, "review_on = '2099-01-01', version = version + 1"), "block_is_reviewed_in_time"},
		{"a review that was told of, by a person", web, l.Maker, edit(active, "reminded_on = current_date"), denied("blocks")},
		{"changed in silence", web, l.Maker, edit(draft, "note = 'x'"), "block_counts_its_versions"},
		{"its versions counted back", web, l.Maker, edit(draft, "version = 0"), "block_counts_its_versions"},
		{"edited long ago", web, l.Maker, edit(draft, "note = 'x', version = version + 1, edited_at = '2020-01-01'"), "block_counts_its_versions"},
		{"a word put into the bank's mouth", web, l.Maker, edit(active, "failure_code = 'FRAUD'"), "block_failure_is_the_banks"},
		{"a reason to end it that nobody asks for", web, l.Maker, edit(active, "lift_reason = 'x'"), "block_keeps_its_instruction"},
		{"another sender's alert as its cause", web, l.Maker, drafted(", alert_id", fmt.Sprintf(", '%s'", came.ID)), "block_comes_from_its_alert"},
		{"another list as its origin", web, l.Maker, drafted(", import_id", ", gen_random_uuid()"), "block_comes_from_its_list"},
		{"in place of one in force", web, l.Maker, drafted(", follows_id", fmt.Sprintf(", '%s'", active.ID)), "block_follows_its_own"},
		{"deleted", web, l.Maker, []string{fmt.Sprintf(`DELETE FROM blocks WHERE id = '%s'`, draft.ID)}, denied("blocks")},
		{"its evidence deleted", web, l.Maker, []string{fmt.Sprintf(`DELETE FROM block_files WHERE block_id = '%s'`, active.ID)}, denied("block_files")},
		{"its evidence deleted by the worker", worker, nobody, []string{fmt.Sprintf(`DELETE FROM block_files WHERE block_id = '%s'`, active.ID)}, denied("block_files")},
		{"evidence while people decide", web, l.Maker, shown(asked), "evidence_is_added_on_duty"},
		{"evidence by an auditor", web, l.Auditor, shown(draft), "evidence_is_added_on_duty"},
		{"a difference decided by a checker", web, l.Checker, decide(elsewhere, "state = 'adopted', decided_by = acting_person(), decided_at = now(), reason = 'x'"), "block_difference_moves_as_listed"},
		{"a difference decided for another", web, l.Maker2, decide(elsewhere, fmt.Sprintf("state = 'adopted', decided_by = '%s', decided_at = now(), reason = 'x'", l.Maker)), "block_difference_moves_as_listed"},
		{"a difference decided, and nothing done", web, l.Maker, decide(elsewhere, "state = 'adopted', decided_by = acting_person(), decided_at = now(), reason = 'x'"), "decision_is_followed"},
		{"undone without asking anybody", web, l.Maker, adopted("undone"), "decision_is_followed"},
		{"a difference decided long ago", web, l.Maker, decide(missing, "state = 'ended', decided_by = acting_person(), decided_at = '2020-01-01', reason = 'x'"), "block_difference_is_decided_now"},
		{"a difference put away", web, l.Maker, decide(elsewhere, "state = 'gone', decided_at = now()"), "block_difference_moves_as_listed"},
		{"another merchant's difference", web, l.Maker, append(decide(foreign, "state = 'gone', decided_at = now()"), `DO $$ BEGIN ASSERT NOT EXISTS (SELECT FROM block_differences WHERE sender_value = '1'); END $$`), "through"},
		{"a comparison by a person", web, l.Maker, []string{fmt.Sprintf(`INSERT INTO block_comparisons (id, merchant_id, promptpay_id, inquiry_id, listed, in_force, unknown_here, missing_there) VALUES (gen_random_uuid(), '%s', '%s', gen_random_uuid(), 0, 0, 0, 0)`, l.Merchant.ID, l.ours)}, denied("block_comparisons")},
		{"a comparison that the bank did not answer", worker, nobody, []string{fmt.Sprintf(`INSERT INTO block_comparisons (id, merchant_id, promptpay_id, inquiry_id, listed, in_force, unknown_here, missing_there) VALUES (gen_random_uuid(), '%s', '%s', '%s', 0, 0, 0, 0)`, l.Merchant.ID, l.ours, inquiry)}, "comparison_is_the_workers"},
		{"a difference that no comparison found", worker, nobody, []string{fmt.Sprintf(`INSERT INTO block_differences (id, merchant_id, promptpay_id, kind, sender_kind, sender_value, comparison_id) VALUES (gen_random_uuid(), '%s', '%s', 'unknown_here', 'tax', '%s', '%s')`, l.Merchant.ID, l.ours, other, compared)}, "block_difference_is_shown_by_the_bank"},
		{"a question about another's id", web, l.Maker, []string{fmt.Sprintf(`INSERT INTO inquiries (id, merchant_id, operation, subject, payload, asked_by)
			VALUES (gen_random_uuid(), '%s', 'promptpay.blocked', 'promptpayid/%s', convert_to('{"receiverProxyType": "NATID", "receiverProxyValue": "%s"}', 'UTF8'), acting_person())`, l.Merchant.ID, l.ours, taken)}, "inquiry_is_about_ones_own"},
		{"settled by what was answered before", worker, nobody, unknown, "settled_by_an_answer_that_names_it"},
		{"a done instruction moved again", web, l.Maker, set("instructions", "instruction", done, "state = 'withdrawn'"), "instruction_moves_as_listed"},
	} {
		if got := attempt(t, l.World, a.role, a.by, append(a.sql, through)...); got != a.want {
			t.Errorf("%s: refused by %q, want %q", a.attack, got, a.want)
		}
	}
}
