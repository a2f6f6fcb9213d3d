import { durationText, thousands } from '../table.ts';

/** A number with two digits behind the point, or three that say something where it is small; a dash where there is none. */
export function figureText(figure: number | null | undefined): string {
  if (figure === null || figure === undefined) return '-';
  const rounded = Math.abs(figure) < 1 ? Number(figure.toPrecision(3)) : Number(figure.toFixed(2));
  const [whole = '', fraction] = String(rounded).split('.');
  const digits = /^-?\d+$/.test(whole) ? thousands(Number(whole)) : whole;
  return fraction === undefined
    ? digits
    : `${rounded < 0 && Number(whole) === 0 ? '-0' : digits}.${fraction}`;
}

export function msText(ms: number | null | undefined): string {
  return ms === null || ms === undefined ? '-' : durationText(ms);
}
