import { createHash } from 'node:crypto';
import type { TokenId } from '@skein/protocol';
import { createClient } from '../../src/client/client.js';
import { createTokenizer } from '../../src/text/index.js';
import { settle, TestClock } from './test-clock.js';
import { sixPeers } from './toy-session.js';
import { type ToyPeerOptions, ToySwarm, toyManifest, toyModel } from './toy-swarm.js';
import { toyChatTemplate, toyTokenizerJson } from './toy-tokenizer.js';

const digest = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
const bytes = (text: string) => new TextEncoder().encode(text);

/** The shape of the toy model that reads text, a character a token. */
export const textShape = { blockCount: 6, vocabSize: 50, contextLength: 200 };

function textModel() {
  const manifest = toyManifest(textShape, {
    tokenizerDigest: digest(toyTokenizerJson),
    chatTemplateDigest: digest(toyChatTemplate),
  });
  const tokenizer = bytes(toyTokenizerJson);
  return toyModel(textShape, { manifest, tokenizer, chatTemplate: bytes(toyChatTemplate) });
}

/** A client of a swarm in memory, on a clock that stands still until all is idle. */
export function setUpText(peers: readonly ToyPeerOptions[] = sixPeers) {
  const swarm = new ToySwarm(textModel(), peers);
  const clock = new TestClock();
  const { node, directory } = swarm;
  /** Another client of the same swarm. */
  const createAnother = () =>
    createClient({
      node,
      directory,
      clock,
      random: () => 0,
      // The platform's digest settles behind the test clock's back.
      digest: async (data) => digest(data),
    });
  const tokenizer = createTokenizer(toyTokenizerJson);
  return {
    swarm,
    clock,
    client: createAnother(),
    createAnother,
    encode: (text: string): TokenId[] => tokenizer.encode(text),
    run: <Value>(promise: Promise<Value>) => settle(clock, promise),
  };
}
