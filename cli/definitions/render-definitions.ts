import type { DefinedEvent, Definition } from '#queries/definitions/definition.ts';
import type { DefinitionChange, DefinitionPlan } from '#queries/definitions/definition-plan.ts';
import { viewName } from '#queries/definitions/definition-set.ts';
import { renderTable } from '../table.ts';

/** A definition as JSON. */
export function definitionJson(definition: Definition): object {
  const { meaning: _, ...rest } = definition;
  return { ...rest, view: definition.archived ? null : viewName(definition.name) };
}

export function renderList(definitions: readonly Definition[]): string {
  return renderTable(
    [
      { title: 'name' },
      { title: 'kind' },
      { title: 'category' },
      { title: 'owner' },
      { title: 'version', right: true },
      { title: 'verified' },
      { title: 'view' },
      { title: 'place' },
    ],
    definitions.map(({ name, kind, category, owner, version, verified, archived, place }) => [
      name,
      kind,
      category || '-',
      owner || '-',
      String(version),
      verified ? 'yes' : 'no',
      archived ? 'archived' : viewName(name),
      `${place.file}:${place.line}`,
    ]),
  );
}

const SIGNS = { add: '+', change: '~', remove: '-' } as const;

/** One line for each change, its warnings below it, and how many definitions are as they were. */
export function renderPlan({ changes, unchanged }: DefinitionPlan, isDone: boolean): string {
  const lines = changes.flatMap(({ does, name, view, differences, warnings }: DefinitionChange) => [
    `${SIGNS[does]} ${name}  (view ${view}${differences.length === 0 ? '' : `; another ${differences.join(', ')}`})`,
    ...warnings.map((warning) => `  warning: ${warning}`),
  ]);
  const counted = (kind: DefinitionChange['does']) => changes.filter(({ does }) => does === kind).length;
  const sums = `${counted('add')} added, ${counted('change')} changed, ${counted('remove')} removed, ${unchanged} unchanged`;
  return `${[...lines, isDone || changes.length === 0 ? sums : `${sums}; nothing was done yet`].join('\n')}\n`;
}

/** What a definition is, without figures. */
export function renderDefinition({ definition }: DefinedEvent, database: string): string {
  const { name, kind, category, owner, description, verified, version, changed, place } = definition;
  const said: readonly (readonly [string, string])[] = [
    ['kind', kind],
    ['category', category],
    ['owner', owner],
    ['description', description],
    ['verified', verified ? 'yes' : 'no'],
    ['version', `${version}${changed === '' ? '' : `, ${changed}`}`],
    ['view', `${database}.${viewName(name)}`],
    ['written in', `${place.file}:${place.line}`],
  ];
  const lines = said
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `  ${key.padEnd(12)} ${value}`);
  return `${[name, ...lines].join('\n')}\n`;
}
