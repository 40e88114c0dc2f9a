import { form, say } from "./screen.ts";

/** Answers a form as a person would who agrees: shows it, approves, and fills in the rest. */
export function answerAsAPerson(message: string, schema: unknown): { action: "accept"; content: Record<string, string | boolean> } {
  const properties =
    (schema as { properties?: Record<string, { type: string; title?: string; description?: string; enum?: string[] }> }).properties ?? {};
  form(
    message,
    Object.entries(properties).map(([name, field]) => `[ ${field.title ?? name}: ${field.enum?.join(" / ") ?? field.type} ]`),
  );
  const content: Record<string, string | boolean> = {};
  for (const [name, field] of Object.entries(properties))
    content[name] = field.type === "boolean" ? true : (field.enum?.find((value) => value.startsWith("approve")) ?? "seen");
  say(`The person answers: ${JSON.stringify(content)}`);
  return { action: "accept", content };
}
