// Copies the browser files named below out of node_modules into
// web/static/vendor and writes their SHA-384 beside them. The Go tests compare
// files and manifest, and integrity attributes come from the same bytes.
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "..", "web", "static", "vendor");

const files = [
  ["htmx.org", "dist/htmx.min.js", "htmx.js"],
  ["htmx.org", "LICENSE", "htmx.LICENSE.txt"],
  ["@fontsource/sarabun", "LICENSE", "sarabun.LICENSE.txt"],
  ["leaflet", "dist/leaflet.js", "leaflet.js"],
  ["leaflet", "dist/leaflet.css", "leaflet.css"],
  ["leaflet", "LICENSE", "leaflet.LICENSE.txt"],
  ["@svg-maps/thailand", "LICENSE.md", "thailand.LICENSE.txt"], // of ../thailand.svg
  ...["thai", "latin"].flatMap((script) =>
    [400, 600].map((weight) => [
      "@fontsource/sarabun",
      `files/sarabun-${script}-${weight}-normal.woff2`,
      `sarabun-${script}-${weight}.woff2`,
    ]),
  ),
];

const pinned = JSON.parse(readFileSync(join(here, "package.json"))).dependencies;
rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });

const manifest = files.map(([pkg, from, name]) => {
  copyFileSync(join(here, "node_modules", pkg, from), join(target, name));
  const digest = createHash("sha384").update(readFileSync(join(target, name))).digest("base64");
  return { name, package: `${pkg}@${pinned[pkg]}`, source: from, integrity: `sha384-${digest}` };
});
manifest.sort((a, b) => (a.name < b.name ? -1 : 1));
writeFileSync(join(target, "manifest.json"), JSON.stringify(manifest, null, 2) + "\n");
