import type { RoutePath } from '../../services/collector/core/accept.ts';

/** What rows are about, and how the collector takes their properties. */
export type Subject = {
  readonly name: 'users' | 'accounts';
  readonly path: RoutePath & `/api/${string}`;
  /** Field of a request that lists rows. */
  readonly list: 'users' | 'accounts';
  /** Field of a row that names the user or account, and the column it is in unless `option` says another. */
  readonly idField: 'identity' | 'account_id';
  readonly option: '--identity' | '--account-id';
  /** Property names, in lower case, that the collector refuses. */
  readonly reserved: readonly string[];
};

export const SUBJECTS: Readonly<Record<string, Subject>> = {
  users: {
    name: 'users',
    path: '/api/add_user_properties',
    list: 'users',
    idField: 'identity',
    option: '--identity',
    reserved: ['id'],
  },
  accounts: {
    name: 'accounts',
    path: '/api/add_account_properties',
    list: 'accounts',
    idField: 'account_id',
    option: '--account-id',
    reserved: [],
  },
};
