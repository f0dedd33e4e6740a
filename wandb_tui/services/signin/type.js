// Types a text into a field, in one stroke with asking whether it may be typed there: nothing can change in between.
// Without a text it only asks. Answers "" where all is well, "unfit" where the field takes nothing now, or the origin
// that speaks against it: of this document, of one around it, or of where the form is sent.
(element, { text, open, button }) => {
  const sentTo = (value) => {
    if (!value || /^\s*(javascript:|#)/i.test(value)) return location.origin;
    try { return new URL(value, document.baseURI).origin; } catch (error) { return location.origin; }
  };
  let form = element.form;
  for (let at = element; at && !form; at = at.parentElement || (at.getRootNode() || {}).host)
    if (at.tagName === "FORM") form = at;
  const origins = [location.origin, ...Array.from(location.ancestorOrigins || [])];
  if (form) origins.push(sentTo(form.getAttribute("action")));
  if (button && button.getAttribute("formaction")) origins.push(sentTo(button.getAttribute("formaction")));
  const foreign = origins.find((origin) => !open.includes(origin));
  if (foreign !== undefined) return foreign || "null";
  if (text === null) return "";

  element.focus();
  if (element.getRootNode().activeElement !== element || element.disabled || element.readOnly) return "unfit";
  element.select();
  // As a person's typing: frameworks hear of it, and the page's own limits hold.
  document.execCommand("insertText", false, text);
  if (element.value === text) return "";
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(element), "value").set.call(element, text);
  for (const name of ["input", "change"]) element.dispatchEvent(new Event(name, { bubbles: true, composed: true }));
  return element.value ? "" : "unfit";
}
