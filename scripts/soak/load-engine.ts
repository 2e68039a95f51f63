import { createSessionId, type Engine, type SessionId, type StepItem } from '@skein/protocol';
import { seededRandom } from '../support/seeded-random.js';

/** What was done to the engine. */
export interface Load {
  readonly steps: number;
  readonly tokens: number;
  readonly sessionsServed: number;
  readonly cachesMoved: number;
}

interface LoadOptions {
  /** Sessions at once. */
  readonly sessions: number;
  readonly seed: number;
  isOver(): boolean;
}

/** A session and how many tokens it is to reach. */
interface Guest {
  readonly id: SessionId;
  readonly tokensWanted: number;
}

const promptRowsMax = 40;
/** Of so many sessions one goes on in another's name, by export and import of its cache. */
const moveShare = 0.1;
const cutShare = 0.01;
const cutTokensMax = 16;

/** Keeps an engine busy: all sessions step together, and new ones come in the place of those that end. */
export async function loadEngine(engine: Engine, options: LoadOptions): Promise<Load> {
  const random = seededRandom(options.seed);
  const below = (count: number) => Math.floor(random() * count);
  const { config, kvTokensMax } = engine.info;
  const tokensMax = Math.min(config.contextLength, Math.floor(kvTokensMax / options.sessions));
  const count = { steps: 0, tokens: 0, sessionsServed: 0, cachesMoved: 0 };
  const guests: Guest[] = [];
  const admit = (): Guest => {
    const id = createSessionId();
    engine.openSession(id, { ...engine.info, residualType: 'f16' });
    count.sessionsServed += 1;
    return { id, tokensWanted: 2 + below(tokensMax - 2) };
  };
  const itemOf = ({ id, tokensWanted }: Guest): StepItem => {
    const position = engine.length(id);
    const rows = position === 0 ? Math.min(tokensWanted, 1 + below(promptRowsMax)) : 1;
    const tokens = Int32Array.from({ length: rows }, () => below(config.vocabSize));
    return {
      session: id,
      position,
      rows,
      input: { kind: 'tokens', tokens },
      output: { kind: 'logits', rows: 'last', topK: 8 },
    };
  };
  while (!options.isOver()) {
    while (guests.length < options.sessions) guests.push(admit());
    const items = guests.map(itemOf);
    const { outcomes } = await engine.step(items);
    for (const outcome of outcomes) if (!outcome.ok) throw outcome.error;
    count.steps += 1;
    count.tokens += items.reduce((sum, { rows }) => sum + rows, 0);
    for (const [index, guest] of guests.entries()) {
      const length = engine.length(guest.id);
      if (length >= guest.tokensWanted) {
        const next = random() < moveShare ? await moved(engine, guest, admit) : null;
        if (next !== null) count.cachesMoved += 1;
        engine.closeSession(guest.id);
        guests[index] = next ?? admit();
      } else if (random() < cutShare) {
        await engine.truncate(guest.id, Math.max(0, length - below(cutTokensMax)));
      }
    }
  }
  for (const { id } of guests) engine.closeSession(id);
  return count;
}

/** Another session with the cache of this one; it ends at the next step or goes on a little. */
async function moved(engine: Engine, { id }: Guest, admit: () => Guest): Promise<Guest | null> {
  const end = engine.length(id);
  if (engine.kvTokensFree < end || end >= engine.info.config.contextLength) return null;
  const next = admit();
  const { span } = engine.info;
  for (let block = span.start; block < span.end; block += 1) {
    await engine.importKv(next.id, await engine.exportKv(id, { block, start: 0, end }));
  }
  await engine.setLength(next.id, end);
  return { id: next.id, tokensWanted: Math.max(next.tokensWanted, end + 1) };
}
