package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"portal/internal/devdb"
	"portal/internal/store"
)

// devFolder is where `portal dev` keeps what must outlive it: the private
// database, the secrets it made, the memory of the stand-in bank and the
// checkpoints.
type devFolder struct {
	path string
	made devSecrets
}

// devSecrets are made once for a checkout, and known to nobody else.
type devSecrets struct {
	SealKey            string `json:"seal_key"`
	CheckpointKey      string `json:"checkpoint_key"`
	CheckpointVerifier string `json:"checkpoint_verifier"`
	ClientID           string `json:"client_id"`
	ClientSecret       string `json:"client_secret"`
	DemoPassword       string `json:"demo_password"`
	WitnessToken       string `json:"witness_token"`
}

// openDevFolder opens the folder of the checkout that holds dir, and makes it
// and its secrets if they are not there yet.
func openDevFolder(dir string) (devFolder, error) {
	path, err := devdb.DevDir(checkoutOf(dir))
	if err != nil {
		return devFolder{}, err
	}
	//nolint:gosec // G301: the database's user must pass through; secrets are 0600
	if err := os.MkdirAll(path, 0o755); err != nil {
		return devFolder{}, fmt.Errorf("make the development folder: %w", err)
	}
	d := devFolder{path: path}
	text, err := os.ReadFile(d.secretsFile())
	if errors.Is(err, fs.ErrNotExist) {
		return d, d.makeSecrets()
	}
	if err == nil {
		err = json.Unmarshal(text, &d.made)
	}
	if err != nil {
		return d, fmt.Errorf("read %s: %w", d.secretsFile(), err)
	}
	if d.made.WitnessToken == "" { // a folder from before there was a witness
		d.made.WitnessToken = rand.Text()
		return d, d.keepSecrets()
	}
	return d, nil
}

func (d *devFolder) secretsFile() string { return filepath.Join(d.path, "secrets.json") }

// bankFile and checkpointFile carry the name of a merchant, which stands for
// the database: a stand-in bank that remembers another database's bills would
// refuse the same numbers, and checkpoints of another trail would be a forgery.
func (d *devFolder) bankFile(merchant store.ID) string {
	return filepath.Join(d.path, "bank-"+merchant.String()+".json")
}

func (d *devFolder) checkpointFile(merchant store.ID) string {
	return filepath.Join(d.path, "checkpoints-"+merchant.String()+".jsonl")
}

func (d *devFolder) witnessFolder(merchant store.ID) string {
	return filepath.Join(d.path, "witness-"+merchant.String())
}

// settings are the values that `portal dev` supplies where the environment has
// none; ports and database follow when they are known.
func (d *devFolder) settings() map[string]string {
	return map[string]string{
		"PORTAL_ENV":                 development,
		"PORTAL_SEAL_KEY":            d.made.SealKey,
		"PORTAL_CHECKPOINT_KEY":      d.made.CheckpointKey,
		"PORTAL_CHECKPOINT_VERIFIER": d.made.CheckpointVerifier,
		"PORTAL_WITNESS_TOKEN":       d.made.WitnessToken,
		"KRUNGSRI_CLIENT_ID":         d.made.ClientID,
		"KRUNGSRI_CLIENT_SECRET":     d.made.ClientSecret,
		"KRUNGSRI_CALLBACK_KEY":      d.made.ClientSecret + "-callback",
	}
}

func (d *devFolder) makeSecrets() error {
	private, public, err := store.NewTrailKey("portal-dev")
	if err != nil {
		return err
	}
	seal := make([]byte, 32)
	_, _ = rand.Read(seal) // never fails, says crypto/rand
	d.made = devSecrets{
		SealKey: hex.EncodeToString(seal), CheckpointKey: private, CheckpointVerifier: public,
		ClientID: "portal-dev", ClientSecret: rand.Text(),
		DemoPassword: "demo-" + strings.ToLower(rand.Text()[:10]), WitnessToken: rand.Text(),
	}
	return d.keepSecrets()
}

func (d *devFolder) keepSecrets() error {
	//nolint:gosec // G117: writing the secrets down is the purpose
	text, err := json.MarshalIndent(d.made, "", "  ")
	if err != nil {
		return fmt.Errorf("write the secrets: %w", err)
	}
	// The rename is the last step, so secrets that exist are whole.
	part := d.secretsFile() + ".part"
	if err := os.WriteFile(part, text, 0o600); err != nil {
		return fmt.Errorf("write the secrets: %w", err)
	}
	if err := os.Rename(part, d.secretsFile()); err != nil {
		return fmt.Errorf("keep the secrets: %w", err)
	}
	return nil
}

// running is where the settings of a `portal dev` stand while it runs, for
// commands that look at it from outside.
func (d *devFolder) running() string { return filepath.Join(d.path, "running.json") }

func (d *devFolder) announce(settings map[string]string) error {
	text, err := json.Marshal(settings)
	if err != nil {
		return fmt.Errorf("write the running settings: %w", err)
	}
	if err := os.WriteFile(d.running(), text, 0o600); err != nil {
		return fmt.Errorf("write the running settings: %w", err)
	}
	return nil
}

// runningDev returns the settings of the `portal dev` of this checkout.
func runningDev() (map[string]string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, fmt.Errorf("find the checkout: %w", err)
	}
	path, err := devdb.DevDir(checkoutOf(dir))
	if err != nil {
		return nil, err
	}
	d := devFolder{path: path}
	text, err := os.ReadFile(d.running())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errors.New("no `portal dev` runs in this checkout")
	}
	var settings map[string]string
	if err == nil {
		err = json.Unmarshal(text, &settings)
	}
	if err != nil {
		return nil, fmt.Errorf("read the running settings: %w", err)
	}
	return settings, nil
}

// checkoutOf is the folder of the module that dir lies in, or dir itself.
func checkoutOf(dir string) string {
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			return dir
		}
	}
}
