import type { ConversationMessageInput } from '@signalbox/contracts';

interface Delta {
  content?: unknown;
  refusal?: unknown;
  tool_calls?: { index?: unknown; id?: unknown; function?: { name?: unknown; arguments?: unknown } }[];
}

interface Called {
  id: string;
  type: 'function';
  function: { name: string; arguments: string };
}

/** The message that a stream of OpenAI's chunks makes; null when the stream did not say that it is whole. */
export function readStreamedMessage(stream: string): ConversationMessageInput | null {
  let content = '';
  let refusal = '';
  let isWhole = false;
  const calls = new Map<number, Called>();
  for (const line of stream.split(/\r?\n/)) {
    if (!line.startsWith('data:')) continue;
    const data = line.slice(5).trim();
    if (data === '[DONE]') isWhole = true;
    const delta = deltaOf(data);
    if (delta === null) continue;
    if (typeof delta.content === 'string') content += delta.content;
    if (typeof delta.refusal === 'string') refusal += delta.refusal;
    for (const part of Array.isArray(delta.tool_calls) ? delta.tool_calls : []) addCall(calls, part);
  }
  if (!isWhole) return null;
  return {
    role: 'assistant',
    content: content === '' ? null : content,
    ...(refusal === '' ? {} : { refusal }),
    ...(calls.size === 0 ? {} : { tool_calls: [...calls.values()] }),
  };
}

function addCall(
  calls: Map<number, Called>,
  { index, id, function: called }: NonNullable<Delta['tool_calls']>[number],
): void {
  const place = typeof index === 'number' ? index : 0;
  const call = calls.get(place) ?? { id: '', type: 'function', function: { name: '', arguments: '' } };
  calls.set(place, call);
  if (typeof id === 'string' && id !== '') call.id = id;
  if (typeof called?.name === 'string') call.function.name += called.name;
  if (typeof called?.arguments === 'string') call.function.arguments += called.arguments;
}

function deltaOf(data: string): Delta | null {
  if (!data.startsWith('{')) return null;
  try {
    const { choices } = JSON.parse(data) as { choices?: { delta?: Delta }[] };
    return choices?.[0]?.delta ?? null;
  } catch {
    return null;
  }
}
