package store

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// anchoredRoot is what an anchor says of the first Size leaves.
type anchoredRoot struct {
	size   int64
	root   tlog.Hash
	anchor string
}

// readAnchors returns what all anchors say, by size.
func readAnchors(v Verification, r *Report) ([]anchoredRoot, error) {
	var all []anchoredRoot
	for _, a := range v.Anchors {
		found, err := readAnchor(v, a, r)
		if err != nil {
			return nil, fmt.Errorf("reading the checkpoints of %s: %w", a.Name, err)
		}
		all = append(all, found...)
	}
	slices.SortStableFunc(all, func(a, b anchoredRoot) int { return cmp.Compare(a.size, b.size) })
	if len(all) > 0 {
		r.Anchored = all[len(all)-1].size
	}
	return all, nil
}

func readAnchor(v Verification, a Anchor, r *Report) ([]anchoredRoot, error) {
	var found []anchoredRoot
	var last Checkpoint
	var cosignature string // in the history of a witness
	check := func() {
		if _, err := v.Keys.Open(last.Note); err != nil {
			r.add(last.Size, Unsigned, "%s holds a checkpoint of %d leaves without a valid signature: %v.", a.Name, last.Size, err)
		}
	}
	in := bufio.NewReader(a.Lines)
	for {
		line, err := in.ReadBytes('\n')
		c, by, ok := readPublished(line)
		if ok && v.UpTo > 0 && c.Size > v.UpTo {
			r.Beyond = max(r.Beyond, c.Size)
		} else if ok {
			// One signature vouches for all that it follows in a chain.
			if len(found) > 0 && c.Previous != last.Hash() {
				check()
			}
			last, cosignature = c, by
			found = append(found, anchoredRoot{c.Size, c.Root, a.Name})
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	switch {
	case len(found) > 0:
		check()
		if _, _, err := v.Witnesses.Open(last.Note + cosignature); cosignature != "" && len(v.Witnesses) > 0 && err != nil {
			r.add(last.Size, Unwitnessed, "%s ends with a checkpoint of %d leaves whose signature is none of a witness we believe.", a.Name, last.Size)
		}
	case r.Beyond == 0:
		r.add(-1, Unsigned, "%s holds no checkpoint.", a.Name)
	}
	return found, nil
}
