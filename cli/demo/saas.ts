import { anArrival } from './arrival.ts';
import { aBrowser, afterReset, anApp, type Device } from './device.ts';
import { aPerson, type Person } from './person.ts';
import { bill, startTrial } from './saas-billing.ts';
import type { Story } from './story.ts';
import { Visit } from './visit.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SITE = 'https://ledgerly.example';
const APP = 'https://app.ledgerly.example';

const FEATURES = ['Invoices', 'Contacts', 'Reports', 'Time sheets', 'Bank feeds'];

/** A bookkeeping service sold to companies, after the SaaS tracking plan: one company and its people. */
export function tellSaasStory(story: Story, number: number): void {
  const { random } = story;
  if (random.chance(0.3)) {
    tellOfReader(story);
    return;
  }
  const company = { id: `acct-${number}${story.setting.tag}`, domain: `company${number}.example` };
  const foundedAt = story.someTime();
  story.accountProperties(foundedAt, company.id, {
    'Account Tier': random.pick(['Starter', 'Team', 'Enterprise']),
    'Account Vertical': random.pick(['Retail', 'Health', 'Craft', 'Media']),
    'Account Location': random.pick(['Lisbon', 'Gdańsk', 'Nairobi', 'Osaka']),
  });
  const owner = tellOfMember(story, `m${number}-0`, company, foundedAt);
  startTrial(story, foundedAt + 6 * MINUTE_MS, owner.identity);
  bill(story, foundedAt + 20 * HOUR_MS, owner.identity, company.id);
  for (let member = random.int(0, 5); member > 0; member -= 1) {
    tellOfMember(story, `m${number}-${member}`, company, foundedAt + random.int(1, 60) * HOUR_MS);
  }
}

/** Reads the blog and leaves. */
function tellOfReader(story: Story): void {
  const device = aBrowser(story);
  const visit = new Visit(story, device, story.someTime(), SITE, anArrival(story.random));
  for (let pages = story.random.int(1, 6); pages > 0; pages -= 1) {
    visit.page(`/blog/${story.random.int(1, 40)}`, 'Ledgerly blog');
    if (story.random.chance(0.4)) visit.interact('Read more', '/blog');
  }
  if (story.random.chance(0.15))
    visit.custom('Demo Request', { Product: 'Ledgerly Team', 'Contact Method': 'form' });
}

function tellOfMember(
  story: Story,
  number: string,
  company: { id: string; domain: string },
  startAt: number,
): Person {
  const { random } = story;
  const person = aPerson(story, number, company.domain);
  let device = aBrowser(story);
  const phone = random.chance(0.3) ? anApp(story) : undefined;
  const marketing = new Visit(story, device, startAt, SITE, anArrival(random));
  marketing.page('/', 'Ledgerly: books that balance');
  if (random.chance(0.6)) marketing.page('/pricing', 'Pricing');
  marketing.interact('Try it free', '/signup');
  marketing.page('/signup', 'Sign up');
  marketing.interact('Create account');
  signUp(story, marketing, device, person, company.id);
  let at = marketing.now + random.int(1, 240) * MINUTE_MS;
  for (let visits = random.int(1, 6); visits > 0; visits -= 1) {
    const used = phone !== undefined && random.chance(0.35) ? phone : device;
    const { now, loggedOut } = work(story, used, person, at);
    if (loggedOut && used === device) device = afterReset(story, device);
    at =
      now +
      random.weighted([
        [random.int(2, 29) * MINUTE_MS, 1],
        [random.int(31, 300) * MINUTE_MS, 3],
        [random.int(10, 40) * HOUR_MS, 3],
      ]);
  }
  return person;
}

function signUp(story: Story, visit: Visit, device: Device, person: Person, accountId: string): void {
  const { random } = story;
  const server = random.chance(0.5);
  if (server) story.identify(visit.now + 200, device, person.identity);
  else visit.identify(person.identity);
  story.track(visit.now + 500, { identity: person.identity }, 'Created Account', {
    appType: 'web',
    authType: random.pick(['password', 'google', 'saml']),
    planType: 'trial',
  });
  story.userProperties(visit.now + 800, person.identity, {
    Account: accountId,
    Role: random.pick(['Owner', 'Accountant', 'Assistant', 'Adviser']),
    'User Permissions': random.pick(['admin', 'edit', 'read']),
    'Membership Type': 'trial',
    'Age group': person.ageGroup,
    Gender: person.gender,
  });
}

/** A stretch of work in the application; ends with a log-out, or with the tab left open. */
function work(story: Story, device: Device, person: Person, at: number): { now: number; loggedOut: boolean } {
  const { random } = story;
  const visit = new Visit(story, device, at, APP, { referrer: '', query: '' });
  visit.page('/login', 'Log in');
  visit.identify(person.identity);
  visit.custom('Logged In', { id: person.identity, email: person.identity });
  for (let steps = random.int(1, 6); steps > 0; steps -= 1) {
    const feature = random.pick(FEATURES);
    visit.interact(feature, `/${feature.toLowerCase().replace(' ', '-')}`);
    visit.page(`/${feature.toLowerCase().replace(' ', '-')}`, feature);
    for (let clicks = random.int(0, 1); clicks > 0; clicks -= 1)
      visit.interact(random.pick(['Save', 'New', 'Filter', 'Export']));
    if (random.chance(0.03)) visit.custom('Errors', { 'Error Code': 500, 'Error Text': 'Try again later' });
  }
  if (random.chance(0.05))
    visit.custom('Support Request', { 'Reason/Category': 'billing', 'Submitter Role': 'user' });
  visit.userProperties({ 'Last Login': new Date(at).toISOString() });
  const loggedOut = random.chance(0.3);
  if (loggedOut) visit.custom('Logged Out', { id: person.identity, email: person.identity });
  return { now: visit.now, loggedOut };
}
