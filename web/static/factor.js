// What pages of second factors gain by a script; without it they show less, and
// an authenticator app does all that a passkey does.

for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}

const makes = window.PublicKeyCredential?.parseCreationOptionsFromJSON;
const asks = window.PublicKeyCredential?.parseRequestOptionsFromJSON;

const answer = async (form) => {
  const response = await fetch(form.dataset.options, { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: "" });
  // Whoever must confirm who they are first does so, and comes back.
  if (response.status === 401) location.assign(`/identity?next=${encodeURIComponent(location.pathname)}`);
  if (!response.ok) throw new Error(`the portal answered ${response.status}`);
  const options = await response.json();
  return form.dataset.passkey === "create"
    ? navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
    : navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!makes || !asks) continue;
  form.hidden = false;
  const button = form.querySelector("button");
  const failed = form.querySelector("[role=alert]");
  button.addEventListener("click", async () => {
    button.disabled = true;
    failed.hidden = true;
    try {
      form.elements.credential.value = JSON.stringify((await answer(form)).toJSON());
      form.submit();
    } catch {
      failed.hidden = false;
      button.disabled = false;
    }
  });
}
