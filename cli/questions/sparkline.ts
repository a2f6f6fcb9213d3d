const LEVELS = '▁▂▃▄▅▆▇█';

/** Characters of a line. */
const WIDTH = 72;

/**
 * A line of figures as characters from the bottom to `most`; a space where there is no figure. Nothing is above the bottom where most is
 * 0. More figures than a terminal is wide are drawn by the largest of several.
 */
export function sparkline(figures: readonly (number | null)[], most: number): string {
  return narrowed(figures)
    .map((figure) => {
      if (figure === null) return ' ';
      const level = most <= 0 ? 0 : Math.round((Math.max(0, figure) / most) * (LEVELS.length - 1));
      return LEVELS[Math.min(level, LEVELS.length - 1)];
    })
    .join('');
}

function narrowed(figures: readonly (number | null)[]): readonly (number | null)[] {
  const each = Math.ceil(figures.length / WIDTH);
  if (each <= 1) return figures;
  return Array.from({ length: Math.ceil(figures.length / each) }, (_, index) => {
    const known = figures.slice(index * each, (index + 1) * each).filter((figure) => figure !== null);
    return known.length === 0 ? null : Math.max(...known);
  });
}
