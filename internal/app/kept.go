package app

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"portal/internal/store"
	"portal/web/templates"
	"portal/web/text"
)

// keptMark is the query with which a kept form comes in again.
const keptMark = "kept"

// keptTime is how long a form may wait for its sender's proof.
const keptTime = time.Hour

var errKeptOver = errors.New("a kept form that is too old, or another session's")

// keptForm is a form whose sender must first show who they are. The portal
// keeps none of it: it goes back into the browser it came from, sealed, because
// there may be secrets in it, and comes in again beside the proof, by the
// person's own click. A file does not come along.
type keptForm struct {
	Fields url.Values `json:"fields"`
	From   string     `json:"from,omitempty"` // the page it stood on
	At     time.Time  `json:"at"`
}

func newKeptSeal(key []byte) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, key, nil, "portal kept form v1", 32)
	if err != nil {
		return nil, fmt.Errorf("deriving the key of kept forms: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("preparing the seal of kept forms: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// keptPlace binds a kept form to its session and to where it was sent: it is
// nobody else's, and nothing else can be done with it.
func keptPlace(r *http.Request, u user) []byte {
	return []byte(u.person.ID.String() + "\x00" + u.sessionID.String() + "\x00" + r.Method + " " + r.URL.Path)
}

// sealForm is the form in r, sealed. It reports false for what cannot be sent
// again as it is: a file, or a body that no form of ours makes.
func (a *App) sealForm(r *http.Request, u user) (sealed, from string, ok bool) {
	if r.ParseForm() != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		return "", "", false
	}
	k := keptForm{Fields: r.PostForm, From: a.pageBefore(r), At: a.Clock()}
	plain, err := json.Marshal(k)
	if err != nil {
		return "", "", false
	}
	cell := a.sealing.Seal(nil, nil, plain, keptPlace(r, u)) //nolint:gosec // G407: this AEAD makes its nonces by itself
	return base64.RawURLEncoding.EncodeToString(cell), k.From, true
}

func (a *App) openForm(r *http.Request, u user, sealed string) (keptForm, error) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return keptForm{}, errKeptOver
	}
	plain, err := a.sealing.Open(nil, nil, raw, keptPlace(r, u))
	if err != nil {
		return keptForm{}, errKeptOver
	}
	var k keptForm
	if err := json.Unmarshal(plain, &k); err != nil {
		return keptForm{}, fmt.Errorf("reading a kept form: %w", err)
	}
	if a.Clock().After(k.At.Add(keptTime)) {
		return keptForm{}, errKeptOver
	}
	return k, nil
}

// pageBefore is the page of ours that a form was sent from, or "".
func (a *App) pageBefore(r *http.Request) string {
	from, err := url.Parse(r.Referer())
	if err != nil || !strings.EqualFold(from.Host, a.origin.Host) {
		return ""
	}
	if own, ok := a.ownPath(from.RequestURI()); ok && own != "/" {
		return own
	}
	return ""
}

// askAround asks for the proof with the form around it that wanted one, and
// reports whether it could.
func (a *App) askAround(w http.ResponseWriter, r *http.Request, u user) bool {
	if r.Method != http.MethodPost || isPartial(r) {
		return false
	}
	sealed, from, ok := a.sealForm(r, u)
	if !ok {
		return false
	}
	err := a.proofPage(w, r, u, http.StatusUnauthorized, keptView(r, sealed, from))
	if err != nil {
		infoOf(r).err = errors.Join(infoOf(r).err, err)
	}
	return err == nil
}

func keptView(r *http.Request, sealed, from string) templates.ProofView {
	last := path.Base(r.URL.Path)
	doing := text.Prefix("proof.doing.") + last
	if !text.Has(doing) {
		doing = text.K("proof.doing.other")
	}
	return templates.ProofView{
		Action: r.URL.Path + "?" + keptMark, Kept: sealed, Back: from, Doing: doing,
		Again: last == "export" || last == "archive" || last == "boxes",
	}
}

// comesBack reports whether a kept form comes in again.
func comesBack(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.RawQuery == keptMark
}

// keptLimit is how large a form of at most so many bytes is once it is sealed,
// with a proof beside it.
func keptLimit(limit int64) int64 { return 2*limit + passkeyLimit }

// unpack takes the proof beside a kept form and puts the form in its place, as
// if it were sent now. It reports true if it answered instead, because the
// proof was wrong.
func (a *App) unpack(w http.ResponseWriter, r *http.Request, u user) (answered bool, err error) {
	f := readForm(r)
	sealed := f.raw("kept")
	typed, passkey := readProof(f, u)
	if err := f.check(); err != nil {
		return false, err
	}
	k, err := a.openForm(r, u, sealed)
	if err != nil {
		return false, err
	}
	status := http.StatusUnprocessableEntity
	if f.valid() {
		done, err := a.prove(w, r, u, f, typed, passkey)
		if guesses, ok := errors.AsType[*store.TooManyGuessesError](err); ok {
			status, err = http.StatusTooManyRequests, nil
			w.Header().Set("Retry-After", strconv.Itoa(int((guesses.Wait+time.Second-1)/time.Second)))
			f.fail(proofField(u), text.Msg("factor.guesses_wait", "wait", text.Duration(r.Context(), guesses.Wait)))
		}
		if err != nil {
			return false, err
		}
		if done {
			r.PostForm, r.Form, r.URL.RawQuery = k.Fields, k.Fields, ""
			return false, nil
		}
	}
	v := keptView(r, sealed, k.From)
	v.Faults(f.errorOf(r.Context(), "password"), f.errorOf(r.Context(), "code"), f.summary(r.Context()))
	return true, a.proofPage(w, r, u, status, v)
}
