// The form of a bill: it keeps itself while somebody types, and takes rows of
// a spreadsheet. Comfort on top of a form that works without it.

const billForm = document.getElementById("presentment-form");
const said = billForm?.querySelector("[data-keep-at]");

if (said) {
  const typed = () => new URLSearchParams(new FormData(billForm)).toString();
  let known = typed();
  let timer;
  let under;

  const keep = async (leaving) => {
    clearTimeout(timer);
    const now = typed();
    if (now === known || billForm.dataset.sent) return;
    const before = known;
    known = now;
    under?.abort();
    under = new AbortController();
    try {
      // A browser lets only small requests outlive their page.
      const answer = await fetch(said.dataset.keepAt, {
        method: "POST", body: new URLSearchParams(now), redirect: "error", signal: under.signal, keepalive: leaving && now.length < 60000,
      });
      if (!answer.ok) throw new Error(answer.statusText);
      said.textContent = (await answer.text()).trim();
    } catch (failure) {
      if (failure.name === "AbortError") return;
      known = before;
      said.textContent = said.dataset.failed;
    }
  };

  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(keep, 1500);
  };
  billForm.addEventListener("input", later);
  billForm.addEventListener("change", later);
  document.addEventListener("htmx:after:swap", later); // lines come and go
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && keep(true));
  addEventListener("pagehide", () => keep(true));
  // What is sent is kept by what answers.
  billForm.addEventListener("submit", () => {
    clearTimeout(timer);
    under?.abort();
  });
}

billForm?.addEventListener("paste", (event) => {
  const rows = event.clipboardData.getData("text/plain");
  if (!event.target.closest(".line-inputs") || !/[\t\n]/.test(rows.trim())) return;
  event.preventDefault();
  const box = billForm.elements.pasted;
  box.value = rows;
  box.closest("details").querySelector("button").click();
});
