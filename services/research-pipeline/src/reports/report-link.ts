import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { IdentityKeys } from '@signalbox/identity';
import { reportFormats, type ReportFormat } from './keep-report.ts';

/** What a link opens, and until when. */
export interface ReportLink {
  jobId: string;
  format: ReportFormat;
  expiresAt: Date;
}

const audience = 'research-pipeline';

/** `<job>.<format>.<seconds since 1970>.<key id>.<signature>`; it is worth nothing for another job, format or moment. */
export function signReportLink(keys: IdentityKeys, { jobId, format, expiresAt }: ReportLink): string {
  const { kid } = keys.signing(audience);
  const claim = `${jobId}.${format}.${Math.floor(expiresAt.getTime() / 1_000)}.${kid}`;
  return `${claim}.${signatureOf(keys, kid, claim)?.toString('base64url') ?? ''}`;
}

/** Null for whatever was not signed here, and for what has expired: the two do not differ to whoever asks. */
export function readReportLink(keys: IdentityKeys, link: string, now: Date): ReportLink | null {
  const [jobId, format, seconds, kid, signature, ...rest] = link.split('.');
  if (!jobId || !format || !seconds || !kid || !signature || rest.length > 0) return null;
  const expected = signatureOf(keys, kid, `${jobId}.${format}.${seconds}.${kid}`);
  const given = Buffer.from(signature);
  // As text: the last character has bits that decoding would drop.
  const wanted = Buffer.from(expected?.toString('base64url') ?? '');
  if (expected === null || given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null;
  const known = reportFormats.find((one) => one === format);
  const expiresAt = new Date(Number(seconds) * 1_000);
  if (known === undefined || !(expiresAt > now)) return null;
  return { jobId, format: known, expiresAt };
}

/** Null: there is no such key (any more). */
function signatureOf(keys: IdentityKeys, kid: string, claim: string): Buffer | null {
  const key = keys.verifying(audience, kid);
  if (key === null) return null;
  // A key of its own for links: what is signed here can never pass for the identity of a caller.
  const derived = Buffer.from(hkdfSync('sha256', key.secret, '', 'signalbox report links', 32));
  return createHmac('sha256', derived).update(claim).digest();
}
