import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import PostalMime, { type Email } from 'postal-mime';

/** Of nobody but these tests; valid for localhost and 127.0.0.1. */
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVJPOzBWyU0x0S7QH
ABbOdxTbhepmHY1L1gEd+smhXxahRANCAARLM6dmCoWDAirnU9ebz08SNM9/n+5i
nThMi/rpQLaYFcWHry6auS7ebd+jR1zVYmreLs+099QFqaxpGWX2LDUz
-----END PRIVATE KEY-----
`;
export const smtpCertificate = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUIAX+rKf/3ABZQ2FFgc71g9zpQ2swCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMDE4NTQ1OFoYDzIxMjYxMDI3
MTg1NDU4WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARLM6dmCoWDAirnU9ebz08SNM9/n+5inThMi/rpQLaYFcWHry6auS7e
bd+jR1zVYmreLs+099QFqaxpGWX2LDUzo28wbTAdBgNVHQ4EFgQUumcT4nSkEwzL
JWA1mDJeAmPLHeUwHwYDVR0jBBgwFoAUumcT4nSkEwzLJWA1mDJeAmPLHeUwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhAK2Ou/31Ii+YpmN8cD5PUEN5C37vqHrPReXYCaJjIk3yAiB9
dVx+bxDmGZ/1OXirZq3Y0+ttvsx/r4wi1NcT3MJ75A==
-----END CERTIFICATE-----
`;

/** What the server says: at RCPT (`refuse`) or after the message; `hang`: it never says anything. */
export type SmtpBehaviour = (message: { to: string; attempt: number }) => { code: number } | 'take' | 'hang';

export interface SmtpInbox extends AsyncDisposable {
  port: number;
  received: { email: Email; to: string[]; isEncrypted: boolean; user: string | null }[];
  attempts: number;
  behave(behaviour: SmtpBehaviour): void;
}

/** A mail server of its own, on any port, that takes everything unless told otherwise. */
export async function startSmtpInbox(options: SMTPServerOptions = {}): Promise<SmtpInbox> {
  const received: SmtpInbox['received'] = [];
  let behaviour: SmtpBehaviour = () => 'take';
  const state = { attempts: 0 };
  const failure = (code: number): Error => Object.assign(new Error('not now'), { responseCode: code });
  const server = new SMTPServer({
    key,
    cert: smtpCertificate,
    authOptional: true,
    logger: false,
    onRcptTo({ address }, _session, done) {
      state.attempts += 1;
      const answer = behaviour({ to: address, attempt: state.attempts });
      if (answer === 'hang') return;
      if (answer === 'take') done();
      else done(failure(answer.code));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        void PostalMime.parse(Buffer.concat(chunks)).then((email) => {
          received.push({
            email,
            to: session.envelope.rcptTo.map(({ address }) => address),
            isEncrypted: session.secure,
            user: typeof session.user === 'string' ? session.user : null,
          });
          done();
        });
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  const port = await new Promise<number>((resolve) => {
    const listening = server.listen(0, '127.0.0.1', () => {
      const address = listening.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
  return {
    port,
    received,
    get attempts() {
      return state.attempts;
    },
    behave(next) {
      behaviour = next;
    },
    async [Symbol.asyncDispose]() {
      await new Promise<void>((resolve) => {
        server.close(resolve);
      });
    },
  };
}
