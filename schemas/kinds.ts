/** Kinds of record that travel in `events.collected`, in one order per device. */
export const KINDS = [
  'event',
  'identify',
  'user_properties',
  'account_properties',
  'tick',
  'erasure',
] as const;
export type Kind = (typeof KINDS)[number];

/** Where an input came from. Client sources take part in sessions; server events never do. */
export const SOURCES = ['web', 'ios', 'android', 'server'] as const;
export type Source = (typeof SOURCES)[number];
