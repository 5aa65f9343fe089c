/** The body as text; what is beyond `bytesMax` is left out. */
export async function readText(body: AsyncIterable<Uint8Array>, bytesMax = Number.POSITIVE_INFINITY): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) break;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
