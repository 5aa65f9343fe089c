/** A passage of a source, of whole sentences: `text` is exactly what stands there, in UTF-16 code units. */
export interface Chunk {
  /** SHA-256 of the source's hash and the place, so that the same passage has the same id everywhere. */
  id: string;
  sourceSha256: string;
  start: number;
  end: number;
  text: string;
}
