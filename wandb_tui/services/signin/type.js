// Checks that a text may be typed into a field, and types it, in one step, so that nothing can change in between.
// Without a text it only checks. Returns "" on success, "unfit" if the field does not accept the text, or the origin
// that is not allowed: of this document, of an ancestor, or of the form's target.
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
  // Like typing by hand: frameworks receive the events, and the page's own limits apply.
  document.execCommand("insertText", false, text);
  if (element.value === text) return "";
  Object.getOwnPropertyDescriptor(Object.getPrototypeOf(element), "value").set.call(element, text);
  for (const name of ["input", "change"]) element.dispatchEvent(new Event(name, { bubbles: true, composed: true }));
  return element.value ? "" : "unfit";
}
