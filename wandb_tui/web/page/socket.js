"use strict";

// When this tab connects again, its old dashboard makes room, even if the server has not noticed the loss of its
// connection yet.
const page = (sessionStorage.page ??= Math.random().toString(36).slice(2));

// The terminal opens its connection with the global WebSocket, and tells no one about it. This one knows where the
// dashboard is, and why it has ended.
window.dashboard = { opened: false, ending: "", ended: () => {} };
window.WebSocket = class extends WebSocket {
  constructor(address) {
    const url = new URL(address, location.href);
    url.protocol = "ws:";
    url.searchParams.set("page", page);
    super(url);
    this.addEventListener("open", () => (dashboard.opened = true));
    this.addEventListener("message", ({ data }) => {
      if (typeof data !== "string") return;
      const [kind, text] = JSON.parse(data);
      if (kind === "ended") dashboard.ending = text;
    });
    this.addEventListener("close", () => dashboard.ended());
  }

  // The terminal sends keys, its size and its focus at any time, also before and after.
  send(data) {
    if (this.readyState === WebSocket.OPEN) super.send(data);
  }
};
