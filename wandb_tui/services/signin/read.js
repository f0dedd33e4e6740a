// Describes the visible fields, buttons, groups and messages of a document, without any value of a field.
// Also returns the elements, so that actions need no marks on the page.
() => {
  const elements = [];
  const roots = [document];
  const walk = (root, depth) => {
    for (const element of root.querySelectorAll("*")) {
      elements.push(element);
      if (element.shadowRoot && depth < 9) {
        roots.push(element.shadowRoot);
        walk(element.shadowRoot, depth + 1);
      }
    }
  };
  walk(document, 0);

  const clean = (text, limit) => (text || "").replace(/\s+/g, " ").trim().slice(0, limit || 200);
  const visible = (element) => {
    if (element.checkVisibility && !element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }))
      return false;
    const box = element.getBoundingClientRect();
    return box.width > 1 && box.height > 1 && box.right + scrollX > 0 && box.bottom + scrollY > 0;
  };
  // Whether an ancestor clips the whole element, as on honeypots and on later steps.
  const cutOff = (element) => {
    let { left, top, right, bottom } = element.getBoundingClientRect();
    let placed = "static";
    for (let at = element; at; at = parent(at)) {
      const style = getComputedStyle(at);
      if (/^inset\((5\d|[6-9]\d|100)(\.\d+)?%\)/.test(style.clipPath) || /^rect\((0|1)px,? \1px,? \1px,? \1px\)/.test(style.clip))
        return true;
      const holds = at !== element && at.tagName !== "BODY" && at.tagName !== "HTML" &&
        !(placed === "absolute" && style.position === "static");
      if (holds) {
        const box = at.getBoundingClientRect();
        if (/hidden|clip/.test(style.overflowX)) { left = Math.max(left, box.left); right = Math.min(right, box.right); }
        if (/hidden|clip/.test(style.overflowY)) { top = Math.max(top, box.top); bottom = Math.min(bottom, box.bottom); }
        if (right - left <= 1 || bottom - top <= 1) return true;
        placed = style.position;
      } else if (at === element) placed = style.position;
      if (placed === "fixed") return false;
    }
    return false;
  };
  const parent = (element) => element.parentElement || (element.getRootNode() || {}).host || null;
  const byIds = (element, ids) =>
    (ids || "").split(/\s+/).filter(Boolean).map((id) => {
      const root = element.getRootNode();
      return root.getElementById ? root.getElementById(id) : null;
    }).filter(Boolean);
  const textOf = (element) => clean(element.innerText || element.textContent);
  // The visible lines of text below a root. Labels and buttons are lines of their own, so that a message beside one is
  // not glued to it.
  const displays = new Map();
  const displayOf = (element) => {
    if (!displays.has(element)) displays.set(element, getComputedStyle(element).display);
    return displays.get(element);
  };
  const apart = (element) => /^(LABEL|LEGEND|BUTTON|DT)$/.test(element.tagName) || element.getAttribute("role") === "button";
  const unread = /^(SCRIPT|STYLE|NOSCRIPT|TEMPLATE|TEXTAREA|OPTION|TITLE)$/;
  const shown = new Map();
  const isShown = (element) => {
    if (!shown.has(element))
      shown.set(element, !unread.test(element.tagName) && (displayOf(element) === "contents" || visible(element)));
    return shown.get(element);
  };
  const linesOf = (root, limit) => {
    const lines = [];
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    let block = null, total = 0, line = null;
    for (let node = walker.nextNode(); node && total < limit; node = walker.nextNode()) {
      if (node.nodeType === Node.ELEMENT_NODE) {
        if (node.tagName === "BR") line = null;
        continue;
      }
      const element = node.parentElement || host(node);
      if (!element || !/\S/.test(node.data) || !isShown(element)) {
        if (line && /\s/.test(node.data)) line.text += " ";
        continue;
      }
      let at = element, inner = element;
      while (at !== root && parent(at) && !apart(at) && /^(inline|contents)$/.test(displayOf(at)))
        [inner, at] = [at, parent(at)];
      // A message may even be inside the label.
      const holder = at.tagName === "LABEL" ? inner : at;
      if (!line || holder !== block) lines.push((line = { text: "", apart: at !== root && apart(at), hidden: false }));
      block = holder;
      line.text += node.data;
      line.hidden = Boolean(element.closest("[aria-hidden=true]"));
      total += node.data.length;
    }
    return lines.map((found) => ({ ...found, text: clean(found.text, 300) })).filter((found) => found.text);
  };
  // Web components have their attributes on the host of the shadow root that contains the field.
  const host = (element) => (element.getRootNode() || {}).host || null;
  const onHost = (element, ...names) =>
    host(element) ? names.map((name) => host(element).getAttribute(name)).filter(Boolean).join(" ") : "";
  // Old pages have labels in the preceding cell or line.
  const before = (element) => {
    for (let at = element, up = 0; at && up < 2; at = at.parentElement, up++) {
      const text = at.previousElementSibling ? textOf(at.previousElementSibling) : "";
      if (text) return text.length < 60 && !at.previousElementSibling.querySelector("input,select") ? text : "";
    }
    return "";
  };
  const labelOf = (element) => clean([
    ...byIds(element, element.getAttribute("aria-labelledby")).map(textOf),
    ...Array.from(element.labels || []).map(textOf),
    element.getAttribute("aria-label"), element.getAttribute("placeholder"), element.getAttribute("title"),
    onHost(element, "label", "placeholder"),
  ].filter(Boolean).join(" ")) || before(element);
  const covered = (element) => {
    const box = element.getBoundingClientRect();
    let top = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    if (!top) return false;
    while (top.shadowRoot) {
      const inner = top.shadowRoot.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
      if (!inner || inner === top) break;
      top = inner;
    }
    for (let at = top; at; at = parent(at)) if (at === element) return false;
    return !element.contains(top) && !(top.contains(element) && !overlay(top)) && !labelled(top, element);
  };
  const labelled = (top, element) => Array.from(element.labels || []).some((label) => label.contains(top));
  const overlay = (element) => ["fixed", "sticky"].includes(getComputedStyle(element).position);
  const aboutCookies = /cookie|куки|クッキー|쿠키|ciasteczk|çerez|kakor|eväste|sütik|עוגיות|تعريف الارتباط/i;
  const banner = (element) => {
    for (let at = element; at && at !== document.body; at = parent(at)) {
      const name = `${at.id} ${at.getAttribute("class") || ""}`;
      if (/cookie|consent|gdpr|onetrust|didomi/i.test(name)) return true;
      if ((overlay(at) || at.getAttribute("role") === "dialog" || at.tagName === "DIALOG") &&
          aboutCookies.test(at.innerText || "")) return true;
    }
    return false;
  };

  const isButton = (element) =>
    element.tagName === "BUTTON" || element.tagName === "A" || element.getAttribute("role") === "button" ||
    element.getAttribute("role") === "link" ||
    element.getAttribute("role") === "tab" || (element.tagName === "SUMMARY" && !parent(element).open) ||
    (element.tagName === "INPUT" && ["submit", "button", "image"].includes(element.type)) || looksPressable(element);
  const looksPressable = (element) =>
    /^(DIV|SPAN|IMG|LI|P|B)$/.test(element.tagName) &&
    (element.hasAttribute("onclick") || element.tabIndex >= 0 ||
      /\b(btn|button)\b/i.test(element.getAttribute("class") || "")) &&
    getComputedStyle(element).cursor === "pointer" && !element.querySelector("a,button,input,[role=button]") &&
    !element.closest("a,button,label");
  // A link that only its pointer tells: the outermost element with that cursor, with a few words and nothing else.
  const looksClickable = (element) =>
    element.childElementCount < 4 && /\p{L}/u.test(element.textContent) && element.textContent.trim().length < 60 &&
    !/^(LABEL|HTML|BODY|OPTION)$/.test(element.tagName) && getComputedStyle(element).cursor === "pointer" &&
    parent(element) && getComputedStyle(parent(element)).cursor !== "pointer" && !element.shadowRoot &&
    !element.querySelector("a,button,input,select,textarea,label,[role=button],[role=link]");
  const isField = (element) =>
    (element.tagName === "INPUT" && !["hidden", "submit", "button", "image", "reset", "file", "range", "color"]
      .includes(element.type)) || element.tagName === "TEXTAREA" || element.tagName === "SELECT";

  // A button on the same line as a field helps with that field ("show", "clear") and does not submit the form.
  const isTab = (element) => element.getAttribute("role") === "tab";
  const shownButtons = elements.filter((element) =>
    isButton(element) && element.tagName !== "A" && !isTab(element) && visible(element));
  const shownFields = elements.filter((element) => isField(element) && element.tagName !== "SELECT" &&
    !["checkbox", "radio"].includes(element.type) && visible(element));
  const onLineOf = (button, field) => {
    const one = button.getBoundingClientRect(), other = field.getBoundingClientRect();
    return one.top < other.bottom && one.bottom > other.top && one.width < other.width / 2;
  };
  const liesOn = (button, field) => {
    const one = button.getBoundingClientRect(), other = field.getBoundingClientRect();
    return onLineOf(button, field) && one.left < other.right - 1 && one.right > other.left + 1;
  };
  const helpers = new Set(shownButtons.filter((button) => shownFields.some((field) => onLineOf(button, field))));
  const holdsButton = new Set();
  for (const button of shownButtons)
    if (!helpers.has(button)) for (let at = button; at; at = parent(at)) holdsButton.add(at);

  const groupRoots = [];
  const above = (element, test) => {
    for (let at = element; at; at = parent(at)) if (test(at)) return at;
    return null;
  };
  const groupOf = (element) => {
    const root = element.form || above(element, (at) => at.tagName === "FORM" || at.getAttribute("role") === "form") ||
      above(element, (at) => at.tagName === "DIALOG" || at.getAttribute("role") === "dialog") ||
      // Without a form, the group is the content of a common ancestor with a button.
      above(parent(element), (at) => at === document.body || holdsButton.has(at)) || document.documentElement;
    if (!groupRoots.includes(root)) groupRoots.push(root);
    return groupRoots.indexOf(root);
  };
  const addressOf = (value) => {
    try { return new URL(value, document.baseURI); } catch (error) { return null; }
  };
  // The target of a form; without an action, or with a script as its action, the document itself.
  const sentTo = (value) => (!value || /^\s*(javascript:|#)/i.test(value) ? new URL(location.href) : addressOf(value));

  // Some pages mask a text field, to keep password managers away; others show the password at first.
  const masked = (element) => ["disc", "circle", "square"].includes(getComputedStyle(element).webkitTextSecurity);
  const kindOf = (element) => {
    if (element.tagName !== "INPUT") return element.tagName.toLowerCase();
    const shows = element.autocomplete === "current-password" ||
      /^(pass(word|wd|wort)?|pwd|kennwort|senha|contrase(ñ|n)a|mot_?de_?passe|mdp|haslo|heslo)$/i.test(element.name || element.id);
    return ["text", "tel"].includes(element.type) && (masked(element) || shows) ? "password" : element.type;
  };

  // What tells a button from others with the same text: its accessible name, and the text around it alone.
  const allButtons = elements.filter((element) => isButton(element) && visible(element));
  const aboutOf = (element) => {
    let around = element;
    for (let at = parent(element), up = 0; at && up < 4; at = parent(at), up++) {
      if (allButtons.some((other) => other !== element && at.contains(other)) || textOf(at).length > 120) break;
      around = at;
    }
    return clean(`${element.getAttribute("aria-label") || ""} ${around === element ? "" : textOf(around)}`);
  };

  const fields = [], buttons = [], alerts = [];
  let challenge = "";
  elements.forEach((element, index) => {
    if (isField(element)) {
      const described = byIds(element, element.getAttribute("aria-errormessage"))
        .concat(byIds(element, element.getAttribute("aria-describedby"))).filter(visible).map(textOf).join(" ");
      fields.push({
        index, kind: kindOf(element),
        autocomplete: clean(element.getAttribute("autocomplete") || onHost(element, "autocomplete")).toLowerCase(),
        name: clean(`${element.name || ""} ${element.id || ""} ${onHost(element, "name", "id")}`, 100),
        label: labelOf(element),
        numeric: element.inputMode === "numeric", length: element.maxLength || 0,
        visible: visible(element) && !cutOff(element), enabled: !element.disabled && !element.closest("[inert]") &&
          // Some fields are read-only until focused, to keep password managers away.
          !(element.readOnly && element.value),
        // An empty field that must be filled in is invalid from the start, which tells nothing.
        empty: !element.value, invalid: element.getAttribute("aria-invalid") === "true" ||
          Boolean(element.validity && !element.validity.valid && !element.validity.valueMissing),
        described: clean(described || element.validationMessage, 300), covered: visible(element) && covered(element), group: groupOf(element),
      });
    } else if (isButton(element) || looksClickable(element)) {
      const weak = !isButton(element);
      const shown = visible(element) && !cutOff(element);
      const target = element.tagName === "A" ? addressOf(element.getAttribute("href") || "") : null;
      if (!shown) return;
      const ownAction = element.getAttribute("formaction") ? sentTo(element.getAttribute("formaction")) : null;
      buttons.push({
        index, kind: isTab(element) ? "tab" : weak || element.tagName === "A" || element.getAttribute("role") === "link" ? "link"
          : ["submit", "image"].includes(element.type) && element.form ? "submit" : "button",
        text: clean(element.tagName === "INPUT" ? element.value || element.alt : element.innerText) ||
          clean(element.getAttribute("aria-label") || element.title || textOf(element)) ||
          (host(element) ? textOf(host(element)) : ""),
        name: clean(`${element.name || ""} ${element.id || ""}`, 100), href: target ? target.origin + target.pathname : "",
        about: aboutOf(element),
        enabled: !element.disabled && element.getAttribute("aria-disabled") !== "true" &&
          !(isTab(element) && element.getAttribute("aria-selected") === "true"), banner: banner(element),
        group: element.form ? groupOf(element) : -1, helper: helpers.has(element),
        inside: shownFields.some((field) => liesOn(element, field)),
        action: ownAction ? ownAction.origin : "",
      });
    }
  });
  // A button outside a form belongs to the smallest group around it.
  for (const button of buttons) {
    if (button.group >= 0) continue;
    for (let at = elements[button.index]; at && button.group < 0; at = parent(at)) button.group = groupRoots.indexOf(at);
  }

  const within = (element) => {
    for (let at = element; at; at = parent(at)) if (groupRoots.indexOf(at) >= 0) return groupRoots.indexOf(at);
    return -1;
  };
  const reported = new Set();
  const report = (element, source) => {
    // Its words only: no labels, no buttons, no symbols that close or decorate it.
    const said = linesOf(element, 800).filter((line) => !line.apart && !line.hidden && /[\p{L}\p{N}]/u.test(line.text));
    const text = clean(said.map((line) => line.text).join(" "), 400);
    if (text.length < 3 || reported.has(text) || !visible(element) || banner(element)) return;
    if (element.querySelector("input:not([type=hidden]),form,nav")) return;
    reported.add(text);
    alerts.push({ text, source, group: within(element) });
  };
  for (const element of elements)
    if (/^(alert|alertdialog)$/.test(element.getAttribute("role") || "") ||
        element.getAttribute("aria-live") === "assertive") report(element, "alert");
  for (const field of fields) {
    const element = elements[field.index];
    if (!field.visible) continue;
    if (field.invalid || element.getAttribute("aria-errormessage"))
      byIds(element, `${element.getAttribute("aria-errormessage") || ""} ${element.getAttribute("aria-describedby") || ""}`)
        .forEach((message) => report(message, "invalid"));
  }
  for (const element of elements) {
    const name = `${element.id} ${element.getAttribute("class") || ""}`;
    if (element.getAttribute("role") === "status" || element.getAttribute("aria-live") === "polite" ||
        element.tagName === "OUTPUT")
      report(element, "status");
    else if (/error|alert|invalid|danger|warning|toast|snackbar|notif|message|\bflash|\bnotice/i.test(name) &&
             !isField(element) && !isButton(element)) report(element, "named");
  }

  const puzzle = /captcha|turnstile|challenges\.cloudflare|arkose|funcaptcha|geetest|awswaf/i;
  const drawn = "iframe,img,canvas,svg,input:not([type=hidden]),button";
  for (const element of elements) {
    const name = `${element.id} ${element.getAttribute("class") || ""} ${element.getAttribute("name") || ""} ` +
      `${element.tagName === "IFRAME" ? `${element.src} ${element.title}` : ""}`;
    const key = element.hasAttribute("data-sitekey");
    if (!key && !puzzle.test(name)) continue;
    const box = element.getBoundingClientRect();
    if (/badge|invisible/i.test(name) || element.type === "hidden" || !visible(element) || box.height < 20) continue;
    if (element.getAttribute("data-size") === "invisible") continue;
    // A line of text that only mentions a captcha is none.
    if (!key && !element.matches(drawn) && !element.querySelector(drawn) && !element.shadowRoot) continue;
    challenge = clean(name, 120) || "data-sitekey";
    break;
  }

  // Also in a closed menu: addresses are English in most languages.
  const wayOut = elements.some((element) => ["href", "action", "formaction"].some((name) =>
    /(log|sign)[-_]?(out|off)(?![a-z])/i.test(element.getAttribute(name) || "")));

  // Without any script, frame or refresh, nothing changes the document once it has loaded.
  const unchanging = document.readyState === "complete" && window[Symbol.for("had a script")] === false &&
    roots.length === 1 && window.length === 0 && !elements.some((element) =>
      /^script$/i.test(element.tagName) || (/^meta$/i.test(element.tagName) && /^refresh$/i.test(element.httpEquiv)) ||
      element.getAttributeNames().some((name) => /^on/i.test(name)));

  const groups = groupRoots.map((root) => {
    const action = root.tagName === "FORM" ? sentTo(root.getAttribute("action")) : null;
    let heading = "";
    for (let at = root, up = 0; at && up < 4 && !heading; at = parent(at), up++) {
      // A heading over several forms, or over another one, does not describe this one.
      if (groupRoots.some((other) => at.contains(other) && !other.contains(root) && !root.contains(other))) break;
      const found = at.querySelector && at.querySelector("h1,h2,h3,legend,[role=heading]");
      if (found && visible(found)) heading = textOf(found);
    }
    return {
      form: root.tagName === "FORM", action: action ? action.origin : "", path: action ? action.pathname : "",
      heading: clean(`${root.getAttribute("aria-label") || ""} ${heading}`),
      name: clean(`${root.id} ${root.getAttribute("name") || ""} ${root.getAttribute("class") || ""}`, 100),
    };
  });

  const lines = [document.body, ...roots.slice(1)].filter(Boolean).flatMap((root) => linesOf(root, 8000));
  return {
    elements,
    described: {
      url: location.origin + location.pathname, origin: location.origin, title: clean(document.title),
      loaded_at: performance.timeOrigin, ready: document.readyState, static: unchanging,
      text: lines.map((line) => line.text).join("\n").slice(0, 8000),
      fields, buttons, alerts, groups, challenge, way_out: wayOut, passkey: Boolean(window[Symbol.for("asks for a passkey")]),
    },
  };
}
