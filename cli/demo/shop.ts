import { anArrival } from './arrival.ts';
import { aBot, aBrowser, afterReset, anApp, type Device } from './device.ts';
import { aPerson, type Person } from './person.ts';
import { aProduct, PRODUCTS, type Product } from './products.ts';
import { checkOut } from './shop-orders.ts';
import type { Story, Who } from './story.ts';
import { Visit } from './visit.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DOMAIN = 'trailhead.example';

/** A web shop for hiking gear with an app of its own, after the e-commerce tracking plan. */
export function tellShopStory(story: Story, number: number): void {
  const tell = story.random.weighted<(story: Story, number: number) => void>([
    [tellOfPasserBy, 50],
    [tellOfCustomer, 42],
    [tellOfSharedBrowser, 5],
    [tellOfBot, 3],
  ]);
  tell(story, number);
}

/** Looks around, perhaps twice, perhaps buys as a guest; never says who it is. */
function tellOfPasserBy(story: Story): void {
  const device = story.random.chance(0.8) ? aBrowser(story) : anApp(story);
  let at = story.someTime();
  for (let visits = story.random.int(1, 3); visits > 0; visits -= 1) {
    const visit = enter(story, device, at);
    const basket = browse(story, visit);
    if (basket.length > 0 && story.random.chance(0.15))
      checkOut(story, visit, basket, { user_id: String(device.id) });
    at = visit.now + pauseBetweenVisits(story);
  }
}

/** Comes back on several devices and signs in on each at some time; orders by the shop's server. */
function tellOfCustomer(story: Story, number: number): void {
  const { random } = story;
  const person = aPerson(story, `s${number}`, DOMAIN);
  const devices = [aBrowser(story), ...(random.chance(0.6) ? [anApp(story)] : [])];
  if (random.chance(0.15)) devices.push(aBrowser(story));
  const signedIn = new Set<Device>();
  const visits = random.int(2, 8);
  const firstSignIn = random.int(0, visits - 1);
  let at = story.someTime();
  for (let n = 0; n < visits; n += 1) {
    const device = random.pick(devices);
    const visit = enter(story, device, at);
    const basket = browse(story, visit);
    if (n >= firstSignIn && !signedIn.has(device)) {
      signIn(story, visit, device, person);
      signedIn.add(device);
    }
    if (basket.length > 0 && random.chance(0.5)) {
      // An order by telephone or as a known customer names the person before the device does.
      const named = signedIn.has(device) || random.chance(0.3);
      const who: Who = named ? { identity: person.identity } : { user_id: String(device.id) };
      checkOut(story, visit, basket, who);
    }
    at = visit.now + pauseBetweenVisits(story);
  }
}

/** Two people of one household on one browser: a reset between them, once forgotten by the application. */
function tellOfSharedBrowser(story: Story, number: number): void {
  const { random } = story;
  const people = [aPerson(story, `s${number}a`, DOMAIN), aPerson(story, `s${number}b`, DOMAIN)];
  let device = aBrowser(story);
  let at = story.someTime();
  for (let n = random.int(2, 4); n > 0; n -= 1) {
    const person = random.pick(people);
    const visit = enter(story, device, at);
    const basket = browse(story, visit);
    signIn(story, visit, device, person);
    if (basket.length > 0 && random.chance(0.5))
      checkOut(story, visit, basket, { identity: person.identity });
    at = visit.now + pauseBetweenVisits(story);
    // Without the reset the next sign-in names a device that is somebody's already, and is ignored.
    if (!random.chance(0.4)) device = afterReset(story, device);
  }
}

/** Reads product pages at a steady pace. */
function tellOfBot(story: Story): void {
  const visit = new Visit(story, aBot(story), story.someTime(), `https://${DOMAIN}`, {
    referrer: '',
    query: '',
  });
  for (let pages = story.random.int(5, 60); pages > 0; pages -= 1) {
    const product = story.random.pick(PRODUCTS);
    visit.page(`/p/${product.id}`, product.name);
  }
}

function enter(story: Story, device: Device, at: number): Visit {
  const origin = device.library === 'web' ? `https://${DOMAIN}` : 'app://trailhead';
  return new Visit(story, device, at, origin, anArrival(story.random));
}

/** Pages, clicks and a search; returns what lies in the basket. */
function browse(story: Story, visit: Visit): Product[] {
  const { random } = story;
  const basket: Product[] = [];
  visit.page('/', 'Trailhead: gear for the hills');
  for (let pages = random.int(1, 7); pages > 0; pages -= 1) {
    const product = aProduct(random);
    if (random.chance(0.25)) {
      visit.custom('Search Bar', { 'Search Term': product.category.toLowerCase() });
      visit.page(`/search?q=${product.category.toLowerCase()}`, 'Search');
    } else if (random.chance(0.5)) {
      visit.interact(product.category, `/c/${product.category.toLowerCase()}`);
      visit.page(`/c/${product.category.toLowerCase()}`, product.category);
    }
    visit.interact(product.name, `/p/${product.id}`);
    visit.page(`/p/${product.id}`, product.name);
    if (random.chance(0.2)) visit.interact('Sizes');
    if (random.chance(0.4)) {
      visit.interact('Add to cart');
      visit.custom('Add to Cart', {
        'product ID': product.id,
        price: product.price,
        quantity: 1,
        category: product.category,
        currency: 'EUR',
      });
      basket.push(product);
    }
  }
  return basket;
}

/** The page tells who it is, or the server does after a login form. */
function signIn(story: Story, visit: Visit, device: Device, person: Person): void {
  visit.interact('Sign in', '/login');
  visit.page('/account', 'Your account');
  if (story.random.chance(0.75)) visit.identify(person.identity);
  else story.identify(visit.now + 400, device, person.identity);
  if (story.random.chance(0.5)) visit.userProperties({ 'Email Opt-in': story.random.chance(0.6) });
  story.userProperties(visit.now + 900, person.identity, {
    Gender: person.gender,
    'Age group': person.ageGroup,
    'Sign Up Date': new Date(visit.now).toISOString().slice(0, 10),
  });
}

function pauseBetweenVisits(story: Story): number {
  return story.random.weighted([
    [story.random.int(31, 180) * MINUTE_MS, 3],
    [story.random.int(5, 48) * HOUR_MS, 5],
    // Shorter than the gap: one session on the web, two in an app.
    [story.random.int(6, 29) * MINUTE_MS, 1],
  ]);
}
