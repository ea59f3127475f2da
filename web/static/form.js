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

// A day as it was typed: d/m/y with a whole year of either era, in digits of
// either script. Anything else is for the server to read.
const dayOf = (typed) => {
  const latin = typed.trim().replace(/[๐-๙]/g, (digit) => digit.charCodeAt(0) - 0x0e50);
  const [, day, month, year] = /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})$/.exec(latin) ?? [];
  if (!year) return null;
  const era = year > 2400 ? 543 : 0;
  const at = new Date(Date.UTC(year - era, month - 1, day));
  return at.getUTCDate() === Number(day) && at.getUTCMonth() === month - 1 ? { at, era } : null;
};

const dueAfter = ({ at, era }, days) => {
  const due = new Date(at.getTime() + days * 86400000);
  return [due.getUTCDate(), due.getUTCMonth() + 1].map((n) => String(n).padStart(2, "0")).join("/") + "/" + (due.getUTCFullYear() + era);
};

// The day it is due follows the bill's day and the days of credit; a day that
// is typed instead says how many days those are.
billForm?.addEventListener("input", (event) => {
  const { document_on: on, credit_days: credit, due_on: due } = billForm.elements;
  const day = dayOf(on.value);
  const days = credit.value.trim().replace(/[๐-๙]/g, (digit) => digit.charCodeAt(0) - 0x0e50);
  if (!day) return;
  if ((event.target === credit || event.target === on) && /^\d{1,3}$/.test(days)) {
    due.value = dueAfter(day, Number(days));
  } else if (event.target === due && credit.value) {
    const typed = dayOf(due.value);
    if (typed && typed.at >= day.at) credit.value = Math.round((typed.at - day.at) / 86400000);
  }
});

billForm?.addEventListener("paste", (event) => {
  const rows = event.clipboardData.getData("text/plain");
  if (!event.target.closest(".line-inputs") || !/[\t\n]/.test(rows.trim())) return;
  event.preventDefault();
  const box = billForm.elements.pasted;
  box.value = rows;
  box.closest("details").querySelector("button").click();
});
