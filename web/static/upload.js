// Sends the files of a form one after another and shows how far each has come.
// The form does the same at once without this script; what the server answers
// is the same page. A single small file is sent the plain way: it is there
// before a bar could be drawn.

(() => {
  if (window.portalUploads) return;
  window.portalUploads = true;
  const small = 1 << 20;

  const line = (file, words) => {
    const item = Object.assign(document.createElement("li"), { className: "progress-line" });
    const name = Object.assign(document.createElement("span"), { textContent: file.name });
    const said = Object.assign(document.createElement("span"), { textContent: words.waiting });
    const bar = Object.assign(document.createElement("progress"), { max: 1, value: 0 });
    bar.setAttribute("aria-label", file.name);
    item.append(name, said, bar);
    return { item, said, bar };
  };

  // One file, one request. What comes back is the bill's page.
  const send = (action, field, file, row, words) =>
    new Promise((resolve) => {
      const body = new FormData();
      body.append(field, file);
      const request = new XMLHttpRequest();
      request.open("POST", action);
      request.responseType = "document";
      request.upload.onprogress = (event) => {
        if (!event.lengthComputable) return;
        row.bar.value = event.loaded / event.total;
        row.said.textContent = event.loaded < event.total ? Math.round((100 * event.loaded) / event.total) + " %" : words.checking;
      };
      request.onload = () => resolve(request);
      request.onerror = () => resolve(request);
      request.send(body);
    });

  const faults = (page) => Array.from(page?.querySelectorAll("#documents .error-summary li") ?? [], (li) => li.textContent.trim());

  // The page of the last answer takes this one's place, with every reason for
  // which a file was refused on the way.
  const show = (page, refused, form) => {
    const main = document.importNode(page.getElementById("main"), true);
    history.replaceState(null, "", form.action.replace(/\/documents$/, "") + "#documents");
    document.getElementById("main").replaceWith(main);
    window.htmx?.process?.(main);
    if (!refused.length) return main.querySelector("#documents")?.scrollIntoView({ block: "nearest" });
    let summary = main.querySelector("#documents .error-summary");
    if (!summary) {
      summary = Object.assign(document.createElement("div"), { className: "notice bad error-summary", tabIndex: -1 });
      summary.setAttribute("role", "alert");
      summary.append(Object.assign(document.createElement("h2"), { textContent: form.dataset.title }), document.createElement("ul"));
      main.querySelector("#documents form[data-upload], #documents .help:last-child")?.before(summary);
    }
    summary.querySelector("ul").replaceChildren(
      ...refused.map((reason) => Object.assign(document.createElement("li"), { textContent: reason })),
    );
    summary.focus();
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    const input = form.querySelector("[data-drop] input[type=file]");
    if (!form.hasAttribute("data-upload") || !input || event.defaultPrevented) return;
    const files = Array.from(input.files);
    if (!files.length || (files.length === 1 && files[0].size <= small)) return;
    event.preventDefault();
    const words = form.dataset;
    const rows = files.map((file) => line(file, words));
    form.querySelector(".drop-names").replaceChildren(...rows.map((row) => row.item));
    const refused = [];
    let page = null;
    for (const [n, file] of files.entries()) {
      const { item, said, bar } = rows[n];
      const request = await send(form.action, input.name, file, rows[n], words);
      const answer = request.response;
      const reasons = faults(answer);
      bar.remove();
      if (request.status === 200 && answer?.getElementById("documents")) {
        page = answer;
        item.dataset.state = "done";
        said.textContent = words.done;
        continue;
      }
      item.dataset.state = "refused";
      said.textContent = words.refused;
      if (request.status === 422 && reasons.length) {
        page = answer;
        refused.push(...reasons);
        continue;
      }
      // Signed out, submitted by somebody else, no network: nothing more will
      // go through. A page that says so is shown as it is.
      if (answer?.getElementById("main")) return show(answer, [], form);
      refused.push(...files.slice(n).map((left) => left.name + ": " + words.broken));
      break;
    }
    if (page) return show(page, refused, form);
    form.querySelector(".drop-names").append(Object.assign(document.createElement("li"), { textContent: words.broken }));
    delete form.dataset.sent;
  });
})();
