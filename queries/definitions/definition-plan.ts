import { type AppliedDefinition, type AppliedRow, appliedRow } from './applied-definitions.ts';
import type { DefinedEvent } from './definition.ts';
import { statementHash } from './definition-hash.ts';
import {
  type DefinitionEnvironment,
  definitionsDatabase,
  definitionViewSql,
  dropViewSql,
  VIEW_MARK,
} from './definition-view.ts';

/** A table or view of the database of definitions, as it is found. */
export type FoundView = { readonly name: string; readonly comment: string };

export type DefinitionChange = {
  readonly does: 'add' | 'change' | 'remove';
  readonly name: string;
  readonly view: string;
  /** What is different; empty for one that is new or goes. */
  readonly differences: readonly string[];
  /** What may not be meant. */
  readonly warnings: readonly string[];
  /** Makes or drops the view; undefined where it stays as it is. */
  readonly sql: string | undefined;
  /** What is noted down; undefined where nothing but the view is another. */
  readonly row: AppliedRow | undefined;
};

export type DefinitionPlan = {
  readonly changes: readonly DefinitionChange[];
  readonly unchanged: number;
  /** Why it cannot be carried out. */
  readonly problems: readonly string[];
};

/** What has to be done so that exactly these definitions are in force. `applied` is the newest row of each name. */
export function planDefinitions(
  environment: DefinitionEnvironment,
  events: readonly DefinedEvent[],
  applied: readonly AppliedDefinition[],
  found: readonly FoundView[],
): DefinitionPlan {
  const inForce = new Map(applied.filter(({ state }) => state === 'applied').map((row) => [row.name, row]));
  const views = new Map(found.map((view) => [view.name, view]));
  const changes: DefinitionChange[] = [];
  const problems: string[] = [];
  for (const event of events) {
    const row = appliedRow(environment.number, event);
    const before = inForce.get(row.name);
    inForce.delete(row.name);
    const view = views.get(row.view);
    views.delete(row.view);
    if (view !== undefined && !view.comment.startsWith(VIEW_MARK)) {
      problems.push(
        `Cannot make the view of ${JSON.stringify(row.name)}: there is a table ${definitionsDatabase(environment)}.${row.view} that was not made here`,
      );
      continue;
    }
    const hash = statementHash(definitionViewSql(environment, event, ''));
    const isSame = view?.comment.startsWith(`${VIEW_MARK} (${hash})`) === true;
    if (isSame && before?.hash === row.hash) continue;
    const differences = before === undefined ? [] : differencesOf(before, row);
    changes.push({
      does: before === undefined ? 'add' : 'change',
      name: row.name,
      view: row.view,
      differences: before === undefined || differences.length > 0 ? differences : ['view'],
      warnings:
        before !== undefined && before.meaning !== row.meaning && row.version <= before.version
          ? [sameVersion(row)]
          : [],
      sql: isSame ? undefined : definitionViewSql(environment, event, hash),
      row: before?.hash === row.hash ? undefined : row,
    });
  }
  // What is left has no definition any more; views of names that were renamed in letters alone are used again above.
  const stale = [...views.values()]
    .filter(({ comment }) => comment.startsWith(VIEW_MARK))
    .map(({ name }) => name);
  for (const row of inForce.values()) {
    changes.push(removal(environment, row.name, row.view, stale.includes(row.view), row));
  }
  const noted = new Set([...inForce.values()].map(({ view }) => view));
  for (const view of stale.filter((name) => !noted.has(name))) {
    changes.push(removal(environment, view, view, true, undefined));
  }
  return {
    changes: changes.toSorted((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)),
    unchanged: events.length - changes.filter(({ does }) => does !== 'remove').length - problems.length,
    problems,
  };
}

const FIELDS = ['kind', 'category', 'owner', 'description', 'verified', 'version'] as const;

function differencesOf(before: AppliedRow, row: AppliedRow): readonly string[] {
  return [
    ...(before.meaning === row.meaning ? [] : ['events']),
    ...FIELDS.filter((field) => before[field] !== row[field]),
    ...(before.view === row.view ? [] : ['view']),
    // The notes on what was changed are in the text alone.
    ...(before.hash !== row.hash &&
    before.meaning === row.meaning &&
    FIELDS.every((field) => before[field] === row[field])
      ? ['notes']
      : []),
  ];
}

function sameVersion({ name, version }: AppliedRow): string {
  return `${JSON.stringify(name)} stands for other events than before, and is version ${version} still`;
}

function removal(
  environment: DefinitionEnvironment,
  name: string,
  view: string,
  exists: boolean,
  row: AppliedDefinition | undefined,
): DefinitionChange {
  const { appliedAtMs: _, ...rest } = row ?? { appliedAtMs: 0 };
  return {
    does: 'remove',
    name,
    view,
    differences: [],
    warnings: [],
    sql: exists ? dropViewSql(environment, view) : undefined,
    row: row === undefined ? undefined : { ...(rest as AppliedRow), state: 'removed' },
  };
}
