// The mailbox's conveniences: characters left, a draft on this device, files seen before they are sent.
// Without this script the form works as it is; nothing that was typed is ever parsed as markup.

const DRAFT = "huying.letter";
const SAVED = ["subject", "body", "place"]; // never who writes
const LARGEST = 10 * 1024 * 1024;

const store = {
  get: () => { try { return JSON.parse(localStorage.getItem(DRAFT)) || null; } catch { return null; } },
  set: (values) => { try { values ? localStorage.setItem(DRAFT, JSON.stringify(values)) : localStorage.removeItem(DRAFT); return true; } catch { return false; } },
};

const focus = document.querySelector("[data-focus]");
if (focus) focus.focus();
if (document.querySelector("[data-sent]")) store.set(null);

const form = document.getElementById("letter");
if (form) {
  const kind = () => (form.querySelector("[name=kind]:checked") || {}).value || "";

  const left = form.querySelector("[data-left]");
  const box = form.elements.body;
  const count = () => { left.textContent = left.dataset.words.replace("{n}", Math.max(0, box.maxLength - box.value.length)); };
  box.addEventListener("input", count);

  const note = form.querySelector("[data-draft]");
  const save = () => {
    const values = { kind: kind() };
    for (const name of SAVED) values[name] = form.elements[name].value;
    const worth = kind() !== "report" && SAVED.some((name) => values[name].trim());
    store.set(worth ? values : null);
    if (!worth) note.hidden = true;
  };
  const draft = store.get();
  const empty = SAVED.every((name) => !form.elements[name].value) && !kind();
  if (draft && empty) {
    for (const name of SAVED) form.elements[name].value = String(draft[name] || "");
    for (const choice of form.querySelectorAll("[name=kind]")) choice.checked = choice.value === draft.kind;
    note.hidden = false;
  }
  form.querySelector("[data-draft-delete]").addEventListener("click", () => {
    for (const name of SAVED) form.elements[name].value = "";
    for (const choice of form.querySelectorAll("[name=kind]")) choice.checked = false;
    store.set(null);
    note.hidden = true;
    count();
    form.elements.subject.focus();
  });
  if (store.set(draft)) form.querySelector("[data-draft-told]").hidden = false;
  form.addEventListener("input", save);
  form.addEventListener("change", save);
  count();

  const files = document.getElementById("attachment");
  const list = form.querySelector("[data-files]");
  const show = () => {
    list.textContent = "";
    for (const file of files.files) {
      const line = document.createElement("li");
      const text = document.createElement("span");
      const size = (Math.ceil((file.size / 1048576) * 10) / 10).toString();
      text.className = "hy-file";
      text.textContent = file.size > LARGEST ? files.dataset.large.replace("{name}", () => file.name).replace("{n}", size) : `${file.name}，${size}兆`;
      const button = document.createElement("button");
      button.type = "button";
      button.className = "hy-btn hy-btn--text";
      button.textContent = list.dataset.remove;
      button.setAttribute("aria-label", list.dataset.remove + file.name);
      button.addEventListener("click", () => { remove(file); files.focus(); });
      line.append(text, button);
      list.append(line);
    }
    list.hidden = !files.files.length;
  };
  const remove = (gone) => {
    const rest = [...files.files].filter((file) => file !== gone);
    try {
      const chosen = new DataTransfer();
      for (const file of rest) chosen.items.add(file);
      files.files = chosen.files;
    } catch { files.value = ""; } // older browsers: all of them, to be chosen anew
    show();
  };
  if (list) {
    files.addEventListener("change", show);
    // The list says what was chosen, so that the browser's own box is not needed any more.
    files.className = "hy-sr";
    files.nextElementSibling.className = "hy-btn";
  }
}
