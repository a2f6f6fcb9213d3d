import { shownText } from '#lib/shown-text.ts';
import type { AccountsAnswer } from '#queries/answer/accounts-answer.ts';
import { renderTable, thousands } from '../table.ts';

export function renderAccounts({ list, accounts, every }: AccountsAnswer): string {
  const properties = Object.keys(list[0]?.properties ?? {});
  const table = renderTable(
    [
      { title: 'account' },
      ...['events', 'users', 'active', `this ${every}`, 'before', 'change'].map((title) => ({
        title,
        right: true,
      })),
      { title: 'last seen' },
      ...properties.map((title) => ({ title: shownText(title) })),
    ],
    list.map((row) => [
      shownText(row.account),
      thousands(row.events),
      thousands(row.users),
      thousands(row.activeUsers),
      thousands(row.eventsNow),
      thousands(row.eventsBefore),
      changeText(row.eventsNow, row.eventsBefore),
      row.lastSeen === null ? '-' : row.lastSeen.slice(0, 10),
      ...properties.map((name) => shownText(row.properties[name] ?? '-')),
    ]),
  );
  return accounts > list.length ? `${table}${thousands(accounts - list.length)} more accounts\n` : table;
}

/** `+50%`; `new` where there was nothing before. */
function changeText(now: number, before: number): string {
  if (before === 0) return now === 0 ? '-' : 'new';
  const percent = Math.round((100 * (now - before)) / before);
  return `${percent > 0 ? '+' : ''}${percent}%`;
}
