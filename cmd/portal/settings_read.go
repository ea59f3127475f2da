package main

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"portal/internal/app/notify"
	"portal/internal/krungsri"
	"portal/internal/store"
)

func readEnv(c *config, v string) error {
	if v != development && v != production {
		// Whoever mistypes it gets the stricter checks as well.
		c.production = true
		return errors.New("must be development or production")
	}
	c.production = v == production
	return nil
}

func readPort(port *string, v string) error {
	if n, err := strconv.Atoi(v); err != nil || n < 0 || n > 65535 {
		return errors.New("must be a port number, 0 to 65535")
	}
	*port = v
	return nil
}

func readNumber(n *int, v string, least, most int) error {
	read, err := strconv.Atoi(v)
	if err != nil || read < least || read > most {
		return fmt.Errorf("must be a number from %d to %d", least, most)
	}
	*n = read
	return nil
}

func readDuration(d *time.Duration, v string, least, most time.Duration) error {
	read, err := time.ParseDuration(v)
	if err != nil || read < least || read > most {
		return fmt.Errorf("must be a time like 30m or 12h, from %v to %v", least, most)
	}
	*d = read
	return nil
}

func readSSOIssuer(c *config, v string) error {
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && (c.production || u.Scheme != "http") {
		return errors.New("must be like https://login.example.co.th")
	}
	c.ssoIssuer = v
	return nil
}

func readSecondFactor(c *config, v string) error {
	switch {
	case v == "required":
		c.requireFactor = true
		return nil
	case v != "offered":
		return errors.New("must be required or offered")
	case c.production:
		return errors.New("must be required in production: a password alone lets nobody in there")
	}
	return nil
}

func readOrigin(c *config, v string) error {
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("must be a scheme and a host only, as https://portal.example.co.th")
	}
	if u.Scheme != "https" && (c.production || u.Scheme != "http") {
		return errors.New("must begin with https://")
	}
	c.origin = v
	return nil
}

// readDatabase makes the kind of encryption explicit: left out, the driver's
// default may fall back to plain text.
func (c *config) readDatabase(dsn *string, v string) error {
	u, err := url.Parse(v)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return errors.New("must be a URL that begins with postgres://")
	}
	q := u.Query()
	if !q.Has("sslmode") {
		q.Set("sslmode", "require")
		u.RawQuery = q.Encode()
	}
	socket := u.Hostname() == "" && strings.HasPrefix(q.Get("host"), "/")
	strong := slices.Contains([]string{"require", "verify-ca", "verify-full"}, q.Get("sslmode"))
	if c.production && !strong && !socket {
		return fmt.Errorf("sslmode=%s sends passwords and accounts in plain text: production demands require, verify-ca or verify-full", q.Get("sslmode"))
	}
	*dsn = u.String()
	return nil
}

func readSealKey(c *config, v string) error {
	for one := range strings.SplitSeq(v, ",") {
		key, err := readBytes(strings.TrimSpace(one))
		if err != nil || len(key) < 32 {
			return errors.New("must be at least 32 random bytes in hex or base64, or several such keys with commas between: `portal keys new` makes one")
		}
		if slices.ContainsFunc(c.sealKeys, func(k []byte) bool { return store.KeyID(k) == store.KeyID(key) }) {
			return errors.New("names one key twice")
		}
		c.sealKeys = append(c.sealKeys, key)
	}
	return c.deriveMarkKeys()
}

// readMarkKey reads what `portal keys new` printed: the key of browsers and
// the key of blind marks.
func readMarkKey(c *config, v string) error {
	if v == "" {
		return nil
	}
	both, err := readBytes(v)
	if err != nil || len(both) != 64 {
		return errors.New("must be what `portal keys new` printed: 64 bytes in hex")
	}
	c.deviceKey, c.markKey = both[:32], both[32:]
	return nil
}

// deriveMarkKeys makes those keys from the oldest one, as long as they are not
// set by themselves.
func (c *config) deriveMarkKeys() (err error) {
	oldest := c.sealKeys[len(c.sealKeys)-1]
	if c.deviceKey, err = hkdf.Key(sha256.New, oldest, nil, "portal device cookie", 32); err != nil {
		return fmt.Errorf("derive the key of browsers: %w", err)
	}
	if c.markKey, err = hkdf.Key(sha256.New, oldest, nil, "portal blind marks", 32); err != nil {
		return fmt.Errorf("derive the key of blind marks: %w", err)
	}
	return nil
}

func readBytes(v string) ([]byte, error) {
	if b, err := hex.DecodeString(v); err == nil {
		return b, nil
	}
	return base64.StdEncoding.DecodeString(v)
}

func readCheckpointKey(c *config, v string) error {
	if _, err := store.ParseTrailSigner(v); err != nil {
		return errors.New("is not a signing key: `portal audit key` makes one")
	}
	c.checkpointKey = v
	return nil
}

func readCheckpointVerifier(c *config, v string) error {
	keys, err := store.ParseTrailKeys(v)
	if err != nil {
		return errors.New("is not a list of public keys, one a line: `portal audit key` prints one beside the signing key")
	}
	c.checkpointVerifier, c.checkpointKeys = v, keys
	return nil
}

// readWitnessURL takes plain text on this machine only: the token would be for
// everybody on the way.
func readWitnessURL(c *config, v string) error {
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("must be like https://witness.example.co.th")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !onThisMachine(u.Hostname())) {
		return errors.New("must begin with https://, or http:// for a witness on this machine")
	}
	c.witnessURL = v
	return nil
}

func readWitnessVerifier(c *config, v string) error {
	keys, err := store.ParseWitnessKeys(v)
	if err != nil {
		return errors.New("is not a list of keys of witnesses, one a line: `portal witness` prints its own")
	}
	c.witnessKeys, c.witnessVerifier = keys, v
	return nil
}

func readWitnessToken(c *config, v string) error {
	if len(v) < 16 {
		return errors.New("must have at least 16 characters")
	}
	c.witnessToken = v
	return nil
}

func readWitnessName(c *config, v string) error {
	if strings.ContainsAny(v, " +\t\n") {
		return errors.New("must be one word without a plus")
	}
	c.witnessName = v
	return nil
}

func readCallbackKey(c *config, v string) error {
	if len(v) < 16 {
		return errors.New("must have at least 16 characters")
	}
	c.callbackKeys = append(c.callbackKeys, krungsri.Secret(v))
	return nil
}

func readBankMerchants(c *config, v string) error {
	for one := range strings.SplitSeq(v, ",") {
		id, err := uuid.Parse(strings.TrimSpace(one))
		if err != nil {
			return errors.New("must be ids of merchants with commas between, as `portal user add` prints them")
		}
		c.bankMerchants = append(c.bankMerchants, id)
	}
	return nil
}

// wholeBank refuses half of the credentials of an installation. The web process
// calls no bank: it has to know whose they are, and no secret.
func (c *config) wholeBank(command string) []error {
	switch {
	case c.bank.ClientID != "" && c.bank.ClientSecret == "" && command == "work":
		return []error{errors.New("KRUNGSRI_CLIENT_SECRET is needed with KRUNGSRI_CLIENT_ID")}
	case c.bank.ClientID == "" && c.bank.ClientSecret != "":
		return []error{errors.New("KRUNGSRI_CLIENT_ID is needed with KRUNGSRI_CLIENT_SECRET")}
	case c.bank.ClientID == "" && len(c.bankMerchants) > 0:
		return []error{errors.New("KRUNGSRI_CLIENT_ID is needed with KRUNGSRI_MERCHANTS")}
	}
	return nil
}

func readTokenAuth(c *config, v string) error {
	c.bank.TokenAuth = krungsri.TokenAuth(v)
	if c.bank.TokenAuth != krungsri.TokenAuthBasic && c.bank.TokenAuth != krungsri.TokenAuthForm {
		return errors.New("must be basic or form")
	}
	return nil
}

func readSMTP(c *config, v string) error {
	// The sender is checked by itself.
	if _, err := notify.NewSMTP(v, "portal@localhost"); err != nil {
		return err
	}
	c.smtp = v
	return nil
}

func readMailFrom(c *config, v string) error {
	if _, err := mail.ParseAddress(v); err != nil {
		return errors.New("must be an e-mail address, as Portal <portal@example.co.th>")
	}
	c.mailFrom = v
	return nil
}

// readBankURL keeps trials away from the real bank and the real portal away
// from any other: money and documents would go to the wrong place.
func readBankURL(c *config, v string) error {
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.User != nil {
		return errors.New("must be a URL without a password, as https://api.krungsri.com")
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	switch {
	case c.production && u.Scheme != "https":
		return errors.New("production speaks to the bank over https only")
	case c.production && !realBank(host):
		return fmt.Errorf("%s is not the real bank: production speaks to hosts of krungsri.com only, and to no sandbox among them", host)
	case !c.production && realBank(host):
		return fmt.Errorf("%s is the real bank: only PORTAL_ENV=production may reach it", host)
	case u.Scheme != "https" && (u.Scheme != "http" || !onThisMachine(host)):
		return errors.New("must begin with https://, or http:// for a bank on this machine")
	}
	c.bank.BaseURL, c.bank.Sandbox = v, !c.production
	return nil
}

// realBank tells whether host belongs to the bank's production domain and is
// not a test system by its name.
func realBank(host string) bool {
	name, ok := strings.CutSuffix("."+host, ".krungsri.com")
	if !ok {
		return false
	}
	return !slices.ContainsFunc([]string{"sandbox", "sit", "uat", "test", "dev"}, func(mark string) bool {
		return slices.ContainsFunc(strings.Split(name, "."), func(label string) bool {
			return slices.Contains(strings.Split(label, "-"), mark)
		})
	})
}

func onThisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func readClamd(c *config, v string) error {
	if v != "" {
		if _, _, err := net.SplitHostPort(v); err != nil {
			return errors.New("must be like localhost:3310")
		}
	}
	c.clamdAddress = v
	return nil
}

// readMapTiles takes an address that can stand in a content security policy.
func readMapTiles(c *config, v string) error {
	if v != "" {
		u, err := url.Parse(strings.NewReplacer("{z}", "1", "{x}", "1", "{y}", "1").Replace(v))
		if err != nil || u.Scheme != "https" || u.Host == "" || strings.ContainsAny(u.Host, "{}*;, '\"") ||
			!strings.Contains(v, "{z}") || !strings.Contains(v, "{x}") || !strings.Contains(v, "{y}") {
			return errors.New("must be like https://tiles.example.co.th/{z}/{x}/{y}.png")
		}
	}
	c.mapTiles = v
	return nil
}

func readMetricsAddress(c *config, v string) error {
	if _, port, err := net.SplitHostPort(v); err != nil || port == "" {
		return errors.New("must be like 127.0.0.1:9464")
	}
	c.metricsAddress = v
	return nil
}

// openMetrics refuses an address for metrics that others may reach and that
// asks for no token: how busy a company is at its bank is nobody's business.
func (c *config) openMetrics() []error {
	if c.metricsAddress == "" || c.metricsToken != "" {
		return nil
	}
	if host, _, err := net.SplitHostPort(c.metricsAddress); err == nil && onThisMachine(host) {
		return nil
	}
	return []error{errors.New("PORTAL_METRICS_TOKEN is needed: PORTAL_METRICS_ADDRESS can be reached from other machines")}
}

func readTracesURL(c *config, v string) error {
	u, err := url.Parse(v)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http":
		return errors.New("must be like http://127.0.0.1:4318/v1/traces, without a password")
	case u.Scheme != "https" && !onThisMachine(u.Hostname()):
		return errors.New("must begin with https://, or http:// for a collector on this machine")
	}
	c.tracesURL = v
	return nil
}
