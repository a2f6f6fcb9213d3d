import type { DemoRequest } from './dispatch.ts';

/** Rows of a request by the kind of record they become. */
export type RowCount = {
  readonly events: number;
  readonly identifies: number;
  readonly userProperties: number;
  readonly accountProperties: number;
};

export const NO_ROWS: RowCount = { events: 0, identifies: 0, userProperties: 0, accountProperties: 0 };

export function countRows({ path, body }: DemoRequest): RowCount {
  const rows = (field: string): number => {
    const list = body[field];
    return Array.isArray(list) ? list.length : 1;
  };
  switch (path) {
    case '/api/v1/identify':
      return { ...NO_ROWS, identifies: 1 };
    case '/api/add_user_properties':
      return { ...NO_ROWS, userProperties: rows('users') };
    case '/api/add_account_properties':
      return { ...NO_ROWS, accountProperties: rows('accounts') };
    case '/v1/capture': {
      const types = (body['events'] as { type: string }[]).map(({ type }) => type);
      const identifies = types.filter((type) => type === 'identify').length;
      const userProperties = types.filter((type) => type === 'user_properties').length;
      return { ...NO_ROWS, identifies, userProperties, events: types.length - identifies - userProperties };
    }
    default:
      return { ...NO_ROWS, events: rows('events') };
  }
}

export function sumRows(a: RowCount, b: RowCount): RowCount {
  return {
    events: a.events + b.events,
    identifies: a.identifies + b.identifies,
    userProperties: a.userProperties + b.userProperties,
    accountProperties: a.accountProperties + b.accountProperties,
  };
}
