package browsertest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"portal/internal/debs"
)

// chromium is one usable browser.
type chromium struct {
	path string
	tree string // the unpacked packages it lives in; empty if it is installed
}

// places are where to look, in order.
type places struct {
	chosen string // PORTAL_CHROMIUM
	system []string
	deb    debs.Set
}

func defaultPlaces(log func(string, ...any)) places {
	return places{
		chosen: os.Getenv("PORTAL_CHROMIUM"),
		system: []string{
			"chromium-headless-shell", "/usr/lib/chromium/chromium-headless-shell",
			"chromium", "/usr/lib/chromium/chromium", "google-chrome",
		},
		deb: chromiumPackages(log),
	}
}

// chromiumPackages skips what only a screen, a graphics card or a compiler for
// shaders needs.
func chromiumPackages(log func(string, ...any)) debs.Set {
	return debs.Set{
		Package: "chromium-headless-shell",
		Skip: []string{
			"libllvm", "libz3", "libgl1-mesa-dri", "libdrm-", "x11-utils", "xdg-utils", "libglx", "libxaw",
			"xkb-data", "libsensors", "libelf", "adwaita", "hicolor",
		},
		Check: func(ctx context.Context, root string) error {
			c := inTree(root)
			cmd := exec.CommandContext(ctx, c.path, "--version")
			cmd.Env = append(os.Environ(), c.libraries()...)
			if out, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("start Chromium: %w: %s", err, out)
			}
			return nil
		},
		Log: log,
	}
}

// find returns the first Chromium there is, and fetches one as a last resort.
func (p places) find(ctx context.Context) (*chromium, error) {
	if p.chosen != "" {
		path, err := exec.LookPath(p.chosen)
		if err != nil {
			return nil, fmt.Errorf("PORTAL_CHROMIUM is set, but not to a program: %w", err)
		}
		return &chromium{path: path}, nil
	}
	for _, name := range p.system {
		if path, err := exec.LookPath(name); err == nil {
			return &chromium{path: path}, nil
		}
	}
	root, err := p.deb.Unpack(ctx)
	if err != nil {
		return nil, fmt.Errorf("there is no Chromium on this machine and none could be fetched: install one (apt-get install chromium-headless-shell) or set PORTAL_CHROMIUM: %w", err)
	}
	return inTree(root), nil
}

// inTree names the program itself: its wrapper script expects an installed
// system.
func inTree(root string) *chromium {
	return &chromium{path: filepath.Join(root, "usr/lib/chromium/chromium-headless-shell"), tree: root}
}

// libraries is the environment in which an unpacked Chromium finds its parts.
func (c *chromium) libraries() []string {
	if c.tree == "" {
		return nil
	}
	dirs := filepath.SplitList(debs.LibraryPath(c.tree))
	for _, dir := range dirs {
		dirs = append(dirs, filepath.Join(dir, "pulseaudio"))
	}
	dirs = append(dirs, filepath.Dir(c.path))
	return []string{"LD_LIBRARY_PATH=" + strings.Join(dirs, ":")}
}

// environment adds a list of fonts, written to dir: without one an unpacked
// Chromium draws no text at all.
func (c *chromium) environment(dir string) ([]string, error) {
	if c.tree == "" {
		return nil, nil
	}
	file := filepath.Join(dir, "fonts.conf")
	text := fmt.Sprintf(`<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>%s</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>%s</cachedir>
</fontconfig>
`, filepath.Join(c.tree, "usr/share/fonts"), filepath.Join(dir, "fonts"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("write the list of fonts: %w", err)
	}
	return append(c.libraries(), "FONTCONFIG_FILE="+file), nil
}
