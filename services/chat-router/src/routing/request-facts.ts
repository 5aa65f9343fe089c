/** What choosing a model needs to know of a request, in whatever dialect it was written. */
export interface RequestFacts {
  /** As the client named it. */
  model: string;
  needs: { vision: boolean; tools: boolean; jsonSchema: boolean; reasoning: boolean };
  /** The characters of all text that the model is to read. */
  inputCharacters: number;
  messages: number;
  images: number;
  /** What the client allows at most; null: as much as the model likes. */
  outputTokensMax: number | null;
  /** How many answers it asks for at once; absent: one. */
  answers?: number;
  metadata: Readonly<Record<string, string>>;
  /** The same request is meant to have the same answer: temperature 0. */
  isDeterministic: boolean;
}

/** For deciding what fits, not for billing: four characters to a token, rounded up. */
export function estimateTokens(characters: number): number {
  return Math.ceil(characters / 4);
}
