import type { AnswerChat } from '../asking/answer-chat.ts';
import { holdEnd } from '../asking/held-answer.ts';
import { keptBytesMax, sendKept } from '../completions/kept-answer.ts';
import { openAiChat } from '../completions/openai-ingress.ts';
import type { Replays } from './replays.ts';

const lastWord = 'data: [DONE]';

/**
 * Makes requests of one `Idempotency-Key` one request where answering takes more than one call: however often it is
 * repeated, everything on the way to the answer (what tools did, too) happens once. `next` gets no key.
 */
export function answerOnce(replays: Pick<Replays, 'once'>, next: AnswerChat): AnswerChat {
  return async (command, sink, signal) => {
    if (command.idempotencyKey === null) {
      await next(command, sink, signal);
      return;
    }
    await replays.once({ ...command, ingress: openAiChat }, signal, {
      async run(keep) {
        const held = holdEnd(sink, keptBytesMax);
        await next({ ...command, idempotencyKey: null }, held.sink, signal);
        const answer = held.answer();
        if (answer === null) await keep(null);
        else if (!answer.streamed || held.end?.includes(lastWord) === true) {
          const [model = ''] = (answer.headers['x-signalbox-route'] ?? '').split(';');
          await keep({ ...answer, model, promptTokens: null, completionTokens: null });
        }
        held.release();
      },
      replay: (kept) => {
        sendKept(sink, kept, { 'idempotent-replayed': 'true' });
      },
    });
  };
}
