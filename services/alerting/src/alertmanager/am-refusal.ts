/** Why Alertmanager would not do what a request asks for: the status and body of its answer, to the letter. */
export class AmRefusal extends Error {
  override readonly name = 'AmRefusal';
  readonly status: number;
  /** A text for what a request means, an object for how it is written; null for no body. */
  readonly body: string | { code: number; message: string } | null;

  constructor(status: number, body: AmRefusal['body']) {
    super(typeof body === 'string' ? body : (body?.message ?? ''));
    this.status = status;
    this.body = body;
  }
}

/** What a request asks for cannot be. */
export function meaningless(text: string): AmRefusal {
  return new AmRefusal(400, text);
}

/** The body is JSON, and of other types than it should be. */
export function unreadable(name: string, reason: string): AmRefusal {
  return new AmRefusal(400, { code: 400, message: `parsing ${name} body from "" failed, because ${reason}` });
}

/** Something is missing: 602. */
export function missing(path: string): AmRefusal {
  return new AmRefusal(422, { code: 602, message: `${path} in body is required` });
}

/** A text that is not of the form it should be: 601. */
export function malformed(path: string, where: 'body' | 'path', form: string, given: string): AmRefusal {
  return new AmRefusal(422, {
    code: 601,
    message: `${path} in ${where} must be of type ${form}: ${JSON.stringify(given)}`,
  });
}
