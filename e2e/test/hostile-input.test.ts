import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { simulateProvider, waitFor, type SimulatedProvider } from '@signalbox/test-kit';
import { openMesh, wideLimits, type OpenedMesh } from '../harness.ts';
import { answersIn, sendRaw, type RawAnswer } from '../raw-request.ts';
import { flawsOf } from '../refusal.ts';

const page = 'https://app.example.com';
let opened: OpenedMesh;
let provider: SimulatedProvider;
let url: string;

beforeAll(async () => {
  provider = await simulateProvider();
  opened = await openMesh({
    providers: [{ name: 'upstream', baseUrl: provider.url, models: ['small'] }],
    limits: wideLimits,
    overrides: { gateway: { CORS_ORIGINS: page, ALLOWED_HOSTS: '127.0.0.1,api.example.com' } },
  });
  url = opened.mesh.gatewayUrl;
});
afterAll(async () => {
  await opened[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

/** The answers on one raw connection; every refusal among them must be what a refusal is. */
async function ask(bytes: string, path = '/api/v1/api-keys'): Promise<RawAnswer[]> {
  const answers = answersIn(await sendRaw(url, bytes));
  for (const { status, headers, text } of answers) {
    if (status < 400) continue;
    const flaws = flawsOf(
      {
        path,
        status,
        contentType: headers.get('content-type') ?? null,
        requestId: headers.get('x-request-id') ?? null,
        text,
      },
      opened.inner,
    );
    expect([bytes.slice(0, 200), text, flaws]).toEqual([bytes.slice(0, 200), text, []]);
  }
  return answers;
}

function request(line: string, fields: readonly string[], body = ''): string {
  return `${line} HTTP/1.1\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n${body}`;
}

const host = 'Host: 127.0.0.1';
const authorization = () => `Authorization: Bearer ${opened.adminKey}`;
const chatOf = (content: string) => JSON.stringify({ model: 'small', messages: [{ role: 'user', content }] });
const reached = (content: string) => provider.requests.filter(({ text }) => text.includes(content)).length;

describe('bodies that are too much, or not what they seem (S1)', () => {
  const chat = '/v1/chat/completions';
  const keys = '/api/v1/api-keys';
  const login = '/api/v1/auth/login';
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  const manyKeys = (count: number) =>
    `{${Array.from({ length: count }, (_, index) => `"k${index.toString(36)}":1`).join(',')}}`;
  const json = { 'content-type': 'application/json' };
  const gzip = { ...json, 'content-encoding': 'gzip' };
  const bomb = () => gzipSync(Buffer.alloc(50 * 1_048_576, 0x20), { level: 9 });

  const cases: [what: string, path: string, body: () => string | Buffer, status: number, headers?: object][] = [
    ['10 MB of JSON for a key', keys, () => `{"name":"${'x'.repeat(10 * 1_048_576)}"}`, 413],
    ['10 MB of JSON for a login', login, () => `{"email":"${'x'.repeat(10 * 1_048_576)}"}`, 413],
    ['10 MB of numbers for a chat', chat, () => `[${'1,'.repeat(5 * 1_048_576)}1]`, 400],
    ['19 MB of empty arrays for a chat', chat, () => `{"a":[${'[],'.repeat(6 * 1_048_576)}1]}`, 400],
    ['21 MB for a chat', chat, () => chatOf('x'.repeat(21 * 1_048_576)), 413],
    ['100,000 levels for a key', keys, () => nested(100_000), 400],
    ['100,000 levels within a chat', chat, () => `{"model":"small","messages":${nested(100_000)}}`, 400],
    ['100,000 levels that never close', chat, () => '{"a":'.repeat(100_000), 400],
    ['300,000 members of a chat', chat, () => manyKeys(300_000), 400],
    ['20,000 members of a key', keys, () => manyKeys(20_000), 400],
    ['48 KB of gzip that are 50 MB, for a key', keys, bomb, 413, gzip],
    ['48 KB of gzip that are 50 MB, for a login', login, bomb, 413, gzip],
    ['48 KB of gzip that are 50 MB, for a chat', chat, bomb, 413, gzip],
    ['gzip that is none', keys, () => 'not gzip at all', 400, gzip],
    ['half of a gzip', keys, () => gzipSync('{"name":"x"}').subarray(0, 20), 400, gzip],
    ['an encoding that nobody knows', keys, () => '{}', 415, { ...json, 'content-encoding': 'zstd' }],
    ['a form', keys, () => 'name=x', 415, { 'content-type': 'application/x-www-form-urlencoded' }],
    ['another charset', keys, () => '{}', 415, { 'content-type': 'application/json; charset=utf-16' }],
    ['a member twice', keys, () => '{"name":"a","name":"b","scopes":["chat:read"]}', 400],
    ['a member twice in a chat', chat, () => chatOf('x').replace('"model"', '"model":"other","model"'), 400],
    ['a member twice, once escaped', keys, () => '{"name":"a","n\\u0061me":"b","scopes":["chat:read"]}', 400],
    ['1e400', keys, () => '{"name":"x","scopes":["chat:read"],"expires_in_days":1e400}', 400],
    ['1e400 in a chat', chat, () => chatOf('x').replace('{', '{"temperature":1e400,'), 400],
    ['-0', keys, () => '{"name":"x","scopes":["chat:read"],"expires_in_days":-0}', 400],
    ['a lone surrogate', keys, () => '{"name":"\\ud800","scopes":["chat:read"]}', 400],
    ['a lone surrogate in a chat', chat, () => chatOf('x').replace('"x"', '"\\udfff"'), 400],
    ['a NUL', keys, () => '{"name":"a\\u0000b","scopes":["chat:read"]}', 400],
    ['bytes that are no UTF-8', keys, () => Buffer.from([0x22, 0xc3, 0x28, 0x22]), 400],
    ['an overlong dot', keys, () => Buffer.from([0x22, 0xc0, 0xae, 0x22]), 400],
    ['UTF-16', keys, () => Buffer.from('{}', 'utf16le'), 400],
    ['a byte order mark', keys, () => '\ufeff{}', 400],
    ['a comma at the end', keys, () => '{"name":"x",}', 400],
    ['a comment', keys, () => '{/* */}', 400],
    ['NaN', keys, () => '{"expires_in_days":NaN}', 400],
    ['two documents', keys, () => '{}{}', 400],
    ['half a document', chat, () => '{"model":"small","messages":[{"ro', 400],
    ['null', chat, () => 'null', 400],
    ['nothing', chat, () => '', 400],
  ];

  it.each(cases)('refuses %s', async (_what, path, body, status, headers = json) => {
    const bytes = body();
    let done = false;
    let slowestMs = 0;
    // Somebody else, all the while.
    const others = (async () => {
      do {
        const asked = performance.now();
        expect((await fetch(`${url}/health/live`)).status).toBe(200);
        slowestMs = Math.max(slowestMs, performance.now() - asked);
      } while (!done);
    })();
    const began = performance.now();
    const answer = await opened.ask(path, { method: 'POST', headers: headers as Record<string, string>, raw: bytes });
    const tookMs = performance.now() - began;
    done = true;
    await others;
    expect(answer.status).toBe(status);
    // Making and sending 20 MB takes its time; refusing them does not. The bounds have room for a machine that is busy.
    expect(tookMs).toBeLessThan(3_000);
    expect(slowestMs).toBeLessThan(1_000);
  });

  it('takes a chat of 10 MB, which is allowed to be that large, as it is', async () => {
    const content = 'long '.repeat(2 * 1_048_576);
    const answer = await opened.ask(chat, { body: chatOf(content) });
    expect(answer.status).toBe(200);
    expect(provider.requests.at(-1)?.text.length).toBeGreaterThan(content.length);
  });
});

describe('access tokens of nobody’s making (S2)', () => {
  let token: string;
  let refreshToken: string;
  let keySet: { kid: string; x?: string; y?: string }[];
  let attacker: Server;
  let attackerUrl: string;
  let fetchedByUs = 0;
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  beforeAll(async () => {
    const person = { email: 'token@example.org', password: 'a long enough password' };
    expect((await opened.ask('/api/v1/users', { body: { ...person, role: 'viewer' } })).status).toBe(201);
    const { body } = await opened.ask('/api/v1/auth/login', { key: null, body: person });
    token = String(body['access_token']);
    refreshToken = String(body['refresh_token']);
    keySet = (await opened.ask('/.well-known/jwks.json', { key: null })).body['keys'] as typeof keySet;
    attacker = createServer((_request, response) => {
      fetchedByUs += 1;
      response.end(JSON.stringify({ keys: [{ ...stranger.publicKey.export({ format: 'jwk' }), kid: 'attacker' }] }));
    }).listen(0, '127.0.0.1');
    await once(attacker, 'listening');
    attackerUrl = `http://127.0.0.1:${String((attacker.address() as AddressInfo).port)}/jwks.json`;
  });
  afterAll(() => {
    attacker.close();
  });

  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const decode = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  const es256 = (input: string) =>
    sign('sha256', Buffer.from(input), { key: stranger.privateKey, dsaEncoding: 'ieee-p1363' });
  function forge(header: object, claims: object, signer: (input: string) => Buffer): string {
    const [head, body] = token.split('.');
    const input = `${encode({ ...decode(head), ...header })}.${encode({ ...decode(body), ...claims })}`;
    return `${input}.${signer(input).toString('base64url')}`;
  }
  const nothing = () => Buffer.alloc(0);
  const hmac = (secret: string | Buffer) => (input: string) => createHmac('sha256', secret).update(input).digest();
  const strangersJwk = stranger.publicKey.export({ format: 'jwk' });

  const attacks: [what: string, make: () => string][] = [
    ...['none', 'None', 'nOnE', ''].map((alg): [string, () => string] => [
      `alg ${JSON.stringify(alg)}`,
      () => forge({ alg }, { role: 'owner' }, nothing),
    ]),
    ['HS256 with the public key as JSON', () => forge({ alg: 'HS256' }, {}, hmac(JSON.stringify(keySet[0])))],
    [
      'HS256 with the public key’s bytes',
      () => forge({ alg: 'HS256' }, {}, hmac(Buffer.from(keySet[0]?.x ?? '', 'base64url'))),
    ],
    ['HS256 with an empty secret', () => forge({ alg: 'HS256' }, {}, hmac(''))],
    ['a kid that is a file', () => forge({ alg: 'HS256', kid: '../../../../dev/null' }, {}, hmac(''))],
    ['a kid that is SQL', () => forge({ kid: `x' UNION SELECT 'key' --` }, {}, es256)],
    ['a kid that is an address', () => forge({ kid: attackerUrl }, {}, es256)],
    ['a key set of its own, by jku', () => forge({ kid: 'attacker', jku: attackerUrl }, {}, es256)],
    ['a certificate of its own, by x5u', () => forge({ x5u: attackerUrl }, {}, es256)],
    ['a key of its own, by jwk', () => forge({ jwk: strangersJwk }, {}, es256)],
    ['a stranger’s signature', () => forge({}, {}, es256)],
    [
      'a higher role under the old signature',
      () => {
        const [head, body, signature] = token.split('.');
        return [head, encode({ ...decode(body), role: 'owner' }), signature].join('.');
      },
    ],
    [
      'a later end under the old signature',
      () => {
        const [head, body, signature] = token.split('.');
        return [head, encode({ ...decode(body), exp: 4_102_444_800 }), signature].join('.');
      },
    ],
    ['an empty signature', () => `${token.split('.').slice(0, 2).join('.')}.`],
    ['a signature of zeros (CVE-2022-21449)', () => forge({}, {}, () => Buffer.alloc(64))],
    ['an unknown crit', () => forge({ crit: ['unheard'], unheard: 1 }, {}, es256)],
    ['five parts, as of a JWE', () => `${token}.a.b`],
    ['two parts', () => token.split('.').slice(0, 2).join('.')],
    ['two dots', () => '..'],
    ['the token with something behind it', () => `${token}=`],
    ['a refresh token in its place', () => refreshToken],
    ['12 KB', () => `${token}${'A'.repeat(12_000)}`],
  ];

  it.each(attacks)('refuses %s with 401, and says that the token is not valid', async (_what, make) => {
    const answer = await opened.ask('/api/v1/users/me', { key: make() });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer .*error="invalid_token"/);
  });

  it('takes the token itself, and has fetched nothing from an address that a token named', async () => {
    expect((await opened.ask('/api/v1/users/me', { key: token })).status).toBe(200);
    expect(fetchedByUs).toBe(0);
  });

  it('refuses a token of 1 MB before it reads it', async () => {
    const answers = await ask(request('GET /api/v1/users/me', [host, `Authorization: Bearer ${'a.'.repeat(524_288)}`]));
    expect(answers.map(({ status }) => status)).toEqual([431]);
  });
});

describe('requests within requests (S5)', () => {
  const smuggledWord = 'smuggled-7c21';
  const smuggled = () => {
    const body = chatOf(smuggledWord);
    return request(
      'POST /v1/chat/completions',
      [host, authorization(), 'Content-Type: application/json', `Content-Length: ${String(body.length)}`],
      body,
    );
  };
  const chunked = (content: string) => `${content.length.toString(16)}\r\n${content}\r\n0\r\n\r\n`;
  const post = (fields: readonly string[], body: string) =>
    request('POST /v1/chat/completions', [host, authorization(), 'Content-Type: application/json', ...fields], body);
  const te = 'Transfer-Encoding: chunked';

  const vectors: [what: string, bytes: () => string][] = [
    ['CL.TE', () => post(['Content-Length: 4', te], `0\r\n\r\n${smuggled()}`)],
    ['TE.CL', () => post([te, 'Content-Length: 4'], chunked(smuggled()))],
    ['TE.TE, the second one hidden', () => post([te, 'Transfer-Encoding: x'], `0\r\n\r\n${smuggled()}`)],
    ['TE: xchunked', () => post(['Transfer-Encoding: xchunked'], `0\r\n\r\n${smuggled()}`)],
    ['TE: chunked, identity', () => post(['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${smuggled()}`)],
    ['TE: gzip, chunked', () => post(['Transfer-Encoding: gzip, chunked'], chunked(smuggled()))],
    ['TE behind a space', () => post(['Transfer-Encoding : chunked', 'Content-Length: 4'], `0\r\n\r\n${smuggled()}`)],
    ['TE behind a tab', () => post(['Transfer-Encoding:\tchunked', 'Content-Length: 4'], `0\r\n\r\n${smuggled()}`)],
    [
      'TE behind a vertical tab',
      () => post(['Transfer-Encoding:\x0bchunked', 'Content-Length: 4'], `0\r\n\r\n${smuggled()}`),
    ],
    [
      'TE on a folded line',
      () => post(['X: 1\r\n Transfer-Encoding: chunked', 'Content-Length: 4'], `0\r\n\r\n${smuggled()}`),
    ],
    [
      'TE behind a bare LF',
      () => post(['X: 1\nTransfer-Encoding: chunked', 'Content-Length: 4'], `0\r\n\r\n${smuggled()}`),
    ],
    [
      'TE behind a bare CR',
      () => post(['X: 1\rTransfer-Encoding: chunked', 'Content-Length: 4'], `0\r\n\r\n${smuggled()}`),
    ],
    [
      'CL.CL',
      () => post(['Content-Length: 4', `Content-Length: ${String(4 + smuggled().length)}`], `1234${smuggled()}`),
    ],
    ['two lengths in one', () => post(['Content-Length: 4, 5'], `1234${smuggled()}`)],
    ['a length with a sign', () => post(['Content-Length: +4'], `1234${smuggled()}`)],
    ['a length in hexadecimal', () => post(['Content-Length: 0x4'], `1234${smuggled()}`)],
    ['a length below zero', () => post(['Content-Length: -1'], smuggled())],
    ['a chunk size that overflows', () => post([te], `10000000000000004\r\n1234\r\n0\r\n\r\n${smuggled()}`)],
    ['a chunk size with a sign', () => post([te], `+4\r\n1234\r\n0\r\n\r\n${smuggled()}`)],
    ['a chunk that ends in LF alone', () => post([te], `4\r\n1234\n0\r\n\r\n${smuggled()}`)],
    ['a chunk longer than it says', () => post([te], `4\r\n123456\r\n0\r\n\r\n${smuggled()}`)],
    ['a chunked GET', () => request('GET /v1/models', [host, authorization(), te], chunked(smuggled()))],
    [
      'a chunked DELETE',
      () => request('DELETE /api/v1/api-keys/key_x', [host, authorization(), te], chunked(smuggled())),
    ],
    ['a chunked OPTIONS', () => request('OPTIONS /v1/models', [host, authorization(), te], chunked(smuggled()))],
    ...['GET', 'DELETE', 'OPTIONS', 'POST'].map((method): [string, () => string] => [
      `${method} with its length named hop-by-hop`,
      () =>
        request(
          `${method} ${method === 'POST' ? '/v1/chat/completions' : '/v1/models'}`,
          [host, authorization(), 'Connection: Content-Length', `Content-Length: ${String(smuggled().length)}`],
          smuggled(),
        ),
    ]),
    ['two Hosts', () => request('GET /v1/models', [host, 'Host: api.example.com', authorization()])],
    ['no Host', () => request('GET /v1/models', [authorization()])],
    ['a request line of HTTP/0.9', () => `GET /v1/models\r\n\r\n${smuggled()}`],
    ['HTTP/1.1 with a minor version too many', () => `GET /v1/models HTTP/1.10\r\n${host}\r\n\r\n${smuggled()}`],
    ['the preface of HTTP/2', () => `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${smuggled()}`],
  ];

  it('sees the request that it looks for when it is sent openly', async () => {
    const before = reached(smuggledWord);
    const [answer] = await ask(smuggled().replace(host, `${host}\r\nConnection: close`));
    expect(answer?.status).toBe(200);
    expect(reached(smuggledWord)).toBe(before + 1);
  });

  it.each(vectors)(
    'answers %s with one 4xx, closes, and lets nothing through to the provider',
    async (_what, bytes) => {
      const before = provider.requests.length;
      const answers = await ask(bytes(), '/v1/');
      expect(answers.map(({ status }) => String(status))).toEqual([expect.stringMatching(/^4\d\d$/)]);
      expect(answers[0]?.headers.get('connection')).toBe('close');
      expect(provider.requests.length).toBe(before);
    },
  );

  it('makes exactly one request of what is odd but means one thing', async () => {
    const body = chatOf('odd');
    const length = `Content-Length: ${String(body.length)}`;
    const close = 'Connection: close';
    const odd: [string, string][] = [
      ['a chunk extension', post([te, close], `${body.length.toString(16)};a="b;c"\r\n${body}\r\n0\r\n\r\n`)],
      ['a trailer', post([te, close, 'Trailer: X-A'], `${body.length.toString(16)}\r\n${body}\r\n0\r\nX-A: 1\r\n\r\n`)],
      [
        'one byte per chunk',
        post(
          [te, close],
          `${Array.from(Buffer.from(body), (byte) => `1\r\n${String.fromCharCode(byte)}\r\n`).join('')}0\r\n\r\n`,
        ),
      ],
      ['an expectation', post([length, close, 'Expect: 100-continue'], body)],
      [
        'a wish for h2c',
        post(
          [length, 'Connection: close, Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'],
          body,
        ),
      ],
      ['its host as a hop-by-hop header', post([length, 'Connection: close, Host, Authorization'], body)],
      [
        'another method by header',
        post([length, close, 'X-HTTP-Method-Override: DELETE', 'X-Original-URL: /api/v1/tenants'], body),
      ],
    ];
    for (const [what, bytes] of odd) {
      const before = provider.requests.length;
      const answers = (await ask(bytes, '/v1/')).filter(({ status }) => status !== 100);
      expect([what, answers.map(({ status }) => status)]).toEqual([what, [200]]);
      expect([what, provider.requests.length - before]).toEqual([what, 1]);
    }
  });

  it('answers ten pipelined requests in their order, each once, each with an id of its own', async () => {
    const before = provider.requests.length;
    const bodies = Array.from({ length: 10 }, (_, index) => chatOf(`pipelined ${String(index)}`));
    const answers = await ask(
      bodies
        .map((body, index) =>
          post([`Content-Length: ${String(body.length)}`, ...(index === 9 ? ['Connection: close'] : [])], body),
        )
        .join(''),
    );
    expect(answers.map(({ status }) => status)).toEqual(bodies.map(() => 200));
    expect(new Set(answers.map(({ headers }) => headers.get('x-request-id'))).size).toBe(10);
    const sent = provider.requests.slice(before).map(({ text }) => /pipelined \d/.exec(text)?.[0]);
    expect(sent.sort()).toEqual(bodies.map((_, index) => `pipelined ${String(index)}`));
    const absent = await ask(
      bodies
        .map((_, index) =>
          request(`GET /v1/models/absent-${String(index)}`, [
            host,
            authorization(),
            ...(index === 9 ? ['Connection: close'] : []),
          ]),
        )
        .join(''),
      '/v1/',
    );
    expect(absent.map(({ text }) => /absent-\d/.exec(text)?.[0])).toEqual(
      bodies.map((_, index) => `absent-${String(index)}`),
    );
  });

  it('holds nothing of all that, and goes on serving', async () => {
    expect((await opened.ask('/v1/models')).status).toBe(200);
    for (const name of ['gateway', 'chat-router'])
      await waitFor(async () => (await opened.metric(name, 'http_requests_in_progress')) === 0);
  });
});

describe('heads that are too much, or two in one (S6)', () => {
  it('answers a field of 64 KB, and 1,000 fields, with 431, and an address of 20 KB with 414', async () => {
    const many = Array.from({ length: 1_000 }, (_, index) => `X-${String(index)}: 1`);
    for (const fields of [[`X-Large: ${'a'.repeat(65_536)}`], many, [`Cookie: ${'a=b; '.repeat(13_000)}`]]) {
      const answers = await ask(request('GET /v1/models', [host, authorization(), ...fields]));
      expect(answers.map(({ status }) => status)).toEqual([431]);
    }
    const long = await ask(request(`GET /v1/models?${'a'.repeat(20_000)}`, [host, authorization()]));
    expect(long.map(({ status }) => status)).toEqual([414]);
  });

  it('writes no header of the client’s making, wherever a line break is hidden', async () => {
    const breaks = ['%0d%0a', '%0a', '%0d', '%E5%98%8D%E5%98%8A', '%c4%8d%c4%8a', '%250d%250a'];
    for (const lineBreak of breaks) {
      const injected = `x${lineBreak}X-Injected:%20yes${lineBreak}${lineBreak}<b>`;
      for (const path of [
        // The old path comes back in Link, the model in a sentence, the filter in the links of a list.
        `/api/usage?model=${injected}`,
        `/api/v1/usage?model=${injected}`,
        `/v1/models/${injected.replace('<b>', 'b')}`,
        `/api/api-keys/${injected.replace('<b>', 'b')}`,
      ]) {
        const received = await sendRaw(url, request(`GET ${path}`, [host, authorization(), 'Connection: close']));
        const head = received.slice(0, received.indexOf('\r\n\r\n'));
        expect([path, head]).toEqual([path, expect.not.stringMatching(/[\r\n]x-injected/i)]);
        expect([path, /^HTTP\/1\.1 [245]\d\d /.test(head)]).toEqual([path, true]);
        expect([path, head.startsWith('HTTP/1.1 5')]).toEqual([path, false]);
      }
    }
    const fields = [
      'X-Request-Id: a\rX-Injected: yes',
      'X-Request-Id: a\nX-Injected: yes',
      'Origin: a\rX-Injected: yes',
    ];
    for (const field of fields) {
      const answers = await ask(request('GET /v1/models', [host, authorization(), field]), '/v1/');
      expect(answers.map(({ status }) => status)).toEqual([400]);
      expect(answers[0]?.headers.has('x-injected')).toBe(false);
    }
  });

  it('keeps its own request id whatever the client calls the request', async () => {
    const answer = await opened.ask('/v1/models', { headers: { 'x-request-id': 'mine', traceparent: 'not one' } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-request-id')).toMatch(/^req_/);
  });
});

describe('pages of other origins (OD-16, MX-19, S22)', () => {
  const strangers = [
    'null',
    'https://evil.example',
    `${page}.evil.example`,
    'https://evilapp.example.com',
    'https://app.example.com.',
    'https://appXexample.com',
    'http://app.example.com',
    'https://app.example.com:444',
    'https://app.example.com:443',
    'https://APP.EXAMPLE.COM',
    'https://user@app.example.com',
    'https://app.example.com/',
    `${page}, https://evil.example`,
    'file://',
    '*',
  ];

  it.each(strangers)('gives %s no permission: neither on an answer, nor on a refusal, nor before', async (origin) => {
    const asked = await Promise.all([
      opened.ask('/v1/models', { headers: { origin } }),
      opened.ask('/v1/models', { key: null, headers: { origin } }),
      opened.ask('/nowhere', { headers: { origin } }),
      opened.ask('/v1/models', {
        method: 'OPTIONS',
        key: null,
        headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' },
      }),
    ]);
    for (const { headers } of asked) {
      expect([...headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
      expect(headers.get('vary')?.toLowerCase()).toContain('origin');
    }
    expect(asked.map(({ status }) => status)).toEqual([200, 401, 404, 403]);
  });

  it('gives the page on the list what it needs, on refusals too, and a preflight costs nothing', async () => {
    const { key } = await opened.createKey({ limits: { requests_per_minute: 2 } });
    for (let turn = 0; turn < 5; turn += 1) {
      const preflight = await opened.ask('/v1/chat/completions', {
        method: 'OPTIONS',
        key: null,
        headers: {
          origin: page,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization, content-type',
        },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get('access-control-allow-origin')).toBe(page);
      expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization, content-type');
    }
    const statuses = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const answer = await opened.ask('/v1/models', { key, headers: { origin: page } });
      expect(answer.headers.get('access-control-allow-origin')).toBe(page);
      expect(answer.headers.get('access-control-expose-headers')).toContain('Retry-After');
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([200, 200, 429]);
  });

  it('copies no line break of a preflight into its answer', async () => {
    const answers = await ask(
      request('OPTIONS /v1/models', [
        host,
        `Origin: ${page}`,
        'Access-Control-Request-Method: GET',
        'Access-Control-Request-Headers: x-a\tset-cookie: b',
        'Connection: close',
      ]),
    );
    expect(answers.map(({ status }) => status)).toEqual([204]);
    expect(answers[0]?.headers.has('access-control-allow-headers')).toBe(false);
  });
});

describe('hosts that are not ours (S25)', () => {
  const get = (target: string, ...fields: string[]) =>
    request(`GET ${target}`, [...fields, authorization(), 'Connection: close']);

  it.each([
    'evil.example',
    'api.example.com.evil.example',
    'evil.example/api.example.com',
    'api.example.com@evil.example',
    'evil.example#api.example.com',
    'localhost',
    '0x7f.1',
    '[::1]',
    '169.254.169.254',
    '',
  ])('answers the host %j with 421 and does not repeat it', async (name) => {
    const answers = await ask(get('/', `Host: ${name}`));
    expect(answers.map(({ status }) => status)).toEqual([421]);
    expect(answers[0]?.text).not.toContain('evil');
  });

  it('serves its own names, in any case and with a port, and believes no header that says another', async () => {
    for (const name of ['api.example.com', 'API.Example.COM:8443', '127.0.0.1'])
      expect((await ask(get('/v1/models', `Host: ${name}`))).map(({ status }) => status)).toEqual([200]);
    for (const field of ['X-Forwarded-Host: evil.example', 'Forwarded: host=evil.example', 'X-Host: evil.example']) {
      for (const path of ['/', '/api/v1/api-keys?limit=1', '/openapi.json', '/docs', '/api/usage']) {
        const [answer] = await ask(get(path, host, field));
        expect([path, field, answer?.status]).toEqual([path, field, 200]);
        expect(JSON.stringify([...(answer?.headers ?? [])]) + String(answer?.text)).not.toContain('evil.example');
      }
    }
  });

  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://127.0.0.1/v1/models',
    'https://evil.example/v1/models',
    '//evil.example/v1/models',
    '/\\evil.example',
    'evil.example:443',
    '*',
  ])('refuses the target %s', async (target) => {
    const answers = await ask(get(target, host), target.includes('/v1/') ? '/v1/' : target);
    expect(answers.map(({ status }) => status)).toEqual([400]);
  });

  it('is no proxy', async () => {
    const answers = await ask(`CONNECT 169.254.169.254:80 HTTP/1.1\r\n${host}\r\n\r\n`);
    expect(answers.filter(({ status }) => status < 400)).toEqual([]);
  });
});
