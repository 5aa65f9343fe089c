import type { ChatCompletionRequest } from '@signalbox/contracts';
import { isQuestion, splitSentences, wordsOf } from './sentence.ts';

type Message = ChatCompletionRequest['messages'][number];

/** What somebody who can only quote makes of a conversation. */
export interface Conversation {
  /** The last thing that the user asks; empty when the last message holds nothing but material. */
  question: string;
  /** What may be quoted: everything that people, tools and instructions brought in, in order. What a model said is not in it. */
  material: readonly string[];
  /** Everything that was said, for counting. */
  texts: readonly string[];
}

/** The most words that an instruction without a question mark has; above it a paragraph is material. */
const instructionWordsMax = 40;

export function readConversation(messages: readonly Message[]): Conversation {
  const texts = messages.map(textOf);
  const asking = messages.findLastIndex((message) => message.role === 'user');
  let question = '';
  const material: string[] = [];
  for (const [index, text] of texts.entries()) {
    if (index === asking) {
      const parts = partQuestion(text);
      question = parts.question;
      material.push(...parts.material);
    } else if (messages[index]?.role !== 'assistant') {
      material.push(text);
    }
  }
  return { question, material: material.filter((text) => text.trim() !== ''), texts };
}

/** The text of a message; parts that are no text have been refused before. */
function textOf(message: Message): string {
  const { content } = message;
  if (typeof content === 'string') return content;
  return (content ?? []).map((part) => (typeof part['text'] === 'string' ? part['text'] : '')).join('\n\n');
}

/**
 * Parts the question of a message from the material that stands around it: a sentence with a question mark in the last
 * or the first paragraph, else a line that announces what follows (`Summarise this:`), else a short paragraph at either end.
 */
function partQuestion(text: string): { question: string; material: string[] } {
  const paragraphs = paragraphsOf(text);
  const [first] = paragraphs;
  const last = paragraphs.at(-1);
  if (first === undefined || last === undefined) return { question: '', material: [] };

  for (const paragraph of [last, first]) {
    const asked = splitSentences(paragraph.text).findLast((sentence) => isQuestion(sentence.text));
    if (asked !== undefined) return without(text, paragraph.start + asked.start, paragraph.start + asked.end);
  }
  const [heading = ''] = first.text.split('\n', 1);
  if (/[:：]\s*$/.test(heading)) return without(text, first.start, first.start + heading.length);
  const colon = /^[^.!?。！？]{1,160}?[:：]\s/u.exec(first.text)?.[0];
  if (colon !== undefined && wordsOf(first.text).length > instructionWordsMax) {
    return without(text, first.start, first.start + colon.length);
  }
  for (const paragraph of [last, first]) {
    if (wordsOf(paragraph.text).length <= instructionWordsMax) {
      return without(text, paragraph.start, paragraph.start + paragraph.text.length);
    }
  }
  return { question: '', material: [text] };
}

function without(text: string, start: number, end: number): { question: string; material: string[] } {
  return { question: text.slice(start, end).trim(), material: [text.slice(0, start), text.slice(end)] };
}

function paragraphsOf(text: string): { text: string; start: number }[] {
  return [...text.matchAll(/\S(?:[^\n]|\n(?!\s*\n))*/gu)].map((match) => ({ text: match[0], start: match.index }));
}
