import { type RecentUserRow, recentUsersQuery } from '#queries/catalogue.ts';
import { findUser } from '#queries/find-user.ts';
import { canonicalUserId, MAX_ID } from '#schemas/ids.ts';
import { AnswerError, type Answers, signalOf } from './answers.ts';
import type { App } from './app.ts';

/** Sessions and half hours of a timeline, from the latest. */
const SHOWN_VISITS = 50;

/** `GET /api/users?who=`: who somebody is, by identity, user id or device id; without `who`, who was here last. */
export function addUsers({ server, visitor }: App, answers: Answers): void {
  server.get<{ Querystring: { who?: string; as?: string } }>('/api/users', async (request, reply) => {
    const { environment } = visitor(request);
    const { who = '', as } = request.query;
    const ask = answers.asking(signalOf(reply));
    if (who === '') return { recent: await ask<RecentUserRow>(recentUsersQuery(environment.number)) };
    const isId = as !== 'identity' && /^\d+$/.test(who) && BigInt(who) <= BigInt(MAX_ID);
    const id = isId ? Number(who) : canonicalUserId(environment.number, who);
    const found = await findUser(ask, { environment, id, hasTimeline: true });
    if (found === undefined)
      throw new AnswerError(
        404,
        'unknown_user',
        isId
          ? `Nobody in ${environment.name} has the user or device id ${who}`
          : `Nobody in ${environment.name} has the identity ${JSON.stringify(who)}; identities are case-sensitive`,
      );
    const { profile, account, sessionCount, timeline = [], queryMs } = found;
    return {
      askedFor: { as: !isId ? 'identity' : profile.userId === id ? 'user id' : 'device id', value: who },
      ...profile,
      ...(account === undefined ? {} : { account }),
      sessionCount,
      timeline: timeline.slice(-SHOWN_VISITS),
      visitCount: timeline.length,
      queryMs,
    };
  });
}
