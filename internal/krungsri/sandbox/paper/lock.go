package paper

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"sync"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
)

// disableConfigDir keeps pdfcpu from writing a settings folder into HOME.
var disableConfigDir = sync.OnceFunc(api.DisableConfigDir)

// Lock returns the document as nobody opens it without the password. Two locked
// copies differ byte for byte. Nobody is the owner: the second password, which
// would take the lock off, is forgotten here.
func Lock(document []byte, password string) ([]byte, error) {
	disableConfigDir()
	c := model.NewAESConfiguration(password, rand.Text(), 256)
	c.Permissions = model.PermissionsPrint
	var out bytes.Buffer
	if err := api.Encrypt(bytes.NewReader(document), &out, c); err != nil {
		return nil, fmt.Errorf("locking a paper: %w", err)
	}
	return out.Bytes(), nil
}
