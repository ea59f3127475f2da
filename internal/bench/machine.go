package bench

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// machine tells how much of the processors others took while something was
// measured. Where there is no /proc it knows nothing and says so.
type machine struct{ now func() time.Time }

// ticks is processor time so far, in the kernel's unit.
type ticks struct{ busy, idle, ours int64 }

// look reads the processor time of the machine and of our own tree of
// processes: this one, the servers it started, and their Postgres.
func (m machine) look() (ticks, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return ticks{}, err
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	var t ticks
	for i, field := range strings.Fields(string(first))[1:] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return ticks{}, fmt.Errorf("read /proc/stat: %w", err)
		}
		switch i {
		case 3, 4: // idle, and waiting for a disk
			t.idle += n
		case 8, 9: // guests are counted in user time already
		default:
			t.busy += n
		}
	}
	for _, p := range processes() {
		t.ours += p.ticks
	}
	return t, nil
}

// foreign is the share of all processor time between two looks that went to
// processes other than ours.
func foreign(before, after ticks) float64 {
	all := (after.busy - before.busy) + (after.idle - before.idle)
	if all <= 0 {
		return 0
	}
	others := (after.busy - before.busy) - (after.ours - before.ours)
	return max(0, float64(others)/float64(all))
}

// process is one of our tree.
type process struct {
	pid, parent int
	ticks       int64 // with those of the children it has buried
}

// processes lists this process and everything below it.
func processes() []process {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	children := map[int][]process{}
	ours := make([]process, 0, 32)
	for _, file := range files {
		p, ok := readProcess(file)
		switch {
		case !ok: // ended meanwhile
		case p.pid == os.Getpid():
			ours = append(ours, p)
		default:
			children[p.parent] = append(children[p.parent], p)
		}
	}
	for i := 0; i < len(ours); i++ {
		ours = append(ours, children[ours[i].pid]...)
	}
	return ours
}

func readProcess(file string) (process, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return process{}, false
	}
	// The name in brackets may itself hold blanks and brackets.
	_, rest, ok := strings.Cut(string(text), " (")
	fields := strings.Fields(rest[max(0, strings.LastIndex(rest, ") ")+1):])
	if !ok || len(fields) < 15 {
		return process{}, false
	}
	number := func(i int) int64 {
		n, err := strconv.ParseInt(fields[i], 10, 64)
		if err != nil {
			return 0
		}
		return n
	}
	pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
	return process{pid: pid, parent: int(number(1)), ticks: number(11) + number(12) + number(13) + number(14)}, err == nil
}

// gauge hashes for a moment on one core and returns MiB/s: it shows a machine
// that was slowed down from outside, which /proc cannot.
func (m machine) gauge() float64 {
	block := make([]byte, 1<<20)
	began, n := m.now(), 0
	for m.now().Sub(began) < 60*time.Millisecond {
		_ = sha256.Sum256(block)
		n++
	}
	return float64(n) / m.now().Sub(began).Seconds()
}

// memory returns fields of a file of /proc/PID in bytes, such as VmHWM of
// "status" or Pss of "smaps_rollup".
func memory(pid int, file, field string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
	if err != nil {
		return 0, fmt.Errorf("read how much memory is used: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("%s of process %d does not name %s", file, pid, field)
}

// describe names the machine for the report.
func (m machine) describe() string {
	model := ""
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		_, rest, _ := strings.Cut(string(text), "model name")
		line, _, _ := strings.Cut(rest, "\n")
		model = strings.TrimLeft(line, "\t :")
	}
	return fmt.Sprintf("%d cores, %s, %s/%s, %s", runtime.NumCPU(), cmp.Or(model, "unknown processor"), runtime.GOOS, runtime.GOARCH, runtime.Version())
}
