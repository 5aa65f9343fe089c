/** What a request is expected to spend, made before anybody is asked. */
export interface SpendEstimate {
  /** How `inputTokens` was found. It is no provider's tokenizer, and says so in every row. */
  method: 'characters/4';
  /** What is expected, for showing, and for the error against what is billed. */
  inputTokens: number;
  /** What it cannot exceed, for holding back. */
  inputTokensMax: number;
  /** What the client allows for each answer; null: as much as the model writes. */
  outputTokensMax: number | null;
  /** How many answers one call is asked for at once. */
  answers: number;
}

/** What one image may come to at most, over the dialects that say what they count (Gemini 3: 2,240 at the highest). */
const tokensPerImageMax = 3_000;
/** Roles, separators and the like, for each message. */
const tokensPerMessageMax = 16;

export interface RequestSize {
  /** The characters of all text that the model is to read. */
  characters: number;
  /** The same in UTF-8, or whatever surely is not less: the body's length. */
  bytes: number;
  messages: number;
  images: number;
  outputTokensMax: number | null;
  /** Absent: one. */
  answers?: number;
}

/**
 * Four characters to a token are the rule of thumb of the providers. What is held back is more: the tokenizers in use make
 * at most one token of each byte.
 */
export function estimateSpend(size: RequestSize): SpendEstimate {
  const { characters, bytes, messages, images, outputTokensMax, answers = 1 } = size;
  return {
    method: 'characters/4',
    inputTokens: Math.ceil(characters / 4),
    inputTokensMax: bytes + messages * tokensPerMessageMax + images * tokensPerImageMax,
    outputTokensMax,
    answers,
  };
}

/** Estimated less billed, in parts of the billed; null where nothing was billed. */
export function estimateError(estimated: number, billed: number | null): number | null {
  return billed === null || billed === 0 ? null : Math.round(((estimated - billed) / billed) * 10_000) / 10_000;
}
