// Notes the timers that the page starts while something is typed: a check of an address often begins half a second after
// the last letter. `longest` is in milliseconds; a longer timer is no such check.
(longest) => {
  const key = Symbol.for("timers of typing");
  if (window[key]) return;
  const names = ["setTimeout", "clearTimeout"], [start, end] = names.map(name => window[name]);
  const own = names.map(name => Object.getOwnPropertyDescriptor(window, name));
  const watch = { pending: new Map(), longest, any: false };
  window.setTimeout = function (callback, delay, ...rest) {
    const run = typeof callback !== "function" ? callback : function () {
      watch.pending.delete(id);
      return callback.apply(this, arguments);
    };
    const id = start.call(this, run, delay, ...rest);
    if (delay >= 50 && delay <= watch.longest) {
      watch.any = true;
      watch.pending.set(id, [run, performance.now() + Number(delay), rest]);
    }
    return id;
  };
  window.clearTimeout = function (id) {
    watch.pending.delete(Number(id));
    return end.call(this, id);
  };
  watch.left = () => Math.max(0, ...[...watch.pending.values()].map(timer => timer[1] - performance.now()));
  watch.hurry = () => {
    const hurried = [...watch.pending];
    // What they start in their place may last a little longer than what was left: the page's clock counts whole
    // milliseconds, or the page rounds up.
    watch.longest = watch.left() + 20;
    watch.pending.clear();
    for (const [id, [run, , rest]] of hurried) {
      end.call(window, id);
      start.call(window, run, 0, ...rest);
    }
    return new Promise(done => start.call(window, done, hurried.length ? 10 : 0));
  };
  watch.stop = () => {
    names.forEach((name, at) => Object.defineProperty(window, name, own[at]));
    delete window[key];
  };
  window[key] = watch;
}
