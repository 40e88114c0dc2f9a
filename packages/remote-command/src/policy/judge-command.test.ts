import { sha256, type CommandRule, type Environment, type EnvironmentRemote, type Policy, type RemoteSettings } from "@platform-ops/ledger";
import { temporaryPolicy } from "@platform-ops/ledger/testing";
import { describe, expect, it } from "vitest";
import type { ProgramCommand, RemoteCommand } from "../command.ts";
import type { CommandEffect, Verdict } from "../remote.ts";
import { judgeCommand, needsLook, type Judged } from "./judge-command.ts";

const TARGET = { cluster: "staging", node: "web1", user: "deploy" };

function settingsOf(...names: string[]): RemoteSettings {
  const cluster = (name: string): RemoteSettings["clusters"][string] => ({
    transport: "teleport",
    teleport: { cluster: name, mode: "tsh", insecure: false },
    ssh: { hosts: [], known_hosts: [], identity_files: [], via: "ssh2" },
    envelope: "watchdog",
    sudo_timeout: "inside",
  });
  return {
    clusters: Object.fromEntries(names.map((name) => [name, cluster(name)])),
    timeout_seconds: 30,
    max_timeout_seconds: 900,
    concurrency: 25,
    remedies: {},
  };
}

function environment(name: string, remote: Partial<EnvironmentRemote>, over: Partial<Environment> = {}): Environment {
  return {
    name,
    match: { clusters: ["staging"] },
    protected: false,
    channels: ["cli"],
    remote: { preset: "guarded", sudo: false, kubeconfig: "default", deny: [], ask: [], allow: [], ...remote },
    ...over,
  };
}

function judge(remote: Partial<EnvironmentRemote>, command: RemoteCommand | string, over: Partial<Judged> = {}, policy?: Policy): Verdict {
  return judgeCommand(policy ?? temporaryPolicy([environment("staging", remote)]), settingsOf("staging", "production"), {
    target: TARGET,
    command: typeof command === "string" ? { kind: "shell", text: command } : command,
    effect: "free",
    timeoutMs: 30_000,
    ...over,
  });
}

const program = (name: string, ...args: string[]): ProgramCommand => ({ kind: "program", program: name, args });
const rule = (text: string): CommandRule => {
  const [name = "", ...args] = text.split(" ");
  return { program: name, ...(args.length === 0 ? {} : { args }) };
};
const NOTHING_MORE = { preset: "open" as const, deny: [rule("rm")] };

describe("presets", () => {
  const table: Record<string, Record<CommandEffect, string>> = {
    guarded: { read: "run", steer: "run", write: "ask", free: "ask" },
    open: { read: "run", steer: "run", write: "run", free: "run" },
    locked: { read: "run", steer: "refuse", write: "refuse", free: "refuse" },
  };
  it.each(
    Object.entries(table).flatMap(([preset, row]) => Object.entries(row).map(([effect, verdict]) => [preset, effect, verdict] as const)),
  )("%s, %s: %s", (preset, effect, verdict) => {
    const found = judge({ preset: preset as "open" }, program("kubectl", "get", "pods"), { effect: effect as CommandEffect });
    expect(found.verdict).toBe(verdict);
    expect(found.because).toContain(`preset ${preset}`);
    expect(found.environment).toBe("staging");
  });

  it("a cluster that is only allowed is guarded", () => {
    const policy = temporaryPolicy();
    expect(judge({}, program("kubectl"), { effect: "read" }, policy)).toMatchObject({ verdict: "run", environment: "default" });
    expect(judge({}, "uptime", {}, policy)).toMatchObject({ verdict: "ask", environment: "default" });
  });

  it("a text for a shell is free, whatever the caller calls it", () => {
    expect(judge({ preset: "locked" }, "uptime", { effect: "read" }).verdict).toBe("refuse");
    expect(judge({}, "uptime", { effect: "steer" }).verdict).toBe("ask");
  });

  it("read-only lets only reads through, and nothing widens it", () => {
    const policy = { ...temporaryPolicy([environment("staging", { preset: "open", allow: [rule("uptime")] })]), read_only: true };
    expect(judge({}, program("kubectl"), { effect: "read" }, policy).verdict).toBe("run");
    for (const effect of ["steer", "write", "free"] as const)
      expect(judge({}, program("uptime"), { effect }, policy).verdict).toBe("refuse");
  });
});

describe("rules", () => {
  it("deny wins over ask, ask over allow, allow over the preset", () => {
    const all = [rule("systemctl restart *")];
    expect(judge({ deny: all, ask: all, allow: all }, "systemctl restart web")).toMatchObject({
      verdict: "refuse",
      because: "It is forbidden by environments[staging].remote.deny[0] (systemctl restart *).",
    });
    expect(judge({ preset: "open", ask: all, allow: all }, "systemctl restart web").verdict).toBe("ask");
    expect(judge({ allow: all }, "systemctl restart web").verdict).toBe("run");
    expect(judge({ preset: "locked", allow: all }, "systemctl restart web").verdict).toBe("run");
    expect(judge({ allow: all }, "systemctl stop web").verdict).toBe("ask");
  });

  it.each<[string, string, string]>([
    ["uptime", "uptime", "run"],
    ["uptime", "/usr/bin/uptime", "ask"],
    ["uptime", "/tmp/uptime", "ask"],
    ["uptime", "sudo uptime", "ask"],
    ["uptime", "env uptime", "ask"],
    ["tail -n * /var/log/*", "tail -n 5 /var/log/syslog", "run"],
    ["tail -n * /var/log/*", "tail -n 5 /var/log/app/secret", "ask"],
    ["tail -n * /var/log/**", "tail -n 5 /var/log/app/x.log", "run"],
    ["tail -n * /var/log/**", "tail -n 5 /var/log/../../etc/shadow", "ask"],
    ["tail -n * /var/log/**", "tail -n --retry /var/log/x", "ask"],
    ["tail -n * /var/log/**", "tail -n 5 /var/log/x /etc/shadow", "ask"],
    ["journalctl -u *", "journalctl -u --file=/etc/shadow", "ask"],
    ["journalctl --unit=*", "journalctl --unit=web", "run"],
    ["cat *", "cat ../etc/shadow", "ask"],
    ["kubectl get **", "kubectl get pods -A", "run"],
    ["kubectl get **", "kubectl delete pods", "ask"],
    ["kubectl get **", "kubectl", "ask"],
    ["ls **", "ls", "run"],
    ["*", "uptime", "run"],
    ["*", "/tmp/x", "ask"],
  ])("allow %j, %j: %s", (allowed, text, verdict) => expect(judge({ allow: [rule(allowed)] }, text).verdict).toBe(verdict));

  it("an allowed program is not allowed as root, with variables or in another folder, unless the rule says so", () => {
    const allow = [{ program: "systemctl", args: ["status", "*"] }];
    const command = program("systemctl", "status", "web");
    const free = { effect: "free" } as const;
    expect(judge({ allow }, command, free).verdict).toBe("run");
    expect(judge({ allow }, { ...command, sudo: true }, free).verdict).toBe("ask");
    expect(judge({ allow: [{ ...allow[0]!, sudo: true }] }, { ...command, sudo: true }, free).verdict).toBe("run");
    expect(judge({ allow }, { ...command, env: { PATH: "/tmp" } }, free).verdict).toBe("ask");
    expect(judge({ allow }, { ...command, cwd: "/tmp" }, free).verdict).toBe("ask");
    expect(judge({ allow }, { kind: "shell", text: "systemctl status web", cwd: "/tmp" }).verdict).toBe("ask");
  });

  it.each<[string, string]>([
    ["rm", "rm"],
    ["rm", "rm -rf /tmp/x"],
    ["rm", "/bin/rm x"],
    ["rm", "/usr/../bin/rm x"],
    ["rm", "./rm x"],
    ["rm*", "/opt/rmdir x"],
    ["mkfs*", "/sbin/mkfs.ext4 /dev/sda"],
    ["/bin/*", "/bin/sub/x"],
    ["kubectl delete **", "kubectl delete pod x"],
    ["kubectl delete **", "kubectl -n web --context=x delete pod x"],
    ["kubectl delete **", "k3s kubectl -n web delete pod x"],
    ["kubectl delete **", "kubectl -v delete pod"],
    ["systemctl stop *", "systemctl --now stop web"],
    ["systemctl stop *", "systemctl stop web --now"],
    ["cat /etc/*", "cat /etc/ssl/private/key"],
    ["dd **", "dd"],
  ])("deny %j names %j", (denied, text) => {
    expect(judge({ preset: "open", deny: [rule(denied)] }, text).verdict).toBe("refuse");
    const [name = "", ...args] = text.split(" ");
    expect(judge({ preset: "open", deny: [rule(denied)] }, program(name, ...args), { effect: "read" }).verdict).toBe("refuse");
  });

  it.each<[string, string]>([
    ["rm", "rmdir x"],
    ["rm", "ls rm"],
    ["rm", "echo rm"],
    ["kubectl delete **", "kubectl get pods delete"],
    ["systemctl stop *", "systemctl stop"],
    ["systemctl stop *", "systemctl stop a b"],
    ["/bin/rm", "/usr/bin/ls"],
  ])("deny %j does not name %j", (denied, text) => expect(judge({ preset: "open", deny: [rule(denied)] }, text).verdict).toBe("run"));

  it("deny and ask with sudo count only as root, and root is root by any way", () => {
    const deny = [{ program: "systemctl", sudo: true }];
    expect(judge({ preset: "open", deny }, "systemctl stop x").verdict).toBe("run");
    for (const text of ["sudo systemctl stop x", "doas systemctl stop x", "nice sudo -n systemctl stop x"])
      expect(judge({ preset: "open", deny }, text).verdict).toBe("refuse");
    expect(judge({ preset: "open", deny }, { ...program("systemctl", "stop"), sudo: true }).verdict).toBe("refuse");
    expect(judge({ preset: "open", deny }, "systemctl stop x", { target: { ...TARGET, user: "root" } }).verdict).toBe("refuse");
  });
});

describe("a forbidden program is found through what calls it", () => {
  it.each([
    "sudo rm x",
    "sudo -n rm x",
    "sudo -u root -- rm x",
    "sudo -uroot rm x",
    "sudo --user=root rm x",
    "sudo --user root A=b rm x",
    "sudo -s rm x",
    "sudo /bin/rm x",
    "/usr/bin/sudo rm x",
    "doas rm x",
    "env rm x",
    "env -i A=b C=d rm x",
    "env -u PATH /bin/rm x",
    "nice rm x",
    "nice -n 5 rm x",
    "nice -5 rm x",
    "nohup rm x",
    "setsid rm x",
    "timeout 5 rm x",
    "timeout -k 1 --signal=KILL 5 rm x",
    "time rm x",
    "exec rm x",
    "exec -a ls rm x",
    "command rm x",
    "command -p rm x",
    "builtin rm x",
    "eval rm x",
    "busybox rm x",
    "chroot /mnt rm x",
    "stdbuf -oL rm x",
    "ionice -c 3 rm x",
    "taskset -c 0 rm x",
    "sudo env nice -n 5 timeout 3 /bin/rm x",
    "find / -name x -exec rm {} +",
    // With the shell's syntax, as far as it can be seen.
    "uptime; rm x",
    "uptime;rm x",
    "uptime && rm x",
    "uptime || rm x",
    "uptime | sudo rm x",
    "uptime & rm x",
    "uptime\nrm x",
    "uptime\r\nrm x",
    "(rm x)",
    "{ rm x; }",
    "$(rm x)",
    "`rm x`",
    "echo $(rm x)",
    "A=b rm x",
    "A=b B='c d' sudo rm x",
    ">/dev/null rm x",
    "2>&1 rm x",
    "rm>x y",
    "rm x 2>/dev/null",
    "r\\m x",
    "\\rm x",
    "'rm' x",
    '"rm" x',
    "r'm' x",
    'r""m x',
    "/bin/'rm' x",
    "if rm x; then ls; fi",
    "! rm x",
    "while true; do rm x; done",
    "# nothing\nrm x",
    "rm\\\n x",
    "${X}rm x",
    "~/rm x",
    "sh -c 'rm x'",
    "sudo sh -ec 'ls; rm x'",
    'bash -lc "rm x"',
    "su -c 'rm x'",
    "su root -c 'rm x'",
    "sh -c \"sh -c 'rm x'\"",
  ])("%j", (text) => expect(judge(NOTHING_MORE, text).verdict).toBe("refuse"));

  it("in a typed command", () => {
    for (const command of [
      program("sudo", "-n", "rm", "x"),
      program("sh", "-c", "rm x"),
      program("sh", "-c", "ls; rm x"),
      program("env", "A=b c", "rm"),
    ])
      expect(judge(NOTHING_MORE, command, { effect: "read" }).verdict).toBe("refuse");
    // A word is a word: nothing in it is syntax.
    expect(judge(NOTHING_MORE, program("echo", "; rm x", "$(rm)"), { effect: "read" }).verdict).toBe("run");
  });
});

describe("what cannot be known is asked for, where something is forbidden", () => {
  const unknowable = [
    "$(echo rm) x",
    "`echo rm` x",
    "r$@m x",
    "/bin/r? x",
    "/bin/[r]m x",
    "$'\\x72m' x",
    'echo "$(rm x)"',
    "echo 'x'",
    "ls *",
    "ls > x",
    "ls < x",
    "ls #x",
    "A=b ls",
    "ls\tx",
    "ls\nls",
    "ls\u00a0x",
    "ls\u202ex",
    "ls \u0000",
    "=ls",
    "%1",
    "@ x",
    "-c x",
    "if",
    "",
    " ",
    "python3 -c x",
    "perl5.36 x",
    "awk x",
    "xargs rm",
    "ssh other rm x",
    "docker exec c rm x",
    "kubectl -n web exec pod -- rm x",
    "sh script",
    "bash -s",
    "bash script -c ls",
    "bash -o posix -c ls",
    "fish -C x -c ls",
    "sh",
    "su",
    "sudo -i",
    "sudo",
    "sudo -l",
    "sudo --what rm",
    "env -S rm",
    "command -v rm",
    ". file",
    "source file",
    "trap rm EXIT",
    "alias x=rm",
    "find / -exec ls x",
    "tar xf x",
    "/lib64/ld-linux-x86-64.so.2 /bin/rm x",
    "nsenter -t 1 rm x",
    "systemd-run rm x",
    `ls ${"x".repeat(10_000)}`,
    `ls${" x".repeat(2_000)}`,
    "sudo ".repeat(20) + "ls",
  ];
  it.each(unknowable)("%j", (text) => {
    const found = judge(NOTHING_MORE, text);
    expect(found.verdict).toBe("ask");
    expect(found.because).toContain("cannot be told");
    expect(judge({ preset: "open", ask: [rule("rm")] }, text).verdict).toBe("ask");
    expect(judge({ preset: "locked", deny: [rule("rm")] }, text).verdict).toBe("refuse");
    // Nothing is forbidden: an open environment takes any command.
    expect(judge({ preset: "open" }, text).verdict).toBe("run");
    // No allow rule is met by what is not plain words, even one for any program.
    expect(judge({ allow: [rule("**")], deny: [rule("rm")] }, text).verdict).toBe("ask");
  });

  it.each(["ls -la /tmp", "sudo -n systemctl status web", "timeout 5 uptime", "kubectl get pods -o=wide", "find / -name x", "date +%s"])(
    "%j can be told",
    (text) => expect(judge(NOTHING_MORE, text).verdict).toBe("run"),
  );

  it("a rule that names program and arguments is the operator's word on it; one for any arguments is not", () => {
    const deny = [rule("rm")];
    expect(judge({ deny, allow: [rule("python3 /opt/report.py")] }, "python3 /opt/report.py").verdict).toBe("run");
    expect(judge({ deny, allow: [rule("python3")] }, "python3 /opt/report.py").verdict).toBe("ask");
    expect(judge({ deny, allow: [{ program: "sh", args: ["-c", "*"] }] }, program("sh", "-c", "rm x")).verdict).toBe("refuse");
  });

  it.each([
    "version; rm x",
    "uptime $(id)",
    "uptime\nid",
    "uptime 'a'",
    "uptime `id`",
    "uptime *",
    "uptime > /etc/x",
    "uptime ~",
    "A=b uptime",
    "uptime&",
  ])("an allowed program with the shell's syntax is not allowed: %j", (text) =>
    expect(judge({ allow: [rule("uptime"), rule("version"), rule("uptime **")] }, text).verdict).toBe("ask"),
  );
});

describe("where and as whom", () => {
  it("logins and machines outside of the environment's are refused", () => {
    const remote = { preset: "open" as const, users: ["deploy", "app-*"], nodes: ["web*"] };
    expect(judge(remote, "uptime").verdict).toBe("run");
    expect(judge(remote, "uptime", { target: { ...TARGET, user: "root" } })).toMatchObject({
      verdict: "refuse",
      because: /deploy, app-\*/,
    });
    expect(judge(remote, "uptime", { target: { ...TARGET, node: "db1" } }).verdict).toBe("refuse");
    const byId = { target: { ...TARGET, node: "3d58b0a6-7c5a-4a1b-9a0e-1c2d3e4f5a6b" } };
    expect(judge(remote, "uptime", byId).verdict).toBe("refuse");
    expect(judge(remote, "uptime", { ...byId, names: ["web7"] }).verdict).toBe("run");
  });

  it("labels count, and unknown ones are not borne", () => {
    const remote = { preset: "open" as const, labels: { role: "web-*", "team/name": "a" } };
    expect(judge(remote, "uptime", { labels: { role: "web-1", "team/name": "a", more: "x" } }).verdict).toBe("run");
    for (const labels of [{ role: "web-1" }, { role: "db", "team/name": "a" }, {}])
      expect(judge(remote, "uptime", { labels }).verdict).toBe("refuse");
    expect(judge(remote, "uptime").because).toContain("not known");
    expect(judge({ preset: "open", labels: { constructor: "*" } }, "uptime", { labels: {} }).verdict).toBe("refuse");
  });

  it("a cluster that is not allowed is refused, whatever its name", () => {
    for (const cluster of ["elsewhere", "constructor", "__proto__", ""])
      expect(judge({ preset: "open" }, "uptime", { target: { ...TARGET, cluster } })).toMatchObject({
        verdict: "refuse",
        because: /staging, production/,
      });
  });

  it.each([0, -1, 900_001])("a time limit of %s ms is refused", (timeoutMs) =>
    expect(judge({ preset: "open" }, "uptime", { timeoutMs })).toMatchObject({ verdict: "refuse", because: /900 s/ }),
  );

  it("a machine in two environments takes the strictest word of both, and the stricter's approvals", () => {
    const open = environment("lab", { preset: "open" }, { match: { nodes: ["web*"] } });
    const locked = environment(
      "prod",
      { preset: "guarded", cluster: "staging", node: "web1", deny: [rule("reboot")] },
      { match: { clusters: ["x"] }, protected: true, channels: ["signed"] },
    );
    const policy = temporaryPolicy([open, locked]);
    expect(judge({}, "uptime", {}, policy)).toMatchObject({ verdict: "ask", environment: "prod" });
    expect(judge({}, "reboot", {}, policy)).toMatchObject({ verdict: "refuse", environment: "prod" });
    expect(judge({}, "uptime", { target: { ...TARGET, node: "web2" } }, policy)).toMatchObject({ verdict: "run", environment: "lab" });
  });

  it("says when somebody must look at the machine first", () => {
    const id = { cluster: "staging", node: "10.0.0.1" };
    const plain = { cluster: "staging", node: "web1" };
    const none = temporaryPolicy([environment("staging", {})]);
    const labels = temporaryPolicy([environment("staging", { labels: { a: "b" } })]);
    const nodes = temporaryPolicy([environment("staging", {}, { match: { nodes: ["db*"] } })]);
    expect([none, labels, nodes].map((policy) => [needsLook(policy, id), needsLook(policy, plain)])).toEqual([
      [false, false],
      [true, true],
      [true, false],
    ]);
  });
});

describe("what an approval binds", () => {
  const base = { kind: "program", program: "systemctl", args: ["restart", "web"] } as const;
  const digest = (command: RemoteCommand, over: Partial<Judged> = {}, settings = settingsOf("staging", "production")): string =>
    judgeCommand(temporaryPolicy(), settings, { target: TARGET, command, effect: "write", timeoutMs: 30_000, ...over }).subject.digest;

  it("is the same for the same, however often it is asked", () => expect(digest(base)).toBe(digest({ ...base, args: [...base.args] })));

  it.each<[string, RemoteCommand, Partial<Judged>]>([
    ["another argument", { ...base, args: ["restart", "web2"] }, {}],
    ["the same characters in other words", { ...base, args: ["restart web"] }, {}],
    ["a text instead of words", { kind: "shell", text: "systemctl restart web" }, {}],
    ["as root", { ...base, sudo: true }, {}],
    ["in a folder", { ...base, cwd: "/tmp" }, {}],
    ["with a variable", { ...base, env: { A: "b" } }, {}],
    ["with input", { ...base, stdin: "x" }, {}],
    ["with empty input", { ...base, stdin: "" }, {}],
    ["another login", base, { target: { ...TARGET, user: "root" } }],
    ["another machine", base, { target: { ...TARGET, node: "web2" } }],
    ["another cluster", base, { target: { ...TARGET, cluster: "production" } }],
    ["more time", base, { timeoutMs: 30_001 }],
  ])("differs for %s", (_, command, over) => expect(digest(command, over)).not.toBe(digest(base)));

  it("differs where the machine's name leads elsewhere now", () => {
    const moved = settingsOf("staging", "production");
    moved.clusters["staging"]!.teleport.proxy = "evil.example.com:443";
    expect(digest(base, {}, moved)).not.toBe(digest(base));
  });

  it("differs for other input, and takes text and bytes for the same", () => {
    expect(digest({ ...base, stdin: "a" })).not.toBe(digest({ ...base, stdin: "b" }));
    expect(digest({ ...base, stdin: "é" })).toBe(digest({ ...base, stdin: Buffer.from("é") }));
  });
});

describe("what a person reads", () => {
  const shown = (command: RemoteCommand | string, over: Partial<Judged> = {}): string => judge({}, command, over).shown;

  it("is all of it", () => {
    expect(
      shown(
        { ...program("systemctl", "restart", "it's", ""), sudo: true, cwd: "/srv", env: { A: "b c" }, stdin: "one\ntwo" },
        { timeoutMs: 1500 },
      ),
    ).toBe(
      [
        "On          web1 of cluster staging",
        "As          deploy, then root (sudo)",
        "At most     1.5 s",
        "In          /srv",
        "With        A='b c'",
        "Command:",
        String.raw`  systemctl restart 'it'\''s' ''`,
        `Input, 7 bytes, SHA-256 ${sha256("one\ntwo")}:`,
        "  one",
        "  two",
      ].join("\n"),
    );
    expect(shown("uptime;\n rm x")).toMatch(/a text for the shell:\n {2}uptime;\n {3}rm x$/);
  });

  it.each([
    ["\u202e", "202e"],
    ["\u2066", "2066"],
    ["\u200b", "200b"],
    ["\u00ad", "ad"],
    ["\u00a0", "a0"],
    ["\u3000", "3000"],
    ["\u3164", "3164"],
    ["\u2800", "2800"],
    ["\u0301", "301"],
    ["\ufe0f", "fe0f"],
    ["\u05d0", "5d0"],
    ["\u{e0041}", "e0041"],
    ["\u001b", "1b"],
    ["\b", "8"],
    ["\r", "d"],
    ["\t", "9"],
    ["\u2028", "2028"],
    ["\u0085", "85"],
  ])("shows %j as \\u{%s}, in words, texts, input and names", (char, code) => {
    const written = `\\u{${code}}`;
    for (const command of [
      program("ls", `a${char}b`),
      `ls a${char}b`,
      { ...program("ls"), stdin: `a${char}b` },
      { ...program("ls"), cwd: `/a${char}b` },
    ]) {
      expect(shown(command)).toContain(`a${written}b`);
      expect(shown(command)).not.toContain(char);
    }
    expect(shown("ls", { target: { ...TARGET, user: `a${char}b` } })).toContain(`a${written}b`);
  });

  it("shows a line end within a word as such: it cannot look like a second line", () => {
    expect(shown(program("echo", "a\nOn          other"))).toContain(String.raw`'a\u{a}On          other'`);
  });

  it("shows input that is no text whole as well", () => {
    expect(shown({ ...program("x"), stdin: new Uint8Array([0xff, 0x00]) })).toMatch(/in base64:\n {2}\/wA=$/);
  });
});
