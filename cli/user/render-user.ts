import type { ShownSession, UserAccount } from '#queries/find-user.ts';
import type { Place, PropertyInForce, PropertyValue, UserProfile } from '#queries/user-profile.ts';
import type { Visit } from '#queries/user-timeline.ts';
import { durationText, renderTable, thousands } from '../table.ts';

/** Rows of a table that are shown; JSON has more. */
const SHOWN = 20;
const SHOWN_EVENTS = 50;

export type UserAnswer = UserProfile & {
  readonly environment: string;
  readonly askedFor: { readonly as: string; readonly value: string };
  readonly account?: UserAccount | null;
  readonly sessionCount: number;
  readonly lastSession: ShownSession | null;
  readonly timeline?: readonly Visit<ShownSession>[];
  readonly queryMs: number;
};

/** The answer as text. */
export function renderUser(answer: UserAnswer): string {
  return [
    renderHead(answer),
    renderDevices(answer),
    renderMerges(answer),
    renderProperties(answer.properties, 'property'),
    ...(answer.account ? [renderProperties(answer.account.properties, 'property of the account')] : []),
    ...(answer.timeline === undefined ? [] : [renderTimeline(answer.timeline)]),
    'What was ignored, with the reason: cairn tail --topic identity.audit --from-beginning\n',
  ].join('\n');
}

function renderHead(answer: UserAnswer): string {
  const { userId, environment, askedFor, identities, lastSession } = answer;
  return renderTable(
    [{ title: `user ${userId}` }, { title: `in ${environment}, found by ${askedFor.as} ${askedFor.value}` }],
    [
      ['identity', identities.join(', ') || 'none: anonymous'],
      ...(answer.account === undefined ? [] : [['account', answer.account?.id ?? 'none']]),
      ['first seen', timeText(answer.firstSeen)],
      ['last seen', timeText(answer.lastSeen)],
      ['devices', thousands(answer.deviceCount)],
      ['events', thousands(answer.events)],
      ['sessions', thousands(answer.sessionCount)],
      ['last session', lastSession === null ? '-' : sessionText(lastSession)],
      ['asked in', `${Math.round(answer.queryMs)} ms`],
    ],
  );
}

function renderDevices({ devices, deviceCount, userId }: UserAnswer): string {
  const table = renderTable(
    [
      { title: 'device', right: true },
      { title: 'first seen' },
      { title: 'last seen' },
      { title: 'source' },
      { title: 'platform' },
      { title: 'events', right: true },
      { title: '' },
    ],
    devices
      .slice(0, SHOWN)
      .map((device) => [
        String(device.deviceId),
        timeText(device.firstSeen),
        timeText(device.lastSeen),
        device.sources.join(', ') || '-',
        device.platform ?? '-',
        thousands(device.events),
        device.deviceId === userId ? 'sent under the user’s own id' : '',
      ]),
  );
  return table + moreText(deviceCount, devices.length, 'devices');
}

function renderMerges({ merges, mergeCount }: UserAnswer): string {
  if (merges.length === 0) return 'No merges\n';
  const table = renderTable(
    [
      { title: 'merge of device', right: true },
      { title: 'into user', right: true },
      { title: 'identity' },
      { title: 'bound at' },
      { title: 'time given' },
      { title: 'by' },
      { title: 'event id', right: true },
      { title: 'in the log', right: true },
      { title: 'counts' },
    ],
    merges
      .slice(0, SHOWN)
      .map((merge) => [
        String(merge.deviceId),
        String(merge.userId),
        merge.identity,
        timeText(merge.boundAt),
        timeText(merge.time),
        merge.source,
        String(merge.eventId),
        placeText(merge.place),
        merge.counts ? 'yes' : `no: ${merge.reason}`,
      ]),
  );
  return table + moreText(mergeCount, merges.length, 'merges');
}

function renderProperties(properties: readonly PropertyInForce[], title: string): string {
  if (properties.length === 0) return `No ${title.replace('property', 'properties')}\n`;
  const table = renderTable(
    [
      { title },
      { title: 'value' },
      { title: 'set at' },
      { title: 'by device', right: true },
      { title: 'source' },
      { title: 'event id', right: true },
      { title: 'in the log', right: true },
      { title: 'instead of' },
    ],
    properties
      .slice(0, SHOWN)
      .map((property) => [
        property.name,
        valueText(property.value),
        timeText(property.time),
        String(property.deviceId),
        property.source,
        String(property.eventId),
        placeText(property.place),
        property.replaced === null
          ? '-'
          : `${valueText(property.replaced.value)} of ${timeText(property.replaced.time)}`,
      ]),
  );
  return table + moreText(properties.length, properties.length, 'properties');
}

function renderTimeline(visits: readonly Visit<ShownSession>[]): string {
  const parts = visits.map(({ session, startedAtMs, endedAtMs, events }) => {
    const title =
      session === undefined
        ? `server events from ${timeText(new Date(startedAtMs).toISOString())}, ${durationText(endedAtMs - startedAtMs)}`
        : `session ${sessionText(session)}`;
    const rows = events
      .slice(0, SHOWN_EVENTS)
      .map(
        ({ timeMs, name, source, eventId }) =>
          `  ${timeText(new Date(timeMs).toISOString())}  ${valueText(name)}  ${source}  event ${eventId}\n`,
      );
    const rest = events.length > SHOWN_EVENTS ? `  and ${events.length - SHOWN_EVENTS} more events\n` : '';
    return `${title}\n${rows.join('')}${rest}`;
  });
  return parts.length === 0 ? 'No sessions and no events\n' : parts.join('\n');
}

function moreText(all: number, listed: number, what: string): string {
  if (all <= SHOWN) return '';
  const place = listed < all ? `the latest ${listed} are in --json` : 'all are in --json';
  return `and ${thousands(all - SHOWN)} more ${what}: ${place}\n`;
}

const timeText = (iso: string | null) => (iso === null ? '-' : iso.replace('T', ' '));
const placeText = ({ partition, offset }: Place) => `${partition}/${offset}`;

/** On one line, however long and whatever is in it. */
function valueText(value: PropertyValue): string {
  const text = JSON.stringify(value);
  const plain = typeof value === 'string' && text === `"${value}"` && value !== '' ? value : text;
  return plain.length > 60 ? `${plain.slice(0, 59)}…` : plain;
}

function sessionText({ sessionId, startedAtMs, endedAtMs, platform, landingPage }: ShownSession): string {
  const details = [platform, landingPage].filter((detail) => detail !== null);
  return [
    `${sessionId} from ${timeText(new Date(startedAtMs).toISOString())}, ${durationText(endedAtMs - startedAtMs)}`,
    ...details,
  ].join(', ');
}
