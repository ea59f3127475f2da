package witness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"

	"portal/internal/store"
)

// Client is the sequencer's way to its witness.
type Client struct {
	url, token string
	keys       store.WitnessKeys
	http       *http.Client
	known      atomic.Int64 // the size the witness had last
}

// NewClient makes a client for the witness at address, whose signatures are
// believed under one of the keys only.
func NewClient(address, token string, keys store.WitnessKeys) *Client {
	transport := &http.Transport{MaxIdleConns: 2, ForceAttemptHTTP2: true} // no proxy from the environment
	return &Client{
		url: strings.TrimSuffix(address, "/") + "/add-checkpoint", token: token, keys: keys,
		http: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

// Cosign implements store.Cosigner.
func (c *Client) Cosign(ctx context.Context, p store.Checkpoint) (string, error) {
	from := min(c.known.Load(), p.Size)
	for range 2 { // the first answer may be where the proof has to begin
		status, text, err := c.add(ctx, from, p)
		if err != nil {
			return "", err
		}
		switch status {
		case http.StatusOK:
			if _, _, err := c.keys.Open(p.Note + text); err != nil {
				return "", fmt.Errorf("the answer of the witness: %w", err)
			}
			c.known.Store(p.Size)
			return text, nil
		case http.StatusConflict:
			if from, err = strconv.ParseInt(strings.TrimSpace(text), 10, 64); err != nil {
				return "", fmt.Errorf("the answer of the witness: %w", err)
			}
			if from > p.Size {
				return "", fmt.Errorf("%w: the witness signed %d leaves, and now there are %d", store.ErrTrailBroken, from, p.Size)
			}
		case http.StatusUnprocessableEntity:
			return "", fmt.Errorf("%w: the witness refuses the checkpoint of %d leaves after one of %s", store.ErrTrailBroken, p.Size, strings.TrimSpace(text))
		default:
			return "", fmt.Errorf("the witness answers %d: %s", status, strings.TrimSpace(text))
		}
	}
	return "", errors.New("the witness moves on by itself: does another trail use it?")
}

func (c *Client) add(ctx context.Context, from int64, p store.Checkpoint) (status int, text string, err error) {
	proof, err := p.ProofFrom(ctx, from)
	if err != nil {
		return 0, "", err
	}
	var body strings.Builder
	fmt.Fprintf(&body, "old %d\n", from)
	for _, h := range proof {
		body.WriteString(h.String() + "\n")
	}
	body.WriteString("\n" + p.Note)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(body.String()))
	if err != nil {
		return 0, "", fmt.Errorf("asking the witness: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	answer, err := c.http.Do(r)
	if err != nil {
		return 0, "", fmt.Errorf("asking the witness: %w", err)
	}
	defer func() { _ = answer.Body.Close() }() // it was read
	read, err := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	if err != nil {
		return 0, "", fmt.Errorf("hearing the witness: %w", err)
	}
	return answer.StatusCode, string(read), nil
}
