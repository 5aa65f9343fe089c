import { AppError } from '@signalbox/errors';
import { z } from 'zod';
import { plainAnswer } from './plain-answer.ts';
import type { ModelAnswer, ModelMessage, ModelRequest, ResearchModel } from './research-model.ts';

const repairsMax = 2;

/**
 * Asks for an answer of a form. One that has another form is sent back with what is wrong with it, twice at most, each time
 * under a key of its own; then it throws `provider_failed`.
 */
export async function askForJson<Schema extends z.ZodType>(
  model: ResearchModel,
  { messages, schemaName, ...request }: Omit<ModelRequest, 'schema'> & { schemaName: string },
  schema: Schema,
): Promise<z.output<Schema>> {
  const asked: ModelMessage[] = [...messages];
  for (let repair = 0; ; repair += 1) {
    const answer = await model.complete({
      ...request,
      messages: asked,
      schema: { name: schemaName, schema: z.toJSONSchema(schema, { io: 'input' }) },
      idempotencyKey: repair === 0 ? request.idempotencyKey : `${request.idempotencyKey}:repair-${repair}`,
    });
    const read = readAnswer(answer, schema);
    if (read.kind === 'read') return read.value;
    if (repair === repairsMax)
      throw new AppError('provider_failed', 'The model did not answer in the form that it was asked for.', {
        cause: new Error(read.reason),
      });
    asked.push(
      { role: 'assistant', content: answer.text.slice(0, 4_000) },
      { role: 'user', content: `That is not of the form that was asked for: ${read.reason} Answer with JSON alone.` },
    );
  }
}

function readAnswer<Schema extends z.ZodType>(
  { text }: ModelAnswer,
  schema: Schema,
): { kind: 'read'; value: z.output<Schema> } | { kind: 'unreadable'; reason: string } {
  const plain = plainAnswer(text);
  const first = plain.search(/[[{]/);
  const last = Math.max(plain.lastIndexOf('}'), plain.lastIndexOf(']'));
  if (first === -1 || last < first) return { kind: 'unreadable', reason: 'There is no JSON in it.' };
  let given: unknown;
  try {
    given = JSON.parse(plain.slice(first, last + 1));
  } catch (error) {
    return { kind: 'unreadable', reason: `It is no JSON (${error instanceof Error ? error.message : 'unreadable'}).` };
  }
  const fitted = schema.safeParse(given);
  if (fitted.success) return { kind: 'read', value: fitted.data };
  const issues = fitted.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`);
  return { kind: 'unreadable', reason: `${issues.join('; ')}.` };
}
