// The hall's screen says so when its stream is lost, and takes that back when it is there again.
(() => {
  const say = (lost) => document.getElementById("offline").classList.toggle("shown", lost);
  const hear = (name, act) => document.addEventListener(name, act);
  let connected = false;
  hear("htmx:sse:after:connection", () => { connected = true; say(false); });
  hear("htmx:sse:error", () => say(true));
  // A stream that ends without an error is begun anew: until that works it is lost all the same.
  hear("htmx:sse:before:connection", (event) => { if (event.detail.connection.attempt > 0) say(true); });
  // The first connection is not tried twice by itself: once the server answers again, the page begins anew.
  setInterval(async () => {
    if (connected) return;
    say(true);
    const answer = await fetch(location.href).catch(() => null);
    if (answer && answer.ok) location.reload();
  }, 15000);
})();
