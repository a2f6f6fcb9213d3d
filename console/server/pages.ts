/** Pages of the console, in the order of the navigation. */
export const PAGES = [
  { path: '/live', name: 'live', title: 'Live', about: 'Events as they arrive' },
  { path: '/users', name: 'users', title: 'Users', about: 'Who somebody is, and why' },
  { path: '/funnel', name: 'funnel', title: 'Funnel', about: 'Who did some steps in order' },
  { path: '/retention', name: 'retention', title: 'Retention', about: 'Who came back' },
  { path: '/trend', name: 'trend', title: 'Trend', about: 'How much, over time' },
  { path: '/paths', name: 'paths', title: 'Paths', about: 'What came after, and before' },
  { path: '/catalogue', name: 'catalogue', title: 'Catalogue', about: 'What is sent' },
  { path: '/plan', name: 'plan', title: 'Plan', about: 'What should be sent, and what is' },
  { path: '/health', name: 'health', title: 'Health', about: 'What runs, and what was refused' },
] as const;

export type Page = (typeof PAGES)[number];
