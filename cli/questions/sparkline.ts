const LEVELS = '▁▂▃▄▅▆▇█';

/** A line of figures as characters from the bottom to `most`; a space where there is no figure. Nothing is above the bottom where most is 0. */
export function sparkline(figures: readonly (number | null)[], most: number): string {
  return figures
    .map((figure) => {
      if (figure === null) return ' ';
      const level = most <= 0 ? 0 : Math.round((Math.max(0, figure) / most) * (LEVELS.length - 1));
      return LEVELS[Math.min(level, LEVELS.length - 1)];
    })
    .join('');
}
