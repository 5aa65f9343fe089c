import type { Body, Answer } from '../calls/operations.ts';

/** One part of a message: `text`, `image_url`, … */
export interface ContentPart {
  type: string;
  [member: string]: unknown;
}

export interface ToolCall {
  id: string;
  type: 'function';
  /** `arguments` is JSON as the model wrote it, which need not be valid. */
  function: { name: string; arguments: string };
}

export interface ChatMessage {
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  content?: string | ContentPart[] | null;
  tool_calls?: ToolCall[];
  /** Of a `tool` message: which call it answers. */
  tool_call_id?: string;
  [member: string]: unknown;
}

/** What a model may call, as it is told: `parameters` is a JSON Schema. */
export interface ChatTool {
  type: 'function';
  function: { name: string; description?: string; parameters?: Record<string, unknown>; [member: string]: unknown };
  [member: string]: unknown;
}

/** OpenAI's request, with `signalbox` for what only Signalbox does (routing, cache, tags). Further members pass on. */
export type ChatRequest = Omit<Body<'createChatCompletion'>, 'messages' | 'stream'> & {
  model: string;
  messages: ChatMessage[];
  tools?: ChatTool[];
  temperature?: number;
};

export type ChatCompletion = Omit<Answer<'createChatCompletion'>, 'choices'> & {
  id: string;
  model: string;
  choices: { index: number; message: ChatMessage; finish_reason: string | null }[];
  usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
};

export interface ChatChunk {
  id: string;
  model: string;
  choices: {
    index: number;
    delta: {
      role?: string;
      content?: string | null;
      tool_calls?: { index: number; id?: string; type?: string; function?: { name?: string; arguments?: string } }[];
      [member: string]: unknown;
    };
    finish_reason: string | null;
  }[];
  usage?: { prompt_tokens: number; completion_tokens: number; total_tokens: number } | null;
  [member: string]: unknown;
}
