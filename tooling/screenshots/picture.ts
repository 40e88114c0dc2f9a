import { createHash } from "node:crypto";
import { folded, terminalLines, type StyledText } from "./terminal-text.ts";

const [WIDTH, HEIGHT, SIZE] = [8.2, 19, 13.5];
const [LEFT, TOP, BOTTOM] = [18, 52, 18];
/** Columns of the terminal in a picture: as many as a page shows without making them small. */
export const COLUMNS = 110;

/** What a picture says of how it was made. */
export interface PictureFacts {
  readonly scene: string;
  /** The commands that were run, in order. */
  readonly commands: readonly string[];
  /** Version of what was run. */
  readonly version: string;
  /** SHA-256 of the lines that the picture shows. */
  readonly digest: string;
}

/** A picture of a terminal: a frame, a title, and its lines, each piece at its column. */
export function pictureOf(written: string, { scene, commands, version }: Omit<PictureFacts, "digest">): string {
  const lines = terminalLines(written).flatMap((line) => folded(line, COLUMNS));
  const text = lines.map((line) => line.map((piece) => piece.text).join(""));
  const columns = Math.max(60, ...text.map((line) => [...line].length));
  const [width, height] = [Math.ceil(columns * WIDTH + 2 * LEFT), lines.length * HEIGHT + TOP + BOTTOM];
  const facts: PictureFacts = { scene, commands, version, digest: digestOf(text) };
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(commands.join("; "))}">
<metadata>${escaped(JSON.stringify(facts))}</metadata>
<rect width="${width}" height="${height}" rx="8" fill="#0d1117"/>
<circle cx="20" cy="20" r="6" fill="#ff5f56"/><circle cx="40" cy="20" r="6" fill="#ffbd2e"/><circle cx="60" cy="20" r="6" fill="#27c93f"/>
<g font-family="Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${SIZE}" fill="#e6edf3">
${lines.map((line, index) => lineOf(line, TOP + index * HEIGHT)).join("\n")}
</g>
</svg>
`;
}

/** The facts of a picture, and the lines that it shows. */
export function readPicture(svg: string): { facts: PictureFacts; lines: string[] } {
  const facts = JSON.parse(unescaped(/<metadata>(.*?)<\/metadata>/.exec(svg)?.[1] ?? "{}")) as PictureFacts;
  const lines = [...svg.matchAll(/<text [^>]*>(.*?)<\/text>/g)].map(([, inner]) =>
    unescaped(inner!.replaceAll(/<[^>]*>/g, "")).replaceAll("\u00a0", " "),
  );
  return { facts, lines };
}

/** Of the lines as they are shown. */
export function digestOf(lines: readonly string[]): string {
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}

function lineOf(pieces: readonly StyledText[], y: number): string {
  let column = 0;
  const spans = pieces.map(({ text, color, bold, dim }) => {
    const x = shortest(LEFT + column * WIDTH);
    const columns = [...text].length;
    column += columns;
    const look = `${color === undefined ? "" : ` fill="${color}"`}${bold ? ' font-weight="bold"' : ""}${dim ? ' fill-opacity="0.65"' : ""}`;
    // Fonts differ in width: each piece takes its columns whatever the reader's font. Plain spaces would be taken together.
    return `<tspan x="${x}" textLength="${shortest(columns * WIDTH)}" lengthAdjust="spacingAndGlyphs"${look}>${escaped(text).replaceAll(" ", "\u00a0")}</tspan>`;
  });
  return `<text y="${y}">${spans.join("")}</text>`;
}

function shortest(length: number): string {
  return length.toFixed(1).replace(/\.0$/, "");
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function unescaped(text: string): string {
  return text.replaceAll("&quot;", '"').replaceAll("&gt;", ">").replaceAll("&lt;", "<").replaceAll("&amp;", "&");
}
