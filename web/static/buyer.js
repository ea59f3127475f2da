// The box that finds a buyer on a bill, without asking the server to fill the
// form. Without this file its buttons send the form, and the server fills it.

const picker = document.querySelector("[data-picker]");
const find = picker.querySelector("input");
const found = () => [...picker.querySelectorAll(".found button")];

// Asking for nothing takes the place of what was asked before and is still on its way.
const clear = () => {
  find.value = "";
  picker.querySelector(".found").replaceChildren();
  find.dispatchEvent(new Event("input", { bubbles: true }));
};

const fill = (field, value) => {
  const input = document.getElementById(field);
  input.value = value;
  input.dispatchEvent(new Event("input", { bubbles: true }));
};

// So many days after a day as it was typed, in the era in which it was typed.
const after = (typed, days) => {
  const [, day, month, year] = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/.exec(typed.trim()) ?? [];
  if (!year) return "";
  const era = year > 2400 ? 543 : 0;
  const on = new Date(Date.UTC(year - era, month - 1, Number(day) + days));
  return [on.getUTCDate(), on.getUTCMonth() + 1].map((n) => String(n).padStart(2, "0")).join("/") + "/" + (on.getUTCFullYear() + era);
};

// A draft keeps the days of credit that were agreed for it.
const fillTerms = (days) => {
  const due = after(document.getElementById("document_on").value, Number(days));
  if (!days || !due || picker.closest("form").elements.version.value !== "0") return;
  fill("credit_days", days);
  fill("due_on", due);
};

const pick = (button) => {
  fill("buyer_name", button.dataset.name);
  fill("buyer_tax_id", button.dataset.taxId);
  fill("buyer_branch", button.dataset.branch);
  fill("buyer_address", button.dataset.address);
  fillTerms(button.dataset.days);
  clear();
};

const leaveBuyer = () => document.getElementById("buyer_name").focus();

picker.addEventListener("click", (event) => {
  const button = event.target.closest(".found button");
  if (!button) return;
  event.preventDefault();
  pick(button);
  leaveBuyer();
});

// Until the Enter key that picked is let go, it must not save the form as well.
let picking = false;
picker.addEventListener("keypress", (event) => picking && event.preventDefault());
picker.addEventListener("keyup", () => {
  if (picking) leaveBuyer();
  picking = false;
});

picker.addEventListener("keydown", (event) => {
  if (picking) return event.preventDefault();
  const buttons = found();
  const at = buttons.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape" && find.value) {
    clear();
    find.focus();
  } else if (event.key === "Enter" && document.activeElement === find && buttons.length) {
    pick(buttons[0]);
    picking = true;
  } else if (step && buttons.length) {
    (buttons[at + step] ?? find).focus();
  } else {
    return;
  }
  event.preventDefault();
});
