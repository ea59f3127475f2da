// Comfort on top of pages that work without it: nothing here may be needed.

const closest = (event, selector) => event.target.closest?.(selector);

// One click sends once. The button stays enabled until the form data is read.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("data-again")) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "1";
  const button = event.submitter;
  if (!button?.dataset.busy) return;
  setTimeout(() => {
    button.dataset.label = button.textContent;
    button.textContent = button.dataset.busy;
    button.setAttribute("aria-disabled", "true");
  });
});

// A page taken from the back cache, or a form answered in place, may send again.
const rearm = () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("button[data-label]")) {
    button.textContent = button.dataset.label;
    button.removeAttribute("aria-disabled");
    delete button.dataset.label;
  }
};
addEventListener("pageshow", (event) => event.persisted && rearm());
document.addEventListener("htmx:finally:request", rearm);

// What few people ask for is fetched once they do: a button's own script.
for (const button of document.querySelectorAll("[data-script]")) {
  button.hidden = false;
  button.addEventListener("click", async () => (await import(button.dataset.script)).default(button));
}

document.addEventListener("click", async (event) => {
  const copy = closest(event, "[data-copy]");
  if (copy) {
    await navigator.clipboard.writeText(copy.dataset.copy);
    copy.classList.add("done");
    setTimeout(() => copy.classList.remove("done"), 1500);
  }
  for (const menu of document.querySelectorAll("details[name=bar-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("change", (event) => {
  const { target } = event;
  const names = target.closest("[data-drop]")?.querySelector(".drop-names");
  names?.replaceChildren(...Array.from(target.files, (file) => Object.assign(document.createElement("li"), { textContent: file.name })));
});

for (const type of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(type, (event) => {
    const zone = closest(event, "[data-drop]");
    if (!zone) return;
    zone.classList.toggle("over", type === "dragover");
    if (type === "dragleave") return;
    event.preventDefault();
    if (type !== "drop") return;
    const input = zone.querySelector("input");
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

// Folds remember whether they stood open; no content is stored.
for (const fold of document.querySelectorAll("details[data-keep]")) {
  const key = "fold:" + fold.dataset.keep;
  if (localStorage.getItem(key)) fold.open = true;
  fold.addEventListener("toggle", () => (fold.open ? localStorage.setItem(key, "1") : localStorage.removeItem(key)));
}
