/** Epoch ms as the text of a DateTime64(3, 'UTC'). */
export function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(0, -1).replace('T', ' ');
}
