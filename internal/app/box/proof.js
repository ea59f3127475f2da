const $ = id => document.getElementById(id);
const utf8 = new TextEncoder();
let lang = /^th/i.test(navigator.language) || !/^en/i.test(navigator.language) ? 'th' : 'en', last = null;
const t = k => words[lang][k];

// Bytes.
const same = (a, b) => a.length === b.length && a.every((x, n) => x === b[n]);
const join = (...parts) => { const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0)); let at = 0; for (const p of parts) { out.set(p, at); at += p.length; } return out; };
const hex = b => Array.from(b, x => x.toString(16).padStart(2, '0')).join('');
const sha256 = async b => new Uint8Array(await crypto.subtle.digest('SHA-256', b));
function bytes(base64) {
  const text = atob(base64);
  if (btoa(text) !== base64) throw new Error('base64');
  return Uint8Array.from(text, c => c.charCodeAt(0));
}

// Ed25519 (RFC 8032), for browsers that have none. Nothing here is secret.
const P = 2n ** 255n - 19n, L = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (a, m = P) => { const r = a % m; return r < 0n ? r + m : r; };
function power(b, e) { let r = 1n; for (b = mod(b); e > 0n; e >>= 1n, b = b * b % P) if (e & 1n) r = r * b % P; return r; }
const D = mod(-121665n * power(121666n, P - 2n)), I = power(2n, (P - 1n) / 4n);
const number = b => { let n = 0n; for (let i = b.length - 1; i >= 0; i--) n = n << 8n | BigInt(b[i]); return n; };
function point(b) {
  const sign = b[31] >> 7, y = number(b) & (1n << 255n) - 1n;
  if (y >= P) return null;
  const u = mod(y * y - 1n), v = mod(D * y * y + 1n);
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
  if (mod(v * x * x) !== u) { x = x * I % P; if (mod(v * x * x) !== u) return null; }
  if (x === 0n && sign) return null;
  if (Number(x & 1n) !== sign) x = P - x;
  return [x, y, 1n, x * y % P];
}
function plus([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2)), b = mod((y1 + x1) * (y2 + x2)), c = mod(2n * t1 * t2 * D), d = mod(2n * z1 * z2);
  const e = b - a, f = d - c, g = d + c, h = b + a;
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}
function times(n, p) { let r = [0n, 1n, 1n, 0n]; for (; n > 0n; n >>= 1n, p = plus(p, p)) if (n & 1n) r = plus(r, p); return r; }
const base = () => point(join(Uint8Array.of(0x58), new Uint8Array(31).fill(0x66)));
async function plainEd25519(key, text, sig) {
  const a = point(key), r = point(sig.slice(0, 32)), s = number(sig.slice(32));
  if (!a || !r || s >= L) return false;
  const k = mod(number(new Uint8Array(await crypto.subtle.digest('SHA-512', join(sig.slice(0, 32), key, text)))), L);
  const left = times(s, base()), right = plus(r, times(k, a));
  return mod(left[0] * right[2]) === mod(right[0] * left[2]) && mod(left[1] * right[2]) === mod(right[1] * left[2]);
}
async function ed25519(key, text, sig) {
  if (sig.length !== 64 || key.length !== 32) return false;
  if (location.hash !== '#plain') {
    let k = null;
    try { k = await crypto.subtle.importKey('raw', key, 'Ed25519', false, ['verify']); } catch { /* this browser has none */ }
    if (k) return crypto.subtle.verify('Ed25519', k, sig, text);
  }
  return plainEd25519(key, text, sig);
}

// Keys and signed notes.
async function parseKeys(text, algorithm) {
  const keys = [];
  for (const line of text.split('\n')) {
    const [, name, hash, key] = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)/.exec(line.trim()) || [];
    if (!name) { if (line.trim()) throw new Error('key'); continue; }
    const raw = bytes(key), sum = await sha256(join(utf8.encode(name + '\n'), raw));
    if (raw[0] !== algorithm || hex(sum.slice(0, 4)) !== hash) throw new Error('key');
    keys.push({ name, hash, key: raw.slice(1) });
  }
  return keys;
}
// The signatures of a note: which key, and whether it holds.
async function signatures(note, keys, witnesses) {
  const cut = note.indexOf('\n\n'), text = note.slice(0, cut + 1), found = [];
  if (cut < 0 || !note.endsWith('\n')) return { text, found: [{ ok: false }] };
  for (const line of note.slice(cut + 2, -1).split('\n')) {
    const [, name, base64] = /^— (\S+) (\S+)$/.exec(line) || [];
    const one = { name, ok: false };
    found.push(one);
    if (!name) continue;
    let raw;
    try { raw = bytes(base64); } catch { continue; }
    const hash = hex(raw.slice(0, 4)), body = raw.slice(4), is = k => k.name === name && k.hash === hash;
    const key = keys.find(is), witness = witnesses.find(is);
    if (key) { one.trail = true; one.ok = await ed25519(key.key, utf8.encode(text), body); }
    if (witness && body.length === 72) {
      const at = new DataView(body.buffer, body.byteOffset).getBigUint64(0);
      one.at = new Date(Number(at) * 1000);
      one.witness = true;
      one.ok = await ed25519(witness.key, utf8.encode(`cosignature/v1\ntime ${at}\n` + text), body.slice(8));
    }
  }
  return { text, found };
}

// RFC 6962.
const leafHash = b => sha256(join(Uint8Array.of(0), b));
const node = (l, r) => sha256(join(Uint8Array.of(1), l, r));
const half = n => { let k = 1; while (k * 2 < n) k *= 2; return k; };
async function rootOf(hashes, lo, hi, n, leaf) {
  if (hi - lo === 1) { if (hashes.length) throw new Error('long'); return leaf; }
  if (!hashes.length) throw new Error('short');
  const k = half(hi - lo), rest = hashes.slice(0, -1), sibling = hashes[hashes.length - 1];
  return n < lo + k ? node(await rootOf(rest, lo, lo + k, n, leaf), sibling) : node(sibling, await rootOf(rest, lo + k, hi, n, leaf));
}
// The root of a tree of which some leaves are known, and from left to right the
// hashes of what holds none of them.
async function rootOfPart(size, leaves, hashes) {
  let used = 0, next = 0;
  const walk = async (lo, hi) => {
    const whole = Number.isInteger(Math.log2(hi - lo));
    if (next === leaves.length || leaves[next].index >= hi) {
      if (whole) { if (used === hashes.length) throw new Error('short'); return hashes[used++]; }
    } else if (hi - lo === 1) return leaves[next++].hash;
    const k = half(hi - lo), left = await walk(lo, lo + k);
    return node(left, await walk(lo + k, hi));
  };
  const root = await walk(0, size);
  if (used !== hashes.length || next !== leaves.length) throw new Error('long');
  return root;
}

