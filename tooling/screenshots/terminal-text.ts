/** A piece of a line, as a terminal shows it. */
export interface StyledText {
  readonly text: string;
  readonly color?: string;
  readonly bold?: boolean;
  readonly dim?: boolean;
}

/** SGR codes of ECMA-48 that programs of ours use, and the colours of the picture for them. */
const COLORS: Readonly<Record<number, string>> = {
  31: "#ff7b72",
  32: "#7ee787",
  33: "#f2cc60",
  34: "#79c0ff",
  35: "#d2a8ff",
  36: "#76e3ea",
  90: "#8b949e",
};

/** What a terminal shows after all that was written, line by line: colours kept, lines that were written anew as they are in the end. */
export function terminalLines(written: string): StyledText[][] {
  const shown = written
    .replaceAll(/\r+\n/g, "\n")
    .split("\n")
    .map((line) => line.split(/\r(?:\u001b\[2K)?/).findLast((part, index, all) => part !== "" || index === all.length - 1) ?? ""); // oxlint-disable-line no-control-regex
  while (shown.at(-1) === "") shown.pop();
  let style: Omit<StyledText, "text"> = {};
  return shown.map((line) => {
    const pieces: StyledText[] = [];
    for (const part of line.split(/(\u001b\[[\d;]*[A-Za-z])/)) {
      const codes = /^\u001b\[([\d;]*)m$/.exec(part)?.[1]; // oxlint-disable-line no-control-regex
      if (codes !== undefined) style = codes.split(";").map(Number).reduce(styled, style);
      else if (part !== "" && !part.startsWith("\u001b")) pieces.push({ ...style, text: part });
    }
    return pieces;
  });
}

function styled(style: Omit<StyledText, "text">, code: number): Omit<StyledText, "text"> {
  if (code === 0) return {};
  if (code === 1) return { ...style, bold: true };
  if (code === 2) return { ...style, dim: true };
  const { color, bold, dim, ...rest } = style;
  if (code === 22) return { ...rest, ...(color !== undefined && { color }) };
  const kept = { ...(bold && { bold }), ...(dim && { dim }) };
  if (code === 39) return kept;
  return COLORS[code] === undefined ? style : { ...kept, color: COLORS[code] };
}

/** A line as a terminal of so many columns shows it: what does not fit goes on in the next. */
export function folded(line: readonly StyledText[], columns: number): StyledText[][] {
  const lines: StyledText[][] = [[]];
  let free = columns;
  for (const piece of line) {
    let rest = [...piece.text];
    while (rest.length > 0) {
      if (free === 0) {
        lines.push([]);
        free = columns;
      }
      const text = rest.slice(0, free).join("");
      lines.at(-1)?.push({ ...piece, text });
      free -= Math.min(free, rest.length);
      rest = rest.slice([...text].length);
    }
  }
  return lines;
}
