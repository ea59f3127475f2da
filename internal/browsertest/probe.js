// The questions a Page asks its document. They run in a world of their own, so
// neither the page's scripts nor its content security policy affect them, and
// they work with the page's scripts switched off.
({
  seen(el) {
    return el.checkVisibility({ visibilityProperty: true }) && el.getClientRects().length > 0;
  },

  one(css) {
    const all = [...document.querySelectorAll(css)];
    return all.find(this.seen) ?? all[0] ?? null;
  },

  busy() {
    return document.readyState !== "complete" ||
      document.querySelector(".htmx-swapping, .htmx-settling, .htmx-added") !== null ||
      document.fonts.status !== "loaded";
  },

  url() {
    return document.URL;
  },

  html() {
    return document.documentElement.outerHTML;
  },

  count(css) {
    return document.querySelectorAll(css).length;
  },

  // text answers null while there is no such element.
  text(css) {
    const el = this.one(css);
    if (!el) return null;
    return ("value" in el && el.matches("input, textarea, select") ? el.value : el.innerText).trim();
  },

  texts(css) {
    return [...document.querySelectorAll(css)].map((el) => el.innerText.trim());
  },

  visible(css) {
    return [...document.querySelectorAll(css)].some(this.seen);
  },

  // point finds where to press on the element, or on the button that sends the
  // form around it, or says what keeps a person from pressing.
  point(css, send) {
    let el = this.one(css);
    if (!el) return { problem: "nothing matches" };
    if (send) {
      const form = el.closest("form");
      if (!form) return { problem: "there is no form around it" };
      el = [...form.elements].find((e) => e.type === "submit" && this.seen(e));
      if (!el) return { problem: "its form has no button to send it" };
    }
    if (!this.seen(el)) return { problem: "it is not visible" };
    if (el.matches(":disabled")) return { problem: "it is disabled" };
    el.scrollIntoView({ block: "center", inline: "center", behavior: "instant" });
    const box = el.getClientRects()[0];
    const x = box.left + box.width / 2, y = box.top + box.height / 2;
    const top = document.elementFromPoint(x, y);
    if (top && (el.contains(top) || top.closest("label")?.control === el)) return { x, y };
    return { problem: "it is covered by " + (top ? top.cloneNode().outerHTML : "the edge of the window") };
  },

  // focus prepares a field for typing over what it holds. A field that is not
  // typed as text takes its value at once.
  focus(css, text) {
    const el = this.one(css);
    if (!el) return { problem: "nothing matches" };
    if (!this.seen(el)) return { problem: "it is not visible" };
    if (el.readOnly || el.matches(":disabled")) return { problem: "it cannot be changed" };
    el.scrollIntoView({ block: "center", behavior: "instant" });
    el.focus();
    if (["date", "month", "week", "time", "datetime-local", "color", "range"].includes(el.type)) {
      el.value = text;
      if (el.value !== text) return { problem: "it refuses the value " + JSON.stringify(text) };
      this.tell(el);
      return { typed: true };
    }
    el.select?.();
    if (text === "" && el.value !== "") {
      el.value = "";
      this.tell(el);
      return { typed: true };
    }
    return { typed: text === "" };
  },

  select(css, value) {
    const el = this.one(css);
    if (!el) return { problem: "nothing matches" };
    if (el.matches(":disabled")) return { problem: "it is disabled" };
    const option = [...(el.options ?? [])].find((o) => o.value === value && !o.disabled);
    if (!option) return { problem: "it offers no option with the value " + JSON.stringify(value) };
    el.focus();
    option.selected = true;
    this.tell(el);
    return {};
  },

  tell(el) {
    el.dispatchEvent(new Event("input", { bubbles: true }));
    el.dispatchEvent(new Event("change", { bubbles: true }));
  },
})
