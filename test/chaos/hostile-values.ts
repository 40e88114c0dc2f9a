import type { Random } from "./random.ts";

// Texts that are made to be more than a name: syntax of shells, options of ssh, tsh and kubectl, other machines and namespaces,
// characters that hide or cut.

/** What an attack would show itself by. */
export interface Bait {
  /** A program that tells when it was started. */
  readonly program: string;
  /** A file that must stay as it is. */
  readonly file: string;
  /** host:port on which nobody of ours has anything to do. */
  readonly trap: string;
}

type Make = (bait: Bait) => string;

const SHELL: readonly Make[] = [
  ({ program: c }) => `$(${c})`,
  ({ program: c }) => `\`${c}\``,
  ({ program: c }) => `;${c};`,
  ({ program: c }) => `|${c}`,
  ({ program: c }) => `&&${c}`,
  ({ program: c }) => `||${c}&`,
  ({ program: c }) => `\n${c}\n`,
  ({ program: c }) => `\r\n${c}`,
  ({ program: c }) => `';${c};'`,
  ({ program: c }) => `";${c};"`,
  ({ program: c }) => `'"'"';${c} #`,
  ({ program: c }) => `\\';${c};\\'`,
  ({ program: c }) => `$'\\x3b'${c}`,
  ({ program: c }) => `\${IFS}${c}`,
  ({ program: c }) => `<(${c})`,
  ({ program: c }) => `{${c},}`,
  ({ program: c }) => `$((\`${c}\`))`,
  ({ program: c }) => `\u0000${c}`,
  ({ program: c }) => `\u00a0;${c}`,
  ({ program: c }) => `\u2028${c}`,
  ({ program: c }) => `\u202e;${c}\u202c`,
  ({ program: c }) => `\uff1b${c}\uff04(${c})`,
  ({ program: c }) => `echo hello; ${c}`,
  ({ program: c }) => `echo "$(${c})"`,
  ({ program: c }) => `echo hello\n${c}`,
  ({ program: c }) => `echo hello & ${c}`,
  ({ program: c }) => `{ ${c}; }`,
  ({ program: c }) => `eval ${c}`,
  ({ file: f }) => `>${f}`,
  ({ file: f }) => `echo x >>${f}`,
  ({ file: f }) => `$(<${f})`,
  ({ file: f }) => `;rm ${f};`,
  ({ file: f }) => `;touch ${f}.new;`,
];

const OPTIONS: readonly Make[] = [
  ({ program: c }) => `-oProxyCommand=${c}`,
  ({ program: c }) => `-oLocalCommand=${c}`,
  ({ program: c }) => `-o PermitLocalCommand=yes -oLocalCommand=${c}`,
  ({ trap }) => `-J evil@${trap}`,
  ({ trap }) => `-W ${trap}`,
  ({ file: f }) => `-F${f}`,
  ({ file: f }) => `-i${f}`,
  ({ file: f }) => `--identity=${f}`,
  ({ file: f }) => `--kubeconfig=${f}`,
  ({ trap }) => `--server=http://${trap}`,
  ({ trap }) => `-shttp://${trap}`,
  ({ trap }) => `--proxy=${trap}`,
  ({ trap }) => `--proxy-url=http://${trap}`,
  ({ file: f }) => `--patch-file=${f}`,
  ({ file: f }) => `-f${f}`,
  () => "--all",
  () => "-A",
  () => "--all-namespaces",
  () => "-nkube-system",
  () => "--namespace=kube-system",
  () => "--as=system:admin",
  () => "--token=x",
  () => "-lapp",
  () => "-c",
  () => "-",
  () => "--",
  () => "--help",
  () => "-D1080",
  () => "--headless",
];

const PLACES: readonly Make[] = [
  ({ trap }) => trap,
  ({ trap }) => `evil@${trap}`,
  ({ trap }) => `http://${trap}/`,
  () => "other@web1",
  () => "web1:22",
  () => "web1,web2",
  () => "{web1,web2}",
  () => "env=staging",
  () => "*",
  () => "web?",
  () => "[a-z]*",
  () => "~",
  () => "~root",
  () => "$HOME",
  () => "../../etc/passwd",
  () => "/etc/passwd",
  () => "kube-system/../x",
  () => "%2e%2e%2f",
  () => "__proto__",
  () => "constructor",
  () => "toString",
];

const SHAPES: readonly Make[] = [
  () => "",
  () => " ",
  () => "\t",
  () => "\u0000",
  () => "\u200b",
  () => "\u202eresu",
  () => "\ud800",
  () => "\u001b]0;x\u0007",
  () => "\u001b[2J",
  () => "é\u0301",
  () => "{{ . }}",
  () => "${jndi:ldap://x}",
  () => "!!",
  () => "#",
  () => "%n%s%p",
  () => "\\",
  () => "a=b",
  () => "'",
  () => '"',
  () => "a b",
  () => "a".repeat(254),
  () => "-".repeat(300),
  () => "a/".repeat(2000),
  () => "\u{1f600}".repeat(60),
];

const ALL = [...SHELL, ...OPTIONS, ...PLACES, ...SHAPES];

/** How one text is put beside another: alone, before, behind, within. */
const AROUND: readonly ((text: string, plain: string) => string)[] = [
  (text) => text,
  (text, plain) => `${plain}${text}`,
  (text, plain) => `${text}${plain}`,
  (text, plain) => `${plain} ${text}`,
  (text, plain) => `${plain}/${text}`,
  (text, plain) => `${plain}'${text}`,
  (text, plain) => `${plain}\n${text}`,
  (text, plain) => `${plain}=${text}`,
];

/**
 * So many different hostile texts for one argument; the first ones are each kind by itself. `plain` is a value that the
 * argument takes; it is never given alone.
 */
export function hostileValues(random: Random, count: number, plain: string, bait: Bait): string[] {
  const values = new Set<string>(
    shuffled(ALL, random)
      .slice(0, count)
      .map((make) => make(bait)),
  );
  values.delete(plain);
  while (values.size < count) {
    const text = random.chance(0.3) ? `${random.pick(ALL)(bait)}${random.pick(ALL)(bait)}` : random.pick(ALL)(bait);
    const value = random.pick(AROUND)(text, random.chance(0.7) ? plain : String.fromCharCode(random.int(1, 0x2fff)));
    if (value !== plain) values.add(value);
  }
  return [...values];
}

function shuffled<T>(from: readonly T[], random: Random): T[] {
  const left = [...from];
  return from.map(() => left.splice(random.int(0, left.length - 1), 1)[0]!);
}
