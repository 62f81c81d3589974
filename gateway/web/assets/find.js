// Search as you type on the published answers. Without this script the form sends, and the same page comes back.
// The words are posted like the form, so that they stand in no address; what comes back is the server's own page.

const form = document.querySelector("form[data-find]");
if (form && window.fetch && window.AbortController) {
  const PAUSE = 300; // milliseconds without a key
  const FEWEST = 2; // characters that are worth asking
  const box = form.elements.q;
  const told = document.querySelector("[data-told]");
  const all = document.querySelector("[data-found]").cloneNode(true);
  let timer = 0;
  let asking = null;

  const show = (found) => {
    const place = document.querySelector("[data-found]");
    const now = document.importNode(found, true);
    place.replaceWith(now);
    const count = now.querySelectorAll("li").length;
    told.textContent = count ? told.dataset.words.replace("{n}", count) : now.querySelector("h2").textContent;
  };

  const ask = async () => {
    const q = box.value.trim();
    if (asking) asking.abort();
    if (q.length < FEWEST) { if (!q) show(all); return; }
    asking = new AbortController();
    try {
      const answer = await fetch(form.getAttribute("action"), { method: "POST", body: new URLSearchParams({ q }), credentials: "same-origin", signal: asking.signal });
      if (!answer.ok) return;
      show(new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-found]"));
    } catch { /* gone on typing, or no line: the button still works */ }
  };

  box.addEventListener("input", (event) => {
    clearTimeout(timer);
    if (!event.isComposing) timer = setTimeout(ask, PAUSE);
  });
  box.addEventListener("compositionend", () => { clearTimeout(timer); timer = setTimeout(ask, PAUSE); });
}
