package store_test

import (
	"encoding/json"
	"errors"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"portal/internal/store"
)

func (r *trail) prove(id store.ID) (p store.Proof, err error) {
	r.t.Helper()
	err = r.web.Read(r.t.Context(), store.Actor{}, func(q *store.Query) error {
		p, err = q.ProveLeaf(id)
		return err
	})
	return p, err
}

func TestAProofStandsAlone(t *testing.T) {
	t.Parallel()
	r := newTrail(t)
	r.tamper(`CREATE POLICY test_reads ON audit_leaves FOR SELECT TO portal_web USING (merchant_id IS NULL)`)
	leaves := r.write(11)
	r.sequence(leaves...)
	for i, id := range leaves {
		p, err := r.prove(id)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var sent store.Proof
		if err := json.Unmarshal(text, &sent); err != nil {
			t.Fatal(err)
		}
		leaf, err := store.CheckProof(sent, r.public)
		if err != nil || leaf.ID != id || sent.Index != int64(i) {
			t.Fatalf("the proof of leaf %d shows leaf %s at %d: %v", i, leaf.ID, sent.Index, err)
		}
	}

	honest, err := r.prove(leaves[4])
	if err != nil {
		t.Fatal(err)
	}
	for name, forge := range map[string]func(*store.Proof){
		"another leaf":         func(p *store.Proof) { p.Leaf = append([]byte(" "), p.Leaf...) },
		"another place":        func(p *store.Proof) { p.Index++ },
		"a place outside":      func(p *store.Proof) { p.Index = p.Size },
		"a negative place":     func(p *store.Proof) { p.Index = -1 },
		"another size":         func(p *store.Proof) { p.Size-- },
		"a hash less":          func(p *store.Proof) { p.Hashes = p.Hashes[1:] },
		"another hash":         func(p *store.Proof) { p.Hashes = append([]tlog.Hash{{1}}, p.Hashes[1:]...) },
		"an edited checkpoint": func(p *store.Proof) { p.Checkpoint = "x" + p.Checkpoint },
		"no checkpoint":        func(p *store.Proof) { p.Checkpoint = "" },
	} {
		forged := honest
		forge(&forged)
		if _, err := store.CheckProof(forged, r.public); err == nil {
			t.Errorf("a proof with %s was accepted", name)
		}
	}
	_, stranger, err := store.NewTrailKey("portal.test/audit")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.CheckProof(honest, stranger); err == nil {
		t.Error("a proof was accepted with another's key")
	}

	fresh := r.write(1)[0]
	if _, err := r.prove(fresh); !errors.Is(err, store.ErrNotPublished) {
		t.Errorf("proving what is not published gave %v, want ErrNotPublished", err)
	}
	if _, err := r.prove(store.NewID()); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("proving nothing gave %v, want ErrNotFound", err)
	}
}
