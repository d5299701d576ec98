// Hints can come many a second; work that they ask for is done soon, one at a time, and not more often than is useful.

const HIDDEN_EVERY = 5000; // milliseconds between looks while nobody sees the page

/**
 * Return a function that has `work` done within `soon` milliseconds, but never twice at once, and with `every`
 * milliseconds between the end of one and the next. It has `cancel()`.
 */
export function calm(work, { soon = 100, every = 1000 } = {}) {
  let timer = 0, busy = false, again = false, ended = 0, over = false;
  const run = async () => {
    timer = 0;
    busy = true;
    again = false;
    try { await work(); } finally {
      busy = false;
      ended = Date.now();
      if (again) ask();
    }
  };
  const ask = () => {
    if (over || timer) return;
    if (busy) { again = true; return; }
    const pause = document.hidden ? Math.max(every, HIDDEN_EVERY) : every;
    timer = setTimeout(run, Math.max(soon, ended + pause - Date.now()));
  };
  ask.cancel = () => { over = true; clearTimeout(timer); };
  return ask;
}
