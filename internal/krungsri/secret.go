package krungsri

import (
	"fmt"
	"io"
	"log/slog"
)

const hidden = "***"

// Secret is a value that cannot be printed, logged or encoded by accident. Convert it to a string where it is used.
type Secret string

func (Secret) String() string               { return hidden }
func (Secret) GoString() string             { return hidden }
func (Secret) LogValue() slog.Value         { return slog.StringValue(hidden) }
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hidden + `"`), nil }
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// Format covers the verbs that would go around String, such as %d.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hidden) }
