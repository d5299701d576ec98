// Sounds, made on the spot: two rising notes for somebody who waits, one soft note for an answer.

const NOTES = { waiting: [[659, 0], [880, 0.16], [1109, 0.32]], message: [[784, 0]] };
const LOUD = { waiting: 0.16, message: 0.08 };
let context = null;

/** Whether the browser would let us be heard now. */
export const audible = () => Boolean(navigator.userActivation?.hasBeenActive ?? context?.state === "running");

/** Play "waiting" or "message"; stays silent where the browser forbids it. */
export async function play(name) {
  if (!audible()) return; // it would be heard later, at the first click
  try {
    context ??= new AudioContext();
    if (context.state === "suspended") await context.resume();
    for (const [pitch, at] of NOTES[name]) note(pitch, context.currentTime + at, LOUD[name]);
  } catch { /* a browser without sound */ }
}

function note(pitch, at, loud) {
  const tone = context.createOscillator();
  const volume = context.createGain();
  tone.type = "sine";
  tone.frequency.value = pitch;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(loud, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.5);
  tone.connect(volume).connect(context.destination);
  tone.start(at);
  tone.stop(at + 0.55);
}
