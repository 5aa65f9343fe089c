import type { ChatMessage, ChatRequest, DialectName, Part, Source } from '../dialects/chat-request.ts';
import { dataUrl, sourceOfUrl } from '../dialects/data-url.ts';
import { isObject, memberOf, textOf, type JsonObject } from '../dialects/json.ts';

/** An image or a document that a request names by its address. */
export interface ImageAddress {
  /** Where it stands: `messages.0.content.1.image_url.url`. */
  path: string;
  url: string;
  /** `other`: it stands where some servers look for what to fetch, and what they would take it for is not known here. */
  kind: 'image' | 'file' | 'other';
}

/** What stood at an address. */
export interface Inlined {
  mediaType: string;
  base64: string;
}

/** Gives what is to stand in an address's place; undefined: it stays. */
type Replace = (address: ImageAddress) => Inlined | undefined;
type Json = Record<string, unknown>;

/** The addresses in a request of this dialect, in their order. */
export function findAddresses(dialect: DialectName, body: JsonObject): ImageAddress[] {
  const found: ImageAddress[] = [];
  mapAddresses(dialect, body, (address) => {
    found.push(address);
    return undefined;
  });
  return found;
}

/** The member of a request that holds its addresses, with data in their place. */
export function membersWithData(
  dialect: DialectName,
  body: JsonObject,
  dataOf: ReadonlyMap<string, Inlined>,
): Record<string, unknown> {
  return mapAddresses(dialect, body, ({ url }) => dataOf.get(url));
}

/** The same with data in the place of addresses. */
export function chatWithData(chat: ChatRequest, dataOf: ReadonlyMap<string, Inlined>): ChatRequest {
  const sourceWithData = (source: Source): Source => {
    const data = source.kind === 'url' ? dataOf.get(source.url) : undefined;
    return data === undefined ? source : { kind: 'data', ...data };
  };
  function partWithData<Given extends Part>(part: Given): Given {
    if (part.kind === 'image' || part.kind === 'file') return { ...part, source: sourceWithData(part.source) };
    return part.kind === 'tool_result' ? { ...part, parts: part.parts.map(partWithData) } : part;
  }
  const messages = chat.messages.map((message): ChatMessage => ({
    ...message,
    parts: message.parts.map(partWithData),
  }));
  return { ...chat, messages };
}

function mapAddresses(dialect: DialectName, body: JsonObject, replace: Replace): Json {
  switch (dialect) {
    case 'openai':
      return { messages: mapMessages(body['messages'], 'messages', ['content'], openAiPart, replace) };
    case 'anthropic':
      return { messages: mapMessages(body['messages'], 'messages', ['content'], anthropicBlock, replace) };
    case 'openai_responses':
      return { input: mapMessages(body['input'], 'input', ['content', 'output'], responsesPart, replace) };
    case 'gemini':
      return {};
  }
}

type MapPart = (part: Json, path: string, replace: Replace) => Json;

function mapMessages(list: unknown, path: string, members: readonly string[], map: MapPart, replace: Replace): unknown {
  if (!Array.isArray(list)) return list;
  return list.map((message: unknown, index) => {
    if (!isObject(message)) return message;
    // Most messages are plain text, which costs nothing here.
    const inParts = members.filter((name) => typeof message[name] === 'object');
    if (inParts.length === 0) return message;
    const changed: Json = { ...message };
    for (const name of inParts) {
      changed[name] = mapParts(message[name], `${path}.${String(index)}.${name}`, map, replace);
    }
    return changed;
  });
}

function mapParts(list: unknown, path: string, map: MapPart, replace: Replace): unknown {
  if (isObject(list)) return map(list, path, replace);
  if (!Array.isArray(list)) return list;
  return list.map((part: unknown, index) => (isObject(part) ? map(part, `${path}.${String(index)}`, replace) : part));
}

function isAddress(url: string | null): url is string {
  return url !== null && sourceOfUrl(url).kind === 'url';
}

/** What could be taken for an address by whoever looks into a part that is not known here. */
const addressForm = /^\s*[a-z][a-z0-9+.-]*:\/\//i;

/** Tells the addresses in any member of a part but those that are named: servers know more parts than OpenAI does. */
function tellOthers(value: unknown, path: string, replace: Replace, but: readonly string[] = []): void {
  if (typeof value === 'string') {
    if (addressForm.test(value)) replace({ path, url: value, kind: 'other' });
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      if (!but.includes(name)) tellOthers(member, `${path}.${name}`, replace);
    }
  }
}

function openAiPart(part: Json, path: string, replace: Replace): Json {
  if (part['type'] === 'text' || part['type'] === 'refusal') return part;
  if (part['type'] !== 'image_url') {
    tellOthers(part, path, replace, ['text']);
    return part;
  }
  tellOthers(part, path, replace, ['image_url', 'text']);
  const given = part['image_url'];
  const isPlain = typeof given === 'string';
  const url = isPlain ? given : textOf(memberOf(given, 'url'));
  if (!isAddress(url)) return part;
  const data = replace({ path: `${path}.image_url${isPlain ? '' : '.url'}`, url, kind: 'image' });
  if (data === undefined) return part;
  const inlined = dataUrl(data.mediaType, data.base64);
  return { ...part, image_url: isObject(given) ? { ...given, url: inlined } : inlined };
}

function anthropicBlock(block: Json, path: string, replace: Replace): Json {
  if (block['type'] === 'tool_result') {
    return { ...block, content: mapParts(block['content'], `${path}.content`, anthropicBlock, replace) };
  }
  const { source } = block;
  const url = memberOf(source, 'type') === 'url' ? textOf(memberOf(source, 'url')) : null;
  if (url === null) return block;
  const kind = block['type'] === 'image' ? 'image' : block['type'] === 'document' ? 'file' : 'other';
  const data = replace({ path: `${path}.source.url`, url, kind });
  if (data === undefined) return block;
  return { ...block, source: { type: 'base64', media_type: data.mediaType, data: data.base64 } };
}

function responsesPart(part: Json, path: string, replace: Replace): Json {
  if (typeof part['text'] === 'string' || part['type'] === 'refusal') return part;
  const isImage = part['type'] === 'input_image' || part['type'] === 'computer_screenshot';
  if (!isImage && part['type'] !== 'input_file') {
    tellOthers(part, path, replace);
    return part;
  }
  const member = isImage ? 'image_url' : 'file_url';
  const url = textOf(part[member]);
  if (!isAddress(url)) return part;
  const data = replace({ path: `${path}.${member}`, url, kind: isImage ? 'image' : 'file' });
  if (data === undefined) return part;
  const inlined = dataUrl(data.mediaType, data.base64);
  if (isImage) return { ...part, image_url: inlined };
  const { file_url: _address, ...rest } = part;
  return { filename: 'document', ...rest, file_data: inlined };
}
