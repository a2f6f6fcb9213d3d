import {
  PART_SEPARATOR,
  PROPERTY_SEPARATOR,
  ROW_FIELDS,
  type RowTable,
  type StoredRow,
} from '#queries/stored-rows.ts';
import { type DifferentRow, onlyFound, onlyInLog } from './findings.ts';

/** Rows of a range of offsets as the log says, by offset: their values in the order of ROW_FIELDS. */
export type ExpectedRows = ReadonlyMap<number, readonly string[]>;

/** Names what differs between the rows of a range of offsets and those of ClickHouse, value by value. */
export function compareRows(
  table: RowTable,
  partition: number,
  expected: ExpectedRows,
  found: readonly StoredRow[],
): DifferentRow[] {
  const fields = ROW_FIELDS[table].map(({ name }) => name);
  const describe = (offset: number, values: readonly string[]) => {
    const [environment = '', device = '', event = ''] = ['environment', 'device_id', 'event_id'].map(
      (name) => values[fields.indexOf(name)],
    );
    return {
      environment: Number(environment),
      id: Number(device),
      key: `events.collected-${partition}@${offset} (environment ${environment}, event ${event})`,
    };
  };
  const different: DifferentRow[] = [];
  const seen = new Set<number>();
  for (const { offset, values } of found) {
    const own = expected.get(offset);
    if (own === undefined) different.push(onlyFound(describe(offset, values)));
    else if (seen.has(offset)) {
      different.push({ ...describe(offset, own), columns: [{ column: 'rows', log: 1, found: 2 }] });
    } else {
      const columns = fields.flatMap((name, at) => differentValue(name, own[at] ?? '', values[at] ?? ''));
      if (columns.length > 0) different.push({ ...describe(offset, own), columns });
    }
    seen.add(offset);
  }
  for (const [offset, values] of expected)
    if (!seen.has(offset)) different.push(onlyInLog(describe(offset, values)));
  return different;
}

function differentValue(column: string, log: string, found: string): DifferentRow['columns'] {
  if (log === found) return [];
  if (column !== 'properties') return [{ column, log, found }];
  const [own, theirs] = [propertiesOf(log), propertiesOf(found)];
  return [...new Set([...own.keys(), ...theirs.keys()])]
    .filter((name) => own.get(name) !== theirs.get(name))
    .map((name) => ({
      column: `properties.${name}`,
      log: own.get(name) ?? null,
      found: theirs.get(name) ?? null,
    }));
}

/** Type and value of each property, such as `Int64 7`. */
function propertiesOf(text: string): Map<string, string> {
  if (text === '') return new Map();
  return new Map(
    text.split(PROPERTY_SEPARATOR).map((property) => {
      const [name = '', type = '', ...value] = property.split(PART_SEPARATOR);
      return [name, `${type} ${value.join(PART_SEPARATOR)}`];
    }),
  );
}
