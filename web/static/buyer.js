// The box that finds a buyer on a bill, without asking the server to fill the
// form. Without this file its buttons send the form, and the server fills it.
"use strict";

const picker = document.querySelector("[data-picker]");
const find = picker.querySelector("input");
const found = () => [...picker.querySelectorAll(".found button")];

const pick = (button) => {
  for (const [field, value] of [["buyer_name", "name"], ["buyer_tax_id", "taxId"], ["buyer_branch", "branch"], ["buyer_address", "address"]]) {
    const input = document.getElementById(field);
    input.value = button.dataset[value];
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
  find.value = "";
  picker.querySelector(".found").replaceChildren();
  document.getElementById("buyer_name").focus();
};

picker.addEventListener("click", (event) => {
  const button = event.target.closest(".found button");
  if (!button) return;
  event.preventDefault();
  pick(button);
});

picker.addEventListener("keydown", (event) => {
  const buttons = found();
  const at = buttons.indexOf(document.activeElement);
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape" && find.value) {
    find.value = "";
    picker.querySelector(".found").replaceChildren();
    find.focus();
  } else if (event.key === "Enter" && document.activeElement === find && buttons.length) {
    pick(buttons[0]);
  } else if (step && buttons.length) {
    (buttons[at + step] ?? find).focus();
  } else {
    return;
  }
  event.preventDefault();
});
