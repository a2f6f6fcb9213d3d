import { STAGE_SETTINGS } from '#lib/streams/stage-service.ts';

/** Settings of the identity-merger. */
export const SPEC = STAGE_SETTINGS;
