import { AppError, toAppError } from '@signalbox/errors';
import type { Outbound } from '@signalbox/outbound';
import { invalidRequest } from '../dialects/invalid-request.ts';
import { spliceRequest } from '../dialects/openai/splice-request.ts';
import type { Asked } from '../providers/provider.ts';
import { sniffDocument } from '../vision/sniff-document.ts';
import { chatWithData, findAddresses, membersWithData, type ImageAddress, type Inlined } from './image-addresses.ts';

/**
 * Makes of a request that names images (or documents) by their addresses one that brings them. Throws `validation_failed`,
 * naming the member, for whatever cannot be fetched: of an address inside nobody learns more than that.
 */
export type InlineImages = <Request extends Asked>(request: Request, signal: AbortSignal) => Promise<Request>;

export interface InlineImagesDeps {
  outbound: Outbound;
  /** The hosts (`host:port`) from which images may come unencrypted: those that the operator allows. */
  plainHttpTo: readonly string[];
}

const [addressesMax, atOnceMax] = [20, 4];
const [oneBytesMax, allBytesMax] = [10 * 1_048_576, 30 * 1_048_576];
const deadlineMs = 15_000;

export function createInlineImages(deps: InlineImagesDeps): InlineImages {
  /** By the request's body: whoever is asked next need not fetch again. */
  const fetched = new WeakMap<object, Promise<ReadonlyMap<string, Inlined>>>();

  return async (request, signal) => {
    const { dialect, body, bytes, operation } = request;
    if (operation !== 'chat') return request;
    const addresses = findAddresses(dialect, body);
    if (addresses.length === 0) return request;
    let fetching = fetched.get(body);
    if (fetching === undefined) {
      fetching = fetchAll(deps, addresses, signal);
      fetched.set(body, fetching);
    }
    let dataOf: ReadonlyMap<string, Inlined>;
    try {
      dataOf = await fetching;
    } catch (thrown) {
      // It may have been broken off for a reason that was only the first one's.
      fetched.delete(body);
      throw toAppError(signal.aborted ? signal.reason : thrown);
    }
    const members = membersWithData(dialect, body, dataOf);
    return {
      ...request,
      body: { ...body, ...members },
      bytes: spliceRequest(bytes, { set: members }),
      chat: () => chatWithData(request.chat(), dataOf),
    };
  };
}

async function fetchAll(
  deps: InlineImagesDeps,
  addresses: readonly ImageAddress[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Inlined>> {
  const dataOf = new Map<string, Inlined>();
  // Of one address the first place is named.
  const wanted = [...new Map(addresses.toReversed().map((address) => [address.url, address])).values()].toReversed();
  const [beyond] = wanted.slice(addressesMax);
  if (beyond !== undefined) throw refused(beyond, `at most ${String(addressesMax)} images are fetched for a request.`);
  let bytes = 0;
  const work = wanted.values();
  const fetchNext = async (): Promise<void> => {
    for (const address of work) {
      const { mediaType, content } = await fetchOne(deps, address, signal);
      bytes += content.length;
      if (bytes > allBytesMax)
        throw refused(address, `all images together have more than ${String(allBytesMax)} bytes.`);
      dataOf.set(address.url, { mediaType, base64: content.toString('base64') });
    }
  };
  await Promise.all(Array.from({ length: atOnceMax }, fetchNext));
  return dataOf;
}

async function fetchOne(
  { outbound, plainHttpTo }: InlineImagesDeps,
  address: ImageAddress,
  signal: AbortSignal,
): Promise<{ mediaType: string; content: Buffer }> {
  if (address.kind === 'other') throw refused(address, 'this provider takes no addresses here.');
  const url = URL.parse(address.url);
  const isAllowed = url?.protocol === 'https:' || (url?.protocol === 'http:' && plainHttpTo.includes(url.host));
  if (url === null || !isAllowed) throw refused(address, 'expected a data URI in base64, or an https address.');
  let content: Buffer;
  try {
    const response = await outbound.request(url.href, { signal, deadlineMs, bytesMax: oneBytesMax });
    if (response.status !== 200) {
      response.body.destroy();
      throw refused(address, `the address did not answer with ${nameOf(address)}.`);
    }
    content = await response.bytes();
  } catch (thrown) {
    if (signal.aborted || !(thrown instanceof AppError) || thrown.details['param'] !== undefined) throw thrown;
    throw refused(address, thrown.message);
  }
  const mediaType = sniffDocument(content);
  if (mediaType === null || (mediaType === 'application/pdf') !== (address.kind === 'file')) {
    throw refused(address, `what stands there is not ${nameOf(address)}.`);
  }
  return { mediaType, content };
}

function nameOf({ kind }: ImageAddress): string {
  return kind === 'image' ? 'a PNG, JPEG, WebP or GIF image' : 'a PDF';
}

/** The request is at fault, whatever went wrong on the way: no provider is, and asking another one is of no use. */
function refused({ path }: ImageAddress, message: string): AppError {
  return invalidRequest(path, message, 'image_not_fetched');
}
