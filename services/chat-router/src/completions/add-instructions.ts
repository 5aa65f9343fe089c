import { memberOf, textOf } from '../dialects/json.ts';
import { spliceRequest } from '../dialects/openai/splice-request.ts';
import type { AnswerCommand } from './answer-command.ts';
import { findProfile } from './find-route.ts';
import type { Pipeline } from './pipeline.ts';

/** The command with what its system says before every question; the same command where it asks for none that does. */
export async function addInstructions<Body>(
  pipeline: Pick<Pipeline, 'connections' | 'profiles'>,
  command: AnswerCommand<Body>,
): Promise<AnswerCommand<Body>> {
  const { ingress, body, bytes } = command;
  const requested = textOf(memberOf(body, 'model')) ?? '';
  // `provider/model` is the usual case, and no system's name.
  if (ingress.operation !== 'chat' || requested.includes('/')) return command;
  const instructions = (await findProfile(pipeline, command, requested))?.instructions;
  if (instructions === undefined) return command;
  const set = ingress.instructed(body, instructions);
  return { ...command, body: { ...body, ...set }, bytes: spliceRequest(bytes, { set }) };
}
