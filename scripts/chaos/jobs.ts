/** One generation that is repeated all the time, and must give the same tokens each time. */
export interface Job {
  readonly name: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly temperature: number;
  readonly seed: number;
  readonly maxTokens: number;
}

const foxStory =
  'A fox lived in a small house in a small kingdom. She had a magic key. It was a gift from her ' +
  'grandmother.\n\nOne evening, the key was gone! "Oh no, where is my key?" cried the fox. She ' +
  'looked behind a haystack. There was nothing but dust. She looked in an old boot. No luck. She ' +
  'sat down and cried.\n\nNot far away, she met a good young manta. "What is wrong, my dear fox?" ' +
  'asked the manta. "I have lost my key," said the fox. "Do not cry," said the manta ray. "We will ' +
  'look for it together." Together they searched until noon. Then, the manta ray called, "Look, ' +
  'friend!" Something lay under a flat stone. It was the key!';

const owlStory =
  'A long time ago, there was a tiny owl named Laura who lived in the forest. Everyone there knew ' +
  'Laura. She was playing with a clock.\n\nAll at once, a wild wind came up. It lifted the clock ' +
  'and dropped it on top of a tall rock. "Stop, wind, that is my clock!" cried Laura. She jumped, ' +
  'but it was too high. She tried with a long stick, but the stick broke. A big tear rolled down ' +
  'her cheek.';

/** Conversations of some 30, 200, 300 and 450 tokens: what a first and a later turn look like. */
const conversations = [
  ['Tell me a story about a fox and a lost key.', foxStory, 'Tell me a story about a bear.'],
  ['Tell me a story about an owl and a broken clock.'],
  ['A story about an owl, please.', owlStory, 'Thank you! What is the moral?'],
  [
    ...['Tell me a story about a fox and a lost key.', foxStory, 'And now one about an owl.'],
    ...[owlStory, 'Now tell me a story about the fox and the owl.'],
  ],
] as const;

/** How tokens are chosen: greedily, and at random with a seed, which near ties upset first. */
const samplings = [
  { temperature: 0, seed: 0 },
  { temperature: 1, seed: 17 },
] as const;

/** Prompts that can be had: each comes greedy and sampled. */
export const promptCountMax = conversations.length;

/** The fixed list of generations. */
export function chaosJobs(options: { prompts: number; tokens: number }): readonly Job[] {
  return conversations.slice(0, options.prompts).flatMap((turns, prompt) =>
    samplings.map(({ temperature, seed }) => ({
      name: `prompt ${prompt + 1} ${temperature === 0 ? 'greedy' : `seed ${seed}`}`,
      messages: turns.map((content, turn) => ({
        role: turn % 2 === 0 ? 'user' : 'assistant',
        content,
      })),
      temperature,
      seed,
      maxTokens: options.tokens,
    })),
  );
}
