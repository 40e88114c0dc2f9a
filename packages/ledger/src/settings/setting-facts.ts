/** What is said of a setting besides its shape. */
export interface SettingFacts {
  /** Variables of other makers, or of the source documents, that mean the same. */
  readonly env?: readonly string[];
  /** Other names of the flag. */
  readonly flag?: string;
  readonly default?: unknown;
  readonly example: string;
  /** Shown as [redacted], and refused as a flag: other users can read a program's arguments. */
  readonly secret?: true;
  /** Defined by files; environment and flags define it only where no file speaks, and can only narrow it. */
  readonly policy?: true;
  /** Between the elements of a list in one variable or flag. */
  readonly separator?: ":" | ",";
  /** Other words, in lower case, that a variable or flag may say in any case, and what each means. */
  readonly words?: Readonly<Record<string, string>>;
}
