import type { Heading, Nodes } from "mdast";
import { BOUNDS } from "./bounds.ts";
import type { WorkflowHeading } from "./identifiers.ts";
import { sectionFieldOf, stepFieldOf, type SectionField } from "./labels.ts";
import { placeOf } from "./page.ts";
import { normalText, oneLine } from "./plain-text.ts";
import { bounded, type Problems } from "./problems.ts";
import { readPhrases } from "./quoted-phrases.ts";
import type { Labelled, ShellBlock, WorkflowSection, WorkflowStep } from "./registry.ts";

/** Where a section stands. */
export interface SectionPlace {
  readonly heading: WorkflowHeading;
  readonly node: Heading;
  readonly chapter: string;
}

interface NoteDraft {
  readonly label: string;
  text: string;
  readonly items: string[];
}

interface StepDraft {
  readonly number: number;
  readonly title: string;
  readonly actions: string[];
  readonly validation: string[];
  readonly shell: ShellBlock[];
  readonly notes: NoteDraft[];
  readonly line: number;
}

/** A workflow's section while its blocks are read. */
export class SectionDraft {
  /** The section's field whose label was read last; undefined inside a step, under another label, and before the first. */
  field: SectionField | undefined;
  readonly #place: SectionPlace;
  readonly #problems: Problems;
  readonly #fields: Record<Exclude<SectionField, "scope" | "steps" | "example">, string[]> = {
    trigger_phrases: [],
    disambiguates_from: [],
    prerequisites: [],
    outputs: [],
    success_criteria: [],
    related_files: [],
    related_workflows: [],
  };
  readonly #steps: StepDraft[] = [];
  readonly #notes: NoteDraft[] = [];
  readonly #scope: string[] = [];
  readonly #example: string[] = [];
  readonly #full = new Set<readonly string[]>();
  #step: StepDraft | undefined;
  /** The list or note that takes what comes; undefined under a label of the section that is not a list. */
  #target: string[] | NoteDraft | undefined;

  constructor(place: SectionPlace, problems: Problems) {
    this.#place = place;
    this.#problems = problems;
  }

  get inStep(): boolean {
    return this.#step !== undefined;
  }

  /** Begins a step; what follows belongs to it until the next step or a label of the section. */
  beginStep(number: number, title: string, at: Nodes): void {
    const expected = (this.#steps.at(-1)?.number ?? 0) + 1;
    const id = this.#place.heading.id;
    if (number !== expected) this.#problems.warning("step_number", at, `Step ${number} of ${id} comes where step ${expected} should.`);
    const step: StepDraft = { number, title, actions: [], validation: [], shell: [], notes: [], line: placeOf(at).line };
    if (this.#steps.length < BOUNDS.steps) this.#steps.push(step);
    else this.#problems.error("too_many_steps", at, `${id} has more than ${BOUNDS.steps} steps.`);
    this.#step = step;
    this.field = undefined;
    this.#target = undefined;
  }

  /** Ends a step that was an item of a list: the next item is the next step. */
  endStep(): void {
    this.#step = undefined;
    this.field = "steps";
    this.#target = undefined;
  }

  /** Begins what a label names. */
  beginLabel(label: string, text: string, at: Nodes): void {
    const field = sectionFieldOf(label);
    const stepField = this.#step === undefined ? undefined : stepFieldOf(label);
    if (field !== undefined) this.#step = undefined;
    if (field !== undefined || this.#step === undefined) this.field = field;
    if (field === "steps" || field === "scope" || field === "example") this.#target = undefined;
    else if (field !== undefined) this.#target = this.#fields[field];
    else if (this.#step !== undefined && stepField !== undefined) this.#target = this.#step[stepField];
    else this.#target = this.#newNote(label);
    if (text !== "") this.addText(text, at);
  }

  /** A paragraph, or the text behind a label. */
  addText(text: string, at: Nodes): void {
    if (this.field === "scope") this.#scope.push(oneLine(text));
    else if (this.field === "example") this.setExample(text);
    else {
      const note = this.#target ?? this.#newNote("");
      this.#target = note;
      if (!Array.isArray(note) && note.text === "" && note.items.length === 0)
        note.text = bounded(oneLine(text), "A text", at, this.#problems, BOUNDS.item);
      else this.addItem(normalText(text), [], at);
    }
  }

  /** A bullet, or a block of its own. */
  addItem(text: string, shell: readonly ShellBlock[], at: Nodes): void {
    this.#step?.shell.push(...shell);
    if (text === "") return;
    if (this.field === "scope") this.#scope.push(oneLine(text));
    else if (this.field === "example") this.setExample(text);
    else {
      this.#target ??= this.#newNote("");
      const items = Array.isArray(this.#target) ? this.#target : this.#target.items;
      for (const item of this.#read(text)) this.#push(items, item, at);
    }
  }

  /** What was shown as an example; a second one is put behind the first. */
  setExample(text: string): void {
    this.#example.push(normalText(text));
  }

  finished(): WorkflowSection {
    const { heading, node, chapter } = this.#place;
    const labelled = (notes: readonly NoteDraft[]): readonly Labelled[] =>
      notes.filter(({ text, items }) => text !== "" || items.length > 0);
    return {
      heading: bounded(heading.title, `The heading of ${heading.id}`, node, this.#problems),
      ...(heading.mark === undefined ? {} : { mark: heading.mark }),
      chapter,
      scope: this.#scope.join(" ").slice(0, BOUNDS.item),
      ...this.#fields,
      steps: this.#steps.map((step): WorkflowStep => ({ ...step, notes: labelled(step.notes) })),
      example: this.#example.filter((each) => each !== "").join("\n\n"),
      notes: labelled(this.#notes),
      line: placeOf(node).line,
    };
  }

  #newNote(label: string): NoteDraft {
    const notes = this.#step?.notes ?? this.#notes;
    // What stands under no label is one note, wherever it stands.
    const unlabelled = label === "" ? notes.find((each) => each.label === "") : undefined;
    if (unlabelled !== undefined) return unlabelled;
    const note: NoteDraft = { label, text: "", items: [] };
    notes.push(note);
    return note;
  }

  #read(text: string): readonly string[] {
    if (this.field === "trigger_phrases") return readPhrases(text).phrases.map(oneLine);
    if (this.field === "success_criteria") return [text.replace(/^\[[ xX]\][ \t]+/, "")];
    return [text];
  }

  #push(items: string[], text: string, at: Nodes): void {
    if (items.length >= BOUNDS.items) {
      if (!this.#full.has(items)) this.#problems.error("too_many_items", at, `At most ${BOUNDS.items} bullets stand under one label.`);
      this.#full.add(items);
      return;
    }
    items.push(bounded(text, "A bullet", at, this.#problems, BOUNDS.item));
  }
}
