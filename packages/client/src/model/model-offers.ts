import {
  isModelHash,
  type ModelHash,
  type RecordBody,
  SkeinError,
  type VerifiedRecord,
} from '@skein/protocol';

/** A model that peers of the swarm host, as their records say. */
export interface ModelOffer {
  readonly hash: ModelHash;
  readonly name: string;
  readonly blockCount: number;
  readonly peerCount: number;
  /** Blocks that some serving peer hosts. */
  readonly hostedBlockCount: number;
}

/** All models on offer, the best covered first. */
export function listModels(records: readonly VerifiedRecord[]): ModelOffer[] {
  const byHash = new Map<ModelHash, RecordBody[]>();
  for (const { body } of records) {
    const bodies = byHash.get(body.model);
    if (bodies === undefined) byHash.set(body.model, [body]);
    else bodies.push(body);
  }
  const offers = [...byHash].map(([hash, bodies]): ModelOffer => {
    const [{ modelName: name, blockCount }] = bodies as [RecordBody];
    const hosted = new Set<number>();
    for (const { state, span } of bodies) {
      if (state !== 'serving') continue;
      for (let block = span.start; block < span.end; block += 1) hosted.add(block);
    }
    return { hash, name, blockCount, peerCount: bodies.length, hostedBlockCount: hosted.size };
  });
  return offers.sort(
    (a, b) =>
      b.hostedBlockCount / b.blockCount - a.hostedBlockCount / a.blockCount ||
      b.peerCount - a.peerCount ||
      (a.hash < b.hash ? -1 : 1),
  );
}

/**
 * Finds the model that a name or a hash means. Of several models under one name the best covered
 * is taken: a name is a promise of the peers, the hash is what counts.
 *
 * @throws SkeinError `model-unknown` that lists what is offered
 */
export function resolveModel(records: readonly VerifiedRecord[], reference: string): ModelOffer {
  const offers = listModels(records);
  const wanted = isModelHash(reference)
    ? offers.find(({ hash }) => hash === reference)
    : offers.find(({ name }) => name === reference);
  if (wanted !== undefined) return wanted;
  const names = [...new Set(offers.map(({ name }) => name))];
  const offered =
    names.length === 0 ? 'no peer offers any model' : `the swarm offers ${names.join(', ')}`;
  throw new SkeinError('model-unknown', `nobody hosts ${reference}: ${offered}`, {
    details: { reference, offered: names },
  });
}
