import { isCaptured } from '#schemas/kinds.ts';

const MINUTE_MS = 60 * 1000;
const DAY_MS = 24 * 60 * MINUTE_MS;

type Rule = {
  /** Inactivity that ends a session: strictly more than this starts a new one. */
  readonly gapMs: number;
  /** A session can change until stream time passes its last update by this. */
  readonly latenessMs: number;
};

/** Heap's gaps (web 30 min, mobile 5 min); mobile clients keep events up to six days before they send them. */
const WEB: Rule = { gapMs: 30 * MINUTE_MS, latenessMs: DAY_MS };
const MOBILE: Rule = { gapMs: 5 * MINUTE_MS, latenessMs: 6 * DAY_MS };

/**
 * Whether an event keeps its session open (Heap, mobile): one in the foreground does, a custom event in the background
 * does not, and what iOS captures by itself does wherever it happens.
 */
export function extendsSession(source: string, type: string, isInBackground: () => boolean): boolean {
  if (source === 'web') return true;
  return (source === 'ios' && isCaptured(type)) || !isInBackground();
}

export const LONGEST_LATENESS_MS: number = MOBILE.latenessMs;

/** Rule of a client source; undefined for server events, which never take part in sessions. */
export function ruleOf(source: string): Rule | undefined {
  switch (source) {
    case 'web':
      return WEB;
    case 'ios':
    case 'android':
      return MOBILE;
    default:
      return undefined;
  }
}
