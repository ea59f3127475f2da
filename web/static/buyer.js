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

// A draft keeps the days of credit that were agreed for it. The day it is due
// follows in form.js.
const fillTerms = (days) => {
  if (days && picker.closest("form").elements.version.value === "0") fill("credit_days", days);
};

// Lines that nobody typed into take what the buyer usually withholds on.
const fillWithholding = (income) => {
  fill("usual_income", income);
  for (const line of document.querySelectorAll(".line-inputs > li")) {
    const typed = ["description", "price"].some((field) => line.querySelector(`[name=line_${field}]`).value.trim());
    if (!typed) line.querySelector("[name=line_income]").value = income;
  }
};

const pick = (button) => {
  fill("buyer_name", button.dataset.name);
  fill("buyer_tax_id", button.dataset.taxId);
  fill("buyer_branch", button.dataset.branch);
  fill("buyer_address", button.dataset.address);
  fillTerms(button.dataset.days);
  fillWithholding(button.dataset.income);
  clear();
};

const leaveBuyer = () => document.getElementById("buyer_name").focus();

picker.closest("form").addEventListener("click", (event) => {
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
