// What the set-up shows: live lines at a terminal, plain lines elsewhere. Always on stderr: stdout belongs to what runs after it.
const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const QUIET_MS = 15_000;

/** Shows steps that run beside each other. */
export function createBoard(out = process.stderr) {
  const live = out.isTTY === true && process.env.TERM !== "dumb" && !process.env.CI;
  const steps = new Set();
  let shown = 0;
  let frame = 0;
  let timer;

  const seconds = (step) => `${((performance.now() - step.started) / 1000).toFixed(1)} s`;
  const clear = () => {
    if (live && shown > 0) out.write(`\x1b[${shown}A\x1b[0J`);
    shown = 0;
  };
  const draw = () => {
    if (!live) return;
    clear();
    const width = (out.columns ?? 80) - 1;
    frame = (frame + 1) % FRAMES.length;
    for (const step of steps)
      out.write(`${`${FRAMES[frame]} ${step.name.padEnd(10)} ${seconds(step).padStart(8)}  ${step.text}`.slice(0, width)}\n`);
    shown = steps.size;
  };
  const print = (line) => {
    clear();
    out.write(`${line}\n`);
    draw();
  };
  const tick = () => {
    if (live) return draw();
    for (const step of steps) {
      if (performance.now() - step.told < QUIET_MS) continue;
      step.told = performance.now();
      out.write(`  ${step.name}: ${seconds(step)} ${step.text}\n`);
    }
  };

  return {
    print,
    /** Begins a step. Exactly one of `done`, `failed` ends it. */
    step(name, text) {
      const step = { name, text, started: performance.now(), told: performance.now() };
      steps.add(step);
      timer ??= setInterval(tick, live ? 100 : 1000).unref();
      if (live) draw();
      else out.write(`  ${name}: ${text}\n`);
      const end = (mark, said) => {
        clear();
        steps.delete(step);
        if (steps.size === 0) timer = clearInterval(timer);
        print(`${mark} ${name.padEnd(10)} ${seconds(step).padStart(8)}  ${said}`);
      };
      return {
        update: (said) => (step.text = said.trim()),
        done: (said) => end("✔", said),
        failed: (said) => end("✘", said),
      };
    },
  };
}
