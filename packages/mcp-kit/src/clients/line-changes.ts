/** Lines that are compared one by one; a longer change is shown whole. */
const MOST_COMPARED = 400;

/** The lines that a change takes away (`-`) and brings (`+`), each group with the line where it begins. No line around them: it may be secret. */
export function lineChanges(before: string, after: string): string[] {
  const [old, now] = [linesOf(before), linesOf(after)];
  let same = 0;
  while (same < old.length && same < now.length && old[same] === now[same]) same += 1;
  let tail = 0;
  while (tail < old.length - same && tail < now.length - same && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  const steps = compared(old.slice(same, old.length - tail), now.slice(same, now.length - tail));
  const shown: string[] = [];
  let line = same + 1;
  let inGroup = false;
  for (const { mark, text } of steps) {
    if (mark !== " " && !inGroup) shown.push(`@@ line ${line} @@`);
    if (mark !== " ") shown.push(`${mark} ${text}`);
    inGroup = mark !== " ";
    if (mark !== "-") line += 1;
  }
  return shown;
}

interface Step {
  readonly mark: " " | "-" | "+";
  readonly text: string;
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

/** By the longest run of lines that both have in common. */
function compared(old: readonly string[], now: readonly string[]): Step[] {
  const whole: Step[] = [...old.map((text): Step => ({ mark: "-", text })), ...now.map((text): Step => ({ mark: "+", text }))];
  if (old.length > MOST_COMPARED || now.length > MOST_COMPARED) return whole;
  const longest = Array.from({ length: old.length + 1 }, () => new Uint16Array(now.length + 1));
  for (let i = old.length - 1; i >= 0; i -= 1)
    for (let j = now.length - 1; j >= 0; j -= 1)
      longest[i]![j] = old[i] === now[j] ? longest[i + 1]![j + 1]! + 1 : Math.max(longest[i + 1]![j]!, longest[i]![j + 1]!);
  const steps: Step[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < now.length) {
    if (i < old.length && j < now.length && old[i] === now[j]) {
      steps.push({ mark: " ", text: old[i]! });
      [i, j] = [i + 1, j + 1];
    } else if (j >= now.length || (i < old.length && longest[i + 1]![j]! >= longest[i]![j + 1]!)) {
      steps.push({ mark: "-", text: old[i]! });
      i += 1;
    } else {
      steps.push({ mark: "+", text: now[j]! });
      j += 1;
    }
  }
  return steps;
}
