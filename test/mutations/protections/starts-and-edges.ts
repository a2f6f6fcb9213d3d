import type { Protection } from '../protection.ts';
export const STARTS_AND_EDGES: readonly Protection[] = [];
