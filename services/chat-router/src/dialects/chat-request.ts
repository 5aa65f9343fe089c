/** The wire formats that are spoken here, to clients or to providers. */
export type DialectName = 'openai' | 'openai_responses' | 'anthropic' | 'gemini';

/** A chat request in nobody's dialect: what it means, not how it was written. */
export interface ChatRequest {
  /** As the client or the router named it; whoever sends the request on puts the provider's own name here. */
  model: string;
  /** The instructions that stand before the conversation. */
  system: readonly TextPart[];
  messages: readonly ChatMessage[];
  tools: readonly Tool[];
  /** Null: the model's own default, which is `auto` where there are tools. */
  toolChoice: ToolChoice | null;
  /** False: at most one tool call per answer. */
  parallelToolCalls: boolean | null;
  /** Null: plain text. */
  responseFormat: ResponseFormat | null;
  sampling: Sampling;
  maxOutputTokens: number | null;
  stop: readonly string[];
  reasoning: Reasoning | null;
  /** How many words to make (OpenAI's `low`, `medium`, `high`); null where nobody said. */
  verbosity: string | null;
  /** The client's own name of its end user. */
  user: string | null;
  metadata: Readonly<Record<string, string>>;
  stream: boolean;
  /** Members that mean something in one dialect alone. They go out again where that dialect is spoken. */
  extra: Extra | null;
}

export interface Extra {
  dialect: DialectName;
  members: Readonly<Record<string, unknown>>;
}

/** `system` stands here only where an instruction comes after the conversation has begun. */
export interface ChatMessage {
  role: 'system' | 'user' | 'assistant' | 'tool';
  parts: readonly Part[];
}

/** A user brings text, images and files; an assistant text, thinking and tool calls; a tool nothing but results. */
export type Part = TextPart | ImagePart | FilePart | ThinkingPart | ToolCallPart | ToolResultPart | OpaquePart;

export interface TextPart {
  kind: 'text';
  text: string;
  extra?: Extra;
}

/** Bytes in base64, an address that the model's provider fetches, or a provider's own name of something uploaded there. */
export type Source =
  { kind: 'data'; mediaType: string; base64: string } | { kind: 'url'; url: string } | { kind: 'id'; id: string };

export interface ImagePart {
  kind: 'image';
  source: Source;
  /** How closely to look (OpenAI's `low`, `high`, `auto`); null where nobody said. */
  detail: string | null;
  extra?: Extra;
}

/** A document, or sound, told by its media type. */
export interface FilePart {
  kind: 'file';
  source: Source;
  name: string | null;
  extra?: Extra;
}

/** What the model thought before it spoke. */
export interface ThinkingPart {
  kind: 'thinking';
  /** Empty where the provider shows none, or where it is sealed within the signature. */
  text: string;
  signature: Signature | null;
}

/**
 * A provider's seal over what its model thought, which it wants back unchanged in the next request. It means nothing to
 * anybody else: only a provider of `dialect` is ever sent it. `redacted`: it is the thinking itself, encrypted.
 */
export interface Signature {
  dialect: DialectName;
  value: string;
  redacted: boolean;
}

export interface ToolCallPart {
  kind: 'tool_call';
  id: string;
  name: string;
  /** JSON as the model wrote it, which need not be valid; empty stands for `{}`. */
  arguments: string;
  signature: Signature | null;
}

export interface ToolResultPart {
  kind: 'tool_result';
  toolCallId: string;
  /** Null where the dialect does not say it and no call of that id stands in the conversation. */
  toolName: string | null;
  parts: readonly (TextPart | ImagePart | FilePart)[];
  isError: boolean;
  extra?: Extra;
}

/** A part that only one dialect knows, as it was written there. */
export interface OpaquePart {
  kind: 'opaque';
  dialect: DialectName;
  value: Readonly<Record<string, unknown>>;
}

/** A function of the client's, or (`opaque`) a tool that runs at the provider of one dialect. */
export type Tool = FunctionTool | OpaquePart;

export interface FunctionTool {
  kind: 'function';
  name: string;
  description: string | null;
  /** JSON Schema of the arguments; null: it takes none. */
  parameters: Readonly<Record<string, unknown>> | null;
  strict: boolean | null;
  extra?: Extra;
}

export type ToolChoice = { kind: 'auto' } | { kind: 'none' } | { kind: 'required' } | { kind: 'tool'; name: string };

export type ResponseFormat =
  | { kind: 'json' }
  | {
      kind: 'json_schema';
      name: string;
      description: string | null;
      schema: Readonly<Record<string, unknown>>;
      strict: boolean | null;
    };

/** Null: the model's own default. */
export interface Sampling {
  temperature: number | null;
  topP: number | null;
  topK: number | null;
  seed: number | null;
  frequencyPenalty: number | null;
  presencePenalty: number | null;
}

export const defaultSampling: Sampling = {
  temperature: null,
  topP: null,
  topK: null,
  seed: null,
  frequencyPenalty: null,
  presencePenalty: null,
};

/** How much the model may think: in words, in tokens, or as it sees fit (`adaptive`). */
export type Reasoning =
  | { kind: 'off' }
  | { kind: 'adaptive' }
  | { kind: 'effort'; effort: 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' }
  | { kind: 'budget'; tokens: number };
