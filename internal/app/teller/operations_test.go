package teller

import (
	"reflect"
	"slices"
	"testing"

	"portal/internal/krungsri"
)

func TestEveryClientMethodIsDeclared(t *testing.T) {
	t.Parallel()
	var declared []string
	for _, o := range operations {
		declared = append(declared, o.method)
	}
	for _, q := range questions {
		declared = append(declared, q.method)
	}
	for method := range reflect.TypeFor[*krungsri.Client]().Methods() {
		if name := "portal/internal/krungsri.(*Client)." + method.Name; !slices.Contains(declared, name) {
			t.Errorf("%s can be called but is declared nowhere in operations.go", name)
		}
	}
}
