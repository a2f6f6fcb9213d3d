import { setTimeout as pause } from 'node:timers/promises';
import type { ClickHouseClient } from '@clickhouse/client';
import type { Environment } from '#lib/config/environments.ts';
import {
  liveGenerationQuery,
  propertyNamesQuery,
  type ResolvedDevice,
  resolvedDevicesQuery,
  type StoredBinding,
  storedBindingsQuery,
  type UserRow,
  usersQuery,
} from '#queries/resolved-rows.ts';
import { accountKeyId } from '#schemas/ids.ts';
import { ask, askRows } from '../../clickhouse-access.ts';
import { type AccountsOfLog, accountColumnsOf, accountOf } from './account-columns.ts';
import { compareBindings, compareResolvedDevices } from './compare-bindings.ts';
import { compareUsers } from './compare-users.ts';
import type { Comparison, DifferentRow, Findings } from './findings.ts';
import type { IdMap } from './id-map.ts';
import type { LaterRecords } from './later-records.ts';
import type { JudgedBinding, People } from './people.ts';
import { usersOf } from './users.ts';

/** The loader looks every 3 s whether a device has become known as canonical since it was bound. */
const SETTLE_MS = 20_000;
const POLL_MS = 1000;

export type PeopleCheck = {
  readonly clickhouse: ClickHouseClient;
  readonly generation: number;
  readonly cut: readonly bigint[];
  readonly environments: readonly Environment[];
  readonly people: People;
  readonly findings: Findings;
  readonly later: LaterRecords;
  readonly say: (text: string) => void;
};

/** Compares what depends on all partitions: bindings with their verdicts, whose events are whose, and users. */
export async function checkPeople(check: PeopleCheck): Promise<void> {
  const { clickhouse, generation, cut, people, findings, later } = check;
  const judged = people.judge();
  const isChangedLater = async ({ different }: Comparison) => {
    if (different.length === 0) return () => false;
    await later.catchUp();
    const touched = later.touched.people(judged);
    return ({ environment, id }: DifferentRow) => touched.has(environment, id);
  };
  await checkBindings(check, judged, isChangedLater);
  const resolved = await ask<ResolvedDevice>(clickhouse, resolvedDevicesQuery(generation, cut));
  const ofEvents = compareResolvedDevices(people, judged, resolved);
  findings.add('users of events', ofEvents, await isChangedLater(ofEvents));

  const [live] = await ask<{ generation: number }>(clickhouse, liveGenerationQuery());
  if (live?.generation !== generation) {
    check.say(
      `Generation ${generation} is not live: readers do not see its users, so these are not compared`,
    );
    return;
  }
  const users = usersOf(people, judged);
  const known = new Set(check.environments.map(({ number }) => number));
  for (const number of users.environments())
    if (!known.has(number))
      check.say(`Environment ${number} is not in the registry and has no views: its users are not compared`);
  for (const environment of check.environments) {
    const { number, name } = environment;
    const accounts = await accountsOf(check, environment);
    const comparison = await compareUsers(
      number,
      users.of(number),
      askRows<UserRow>(clickhouse, usersQuery(name)),
      await namesOf(check, number, 'user_property'),
      accounts,
    );
    const isTouched = await isChangedLater(comparison);
    findings.add('users', comparison, (row) => {
      const user = users.of(number).get(row.id);
      const account =
        user === undefined || accounts === undefined ? null : accountOf(user, accounts.idProperty);
      return (
        isTouched(row) || (account !== null && later.touched.isDevice(number, accountKeyId(number, account)))
      );
    });
  }
}

/** undefined where no property of users names an account. */
async function accountsOf(
  check: PeopleCheck,
  { number, options }: Environment,
): Promise<AccountsOfLog | undefined> {
  const idProperty = options.accountIdProperty;
  if (idProperty === '') return undefined;
  const ofAccounts = await namesOf(check, number, 'account_property');
  const ofUsers = await namesOf(check, number, 'user_property');
  return {
    idProperty,
    writes: check.people.accounts.get(number) ?? new Map(),
    columns: accountColumnsOf(ofAccounts, ofUsers, idProperty),
  };
}

async function namesOf(
  { clickhouse }: PeopleCheck,
  environment: number,
  scope: 'user_property' | 'account_property',
): Promise<readonly string[]> {
  const rows = await ask<{ name: string }>(clickhouse, propertyNamesQuery(environment, scope));
  return rows.map(({ name }) => name);
}

async function checkBindings(
  { clickhouse, generation, findings, say }: PeopleCheck,
  judged: IdMap<JudgedBinding>,
  isChangedLater: (comparison: Comparison) => Promise<(row: DifferentRow) => boolean>,
): Promise<void> {
  const deadline = performance.now() + SETTLE_MS;
  for (let hasSaid = false; ; hasSaid = true) {
    const rows = await ask<StoredBinding>(clickhouse, storedBindingsQuery(generation));
    const comparison = compareBindings(judged, rows);
    const isLater = await isChangedLater(comparison);
    const open = comparison.different.filter((row) => !isLater(row));
    if (!open.some(isOvertaken) || performance.now() > deadline) {
      findings.add('user_migrations', comparison, isLater);
      return;
    }
    if (!hasSaid) say(`Waiting until the loader has judged ${open.length} bindings anew`);
    await pause(POLL_MS);
  }
}

/** The log says that the device is canonical, and the loader may not have noticed yet. */
function isOvertaken({ columns }: DifferentRow): boolean {
  return columns.some(({ column, log }) => column === 'reason' && log === 'canonical_id');
}
