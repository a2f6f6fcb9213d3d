import type { Protection } from '../protection.ts';
export const LOADER: readonly Protection[] = [];
