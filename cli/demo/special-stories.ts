import { aBrowser } from './device.ts';
import { aPerson } from './person.ts';
import type { Properties, Story } from './story.ts';
import { Visit } from './visit.ts';

const MINUTE_MS = 60_000;

/** Devices of the tester: two more than the server's identify binds in 30 days. */
const TESTER_DEVICES = 12;

/**
 * Someone who tests the shop on a dozen browsers, all bound by the server: the last two are beyond the limit of
 * ten a month and stay people of their own. Ids rise, so that the order of bindings is the same by time and by id.
 */
export function tellTesterStory(story: Story): void {
  const { ids, setting } = story;
  const tester = aPerson(story, 'tester', 'trailhead.example');
  const rising = Array.from({ length: TESTER_DEVICES }, () => ids.id()).sort((a, b) => a - b);
  rising.forEach((id, index) => {
    const browser = { ...aBrowser(story), id };
    const at = setting.startMs + (index + 1) * 47 * MINUTE_MS;
    const visit = new Visit(story, browser, at, 'https://trailhead.example', { referrer: '', query: '' });
    visit.page('/', 'Trailhead: gear for the hills');
    visit.interact('Sign in', '/login');
    story.identify(setting.endMs - (TESTER_DEVICES - index) * MINUTE_MS, browser, tester.identity);
  });
}

/** The nightly run of a customer-relations system: bulk properties of its own for everybody it knows. */
export function customerRecords(
  identities: readonly string[],
  random: { pick<T>(list: readonly T[]): T },
): { identity: string; properties: Properties }[] {
  return identities.map((identity) => ({
    identity,
    properties: { 'Customer Segment': random.pick(['new', 'loyal', 'at risk']), 'In CRM': true },
  }));
}
