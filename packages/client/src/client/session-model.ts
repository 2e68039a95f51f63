import type { LoadedModel } from '../model/model-store.js';
import { defaultWireType } from '../session/default-wire-type.js';
import type { SessionModel } from '../session/session-types.js';

/** What sessions need of a model's manifest. */
export function sessionModel({ hash, manifest }: LoadedModel): SessionModel {
  const { blockCount, hiddenSize, vocabSize, contextLength } = manifest.config;
  const wireType = defaultWireType(manifest.config);
  const sizes = { blockCount, hiddenSize, vocabSize, contextLength };
  return { hash, name: manifest.name, ...sizes, wireType };
}
