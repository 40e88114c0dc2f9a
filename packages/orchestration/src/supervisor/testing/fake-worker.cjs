// A worker reduced to what a supervisor sees of one: it writes its alive file, drains on SIGTERM, and dies when killed.
const fs = require("node:fs");
const path = require("node:path");
const argument = (name) => process.argv.findLast((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3);
const file = argument("alive-file");
const mode = process.argv[2];
const seen = {
  pid: process.pid,
  build: path.basename(__dirname),
  local: argument("local-temporal"),
  debug: process.env.TEMPORAL_DEBUG,
  mark: process.env.MARK,
  kept: process.argv.includes("--kept-build"),
};
fs.appendFileSync(path.join(process.env.RECORD, "starts"), `${JSON.stringify(seen)}\n`);
if (mode === "dies") process.exit(1);
const open = path.join(process.env.RECORD, "open");
const tell = (phase) => {
  const open_runs = fs.existsSync(open) ? Number(fs.readFileSync(open, "utf8")) : 0;
  const left = path.join(process.env.RECORD, `left-${seen.build}`);
  const left_to = !process.argv.includes("--kept-build") && fs.existsSync(left) ? JSON.parse(fs.readFileSync(left, "utf8")) : undefined;
  fs.writeFileSync(
    `${file}.new`,
    JSON.stringify({ pid: process.pid, phase, open_runs, at: new Date().toISOString(), server: "fake", build: seen.build, left_to }),
  );
  fs.renameSync(`${file}.new`, file);
};
let phase = "starting";
tell(phase);
setTimeout(() => tell((phase = "running")), 100);
setInterval(() => tell(phase), 300);
process.on("SIGTERM", () => {
  fs.appendFileSync(path.join(process.env.RECORD, "drained"), `${process.pid}\n`);
  process.exit(0);
});
