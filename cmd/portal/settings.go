package main

import (
	"errors"
	"time"

	"portal/internal/krungsri"
)

// The two values of PORTAL_ENV.
const (
	development = "development"
	production  = "production"
)

// settings declares every setting once: `portal config`, the table in
// docs/operations.md and the checks at start all come from here. PORTAL_ENV
// stands first because the checks of the others depend on it.
var settings = []setting{
	{name: "PORTAL_ENV", inDevelopment: production, inProduction: production, devMakes: true,
		doc:  "`production`, or `development` for trying things out; production refuses a bank that is not the real one, and development refuses the real one.",
		read: readEnv},
	{name: "PORT", inDevelopment: "8080", inProduction: "8080",
		doc:  "The port the web process listens on.",
		read: func(c *config, v string) error { return readPort(&c.port, v) }},
	{name: "PORTAL_ORIGIN", needed: []string{"serve"}, devMakes: true,
		doc:  "The address people type, as `https://portal.example.co.th`; the only origin from which changes are accepted.",
		read: readOrigin},
	{name: "DATABASE_URL", needed: []string{"serve", "work"}, devMakes: true, secret: true,
		doc:  "Postgres for all processes that have no address of their own below; where it names no `sslmode`, `require` is taken, and production refuses anything weaker over a network.",
		read: func(c *config, v string) error { return c.readDatabase(&c.database, v) }},
	{name: "DATABASE_OWNER_URL", secret: true,
		doc:  "The owner of the schema, for `migrate`, `audit` and `user add` only.",
		read: func(c *config, v string) error { return c.readDatabase(&c.databaseOwner, v) }},
	{name: "DATABASE_WEB_URL", secret: true,
		doc:  "The login of the web process, a member of `portal_web` and of nothing else.",
		read: func(c *config, v string) error { return c.readDatabase(&c.databaseWeb, v) }},
	{name: "DATABASE_WORK_URL", secret: true,
		doc:  "The login of the worker, a member of `portal_worker` and of nothing else.",
		read: func(c *config, v string) error { return c.readDatabase(&c.databaseWork, v) }},
	{name: "DATABASE_SEQUENCER_URL", secret: true,
		doc:  "The login of the sequencer, a member of `portal_sequencer` and of nothing else.",
		read: func(c *config, v string) error { return c.readDatabase(&c.databaseSequencer, v) }},
	{name: "PORTAL_WEB_CONNS", inDevelopment: "8", inProduction: "8",
		doc:  "Database connections of one web process; all processes together must stay below the server's limit.",
		read: func(c *config, v string) error { return readNumber(&c.webConns, v, 2, 100) }},
	{name: "PORTAL_WORK_CONNS", inDevelopment: "6", inProduction: "6",
		doc:  "Database connections of one worker; its sequencer takes two more.",
		read: func(c *config, v string) error { return readNumber(&c.workConns, v, 2, 100) }},
	{name: "PORTAL_SEAL_KEY", needed: []string{"serve", "work"}, devMakes: true, secret: true,
		doc:  "Seals what is stored of requests and answers: at least 32 random bytes in hex or base64, as `openssl rand -hex 32` prints them. Keep a copy; without it the stored bodies cannot be read again.",
		read: readSealKey},
	{name: "PORTAL_SESSION_IDLE", inDevelopment: "12h", inProduction: "30m",
		doc:  "How long a signed-in browser may rest before it has to sign in again.",
		read: func(c *config, v string) error { return readDuration(&c.sessionIdle, v, time.Minute, 24*time.Hour) }},
	{name: "PORTAL_SESSION_LIFE", inDevelopment: "12h", inProduction: "12h",
		doc:  "How long a sign-in lasts at most.",
		read: func(c *config, v string) error { return readDuration(&c.sessionLife, v, time.Minute, 7*24*time.Hour) }},
	{name: "PORTAL_TRUSTED_PROXIES", inDevelopment: "0", inProduction: "1",
		doc:  "How many proxies stand before the web process and add to X-Forwarded-For: 1 behind a router as Heroku's, 0 when browsers connect directly.",
		read: func(c *config, v string) error { return readNumber(&c.trustedProxies, v, 0, 1) }},
	{name: "PORTAL_CHECKPOINT_KEY", needed: []string{"work"}, devMakes: true, secret: true,
		doc:  "Signs the checkpoints of the audit trail; `portal audit key` makes a pair.",
		read: readCheckpointKey},
	{name: "PORTAL_CHECKPOINT_VERIFIER", devMakes: true,
		doc:  "The public keys that checkpoints were ever signed with, one a line, a retired one followed by the first and the last size it signed; for `portal audit verify`.",
		read: readCheckpointVerifier},
	{name: "PORTAL_CHECKPOINT_FILE", devMakes: true,
		doc:  "A file outside the database that collects the checkpoints beside the log; on a machine whose disk does not last, leave it empty and keep the log.",
		read: func(c *config, v string) error { c.checkpointFile = v; return nil }},
	{name: "KRUNGSRI_BASE_URL", needed: []string{"serve", "work"}, devMakes: true,
		doc:  "The bank: `https://api.krungsri.com` in production, the bank's sandbox or `portal sandbox` in development. There is no default.",
		read: readBankURL},
	{name: "KRUNGSRI_CLIENT_ID", needed: []string{"serve", "work"}, devMakes: true,
		doc:  "Who we are at the bank, from its developer portal.",
		read: func(c *config, v string) error { c.bank.ClientID = v; return nil }},
	{name: "KRUNGSRI_CLIENT_SECRET", needed: []string{"serve", "work"}, devMakes: true, secret: true,
		doc:  "The secret that belongs to the client id.",
		read: func(c *config, v string) error { c.bank.ClientSecret = krungsri.Secret(v); return nil }},
	{name: "KRUNGSRI_SIGNATURE_KEY", secret: true,
		doc:  "Signs requests that move money; the client secret, unless the bank gave another key.",
		read: func(c *config, v string) error { c.bank.SignatureKey = krungsri.Secret(v); return nil }},
	{name: "KRUNGSRI_CALLBACK_KEY", devMakes: true, secret: true,
		doc:  "Tells the bank's callbacks from everybody else's: the secret agreed with the bank, at least 16 characters. Without it none is believed.",
		read: readCallbackKey},
	{name: "KRUNGSRI_CALLBACK_KEY_BEFORE", secret: true,
		doc:  "The callback secret that was agreed before, still believed while the bank changes over; then leave it empty.",
		read: readCallbackKey},
	{name: "KRUNGSRI_API_KEY", secret: true,
		doc:  "Sent as API-Key with each call, where the bank gave one.",
		read: func(c *config, v string) error { c.bank.APIKey = krungsri.Secret(v); return nil }},
	{name: "KRUNGSRI_TOKEN_AUTH", inDevelopment: "basic", inProduction: "basic",
		doc:  "How the token call carries id and secret: `basic` as the bank's page says, or `form`.",
		read: readTokenAuth},
	{name: "KRUNGSRI_SCOPE",
		doc:  "The OAuth2 scope asked for, where the bank demands one.",
		read: func(c *config, v string) error { c.bank.Scope = v; return nil }},
	{name: "KRUNGSRI_ROOT_CAS",
		doc:  "Certificates (PEM) trusted for the bank besides those of the system.",
		read: func(c *config, v string) error { c.bank.RootCAs = []byte(v); return nil }},
	{name: "KRUNGSRI_CLIENT_CERTIFICATE",
		doc:  "Our certificate (PEM), where the bank demands one.",
		read: func(c *config, v string) error { c.bank.ClientCertificate = []byte(v); return nil }},
	{name: "KRUNGSRI_CLIENT_KEY", secret: true,
		doc:  "The key (PEM) of that certificate.",
		read: func(c *config, v string) error { c.bank.ClientKey = krungsri.Secret(v); return nil }},
	{name: "SMTP_URL", secret: true,
		doc:  "The mail server, as `smtp://user:password@mail.example.co.th:587` (which must offer STARTTLS) or `smtps://…:465`; without it nobody is mailed and notices show up in the portal only.",
		read: readSMTP},
	{name: "PORTAL_MAIL_FROM", inDevelopment: "Portal <portal@localhost>", inProduction: "",
		doc:  "Who mails come from, as `Portal <portal@example.co.th>`; needed with SMTP_URL.",
		read: readMailFrom},
	{name: "PORTAL_SANDBOX_PORT", inDevelopment: "8081", inProduction: "8081",
		doc:  "The port of the stand-in bank, on this machine only; `portal dev` takes another one if it is busy.",
		read: func(c *config, v string) error { return readPort(&c.sandboxPort, v) }},
	{name: "CLAMD_ADDRESS",
		doc:  "A ClamAV daemon, as `localhost:3310`, that looks at every file from outside; while it does not answer, no file is taken. Without one the pages say that files are not virus-scanned.",
		read: readClamd},
	{name: "LOG_LEVEL", inDevelopment: "warn", inProduction: "info",
		doc: "`debug`, `info`, `warn` or `error`.",
		read: func(c *config, v string) error {
			if err := c.logLevel.UnmarshalText([]byte(v)); err != nil {
				return errors.New("must be debug, info, warn or error")
			}
			return nil
		}},
}
