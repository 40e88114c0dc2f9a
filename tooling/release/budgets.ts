import type { PackedPackage } from "./tarball.ts";

/** How large a package may be, packed and unpacked, in bytes, and how many files it may have. A cold `npx` waits for these bytes. */
interface Budget {
  readonly packed: number;
  readonly unpacked: number;
  readonly files: number;
}

const BUDGETS: Readonly<Record<string, Budget>> = {
  "@platform-ops/flux-teleport-mcp": { packed: 800_000, unpacked: 2_600_000, files: 25 },
  "@platform-ops/meta-workflows-mcp": { packed: 3_200_000, unpacked: 12_000_000, files: 100 },
  "@platform-ops/terraform-mcp": { packed: 1_400_000, unpacked: 5_600_000, files: 30 },
  // What the servers share is text, a file per source file; what it depends on is not in it.
  "@platform-ops/errors": { packed: 15_000, unpacked: 50_000, files: 12 },
  "@platform-ops/ledger": { packed: 140_000, unpacked: 450_000, files: 170 },
  "@platform-ops/mcp-kit": { packed: 130_000, unpacked: 420_000, files: 170 },
  "@platform-ops/meta-workflow-registry": { packed: 280_000, unpacked: 900_000, files: 300 },
  "@platform-ops/orchestration": { packed: 130_000, unpacked: 450_000, files: 180 },
  "@platform-ops/remote-command": { packed: 100_000, unpacked: 350_000, files: 100 },
};

/** One line per figure of a package: what it is and what it may be. */
export interface BudgetLine {
  readonly what: string;
  readonly is: number;
  readonly may: number;
}

/** The figures of a package beside its budget. @throws Error for a package without one */
export function budgetOf({ name, tarball }: PackedPackage): BudgetLine[] {
  const budget = BUDGETS[name];
  if (budget === undefined) throw new Error(`tooling/release/budgets.ts has no budget of ${name}`);
  return [
    { what: "packed", is: tarball.size, may: budget.packed },
    { what: "unpacked", is: tarball.unpacked, may: budget.unpacked },
    { what: "files", is: tarball.files.length, may: budget.files },
  ];
}

/** The figures as one line of text. */
export function budgetText(packed: PackedPackage): string {
  const bytes = (value: number): string =>
    value < 1000 ? String(value) : value < 100_000 ? `${Math.round(value / 1000)} kB` : `${(value / 1_000_000).toFixed(2)} MB`;
  const lines = budgetOf(packed).map(({ what, is, may }) => `${what} ${bytes(is)} of ${bytes(may)}`);
  return `${packed.name} ${packed.version}: ${lines.join(", ")}`;
}
