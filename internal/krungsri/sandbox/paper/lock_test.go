package paper_test

import (
	"bytes"
	"testing"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"portal/internal/krungsri/sandbox/paper"
)

func TestALockedPaperOpensWithItsPasswordOnly(t *testing.T) {
	t.Parallel()
	locked, err := paper.Lock(paper.Paper{Title: "ใบกำกับภาษี", Head: []string{"เลขที่ TX-1"}}.Draw(), "k9#mPq2x")
	if err != nil {
		t.Fatal(err)
	}
	for password, opens := range map[string]bool{"k9#mPq2x": true, "k9#mPq2": false, "": false} {
		c := model.NewDefaultConfiguration()
		c.UserPW = password
		if err := api.Validate(bytes.NewReader(locked), c); (err == nil) != opens {
			t.Errorf("with %q: %v", password, err)
		}
	}
}
