import { guardedConnector } from '@signalbox/outbound';
import { createTransport } from 'nodemailer';
import { z } from 'zod';
import type { ChannelKind, ChannelMessage, SendOutcome } from '../channel.ts';
import { checkSettings, hintOf } from '../check-settings.ts';
import { writeEmail } from './write-email.ts';

const EmailSettings = z.strictObject({
  to: z.array(z.email().max(320)).min(1).max(100),
  from: z.string().min(3).max(320).refine(isMailbox, 'Expected an address, or a name and an address in <>.'),
  host: z.string().min(1).max(253),
  port: z.int().min(1).max(65_535).default(587),
  /** `starttls`: encrypted or not at all; `opportunistic`: encrypted where the server can; `tls`: from the first byte. */
  security: z.enum(['starttls', 'tls', 'opportunistic', 'none']).default('starttls'),
  /** Certificates, as PEM, of an authority that only this server's owner knows. */
  ca_pem: z.string().max(20_000).nullable().default(null),
  username: z.string().max(320).nullable().default(null),
  password: z.string().max(1_000).nullable().default(null),
  hello: z.string().max(253).nullable().default(null),
});
type EmailSettings = z.output<typeof EmailSettings>;

const Shown = z.object({ to: z.array(z.string()) });

/** Where mail is taken in. A port of anything else is not reached as a mail server. */
const submissionPorts = [25, 465, 587, 2525];
const [connectMs, answerMs] = [5_000, 15_000];

/** Email over SMTP, one message to each address: a server that takes one and refuses another must not hide the refusal. */
export function createEmailKind({ allow }: { allow: readonly string[] }): ChannelKind {
  const connect = guardedConnector({ allow, ports: submissionPorts, connectTimeoutMs: connectMs });

  async function send(settings: EmailSettings, message: ChannelMessage, signal: AbortSignal): Promise<SendOutcome> {
    const { from, host, port, security, ca_pem: ca, username, password, hello } = settings;
    const to = message.recipient ?? settings.to.join(', ');
    const domain = domainOf(from);
    const { messageId, threadId, subject, text, html } = writeEmail(message, domain);
    const transport = createTransport({
      host,
      port,
      secure: security === 'tls',
      ignoreTLS: security === 'none',
      requireTLS: security === 'starttls',
      name: hello ?? domain,
      greetingTimeout: answerMs,
      socketTimeout: answerMs,
      disableFileAccess: true,
      disableUrlAccess: true,
      ...(username === null || password === null ? {} : { auth: { user: username, pass: password } }),
      tls: { servername: host, ...(ca === null ? {} : { ca }) },
      // The connection is made by us, to an address that was looked at, and TLS is begun on it afterwards.
      getSocket: (_options, callback) => {
        connect({ hostname: host, host, protocol: 'http:', port: String(port) }, (...[error, connection]) => {
          if (error === null) callback(null, { connection });
          else callback(error, false);
        });
      },
    });
    const onAbort = (): void => {
      transport.close();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const info = await transport.sendMail({
        from,
        to,
        subject,
        text,
        html,
        messageId,
        inReplyTo: threadId,
        references: [threadId],
        headers: {
          'Auto-Submitted': 'auto-generated',
          'X-Auto-Response-Suppress': 'All',
          'List-Id': `<alerts.${domain}>`,
        },
      });
      if (info.rejected.length > 0)
        return { kind: 'rejected', status: null, reason: 'The mail server refused the address.', isFinal: true };
      return { kind: 'accepted', status: 250 };
    } catch (thrown) {
      return outcomeOfError(thrown);
    } finally {
      signal.removeEventListener('abort', onAbort);
      transport.close();
    }
  }

  return {
    kind: 'email',
    isDigestible: true,
    limit: { messagesMax: 20, windowMs: 300_000 },
    check(given) {
      const settings = checkSettings(EmailSettings, given);
      const { password, ca_pem, ...plain } = settings;
      const hint = password === null ? null : hintOf(password);
      return { settings, shown: { ...plain, password: hint, has_ca: ca_pem !== null } };
    },
    recipientsOf: (shown) => Shown.parse(shown).to,
    send: (settings, message, signal) => send(EmailSettings.parse(settings), message, signal),
  };
}

const SmtpError = z.object({ responseCode: z.number().int().optional() });

/**
 * The server's reply decides: 5xx is its last word; after 4xx, silence or a broken connection the same message is sent
 * again, under the same Message-ID, for it may have arrived.
 */
function outcomeOfError(thrown: unknown): SendOutcome {
  if (!(thrown instanceof Error)) throw thrown;
  const status = SmtpError.safeParse(thrown).data?.responseCode ?? null;
  if (status !== null && status >= 500)
    return { kind: 'rejected', status, reason: `The mail server refused the message (${status}).`, isFinal: true };
  if (status !== null) return { kind: 'failed', status, reason: `The mail server put the message off (${status}).` };
  if (thrown.name === 'RefusedAddress')
    return { kind: 'rejected', status, reason: 'This address cannot be reached from here.', isFinal: false };
  return { kind: 'failed', status, reason: 'The mail server did not answer properly.' };
}

const mailbox = /^(?:[^<>\r\n]*<)?([^\s<>@]+@[^\s<>@]+)>?$/;

function isMailbox(text: string): boolean {
  return mailbox.test(text) && z.email().safeParse(mailbox.exec(text)?.[1]).success;
}

function domainOf(from: string): string {
  return mailbox.exec(from)?.[1]?.split('@')[1] ?? 'localhost';
}
