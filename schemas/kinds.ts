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

/** Heap's event types of what is captured without being asked for. */
export const CAPTURED_TYPES = ['view page', 'click', 'change', 'submit', 'touch', 'edit field'] as const;

/** Whether an event has a type of what is captured: a custom event never has. */
export function isCaptured(type: string): boolean {
  return CAPTURED_TYPES.some((captured) => captured === type);
}

/** Type of a custom event: its own name, as at Heap, unless that would make it one that was captured. */
export function customType(name: string): string {
  return isCaptured(name) ? 'custom' : name;
}

/** What a mobile application says of its own visibility. */
export const VISIBILITIES = ['foreground', 'background'] as const;

/** Where an input came from. Client sources take part in sessions; server events never do. */
export const SOURCES = ['web', 'ios', 'android', 'server'] as const;
export type Source = (typeof SOURCES)[number];
