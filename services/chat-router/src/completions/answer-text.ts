import { shownPart } from '../asking/judge-answers.ts';
import * as anthropic from '../dialects/anthropic/read-answer.ts';
import type { DialectName } from '../dialects/chat-request.ts';
import { memberOf, objectsOf, parseObject, textOf } from '../dialects/json.ts';
import * as openai from '../dialects/openai/read-answer.ts';

/** What a document of a client's dialect says, in words; empty where it says nothing. */
export function answerTextOf(dialect: DialectName, body: Buffer): string {
  const document = parseObject(body.toString());
  if (document === null) return '';
  switch (dialect) {
    case 'openai':
      return openai.readAnswer(document).parts.map(shownPart).join('\n').trim();
    case 'anthropic':
      return anthropic.readAnswer(document).parts.map(shownPart).join('\n').trim();
    case 'openai_responses':
      return objectsOf(document['output'])
        .flatMap((item) =>
          item['type'] === 'function_call'
            ? [`[calls ${textOf(item['name']) ?? ''} with ${textOf(item['arguments']) ?? ''}]`]
            : objectsOf(item['content']).map((part) => textOf(memberOf(part, 'text')) ?? ''),
        )
        .join('\n')
        .trim();
    case 'gemini':
      throw new TypeError('No client speaks this dialect here.');
  }
}
