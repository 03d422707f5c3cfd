// The hall's screen says so when its stream is lost, and takes that back when it is there again.
(() => {
  const say = (lost) => document.getElementById("offline").classList.toggle("shown", lost);
  const hear = (name, act) => document.addEventListener(name, act);
  let connected = false;
  hear("htmx:sse:after:connection", () => { connected = true; say(false); });
  hear("htmx:sse:error", () => say(true));
  // A stream that ends without an error is begun anew: until that works it is lost all the same.
  hear("htmx:sse:before:connection", (event) => { if (event.detail.connection.attempt > 0) say(true); });
  // The stream says something every ten seconds. A network that is gone without a word says nothing, and no error comes.
  let heard = Date.now();
  const alive = () => { if (!connected) return; heard = Date.now(); say(false); };
  for (const name of ["beat", "changed"]) document.getElementById("stream").addEventListener(name, alive);
  setInterval(() => { if (connected && Date.now() - heard > 35000) say(true); }, 5000);
  // The first connection is not tried twice by itself: once the server answers again, the page begins anew.
  setInterval(async () => {
    if (connected) return;
    say(true);
    const answer = await fetch(location.href).catch(() => null);
    if (answer && answer.ok) location.reload();
  }, 15000);
})();

// Calls are heard once somebody has switched the sound on, which browsers ask for. What was called before the page or the
// sound was there is not called out again; what is called later is, once each, one after the other.
(() => {
  const button = document.getElementById("sound");
  const main = () => document.getElementById("main");
  const waiting = [];
  const heard = new Set();
  const since = Date.parse(main().dataset.now);
  let device = null;
  let audio = null;
  let busy = false;

  const play = async (call) => {
    const answer = await fetch(`/api/queue/v1/speech/${call}.wav?language=${document.documentElement.lang.slice(0, 2)}`);
    if (!answer.ok) return;
    const sound = audio.createBufferSource();
    sound.buffer = await audio.decodeAudioData(await answer.arrayBuffer());
    sound.connect(audio.destination);
    const ended = new Promise((done) => { sound.onended = done; setTimeout(done, sound.buffer.duration * 1000 + 2000); });
    sound.start();
    await ended;
  };
  const playAll = async () => {
    if (busy) return;
    busy = true;
    while (waiting.length) await play(waiting.shift()).catch(() => null);
    busy = false;
  };
  const look = () => {
    for (const row of [...main().querySelectorAll("[data-call]")].reverse()) {
      const { call, called } = row.dataset;
      if (Date.parse(called) <= since || heard.has(call + called)) continue;
      heard.add(call + called);
      if (audio) waiting.push(call);
    }
    if (waiting.length > 6) waiting.splice(0, waiting.length - 6); // what is off the screen helps nobody
    if (audio) playAll();
  };
  const keep = (value) => { try { sessionStorage.setItem("sound", value); } catch { /* nothing is kept, then */ } };
  const kept = () => { try { return sessionStorage.getItem("sound"); } catch { return null; } };
  const begin = () => {
    if (audio || device.state !== "running") return;
    look(); // seen, and silent
    audio = device;
    keep("on");
    button.hidden = true;
  };
  const open = () => {
    if (!device) {
      device = new AudioContext();
      device.onstatechange = begin; // it may take a while, or a click where the browser wants one
    }
    device.resume().then(begin, () => null);
  };

  if (!window.AudioContext) return;
  button.hidden = false;
  button.addEventListener("click", open);
  if (kept()) open(); // a page that begins anew after a loss; where the browser refuses, the button stays
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
})();
