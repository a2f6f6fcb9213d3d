import type { Protection } from '../protection.ts';
export const STAGES: readonly Protection[] = [];
