import { simulateProvider, type ProviderRequest, type SimulatedProvider } from '@signalbox/test-kit';

/** A model that plans, writes, judges and reads as it is asked to, always in the same words. */
export function simulateWriter(): Promise<SimulatedProvider> {
  return simulateProvider({ say: answerTo });
}

function answerTo({ json }: ProviderRequest): string {
  const { messages = [], response_format: format } = json as {
    messages?: { role: string; content: string }[];
    response_format?: { json_schema?: { name?: string } };
  };
  const asked = messages.map(({ content }) => content).join('\n');
  switch (format?.json_schema?.name) {
    case 'research_plan':
      return JSON.stringify({ questions: ['How much honey does a colony need?', 'What do bees eat besides honey?'] });
    case 'judgements': {
      const pairs = [...asked.matchAll(/<pair number="(\d+)">/g)].map(([, number]) => Number(number));
      const judgements = pairs.map((number) => ({ number, verdict: 'supported', reason: 'The passage says so.' }));
      return JSON.stringify({ judgements });
    }
    case 'reading':
      return JSON.stringify({ entities: [], relations: [], sentiment: null, related_questions: [] });
    default:
      return 'Honey bees need honey as food for the winter [1]. Beekeepers care for the colony [1][2].';
  }
}
