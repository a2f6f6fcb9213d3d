import type { Random } from './random.ts';

/** How a visit began: where the visitor came from and the query the link carried. */
export type Arrival = { readonly referrer: string; readonly query: string };

const DIRECT: Arrival = { referrer: '', query: '' };

const SEARCHES = ['https://www.google.com/', 'https://www.bing.com/', 'https://duckduckgo.com/'];

/** Campaigns with the weight of their traffic. */
const CAMPAIGNS: readonly (readonly [Arrival, number])[] = [
  [
    {
      referrer: 'https://www.google.com/',
      query: '?utm_source=google&utm_medium=cpc&utm_campaign=brand&utm_term=trail+shoes',
    },
    5,
  ],
  [
    {
      referrer: 'https://www.instagram.com/',
      query: '?utm_source=instagram&utm_medium=social&utm_campaign=autumn&utm_content=story',
    },
    4,
  ],
  [{ referrer: '', query: '?utm_source=newsletter&utm_medium=email&utm_campaign=weekly' }, 3],
  [{ referrer: 'https://partner.example/', query: '?utm_source=partner&utm_medium=affiliate' }, 1],
];

export function anArrival(random: Random): Arrival {
  switch (
    random.weighted([
      ['direct', 4],
      ['search', 3],
      ['campaign', 3],
    ])
  ) {
    case 'search':
      return { referrer: random.pick(SEARCHES), query: '' };
    case 'campaign':
      return random.weighted(CAMPAIGNS);
    default:
      return DIRECT;
  }
}
