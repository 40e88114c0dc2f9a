import type { PackedServer } from "./pack-server.ts";

/** How large a package may be, packed and unpacked, in bytes, and how many files it may have. A cold `npx` waits for these bytes. */
interface Budget {
  readonly packed: number;
  readonly unpacked: number;
  readonly files: number;
}

const BUDGETS: Readonly<Record<string, Budget>> = {
  "flux-teleport": { packed: 800_000, unpacked: 2_600_000, files: 25 },
  "meta-workflows": { packed: 3_200_000, unpacked: 12_000_000, files: 100 },
  terraform: { packed: 1_400_000, unpacked: 5_600_000, files: 30 },
};

/** One line per figure of a package: what it is and what it may be. */
export interface BudgetLine {
  readonly what: string;
  readonly is: number;
  readonly may: number;
}

/** The figures of a packed server beside its budget. @throws Error for a server without one */
export function budgetOf({ server, tarball }: PackedServer): BudgetLine[] {
  const budget = BUDGETS[server];
  if (budget === undefined) throw new Error(`tooling/release/budgets.ts has no budget of ${server}`);
  return [
    { what: "packed", is: tarball.size, may: budget.packed },
    { what: "unpacked", is: tarball.unpacked, may: budget.unpacked },
    { what: "files", is: tarball.files.length, may: budget.files },
  ];
}

/** The figures as one line of text. */
export function budgetText(packed: PackedServer): string {
  const bytes = (value: number): string => (value < 1000 ? String(value) : `${(value / 1_000_000).toFixed(2)} MB`);
  const lines = budgetOf(packed).map(({ what, is, may }) => `${what} ${bytes(is)} of ${bytes(may)}`);
  return `${packed.name} ${packed.version}: ${lines.join(", ")}`;
}
