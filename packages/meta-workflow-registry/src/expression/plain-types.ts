/** The library's words for types as people say them: `dyn<list<dyn>>` is a list. */
export function plainTypes(words: string): string {
  let plain = words.replaceAll(/\[object \w+\]/gu, "a map").replaceAll(" >= size undefined", "");
  for (let before = ""; before !== plain;) {
    before = plain;
    plain = plain
      .replaceAll(/dyn<([^<>]*)>/gu, "$1")
      .replaceAll(/list<dyn>/gu, "list")
      .replaceAll(/map<(?:dyn|string), dyn>/gu, "map");
  }
  return plain;
}
