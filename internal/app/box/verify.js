// The ZIP: what its directory says. Files are stored as they are. Large boxes
// have numbers that do not fit, and say so: ZIP64.
async function unzip(file) {
  const view = async (from, to) => new DataView(await file.slice(from, to).arrayBuffer());
  const tailAt = Math.max(0, file.size - 65558), tail = await view(tailAt, file.size);
  let at = tail.byteLength - 22;
  while (at >= 0 && tail.getUint32(at, true) !== 0x06054b50) at--;
  if (at < 0) throw new Error('p_nobox');
  let count = tail.getUint16(at + 10, true), length = tail.getUint32(at + 12, true), start = tail.getUint32(at + 16, true);
  if (at >= 20 && tail.getUint32(at - 20, true) === 0x07064b50) {
    const from = Number(tail.getBigUint64(at - 12, true)), end = await view(from, from + 56);
    if (end.getUint32(0, true) !== 0x06064b50) throw new Error('p_nobox');
    [count, length, start] = [32, 40, 48].map(n => Number(end.getBigUint64(n, true)));
  }
  const dir = await view(start, start + length), entries = [];
  for (let n = 0, p = 0; n < count; n++) {
    if (dir.getUint32(p, true) !== 0x02014b50) throw new Error('p_nobox');
    const named = dir.getUint16(p + 28, true), more = dir.getUint16(p + 30, true), name = new TextDecoder().decode(new Uint8Array(dir.buffer, p + 46, named));
    const e = { name, stored: dir.getUint16(p + 10, true) === 0, size: dir.getUint32(p + 24, true), at: dir.getUint32(p + 42, true) };
    for (let x = p + 46 + named, end = x + more; x + 4 <= end; x += 4 + dir.getUint16(x + 2, true)) {
      if (dir.getUint16(x, true) !== 1) continue;
      let v = x + 4;
      const long = () => { const got = Number(dir.getBigUint64(v, true)); v += 8; return got; };
      if (e.size === 0xffffffff) e.size = long();
      if (dir.getUint32(p + 20, true) === 0xffffffff) long();
      if (e.at === 0xffffffff) e.at = long();
    }
    entries.push(e);
    p += 46 + named + more + dir.getUint16(p + 32, true);
  }
  return entries.map(e => ({ name: e.name, read: async () => {
    const head = await view(e.at, e.at + 30);
    if (!e.stored || head.getUint32(0, true) !== 0x04034b50) throw new Error('p_unreadable');
    const from = e.at + 30 + head.getUint16(26, true) + head.getUint16(28, true);
    return new Uint8Array(await file.slice(from, from + e.size).arrayBuffer());
  } }));
}
// A folder: the names begin with its own. What a system puts there for itself is
// none of the box.
const unfold = files => Array.from(files, f => ({ name: f.webkitRelativePath.replace(/^[^/]*\//, '').normalize('NFC'), read: async () => new Uint8Array(await f.arrayBuffer()) }))
  .filter(e => !/(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini)$/.test(e.name));

const textOf = b => new TextDecoder('utf-8', { fatal: true }).decode(b);
const atOnce = 1000; // entries that are shown

async function check(name, entries, tell) {
  const v = { broken: [], files: [], leaves: [], proven: 0, facts: {}, manifest: { files: [], keys: [], witnesses: [] } };
  const bad = (file, why, more = '') => v.broken.push({ name: file, why, more });
  const files = new Map();
  for (const e of entries) { if (files.has(e.name)) bad(e.name, 'p_twice'); files.set(e.name, e); }
  if (!files.has('manifest.json') || !files.has('seal.json')) { bad(name, 'p_nobox'); return v; }
  let manifestBytes;
  try { manifestBytes = await files.get('manifest.json').read(); v.manifest = { ...v.manifest, ...JSON.parse(textOf(manifestBytes)) }; } catch { bad('manifest.json', 'p_unreadable'); }
  const { keys, witnesses } = await keysOf(v, bad);
  const open = async (file, note) => {
    const found = await opened(note, keys, witnesses, v.own);
    if (found.why) bad(file, found.why);
    return found;
  };
  await seal(v, bad, files.get('seal.json'), manifestBytes, open);
  let head = null;
  if (files.has('checkpoint.txt')) try { head = await open('checkpoint.txt', textOf(await files.get('checkpoint.txt').read())); } catch { bad('checkpoint.txt', 'p_unreadable'); }
  const uploads = new Map(), known = new Set(['manifest.json', 'seal.json']);
  const isProof = f => /^proofs\//.test(f.name);
  const order = [...v.manifest.files.filter(isProof), ...v.manifest.files.filter(f => !isProof(f))];
  for (const [n, f] of order.entries()) {
    tell(n, order.length);
    known.add(f.name);
    v.files.push({ ...f, why: await packed(v, bad, f, files.get(f.name.normalize('NFC')) || files.get(f.name), uploads, isProof(f) && head) });
  }
  for (const n of known) known.add(n.normalize('NFC'));
  for (const n of files.keys()) if (!known.has(n)) bad(n, 'p_extra');
  return v;
}

async function keysOf(v, bad) {
  v.own = Boolean($('key').value.trim() || $('witness').value.trim());
  try {
    const keys = await parseKeys(v.own ? $('key').value : (v.manifest.keys || []).join('\n'), 1);
    if (keys.length) return { keys, witnesses: await parseKeys(v.own ? $('witness').value : (v.manifest.witnesses || []).join('\n'), 4) };
  } catch { /* it is said below */ }
  bad('seal.json', 'p_nokey');
  return { keys: [], witnesses: [] };
}

// A signed checkpoint: what it heads, or why it is none.
async function opened(note, keys, witnesses, own) {
  const { text, found } = await signatures(note, keys, witnesses);
  const [origin, size, root, ...rest] = text.split('\n');
  const trail = found.find(s => s.trail && s.ok && s.name === origin), witness = found.find(s => s.witness && s.ok);
  if (!trail || String(Number(size)) !== size || rest.length !== 2 || found.some(s => s.trail && !s.ok)) return { why: 'p_signature' };
  const head = { origin, size: Number(size), root, witness };
  if (witnesses.length ? !witness || found.some(s => !s.ok) : found.length > 1 && !own) head.why = 'p_witness';
  return head;
}

// The leaf that vouches for the manifest.
async function seal(v, bad, entry, manifestBytes, open) {
  const name = 'seal.json';
  try {
    const text = textOf(await entry.read()), p = JSON.parse(text);
    if (JSON.stringify({ leaf: p.leaf, index: p.index, size: p.size, hashes: p.hashes, checkpoint: p.checkpoint }) + '\n' !== text) bad(name, 'p_form');
    const head = await open(name, p.checkpoint);
    if (!head.origin) return;
    v.facts = head;
    const leaf = bytes(p.leaf);
    let root;
    try { root = await rootOf(p.hashes.map(bytes), 0, head.size, p.index, await leafHash(leaf)); } catch { root = []; }
    if (p.size !== head.size || !(p.index >= 0 && p.index < head.size) || !same(root, bytes(head.root))) { bad(name, 'p_leaf', ' ' + p.index); return; }
    v.proven++;
    const says = JSON.parse(textOf(leaf));
    if (says.action !== 'trail.box_sealed' || !manifestBytes || says.detail.manifest !== hex(await sha256(manifestBytes))) bad('manifest.json', 'p_manifest');
  } catch { bad(name, 'p_unreadable'); }
}

// One file of the manifest: why it is not what it should be, or ''.
async function packed(v, bad, f, entry, uploads, head) {
  let why = '';
  if (!entry) why = 'p_missing';
  else {
    try {
      const b = await entry.read(), sum = hex(await sha256(b));
      if (b.length !== f.size || sum !== f.sha256) why = 'p_changed';
      else if (f.upload && uploads.get(f.upload) !== sum) why = 'p_upload';
      if (head && head.origin) await part(v, bad, f.name, b, uploads, head);
    } catch { why = why || 'p_unreadable'; }
  }
  if (why) bad(f.name, why);
  return why;
}

// The proof of some leaves. One that was altered is named; the others hold.
async function part(v, bad, name, text, uploads, head) {
  const p = JSON.parse(textOf(text)), leaves = [];
  let last = -1;
  for (const l of p.leaves) {
    const leaf = bytes(l.leaf), hash = bytes(l.hash), ok = same(await leafHash(leaf), hash);
    if (!(l.index > last && l.index < head.size)) { bad(name, 'p_part'); return; }
    last = l.index;
    if (!ok) bad(name, 'p_leaf', ' ' + l.index.toLocaleString());
    leaves.push({ index: l.index, hash, leaf, ok });
  }
  let root = [];
  try { root = await rootOfPart(head.size, leaves, p.hashes.map(bytes)); } catch { /* no root is the right one */ }
  if (p.size !== head.size || !same(root, bytes(head.root))) { bad(name, 'p_part'); return; }
  for (const l of leaves) {
    if (!l.ok) continue;
    v.proven++;
    const says = JSON.parse(textOf(l.leaf));
    if (says.action === 'file.uploaded') uploads.set(says.subject.replace('file/', ''), says.detail && says.detail.sha256);
    if (v.leaves.length < atOnce) v.leaves.push({ index: l.index, at: says.at, action: says.action, subject: says.subject });
  }
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
  $('verdict').textContent = v.working ? t('working') + (v.all ? ` ${v.done.toLocaleString()} / ${v.all.toLocaleString()} ${t('of')}` : '') : (ok ? '✓ ' : '✕ ') + t(ok ? 'verified' : 'broken');
  $('why').textContent = v.working ? '' : t(ok ? 'verified_why' : 'broken_why');
  $('broken').replaceChildren(...v.broken.map(b => { const li = el('li'); li.append(el('strong', b.name), ': ' + t(b.why) + b.more); return li; }));
  $('facts').replaceChildren();
  $('tables').replaceChildren();
  if (v.working || !v.facts.origin) return;
  const w = v.facts.witness;
  for (const [k, value] of [
    ['f_about', v.manifest.about], ['f_made', v.manifest.made_at && when(v.manifest.made_at)], ['f_leaves', v.proven.toLocaleString()],
    ['f_trail', v.facts.size.toLocaleString()], ['f_signer', v.facts.origin], ['f_witness', w ? `${w.name} · ${when(w.at)}` : t('f_no_witness')], ['f_root', v.facts.root], ['f_keys', t(v.own ? 'keys_own' : 'keys_box')],
  ]) $('facts').append(el('dt', t(k)), el('dd', value));
  if (!v.own) for (const k of [...v.manifest.keys, ...v.manifest.witnesses]) $('facts').append(el('dt', ''), el('dd', k));
  table(t('files'), [[t('file')], [t('size'), 'w'], [t('state')]], [...v.files].sort((a, b) => (a.why ? 0 : 1) - (b.why ? 0 : 1)).slice(0, atOnce).map(f => [[f.name], [f.size.toLocaleString(), 'n w'], [f.why ? t(f.why) : t('good'), f.why ? 'broken' : '']]));
  table(t('entries'), [[t('no')], [t('at')], [t('action')], [t('subject'), 'w']], v.leaves.map(l => [[l.index.toLocaleString(), 'n'], [when(l.at), 'when'], [l.action], [l.subject, 'w']]));
  if (v.proven - 1 > v.leaves.length) $('tables').append(el('p', t('more')));
}
for (const id of ['th', 'en']) $(id).addEventListener('click', () => { lang = id; show(); });
let turn = 0;
async function run(name, entriesOf) {
  const mine = ++turn;
  delete document.documentElement.dataset.result;
  last = { working: true, broken: [] };
  show();
  const tell = (done, all) => { if (mine === turn && done % 20 === 0) { last = { working: true, broken: [], done, all }; show(); } };
  let v;
  try { v = await check(name, await entriesOf(), tell); } catch { v = { broken: [{ name, why: 'p_nobox', more: '' }], files: [], leaves: [], facts: {} }; }
  if (mine !== turn) return;
  last = v;
  show();
  document.documentElement.dataset.result = last.broken.length ? 'broken' : 'verified';
}
let again = () => {};
$('box').addEventListener('change', () => { const f = $('box').files[0]; $('folder').value = ''; if (f) (again = () => run(f.name, () => unzip(f)))(); });
$('folder').addEventListener('change', () => { const f = $('folder').files; $('box').value = ''; if (f.length) (again = () => run(f[0].webkitRelativePath.split('/')[0], async () => unfold(f)))(); });
for (const id of ['key', 'witness']) $(id).addEventListener('change', () => again());
show();
