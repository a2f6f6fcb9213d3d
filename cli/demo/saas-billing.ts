import type { Story } from './story.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

const PLANS = [
  { id: 'starter', name: 'Starter', price: 12 },
  { id: 'team', name: 'Team', price: 49.5 },
  { id: 'enterprise', name: 'Enterprise', price: 199.95 },
] as const;

/** The service's server reports the trial as it begins. */
export function startTrial(story: Story, at: number, identity: string): void {
  story.track(at, { identity }, 'Started Trial', {
    trialStartDate: day(at),
    trialEndDate: day(at + 14 * DAY_MS),
  });
}

/** Trials that became memberships, and the bills that follow; all of it is known to the server alone. */
export function bill(story: Story, at: number, identity: string, accountId: string): void {
  const { random } = story;
  if (random.chance(0.35)) {
    story.track(at + 2 * DAY_MS, { identity }, 'Ended Trial', {
      trialStartDate: day(at),
      trialEndDate: day(at + 2 * DAY_MS),
    });
    return;
  }
  const plan = random.pick(PLANS);
  const membershipId = `ms-${accountId}`;
  story.track(at, { identity }, 'Started Membership', {
    membershipId,
    itemId: plan.id,
    itemName: plan.name,
    itemPrice: plan.price,
    itemType: 'subscription',
    itemDiscount: 0,
  });
  story.trackBulk(at + 3000, [
    {
      who: { identity },
      event: 'Purchased',
      properties: {
        transactionId: `tx-${accountId}`,
        membershipId,
        revenue: plan.price,
        subTotal: plan.price,
      },
    },
    {
      who: { identity },
      event: 'Bill Sent',
      properties: { 'Due Date': day(at + 14 * DAY_MS), Amount: plan.price },
    },
  ]);
  story.userProperties(at + 4000, identity, { 'Membership Type': plan.name, 'Membership Started': day(at) });
  if (random.chance(0.7)) {
    story.track(at + random.int(5, 40) * HOUR_MS, { identity }, 'Bill Paid', {
      'Due Date': day(at + 14 * DAY_MS),
      'Amount Paid': plan.price,
    });
  }
  if (random.chance(0.2)) {
    const upgradedAt = at + random.int(10, 50) * HOUR_MS;
    story.track(upgradedAt, { identity }, 'Upgrade', {
      'Current membership type': plan.name,
      'New membership type': 'Enterprise',
    });
    story.accountProperties(upgradedAt + 500, accountId, { 'Account Tier': 'Enterprise' });
  }
}

function day(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
