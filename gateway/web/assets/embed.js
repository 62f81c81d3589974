// For other people's pages: <script src="https://…/embed.js" data-label="…" defer></script> puts a button there and, once
// it is pressed, our chat in a frame. Styles are set through CSSOM: the page's own policy need not allow any of ours.
const here = document.currentScript;
const us = new URL(here.src).origin;
const label = here.dataset.label || "12345";
const placed = "position:fixed;right:16px;bottom:16px;z-index:2147483647;";
let frame;

const button = document.createElement("button");
button.type = "button";
button.textContent = label;
button.style.cssText = placed + "min-height:56px;padding:0 20px;border:0;border-radius:8px;background:#17578F;color:#fff;font:600 18px system-ui,sans-serif;cursor:pointer";
document.body.append(button);

const show = (open) => {
  frame.hidden = !open;
  frame.style.display = open ? "block" : "none";
  button.style.display = open ? "none" : "block";
  (open ? frame : button).focus();
};
button.addEventListener("click", () => {
  if (!frame) {
    frame = document.createElement("iframe");
    frame.title = label;
    frame.style.cssText = placed + "width:min(420px,calc(100vw - 32px));height:min(720px,calc(100vh - 32px));border:1px solid #717B88;border-radius:8px;background:#fff";
    frame.addEventListener("load", () => frame.contentWindow.postMessage({ huying: "open" }, us));
    frame.src = us + "/chat/embed";
    document.body.append(frame);
  }
  show(true);
});
addEventListener("message", (event) => {
  if (event.origin === us && frame && event.source === frame.contentWindow && event.data && event.data.huying === "close") show(false);
});
