import { describe, expect, it } from '@jest/globals';
import { emptySha256, signRequest } from './sign-request.ts';

// The worked examples of AWS' own description of Signature Version 4 for S3.
const credentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  sessionToken: null,
};
const now = new Date('2013-05-24T00:00:00Z');
const host = 'https://examplebucket.s3.amazonaws.com';

function signatureOf(headers: Record<string, string>): string | undefined {
  return /Signature=([0-9a-f]+)$/.exec(headers['authorization'] ?? '')?.[1];
}

describe('the signature of a request to S3 (OP-8)', () => {
  it('is that of AWS for reading an object', () => {
    const request = {
      method: 'GET',
      url: new URL(`${host}/test.txt`),
      headers: { range: 'bytes=0-9' },
      bodySha256: emptySha256,
    };
    const signed = signRequest(request, credentials, 'us-east-1', now);
    expect(signatureOf(signed)).toBe('f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41');
  });

  it('is that of AWS for writing one whose name has to be encoded', () => {
    const request = {
      method: 'PUT',
      url: new URL(`${host}/test$file.text`),
      headers: { date: 'Fri, 24 May 2013 00:00:00 GMT', 'x-amz-storage-class': 'REDUCED_REDUNDANCY' },
      bodySha256: '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072',
    };
    const signed = signRequest(request, credentials, 'us-east-1', now);
    expect(signatureOf(signed)).toBe('98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd');
  });

  it('is that of AWS for a query', () => {
    const request = {
      method: 'GET',
      url: new URL(`${host}/?max-keys=2&prefix=J`),
      headers: {},
      bodySha256: emptySha256,
    };
    const signed = signRequest(request, credentials, 'us-east-1', now);
    expect(signatureOf(signed)).toBe('34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7');
  });

  it('covers a session token where there is one', () => {
    const request = { method: 'GET', url: new URL(host), headers: {}, bodySha256: emptySha256 };
    const signed = signRequest(request, { ...credentials, sessionToken: 'lent' }, 'us-east-1', now);
    expect(signed['authorization']).toContain('x-amz-security-token');
  });
});
