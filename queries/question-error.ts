/** A question that cannot be answered, in words that say what to do. */
export class QuestionError extends Error {
  override readonly name = 'QuestionError';
  readonly code = 'question';
}
