"use strict";

const RETRY_MS = 2000;

function show(text, label) {
  const message = document.querySelector("#message");
  const paragraph = document.createElement("p");
  paragraph.textContent = text;
  message.replaceChildren(paragraph);
  document.body.classList.add("-closed");
  if (!label) return;
  const button = document.createElement("button");
  button.textContent = label;
  button.addEventListener("click", reconnect);
  message.append(button);
  button.focus();
}

// The list is stored, so that a new dashboard shows it again as soon as the server can be reached.
async function reconnect() {
  try {
    const { ok } = await fetch(location.href);
    if (ok) location.reload();
    else show("This address is no longer valid: wandb-tui serve prints a new one at each start.");
  } catch {
    show("wandb-tui serve does not answer. Trying again…");
    setTimeout(reconnect, RETRY_MS);
  }
}

dashboard.ended = () => {
  if (dashboard.ending) show(dashboard.ending, "Open again");
  else if (dashboard.opened) reconnect();
  else show("The server has refused this page.", "Try again");
};

function focusTerminal() {
  if (document.body.classList.contains("-closed")) return;
  document.querySelector(".xterm-helper-textarea")?.focus();
}

// The terminal would send Ctrl-V as a key; left to the browser, it pastes.
addEventListener(
  "keydown",
  (event) => {
    if (event.ctrlKey && !event.altKey && event.key.toLowerCase() === "v") event.stopImmediatePropagation();
  },
  true,
);
addEventListener("focus", focusTerminal);

// The terminal measures its font once, so that must be there first.
const startTerminal = window.onload;
window.onload = async (event) => {
  const fonts = ["16px", "bold 16px", "italic 16px"].map((style) => document.fonts.load(`${style} "Roboto Mono"`));
  await Promise.allSettled(fonts);
  startTerminal(event);
  focusTerminal();
};
