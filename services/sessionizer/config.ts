import { STAGE_SETTINGS } from '#lib/streams/stage-service.ts';

/** Settings of the sessionizer. */
export const SPEC = STAGE_SETTINGS;
