package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// Row is one line of the report: a figure beside its goal.
type Row struct {
	Goal int    `json:"goal"`
	What string `json:"what"`
	// Got and Against are the figures of the product and of its anchor, for
	// people; Figure is the one that is judged.
	Got     string  `json:"got"`
	Against string  `json:"against,omitempty"`
	Figure  float64 `json:"figure,omitempty"`
	Limit   string  `json:"limit,omitempty"`
	Verdict string  `json:"verdict"` // met, missed, disturbed, not measured, or empty for what has no goal of its own
	Note    string  `json:"note,omitempty"`
}

// Verdicts of rows.
const (
	met         = "met"
	missed      = "missed"
	notMeasured = "not measured"
)

// limit is what a figure must not exceed or fall below.
type limit struct {
	least bool
	value float64
}

func atLeast(v float64) limit { return limit{true, v} }
func atMost(v float64) limit  { return limit{false, v} }

func (l limit) String() string {
	sign := "≤ "
	if l.least {
		sign = "≥ "
	}
	return sign + strconv.FormatFloat(l.value, 'g', -1, 64)
}

func (l limit) judge(v float64) string {
	if l.least && v >= l.value || !l.least && v <= l.value {
		return met
	}
	return missed
}

// judged completes a row with its figure and limit.
func (r Row) judged(figure float64, l limit) Row {
	r.Figure, r.Limit, r.Verdict = figure, l.String(), l.judge(figure)
	return r
}

// calm notes on a row that the readings behind it were disturbed.
func (r Row) calm(disturbed bool, share float64) Row {
	if disturbed {
		r.note(fmt.Sprintf("disturbed: others took up to %.0f %% of the processors", 100*share))
	}
	return r
}

func (r *Row) note(text string) {
	if r.Note != "" {
		text = r.Note + "; " + text
	}
	r.Note = text
}

// Report is everything one run found.
type Report struct {
	At      time.Time `json:"at"`
	Machine string    `json:"machine"`
	Setup   string    `json:"setup"`
	Rows    []Row     `json:"rows"`
}

// WriteJSON writes the report for machines.
func (r Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

// WriteText writes the report for people.
func (r Report) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "\n%s\n%s\n\n", r.Machine, r.Setup)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "goal\twhat\tproduct\tanchor\tfigure\tgoal is\tverdict")
	for _, row := range r.Rows {
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", row.Goal, row.What, row.Got, row.Against, row.figure(), row.Limit, row.Verdict)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, row := range r.Rows {
		if row.Note != "" {
			fmt.Fprintf(w, "\n%d, %s: %s.", row.Goal, row.What, row.Note)
		}
	}
	fmt.Fprintln(w)
	return nil
}

// WriteMarkdown writes the table of docs/performance.md. A row that was
// disturbed, or says more than its figures, is marked.
func (r Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s. %s. %s.\n\n", r.At.Format("2 January 2006"), r.Machine, r.Setup)
	b.WriteString("| Goal | What | Product | Anchor | Figure | Goal is | |\n|---|---|---|---|---|---|---|\n")
	for _, row := range r.Rows {
		mark := ""
		if row.Note != "" {
			mark = " ~"
		}
		fmt.Fprintf(&b, "| %d | %s | %s | %s | %s | %s | %s%s |\n", row.Goal, row.What, row.Got, row.Against, row.figure(), row.Limit, row.Verdict, mark)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r Row) figure() string {
	if r.Figure == 0 {
		return ""
	}
	return strconv.FormatFloat(r.Figure, 'g', 3, 64)
}

// perSecond writes a rate: "3,210 req/s".
func perSecond(rate float64, unit string) string {
	return grouped(int64(rate+0.5)) + " " + unit
}

// latency writes the two quantiles.
func latency(r result) string {
	return fmt.Sprintf("p50 %s, p99 %s ms", millis(r.P50), millis(r.P99))
}

func millis(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds()*1000, 'g', 3, 64)
}

func kib(n int64) string { return fmt.Sprintf("%.1f KB", float64(n)/1000) }
func mib(n int64) string { return fmt.Sprintf("%.0f MB", float64(n)/1e6) }

func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}
