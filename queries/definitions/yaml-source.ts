import {
  type Document,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
} from 'yaml';
import type { SourcePlace } from './definition.ts';

/** A value of a YAML text, and where each part of it stands. */
export type YamlSource = {
  /** undefined where the text is no YAML. */
  readonly value: unknown;
  readonly problems: readonly { readonly place: SourcePlace; readonly problem: string }[];
  /** Where the value of a path such as `events[2].page.path` stands, or as much of the path as there is. */
  placeOf(path: string): SourcePlace;
  /** The text of the value of a path. */
  textOf(path: string): string;
};

/** Longest file: far above what people write. */
const LONGEST_FILE = 2_000_000;

export function readYaml(file: string, text: string): YamlSource {
  const lines = new LineCounter();
  const at = (offset: number): SourcePlace => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const start = { file, line: 1, column: 1 };
  const none = (problem: string): YamlSource => ({
    value: undefined,
    problems: [{ place: start, problem }],
    placeOf: () => start,
    textOf: () => '',
  });
  if (text.length > LONGEST_FILE) {
    return none(`want a file of at most ${LONGEST_FILE} characters, current number is ${text.length}`);
  }
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const errors = [...document.errors, ...document.warnings];
  if (errors.length > 0) {
    return {
      ...none(''),
      problems: errors.map(({ message, pos }) => ({
        place: at(pos[0]),
        problem: `cannot read the YAML: ${message}`,
      })),
    };
  }
  let value: unknown;
  try {
    // An alias that stands for too much is refused here.
    value = document.toJS();
  } catch (error) {
    return none(`cannot read the YAML: ${(error as Error).message}`);
  }
  return {
    value,
    problems: [],
    placeOf: (path) => at(nodeAt(document, path)?.range?.[0] ?? 0),
    textOf: (path) => {
      const range = nodeAt(document, path)?.range;
      return range ? text.slice(range[0], range[1]).trimEnd() : '';
    },
  };
}

/** The innermost node that a path leads to; where a key is not there, that of the object. */
function nodeAt(document: Document, path: string): Node | undefined {
  let node: unknown = document.contents;
  let rest = path;
  while (rest !== '' && isCollection(node)) {
    const step = stepInto(node, rest);
    if (step === undefined) break;
    node = step.node;
    rest = step.rest;
  }
  return isNode(node) ? node : undefined;
}

function stepInto(node: unknown, path: string): { node: unknown; rest: string } | undefined {
  if (isSeq(node)) {
    const index = /^\[(\d+)\]\.?/.exec(path);
    const element = node.items[Number(index?.[1] ?? -1)];
    return index === null || element === undefined
      ? undefined
      : { node: element, rest: path.slice(index[0].length) };
  }
  if (!isMap(node)) return undefined;
  // A key may hold what separates keys.
  for (const { key, value } of node.items) {
    const name = isScalar(key) ? String(key.value) : '';
    const next = path[name.length];
    if (!path.startsWith(name) || (next !== undefined && next !== '.' && next !== '[')) continue;
    return { node: value ?? key, rest: path.slice(name.length + (next === '.' ? 1 : 0)) };
  }
  return undefined;
}
