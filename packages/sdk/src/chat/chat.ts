import type { Caller, CallOptions } from '../calls/caller.ts';
import type { Answer } from '../calls/operations.ts';
import type { ChatChunk, ChatCompletion, ChatRequest } from './chat-messages.ts';
import { runTools, type RunToolsOptions, type RunToolsResult } from './run-tools.ts';
import { streamChat } from './stream-chat.ts';

export interface Chat {
  /** One whole answer. */
  create(request: ChatRequest, options?: CallOptions): Promise<ChatCompletion>;
  /**
   * The answer piece by piece. Nothing is sent before the first piece is asked for, and leaving the loop ends the call. An end
   * that the server did not announce is an error, so that half an answer never looks like a whole one.
   */
  stream(request: ChatRequest, options?: CallOptions): AsyncGenerator<ChatChunk, void, undefined>;
  /** Lets the model call functions of yours until it answers. */
  runTools(request: ChatRequest, options: RunToolsOptions): Promise<RunToolsResult>;
  models(options?: CallOptions): Promise<Answer<'listModels'>['data']>;
  model(id: string, options?: CallOptions): Promise<Answer<'getModel'>>;
}

export function openChat(caller: Caller): Chat {
  const create: Chat['create'] = (body, options) =>
    caller.call('createChatCompletion', { body }, options) as Promise<ChatCompletion>;
  return {
    create,
    stream: (request, options = {}) => streamChat(caller, request, options),
    runTools: (request, options) => runTools(create, request, options),
    models: async (options) => (await caller.call('listModels', {}, options)).data,
    model: (model, options) => caller.call('getModel', { params: { model } }, options),
  };
}
