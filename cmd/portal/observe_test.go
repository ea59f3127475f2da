package main

import (
	"context"
	"database/sql"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"portal/internal/app"
	"portal/internal/krungsri"
	"portal/internal/metrics"
	"portal/internal/store"
)

// everyMetric is the name of each that a web process or a worker can give.
func everyMetric(t *testing.T) []string {
	t.Helper()
	o := &observer{metrics: metrics.New("test", "v1")}
	o.End(t.Context(), app.Answered{Route: "GET /", Status: 200, SignIn: "password", Callback: "signature"})
	o.transactions()(t.Context(), "read")(nil)
	o.calls()(t.Context(), "presentment.create")(krungsri.Done)
	o.metrics.Published("file", true, time.Unix(1, 0))
	o.metrics.Pool("web", func() sql.DBStats { return sql.DBStats{} })
	o.metrics.Gauge(sightingsWaiting, "As in the web process.", func() float64 { return 0 })
	o.metrics.Together(time.Second, time.Second, time.Now, func(context.Context) ([]metrics.Figure, error) {
		return backlogFigures(store.Backlog{}), nil
	})
	names, err := o.metrics.Names()
	if err != nil {
		t.Fatal(err)
	}
	return append(names, "up")
}

// alert is a rule of docs/alerts.yml.
type alert struct {
	Alert, Expr, For string
	Labels           struct{ Severity string }
	Annotations      struct{ Summary, Runbook string }
}

func alerts(t *testing.T) []alert {
	t.Helper()
	file, err := os.Open("../../docs/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var rules struct {
		Groups []struct {
			Name  string
			Rules []alert
		}
	}
	in := yaml.NewDecoder(file)
	in.KnownFields(true)
	if err := in.Decode(&rules); err != nil {
		t.Fatal(err)
	}
	var all []alert
	for _, g := range rules.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

var (
	metricName = regexp.MustCompile(`\b(portal_\w+|up)\b`)
	aString    = regexp.MustCompile(`"[^"]*"`)
	heading    = regexp.MustCompile(`(?m)^#+ (.+)$`)
)

func TestAlertsNameMetricsThatExistAndAChapterOfTheRunbook(t *testing.T) {
	t.Parallel()
	book, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	chapters := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(string(book), -1) {
		chapters["operations.md#"+strings.ReplaceAll(strings.ToLower(m[1]), " ", "-")] = true
	}
	known := everyMetric(t)
	seen := map[string]bool{}
	for _, a := range alerts(t) {
		if seen[a.Alert] || !slices.Contains([]string{"page", "ticket"}, a.Labels.Severity) || !strings.HasSuffix(a.Annotations.Summary, ".") {
			t.Errorf("%s is there twice, or its severity or summary is missing", a.Alert)
		}
		seen[a.Alert] = true
		if !chapters[a.Annotations.Runbook] {
			t.Errorf("%s: the runbook has no chapter %s, only %v", a.Alert, a.Annotations.Runbook, slices.Sorted(maps.Keys(chapters)))
		}
		if _, err := time.ParseDuration(a.For); a.For != "" && err != nil {
			t.Errorf("%s: for %q", a.Alert, a.For)
		}
		bare := aString.ReplaceAllString(a.Expr, `""`)
		if strings.Count(bare, "(") != strings.Count(bare, ")") || strings.Count(bare, "{") != strings.Count(bare, "}") {
			t.Errorf("%s: its brackets do not match: %s", a.Alert, a.Expr)
		}
		names := metricName.FindAllString(bare, -1)
		if len(names) == 0 {
			t.Errorf("%s names no metric", a.Alert)
		}
		for _, name := range names {
			series := strings.TrimSuffix(strings.TrimSuffix(name, "_bucket"), "_count")
			if !slices.Contains(known, name) && !slices.Contains(known, series) {
				t.Errorf("%s: there is no metric %s", a.Alert, name)
			}
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %d alerts", len(seen))
	}
}

func TestMetricsThatOthersCanReachAskForAToken(t *testing.T) {
	t.Parallel()
	for address, open := range map[string]bool{"127.0.0.1:9464": true, "localhost:9464": true, "[::1]:9464": true, ":9464": false, "0.0.0.0:9464": false, "10.0.0.7:9464": false} {
		env := validProduction()
		env["PORTAL_METRICS_ADDRESS"] = address
		if _, err := load("serve", lookupIn(env)); (err == nil) != open {
			t.Errorf("%s without a token: %v", address, err)
		}
		env["PORTAL_METRICS_TOKEN"] = "a token of some length"
		if _, err := load("serve", lookupIn(env)); err != nil {
			t.Errorf("%s with a token: %v", address, err)
		}
	}
}
