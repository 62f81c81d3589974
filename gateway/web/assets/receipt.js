// The button does what the browser's menu does; without JavaScript the menu is there all the same.
for (const button of document.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
