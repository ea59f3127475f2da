'use strict';
// Checks a box of evidence by itself: no network, no other file. The same is
// done by `portal audit check`. Open with #plain to do without the browser's
// own Ed25519.
const words = {
  th: {
    title: 'ตรวจกล่องหลักฐาน', about: 'หน้านี้ตรวจกล่องหลักฐานในเครื่องของคุณเอง ไม่ส่งข้อมูลออกไปไหนและไม่ต้องต่อเครือข่าย',
    choose: 'เลือกไฟล์ ZIP ของกล่อง (ไม่ต้องแตกไฟล์)', own: 'ใช้กุญแจสาธารณะที่ได้รับมาเอง',
    own_help: 'กุญแจที่มากับกล่องพิสูจน์ไม่ได้ว่าใครเป็นคนทำกล่อง ขอกุญแจจากบริษัทหรือจากพยานภายนอกโดยทางอื่น แล้ววางที่นี่ก่อนเลือกไฟล์ บรรทัดละหนึ่งกุญแจ',
    key: 'กุญแจของบันทึกตรวจสอบ', witness_key: 'กุญแจของพยานภายนอก', working: 'กำลังตรวจ…',
    verified: 'ตรวจแล้ว ถูกต้องครบถ้วน', broken: 'ไม่ถูกต้อง', verified_why: 'ทุกไฟล์เป็นไฟล์เดิม และทุกรายการอยู่ในบันทึกตรวจสอบที่ลงนามไว้',
    broken_why: 'รายการต่อไปนี้ไม่ตรงกับบันทึกตรวจสอบที่ลงนามไว้ อย่าเชื่อกล่องนี้จนกว่าจะทราบสาเหตุ',
    keys_box: 'กุญแจมากับกล่อง โปรดเทียบกับกุญแจที่ได้รับโดยทางอื่น', keys_own: 'กุญแจที่คุณให้',
    f_about: 'เรื่อง', f_made: 'ทำเมื่อ', f_leaves: 'รายการที่พิสูจน์แล้ว', f_trail: 'ขนาดบันทึกทั้งหมด', f_signer: 'ลงนามโดย', f_witness: 'พยานภายนอก', f_no_witness: 'ไม่มี', f_root: 'รากของบันทึก', f_keys: 'กุญแจ',
    files: 'ไฟล์ในกล่อง', file: 'ไฟล์', size: 'ขนาด (ไบต์)', state: 'ผล', good: 'ถูกต้อง', entries: 'รายการในบันทึก', no: 'เลขที่', at: 'เวลา', action: 'การกระทำ', subject: 'เกี่ยวกับ', proven: 'พิสูจน์แล้ว', more: 'แสดง 1,000 รายการแรก ทุกรายการถูกตรวจแล้ว',
    p_nobox: 'ไม่ใช่กล่องหลักฐาน', p_unreadable: 'อ่านไม่ได้', p_form: 'ไม่ได้เขียนตามแบบของระบบ', p_nokey: 'ไม่มีกุญแจสำหรับตรวจ วางกุญแจสาธารณะก่อน', p_signature: 'ลายเซ็นของบันทึกไม่ถูกต้อง',
    p_witness: 'ลายเซ็นของพยานภายนอกไม่ถูกต้องหรือไม่มี', p_leaf: 'รายการนี้ไม่อยู่ในบันทึกตรวจสอบที่ลงนามไว้: เลขที่', p_manifest: 'ไม่มีรายการใดรับรองแฟ้มนี้', p_missing: 'ไม่มีในกล่อง', p_changed: 'ไม่ใช่ไฟล์เดิม', p_upload: 'ไม่ตรงกับวันที่รับเอกสาร', p_extra: 'ไม่ใช่ของกล่องนี้', p_twice: 'อยู่ในกล่องซ้ำ',
  },
  en: {
    title: 'Check a box of evidence', about: 'This page checks the box on your own machine. It sends nothing anywhere and needs no network.',
    choose: 'Choose the ZIP of the box (do not unpack it)', own: 'Use public keys of your own',
    own_help: 'Keys that come with a box cannot prove who made it. Ask the company, or its witness, for theirs by another way, and paste them here before you choose the file, one a line.',
    key: 'Key of the audit trail', witness_key: 'Key of the witness', working: 'Checking…',
    verified: 'Verified: everything is as it was', broken: 'Broken', verified_why: 'Every file is what was packed, and every entry stands in the signed trail.',
    broken_why: 'What follows does not fit the signed trail. Do not rely on this box until it is known why.',
    keys_box: 'They came with the box: compare them with those you got another way', keys_own: 'Yours',
    f_about: 'About', f_made: 'Made', f_leaves: 'Entries proven', f_trail: 'Size of the whole trail', f_signer: 'Signed by', f_witness: 'Witness', f_no_witness: 'none', f_root: 'Root of the trail', f_keys: 'Keys',
    files: 'Files of the box', file: 'File', size: 'Size (bytes)', state: 'Result', good: 'as packed', entries: 'Entries of the trail', no: 'Number', at: 'Time', action: 'Action', subject: 'About', proven: 'proven', more: 'The first 1,000 are shown. All were checked.',
    p_nobox: 'This is no box of evidence', p_unreadable: 'It cannot be read', p_form: 'It is not written as the portal writes it', p_nokey: 'There is no key to check with: paste the public key first', p_signature: 'The signature of the trail is not valid',
    p_witness: 'The signature of the witness is missing or not valid', p_leaf: 'This entry does not stand in the signed trail: number', p_manifest: 'No proven entry vouches for it', p_missing: 'It is missing', p_changed: 'It is not what was packed', p_upload: 'It is not what was uploaded at the time', p_extra: 'It does not belong to the box', p_twice: 'It is in the box twice',
  },
};
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
const node = (l, r) => sha256(join(Uint8Array.of(1), l, r));
async function rootOf(hashes, lo, hi, n, leaf) {
  if (hi - lo === 1) { if (hashes.length) throw new Error('long'); return leaf; }
  if (!hashes.length) throw new Error('short');
  let k = 1;
  while (k * 2 < hi - lo) k *= 2;
  const rest = hashes.slice(0, -1), sibling = hashes[hashes.length - 1];
  return n < lo + k ? node(await rootOf(rest, lo, lo + k, n, leaf), sibling) : node(sibling, await rootOf(rest, lo + k, hi, n, leaf));
}

// The ZIP: what its directory says. Files are stored as they are.
async function unzip(file) {
  const tailAt = Math.max(0, file.size - 65558), tail = new DataView(await file.slice(tailAt).arrayBuffer());
  let at = tail.byteLength - 22;
  while (at >= 0 && tail.getUint32(at, true) !== 0x06054b50) at--;
  if (at < 0) throw new Error('p_nobox');
  const count = tail.getUint16(at + 10, true), start = tail.getUint32(at + 16, true);
  const dir = new DataView(await file.slice(start, start + tail.getUint32(at + 12, true)).arrayBuffer());
  const entries = [];
  for (let n = 0, p = 0; n < count; n++) {
    if (dir.getUint32(p, true) !== 0x02014b50) throw new Error('p_nobox');
    const named = dir.getUint16(p + 28, true), name = new TextDecoder().decode(new Uint8Array(dir.buffer, p + 46, named));
    entries.push({ name, stored: dir.getUint16(p + 10, true) === 0, size: dir.getUint32(p + 20, true), at: dir.getUint32(p + 42, true) });
    p += 46 + named + dir.getUint16(p + 30, true) + dir.getUint16(p + 32, true);
  }
  return entries.map(e => ({ name: e.name, read: async () => {
    const head = new DataView(await file.slice(e.at, e.at + 30).arrayBuffer());
    if (!e.stored || head.getUint32(0, true) !== 0x04034b50) throw new Error('p_unreadable');
    const from = e.at + 30 + head.getUint16(26, true) + head.getUint16(28, true);
    return new Uint8Array(await file.slice(from, from + e.size).arrayBuffer());
  } }));
}

async function check(file) {
  const v = { broken: [], files: [], leaves: [], facts: {} };
  const bad = (name, why, more = '') => v.broken.push({ name, why, more });
  let entries;
  try { entries = await unzip(file); } catch { bad(file.name, 'p_nobox'); return v; }
  const files = new Map();
  for (const e of entries) { if (files.has(e.name)) bad(e.name, 'p_twice'); files.set(e.name, e); }
  if (!files.has('manifest.json') || !files.has('proofs.json')) { bad(file.name, 'p_nobox'); return v; }
  let manifestBytes, manifest = { files: [], keys: [], witnesses: [] };
  try { manifestBytes = await files.get('manifest.json').read(); manifest = { ...manifest, ...JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(manifestBytes)) }; } catch { bad('manifest.json', 'p_unreadable'); }
  const own = $('key').value.trim() || $('witness').value.trim();
  v.own = Boolean(own);
  v.manifest = manifest;
  await proofs(v, bad, files.get('proofs.json'), own ? $('key').value : (manifest.keys || []).join('\n'), own ? $('witness').value : (manifest.witnesses || []).join('\n'), own);
  await packed(v, bad, files, manifest, manifestBytes);
  return v;
}

async function proofs(v, bad, entry, keyText, witnessText, own) {
  const name = 'proofs.json';
  let set, keys, witnesses;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await entry.read());
    set = JSON.parse(text);
    if (JSON.stringify({ size: set.size, checkpoint: set.checkpoint, leaves: set.leaves.map(l => ({ index: l.index, leaf: l.leaf, hashes: l.hashes })) }) + '\n' !== text) bad(name, 'p_form');
  } catch { bad(name, 'p_unreadable'); return; }
  try { keys = await parseKeys(keyText, 1); witnesses = await parseKeys(witnessText, 4); } catch { keys = []; }
  if (!keys.length) { bad(name, 'p_nokey'); return; }
  const { text, found } = await signatures(set.checkpoint, keys, witnesses);
  const [origin, size, root, ...rest] = text.split('\n');
  const trail = found.find(s => s.trail && s.ok && s.name === origin), witness = found.find(s => s.witness && s.ok);
  if (!trail || Number(size) !== set.size || String(set.size) !== size || rest.length !== 2 || found.some(s => s.trail && !s.ok)) { bad(name, 'p_signature'); return; }
  if (witnesses.length ? !witness || found.some(s => !s.ok) : found.length > 1 && !own) bad(name, 'p_witness');
  v.facts = { origin, size: set.size, root, witness };
  const want = bytes(root);
  for (const l of set.leaves) {
    try {
      const leaf = bytes(l.leaf), got = await rootOf(l.hashes.map(bytes), 0, set.size, l.index, await sha256(join(Uint8Array.of(0), leaf)));
      if (!(l.index >= 0 && l.index < set.size) || !same(got, want)) throw new Error('root');
      v.leaves.push({ index: l.index, ...JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(leaf)) });
    } catch { bad(name, 'p_leaf', ' ' + l.index); }
  }
}

async function packed(v, bad, files, manifest, manifestBytes) {
  const vouched = manifestBytes && hex(await sha256(manifestBytes)), uploads = new Map();
  for (const l of v.leaves) if (l.action === 'file.uploaded') uploads.set(l.subject.replace('file/', ''), l.detail && l.detail.sha256);
  if (!v.leaves.some(l => l.action === 'trail.box_taken' && l.detail && l.detail.manifest === vouched)) bad('manifest.json', 'p_manifest');
  const known = new Set(['manifest.json', 'proofs.json']);
  for (const f of manifest.files) {
    known.add(f.name);
    let why = '';
    if (!files.has(f.name)) why = 'p_missing';
    else {
      try {
        const b = await files.get(f.name).read(), sum = hex(await sha256(b));
        if (b.length !== f.size || sum !== f.sha256) why = 'p_changed';
        else if (f.upload && uploads.get(f.upload) !== sum) why = 'p_upload';
      } catch { why = 'p_unreadable'; }
    }
    if (why) bad(f.name, why);
    v.files.push({ ...f, why });
  }
  for (const name of files.keys()) if (!known.has(name)) bad(name, 'p_extra');
}

// The page.
const el = (tag, text, cls) => { const e = document.createElement(tag); if (text !== undefined) e.textContent = text; if (cls) e.className = cls; return e; };
function table(title, heads, rows) {
  const out = el('table'), head = el('tr');
  heads.forEach(([h, cls]) => { const th = el('th', h, cls); th.scope = 'col'; head.append(th); });
  out.append(el('thead'), el('tbody'));
  out.tHead.append(head);
  for (const r of rows) { const tr = el('tr'); r.forEach(([c, cls]) => tr.append(el('td', c, cls))); out.tBodies[0].append(tr); }
  $('tables').append(el('h3', title), out);
}
const when = d => new Date(d).toLocaleString(lang === 'th' ? 'th-TH' : 'en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'Asia/Bangkok' });
function show() {
  document.documentElement.lang = lang;
  document.title = t('title');
  for (const e of document.querySelectorAll('[data-t]')) e.textContent = t(e.dataset.t);
  for (const id of ['th', 'en']) $(id).setAttribute('aria-pressed', String(id === lang));
  const v = last;
  if (!v) return;
  const ok = v.broken.length === 0;
  $('result').hidden = false;
  $('result').className = v.working ? '' : ok ? 'good' : 'bad';
  $('verdict').textContent = v.working ? t('working') : (ok ? '✓ ' : '✕ ') + t(ok ? 'verified' : 'broken');
  $('why').textContent = v.working ? '' : t(ok ? 'verified_why' : 'broken_why');
  $('broken').replaceChildren(...v.broken.map(b => { const li = el('li'); li.append(el('strong', b.name), ': ' + t(b.why) + b.more); return li; }));
  $('facts').replaceChildren();
  $('tables').replaceChildren();
  if (v.working || !v.facts.origin) return;
  const w = v.facts.witness;
  for (const [k, value] of [
    ['f_about', v.manifest.about], ['f_made', v.manifest.made_at && when(v.manifest.made_at)], ['f_leaves', v.leaves.length.toLocaleString()],
    ['f_trail', v.facts.size.toLocaleString()], ['f_signer', v.facts.origin], ['f_witness', w ? `${w.name} · ${when(w.at)}` : t('f_no_witness')], ['f_root', v.facts.root], ['f_keys', t(v.own ? 'keys_own' : 'keys_box')],
  ]) $('facts').append(el('dt', t(k)), el('dd', value));
  if (!v.own) for (const k of [...v.manifest.keys, ...v.manifest.witnesses]) $('facts').append(el('dt', ''), el('dd', k));
  table(t('files'), [[t('file')], [t('size'), 'w'], [t('state')]], v.files.map(f => [[f.name], [f.size.toLocaleString(), 'n w'], [f.why ? t(f.why) : t('good'), f.why ? 'broken' : '']]));
  table(t('entries'), [[t('no')], [t('at')], [t('action')], [t('subject'), 'w']], v.leaves.slice(0, 1000).map(l => [[l.index.toLocaleString(), 'n'], [when(l.at), 'when'], [l.action], [l.subject, 'w']]));
  if (v.leaves.length > 1000) $('tables').append(el('p', t('more')));
}
for (const id of ['th', 'en']) $(id).addEventListener('click', () => { lang = id; show(); });
async function run() {
  const file = $('box').files[0];
  if (!file) return;
  last = { working: true, broken: [] };
  show();
  try { last = await check(file); } catch { last = { broken: [{ name: file.name, why: 'p_unreadable', more: '' }], files: [], leaves: [], facts: {} }; }
  show();
  document.documentElement.dataset.result = last.broken.length ? 'broken' : 'verified';
}
for (const id of ['box', 'key', 'witness']) $(id).addEventListener('change', run);
show();
