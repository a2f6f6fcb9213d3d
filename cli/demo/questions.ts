/** A funnel the demo asks for. */
export type FunnelQuestion = {
  readonly title: string;
  readonly steps: readonly string[];
  /** As on the command line, such as `30m`; undefined = no bound. */
  readonly within: string | undefined;
  readonly withinMs: number;
};

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

function funnel(title: string, steps: readonly string[], within?: '30m' | '1d' | '3d'): FunnelQuestion {
  const limits = { '30m': 30 * MINUTE_MS, '1d': DAY_MS, '3d': 3 * DAY_MS };
  return {
    title,
    steps,
    within,
    withinMs: within === undefined ? Number.POSITIVE_INFINITY : limits[within],
  };
}

/** Funnels of both products: client steps, server steps, steps that repeat, with and without a bound. */
export const FUNNELS: readonly FunnelQuestion[] = [
  funnel('shop: search to order', ['Search Bar', 'Add to Cart', 'Completed Order']),
  funnel('shop: cart to order in 30 minutes', ['Add to Cart', 'Completed Order'], '30m'),
  funnel('shop: two in the cart, bought, reviewed', [
    'Add to Cart',
    'Add to Cart',
    'Completed Order',
    'Product Review Published',
  ]),
  funnel('shop: ordered again in 3 days', ['Completed Order', 'Completed Order'], '3d'),
  funnel('saas: visit to membership', ['pageview', 'Created Account', 'Started Trial', 'Started Membership']),
  funnel('saas: three log-ins in a day', ['Logged In', 'Logged In', 'Logged In'], '1d'),
  funnel('saas: trial to bill paid in 3 days', ['Started Trial', 'Started Membership', 'Bill Paid'], '3d'),
];

/** Retention the demo asks for: who came to see a page again on a later day. */
export const RETENTION = { start: 'pageview', back: 'pageview', days: 7 } as const;

/** Sums of a numeric property, compared in hundredths. */
export const SUMS = [
  { title: 'revenue of Completed Order', event: 'Completed Order', property: 'revenue' },
  { title: 'orderTotal of Completed Order', event: 'Completed Order', property: 'orderTotal' },
  { title: 'price of Add to Cart', event: 'Add to Cart', property: 'price' },
  { title: 'revenue of Purchased', event: 'Purchased', property: 'revenue' },
] as const;
