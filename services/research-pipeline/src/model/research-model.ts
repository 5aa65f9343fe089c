/** One message to a chat model. */
export interface ModelMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface ModelRequest {
  messages: readonly ModelMessage[];
  /** JSON Schema that the answer is to follow; a model may still answer otherwise, so whoever asks parses. */
  schema?: { name: string; schema: object };
  maxTokens: number;
  /** The same key with the same request is paid for once, however often it is asked. */
  idempotencyKey: string;
  signal: AbortSignal;
}

export interface ModelAnswer {
  text: string;
  inputTokens: number;
  outputTokens: number;
  /** Null: nobody knows the price. */
  costUsd: number | null;
  /** Whether the model had more to say than `maxTokens` let it. */
  isCut: boolean;
}

/** A chat model, asked in the name of somebody. */
export interface ResearchModel {
  readonly name: string;
  complete(request: ModelRequest): Promise<ModelAnswer>;
}
