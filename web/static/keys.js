// Keys for people who work without a mouse. Nothing here sends anything: a key
// moves the focus or follows a link, and everything can be done without it.

const keysOff = document.documentElement.dataset.keys === "off";
const one = (selector) => document.querySelector(selector);
const every = (selector) => [...document.querySelectorAll(selector)];
const writes = (target) => target.closest?.("input:not([type=checkbox],[type=radio]),select,textarea,[contenteditable]");
let came; // what had the focus before the search
let going = -Infinity; // when g was pressed

// A page that exchanges no part of itself has no htmx until the search or the
// list of keys wants it.
let coming;
const swaps = () =>
  window.htmx ??
  (coming ??= new Promise((done) => {
    document.head.append(Object.assign(document.createElement("script"), { src: document.documentElement.dataset.htmx, onload: done }));
  }));
document.addEventListener("focusin", (event) => event.target.closest?.("[data-search]") && swaps());

const search = () => {
  const field = one("[data-search]");
  if (!field) return location.assign("/search");
  if (document.activeElement !== field) came = document.activeElement;
  field.focus();
  field.select();
};

const move = (links, step) => {
  const at = links.indexOf(document.activeElement);
  const to = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step];
  to?.focus();
  to?.scrollIntoView({ block: "nearest" });
  return to;
};

const help = async () => {
  const dialog = one("#keys");
  if (!dialog || dialog.open) return;
  await swaps();
  // htmx.ajax does not say itself what it replaces, and would be given the whole page.
  await htmx.ajax("GET", "/keys", { target: "#keys-list", swap: "outerHTML", headers: { "HX-Target": "div#keys-list" } });
  dialog.showModal();
};

// Back to where one came from, unless something was typed here that would be lost.
const leave = () => {
  if (one("main form[method=post] :is(input:not([type=hidden]),select,textarea)")) return;
  if (history.length > 1 && document.referrer.startsWith(location.origin + "/")) return history.back();
  const above = every(".crumbs a").pop();
  if (above) location.assign(above.href);
};

// What can be walked through with j and k: a link for each row.
const rows = () => every("main :is(td.lead a, .work-kind, .results a)");

// By physical key, because a Thai layout sends another letter.
const inSearch = (event) => {
  const links = every("[data-found] a");
  const field = one("[data-search]");
  switch (event.code) {
    case "ArrowDown":
      return move(links, 1);
    case "ArrowUp":
      return document.activeElement === links[0] ? field.focus() ?? field : document.activeElement !== field && move(links, -1);
    case "Escape":
      field.value = "";
      one("[data-found]").replaceChildren();
      (came?.isConnected ? came : one("#main")).focus();
      return true;
  }
};

// A page without the frame, such as the one to sign in, has nothing to reach.
if (one(".frame")) addEventListener("keydown", (event) => {
  const { code, target } = event;
  if (event.defaultPrevented || event.isComposing || event.altKey || one("dialog:modal")) return;
  const done = () => event.preventDefault();
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && code === "KeyK") return done(search());
  if (event.ctrlKey || event.metaKey) return;
  if (target.closest?.(".search")) return inSearch(event) && done();
  if (writes(target)) return;
  if (code === "ArrowDown" || code === "ArrowUp") {
    if (rows().includes(document.activeElement) && move(rows(), code === "ArrowDown" ? 1 : -1)) done();
    return;
  }
  if (keysOff) return;
  const went = event.timeStamp - going < 1500;
  going = -Infinity;
  if (went && !event.shiftKey) {
    const link = one(`a[data-go="${CSS.escape(code)}"]`);
    if (link) done(link.click());
    return;
  }
  if (code === "Slash" || event.key === "/" || event.key === "?") return done(event.shiftKey ? help() : search());
  if (event.shiftKey) return;
  if (code === "KeyG") going = event.timeStamp;
  else if (code === "KeyJ") done(move(rows(), 1));
  else if (code === "KeyK") done(move(rows(), -1));
  else if (code === "Escape") leave();
});
