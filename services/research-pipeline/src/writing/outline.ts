export interface OutlinedSection {
  title: string;
  question: string;
}

/**
 * The sections of the report, in order: those that the user named, or else one for each question. It takes no model: who
 * reads the plan knows what the report will be about.
 */
export function outline({
  topic,
  questions,
  sections = [],
}: {
  topic: string;
  questions: readonly string[];
  sections?: readonly string[];
}): OutlinedSection[] {
  if (sections.length > 0) return sections.map((title) => ({ title, question: `${topic}: ${title}` }));
  const asked = questions.length === 0 ? [topic] : questions;
  return asked.map((question) => ({ title: titleOf(question), question }));
}

/** A question as a heading: on one line, and not longer than a heading is. */
function titleOf(question: string): string {
  const line = question.replaceAll(/\s+/gu, ' ').trim();
  const title = line.length <= 120 ? line : `${line.slice(0, 117).replace(/\s+\S*$/u, '')} …`;
  return title.charAt(0).toUpperCase() + title.slice(1);
}
